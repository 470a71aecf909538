"""Colours: our own themes, and marks and words that can be read on the grounds of any theme."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.color import Color
from textual.theme import BUILTIN_THEMES, Theme

LEAST_CONTRAST = 4.5
"""Between text and its ground (WCAG 2, level AA)."""
PLATFORM_COLOURS: Mapping[str, str] = {
    "facebook": "#5b9bf8",
    "instagram": "#e56bb0",
    "telegram": "#3fb6d8",
    "bluesky": "#8f9bff",
}
ANSI_COLOURS: Mapping[str, str] = {
    "facebook": "ansi_blue",
    "instagram": "ansi_magenta",
    "telegram": "ansi_cyan",
    "bluesky": "ansi_bright_blue",
}
"""Where the terminal's own palette is used, nothing is known of its grounds."""
GROUNDS = ("background", "surface", "surface-lighten-1", "panel")
"""What words of the list, the thread and the edges stand on."""
CURSOR = "primary-muted"
"""The ground of the row that the keys go to; nothing quiet is drawn there."""
WORDS = ("warning", "error", "success", "accent", "primary", "secondary")
QUIET = 0.6
"""How much of the foreground words have that matter less."""

HIGH_CONTRAST = Theme(
    name="high-contrast",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ff80ff",
    foreground="#ffffff",
    background="#000000",
    surface="#101010",
    panel="#202020",
    success="#00ff00",
    warning="#ffcc00",
    error="#ff6060",
    dark=True,
)
MONOCHROME = Theme(
    name="monochrome",
    primary="#d0d0d0",
    secondary="#b0b0b0",
    accent="#ffffff",
    foreground="#e0e0e0",
    background="#101010",
    surface="#181818",
    panel="#282828",
    success="#e0e0e0",
    warning="#ffffff",
    error="#ffffff",
    dark=True,
)
OWN = (HIGH_CONTRAST, MONOCHROME)


def names() -> list[str]:
    """Every theme that the configuration may name."""
    return sorted([*BUILTIN_THEMES, *(theme.name for theme in OWN)])


def adapted(theme: Theme, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables of a theme with those of the platforms, all words readable on all of its grounds."""
    found = dict(variables)
    if theme.ansi:
        found |= {f"platform-{name}": colour for name, colour in ANSI_COLOURS.items()}
        return found | {"quiet": found["foreground"], "words": found["foreground"]}
    grounds = [Color.parse(found[name]) for name in (*GROUNDS, CURSOR)]
    background, foreground = Color.parse(found["background"]), Color.parse(found["foreground"])
    wanted = {f"text-{name}": Color.parse(found[f"text-{name}"]) for name in WORDS} | {"words": foreground}
    for name, colour in PLATFORM_COLOURS.items():
        # What is told apart by letters and place needs no colour where there is none.
        wanted[f"platform-{name}"] = foreground if theme is MONOCHROME else Color.parse(colour)
    quiet = readable(background.blend(foreground, QUIET), grounds[:-1])
    return (
        found
        | {name: readable(colour, grounds).hex for name, colour in wanted.items()}
        | {"quiet": quiet.hex}
    )


def readable(colour: Color, grounds: Sequence[Color]) -> Color:
    """The colour that is next to `colour`, towards white or black, and stands out from every ground.

    Where the grounds are so far apart that none does, the one that stands out most.
    """
    best, most = colour, 0.0
    ends = Color.parse("#ffffff"), Color.parse("#000000")
    for step in range(21):
        for end in ends:
            candidate = colour.blend(end, step / 20)
            found = least_contrast(candidate, grounds)
            if found >= LEAST_CONTRAST:
                return candidate
            if found > most:
                best, most = candidate, found
    return best


def least_contrast(colour: Color, grounds: Sequence[Color]) -> float:
    """The contrast of a colour with the ground that is nearest to it, from 1 to 21."""
    return min(contrast(colour, ground) for ground in grounds)


def contrast(one: Color, other: Color) -> float:
    """The ratio of two colours' luminance, from 1 (the same) to 21 (black and white)."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: Color) -> float:
    """Relative luminance as WCAG 2 defines it, from 0 to 1."""
    parts = [value / 255 for value in colour.rgb]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue

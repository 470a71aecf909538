"""How a platform is named where there is little room, and where it has a colour."""

from __future__ import annotations

from collections.abc import Mapping

from inbox_tui.core.cells import truncate
from inbox_tui.core.models import Platform

PLATFORM_CODES: Mapping[str, str] = {
    Platform.FACEBOOK: "fb",
    Platform.INSTAGRAM: "ig",
    Platform.TELEGRAM: "tg",
    Platform.BLUESKY: "bs",
}
"""The platforms whose messages are drawn, in two letters."""


def platform_code(platform: str) -> str:
    """Two letters for a platform; an unknown one shows its own first two."""
    return PLATFORM_CODES.get(platform, truncate(platform, 2) or "??")


def platform_class(prefix: str, platform: str) -> str:
    """The component class of a platform's colour."""
    return f"{prefix}--{platform if platform in PLATFORM_CODES else 'unknown'}"

"""What `inbox-tui doctor` says of the terminal: its name, colours, size, letters and keys.

The keyboard is asked by the Kitty protocol's query, followed by one that every terminal answers, so that
the wait ends at once where the protocol is unknown. Nothing is asked where nobody could answer.
"""

from __future__ import annotations

import locale
import os
import re
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

from inbox_tui.cli.findings import Finding, note, ok, problem

LEAST_COLUMNS, LEAST_LINES = 80, 24
LONGEST_ESCAPE_MS = 50
"""How long tmux may wait behind Escape before leaving a text field feels slow."""
ANSWER_SECONDS = 0.4
_QUERY = b"\x1b[?u\x1b[c"
"""The Kitty keyboard protocol's flags, then the primary device attributes."""
_FLAGS = re.compile(rb"\x1b\[\?(\d+)u")
_ATTRIBUTES = re.compile(rb"\x1b\[\?[\d;]*c")


def check(environment: Mapping[str, str]) -> Iterator[Finding]:
    """Everything about the terminal. Never waits longer than a second or two."""
    interactive = sys.stdin.isatty() and sys.stdout.isatty()
    yield _name(environment, interactive=interactive)
    if interactive:
        yield _size()
    yield _letters(environment)
    yield from _multiplexer(environment)
    if interactive:
        yield _keys()
    else:
        yield note("keys", "standard input or output is no terminal, so the keyboard was not asked")


def _name(environment: Mapping[str, str], *, interactive: bool) -> Finding:
    name = environment.get("TERM", "")
    colours = environment.get("COLORTERM", "")
    if not name or name in ("dumb", "unknown"):
        words = f"TERM is {name or 'not set'}"
        if not interactive:
            return note("terminal", f"{words}, and this is no terminal")
        return problem("terminal", words, "Set it to what your terminal is, such as xterm-256color")
    words = f"TERM={name}, COLORTERM={colours or 'not set'}"
    if "NO_COLOR" in environment:
        words += ", NO_COLOR is set: drawn without colours"
    elif colours not in ("truecolor", "24bit") and not name.endswith("-direct"):
        return note("terminal", words, "Set COLORTERM=truecolor where your terminal has all colours")
    return ok("terminal", words)


def _size() -> Finding:
    columns, lines = shutil.get_terminal_size()
    words = f"{columns} columns, {lines} lines"
    if columns < LEAST_COLUMNS or lines < LEAST_LINES:
        return note("size", words, f"One pane is shown at a time below {LEAST_COLUMNS}×{LEAST_LINES}")
    return ok("size", words)


def _letters(environment: Mapping[str, str]) -> Finding:
    name = next((environment[key] for key in ("LC_ALL", "LC_CTYPE", "LANG") if environment.get(key)), "")
    encoding = locale.getpreferredencoding(False)
    words = f"locale {name or 'not set'}, encoding {encoding}"
    if re.search(r"utf-?8", name, re.IGNORECASE) or (not name and sys.platform == "darwin"):
        return ok("letters", words)
    advice = "Set LANG to a UTF-8 locale, such as C.UTF-8: else letters and widths are drawn wrongly"
    if "utf" in encoding.lower():
        return note("letters", words, advice)
    return problem("letters", words, advice)


def _multiplexer(environment: Mapping[str, str]) -> Iterator[Finding]:
    if environment.get("TMUX"):
        escape, extended = _tmux_option("escape-time"), _tmux_option("extended-keys")
        words = f"inside tmux, escape-time {escape or 'unknown'}, extended-keys {extended or 'unknown'}"
        advice = []
        if not escape.isdecimal() or int(escape) > LONGEST_ESCAPE_MS:
            advice.append("set -s escape-time 10")
        if extended not in ("on", "always"):
            advice.append("set -s extended-keys on")
        if advice:
            yield note("tmux", words, f"Put into ~/.tmux.conf: {'; '.join(advice)}")
        else:
            yield ok("tmux", words)
    elif environment.get("STY"):
        yield note("screen", "inside GNU screen", "Put into ~/.screenrc: maptimeout 10, or Escape is slow")
    else:
        yield ok("tmux", "not inside tmux or screen")


def _tmux_option(name: str) -> str:
    """A server option of the tmux around this terminal; empty where it does not tell."""
    program = shutil.which("tmux")
    if program is None:
        return ""
    try:
        answer = subprocess.run(
            [program, "show-options", "-sv", name], capture_output=True, text=True, timeout=1, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        # The line says that it is unknown.
        return ""
    return answer.stdout.strip()


def _keys() -> Finding:
    source, target = sys.stdin.fileno(), sys.stdout.fileno()
    if not _in_front(source):
        return note("keys", "not the program in front of its terminal, so the keyboard was not asked")
    sys.stdout.flush()
    flags = ask_keyboard(source, target)
    if flags is None:
        return note(
            "keys",
            "the terminal does not know the Kitty keyboard protocol",
            "Shift+Enter arrives as Enter there: Ctrl+J makes a new line",
        )
    return ok("keys", f"the terminal knows the Kitty keyboard protocol (flags now {flags})")


def _in_front(terminal: int) -> bool:
    """Whether this process may change a terminal's settings: the system would stop one in the background."""
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        # It is not the terminal that this process belongs to.
        return False


def ask_keyboard(source: int, target: int, seconds: float = ANSWER_SECONDS) -> int | None:
    """The flags of the Kitty keyboard protocol of a terminal; None where it does not answer in time.

    `source` and `target` are descriptors of the terminal, for reading and for writing. Its settings are
    the same afterwards, and nothing of an answer is left to be read.
    """
    import termios
    import tty

    before = termios.tcgetattr(source)
    deadline = time.monotonic() + seconds
    answer = b""
    try:
        tty.setcbreak(source, termios.TCSADRAIN)
        os.write(target, _QUERY)
        while _ATTRIBUTES.search(answer) is None:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([source], [], [], left)[0]:
                break
            part = os.read(source, 1024)
            if not part:
                break
            answer += part
    finally:
        termios.tcsetattr(source, termios.TCSAFLUSH, before)
    found = _FLAGS.search(answer)
    return None if found is None else int(found[1])

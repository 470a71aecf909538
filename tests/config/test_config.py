"""`config.toml`: a line that cannot be used is named with what was expected, and all others are read."""

from __future__ import annotations

import tomllib
from datetime import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inbox_tui.config import LAST_GOOD, Notifications, Settings, keep_good, load
from inbox_tui.config.checks import Quiet
from inbox_tui.config.lines import read_lines
from inbox_tui.core.errors import UsageError


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home of its own."""
    (tmp_path / "config").mkdir()
    return tmp_path


def read(home: Path, text: str | bytes) -> Settings:
    """The settings of a file that says this."""
    file = home / "config" / "config.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load(environment={"INBOX_TUI_HOME": str(home)})


WHOLE = """
theme = "nord"
history_messages = 7
seen = "reply"
automatic_replies = ['^We are away', "ticket #[0-9]+"]

[views]
"Late today" = 'is:closing  platform:ig'
vip = "label:vip"

[keys]
done = "d"
snooze = ["s", "F5"]
pin = []

[notifications]
rules = ["is:needs-reply", "label:vip"]
bell = false
quiet = "22:00-07:00"
"""


def test_every_setting_is_read(home: Path) -> None:
    settings = read(home, WHOLE)
    assert (settings.theme, settings.history_messages, settings.seen) == ("nord", 7, "reply")
    assert list(settings.views.items()) == [("Late today", "is:closing  platform:ig"), ("vip", "label:vip")]
    assert settings.automatic_replies == ("^We are away", "ticket #[0-9]+")
    keys = {action: (remap.keys, remap.line) for action, remap in settings.keys.items()}
    assert keys == {"done": (("d",), 12), "snooze": (("s", "F5"), 13), "pin": ((), 14)}
    rules = ("is:needs-reply", "label:vip")
    assert settings.notifications == Notifications(rules, bell=False, quiet=Quiet(time(22), time(7)))
    assert (settings.problems, settings.unknown) == ((), ())


def test_a_home_that_there_is_not_is_told_of() -> None:
    with pytest.raises(UsageError, match="INBOX_TUI_HOME is ~nobody-of-this-machine/x, and there is no such"):
        load(environment={"INBOX_TUI_HOME": "~nobody-of-this-machine/x"})


@pytest.mark.parametrize(
    ("text", "line", "what", "expected"),
    [
        ("# mine\ntheme = nord\n", 2, "theme = nord cannot be understood", 'theme = "nord"'),
        ("\n\ntheme = 3", 3, "theme: 3 is no text", "in quotes"),
        ("theme = 'a'\ntheme = 'b'\n", 2, "theme is set on line 1 already", "Remove one"),
        ("history_messages = 'all'", 1, "'all' cannot be used", "a whole number from 1"),
        ("seen = 'later'", 1, "'later' is no way to be seen", "dwell, reply, explicit"),
        ("automatic_replies = ['fine', '(']", 1, "'(' is no regular expression: missing )", "backslash"),
        ("automatic_replies = [3]", 1, "3 is no text", "in quotes"),
        ("seen = true", 1, "True is no way to be seen", "dwell, reply, explicit"),
        (b"theme = 'nord'\n# caf\xe9\n", 2, "is not UTF-8 text", "UTF-8"),
        ("[views]\nlate = 'is:late'\n", 2, "views.late: is: does not know late (column 4)", "one of unread"),
        ("[views]\nnow = 'is:done'\n", 2, "has a view now of its own", "another name"),
        ("[keys]\ndone = 5\n", 2, "keys.done: 5 is no key", '"Ctrl+G"'),
        ("[keys\ndone = 'd'\n", 1, "[keys names no table; nothing down to line", "[keys]"),
        ("[[views]]\na = 'x'\n", 1, "begins a list of tables", "Write [views]"),
        ("[notifications]\nbell = 'no'\n", 2, "neither on nor off", "without quotes"),
        ("[notifications]\nquiet = '25:00-7:00'\n", 2, "is no time of day", '"22:00-07:00"'),
        ("[notifications]\nrules = [\n 'is:done',\n 'is:odd']\n", 2, "does not know odd", "Write one of"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_used_is_named_with_what_was_expected(
    home: Path, text: str | bytes, line: int, what: str, expected: str
) -> None:
    good = b"\n[views]\nvip = 'label:vip'\n" if b"[views]" not in (raw := _bytes(text)) else b""
    settings = read(home, raw + good)
    (problem,) = settings.problems
    assert problem.line == line
    assert what in problem.what
    assert expected in problem.expected
    assert str(home / "config" / "config.toml") in str(problem)
    assert not good or settings.views == {"vip": "label:vip"}, "what stands below is read"


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("account = \n", "line 1 of"),
        ("theme = 'nord'\naccount 'second'\n", "line 2 of"),
        ("[account\n", "line 1 of"),
        ("account = '../x'\n", "cannot be a folder name"),
        ("api_url = 'ftp://x'\n", "line 1 of"),
        ("api_url = https://example.com\n", "may be about api_url"),
    ],
)
def test_the_account_and_the_api_are_never_guessed(home: Path, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(home, text)
    faults: list[UsageError] = []
    settings = load(environment={"INBOX_TUI_HOME": str(home)}, faults=faults)
    assert settings.account == "main"
    assert len(faults) == 1
    assert words in str(faults[0])


def test_a_name_that_means_nothing_is_told_with_what_it_may_have_meant(home: Path) -> None:
    settings = read(home, "histroy_messages = 9\n[notifcations]\nbel = 1\n[notifications]\nbel = true\n")
    assert settings.problems == ()
    assert [(odd.line, odd.what, odd.expected) for odd in settings.unknown] == [
        (1, "histroy_messages means nothing here", "Did you mean history_messages?"),
        (3, "notifcations.bel means nothing here", "Did you mean [notifications]?"),
        (5, "notifications.bel means nothing here", "Did you mean bell?"),
    ]


def test_what_a_bad_line_is_about_keeps_its_last_good_value_and_all_else_is_new(home: Path) -> None:
    keep_good(read(home, WHOLE))
    bad = (
        "theme =\nhistory_messages = 0\n[views]\nvip = 'label'' \n[keys]\ndone = ['d'\n"
        "snooze = 'w'\n[notifications]\nbell = 1\n"
    )
    settings = read(home, bad)
    assert (settings.theme, settings.history_messages) == ("nord", 7)
    assert settings.views == {"vip": "label:vip"}
    assert {action: remap.keys for action, remap in settings.keys.items()} == {
        "done": ("d",),
        "snooze": ("w",),
    }
    assert settings.notifications == Notifications(bell=False)
    assert [problem.line for problem in settings.problems] == [1, 2, 4, 6, 9]
    keep_good(settings)
    assert (home / "state" / LAST_GOOD).read_text() == WHOLE, "a bad file is not kept"


def test_a_table_whose_header_is_broken_keeps_what_stood_in_it(home: Path) -> None:
    keep_good(read(home, WHOLE))
    settings = read(home, "[views\nother = 'x'\n[keys]\npin = 'v'\n")
    assert list(settings.views) == ["Late today", "vip"]
    assert {action: remap.keys for action, remap in settings.keys.items()} == {"pin": ("v",)}


def test_the_copy_of_the_last_good_file_is_for_nobody_else(home: Path) -> None:
    keep_good(read(home, WHOLE))
    assert (home / "state" / LAST_GOOD).stat().st_mode & 0o777 == 0o600


LINES = st.lists(
    st.sampled_from(
        [
            *("theme = 'a'", "x = [", "1,", "]", "[keys]", "[views", "[[a]]", "a.b = {c = 1}", '"', "'''"),
            *('y = """', "\udcff", "# ok", "", "= 1", "z = 1979-05-27", "\x00", "k\r", "[a.b]", "account"),
        ]
    ),
    max_size=12,
)


@given(LINES)
@example(['y = """', "1", "theme = 'a'"])
def test_whatever_the_lines_of_a_file_reading_ends_and_every_problem_has_its_line(lines: list[str]) -> None:
    data = "\n".join(lines).encode("utf-8", "surrogateescape")
    found = read_lines(Path("config.toml"), data)
    assert all(problem.line and 1 <= problem.line <= len(lines) for problem in found.problems)
    assert all(1 <= entry.line <= len(lines) for entry in found.entries.values())
    try:
        whole = tomllib.loads(data.decode())
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        return
    lists = any(line.startswith("[[") for line in lines)
    assert lists or not found.problems, "a file that TOML takes is taken"
    assert lists or {name: entry.value for name, entry in found.entries.items()} == _leaves(whole)


def _leaves(table: dict[str, object], above: tuple[str, ...] = ()) -> dict[tuple[str, ...], object]:
    found: dict[tuple[str, ...], object] = {}
    for name, value in table.items():
        if isinstance(value, dict):
            found |= _leaves(value, (*above, name))
        else:
            found[*above, name] = value
    return found

"""`[keys]` of the configuration: what may be written, what is refused, and that no key starts two actions."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.keys import _character_to_key

from inbox_tui.config import Remap
from inbox_tui.core.errors import UsageError
from inbox_tui.ui.actions import ACTIONS, Action, Context
from inbox_tui.ui.keymap import ESSENTIAL, OF_A_TEXT, Chords, Keymap, changed, conflicts
from inbox_tui.ui.keys import label, parse_key

FILE = Path("config.toml")


def of(lines: Mapping[str, tuple[str, ...]], before: Mapping[str, tuple[str, ...]] | None = None) -> Keymap:
    """The keymap of lines from the first on."""
    remaps = {name: Remap(keys, line) for line, (name, keys) in enumerate(lines.items(), 1)}
    return changed(remaps, FILE, lambda: before or {})


def keys_of(keymap: Keymap, *names: str) -> list[tuple[str, ...]]:
    """The keys of actions."""
    return [keymap[name].keys for name in names]


@pytest.mark.parametrize(
    ("written", "key", "shown"),
    [
        ("Ctrl+G", "ctrl+g", "Ctrl+G"),
        ("g x", "g x", "gx"),
        ("g Tab", "g tab", "g Tab"),
        ("F5", "f5", "F5"),
        ("Esc", "escape", "Esc"),
        ("Return", "enter", "⏎"),
        ("PgDn", "pagedown", "PgDn"),
        ("question_mark", "?", "?"),
        ("+", "+", "+"),
        ("Shift+g", "G", "G"),
        ("shift+Tab", "shift+tab", "Shift+Tab"),
        ("Alt+x", "alt+x", "Alt+X"),
        ("Ctrl+Alt+x", "alt+ctrl+x", "Alt+Ctrl+X"),
        ("Ctrl+\\", "ctrl+backslash", "Ctrl+\\"),
        ("Space", "space", "Space"),
        ("é", "é", "é"),
    ],
)
def test_a_key_may_be_written_as_people_do_or_as_textual_does(written: str, key: str, shown: str) -> None:
    assert (parse_key(written), label(key)) == (key, shown)
    assert parse_key(key) == key


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("foo", "foo is no key"),
        ("Hyper+x", "is no key"),
        ("Shift+1", "depends on the keyboard"),
        ("Ctrl+I", "cannot tell Ctrl+I from Tab"),
        ("Ctrl+[", "from Esc"),
        ("Alt+Enter", "from Enter"),
        ("Alt+.", "cannot tell Alt+. from ."),
        ("g g g g g", "5 keys"),
        ("\x01", "is no key"),
    ],
)
def test_what_is_no_key_or_no_terminal_can_tell_is_refused(written: str, why: str) -> None:
    with pytest.raises(UsageError, match=why.replace("+", "\\+").replace(".", "\\.")):
        parse_key(written)


def test_punctuation_has_textuals_names() -> None:
    assert [parse_key(_character_to_key(mark)) for mark in string.punctuation] == list(string.punctuation)


def test_an_action_has_the_keys_of_its_line_and_no_others() -> None:
    keymap = of({"done": ("d", "F5"), "pin": (), "snooze": ("g h",)})
    assert keymap.problems == ()
    assert keys_of(keymap, "done", "pin", "snooze", "reply") == [("d", "f5"), (), ("g h",), ("r", "i")]
    chords = Chords(keymap.actions)
    assert chords.press("e", Context.LIST).action is None
    pressed = chords.press("d", Context.LIST).action
    assert pressed is not None
    assert pressed.id == "done"
    assert keymap.label("pin") == "“Pin, or take the pin off” among the commands"


def test_two_actions_may_change_places() -> None:
    keymap = of({"done": ("s",), "snooze": ("e",)})
    assert keymap.problems == ()
    assert keys_of(keymap, "done", "snooze") == [("s",), ("e",)]


@pytest.mark.parametrize(
    ("lines", "line", "words"),
    [
        (
            {"done": ("s",)},
            1,
            ("s would start both done (“Done, or reopen”) and snooze (“Snooze", "by default"),
        ),
        ({"done": ("w",), "pin": ("w",)}, 2, ("w would start both pin (“Pin", "and done (“Done", ", line 1")),
        ({"done": ("g",)}, 1, ("g would start both", "done", "first")),
        ({"external_editor": ("Ctrl+F",)}, 1, ("Ctrl+F would start both", "attach")),
        ({"attach": ("Ctrl+Q",)}, 1, ("Ctrl+Q would start both", "quit")),
        ({"done": ("w", "w x")}, 1, ("w begins another of its keys",)),
        ({"snoze": ("w",)}, 1, ("There is no action snoze", "Did you mean snooze?")),
        ({"done": ("Foo",)}, 1, ("Foo is no key", "Ctrl+G")),
        ({"done": ("5",)}, 1, ("5 begins a count",)),
        ({"quit": ()}, 1, ("“Quit” must keep a key",)),
        ({"attach": ("a",)}, 1, ("a writes in a text field", "Ctrl+G")),
        ({"attach": ("g a",)}, 1, ("ga writes in a text field",)),
        ({"attach": ("Alt+a",)}, 1, ("Alt keys are never commands in a text field",)),
        ({"attach": ("Backspace",)}, 1, ("Backspace has its own meaning in a text field",)),
        ({"quit": ("q",)}, 1, ("q writes in a text field",)),
    ],
)
def test_a_line_that_cannot_be_used_is_named_and_the_action_keeps_its_keys(
    lines: Mapping[str, tuple[str, ...]], line: int, words: tuple[str, ...]
) -> None:
    keymap = of(lines)
    (problem,) = keymap.problems
    assert problem.line == line
    assert all(each in f"{problem.what}. {problem.expected}" for each in words), problem
    name = list(lines)[line - 1]
    kept = [action.keys for action in ACTIONS if action.id == name]
    assert [action.keys for action in keymap.actions if action.id == name] == kept


def test_a_line_that_cannot_be_used_leaves_the_last_good_keys() -> None:
    keymap = of({"done": ("s",), "pin": ("nonsense",)}, {"done": ("F5",), "pin": ("F6",), "send": ("F7",)})
    assert len(keymap.problems) == 2
    assert keys_of(keymap, "done", "pin", "send") == [("f5",), ("f6",), ("enter",)]


def test_last_good_keys_that_are_taken_by_now_are_not_used() -> None:
    keymap = of({"snooze": ("F5",), "done": ("s", "foo")}, {"done": ("F5",)})
    assert [problem.line for problem in keymap.problems] == [2]
    assert keys_of(keymap, "snooze", "done") == [("f5",), ("e",)]


KEYS = st.sampled_from(
    ["e", "s", "g", "g g", "g x", "F5", "Ctrl+F", "Ctrl+G", "Esc", "j", "5", "Enter", "Tab"]
)
IDS = st.sampled_from([*(action.id for action in ACTIONS), "nothing"])


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(IDS, st.lists(KEYS, max_size=3).map(tuple), max_size=6),
    st.dictionaries(IDS, st.lists(KEYS, max_size=2).map(tuple), max_size=3),
)
def test_whatever_is_configured_no_key_starts_two_actions_and_nobody_is_locked_in(
    lines: dict[str, tuple[str, ...]], before: dict[str, tuple[str, ...]]
) -> None:
    keymap = of(lines, before)
    assert conflicts(keymap.actions) == []
    refused = {problem.line for problem in keymap.problems}
    for line, (name, written) in enumerate(lines.items(), 1):
        assert line in refused or keymap[name].keys == tuple(dict.fromkeys(map(parse_key, written)))
    for action in keymap.actions:
        assert action.keys or action.id not in ESSENTIAL
        if Context.TYPING in action.contexts:
            assert not any(len(key) == 1 or " " in key or "alt+" in key for key in action.keys)
            assert not OF_A_TEXT & set(action.keys)


def test_a_conflict_names_both_actions() -> None:
    one, two = Action("one", ("g g",), "One", "Test"), Action("two", ("g",), "Two", "Test")
    assert conflicts([one, two]) == [("g g", one, two)]

"""The keys that are in force: the registry's, changed by `[keys]` of `config.toml`, made once at the start.

Dispatcher, footer, help, palette and everything on the screen that names a key read it from here. Textual
knows no sequences and no counts, so `Chords` turns keys into actions for the whole program.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from inbox_tui.config import Remap
from inbox_tui.config.checks import unknown
from inbox_tui.config.lines import Problem
from inbox_tui.core.errors import UsageError
from inbox_tui.ui.actions import ACTIONS, NORMAL, About, Action, Context
from inbox_tui.ui.keys import label, parse_key

ESSENTIAL = frozenset({"quit", "leave", "back", "open", "send", "help"})
"""Actions that always have a key: nobody may be locked in, or out of the list of all keys."""
OF_MANY: Mapping[str, str] = {
    "done": "done",
    "snooze": "snooze",
    "labels": "labels",
    "read": "read",
    "pin": "pin",
    "done_no_reply": "no reply",
    "clear_filter": "select none",
    "help": "help",
}
"""What there is to do with selected chats, and how the footer calls it."""
OF_CLOSED: Mapping[str, str] = {"done": "reopen"}
"""What the footer calls a key that does the opposite with a chat that is done."""
LAST = frozenset({"react", "unreact", "edit", "edit_keyboard", "snooze", "labels"})
"""Actions that the footer names where there is room behind all others."""
OF_A_TEXT = frozenset(
    {
        *("tab", "shift+tab", "space", "backspace", "delete", "left", "right", "up", "down"),
        *("home", "end", "pageup", "pagedown"),
    }
)
"""Keys that every text field needs for itself."""

Keys = tuple[str, ...]
"""Keys and sequences of an action, as the registry writes them or, in a configuration, as people do."""


class Keymap:
    """Which key does what. `problems`: lines of the configuration that are not used."""

    def __init__(self, keys: Mapping[str, Keys] | None = None, problems: Sequence[Problem] = ()) -> None:
        """`keys`: by action id, those that differ from the registry's."""
        changed = keys or {}
        self.actions: Sequence[Action] = tuple(
            replace(action, keys=changed[action.id]) if action.id in changed else action for action in ACTIONS
        )
        """The registry with the keys that are in force."""
        self.problems = tuple(problems)
        self._by_id = {action.id: action for action in self.actions}

    def __getitem__(self, action_id: str) -> Action:
        return self._by_id[action_id]

    def label(self, action_id: str) -> str:
        """The first key of an action as it is named in a sentence; without one, how to do it all the same."""
        action = self[action_id]
        return label(action.keys[0]) if action.keys else f"“{action.title}” among the commands"

    def offers(self, **words: str) -> str:
        """Keys behind what they are for: ` · ! retry · D discard`. `words`: what each does, by action id."""
        named = [(self[name].keys, what) for name, what in words.items()]
        return "".join(f" · {label(keys[0])} {what}" for keys, what in named if keys)

    def either(self, *action_ids: str) -> str:
        """The first keys of actions of which any will do, in a sentence."""
        named = [label(keys[0]) for name in action_ids if (keys := self[name].keys)]
        return " or ".join(named) or self.label(action_ids[-1])

    @cached_property
    def typing(self) -> Mapping[str, Action]:
        """What each key does in the composer; every other key writes, or moves the caret."""
        return self.of(Context.TYPING)

    def of(self, context: Context) -> Mapping[str, Action]:
        """The actions of a context by key."""
        actions = (action for action in self.actions if context in action.contexts)
        return {key: action for action in actions for key in action.keys}

    def footer(
        self,
        context: Context,
        works: Callable[[Action], bool] = lambda _: True,
        *,
        many: bool = False,
        closed: bool = False,
    ) -> list[tuple[str, str]]:
        """(keys, short name) of what the footer offers in a context, of what works there now.

        Not of messages in the list: which one a key would be about is looked for when it is pressed.
        `many`: of what there is to do with selected chats. `closed`: what the key is about is done already.
        """
        other = OF_CLOSED if closed else {}
        if many:
            named = ((self[name].keys, other.get(name, words)) for name, words in OF_MANY.items())
            return [(label(keys[0]), words) for keys, words in named if keys]
        return [
            (self._in_footer(action), other.get(action.id, action.footer))
            for action in sorted(self.actions, key=lambda each: each.id in LAST)
            if action.footer
            and action.keys
            and context in action.contexts
            and not (context is Context.LIST and action.about is About.MESSAGE)
            and works(action)
        ]

    def _in_footer(self, action: Action) -> str:
        up = self["move_up"].keys
        if action.id == "move_down" and up:
            return f"{label(action.keys[0])}/{label(up[0])}"
        return label(action.keys[0])

    @property
    def ways_out(self) -> frozenset[str]:
        """Keys that keep their place in the footer however narrow it is: out of here, and to all others."""
        return frozenset(label(key) for name in ("back", "leave", "help") for key in self[name].keys[:1])


def groups(actions: Sequence[Action]) -> Iterator[tuple[str, Sequence[Action]]]:
    """Actions by group, in the order of the registry."""
    for name in dict.fromkeys(action.group for action in actions):
        yield name, [action for action in actions if action.group == name]


def changed(
    remaps: Mapping[str, Remap], file: Path, last_good: Callable[[], Mapping[str, Keys]] = dict
) -> Keymap:
    """The keymap of a configuration.

    A line that cannot be used is a problem of the map; the action keeps the keys that it has in `last_good`
    (as written there), else the registry's.
    """
    return _Change(remaps, file, last_good).made() if remaps else Keymap()


class _Change:
    def __init__(
        self, remaps: Mapping[str, Remap], file: Path, last_good: Callable[[], Mapping[str, Keys]]
    ) -> None:
        self._remaps = remaps
        self._file = file
        self._last_good = last_good
        self._default = {action.id: action for action in ACTIONS}
        self._keys: dict[str, Keys] = {}
        self._problems: list[Problem] = []
        self._fallen: set[str] = set()
        """Actions whose line is not used, and whose last good keys were tried."""

    def made(self) -> Keymap:
        """Read every line, then give up lines until no key starts two actions."""
        for name, remap in self._remaps.items():
            action = self._default.get(name)
            try:
                if action is None:
                    raise UsageError(f"There is no action {name}", unknown(name, self._default))
                self._keys[name] = accepted(action, remap.keys)
            except UsageError as error:
                self._problem(name, error.title, error.hint)
                if action is not None:
                    self._fall_back(action)
        while (conflict := next(iter(conflicts(self._actions())), None)) is not None:
            self._give_up(*conflict)
        return Keymap(self._keys, sorted(self._problems, key=lambda each: each.line or 0))

    def _actions(self) -> list[Action]:
        given = self._keys
        return [replace(action, keys=given.get(action.id, action.keys)) for action in ACTIONS]

    def _problem(self, name: str, what: str, expected: str) -> None:
        self._problems.append(Problem(self._file, self._remaps[name].line, f"keys.{name}: {what}", expected))

    def _fall_back(self, action: Action) -> None:
        """Give up a line: the keys of the last good file, or those of the registry."""
        self._keys.pop(action.id, None)
        if action.id in self._fallen:
            return
        self._fallen.add(action.id)
        before = self._last_good().get(action.id)
        if before is not None:
            try:
                self._keys[action.id] = accepted(action, before)
            except UsageError:  # kept by another release of the program
                return

    def _give_up(self, key: str, one: Action, other: Action) -> None:
        """Of two actions that want a key, the one whose line comes last keeps what it had."""
        mine = [action for action in (one, other) if action.id in self._keys]
        last = max(mine, key=lambda action: (action.id in self._fallen, self._line(action)))
        if last.id not in self._fallen:
            rival = one if last.id == other.id else other
            where = f"line {self._line(rival)}" if rival.id in self._keys else "by default"
            self._problem(
                last.id,
                f"{label(key)} would start both {_named(last)} and {_named(rival)}, {where}",
                f"Choose another key for {last.id}, or one for {rival.id}",
            )
        self._fall_back(self._default[last.id])

    def _line(self, action: Action) -> int:
        remap = self._remaps.get(action.id)
        return 0 if remap is None else remap.line or 0


def _named(action: Action) -> str:
    return f"{action.id} (“{action.title}”)"


def accepted(action: Action, written: Keys) -> Keys:
    """The keys of an action as the registry writes them. Raises UsageError where one cannot be used."""
    if not written and action.id in ESSENTIAL:
        raise UsageError(f"“{action.title}” must keep a key", "Give it one")
    keys = tuple(dict.fromkeys(parse_key(each) for each in written))
    for key in keys:
        _check(action, key)
        if any(other.startswith(f"{key} ") for other in keys):
            raise UsageError(f"{label(key)} begins another of its keys", "Give one of the two")
    return keys


def _check(action: Action, key: str) -> None:
    shown = label(key)
    if Context.TYPING in action.contexts:
        where = "in a text field"
        if len(key) == 1 or " " in key:
            raise UsageError(f"{shown} writes {where}", "Use a key like Ctrl+G or F5")
        if "alt+" in key:
            raise UsageError(f"Alt keys are never commands {where}", "Use a key like Ctrl+G or F5")
        if key in OF_A_TEXT or (key == "escape" and action.id != "leave"):
            raise UsageError(f"{shown} has its own meaning {where}", "Use a key like Ctrl+G or F5")
    if set(action.contexts) & set(NORMAL) and key[0].isdigit():
        raise UsageError(f"{shown} begins a count (5j)", "Use a key that is no digit")


def conflicts(actions: Iterable[Action]) -> list[tuple[str, Action, Action]]:
    """Pairs of actions that one key would start in one context, or that one sequence would hide."""
    found = []
    listed = [(key.split(), action) for action in actions for key in action.keys]
    for number, (key, action) in enumerate(listed):
        for other, another in listed[number + 1 :]:
            short = min(len(key), len(other))
            if key[:short] == other[:short] and set(action.contexts) & set(another.contexts):
                found.append((" ".join(key), action, another))
    return found


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a key came to: an action with its count, or the keys of a sequence that is not complete."""

    action: Action | None = None
    count: int = 1
    pending: str = ""


class Chords:
    """Turns keys into actions: sequences (`g g`) and counts (`5 j`). Keys that mean nothing are dropped."""

    def __init__(self, actions: Iterable[Action]) -> None:
        self._table: dict[tuple[Context, tuple[str, ...]], Action] = {
            (context, tuple(key.split())): action
            for action in actions
            for key in action.keys
            for context in action.contexts
        }
        self._prefixes = {
            (context, keys[:length]) for context, keys in self._table for length in range(1, len(keys))
        }
        self._keys: tuple[str, ...] = ()
        self._count = ""

    @property
    def begun(self) -> str:
        """The keys of a sequence that is not complete."""
        return " ".join(self._keys)

    def knows(self, key: str, context: Context) -> bool:
        """Whether a key means something in a context, behind those that were pressed before it."""
        keys = (*self._keys, key)
        return (context, keys) in self._table or (context, keys) in self._prefixes

    def press(self, key: str, context: Context) -> Pressed:
        """Feed one key of a context."""
        if not self._keys and key.isdigit() and (self._count or key != "0"):
            self._count = (self._count + key)[-4:]
            return Pressed(pending=self._count)
        keys = (*self._keys, key)
        action = self._table.get((context, keys))
        if action is None and (context, keys) in self._prefixes:
            self._keys = keys
            return Pressed(pending=self._count + "".join(label(each) for each in keys))
        count = int(self._count or 1)
        self._keys, self._count = (), ""
        return Pressed(action=action, count=count)

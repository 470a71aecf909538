"""What every verb of the command line takes (interface, section 4)."""

from __future__ import annotations

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from inbox_tui.cli.program import program

APART = {"demo", "sandbox"}
"""Verbs that open something and neither read nor act."""
NAMELESS = {"sync", "doctor"}
"""Verbs whose answer has no ids."""
ACTS = {
    "send", "new-chat", "private-reply", "edit", "react", "unreact", "archive", "unarchive", "retry",
    "discard", "done", "reopen", "snooze", "read", "unread", "label", "pin", "note",
}  # fmt: skip
MARKS = {"done", "reopen", "snooze", "read", "unread", "label", "pin"}
"""Acts on any number of chats."""
CARRIED_OUT = ACTS - MARKS - {"note", "discard"}
"""Acts that leave this machine."""


def options() -> dict[str, set[str]]:
    """The options of every verb."""
    group = get_command(program)
    assert isinstance(group, TyperGroup)
    return {
        name: {option for parameter in verb.params for option in parameter.opts}
        for name, verb in group.commands.items()
    }


@pytest.mark.parametrize("verb", sorted(options().keys() - APART))
def test_every_verb_takes_json_and_gives_ids_where_it_has_some(verb: str) -> None:
    taken = options()[verb]
    assert "--json" in taken
    assert ("-q" in taken) is (verb not in NAMELESS)


@pytest.mark.parametrize("verb", sorted(ACTS))
def test_every_act_can_be_rehearsed(verb: str) -> None:
    assert "--dry-run" in options()[verb]


@pytest.mark.parametrize("verb", sorted(MARKS))
def test_every_mark_takes_several_chats_or_a_query(verb: str) -> None:
    assert "--query" in options()[verb]


@pytest.mark.parametrize("verb", sorted(CARRIED_OUT))
def test_every_act_that_leaves_can_be_waited_for_or_left_for_later(verb: str) -> None:
    assert options()[verb] >= {"--wait", "--queue"}

"""docs/coverage.md names tests that exist, and leaves no contract test and no field of the seed out."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import typer

from inbox_tui.cli import program
from inbox_tui.ui.actions import ACTIONS
from inbox_tui.ui.keys import label

from .test_chats import CHAT_FIELDS
from .test_messages import FIELDS

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "coverage.md").read_text(encoding="utf-8")
LINES = [line for line in TEXT.splitlines() if line.startswith("| ") and not line.startswith("| seed ")]

OTHER_WORDS = frozenset({"[image]", "participant_fetched_at", "tapped", "looked"})
"""Words in code marks that are neither a key nor a command."""


@cache
def names_in(path: Path) -> set[str]:
    """Names of the tests of a file, as pytest writes them."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        members = node.body if isinstance(node, ast.ClassDef) else [node]
        prefix = f"{node.name}::" if isinstance(node, ast.ClassDef) else ""
        for member in members:
            if isinstance(member, ast.FunctionDef | ast.AsyncFunctionDef) and member.name.startswith("test_"):
                found.add(prefix + member.name)
    return found


def test_every_line_names_tests_and_all_of_them_exist() -> None:
    assert len(LINES) > 200
    for line in LINES:
        named = re.findall(r"`([\w/]+\.py)::([\w:]+)`", line)
        assert named, line
        for file, name in named:
            assert name in names_in(ROOT / "tests" / file), f"{file}::{name}"


def test_every_contract_test_is_named() -> None:
    for path in sorted(Path(__file__).parent.glob("test_*.py")):
        if path.name != "test_coverage.py":
            for name in names_in(path):
                assert f"`contract/{path.name}::{name}`" in TEXT, name


def test_every_field_and_every_event_has_a_line() -> None:
    for name in (*CHAT_FIELDS, "archived", *FIELDS, "reply_markup"):
        assert any(line.startswith(f"| `{name}`") for line in LINES), name
    for event in (
        "received",
        "sent",
        "delivered",
        "read",
        "edited",
        "deleted",
        "failed_waiting_for_retry",
        "failed",
    ):
        assert any(line.startswith(f"| `message.{event}`") for line in LINES), event
    assert any(line.startswith("| `reaction.received`") for line in LINES)


def test_every_line_says_where_a_person_meets_it_with_keys_and_commands_that_exist() -> None:
    keys = {label(key) for action in ACTIONS for key in action.keys}
    commands = {command.name for command in typer.main.get_group(program.program).commands.values()}
    for line in LINES:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        assert len(cells) == 3, line
        assert cells[2], line
        for name in re.findall(r"`([^`…]+)`", cells[2]):
            word = name.split()[0]
            known = word in keys or word in commands or word.startswith("--") or word in OTHER_WORDS
            assert known, (name, line)

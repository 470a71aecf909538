"""CHAT on the command line: ids first, else handle or name as far as what is done allows. Never a guess."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import pytest
from cli_accounts import CommandLine

from inbox_tui.config import load
from inbox_tui.store import lookups, writes
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer

PEOPLE = {
    "jane_q": "Jane Quillfeather",
    "JANE.Q2": "Jane Quill",
    "max.q": "Max Quillon",
}
Introduce = Callable[[CommandLine], dict[str, str]]


def folder(command: CommandLine) -> Folder:
    return load(environment=command.account.environment).folder


@pytest.fixture
def introduce() -> Introduce:
    """Have the first chats of Telegram be with these people; their ids by handle."""

    def introduced(command: CommandLine) -> dict[str, str]:
        ids = command("chats", "platform:telegram", "-q").lines[: len(PEOPLE)]
        place = folder(command)
        with closing(open_reader(place)) as reader:
            rows = [lookups.chat(reader, each) for each in ids]
        chats = [
            replace(row.chat, participant_username=handle, participant_name=name)
            for row, (handle, name) in zip(rows, PEOPLE.items(), strict=True)
            if row is not None
        ]
        with Writer(place) as writer:
            writes.apply_chats(writer, chats)
        return dict(zip(PEOPLE, ids, strict=True))

    return introduced


def sent(command: CommandLine) -> list[str]:
    """Chats that something was queued for."""
    return [str(each["chat_id"]) for each in command("outbox", "--json").records]


@pytest.mark.parametrize("name", ["max.q", "@max.q", "@MAX.Q", "Max Quillon", "max quillon", "quillon"])
def test_a_thread_is_found_by_handle_name_or_part_of_it_where_only_one_chat_fits(
    reading: CommandLine, introduce: Introduce, name: str
) -> None:
    chat = introduce(reading)["max.q"]
    ran = reading("thread", name, "-q")
    assert (ran.code, ran.err) == (0, "")
    assert ran.lines == reading("thread", chat, "-q").lines


def test_a_name_of_several_chats_is_refused_with_their_ids_and_an_exact_one_is_none_of_them(
    reading: CommandLine, introduce: Introduce
) -> None:
    ids = introduce(reading)
    ran = reading("thread", "jane quill")
    assert ran.lines[0].startswith("Jane Quill · Telegram"), "the full name of one, the beginning of another"
    ran = reading("thread", "jane q")
    assert (ran.code, ran.out) == (2, "")
    said = ran.err.splitlines()
    assert said[0] == "inbox-tui: jane q names more than one chat. Name one by its id:"
    assert sorted(said[1:]) == sorted(
        f"  {ids[handle]}  {PEOPLE[handle]} (@{handle}, Telegram · Acme Shop)"
        for handle in ("jane_q", "JANE.Q2")
    )


def test_an_id_comes_before_a_handle(reading: CommandLine, introduce: Introduce) -> None:
    chat = introduce(reading)["max.q"]
    other = reading("chats", "platform:facebook", "-q").lines[0]
    place = folder(reading)
    with closing(open_reader(place)) as reader:
        row = lookups.chat(reader, chat)
    assert row is not None
    with Writer(place) as writer:
        writes.apply_chats(writer, [replace(row.chat, participant_username=other)])
    assert reading("thread", other, "-q").lines != reading("thread", chat, "-q").lines
    assert reading("done", other).lines == [f"done {other}"]


def test_a_mark_takes_an_exact_handle_or_full_name_and_names_back_whom_it_is_about(
    reading: CommandLine, introduce: Introduce
) -> None:
    ids = introduce(reading)
    ran = reading("pin", "@max.q", "jane quill")
    assert ran.lines == [f"pin {ids['max.q']}", f"pin {ids['JANE.Q2']}"]
    assert ran.err.splitlines() == [
        f"inbox-tui: @max.q is Max Quillon (@max.q, Telegram · Acme Shop), chat {ids['max.q']}",
        f"inbox-tui: jane quill is Jane Quill (@JANE.Q2, Telegram · Acme Shop), chat {ids['JANE.Q2']}",
    ]
    ran = reading("pin", "quillon")
    assert (ran.code, ran.out) == (2, "")
    assert "quillon is no chat's id and nobody's handle or full name. Name one by its id:" in ran.err
    assert f"  {ids['max.q']}  Max Quillon" in ran.err


def test_to_a_customer_goes_only_what_names_them_by_id_or_exact_handle(
    reading: CommandLine, introduce: Introduce
) -> None:
    ids = introduce(reading)
    for name in ("Max Quillon", "quillon"):
        ran = reading("send", name, "Hello", "--queue")
        assert ran.code == 2
        assert f"{name} is no chat's id and nobody's handle; nothing was sent" in ran.err
        assert ids["max.q"] in ran.err
    assert sent(reading) == []
    ran = reading("send", "@max.q", "Hello", "--queue")
    assert ran.code == 0
    assert ran.err.startswith("inbox-tui: @max.q is Max Quillon (@max.q, Telegram · Acme Shop), chat ")
    assert sent(reading) == [ids["max.q"]]


def test_while_not_all_chats_are_listed_a_handle_is_not_enough_to_write_to_it(
    reading: CommandLine, introduce: Introduce
) -> None:
    chat = introduce(reading)["max.q"]
    with Writer(folder(reading)) as writer:
        writer.cache.execute("UPDATE profiles SET walked = 0 WHERE platform = 'bluesky'")
    ran = reading("send", "@max.q", "Hello", "--queue")
    assert ran.code == 2
    assert "Not all chats are listed yet, so another one may have this handle" in ran.err
    assert chat in ran.err
    assert sent(reading) == []
    assert reading("send", chat, "Hello", "--queue").code == 0


def test_what_fits_no_chat_is_told_as_before(reading: CommandLine) -> None:
    for verb in (
        ["thread", "@nobody"],
        ["done", "nobody at all"],
        ["send", "nobody", "Hello"],
        ["thread", "@"],
    ):
        ran = reading(*verb)
        assert (ran.code, ran.out) == (1, "")
        assert f"There is no chat {verb[1]} in the cache" in ran.err

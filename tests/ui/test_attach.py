"""Sending files: found by a few letters, checked before anything leaves, and never lost on the way."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from inbox_tui.store import spool
from inbox_tui.store.db import Folder
from inbox_tui.ui import paths
from inbox_tui.ui.actions import Context
from inbox_tui.ui.dialogs import attach
from inbox_tui.ui.dialogs.attach import Attach, look_at, offer
from inbox_tui.ui.paths import Entry, local_path, matching, web_address

from .conftest import Desk, DeskMaker, _key
from .steps import INSTAGRAM, TELEGRAM, reply, rows

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 30_000


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with a few things in it."""
    home = tmp_path / "files"
    (home / "invoices").mkdir(parents=True)
    (home / "a sweater.png").write_bytes(PNG)
    (home / "notes.txt").write_text("words\n")
    (home / "empty.png").touch()
    (home / "invoices" / "2026.pdf").write_bytes(b"%PDF-1.7\n")
    (home / ".hidden.png").write_bytes(PNG)
    os.mkfifo(home / "pipe.png")
    return home


def payloads(folder: Folder) -> list[dict[str, object]]:
    """What stands in the outbox, in order."""
    found = [json.loads(str(row[0])) for row in rows(folder, "SELECT payload FROM outbox ORDER BY pk")]
    assert all(isinstance(each, dict) for each in found)
    return found


async def attached(agent: Desk, path: Path | str) -> None:
    """Attach a file by its path."""
    await agent.press("ctrl+f")
    await agent.until(lambda: isinstance(agent.app.screen, Attach))
    await agent.press("ctrl+u")
    await agent.type(str(path))
    await agent.press("enter")


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("/a/b c.png", "/a/b c.png"),
        ("  /a/b.png\n", "/a/b.png"),
        ("'/a/b c.png'", "/a/b c.png"),
        ("/a/b\\ c.png ", "/a/b c.png"),
        ("file:///a/b%20c.png", "/a/b c.png"),
        ("file://localhost/a", "/a"),
        ("file://elsewhere/a", None),
        ("~/x", "/home/agent/x"),
        ("~other/x", None),
        ("relative/x", None),
        ("/two\n/lines", None),
        ("/nul\0", None),
        ("file:///nul%00", None),
        ("file://[", None),
        ("javascript:alert(1)", None),
        ("'unclosed", None),
        ("", None),
    ],
)
def test_a_path_is_understood_as_it_is_typed_quoted_or_dropped(
    monkeypatch: pytest.MonkeyPatch, text: str, path: str | None
) -> None:
    monkeypatch.setenv("HOME", "/home/agent")
    assert local_path(text) == (None if path is None else Path(path))


def test_only_addresses_of_the_web_are_addresses() -> None:
    assert web_address(" https://files.example/a.png ") == "https://files.example/a.png"
    for text in ("javascript:alert(1)", "file:///a", "ftp://x/a", "https://", "https://a b", "words"):
        assert web_address(text) is None


def test_the_likeliest_entry_goes_first() -> None:
    found = [Entry("photo of a cat.png", False, 3), Entry("cat.png", False, 1), Entry("Cathedral", True, 2)]
    assert [entry.name for entry in matching(found, "cat", 9)] == [
        "Cathedral",
        "cat.png",
        "photo of a cat.png",
    ]
    assert [entry.name for entry in matching(found, "phcat", 9)] == ["photo of a cat.png"]
    assert [entry.name for entry in matching(found, "", 2)] == ["photo of a cat.png", "Cathedral"]
    assert matching(found, "dog", 9) == []


def test_hidden_entries_are_shown_for_a_dot_and_names_that_cannot_be_shown_never(files: Path) -> None:
    for name in ("e\x1b]0;x\x07.png", "two\nlines", os.fsdecode(b"\xff.png")):
        (files / name).touch()
    (files / "leads nowhere").symlink_to(files / "gone")
    names = {entry.name for entry in paths.entries(files)}
    assert names == {"a sweater.png", "notes.txt", "empty.png", "invoices", ".hidden.png", "pipe.png"}
    assert [entry.name for entry in matching(paths.entries(files), ".h", 9)] == [".hidden.png"]


# ---------------------------------------------------------------- what may be sent


@pytest.mark.parametrize(
    ("name", "platform", "words"),
    [
        ("empty.png", "telegram", "The file is empty"),
        ("invoices", "telegram", "it is a folder"),
        ("pipe.png", "telegram", "it is no regular file"),
        ("gone.png", "telegram", "cannot be read: No such file"),
        ("notes.txt", "instagram", "Of documents, Instagram takes PDF only"),
        ("huge.png", "instagram", "takes image files up to 8 MB"),
        ("huge.png", "telegram", "takes image files up to 10 MB"),
    ],
)
def test_what_a_platform_would_refuse_is_refused_here(
    files: Path, name: str, platform: str, words: str
) -> None:
    with (files / "huge.png").open("wb") as huge:
        huge.write(PNG)
        huge.truncate(3_000_000_000)
    with pytest.raises(attach.InboxError, match=words):
        look_at(str(files / name), platform)


@pytest.mark.parametrize("text", ["javascript:alert(1)", "words", "ftp://x/a.png", "relative.png"])
def test_what_is_neither_path_nor_address_is_told_of(text: str) -> None:
    with pytest.raises(attach.InboxError, match="A path from the root or from ~ is needed"):
        look_at(text, "telegram")


def test_the_type_of_an_address_is_checked_by_its_ending() -> None:
    assert look_at("https://x.example/a.png", "instagram") == {"media_url": "https://x.example/a.png"}
    assert look_at("https://x.example/a", "instagram") == {"media_url": "https://x.example/a"}
    with pytest.raises(attach.InboxError, match="Of documents, Instagram takes PDF only"):
        look_at("https://x.example/a.zip", "instagram")


def test_only_what_is_surely_meant_as_a_file_is_offered(files: Path) -> None:
    path = files / "a sweater.png"
    assert offer(f"'{path}'", "telegram") == {"file": str(path), "size": len(PNG), "type": "image/png"}
    assert offer("https://x.example/a.png?w=1", "telegram") == {"media_url": "https://x.example/a.png?w=1"}
    for text in (
        "https://x.example/",
        "https://x.example/a.html",
        str(files),
        "/",
        "yes/no",
        str(files / "x"),
    ):
        assert offer(text, "telegram") is None


# ---------------------------------------------------------------- the dialog


async def test_a_file_is_found_by_a_few_letters_and_leaves_before_its_text_as_one_unit(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "This one?")
        await agent.press("ctrl+f")
        await agent.until(lambda: isinstance(agent.app.screen, Attach))
        await agent.press("ctrl+u")
        await agent.type(f"{files}/swt")
        await agent.until(lambda: "a sweater.png" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: "📎 a sweater.png · 30.0 kB · image/png" in agent.screen_text())
        assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
        await agent.until(lambda: "📎" not in agent.screen_text())
        file, text = payloads(folder)
        assert rows(folder, "SELECT with_pk FROM outbox ORDER BY pk") == [(None,), (1,)]
        assert text == {"text": "This one?"}
        copied = Path(str(file.pop("file")))
        assert await asyncio.to_thread(copied.read_bytes) == PNG
        assert copied.is_relative_to(folder.path)
        assert file == {
            "file_name": "a sweater.png",
            "size": len(PNG),
            "type": "image/png",
            "source": str(files / "a sweater.png"),
        }
        await agent.press("ctrl+z")
        await agent.until(lambda: agent.inbox.composer.text == "This one?")
        await agent.until(lambda: "📎 a sweater.png · 30.0 kB · image/png" in agent.screen_text())
        assert rows(folder, "SELECT state FROM outbox") == [("discarded",), ("discarded",)]


async def test_a_file_without_a_text_is_one_message_and_white_space_is_no_text(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, " ")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.extras == {})
        assert [each["file_name"] for each in payloads(folder)] == ["notes.txt"]
        assert agent.inbox.composer.text == ""


@pytest.mark.parametrize("pasted", [False, True])
@pytest.mark.parametrize("named", [False, True], ids=["home", "file"])
async def test_a_whole_path_takes_the_place_of_the_one_that_stood_there_untouched(
    folder: Folder, desk: DeskMaker, files: Path, *, named: bool, pasted: bool
) -> None:
    async with desk(folder, (100, 30)) as agent:
        await reply(agent, TELEGRAM)
        if named:
            await attached(agent, files / "a sweater.png")
            await agent.until(lambda: agent.app.screen is agent.inbox)
        await agent.press("ctrl+f")
        path = str(files / "notes.txt")
        if pasted:
            agent.app.post_message(events.Paste(path))
        else:
            await agent.type(path)
        await agent.until(lambda: agent.app.screen.query_one(Input).value == path)
        # What was touched is a text like any other.
        await agent.press("/")
        assert agent.app.screen.query_one(Input).value == f"{path}/"


@pytest.mark.parametrize(
    "typed", ["https://files.example/a.png", "HTTP://files.example/a.png", "file:///a b.png"]
)
@pytest.mark.parametrize("named", [False, True])
async def test_an_address_typed_behind_what_stands_there_takes_its_place(
    folder: Folder, desk: DeskMaker, files: Path, typed: str, *, named: bool
) -> None:
    async with desk(folder, (100, 30)) as agent:
        await reply(agent, TELEGRAM)
        if named:
            await attached(agent, files / "a sweater.png")
            await agent.until(lambda: agent.app.screen is agent.inbox)
        await agent.press("ctrl+f")
        await agent.until(lambda: isinstance(agent.app.screen, Attach))
        await agent.type(typed)
        field = agent.app.screen.query_one(Input)
        await agent.until(lambda: field.value == typed)
        assert field.cursor_position == len(typed)


async def test_a_path_typed_behind_the_home_stays_in_it(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await agent.press("ctrl+f")
        await agent.until(lambda: isinstance(agent.app.screen, Attach))
        await agent.type("https/file")
        await agent.until(lambda: agent.app.screen.query_one(Input).value == "~/https/file")


async def test_an_address_is_sent_to_be_fetched(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "look")
        await attached(agent, "https://files.example/a.png")
        await agent.until(lambda: "📎 https://files.example/a.png" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
    assert payloads(folder) == [{"media_url": "https://files.example/a.png"}, {"text": "look"}]


async def test_folders_are_gone_through_and_what_cannot_be_sent_is_told_of(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder, (100, 30)) as agent:
        await reply(agent, INSTAGRAM)
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "Of documents, Instagram takes PDF only" in agent.screen_text())
        await agent.press("ctrl+u")
        await agent.type(f"{files}/inv")
        await agent.until(lambda: "invoices/" in agent.screen_text())
        await agent.press("tab")
        await agent.until(lambda: "2026.pdf" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: agent.app.screen is agent.inbox)
        assert agent.inbox.composer.extras["file"] == str(files / "invoices" / "2026.pdf")


async def test_what_is_typed_at_once_behind_the_attach_key_is_a_path_and_never_a_message(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        burst = [
            events.Key("ctrl+f", None),
            events.Key("ctrl+u", None),
            *(events.Key(_key(letter), letter) for letter in str(files / "notes.txt")),
            events.Key("enter", None),
            *(events.Key(letter, letter) for letter in "look"),
            events.Key("enter", None),
        ]
        for event in burst:
            agent.app.post_message(event)
        await agent.until(lambda: len(payloads(folder)) == 2)
        await agent.until(lambda: agent.inbox.composer.text == "")
    sent, text = payloads(folder)
    assert sent["file_name"] == "notes.txt"
    assert text == {"text": "look"}


async def test_a_path_that_no_system_has_is_told_of(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (100, 30)) as agent:
        await reply(agent, TELEGRAM)
        await attached(agent, "/" + "x" * 300)
        await agent.until(lambda: "cannot be read" in agent.screen_text())
        await agent.press("escape")
        assert agent.app.screen is agent.inbox


async def test_what_fails_behind_the_dialog_is_told_of(
    folder: Folder, desk: DeskMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> object:
        raise RuntimeError("out of order")

    monkeypatch.setattr(attach, "look_at", broken)
    async with desk(folder, (100, 30)) as agent:
        await reply(agent, TELEGRAM)
        await attached(agent, "https://x.example/a.png")
        await agent.until(lambda: agent.says("out of order"))


async def test_an_empty_path_takes_the_file_off_and_escape_leaves_it(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "x")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎" in agent.screen_text())
        await agent.press("ctrl+f")
        await agent.until(lambda: isinstance(agent.app.screen, Attach))
        await agent.press("escape")
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        await attached(agent, "")
        await agent.until(lambda: agent.app.screen is agent.inbox)
        assert "📎" not in agent.screen_text()


async def test_a_file_is_kept_with_the_draft_and_backspace_in_front_of_the_text_takes_it_off(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: rows(folder, "SELECT text FROM drafts") == [("",)])
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        await agent.press("backspace")
        assert "📎" not in agent.screen_text()
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM drafts") == [(0,)])


async def test_where_the_platform_takes_no_files_the_key_says_so(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder) as agent:
        name = agent.inbox.session.reader.execute(
            "SELECT participant_name FROM chats GROUP BY participant_name "
            "HAVING min(platform) = 'bluesky' AND max(platform) = 'bluesky'"
        ).fetchone()[0]
        await reply(agent, name)
        assert "Ctrl+F" not in agent.screen_text()
        await agent.press("ctrl+f")
        await agent.until(lambda: agent.says("Bluesky"))
        assert agent.context is Context.TYPING
        assert agent.app.screen is agent.inbox


async def test_a_file_that_is_gone_when_it_is_sent_leaves_everything_in_the_composer(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "still here")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎" in agent.screen_text())
        (files / "notes.txt").unlink()
        await agent.press("enter")
        await agent.until(lambda: agent.says("notes.txt cannot be read"))
        assert agent.inbox.composer.text == "still here"
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        assert rows(folder, "SELECT count(*) FROM outbox") == [(0,)]


async def test_what_is_typed_while_a_file_is_copied_waits_and_stays(
    folder: Folder, desk: DeskMaker, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, copy_in = threading.Event(), spool.copy_in

    def slow(*arguments: object) -> object:
        go_on.wait(10)
        return copy_in(*arguments)

    monkeypatch.setattr(spool, "copy_in", slow)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "first")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎" in agent.screen_text())
        await agent.press("enter")
        await agent.type(" second")
        await agent.press("enter")
        await agent.until(lambda: agent.says("still being copied"))
        go_on.set()
        await agent.until(lambda: agent.inbox.composer.text == " second")
        await agent.press("enter")
        await agent.until(lambda: agent.inbox.composer.text == "")
    assert [each.get("text") for each in payloads(folder)] == [None, "first", " second"]


async def test_a_path_is_asked_about_once_whatever_else_keeps_it_from_leaving(
    folder: Folder, desk: DeskMaker, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, copy_in = threading.Event(), spool.copy_in

    def slow(*arguments: object) -> object:
        go_on.wait(10)
        return copy_in(*arguments)

    monkeypatch.setattr(spool, "copy_in", slow)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        await agent.press("enter")
        await agent.type("/srv/notes.txt")
        await agent.press("enter")
        await agent.until(lambda: agent.says("This is a path"))
        await agent.press("enter")
        await agent.until(lambda: agent.says("still being copied"))
        go_on.set()
        await agent.until(lambda: len(payloads(folder)) == 1)
        await agent.press("enter")
        await agent.until(lambda: len(payloads(folder)) == 2)
    assert payloads(folder)[1]["text"] == "/srv/notes.txt"


async def test_the_next_file_may_be_attached_while_the_one_before_it_is_copied(
    folder: Folder, desk: DeskMaker, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, copy_in = threading.Event(), spool.copy_in

    def slow(*arguments: object) -> object:
        go_on.wait(10)
        return copy_in(*arguments)

    monkeypatch.setattr(spool, "copy_in", slow)
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM, "first")
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎 notes.txt" in agent.screen_text())
        await agent.press("enter")
        await attached(agent, files / "a sweater.png")
        await agent.until(lambda: "📎 a sweater.png" in agent.screen_text())
        go_on.set()
        await agent.until(lambda: len(payloads(folder)) == 2)
        await agent.until(lambda: agent.inbox.composer.text == "")
        assert agent.inbox.composer.extras["file"] == str(files / "a sweater.png")
        await agent.press("enter")
        await agent.until(lambda: len(payloads(folder)) == 3)
    assert [each.get("file_name") for each in payloads(folder)] == ["notes.txt", None, "a sweater.png"]


async def test_folders_are_read_and_files_are_copied_where_nobody_waits_for_keys(
    folder: Folder, desk: DeskMaker, files: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads = set()

    def noted(name: str, function: object) -> object:
        def run(*arguments: object) -> object:
            threads.add((name, threading.current_thread() is threading.main_thread()))
            return function(*arguments)

        return run

    monkeypatch.setattr(attach, "entries", noted("entries", paths.entries))
    monkeypatch.setattr(spool, "look", noted("look", spool.look))
    monkeypatch.setattr(spool, "copy_in", noted("copy_in", spool.copy_in))
    async with desk(folder) as agent:
        await reply(agent, TELEGRAM)
        await attached(agent, files / "notes.txt")
        await agent.until(lambda: "📎" in agent.screen_text())
        await agent.press("enter")
        await agent.until(lambda: rows(folder, "SELECT count(*) FROM outbox") == [(1,)])
    assert threads == {("entries", False), ("look", False), ("copy_in", False)}


# ---------------------------------------------------------------- a pasted path


async def test_a_pasted_path_is_text_and_offered_as_a_file(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    path = files / "a sweater.png"
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, TELEGRAM, "See ")
        agent.app.post_message(events.Paste(f"'{path}'"))
        await agent.until(lambda: "Ctrl+F sends a sweater.png" in agent.screen_text())
        assert agent.inbox.composer.text == f"See '{path}'"
        await agent.press("ctrl+f")
        assert agent.inbox.composer.text == "See "
        await agent.until(lambda: "📎 a sweater.png · 30.0 kB · image/png" in agent.screen_text())
        assert "Ctrl+F sends" not in agent.screen_text()


async def test_an_offer_is_over_when_what_was_pasted_is_gone(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, TELEGRAM)
        agent.app.post_message(events.Paste(str(files / "notes.txt")))
        await agent.until(lambda: "Ctrl+F sends" in agent.screen_text())
        await agent.press("ctrl+u", "ctrl+f")
        await agent.until(lambda: isinstance(agent.app.screen, Attach))


async def test_a_pasted_path_is_not_offered_where_no_file_can_be_sent(
    folder: Folder, desk: DeskMaker, files: Path
) -> None:
    async with desk(folder, (140, 40)) as agent:
        await reply(agent, INSTAGRAM)
        agent.app.post_message(events.Paste(str(files / "notes.txt")))
        await agent.until(lambda: agent.inbox.composer.text != "")
        await agent.app.workers.wait_for_complete()
        assert "Ctrl+F sends" not in agent.screen_text()

"""What `show`, `save` and `comments` print and fetch; none of them sends or syncs anything."""

from __future__ import annotations

import json
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest
from cli_accounts import Account, CommandLine

from inbox_tui.sandbox.server import RunningSandbox


def one(account: Account, statement: str, *values: object) -> str:
    """One value of the account's cache."""
    (cache,) = account.home.glob("data/*/cache.db")
    with closing(sqlite3.connect(cache)) as connection:
        return str(connection.execute(statement, values).fetchone()[0])


def message_with(account: Account, kind: str) -> str:
    return one(account, "SELECT id FROM messages WHERE attachments LIKE ? ORDER BY pk", f'%"{kind}"%')


def writes(sandbox: RunningSandbox) -> list[str]:
    """Requests of a server that change anything."""
    return [str(each["path"]) for each in list(sandbox.world.requests) if each["method"] != "GET"]


# ---------------------------------------------------------------- show


def test_show_prints_every_field_of_a_cached_message_without_the_network(
    reading: CommandLine, still: RunningSandbox
) -> None:
    name = message_with(reading.account, "image")
    asked = len(still.world.requests)
    shown = reading("show", name)
    assert shown.code == 0
    record = json.loads(shown.out)
    assert record["id"] == name
    assert [each["type"] for each in record["attachments"]] == ["image"]
    assert {"external_id", "reactions", "reply_markup", "external_posted_at", "is_unsupported"} <= set(record)
    assert reading("show", name, "--json").records == [record]
    assert reading("show", name, "-q").lines == [name]
    assert len(still.world.requests) == asked


def test_show_live_prints_what_the_api_says_now(reading: CommandLine) -> None:
    name = message_with(reading.account, "image")
    said = reading.account.ask(f"messages/{name}")
    shown = reading("show", name, "--live")
    assert shown.code == 0
    assert json.loads(shown.out) == said
    assert reading("show", name, "--live", "--json").records == [said]


def test_show_live_escapes_what_nobody_sees(reading: CommandLine, still: RunningSandbox) -> None:
    name = message_with(reading.account, "image")
    with still.world.write() as database:
        number = database.value("select no from messages where external_id = ?", external(reading, name))
        before = database.value("select body from messages where no = ?", number)
        database.run("update messages set body = ? where no = ?", "a\u202eb\x1b]0;x\x07\u200b", number)
    try:
        shown = reading("show", name, "--live")
    finally:
        with still.world.write() as database:
            database.run("update messages set body = ? where no = ?", before, number)
    assert r"a\u202eb\u001b]0;x\u0007\u200b" in shown.out
    assert not set(shown.out) & {"\u202e", "\x1b", "\x07", "\u200b"}


def external(command: CommandLine, name: str) -> str:
    return one(command.account, "SELECT external_id FROM messages WHERE id = ?", name)


def test_show_of_a_message_that_is_not_cached_says_how_to_find_one(reading: CommandLine) -> None:
    shown = reading("show", "nope", "--live")
    assert (shown.code, shown.out) == (1, "")
    assert "There is no message nope in the cache" in shown.err


# ---------------------------------------------------------------- save


def test_save_puts_the_files_of_a_message_into_a_folder_and_writes_none_over(
    reading: CommandLine, still: RunningSandbox, tmp_path: Path
) -> None:
    before = writes(still)
    folder = tmp_path / "saved"
    folder.mkdir()
    name = message_with(reading.account, "image")
    saved = [reading("save", name, "--to", str(folder)) for _ in range(3)]
    assert [each.code for each in saved] == [0, 0, 0]
    paths = [Path(each.lines[0]) for each in saved]
    first = paths[0]
    assert [path.name for path in paths] == [
        first.name,
        f"{first.stem} (2){first.suffix}",
        f"{first.stem} (3){first.suffix}",
    ]
    assert {path.read_bytes()[:4] for path in paths} == {b"\x89PNG"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert writes(still) == before


def test_save_as_json_names_type_and_size(reading: CommandLine, tmp_path: Path) -> None:
    name = message_with(reading.account, "file")
    (record,) = reading("save", name, "--to", str(tmp_path), "--json").records
    assert (record["type"], record["fault"]) == ("application/pdf", None)
    assert Path(record["path"]).stat().st_size == record["size"]
    assert reading("save", name, "--to", str(tmp_path), "-q").lines == [record["id"]]


def test_a_file_that_cannot_be_had_is_named_with_the_reason(
    reading: CommandLine, still: RunningSandbox, tmp_path: Path
) -> None:
    name = message_with(reading.account, "video")
    with still.world.write() as database:
        number = database.value(
            "select a.no from attachments a join messages m on m.no = a.message where m.external_id = ?",
            external(reading, name),
        )
        database.run("update attachments set status = 'failed' where no = ?", number)
    try:
        saved = reading("save", name, "--to", str(tmp_path), "--json")
    finally:
        with still.world.write() as database:
            database.run("update attachments set status = 'processed' where no = ?", number)
    (record,) = saved.records
    assert (saved.code, record["path"]) == (1, None)
    assert record["fault"].startswith("The service could not get this file from the platform")
    assert record["fault"] in saved.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["save", "{text}"], 4, "This message has no files"),
        (["save", "{image}", "--to", "{folder}/nowhere"], 2, "is no folder"),
        (["save", "nope"], 1, "There is no message nope in the cache"),
    ],
)
def test_save_says_what_is_wrong(
    reading: CommandLine, tmp_path: Path, arguments: list[str], code: int, words: str
) -> None:
    names = {
        "text": one(reading.account, "SELECT id FROM messages WHERE attachments = '[]'"),
        "image": message_with(reading.account, "image"),
        "folder": str(tmp_path),
    }
    ran = reading(*(argument.format(**names) for argument in arguments))
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


# ---------------------------------------------------------------- comments


def profile_of(account: Account, platform: str) -> str:
    return one(account, "SELECT id FROM profiles WHERE platform = ?", platform)


def test_comments_are_those_of_the_profiles_posts_with_replies_behind_them(reading: CommandLine) -> None:
    profile = profile_of(reading.account, "facebook")
    posts = [
        post["id"]
        for post in reading.account.ask("posts?per_page=100")["data"]
        if any(target["profile_id"] == profile for target in post["platforms"])
    ]
    said: list[str] = []
    for post in posts:
        page = reading.account.ask(f"posts/{post}/comments?profile_id={profile}&per_page=100")
        for comment in page["data"]:
            said += [comment["id"], *(reply["id"] for reply in comment["replies"])]
    assert len(posts) > 1
    assert said
    assert reading("comments", profile, "-q").lines == said
    records = reading("comments", "facebook", "--json").records
    assert [record["id"] for record in records] == said
    assert any(record["parent_id"] for record in records)
    assert all(record["replied_at"] is None for record in records)
    only = reading("comments", profile, "--post", posts[1], "-q").lines
    assert 0 < len(only) < len(said)
    assert only == [record["id"] for record in records if record["post_id"] == posts[1]]
    table = reading("comments", "Facebook")
    assert table.lines[0].split()[:4] == ["post", "comment", "age", "author"]
    assert len(table.lines) == 1 + len(said)


def test_where_the_network_fails_the_comments_of_the_last_time_are_printed(
    reading: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox_tui.sync.schedule.BACK_OFF_SECONDS", 0.01)
    known = reading("comments", "instagram", "-q")
    (folder,) = reading.account.home.glob("data/*")
    folder.rename(folder.with_name("127.0.0.1-1--main"))
    monkeypatch.setenv("INBOX_TUI_API_URL", "http://127.0.0.1:1")
    later = reading("comments", "instagram", "-q")
    assert (later.code, later.lines) == (5, known.lines)
    assert "these are the comments of the last time" in later.err
    nothing = reading("comments", "facebook")
    assert (nothing.code, nothing.out) == (5, "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["telegram"], 4, "Telegram has no comments here; Facebook and Instagram only"),
        (["nope"], 1, "There is no profile nope in the cache"),
        (["facebook", "--post", "nope"], 1, "The API does not know this"),
    ],
)
def test_comments_say_what_is_wrong(
    reading: CommandLine, arguments: list[str], code: int, words: str
) -> None:
    ran = reading("comments", *arguments)
    assert (ran.code, ran.out) == (code, "")
    assert words in ran.err


def test_a_comment_that_had_its_private_reply_says_when(acting: CommandLine) -> None:
    (first, *_) = acting("comments", "facebook", "--json").records
    sent = acting("private-reply", first["post_id"], first["id"], "Hello from the counter", "--wait")
    assert sent.code == 0
    again = {record["id"]: record for record in acting("comments", "facebook", "--json").records}
    assert again[first["id"]]["replied_at"] is not None
    assert "replied " in acting("comments", "facebook").out


# ---------------------------------------------------------------- beside an engine


def test_without_a_key_nothing_is_wanted(reading: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("POSTPROXY_API_KEY")
    ran = reading("show", message_with(reading.account, "image"), "--live")
    assert (ran.code, ran.out) == (3, "")
    (local,) = reading.account.home.glob("data/*/local.db")
    with closing(sqlite3.connect(local)) as connection:
        assert connection.execute("SELECT * FROM needs").fetchall() == []

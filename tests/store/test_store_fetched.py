"""What was asked for once: live records, posts, comments and files, and what a deletion takes with it."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import store_samples as samples
from hypothesis import given, settings
from hypothesis import strategies as st
from store_samples import NOW, inbound, outbound

from inbox_tui.core.models import Attachment, Comment, Post, PostTarget
from inbox_tui.store import acts, answers, fetched, lookups, media, outbox, writes
from inbox_tui.store.acts import ActName
from inbox_tui.store.fetched import MediaState
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage

SECRET = "xyzzy-plugh"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(50)


def post(name: str, at: int = NOW) -> Post:
    target = PostTarget("instagram", "published", "prof", "Acme", "https://post.example")
    return Post(name, "processed", at, body=f"words of {name}", targets=(target,), extra={"source": "x"})


def comment(name: str, *replies: Comment, external_id: str | None = None) -> Comment:
    files = (Attachment("f1", "image", "https://files.example/1.png"),)
    return Comment(
        name,
        NOW,
        body=f"words of {name}",
        external_id=external_id or f"x-{name}",
        attachments=files,
        replies=replies,
        extra={"like_count": 2},
    )


# ---------------------------------------------------------------- live records


def test_a_record_is_kept_as_it_came_with_everything_unseen_written_out(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    value = {"id": "m1", "body": "a\u202eb\x1b[2J", "unknown": [1, None]}
    answers.keep_record(writer, "message", "m1", value)
    kept = fetched.record(reader, "message", "m1")
    assert kept is not None
    assert kept.json is not None
    assert json.loads(kept.json) == value
    assert "\\u202e" in kept.json
    assert "\x1b" not in kept.json
    assert kept.fault == ""
    assert fetched.record(reader, "chat", "m1") is None


def test_a_question_without_an_answer_says_why(writer: Writer, reader: sqlite3.Connection) -> None:
    answers.keep_record(writer, "message", "m1", {"id": "m1"})
    answers.keep_fault(writer, "message", "m1", "The API does not know this")
    kept = fetched.record(reader, "message", "m1")
    assert kept is not None
    assert (kept.json, kept.fault) == (None, "The API does not know this")


# ---------------------------------------------------------------- posts and comments


@given(st.lists(st.integers(0, 5), max_size=6), st.integers(0, 3))
@settings(max_examples=20)
def test_posts_and_comments_come_back_as_they_were_kept(times: list[int], replies: int) -> None:
    with samples.fresh() as writer:
        cache = writer.cache
        cache.execute("ATTACH ? AS local", (str(writer.folder.local),))
        kept = [post(f"p{number}", NOW + at) for number, at in enumerate(times)]
        answers.keep_posts(writer, "prof", kept)
        rows = fetched.posts(cache, "prof")
        assert [row.post for row in rows] == sorted(kept, key=lambda each: (-each.created_at, each.id))
        said = [comment("a", *(comment(f"r{n}") for n in range(replies))), comment("b")]
        answers.keep_comments(writer, "prof", "p0", said)
        found = fetched.comments(cache, "prof", "p0")
        assert [row.comment.id for row in found] == ["a", *(f"r{n}" for n in range(replies)), "b"]
        assert [row.parent_id for row in found] == [None, *["a"] * replies, None]
        assert found[-1].comment == said[-1]


def test_a_post_tells_whether_its_comments_were_asked_for(writer: Writer, reader: sqlite3.Connection) -> None:
    answers.keep_posts(writer, "prof", [post("p1"), post("p2", NOW - 1), post("p3", NOW - 2)])
    answers.keep_comments(writer, "prof", "p1", [comment("a", comment("b"))])
    answers.keep_fault(writer, "comments", "prof/p2", "No comments here")
    first, second, third = fetched.posts(reader, "prof")
    assert (first.comments, first.fault, first.comments_at is None) == (2, "", False)
    assert (second.comments, second.fault) == (0, "No comments here")
    assert (third.comments, third.comments_at, third.fault) == (None, None, "")
    assert fetched.posts(reader, "other") == []


def test_a_post_that_is_gone_takes_its_comments_along(writer: Writer, reader: sqlite3.Connection) -> None:
    answers.keep_posts(writer, "prof", [post("p1"), post("p2")])
    answers.keep_posts(writer, "pro", [post("p1")])
    for profile in ("prof", "pro"):
        answers.keep_comments(writer, profile, "p1", [comment("a")])
    answers.keep_posts(writer, "prof", [post("p2")])
    assert fetched.comments(reader, "prof", "p1") == []
    assert fetched.record(reader, "comments", "prof/p1") is None
    assert len(fetched.comments(reader, "pro", "p1")) == 1


def test_a_list_that_cannot_be_had_leaves_what_was_known_and_says_why(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    answers.keep_posts(writer, "prof", [post("p1")])
    answers.keep_fault(writer, "posts", "prof", "The API failed")
    assert len(fetched.posts(reader, "prof")) == 1
    told = fetched.record(reader, "posts", "prof")
    assert told is not None
    assert told.fault == "The API failed"


def test_a_comment_is_answered_by_a_cached_message_or_one_on_its_way(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    answers.keep_comments(writer, "prof", "p1", [comment(name) for name in "abcde"])
    samples.pulled(
        writer,
        outbound("m1", NOW + 5, external_comment_id="x-a"),
        outbound("m2", NOW + 6, external_comment_id="x-b", status="failed"),
        inbound("m3", NOW + 7, external_comment_id="x-c"),
    )
    for name in "de":
        payload = {"post_id": "p1", "comment_id": name, "comment_external_id": f"x-{name}", "text": "hi"}
        chat = acts.comment_chat(name)
        item = acts.queue_act(writer, ActName.PRIVATE_REPLY, chat, "prof", payload, hold_ms=0)
        if name == "e":
            outbox.move(writer, item, State.FAILED)
    replied = {row.comment.id: row.replied_at for row in fetched.comments(reader, "prof", "p1")}
    assert replied == {"a": NOW + 5, "b": None, "c": None, "d": replied["d"], "e": None}
    assert replied["d"] is not None


# ---------------------------------------------------------------- files


def with_file(writer: Writer, message: str = "m1", file: str = "a1", at: int = NOW) -> media.Place:
    samples.pulled(writer, inbound(message, at, attachments=(Attachment(file, "image", "https://x/1"),)))
    place = media.place_of(writer.cache, file, message)
    assert place is not None
    return place


def come(writer: Writer, content: bytes = PNG) -> Path:
    """A file that has come whole."""
    part = media.part(writer.folder)
    part.write_bytes(content)
    return part


def inside(writer: Writer) -> list[str]:
    """The files of the folder `media`, by name."""
    return sorted(path.name for path in writer.folder.media.rglob("*") if path.is_file())


def test_a_file_is_found_by_its_message_and_by_itself(writer: Writer) -> None:
    place = with_file(writer)
    with_file(writer, "m2", 'a"1')
    assert media.place_of(writer.cache, "a1") == place
    assert media.place_of(writer.cache, 'a"1') is not None
    assert media.place_of(writer.cache, "a1", "m2") is None
    assert media.place_of(writer.cache, "https://x/1") is None


def test_looking_for_a_file_by_itself_reads_messages_with_files_only(writer: Writer) -> None:
    samples.pulled(writer, *(inbound(f"n{number}", NOW + number) for number in range(500)))
    with_file(writer)
    (plan,) = [
        row[3]
        for row in writer.cache.execute(
            "EXPLAIN QUERY PLAN SELECT id FROM messages m WHERE m.attachments != '[]' "
            "AND instr(m.attachments, json_quote(?1)) ORDER BY m.pk DESC",
            ("a1",),
        )
    ]
    assert "messages_with_files" in plan


def test_a_file_comes_into_its_place_with_its_row_and_its_ending_is_that_of_its_content(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    place = with_file(writer)
    assert media.keep(writer, place, come(writer), "../invoice.exe")
    (row,) = fetched.media(reader, ["a1", "unknown"]).values()
    assert (row.state, row.name, row.type) == (MediaState.READY, "_invoice.exe.png", "image/png")
    assert (row.size, row.done_bytes, row.message_id, row.fault) == (len(PNG), len(PNG), "m1", "")
    assert row.path is not None
    assert row.path.read_bytes() == PNG
    assert row.path.parent.parent == writer.folder.media
    assert inside(writer) == ["_invoice.exe.png"]
    assert media.is_ready(writer, "a1")
    row.path.unlink()
    assert not media.is_ready(writer, "a1")


def test_a_file_that_comes_again_takes_the_place_of_the_first(writer: Writer) -> None:
    place = with_file(writer)
    for content in (PNG, b"GIF89a" + bytes(9)):
        media.keep(writer, place, come(writer, content), "a")
    assert inside(writer) == ["a.gif"]


def test_every_step_of_a_file_has_its_chat_drawn_again(writer: Writer, reader: sqlite3.Connection) -> None:
    place = with_file(writer)
    steps = (
        lambda: media.note(writer, place, MediaState.WANTED),
        lambda: media.note(writer, place, MediaState.FETCHING, done_bytes=5, size=10),
        lambda: media.note(writer, place, MediaState.FAILED, fault="gone"),
        lambda: media.keep(writer, place, come(writer), "a"),
    )
    seen: list[tuple[str, int, str]] = []
    for step in steps:
        before = lookups.changed_since(reader, lookups.Revision()).revision
        step()
        assert lookups.changed_since(reader, before).chats == {"chat"}
        (row,) = fetched.media(reader, ["a1"]).values()
        seen.append((row.state, row.done_bytes, row.fault))
    assert seen == [("wanted", 0, ""), ("fetching", 5, ""), ("failed", 0, "gone"), ("ready", len(PNG), "")]


def test_above_the_cap_the_files_go_that_were_wanted_longest_ago(
    writer: Writer, reader: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "CAP_BYTES", 3 * len(PNG))
    clock = iter(range(NOW, NOW + 100))
    monkeypatch.setattr(media, "now_ms", lambda: next(clock))
    places = [with_file(writer, f"m{n}", f"a{n}", NOW + n) for n in range(5)]
    for place in places[:3]:
        media.keep(writer, place, come(writer), place.attachment.id)
    assert media.is_ready(writer, "a0")
    media.keep(writer, places[3], come(writer), "a3")
    assert sorted(fetched.media(reader, [f"a{n}" for n in range(5)])) == ["a0", "a2", "a3"]
    assert inside(writer) == ["a0.png", "a2.png", "a3.png"]
    media.keep(writer, places[4], come(writer, PNG + bytes(4 * len(PNG))), "a4")
    assert inside(writer) == ["a4.png"]
    assert media.total(writer.cache) == (1, 5 * len(PNG))


def test_what_no_row_names_is_swept_and_what_is_on_its_way_only_at_a_start(writer: Writer) -> None:
    place = with_file(writer)
    media.keep(writer, place, come(writer), "kept")
    half = come(writer, b"half")
    orphan = writer.folder.media / "orphan"
    orphan.mkdir()
    (orphan / "file").write_bytes(b"x")
    (writer.folder.media / "link").symlink_to(writer.folder.path)
    assert media.sweep(writer.folder, writer.cache) == 2
    assert sorted(inside(writer)) == sorted(["kept.png", half.name])
    media.note(writer, with_file(writer, "m2", "a2"), MediaState.FETCHING)
    media.begin(writer)
    assert inside(writer) == ["kept.png"]
    assert samples.ids(writer.cache, "SELECT attachment_id FROM media") == ["a1"]
    assert writer.folder.cache.exists()


@pytest.mark.parametrize("when", ["before it comes", "after it came"])
def test_the_files_of_a_deleted_message_are_gone_from_folder_and_cache(writer: Writer, when: str) -> None:
    place = with_file(writer)
    deleted = inbound("m1", NOW, deleted_at=NOW + 9, body=None)
    if when == "after it came":
        media.keep(writer, place, come(writer), f"{SECRET}.png")
        assert inside(writer) == [f"{SECRET}.png"]
    writes.apply_messages(writer, [MessagePage("chat", [deleted])])
    if when == "before it comes":
        assert not media.keep(writer, place, come(writer), f"{SECRET}.png")
    media.note(writer, place, MediaState.FAILED, fault="late")
    assert list(writer.folder.media.iterdir()) == [] if writer.folder.media.exists() else True
    assert samples.ids(writer.cache, "SELECT attachment_id FROM media") == []


def test_a_deleted_message_takes_its_record_and_the_comment_that_it_answered(
    writer: Writer, reader: sqlite3.Connection
) -> None:
    told = outbound("m1", NOW, external_comment_id="x-a", body=SECRET)
    samples.pulled(writer, told, outbound("m2", NOW + 1))
    for name in ("m1", "m2"):
        answers.keep_record(writer, "message", name, {"id": name, "body": SECRET})
    answers.keep_comments(writer, "prof", "p1", [comment("a"), comment("b")])
    writes.apply_messages(writer, [MessagePage("chat", [replace(told, deleted_at=NOW + 9)])])
    assert fetched.record(reader, "message", "m1") is None
    assert fetched.record(reader, "message", "m2") is not None
    assert [row.comment.id for row in fetched.comments(reader, "prof", "p1")] == ["b"]


@pytest.mark.parametrize("known", ["by the cache", "by the record"])
def test_the_record_of_a_deleted_message_is_kept_without_its_words(
    writer: Writer, reader: sqlite3.Connection, known: str
) -> None:
    record = {"id": "m1", "status": "received", "body": SECRET, "new_key": SECRET, "attachments": [SECRET]}
    if known == "by the cache":
        samples.pulled(writer, inbound("m1", NOW, deleted_at=NOW))
    else:
        record["external_deleted_at"] = "2026-06-01T00:00:00Z"
    answers.keep_record(writer, "message", "m1", record)
    kept = fetched.record(reader, "message", "m1")
    assert kept is not None
    assert kept.json is not None
    assert SECRET not in kept.json
    assert json.loads(kept.json)["status"] == "received"
    assert json.loads(kept.json)["attachments"] == []

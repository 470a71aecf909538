"""Nothing that a customer writes may crash a pane, move it, or put a control character on the screen."""

from __future__ import annotations

import re
import shutil
from collections.abc import Sequence
from datetime import timedelta, timezone
from pathlib import Path

import pytest
import time_machine
from rich.cells import cell_len
from textual import events
from textual.strip import Strip

from inbox_tui.api import pages
from inbox_tui.core.models import Chat, Message, Profile
from inbox_tui.core.text import clean
from inbox_tui.store import drafts, outbox, sends, writes
from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.items import State
from inbox_tui.store.writer import Writer

from .conftest import NOW, Desk, DeskMaker
from .steps import drawn, press
from .test_rows import Column, ColumnApp, Line, Lines, shown

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

SIZES = [(40, 10), (80, 24), (140, 40)]

STRINGS = [
    "[/",
    "[b + [/#888]",
    "[/]",
    "[red]hi[/red]",
    "[bold",
    "[a [b] c]",
    "[@click=app.quit]free shoes[/]",
    "[link=file:///etc/passwd]x[/link]",
    "\\[x] C:\\[temp]",
    "price [10%] ok",
    '{"a":[1,true]}',
    "$body ${HOME} %s %d {0} {name}",
    "\x1b]0;owned\x07",
    "\x1b]2;owned\x1b\\",
    "\x1b]52;c;aGFja2Vk\x1b\\",
    "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b[2J\x1b[H\x1b[6n\x1b[c",
    "\x1b[?1049l\x1b[?25l\x1b[?1003l",
    "\x1bPq#0;2;0;0;0\x1b\\ \x1b_Gf=100;AAAA\x1b\\",
    "\x1bc",
    "nul\x00 bell\x07 back\b\bspace del\x7f",
    "\x9b31m \x9d0;owned\x9c \x90q\x9c",
    "one\rtwo\r\nthree\nfour\x85five\u2028six\u2029seven",
    "\ttab\tbed\t\t",
    "\u202eevil\u202c \u2066isolate\u2069 \u200frtl",
    "lone \ud83d surrogate \udc00",
    "\ufeffbom \ufffe zero\u200bwidth soft\u00adhyphen",
    "hidden\U000e0068\U000e0069tags",
    "👨‍👩‍👧‍👦👩🏽‍🚀🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f🇩🇪1️⃣❤️☃︎",
    "\u200d\u200d🙂\u200d\ufe0f\ufe0f",
    "Z" + "".join(chr(0x300 + index % 0x6F) for index in range(300)) + "algo",
    "नमस्ते क्षत्रिय ที่นี่",
    "مرحبا 123 שלום abc",
    "界" * 300,
    "w" * 10_000,
    "",
    " ",
    "\n" * 50,
]
BODIES = [
    "x" * 99_990 + " the end..",
    "\n".join(str(number) for number in range(3_000)),
    "wide界" * 10_000,
    "\u0301" * 1_000,
    "🙂\u200d" * 2_000 + "🙂",
]
PLATFORMS = ["facebook", "instagram", "telegram", "bluesky", "matrix", "\x1b[31m[/\n"]
START = NOW - timedelta(hours=2)


def at(minutes: float) -> str:
    """A time as the API writes it."""
    return (START + timedelta(minutes=minutes)).isoformat()


def profile(number: int, name: str) -> Profile:
    """A profile of some network, by a name."""
    record = {"id": f"p{number}", "name": name, "platform": PLATFORMS[number % len(PLATFORMS)]}
    read = pages.PROFILES.read({**record, "username": name, "status": name if number % 2 else "active"})
    assert isinstance(read, Profile)
    return read


def chat(number: int, **fields: object) -> Chat:
    """A chat as the wire reads it."""
    record: dict[str, object] = {
        "id": f"c{number}",
        "profile_id": f"p{number % len(STRINGS)}",
        "platform": PLATFORMS[number % len(PLATFORMS)],
        "participant_external_id": f"person {number}",
        "created_at": at(-60),
        "last_message_at": at(number / 10),
        "last_inbound_at": at(number / 10),
    }
    read = pages.CHATS.read({**record, **fields})
    assert isinstance(read, Chat)
    return read


def messages(chat_id: str, *records: dict[str, object]) -> list[Message]:
    """Messages as the wire reads them, one a second."""
    found = []
    for number, record in enumerate(records):
        whole: dict[str, object] = {
            "id": f"{chat_id}-{number}",
            "external_id": f"x-{chat_id}-{number}",
            "chat_id": chat_id,
            "direction": "inbound",
            "status": "received",
            "created_at": at(number / 60),
            "external_posted_at": at(number / 60),
            "is_unsupported": False,
        }
        read = pages.MESSAGES.read({**whole, **record})
        assert isinstance(read, Message)
        found.append(read)
    return found


def every_field(text: str, chat_id: str) -> list[dict[str, object]]:
    """Messages that carry a text in every field that is ever drawn."""
    out = {"direction": "outbound", "status": "published"}
    button = {"text": text, "callback_data": text}
    link = {"text": text, "url": f"https://example.com/{text}"}
    file = {"id": "f1", "type": "image", "status": "processed", "url": f"https://{text}/"}
    return [
        {"body": text},
        {"body": text, "direction": "outbound", "status": "failed", "error_message": text},
        {"body": text, **out, "status": "failed_waiting_for_retry", "error_message": text},
        {
            "body": text,
            "reactions": [
                {"sender_external_id": text, "emoji": text, "reaction": text},
                {"sender_external_id": "p0", "emoji": "❤️" + text},
            ],
        },
        {"attachments": [file, {"id": text or "f2", "type": text, "status": text, "url": text}]},
        {**out, "body": text, "reply_markup": {"inline_keyboard": [[button, link], [button] * 5]}},
        {
            "body": text,
            "platform_data": {"kind": "callback_query"},
            "reply_to_external_id": f"x-{chat_id}-5",
        },
        {
            "body": text,
            **out,
            "reply_markup": {"keyboard": [[{"text": text}]], "input_field_placeholder": text},
        },
        {"body": text, "direction": "outbound", "status": text or "published"},
        {"body": text, "direction": text or "inbound", "reply_to_external_id": f"x-{chat_id}-0"},
        {"body": text, "reply_to_external_id": text, "external_comment_id": text},
        {"body": text, **out, "external_edited_at": at(5), "external_read_at": at(6)},
        {"body": text, **out, "external_deleted_at": at(5)},
        {"body": text, "is_unsupported": True, "unknown": {text: [text]}},
        {"body": text},
    ]


ODD: list[dict[str, object]] = [
    {"body": None, "reactions": None, "attachments": None, "is_unsupported": None, "external_id": None},
    {"status": "teleported", "body": "an unknown status"},
    {"direction": "sideways", "status": "", "body": "an unknown direction"},
    {
        "body": "many reactions",
        "reactions": [{"emoji": chr(0x1F600 + n), "sender_external_id": ""} for n in range(60)],
    },
    {
        "body": "many buttons",
        "reply_markup": {
            "inline_keyboard": [[{"text": f"b{n}", "callback_data": "x"} for n in range(30)]] * 60
        },
    },
    {"reply_markup": {"inline_keyboard": [[{"text": ""}, {}, None], [], None]}},
    {"reply_markup": {"inline_keyboard": "nope"}, "platform_data": {"kind": "callback_query"}},
    {"attachments": [{"id": "a", "type": None, "url": None, "status": None}] * 40},
    {"attachments": [{"id": "b", "type": "file", "url": "javascript:alert(1)", "status": "failed"}]},
    {
        "body": "before time",
        "created_at": "0001-01-01T00:00:00Z",
        "external_posted_at": "0001-01-01T00:00:00Z",
    },
    {
        "body": "after time",
        "created_at": "9999-12-31T23:59:59.999Z",
        "external_posted_at": "9999-12-31T23:59:59.999Z",
        "external_read_at": "9999-12-31T23:59:59.999Z",
        "direction": "outbound",
        "status": "published",
    },
]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with a chat for every hostile text, in every field of it, and with shapes gone wrong."""
    path = tmp_path_factory.mktemp("hostile") / "demo"
    folder = Folder(path, "demo")
    prepare(folder)
    with time_machine.travel(NOW, tick=True), Writer(folder) as writer:
        writes.apply_profiles(writer, [profile(number, text) for number, text in enumerate(STRINGS)])
        for number, text in enumerate(STRINGS):
            writes.set_profile_fault(writer, f"p{number}", clean(text), clean(text))
            facts = ("follower_count", "is_verified_user", "language_code", "muted", text)
            whole = chat(
                number,
                participant_name=text,
                participant_username=text,
                participant_external_id=text or "nobody",
                participant_avatar_url=text,
                external_conversation_id=text,
                metadata=dict.fromkeys(facts, text),
                archived=True,
            )
            _add(writer, whole, messages(whole.id, *every_field(text, whole.id)))
            # Facebook and Instagram lock their composers here, so drafts and sends stand in every state.
            drafts.save(writer, whole.id, clean(text), 0)
            item = sends.queue_send(writer, whole.id, whole.profile_id, {"text": clean(text)}, hold_ms=0)
            sending = outbox.move(writer, item, State.SENDING)
            assert sending
            failed = outbox.item(writer, item.pk)
            assert failed is not None
            assert outbox.move(writer, failed, State.FAILED, title=clean(text), hint=clean(text))
            sends.queue_send(writer, whole.id, whole.profile_id, {"text": clean(text), "file": clean(text)})
            writes.refold_chats(writer, [whole.id])
        count = len(STRINGS)
        for number, body in enumerate(BODIES, count):
            whole = chat(number, participant_name=body[:50])
            _add(writer, whole, messages(whole.id, {"body": body}, {"body": body, "direction": "outbound"}))
        count += len(BODIES)
        nulls = ("participant_name", "participant_username", "participant_avatar_url", "metadata", "archived")
        nothing = chat(count, **dict.fromkeys((*nulls, "external_conversation_id", "last_message_at")))
        _add(writer, nothing, [])
        odd = chat(count + 1, platform="telegram", participant_name="Every Shape")
        _add(writer, odd, messages(odd.id, *ODD))
    return path


def _add(writer: Writer, whole: Chat, found: list[Message]) -> None:
    writes.apply_chats(writer, [whole])
    writes.apply_messages(writer, [writes.MessagePage(whole.id, found, newest=True, history_done=True)])


@pytest.fixture
def folder(hostile: Path, tmp_path: Path) -> Folder:
    """A copy of the hostile cache."""
    shutil.copytree(hostile, tmp_path / "demo")
    return Folder(tmp_path / "demo", "demo")


UNDRAWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b\u2028-\u202e\u2060-\u206f\ufeff]")
"""What no line may hold: controls, lone surrogates, separators, and what turns or hides text."""


def check(strips: Sequence[Strip], width: int, where: str) -> None:
    """The lines can be written to a terminal as they are, and fill its width."""
    for number, strip in enumerate(strips):
        text = strip.text
        line = f"{where}, line {number}: {text!r}"
        assert UNDRAWABLE.search(text) is None, line
        assert strip.cell_length == width >= cell_len(text), line
        assert not any(segment.control for segment in strip), line
        assert not any(segment.style and segment.style.link for segment in strip), line


def screen_lines(agent: Desk) -> list[Strip]:
    """What would be written to the terminal, line by line."""
    return agent.app.screen._compositor.render_strips()


def says(agent: Desk, words: str) -> bool:
    """Whether a line of the screen holds the words."""
    return any(words in strip.text for strip in screen_lines(agent))


def check_screen(agent: Desk, where: str) -> None:
    """Every pane can be written to a terminal as it is."""
    strips = screen_lines(agent)
    assert len(strips) == agent.app.size.height
    check(strips, agent.app.size.width, where)


@pytest.mark.parametrize("size", SIZES)
async def test_every_pane_draws_every_hostile_text(
    folder: Folder, desk: DeskMaker, size: tuple[int, int]
) -> None:
    async with desk(folder, size) as agent:
        check_screen(agent, "list")
        total = agent.read().chats
        assert total == len(STRINGS) + len(BODIES) + 2
        seen = set()
        await press(agent, "enter")
        for _ in range(total):
            shown = agent.inbox.shown
            assert shown is not None
            seen.add(shown.chat.id)
            where = f"{shown.chat.id} {shown.chat.title[:40]!r}"
            check_screen(agent, where)
            # The whole thread, or its last screens where it is long.
            thread = agent.inbox.thread
            region, before = thread.size.region, []
            for page in range(8):
                thread.scroll_by(-thread.size.height, with_cursor=True)
                lines = thread.render_lines(region)
                check(lines, thread.size.width, f"{where}, page {page}")
                if lines == before:
                    break
                before = lines
            await press(agent, "J")
        assert len(seen) == total
        await press(agent, "h", "g", "g")
        chats = agent.inbox.chats
        for _ in range(total):
            check(chats.render_lines(chats.size.region), chats.size.width, "list")
            chats.move_cursor(1)


async def test_a_hostile_paste_is_drawn_as_text_and_kept(folder: Folder, desk: DeskMaker) -> None:
    async with desk(folder, (80, 24)) as agent:
        agent.inbox.chats.point_at(_place(agent, "Every Shape"))
        await press(agent, "enter", "r")
        for text in STRINGS:
            agent.inbox.composer.set_draft("", {})
            agent.app.post_message(events.Paste(text))
            await drawn(agent)
            assert agent.inbox.composer.text == clean(text)
            check_screen(agent, repr(text))


def _place(agent: Desk, name: str) -> tuple[int, int]:
    """Where the chat of a person stands in the list."""
    reader = agent.inbox.session.reader
    found = reader.execute("SELECT sort_at, pk FROM chats WHERE participant_name = ?", (name,)).fetchone()
    return int(found[0]), int(found[1])


@pytest.mark.parametrize("hours", [-12, 0, 14])
async def test_the_first_and_the_last_moment_of_the_calendar_are_drawn_in_every_time_zone(
    folder: Folder, desk: DeskMaker, hours: int
) -> None:
    async with desk(folder, (80, 24)) as agent:
        agent.inbox.thread.zone = timezone(timedelta(hours=hours))
        agent.inbox.chats.point_at(_place(agent, "Every Shape"))
        await press(agent, "enter", "g", "g")
        assert says(agent, "before time")
        check_screen(agent, "first")
        await press(agent, "G")
        assert says(agent, "after time")
        check_screen(agent, "last")


async def test_a_chat_that_has_one_line_of_the_screen_shows_its_newest_words_there(
    folder: Folder, desk: DeskMaker
) -> None:
    old = chat(
        902, platform="facebook", profile_id="p0", participant_name="One Line", last_inbound_at=at(-9999)
    )
    new = chat(903, platform="telegram", profile_id="p2", participant_name="More Lines")
    with time_machine.travel(NOW, tick=True), Writer(folder) as writer:
        writes.apply_profiles(writer, [profile(0, "Acme"), profile(2, "Acme")])
        for each in (old, new):
            _add(writer, each, messages(each.id, {"body": "the newest words"}))
    async with desk(folder, (40, 10)) as agent:
        for name in ("One Line", "More Lines") * 2:
            await agent.open(name)
            await agent.pilot.pause(0.3)
            assert says(agent, "the newest words"), name
            assert not says(agent, "newer below"), name
            await press(agent, "h")


async def test_a_view_at_its_end_stays_there_in_every_size_and_when_it_was_hidden() -> None:
    async with ColumnApp().run_test(size=(20, 12)) as pilot:
        column = pilot.app.query_one(Column)
        for height in (0, 1, 12, 2, 0, 3, 1):
            column.display = height > 0
            column.styles.height = max(height, 1)
            if height == 0:
                await pilot.pause()
                # As when a chat is opened from a list that fills the screen.
                column.show(Lines([Line((number, 0), 3) for number in range(20)]), end=True)
                continue
            await pilot.pause()
            assert shown(column)[-1].strip(" >") == "19.2", height
            assert len(shown(column)) == height
            assert column.at_end


async def test_a_name_of_white_space_leaves_no_row_without_a_name(folder: Folder, desk: DeskMaker) -> None:
    blank = chat(
        900, participant_name="\n \t\n", participant_username=" \n", participant_external_id="id-900"
    )
    lines = chat(901, participant_name="Ana\nBe\tta")
    with time_machine.travel(NOW, tick=True), Writer(folder) as writer:
        for each in (blank, lines):
            _add(writer, each, messages(each.id, {"body": "hello"}))
    async with desk(folder, (80, 24)) as agent:
        await press(agent, "g", "g")
        assert says(agent, "id-900")
        assert says(agent, "Ana Be ta")

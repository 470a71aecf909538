"""What a thread shows of a message: everything that the platform said about it, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC

import pytest
from textual.app import App, ComposeResult

from inbox_tui.core.models import Attachment, Message, Reaction
from inbox_tui.store.items import OutboxItem
from inbox_tui.store.reads import Key
from inbox_tui.store.threads import ThreadRow
from inbox_tui.ui.thread import Thread

UNHURRIED = True
"""What is painted, and how often, is what these tests are about."""

AT = 1_780_315_200_000
MINUTE = 60_000

INBOUND = Message(
    id="m1", chat_id="c1", direction="inbound", status="received", created_at=AT, body="Do you ship?"
)
OWN = replace(INBOUND, id="m2", direction="outbound", status="published", body="Yes, we do.", posted_at=AT)
KEYBOARD = {
    "inline_keyboard": [
        [{"text": "Track order", "callback_data": "t:1"}, {"text": "Shop", "url": "https://acme.example"}]
    ]
}


class Rows:
    """A thread held in memory."""

    def __init__(self, rows: list[ThreadRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.key)

    def after(self, key: Key | None, limit: int, *, inclusive: bool = False) -> list[ThreadRow]:
        return [row for row in self.rows if key is None or row.key > key or (inclusive and row.key == key)][
            :limit
        ]

    def before(self, key: Key | None, limit: int) -> list[ThreadRow]:
        return [row for row in self.rows if key is None or row.key < key][-limit:]

    def total(self) -> int | None:
        return len(self.rows)


class ThreadApp(App[None]):
    def compose(self) -> ComposeResult:
        yield Thread()


def row(message: Message, **more: object) -> ThreadRow:
    return replace(ThreadRow(key=message.position, message=message), **more)


async def drawn(*rows: ThreadRow, platform: str = "instagram", width: int = 80) -> str:
    """The text of a thread that holds these rows."""
    async with ThreadApp().run_test(size=(width, 30)) as pilot:
        thread = pilot.app.query_one(Thread)
        thread.zone = UTC
        thread.platform = platform
        thread.title = "Jane Doe"
        thread.own_ids = frozenset({"acme"})
        thread.show(Rows(list(rows)), end=True)
        await pilot.pause()
        lines = [strip.text[:-1].rstrip() for strip in thread.render_lines(thread.size.region)]
        return "\n".join(line for line in lines if line)


async def test_the_customer_stands_left_and_we_stand_right_with_a_mark() -> None:
    text = await drawn(row(INBOUND), row(replace(OWN, posted_at=AT + MINUTE)))
    customer, own = (line for line in text.splitlines() if "?" in line or "Yes" in line)
    assert customer[7:].startswith("Do you ship?")
    assert own[7:].startswith("   ")
    assert own.endswith("Yes, we do.  ✓")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (replace(OWN, status="pending", posted_at=None), "… sending"),
        (replace(OWN, delivered_at=AT), "✓✓"),
        (replace(OWN, read_at=AT + MINUTE), "✓✓ read 12:01"),
        (replace(OWN, edited_at=AT + MINUTE), "edited 12:01"),
        (
            replace(OWN, status="failed", error_message="window closed"),
            "✗ failed: window closed · ! retry · D discard",
        ),
        (replace(OWN, status="failed"), "the platform gave no reason"),
        (
            replace(OWN, status="failed_waiting_for_retry", error_message="timed out"),
            "the service is still retrying: timed out",
        ),
        (replace(OWN, status="on_its_way"), "on_its_way"),
        (replace(INBOUND, deleted_at=AT, body=None), "message deleted"),
        (replace(INBOUND, is_unsupported=True, body=None), "the platform cannot show this message here"),
        (replace(INBOUND, body=None), "empty message"),
        (replace(INBOUND, cleaned=True), "control characters shown as symbols"),
        (replace(INBOUND, reply_to_external_id="77"), "a message that is not cached"),
        (replace(OWN, external_comment_id="9"), "private reply to comment 9"),
        (
            replace(INBOUND, attachments=(Attachment("a", "image", "https://cdn.example/p.png"),)),
            "[image] cdn.example",
        ),
        (replace(INBOUND, attachments=(Attachment("a", "video", None, "pending"),)), "[video] (pending)"),
        (
            replace(INBOUND, attachments=(Attachment("a", "file", None, "failed"),)),
            "[file] could not be stored",
        ),
        (
            replace(INBOUND, reactions=(Reaction("acme", "❤️", "love"), Reaction("jane", "👍"))),
            "❤️ you  👍 Jane Doe",
        ),
        (replace(OWN, reply_markup=KEYBOARD), " Track order     Shop ↗   "),
        (replace(OWN, reply_markup={"remove_keyboard": True}), "⌨ takes the reply keyboard away"),
        (replace(OWN, reply_markup={"force_reply": True}), "⌨ asks for a reply"),
        (replace(OWN, reply_markup={"keyboard": [["Yes", "No"]]}), "⌨ in place of the customer's keys"),
    ],
)
async def test_a_message_says_what_is_known_of_it(message: Message, words: str) -> None:
    assert words in await drawn(row(message))


async def test_receipts_are_shown_only_where_the_platform_has_them() -> None:
    seen = replace(OWN, delivered_at=AT, read_at=AT)
    assert "read" in await drawn(row(seen), platform="facebook")
    assert "read" not in await drawn(row(seen), platform="telegram")


async def test_a_receipt_on_a_customers_message_is_not_drawn() -> None:
    assert "✓" not in await drawn(row(replace(INBOUND, delivered_at=AT, read_at=AT)))


async def test_a_tap_comes_back_as_the_words_on_the_button() -> None:
    sent = replace(OWN, external_id="5", reply_markup=KEYBOARD)
    tap = replace(
        INBOUND,
        body="t:1",
        platform_data={"kind": "callback_query"},
        reply_to_external_id="5",
        created_at=AT + 1,
    )
    assert "tapped ▸ Track order" in await drawn(row(sent), row(tap, quoted=sent, tapped="Track order"))
    assert "tapped ▸ t:1" in await drawn(row(tap))


async def test_a_reply_quotes_what_it_answers() -> None:
    text = await drawn(row(replace(INBOUND, reply_to_external_id="5"), quoted=OWN))
    assert "┃ Yes, we do." in text


async def test_a_dismissed_failure_offers_nothing_more() -> None:
    failed = replace(OWN, status="failed", error_message="no")
    assert "retry" not in await drawn(row(failed, dismissed=True))


async def test_days_are_divided_and_the_first_unanswered_message_is_marked() -> None:
    late = replace(INBOUND, id="m9", created_at=AT + 26 * 3_600_000, body="Hello?")
    async with ThreadApp().run_test(size=(60, 20)) as pilot:
        thread = pilot.app.query_one(Thread)
        thread.zone = UTC
        thread.unanswered_since = late.created_at
        thread.show(Rows([row(INBOUND), row(late)]), end=True)
        text = [strip.text for strip in thread.render_lines(thread.size.region)]
    lines = [line.strip() for line in text if line.strip()]
    assert sum("──" in line for line in lines) == 3
    assert "unanswered" in lines[lines.index(next(line for line in lines if "Hello?" in line)) - 1]


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("held", "takes it back"),
        ("queued", "… queued"),
        ("sending", "… sending"),
        ("failed", "✗ failed: Too old. Read the chat · ! retry · D discard"),
        ("uncertain", "? uncertain: Too old · ! send again · D discard once you have checked"),
    ],
)
async def test_an_outbox_item_says_how_far_it_has_come(state: str, words: str) -> None:
    why = ("Too old", "Read the chat") if state in ("failed", "uncertain") else ("", "")
    item = OutboxItem(
        pk=1,
        key="k",
        account="a",
        act="send",
        chat_id="c1",
        profile_id="p",
        payload={"text": "On its way"},
        state=state,
        created_at=AT,
        held_until=AT,
        dispatched_at=None,
        attempts=0,
        next_try_at=None,
        title=why[0],
        hint=why[1],
        message_id=None,
        retry_of=None,
        screen=None,
        clock_offset=None,
        with_pk=None,
        done_bytes=0,
    )
    text = await drawn(ThreadRow(key=(1 << 62, "1"), item=item))
    assert "On its way" in text
    assert words in text


def edit(state: str, payload: dict[str, object], *, title: str = "", hint: str = "") -> OutboxItem:
    """An edit of our own message on its way through the outbox."""
    before = {"text": OWN.body, "reply_markup": KEYBOARD}
    return OutboxItem(
        pk=7,
        key="k",
        account="a",
        act="edit",
        chat_id="c1",
        profile_id="p",
        payload={"message_id": OWN.id, "before": before, **payload},
        state=state,
        created_at=AT,
        held_until=None,
        dispatched_at=None,
        attempts=0,
        next_try_at=None,
        title=title,
        hint=hint,
        message_id=None,
        retry_of=None,
        screen=None,
        clock_offset=None,
        with_pk=None,
        done_bytes=0,
    )


NEW_BUTTONS = {"inline_keyboard": [[{"text": "Call me", "callback_data": "call"}]]}


@pytest.mark.parametrize(
    ("pending", "there", "gone"),
    [
        (
            edit("queued", {"text": "Yes, worldwide.", "reply_markup": KEYBOARD}),
            ["Yes, worldwide.", "… editing", "Track order"],
            ["Yes, we do."],
        ),
        (
            edit("sending", {"reply_markup": NEW_BUTTONS}),
            ["Yes, we do.", "Call me", "… changing the buttons"],
            ["Track order"],
        ),
        (
            edit("sending", {"reply_markup": {}}),
            ["Yes, we do.", "… removing the buttons"],
            ["Track order"],
        ),
        (
            edit("queued", {"text": "Yes, worldwide."}, title="No connection", hint="It is tried again"),
            ["Yes, worldwide.", "… editing, waiting: No connection. It is tried again"],
            [],
        ),
        (
            edit("failed", {"text": "Yes, worldwide."}, title="Bad Request: message can't be edited"),
            [
                "Yes, we do.",
                "✗ edit refused: Bad Request: message can't be edited · ! retry · D discard",
                "Track order",
            ],
            ["Yes, worldwide.", "… editing"],
        ),
        (
            edit("uncertain", {"text": "Yes, worldwide."}, title="No answer"),
            ["Yes, we do.", "? uncertain whether it was edited: No answer"],
            ["Yes, worldwide."],
        ),
    ],
)
async def test_an_edit_is_drawn_before_it_is_made_and_taken_back_where_it_is_refused(
    pending: OutboxItem, there: list[str], gone: list[str]
) -> None:
    sent = row(replace(OWN, reply_markup=KEYBOARD), pending=(pending,))
    text = await drawn(sent, platform="telegram", width=100)
    assert [words for words in there if words not in text] == []
    assert [words for words in gone if words in text] == []


async def test_edits_that_wait_are_laid_one_over_the_other() -> None:
    pending = (edit("sending", {"text": "Second."}), edit("queued", {"reply_markup": {}}))
    text = await drawn(row(replace(OWN, reply_markup=KEYBOARD), pending=pending), platform="telegram")
    assert "Second." in text
    assert "Track order" not in text


async def test_a_send_that_waits_shows_its_buttons() -> None:
    item = replace(edit("queued", {}), act="send", payload={"text": "Where is it?", "reply_markup": KEYBOARD})
    text = await drawn(ThreadRow(key=(1 << 62, "1"), item=item))
    assert "Track order" in text


@pytest.mark.parametrize("width", [12, 20, 40, 200])
async def test_every_line_is_as_wide_as_the_pane(width: int) -> None:
    messages = [
        replace(INBOUND, body="word " * 40 + "日本語テキスト" * 9 + "👨‍👩‍👧‍👦" * 7),
        replace(OWN, body="x" * 300, reply_markup=KEYBOARD),
    ]
    async with ThreadApp().run_test(size=(width, 20)) as pilot:
        thread = pilot.app.query_one(Thread)
        thread.show(Rows([row(message) for message in messages]), end=True)
        for _ in range(40):
            widths = {strip.cell_length for strip in thread.render_lines(thread.size.region)}
            assert widths == {width}
            thread.scroll_by(-3, with_cursor=False)


def act(name: str, state: str = "queued", title: str = "", **payload: object) -> OutboxItem:
    """An act on the message `m2`."""
    return replace(edit(state, {"message_id": "m2", **payload}, title=title), act=name)


async def test_a_reaction_on_its_way_stands_for_the_one_that_it_replaces() -> None:
    mine = replace(INBOUND, reactions=(Reaction("acme", emoji="❤️"), Reaction("them", emoji="👍")))
    text = await drawn(row(mine, pending=(act("react", reaction="wow"),)), platform="facebook")
    assert "… 😮 you" in text
    assert "❤️" not in text
    assert "👍 Jane Doe" in text


async def test_a_reaction_that_is_taken_off_is_gone_at_once_and_says_so() -> None:
    mine = replace(INBOUND, reactions=(Reaction("acme", emoji="❤️"),))
    text = await drawn(row(mine, pending=(act("unreact"),)), platform="facebook")
    assert "❤️" not in text
    assert "… taking your reaction off" in text


async def test_a_refused_reaction_is_rolled_back_with_the_platforms_words() -> None:
    mine = replace(INBOUND, reactions=(Reaction("acme", emoji="❤️"),))
    refused = act("react", "failed", "(#100) No matching user found", emoji="🎉")
    text = " ".join((await drawn(row(mine, pending=(refused,)), platform="facebook")).split())
    assert "❤️ you" in text
    assert "reaction 🎉 refused: (#100) No matching user found · ! retry" in text


FILE = {
    "file": "/home/somebody/spool/0f/parcel.png",
    "file_name": "parcel.png",
    "type": "image/png",
    "size": 3_400_000,
    "source": "/home/somebody/parcel.png",
}


def waiting(state: str, payload: dict[str, object], **more: object) -> OutboxItem:
    """A send in a state."""
    return replace(edit(state, {}), act="send", payload=payload, **more)


def unit(*items: OutboxItem) -> ThreadRow:
    """A row of the outbox: one item, or a file and its text."""
    return ThreadRow(key=(1 << 62, "1"), item=items[0], then=items[1] if len(items) > 1 else None)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        (waiting("queued", FILE), "[file] parcel.png 3.4 MB … queued"),
        (waiting("sending", FILE, done_bytes=1_200_000), "… uploading 1.2 of 3.4 MB (35 %)"),
        (waiting("sending", {**FILE, "size": 812}, done_bytes=406), "… uploading 406 of 812 bytes (50 %)"),
        (waiting("sending", FILE, done_bytes=3_400_000), "3.4 MB … sending"),
        (
            waiting("sending", {"media_url": "https://acme.example/p.png"}),
            "[file] https://acme.example/p.png",
        ),
        (waiting("failed", FILE, done_bytes=1_200_000, title="Refused"), "✗ failed: Refused · ! retry"),
    ],
)
async def test_a_file_on_its_way_is_named_and_its_progress_told(item: OutboxItem, words: str) -> None:
    text = " ".join((await drawn(unit(item))).replace("▎", " ").split())
    assert words in text
    assert "/home" not in text
    assert "spool" not in text


async def test_a_file_and_its_text_are_one_unit_with_one_state() -> None:
    text = await drawn(
        unit(waiting("sending", FILE, done_bytes=1_700_000), waiting("queued", {"text": "Is it this one?"}))
    )
    lines = [line.strip(" ▎") for line in text.splitlines() if "──" not in line]
    assert lines[0].endswith("[file] parcel.png 3.4 MB")
    assert lines[1:] == ["Is it this one?", "… uploading 1.7 of 3.4 MB (50 %)"]


async def test_trouble_with_either_part_of_a_unit_is_told() -> None:
    text = await drawn(unit(waiting("queued", FILE), waiting("failed", {"text": "Well?"}, title="Too old")))
    assert "✗ failed: Too old" in text

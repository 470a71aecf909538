"""Comments, private replies and new chats, in the words of the agent."""

from __future__ import annotations

import json
from dataclasses import replace

from textual import events
from textual.widgets import Input

from inbox_tui.core.models import Comment, Post
from inbox_tui.core.text import clean
from inbox_tui.store import answers
from inbox_tui.store.db import Folder
from inbox_tui.store.writer import Writer
from inbox_tui.ui.dialogs.comments import Comments, author
from inbox_tui.ui.dialogs.help import HelpScreen
from inbox_tui.ui.dialogs.new_chat import NewChat
from inbox_tui.ui.editor import Editor
from tests.ui.conftest import NOW, Desk, DeskMaker

from .steps import press, screen_words

AT = round(NOW.timestamp() * 1000)
DAY = 86_400_000


def comment(number: int, age_days: int, body: str = "Do you ship?") -> Comment:
    return Comment(
        id=f"cm{number}",
        external_id=f"x{number}",
        created_at=AT - age_days * DAY,
        body=body,
        author_username=f"fan{number}",
    )


async def with_comments(desk: Desk) -> str:
    """Open the comments of a Facebook page that has a post with three comments; returns the profile."""
    reader = desk.inbox.session.reader
    (profile_id,) = reader.execute("SELECT id FROM profiles WHERE platform = 'facebook'").fetchone()
    await desk.press("C")
    assert isinstance(desk.app.screen, Comments)

    def answer(writer: Writer) -> None:
        post = Post(id="post1", status="published", created_at=AT - 2 * DAY, body="Summer sale")
        answers.keep_posts(writer, profile_id, [post])
        answers.keep_comments(
            writer,
            profile_id,
            "post1",
            [comment(1, 1), comment(2, 8), comment(3, 2, clean("[/b]\x1b[31m hi"))],
        )

    desk.inbox.session.write(answer).result()
    await desk.until(lambda: "@fan1" in desk.screen_text())
    return str(profile_id)


def queued(desk: Desk) -> list[tuple[str, str, dict[str, object]]]:
    rows = desk.inbox.session.reader.execute(
        "SELECT act, state, payload FROM local.outbox ORDER BY pk"
    ).fetchall()
    return [(act, state, json.loads(payload)) for act, state, payload in rows]


async def test_a_comment_is_answered_in_private_after_one_confirmation(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        await at.type("Yes, worldwide")
        await at.press("enter")
        assert "Meta allows one private" in screen_words(at)
        assert queued(at) == []
        await at.press("enter")
        await at.until(lambda: len(queued(at)) == 1)
        act, state, payload = queued(at)[0]
        assert (act, state) == ("private_reply", "held")
        assert payload["text"] == "Yes, worldwide"
        assert payload["comment_id"] == "cm1"
        await at.until(lambda: not isinstance(at.app.screen, Comments))


async def test_a_chat_that_was_asked_for_does_not_come_under_a_dialog_that_is_open_by_then(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        await at.type("Yes")
        await at.press("enter", "enter")
        await at.until(lambda: not isinstance(at.app.screen, Comments))
        await at.until(lambda: at.inbox.shown is not None)
        shown = at.inbox.shown
        assert shown is not None
        await at.press("?")
        assert isinstance(at.app.screen, HelpScreen)
        message_id, title = at.inbox.session.reader.execute(
            "SELECT m.id, c.participant_name FROM messages m JOIN chats c ON c.pk = m.chat "
            "WHERE c.pk != ? AND c.participant_name IS NOT NULL LIMIT 1",
            (shown.pk,),
        ).fetchone()
        with Writer(folder) as writer:
            writer.local.execute("UPDATE outbox SET state = 'accepted', message_id = ?", (message_id,))
        await at.until(lambda: at.says(f"The chat with {title} is there"))
        assert at.inbox.shown is not None
        assert at.inbox.shown.pk == shown.pk


async def test_the_last_line_says_what_enter_and_esc_do_from_where_one_is(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        assert "⏎ to its comments · j/k move · Esc close" in screen_words(at)
        lines = at.screen_text().splitlines()
        (first,) = [number for number, line in enumerate(lines) if "@fan1" in line]
        assert "────" in lines[first - 1], "a line stands between the posts and the comments"
        await at.press("enter")
        assert "⏎ answer privately · j/k move · Esc to the posts" in screen_words(at)
        await at.press("enter")
        assert "⏎ send · Esc to the comments; the text is kept" in screen_words(at)
        await at.press("escape")
        assert "⏎ answer privately" in screen_words(at)


def test_whom_only_a_number_names_is_told_apart_without_reading_it() -> None:
    nameless = replace(comment(1, 1), author_username=None, author_external_id="24065505406803493")
    assert author(nameless) == "somebody (…3493)"
    assert author(replace(nameless, author_name="Ada Brook")) == "Ada Brook"
    assert author(replace(nameless, author_external_id=None)) == "somebody"


async def test_enter_right_behind_the_last_letter_asks_and_goes_on_asking(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        for character in "Yes":
            at.app.post_message(events.Key(character, character))
        at.app.post_message(events.Key("enter", None))
        await at.pilot.pause(0.1)
        assert "Enter again sends this" in screen_words(at)
        await at.type("!")
        assert "Enter again sends this" not in screen_words(at)
        assert queued(at) == []


async def test_what_is_typed_at_once_behind_the_enter_that_opens_a_field_is_text(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        # h, j, k, l and q mean something in the lists.
        await press(at, "enter", "enter", *"hjklq")
        reply = at.app.screen.query_one("#private-reply", Editor)
        assert reply.text == "hjklq"
        await press(at, "x", "escape", "enter")
        assert reply.text == "hjklqx"
        await press(at, "escape", "escape", "escape")
        await press(at, "c", "enter", *"hjklq")
        assert isinstance(at.app.screen, NewChat)
        assert at.app.screen.query_one("#participant", Input).value == "hjklq"


async def test_a_comment_that_is_too_old_says_why_and_takes_no_text(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "j", "enter")
        assert "older than 7 days" in screen_words(at)
        await at.type("text")
        assert queued(at) == []


async def test_what_was_typed_to_a_comment_is_there_again(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        await at.type("half a sen")
        await at.press("escape", "escape", "escape")
        assert not isinstance(at.app.screen, Comments)
        await at.press("C")
        await at.until(lambda: "@fan1" in at.screen_text())
        await at.press("enter", "enter")
        await at.until(lambda: "half a sen" in at.screen_text())


async def test_a_comment_with_its_reply_is_said_to_be_answered(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        await at.type("Yes")
        await at.press("enter", "enter")
        await at.until(lambda: len(queued(at)) == 1)
        await at.until(lambda: not isinstance(at.app.screen, Comments))
        await at.press("C")
        await at.until(lambda: "answered privately just now" in at.screen_text())
        await at.press("enter", "enter")
        assert "has had its private reply" in screen_words(at)


async def test_the_field_says_who_is_answered_and_what_they_wrote(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        await at.press("enter", "enter")
        assert "Private reply to @fan1 · “Do you ship?”" in at.screen_text()


async def test_another_post_is_never_chosen_over_a_reply_to_this_one(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        profile_id = await with_comments(at)

        def answer(writer: Writer) -> None:
            posts = [
                Post(
                    id=f"post{number}",
                    status="published",
                    created_at=AT - number * DAY,
                    body=f"Sale {number}",
                )
                for number in (1, 2)
            ]
            answers.keep_posts(writer, profile_id, posts)
            answers.keep_comments(writer, profile_id, "post1", [comment(1, 1)])
            answers.keep_comments(writer, profile_id, "post2", [comment(9, 1)])

        at.inbox.session.write(answer).result()
        await at.until(lambda: "Sale 2" in at.screen_text())
        await at.press("k", "k", "enter", "enter")
        assert "Private reply to @fan1" in at.screen_text()
        await at.type("half")
        await at.press("tab", "j")
        await at.until(lambda: "@fan9" in at.screen_text())
        assert "Private reply" not in at.screen_text()
        await at.press("k", "enter", "enter")
        await at.until(lambda: "half" in at.screen_text())


async def test_the_cursor_stays_on_its_comment_when_others_come(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        profile_id = await with_comments(at)
        await at.press("enter")

        def answer(writer: Writer) -> None:
            later = [comment(4, 0, "Newer"), comment(1, 1), comment(2, 8), comment(3, 2)]
            answers.keep_comments(writer, profile_id, "post1", later)

        at.inbox.session.write(answer).result()
        await at.until(lambda: "@fan4" in at.screen_text())
        await at.press("enter")
        assert "Private reply to @fan1" in at.screen_text()


async def test_the_text_of_a_comment_does_not_touch_the_terminal(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        await with_comments(at)
        assert "\x1b" not in at.screen_text()
        assert "[/b]␛[31m hi" in at.screen_text()


async def test_a_new_chat_says_who_can_be_written_to_before_anything_is_typed(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await at.press("c")
        assert isinstance(at.app.screen, NewChat)
        seen = set()
        for _ in range(4):
            text = screen_words(at)
            seen |= {word for word in ("within 24 hours", "press Start", "DID (did:plc:") if word in text}
            await at.press("j")
        assert seen == {"within 24 hours", "press Start", "DID (did:plc:"}
        assert queued(at) == []


async def test_a_handle_is_refused_on_bluesky_and_a_did_begins_the_chat(
    desk: DeskMaker, folder: Folder
) -> None:
    async with desk(folder) as at:
        await at.press("c")
        while "DID (did:plc:" not in screen_words(at):
            await at.press("j")
        await at.press("enter")
        await at.type("jane.bsky.social")
        await at.press("enter")
        assert "not the handle" in screen_words(at)
        assert queued(at) == []
        for _ in range(20):
            await at.press("backspace")
        await at.type("did:plc:abc234567")
        await at.press("tab")
        await at.type("Jane Doe")
        await at.press("tab")
        await at.type("@jane.bsky.social")
        await at.press("enter")
        await at.until(lambda: [act for act, _, _ in queued(at)] == ["new_chat"])
        assert queued(at)[0][2] == {
            "participant": "did:plc:abc234567",
            "participant_name": "Jane Doe",
            "participant_username": "jane.bsky.social",
        }


async def test_somebody_who_has_a_chat_already_is_gone_to(desk: DeskMaker, folder: Folder) -> None:
    async with desk(folder) as at:
        reader = at.inbox.session.reader
        person, title = reader.execute(
            "SELECT participant_external_id, participant_name FROM chats WHERE platform = 'bluesky' "
            "AND participant_name IS NOT NULL ORDER BY sort_at LIMIT 1"
        ).fetchone()
        await at.press("c")
        while "DID (did:plc:" not in screen_words(at):
            await at.press("j")
        await at.press("enter")
        await at.type(person)
        await at.press("enter")
        await at.until(lambda: at.inbox.shown is not None and at.inbox.shown.chat.title == title)
        assert queued(at) == []

"""The comments under the posts of the business, and the one private reply that each may have."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.timer import Timer
from textual.widgets import OptionList, Static, TextArea
from textual.widgets.option_list import Option

from inbox_tui.core.capabilities import Act, Answer, Refused, ask
from inbox_tui.core.cells import preview, shorten
from inbox_tui.core.errors import InboxError
from inbox_tui.core.limits import measure
from inbox_tui.core.models import Comment, Milliseconds, Profile
from inbox_tui.core.snippets import typed_blank
from inbox_tui.core.times import age, ago
from inbox_tui.store import fetched, screens
from inbox_tui.store.acts import ActName, comment_chat, queue_act
from inbox_tui.store.db import now_ms
from inbox_tui.store.fetched import CommentRow, PostRow
from inbox_tui.store.items import OutboxItem
from inbox_tui.ui.dialogs.dialog import ALONG
from inbox_tui.ui.dialogs.fields import FieldDialog, Kept
from inbox_tui.ui.editor import Editor
from inbox_tui.ui.platforms import platform_code
from inbox_tui.ui.session import Session

HIGHLIGHT_SECONDS = 0.06
POST_CELLS, COMMENT_CHARACTERS, TITLE_CHARACTERS = 60, 300, 60
NUMBER_END = 4


class Comments(FieldDialog[int | None]):
    """Posts, their comments, and a field for the reply. Returns the outbox item of a reply, or None.

    Everything is drawn from the cache at once; what the engine is asked for comes in as it arrives.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        *ALONG,
        ("r,l,right", "go", "Reply"),
        ("h,left,q", "back", "Back"),
    ]
    KEYS: ClassVar[dict[str, str]] = {"enter": "action_go", "escape": "action_back"}

    def __init__(self, session: Session, profiles: Sequence[Profile]) -> None:
        """`profiles`: those whose platform has private replies."""
        super().__init__()
        self._session = session
        self._profiles = {profile.id: profile for profile in profiles}
        self._posts: list[tuple[Profile, PostRow]] = []
        self._comments: list[CommentRow] = []
        self._post: tuple[Profile, PostRow] | None = None
        self._kept: Kept | None = None
        self._answering: CommentRow | None = None
        self._sure_of: str | None = None
        """The text with which the person was told what a private reply is; the next Enter sends just that."""
        self._opened_at = now_ms()
        self._asked: set[str] = set()
        self._highlighted: Timer | None = None

    def compose(self) -> ComposeResult:
        """Posts above, comments below, the reply at the end."""
        with Vertical(id="comments") as box:
            box.border_title = Content("Comments")
            yield Static(id="posts-notice")
            yield OptionList(id="post-list")
            yield Static(id="comments-notice")
            yield OptionList(id="comment-list")
            yield Editor(id="private-reply", compact=True, highlight_cursor_line=False)
            yield Static(id="reply-notice")
            yield Static(id="comments-keys")

    def on_mount(self) -> None:
        """Draw what is cached, and have the posts asked for."""
        self.query_one(Editor).display = False
        for profile_id in self._profiles:
            self._session.do(screens.need, "posts", profile_id)
        self._read_posts()
        self.set_focus(self._post_list)
        super().on_mount()

    @property
    def _post_list(self) -> OptionList:
        return self.query_one("#post-list", OptionList)

    @property
    def _comment_list(self) -> OptionList:
        return self.query_one("#comment-list", OptionList)

    def store_changed(self) -> None:
        """Posts or comments came, or a reply moved on."""
        self._read_posts()
        self._read_comments()

    # Reading.

    def _read_posts(self) -> None:
        reader = self._session.reader
        posts = [
            (profile, row) for profile in self._profiles.values() for row in fetched.posts(reader, profile.id)
        ]
        posts.sort(key=lambda pair: (-pair[1].post.created_at, pair[1].post.id))
        chosen = self._post
        if posts != self._posts:
            self._posts = posts
            words = {f"{profile.id}/{row.post.id}": self._post_words(profile, row) for profile, row in posts}
            self._fill(self._post_list, words)
        if posts and chosen is None:
            self._choose(0)
        elif chosen is not None:
            same = [pair for pair in posts if pair[1].post.id == chosen[1].post.id and pair[0] == chosen[0]]
            self._post = same[0] if same else chosen
        self._say("#posts-notice", self._about_posts())

    def _about_posts(self) -> str:
        lines = []
        for profile in self._profiles.values():
            known = fetched.record(self._session.reader, "posts", profile.id)
            if known is not None and known.fault:
                lines.append(f"{platform_code(profile.platform)} {profile.name}: {known.fault}")
            elif known is None or known.fetched_at < self._opened_at:
                lines.append(f"{platform_code(profile.platform)} {profile.name}: fetching the posts…")
        if not lines and not self._posts:
            return "No published posts"
        return "\n".join(lines[:3])

    def _post_words(self, profile: Profile, row: PostRow) -> Content:
        count = "" if row.comments is None else f" · {row.comments} comments"
        return Content.assemble(
            (f"{platform_code(profile.platform)} {profile.name}", "bold"),
            f" · {age(self._now() - row.post.created_at)} · ",
            shorten(preview(row.post.body or "without text"), POST_CELLS),
            (count, "dim"),
        )

    def _choose(self, number: int) -> None:
        """Show the comments of a post, and have them asked for once while the dialog is open."""
        profile, row = self._posts[number]
        self._post = (profile, row)
        self._comments = []
        subject = f"{profile.id}/{row.post.id}"
        if subject not in self._asked:
            self._asked.add(subject)
            self._session.do(screens.need, "comments", subject)
        self._read_comments()

    def _read_comments(self) -> None:
        if self._post is None:
            return
        profile, row = self._post
        reader = self._session.reader
        comments = fetched.comments(reader, profile.id, row.post.id)
        if comments != self._comments or not comments:
            self._comments = comments
            self._fill(self._comment_list, {each.comment.id: self._comment_words(each) for each in comments})
        known = fetched.record(reader, "comments", f"{profile.id}/{row.post.id}")
        if known is not None and known.fault:
            self._say("#comments-notice", known.fault)
        elif known is None or known.fetched_at < self._opened_at:
            self._say("#comments-notice", "fetching the comments…")
        else:
            self._say("#comments-notice", "" if comments else "No comments")

    def _comment_words(self, row: CommentRow) -> Content:
        comment, now = row.comment, self._now()
        at = comment.created_at if comment.posted_at is None else comment.posted_at
        answer = self._answer(row)
        if row.replied_at is not None:
            state = f" · answered privately {ago(now - row.replied_at)}"
        else:
            state = " · too old to answer privately" if isinstance(answer, Refused) else ""
        files = "".join(f" [{attachment.type}]" for attachment in comment.attachments)
        return Content.assemble(
            "  ↳ " if row.parent_id else "",
            (author(comment), "bold"),
            f" · {age(now - at)} · ",
            shorten(preview(comment.body or "", COMMENT_CHARACTERS), COMMENT_CHARACTERS) + files,
            (" · hidden" if comment.is_hidden else "", "dim"),
            (state, "$text-success" if row.replied_at is not None else "dim"),
        )

    def _fill(self, options: OptionList, rows: Mapping[str, Content]) -> None:
        """Replace the rows, by their ids; the cursor stays on its row, or where that one was."""
        at = options.highlighted
        before = None if at is None else options.get_option_at_index(at).id
        options.clear_options()
        options.add_options([Option(words, id=name) for name, words in rows.items()])
        if before is not None and before in rows:
            options.highlighted = list(rows).index(before)
        else:
            options.highlighted = min(at or 0, len(rows) - 1) if rows else None

    def _say(self, selector: str, words: str, *, error: bool = False) -> None:
        notice = self.query_one(selector, Static)
        notice.update(Content(words).stylize("$text-error" if error else "$text-warning"))
        notice.display = bool(words)

    def _now(self) -> Milliseconds:
        return self._session.clock.now()

    # Going on and back.

    @on(OptionList.OptionHighlighted, "#post-list")
    def _post_highlighted(self) -> None:
        """The comments follow the cursor after a short rest."""
        if self._highlighted is not None:
            self._highlighted.stop()
        self._highlighted = self.set_timer(HIGHLIGHT_SECONDS, self._choose_highlighted)

    def _choose_highlighted(self) -> None:
        # Where the cursor is by now: keys and other posts may have come since.
        number = self._post_list.highlighted
        if isinstance(self.focused, Editor) or number is None or self._posts[number] == self._post:
            return
        if self._answering is not None:
            self._leave()
        self._choose(number)

    def action_go(self) -> None:
        """From the posts to the comments, from a comment to the reply, from the reply to its sending."""
        if self.focused is self._post_list:
            if self._post_list.highlighted is not None and self._posts:
                self._choose(self._post_list.highlighted)
                self.set_focus(self._comment_list)
        elif self.focused is self._comment_list:
            if self._comment_list.highlighted is not None and self._comments:
                self._begin(self._comments[self._comment_list.highlighted])
        else:
            self._submit()

    def action_back(self) -> None:
        """One step back; out of the first the dialog closes."""
        self._sure_of = None
        self._say("#reply-notice", "")
        if self.focused is self._comment_list:
            self.set_focus(self._post_list)
        elif isinstance(self.focused, Editor):
            self._leave()
            self.set_focus(self._comment_list)
        else:
            self.dismiss(None)

    # Answering.

    def _answer(self, row: CommentRow) -> Answer:
        assert self._post is not None
        return ask(
            Act.PRIVATE_REPLY,
            None,
            now=self._now(),
            profile=self._post[0],
            comment=row.comment,
            replied=row.replied_at is not None,
        )

    def _begin(self, row: CommentRow) -> None:
        """Into the field, with what was typed there before, or why not."""
        answer = self._answer(row)
        if isinstance(answer, Refused):
            self._say("#reply-notice", answer.reason, error=True)
            return
        self._answering = row
        editor = self.query_one(Editor)
        self._kept = Kept(self._session, self, comment_chat(row.comment.id), lambda: editor.text)
        editor.load_text(self._kept.found)
        editor.move_cursor(editor.document.end)
        words = preview(row.comment.body or "", TITLE_CHARACTERS) or "a comment without text"
        editor.border_title = Content(f"Private reply to {author(row.comment)} · “{words}”")
        editor.display = True
        self.set_focus(editor)
        self._say("#reply-notice", "")

    @on(events.DescendantFocus)
    def _focus_moved(self) -> None:
        """Whoever goes from the field to a list leaves the reply: only what is chosen there is answered."""
        # Keys may have gone on since: what counts is where the focus is now.
        if self._answering is not None and isinstance(self.focused, OptionList):
            self._leave()
        self._draw_keys()

    def _draw_keys(self) -> None:
        """What ⏎ and Esc do from where the focus is: three steps in, and three out."""
        if self.focused is self._post_list:
            words = "⏎ to its comments · j/k move · Esc close"
        elif self.focused is self._comment_list:
            words = "⏎ answer privately · j/k move · Esc to the posts"
        else:
            words = "⏎ send · Esc to the comments; the text is kept"
        self.query_one("#comments-keys", Static).update(Content(words).stylize("dim"))

    def _leave(self) -> None:
        if self._kept is not None:
            self._kept.leave()
        self._answering = self._kept = self._sure_of = None
        self._say("#reply-notice", "")
        self.query_one(Editor).display = False

    @on(TextArea.Changed, "#private-reply")
    def _typed(self) -> None:
        if self._kept is not None and self._answering is not None:
            self._kept.typed()
        # This may tell of letters that were there before Enter was pressed.
        if self._sure_of is not None and self._sure_of != self.query_one(Editor).text:
            self._sure_of = None
            self._say("#reply-notice", "")

    def _submit(self) -> None:
        """Ask once, then put the reply into the outbox."""
        row, text = self._answering, self.query_one(Editor).text
        if row is None or self._post is None:
            return
        profile = self._post[0]
        answer, length = self._answer(row), measure(profile.platform, text)
        if isinstance(answer, Refused):
            self._say("#reply-notice", answer.reason, error=True)
        elif not text.strip():
            self._say("#reply-notice", "Nothing to send", error=True)
        elif length.limit is not None and length.over:
            self._say("#reply-notice", f"{length.excess} too long; nothing was sent", error=True)
        elif self._sure_of != text:
            self._sure_of = text
            words = (
                f"Enter again sends this from {profile.name} to {author(row.comment)}, as a direct message. "
                "Meta allows one private reply to a comment, ever."
            )
            if (blank := typed_blank(text)) is not None:
                words = f"{blank} looks like a blank. {words}"
            self._say("#reply-notice", words)
        else:
            self._queue(profile, self._post[1], row.comment, text)

    def _queue(self, profile: Profile, post: PostRow, comment: Comment, text: str) -> None:
        key = comment_chat(comment.id)
        payload = {
            "post_id": post.post.id,
            "comment_id": comment.id,
            "comment_external_id": comment.external_id,
            "text": text,
        }
        if self._kept is not None:
            self._kept.save()
        self.query_one(Editor).read_only = True
        write = self._session.write(
            queue_act,
            ActName.PRIVATE_REPLY,
            key,
            profile.id,
            payload,
            screen=os.getpid(),
            from_draft=key,
        )
        self.begun.wait_for(self._queued(write))

    async def _queued(self, write: Future[OutboxItem]) -> None:
        """Close when the reply is safe in the outbox; the text stays where it could not be put there."""
        try:
            item = await asyncio.wrap_future(write)
        except InboxError as error:
            self.query_one(Editor).read_only = False
            self._say("#reply-notice", f"{error.title}. {error.hint or ''}".strip(), error=True)
        else:
            self.dismiss(item.pk)


def author(comment: Comment) -> str:
    """Who wrote a comment: @username, else name; of a mere number its end, which tells two people apart."""
    if comment.author_username:
        return f"@{comment.author_username}"
    if comment.author_name or not comment.author_external_id:
        return comment.author_name or "somebody"
    return f"somebody (…{comment.author_external_id[-NUMBER_END:]})"

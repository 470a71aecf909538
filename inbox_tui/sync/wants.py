"""Live records, posts and comments: asked of the API when a person wants them, and never by themselves.

What comes back goes into the tables that `store.fetched` reads; what cannot be had leaves its reason there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from inbox_tui.api.client import Client
from inbox_tui.core.errors import InboxError, Refused
from inbox_tui.core.models import Chat, Comment, Message, Milliseconds, Page, Post, Rejected
from inbox_tui.store import answers, writes
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync.jobs import Apply, Fetch, Outcome
from inbox_tui.sync.messages import stated_at

Item = TypeVar("Item", Post, Comment)

KINDS = ("record", "posts", "comments")
"""Kinds of wants that are carried out here (`screens.need`)."""
PAGE = 100
MOST_POSTS, MOST_COMMENTS = 100, 500
"""How many are asked for: the newest."""
PUBLISHED = ("published", "processed", "")
"""How the service calls a post that is out; some targets do not say."""


@dataclass(frozen=True, slots=True)
class Question:
    """A want in parts. `kind` and `id` are the key of its row in the table `records`."""

    kind: str
    id: str

    @staticmethod
    def of(name: str) -> Question | None:
        """The question of a want named `<kind>/<subject>`; None where it is none that can be asked."""
        want, _, subject = name.partition("/")
        kind, _, identity = subject.partition(":")
        if want == "record" and kind in ("message", "chat") and identity:
            return Question(kind, identity)
        if want == "posts" and subject:
            return Question(want, subject)
        if want == "comments" and all(subject.partition("/")):
            return Question(want, subject)
        return None


@dataclass(slots=True)
class Wants:
    """Makes the requests and keeps the answers; `group` gives the profile group of a profile."""

    writer: Writer
    group: Callable[[str], str | None]

    def fetch(self, client: Client, name: str) -> Fetch | None:
        """The request for a want; None where it cannot be understood, or is about nothing that is known."""
        question = Question.of(name)
        if question is None:
            return None
        if question.kind == "posts":
            return self._fetch_posts(client, question.id)
        if question.kind == "comments":
            profile_id, _, post_id = question.id.partition("/")
            return self._fetch_comments(client, profile_id, post_id)
        return self._fetch_record(client, question)

    def failed(self, name: str, error: InboxError) -> None:
        """Keep why a want cannot be carried out."""
        question = Question.of(name)
        if question is not None:
            answers.keep_fault(self.writer, question.kind, question.id, str(error))

    def unknown(self, name: str) -> None:
        """Keep that a want is about nothing that is cached."""
        self.failed(name, Refused("This is not in the cache", "Sync first; it may have been removed"))

    def _fetch_record(self, client: Client, question: Question) -> Fetch | None:
        of_message = question.kind == "message"
        row = self.writer.cache.execute(
            "SELECT c.profile_id FROM messages m JOIN chats c ON c.pk = m.chat WHERE m.id = ?"
            if of_message
            else "SELECT profile_id FROM chats WHERE id = ?",
            (question.id,),
        ).fetchone()
        if row is None:
            return None
        group = self.group(str(row[0]))
        ask = client.get_live_message if of_message else client.get_live_chat

        def fetch() -> Apply:
            started = time.monotonic()
            value, record = ask(question.id, profile_group_id=group)
            at = stated_at(client, started)
            return lambda: self._keep_record(question, value, record, at)

        return fetch

    def _keep_record(
        self, question: Question, value: object, record: Chat | Message | Rejected, at: Milliseconds | None
    ) -> Outcome:
        # First what it says: where the message is deleted, its words are kept nowhere.
        if isinstance(record, Message):
            writes.apply_messages(self.writer, [MessagePage(record.chat_id, [record], stated_at=at)])
        elif isinstance(record, Chat):
            writes.apply_chats(self.writer, [record])
        answers.keep_record(self.writer, question.kind, question.id, value)
        return Outcome()

    def _fetch_posts(self, client: Client, profile_id: str) -> Fetch | None:
        row = self.writer.cache.execute(
            "SELECT platform FROM profiles WHERE id = ?", (profile_id,)
        ).fetchone()
        if row is None:
            return None
        platform, group = str(row[0]), self.group(profile_id)

        def fetch() -> Apply:
            def page(number: int) -> Page[Post]:
                return client.list_posts(
                    page=number,
                    per_page=PAGE,
                    status="published",
                    platform=platform,
                    profile_group_id=group,
                )

            posts, rejected = _list(page, MOST_POSTS)
            own = [post for post in posts if _is_out(post, profile_id, platform)]

            def apply() -> Outcome:
                writes.quarantine(self.writer, f"posts of {profile_id}", rejected)
                answers.keep_posts(self.writer, profile_id, own)
                return Outcome()

            return apply

        return fetch

    def _fetch_comments(self, client: Client, profile_id: str, post_id: str) -> Fetch:
        group = self.group(profile_id)

        def fetch() -> Apply:
            def page(number: int) -> Page[Comment]:
                return client.list_comments(
                    post_id, profile_id=profile_id, page=number, per_page=PAGE, profile_group_id=group
                )

            comments, rejected = _list(page, MOST_COMMENTS)

            def apply() -> Outcome:
                writes.quarantine(self.writer, f"comments of {post_id}", rejected)
                answers.keep_comments(self.writer, profile_id, post_id, comments)
                return Outcome()

            return apply

        return fetch


def _is_out(post: Post, profile_id: str, platform: str) -> bool:
    """Whether a post was published on a profile; a target that names none is meant by its platform."""
    return any(
        target.platform == platform and target.profile_id in (None, profile_id) and target.status in PUBLISHED
        for target in post.targets
    )


def _list(page: Callable[[int], Page[Item]], most: int) -> tuple[list[Item], list[Rejected]]:
    """The newest `most` of a list, page by page, and the records of it that cannot be read."""
    found: dict[str, Item] = {}
    rejected: list[Rejected] = []
    seen = number = 0
    while seen < most:
        answer = page(number)
        number += 1
        count = len(answer.items) + len(answer.rejected)
        seen += count
        # Numbers shift while new ones arrive: then some come twice.
        found |= {item.id: item for item in answer.items if item.id not in found}
        rejected += answer.rejected
        size = min(answer.per_page, PAGE) or PAGE
        if count == 0 or (seen >= answer.total if answer.total is not None else count < size):
            break
    return list(found.values())[:most], rejected

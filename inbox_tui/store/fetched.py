"""What was asked of the network once: live records, posts, comments and files of messages.

A screen asks with `screens.need`, the engine answers here and removes the want:

    need("record", "message:<id>") or ("record", "chat:<id>")    → record(reader, "message", id)
    need("posts", "<profile id>")                                → posts(reader, profile_id)
    need("comments", "<profile id>/<post id>")                   → comments(reader, profile_id, post_id)
    need("media", "<message id>/<attachment id>")                → media(reader, [attachment_id])

What could not be had leaves its reason instead: `record(reader, "posts", profile_id)` and
`record(reader, "comments", "<profile id>/<post id>")` tell when those lists were asked for last, and a
`fault`. Nothing here is asked for twice by itself.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

from inbox_tui.core.models import Attachment, Comment, Milliseconds, Post, PostTarget
from inbox_tui.store.db import in_lists
from inbox_tui.store.records import dump


class MediaState(StrEnum):
    """How far a file of a message is."""

    WANTED = "wanted"
    """Asked for; the engine has not begun."""
    FETCHING = "fetching"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class LiveRecord:
    """An answer of the API as it came: JSON over several lines, every character escaped that clean text
    may not hold; None where there is none, and `fault` says why."""

    json: str | None
    fetched_at: Milliseconds
    fault: str


def record(reader: sqlite3.Connection, kind: str, record_id: str) -> LiveRecord | None:
    """What became of a question (see the module), None where nobody has asked, or it is on its way.

    `kind`: `message`, `chat`, `posts` or `comments`.
    """
    row = reader.execute(
        "SELECT json, fetched_at, fault FROM main.records WHERE kind = ? AND id = ?", (kind, record_id)
    ).fetchone()
    return None if row is None else LiveRecord(*row)


@dataclass(frozen=True, slots=True)
class PostRow:
    """A published post of a profile. `comments_at`: when its comments were last asked for, None: never.

    `comments`: how many comments and replies to them are known, None as long as nobody has asked.
    """

    post: Post
    comments_at: Milliseconds | None
    comments: int | None
    fault: str
    """Why its comments could not be had."""


def posts(reader: sqlite3.Connection, profile_id: str) -> list[PostRow]:
    """The posts of a profile, newest first."""
    rows = reader.execute(
        "SELECT p.json, r.fetched_at, r.fault, (SELECT count(*) FROM main.comments c "
        "WHERE c.profile_id = p.profile_id AND c.post_id = p.id) FROM main.posts p "
        "LEFT JOIN main.records r ON r.kind = 'comments' AND r.id = p.profile_id || '/' || p.id "
        "WHERE p.profile_id = ? ORDER BY p.created_at DESC, p.id",
        (profile_id,),
    )
    return [
        PostRow(_post_of(text), at, None if at is None else int(count), fault or "")
        for text, at, fault, count in rows
    ]


@dataclass(frozen=True, slots=True)
class CommentRow:
    """A comment or a reply to one; its own `replies` are rows of their own behind it.

    `parent_id`: the comment that it replies to. `replied_at`: when it was answered in private, as far as
    the cache and the outbox know; a reply on its way counts from when it was written.
    """

    comment: Comment
    post_id: str
    parent_id: str | None
    replied_at: Milliseconds | None


def comments(reader: sqlite3.Connection, profile_id: str, post_id: str) -> list[CommentRow]:
    """The comments of a post on a profile, newest first; behind each the replies to it, oldest first."""
    rows = reader.execute(
        "SELECT c.json, c.parent_id, coalesce("
        "(SELECT min(m.position_at) FROM main.messages m WHERE m.external_comment_id = c.external_id "
        "AND m.direction = 'outbound' AND m.status != 'failed'), "
        "(SELECT min(o.created_at) FROM local.outbox o WHERE o.chat_id = 'comment:' || c.id "
        "AND o.state NOT IN ('failed', 'discarded'))) FROM main.comments c "
        "WHERE c.profile_id = ? AND c.post_id = ? ORDER BY c.place",
        (profile_id, post_id),
    )
    return [CommentRow(_comment_of(text), post_id, parent, at) for text, parent, at in rows]


def comment(reader: sqlite3.Connection, profile_id: str, comment_id: str) -> Comment | None:
    """One comment, or a reply to one, without the replies to it; None where it was not asked for."""
    row = reader.execute(
        "SELECT json FROM main.comments WHERE profile_id = ? AND id = ?", (profile_id, comment_id)
    ).fetchone()
    return None if row is None else _comment_of(row[0])


def find_comments(reader: sqlite3.Connection, post_id: str, name: str) -> list[tuple[str, Comment]]:
    """(profile, comment) of a post by the comment's hashid, or by the platform's id."""
    rows = reader.execute(
        "SELECT profile_id, json FROM main.comments WHERE post_id = ?1 AND (id = ?2 OR external_id = ?2)",
        (post_id, name),
    )
    return [(str(profile_id), _comment_of(text)) for profile_id, text in rows]


@dataclass(frozen=True, slots=True)
class MediaRow:
    """A file of a message: its state, and where it stands once it is `ready`.

    `name` is safe and ends as its `type` does, which is the content's; `size` in bytes, None while it is
    not known; `fault` says why it `failed`. `path` may have gone since: then it has to be asked for again.
    """

    attachment_id: str
    message_id: str
    state: str
    path: Path | None
    name: str
    type: str
    size: int | None
    done_bytes: int
    fault: str


def media(reader: sqlite3.Connection, attachment_ids: Sequence[str]) -> dict[str, MediaRow]:
    """What is known of files, by attachment id; those that nobody asked for are not in it."""
    found: dict[str, MediaRow] = {}
    if not attachment_ids:
        return found
    folder = media_folder(reader)
    for places, values in in_lists(attachment_ids):
        for identity, message_id, state, file, *rest in reader.execute(
            "SELECT attachment_id, message_id, state, file, name, type, size, done_bytes, fault "
            f"FROM main.media WHERE attachment_id IN ({places})",
            values,
        ):
            path = None if file is None else folder / file
            found[identity] = MediaRow(identity, message_id, state, path, *rest)
    return found


def media_folder(reader: sqlite3.Connection) -> Path:
    """The folder of fetched files that belongs to a connection to `cache.db`."""
    (_, _, cache) = reader.execute("PRAGMA main.database_list").fetchone()
    return Path(cache).parent / "media"


def post_text(post: Post) -> str:
    """A post as the text of its row."""
    return dump(asdict(post))


def comment_text(comment: Comment) -> str:
    """A comment as the text of its row, without the replies to it."""
    return dump(asdict(replace(comment, replies=())))


def _post_of(text: str) -> Post:
    values = json.loads(text)
    return Post(**values | {"targets": tuple(PostTarget(**each) for each in values["targets"])})


def _comment_of(text: str) -> Comment:
    values = json.loads(text)
    files = tuple(Attachment(**each) for each in values["attachments"])
    return Comment(**values | {"attachments": files, "replies": ()})

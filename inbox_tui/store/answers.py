"""What the engine was told when it asked for a live record, posts or comments; read by `store.fetched`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from inbox_tui.core.escaping import escaped_json
from inbox_tui.core.models import Comment, Post
from inbox_tui.store.db import now_ms, transaction
from inbox_tui.store.fetched import comment_text, post_text

if TYPE_CHECKING:
    from inbox_tui.store.writer import Writer

_GONE: Mapping[str, object] = {
    "body": None,
    "error_message": None,
    "platform_data": None,
    "reply_markup": None,
    "attachments": [],
}
"""What of a deleted message is not kept, whatever the API still says of it."""
_STAYS = frozenset(
    {
        "id",
        "chat_id",
        "external_id",
        "direction",
        "status",
        "external_comment_id",
        "external_posted_at",
        "external_delivered_at",
        "external_read_at",
        "external_edited_at",
        "external_deleted_at",
        "reply_to_external_id",
        "is_unsupported",
        "created_at",
    }
)


def keep_record(writer: Writer, kind: str, record_id: str, value: object) -> None:
    """Keep the record of a `message` or a `chat` as it came, escaped; of a deleted one no words."""
    with transaction(writer.cache):
        deleted = writer.cache.execute(
            "SELECT 1 FROM messages WHERE id = ? AND deleted_at IS NOT NULL", (record_id,)
        ).fetchone()
        if kind == "message" and isinstance(value, Mapping) and (deleted or value.get("external_deleted_at")):
            value = {name: _GONE.get(name, value[name]) for name in value if name in _STAYS or name in _GONE}
        _put(writer, kind, record_id, escaped_json(value), "")


def keep_fault(writer: Writer, kind: str, record_id: str, fault: str) -> None:
    """Keep why a question has no answer; lists that were known before stay."""
    with transaction(writer.cache):
        _put(writer, kind, record_id, None, fault)


def _put(writer: Writer, kind: str, record_id: str, json: str | None, fault: str) -> None:
    writer.cache.execute(
        "INSERT OR REPLACE INTO records (kind, id, json, fetched_at, fault) VALUES (?, ?, ?, ?, ?)",
        (kind, record_id, json, now_ms(), fault),
    )


def keep_posts(writer: Writer, profile_id: str, posts: Iterable[Post]) -> None:
    """Make these the posts of a profile; comments of others are forgotten."""
    with transaction(writer.cache):
        writer.cache.execute("DELETE FROM posts WHERE profile_id = ?", (profile_id,))
        writer.cache.executemany(
            "INSERT OR REPLACE INTO posts (profile_id, id, json, created_at) VALUES (?, ?, ?, ?)",
            [(profile_id, post.id, post_text(post), post.created_at) for post in posts],
        )
        known = "(SELECT id FROM posts WHERE profile_id = ?1)"
        writer.cache.execute(
            f"DELETE FROM comments WHERE profile_id = ?1 AND post_id NOT IN {known}", (profile_id,)
        )
        writer.cache.execute(
            "DELETE FROM records WHERE kind = 'comments' AND substr(id, 1, length(?1) + 1) = ?1 || '/' "
            f"AND substr(id, length(?1) + 2) NOT IN {known}",
            (profile_id,),
        )
        _put(writer, "posts", profile_id, None, "")


def keep_comments(writer: Writer, profile_id: str, post_id: str, comments: Iterable[Comment]) -> None:
    """Make these, given in the order of the list, and the replies to them the comments of a post."""
    rows: list[tuple[Comment, str | None]] = []
    for comment in comments:
        rows.append((comment, None))
        rows += [(reply, comment.id) for reply in comment.replies]
    with transaction(writer.cache):
        writer.cache.execute(
            "DELETE FROM comments WHERE profile_id = ? AND post_id = ?", (profile_id, post_id)
        )
        writer.cache.executemany(
            "INSERT INTO comments (profile_id, post_id, place, id, parent_id, external_id, json) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (profile_id, post_id, place, each.id, parent, each.external_id, comment_text(each))
                for place, (each, parent) in enumerate(rows)
            ],
        )
        _put(writer, "comments", f"{profile_id}/{post_id}", None, "")

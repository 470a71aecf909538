"""`show`, `save` and `comments`: what is asked of the network for one person at one moment."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from inbox_tui.cli import output
from inbox_tui.cli.naming import profile_named
from inbox_tui.cli.reading import columns
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.errors import InboxError, NetworkError, Refused, StoreError, UsageError
from inbox_tui.core.escaping import escaped_json
from inbox_tui.core.models import Message, Platform, Profile
from inbox_tui.core.times import age, ago
from inbox_tui.store import clock, fetched, lookups
from inbox_tui.store.db import open_reader, prepare
from inbox_tui.store.fetched import CommentRow, MediaRow, MediaState, PostRow
from inbox_tui.store.saving import save_copy

MOST_POSTS = 20
"""The newest posts whose comments are fetched when none is named."""
WITH_COMMENTS = (Platform.FACEBOOK, Platform.INSTAGRAM)
_MEGABYTE = 1_000_000


def _ask(
    settings: Settings, wants: Sequence[tuple[str, str]], waiting: Callable[[], None] | None = None
) -> None:
    from inbox_tui.sync.asking import answer_now

    answer_now(settings, wants, waiting=waiting)


def _message(reader: sqlite3.Connection, name: str) -> Message:
    found = lookups.message(reader, name)
    if found is None:
        raise InboxError(
            f"There is no message {name} in the cache",
            "`inbox-tui thread CHAT --json` shows the ids; or run `inbox-tui sync --once` first",
        )
    return found


# ---------------------------------------------------------------- show


def show(settings: Settings, name: str, *, live: bool, as_json: bool, ids: bool) -> int:
    """Print a message as the cache has it, or as the API tells it now. Raises InboxError."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        message = _message(reader, name)
        if ids and not live:
            print(message.id)
            return 0
        if not live:
            record = {**message.extra, **output.message_record(message)}
            print(json.dumps(record, ensure_ascii=False) if as_json else escaped_json(record))
            return 0
        _ask(settings, [("record", f"message:{message.id}")])
        answer = fetched.record(reader, "message", message.id)
    if answer is None or answer.json is None:
        raise InboxError(
            "The API did not tell this message" if answer is None or not answer.fault else answer.fault
        )
    if ids:
        print(message.id)
    else:
        print(json.dumps(json.loads(answer.json)) if as_json else answer.json)
    return 0


# ---------------------------------------------------------------- save


def save(settings: Settings, name: str, to: Path, *, as_json: bool, ids: bool) -> int:
    """Save the files of a message; prints where. Raises InboxError."""
    if not to.is_dir():
        raise UsageError(f"{to} is no folder", "Give one that is there; nothing was saved")
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        message = _message(reader, name)
        wanted = [attachment.id for attachment in message.attachments]
        if not wanted:
            raise Refused("This message has no files", "Nothing was saved")
        progress = _Progress(reader, wanted, live=sys.stderr.isatty())
        try:
            _ask(settings, [("media", f"{message.id}/{each}") for each in wanted], progress.show)
        finally:
            progress.end()
        rows = fetched.media(reader, wanted)
    saved = [_Saved.of(attachment_id, rows.get(attachment_id), to) for attachment_id in wanted]
    if as_json or ids:
        output.print_records((each.record for each in saved if each.path or not ids), ids=ids)
    else:
        for each in saved:
            if each.path is not None:
                print(each.path)
    for each in saved:
        if each.fault:
            print(f"inbox-tui: {each.attachment_id}: {each.fault}", file=sys.stderr)
    return int(any(each.fault for each in saved))


@dataclass(frozen=True, slots=True)
class _Saved:
    """What became of one file."""

    attachment_id: str
    path: Path | None
    type: str
    size: int | None
    fault: str

    @classmethod
    def of(cls, attachment_id: str, row: MediaRow | None, to: Path) -> _Saved:
        """Copy a file that has come into a folder, under a name that is free there."""
        if row is None or row.state != MediaState.READY or row.path is None:
            fault = "It did not come" if row is None or not row.fault else row.fault
            return cls(attachment_id, None, "", None, fault)
        try:
            return cls(attachment_id, save_copy(row.path, to / row.name), row.type, row.size, "")
        except StoreError as error:
            return cls(attachment_id, None, "", None, error.title)

    @property
    def record(self) -> output.Record:
        """For `--json`."""
        return {
            "id": self.attachment_id,
            "path": None if self.path is None else str(self.path),
            "type": self.type or None,
            "size": self.size,
            "fault": self.fault or None,
        }


class _Progress:
    """One line on standard error that is written over on a terminal, and nothing elsewhere."""

    def __init__(self, reader: sqlite3.Connection, wanted: Sequence[str], *, live: bool) -> None:
        self._reader, self._wanted, self._live = reader, wanted, live
        self._shown = ""

    def show(self) -> None:
        """The line of this moment."""
        if not self._live:
            return
        rows = fetched.media(self._reader, self._wanted).values()
        done, size = sum(row.done_bytes for row in rows), sum(row.size or 0 for row in rows)
        ready = sum(row.state == MediaState.READY for row in rows)
        words = f"{ready} of {len(self._wanted)} files, {done / _MEGABYTE:.1f} MB"
        if size:
            bar = "█" * (20 * min(done, size) // size)
            words = f"{words} of {size / _MEGABYTE:.1f} MB  {bar:·<20}"
        if words != self._shown:
            self._shown = words
            sys.stderr.write(f"\r\x1b[2K{words}")
            sys.stderr.flush()

    def end(self) -> None:
        """Leave no line behind: what was saved, or why not, is said below."""
        if self._shown:
            sys.stderr.write("\r\x1b[2K")


# ---------------------------------------------------------------- comments


def comments(settings: Settings, name: str, post_id: str | None, *, as_json: bool, ids: bool) -> int:
    """Fetch and print the comments of a profile; those that are known where the network fails.

    Raises InboxError.
    """
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        profile = profile_named(reader, name)
        if profile.platform not in WITH_COMMENTS:
            raise Refused(
                f"{platform_name(profile.platform)} has no comments here; Facebook and Instagram only",
                "Nothing was asked",
            )
        failure: NetworkError | None = None
        try:
            _fetch(settings, reader, profile, post_id)
        except NetworkError as error:
            failure = error
        rows = list(_rows(reader, profile, post_id))
        if failure is not None and not rows:
            raise failure
        _print_comments(rows, profile, clock.server_now(reader), as_json=as_json, ids=ids)
    if failure is not None:
        print(f"inbox-tui: {failure.title}; these are the comments of the last time", file=sys.stderr)
        return failure.exit_code
    return 0


def _fetch(settings: Settings, reader: sqlite3.Connection, profile: Profile, post_id: str | None) -> None:
    """Bring the posts of a profile, then the comments of some, into the cache. Raises InboxError."""
    if post_id is None:
        _ask(settings, [("posts", profile.id)])
        _raise_fault(reader, "posts", profile.id)
        posts = [row.post.id for row in fetched.posts(reader, profile.id)]
        if len(posts) > MOST_POSTS:
            left = len(posts) - MOST_POSTS
            print(f"inbox-tui: {left} older posts are left out; name one with --post", file=sys.stderr)
        wanted = posts[:MOST_POSTS]
    else:
        wanted = [post_id]
    if wanted:
        _ask(settings, [("comments", f"{profile.id}/{each}") for each in wanted])
    for each in wanted:
        _raise_fault(reader, "comments", f"{profile.id}/{each}")


def _raise_fault(reader: sqlite3.Connection, kind: str, subject: str) -> None:
    answer = fetched.record(reader, kind, subject)
    if answer is not None and answer.fault:
        raise InboxError(answer.fault)


def _rows(
    reader: sqlite3.Connection, profile: Profile, post_id: str | None
) -> Iterator[tuple[PostRow | None, CommentRow]]:
    posts = {row.post.id: row for row in fetched.posts(reader, profile.id)}
    for each in [post_id] if post_id is not None else list(posts)[:MOST_POSTS]:
        for row in fetched.comments(reader, profile.id, each):
            yield posts.get(each), row


def _print_comments(
    rows: Sequence[tuple[PostRow | None, CommentRow]],
    profile: Profile,
    now: int,
    *,
    as_json: bool,
    ids: bool,
) -> None:
    if as_json or ids:
        output.print_records((_record(row, profile) for _, row in rows), ids=ids)
        return
    table = []
    for _, row in rows:
        said = row.comment
        author = said.author_name or said.author_username or said.author_external_id or "?"
        answered = "" if row.replied_at is None else f"replied {ago(now - row.replied_at)}"
        text = " ".join((said.body or "").split()) or " ".join(f"[{each.type}]" for each in said.attachments)
        at = said.created_at if said.posted_at is None else said.posted_at
        table.append(
            (row.post_id, said.id, age(now - at), author, answered, f"{'↳ ' if row.parent_id else ''}{text}")
        )
    output.print_table(("post", "comment", "age", "author", "private reply", "text"), table, columns())
    if not rows:
        output.say_nothing_found("there are no comments")


def _record(row: CommentRow, profile: Profile) -> output.Record:
    said = row.comment
    return {
        **said.extra,
        "id": said.id,
        "post_id": row.post_id,
        "profile_id": profile.id,
        "platform": profile.platform,
        "parent_id": row.parent_id,
        "external_id": said.external_id,
        "parent_external_id": said.parent_external_id,
        "body": said.body,
        "status": said.status,
        "author_external_id": said.author_external_id,
        "author_username": said.author_username,
        "author_name": said.author_name,
        "author_avatar_url": said.author_avatar_url,
        "permalink": said.permalink,
        "is_hidden": said.is_hidden,
        "attachments": [output.attachment_record(attachment) for attachment in said.attachments],
        "posted_at": output.iso(said.posted_at),
        "created_at": output.iso(said.created_at),
        "replied_at": output.iso(row.replied_at),
    }

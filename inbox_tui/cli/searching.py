"""`search`: messages of the cache by the query language; and what a search cannot find."""

from __future__ import annotations

import sys
import time
from contextlib import closing
from datetime import UTC, datetime

from inbox_tui.cli import output
from inbox_tui.cli.reading import columns
from inbox_tui.config import Settings
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.models import Milliseconds
from inbox_tui.core.summary import counted
from inbox_tui.core.times import clock as time_of_day
from inbox_tui.core.times import day_label
from inbox_tui.store import clock, find, index, lookups
from inbox_tui.store.coverage import Coverage, coverage
from inbox_tui.store.db import Folder, open_reader, prepare
from inbox_tui.store.find import Found, Hit, Order
from inbox_tui.store.writer import Writer

SLICE_ROWS = 1_000
SAY_SECONDS = 1.0


def search(settings: Settings, text: str, *, order: Order, limit: int, as_json: bool, ids: bool) -> None:
    """Print the first messages that a query finds. Raises QueryError."""
    prepare(settings.folder)
    with closing(open_reader(settings.folder)) as reader:
        now = clock.server_now(reader)
        zone = datetime.now().astimezone().tzinfo or UTC
        plan = find.plan(text, lookups.profile_names(reader).values(), now=now, zone=zone)
        if not index.is_complete(reader):
            _finish_index(settings.folder)
        found = find.search(reader, plan, order=order, limit=limit)
        left_out = coverage(reader)
    if as_json or ids:
        output.print_records(map(_record, found.hits), ids=ids)
    else:
        _print(found, now)
    if found.more:
        output.say_nothing_found(f"there is more: these are the first {limit}; --limit takes another number")
    if not found.hits:
        output.say_nothing_found("no message matches")
    for words in left_out_in_words(left_out):
        output.say_nothing_found(f"not searched: {words}")


def _finish_index(folder: Folder) -> None:
    """Index what was cached before there was an index; a running engine does the same, slice by slice."""
    with Writer(folder) as writer:
        said = 0.0
        while index.build(writer.cache, SLICE_ROWS):
            if time.monotonic() - said >= SAY_SECONDS:
                said = time.monotonic()
                left = index.missing(writer.cache, index.MESSAGES)
                sys.stderr.write(f"inbox-tui: making the search index: {left:,} messages to go\n")


def left_out_in_words(found: Coverage) -> list[str]:
    """What could not be searched, and the way to it."""
    parts = []
    if found.unindexed:
        parts.append(f"{counted(found.unindexed, 'message')} not indexed yet")
    if found.unlisted or found.unfetched:
        chats = counted(found.unlisted + found.unfetched, "chat")
        parts.append(f"the newest messages of {chats}; `inbox-tui sync` fetches them")
    if found.partial:
        parts.append(
            f"older messages of {counted(found.partial, 'chat')}; `inbox-tui sync --full` fetches them"
        )
    return parts


def _record(hit: Hit) -> output.Record:
    """The message with the API's fields, whose it is, and the excerpt with the places of what was found."""
    return {
        **output.message_record(hit.message),
        "profile_id": hit.chat.profile_id,
        "platform": hit.chat.platform,
        "participant": hit.chat.title,
        "excerpt": hit.excerpt.text,
        "highlights": [[start, end] for start, end in hit.excerpt.spans],
    }


def _print(found: Found, now: Milliseconds) -> None:
    zone = datetime.now().astimezone().tzinfo or UTC
    table = []
    for hit in found.hits:
        at = hit.message.position[0]
        who = hit.chat.title if hit.message.inbound else f"you to {hit.chat.title}"
        when = f"{day_label(at, now, zone)} {time_of_day(at, zone)}"
        row = (hit.message.id, hit.chat.id, platform_name(hit.chat.platform), when, who, hit.excerpt.text)
        table.append(row)
    output.print_table(("id", "chat", "platform", "when", "who", "message"), table, columns())

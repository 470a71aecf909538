"""From the bytes of an answer to core records: a page as a whole, else record by record.

One record that cannot be read never loses its page: it is set aside as `Rejected` (design, section 3).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from inbox_tui.api import faults, records, wire
from inbox_tui.api.transport import Answer
from inbox_tui.core.models import Chat, Comment, Message, Page, Post, Profile, ProfileGroup, Rejected, Webhook
from inbox_tui.core.text import clean

RecordT = TypeVar("RecordT", bound=records.Record)
CoreT = TypeVar("CoreT")

_MAX_DIGITS = 400
"""Longer integers are kept as text: Python refuses to write them back."""


@dataclass(frozen=True, slots=True)
class Kind(Generic[RecordT, CoreT]):
    """One kind of record: how it is validated, alone and in a page, and how it is converted."""

    record: type[RecordT]
    page: type[records.PageRecord[RecordT]]
    convert: Callable[[RecordT, wire.Cleaner], CoreT]

    def read_page(self, answer: Answer) -> Page[CoreT]:
        """The page in an answer. Raises ServerFault when it is no page at all."""
        try:
            page = self.page.model_validate_json(answer.content)
            items = tuple([self.convert(record, wire.Cleaner()) for record in page.data])
        except (ValueError, OverflowError):
            return self._read_each(answer)
        return Page(items, page.total, page.page or 0, page.per_page or 0)

    def read_record(self, answer: Answer) -> CoreT:
        """The one record in an answer. Raises ServerFault when it cannot be read."""
        outcome = self.read(decode(answer))
        if isinstance(outcome, Rejected):
            raise faults.unreadable(answer.status, outcome.reason)
        return outcome

    def read(self, record: object, *, changed: bool = False) -> CoreT | Rejected:
        """A decoded JSON value as a record; `changed`: cleaning has already changed a text of it.

        A key with a value that cannot be understood is treated as missing, and kept in `extra`, unless
        there is no record without it.
        """
        cleaner = wire.Cleaner(changed=changed)
        try:
            tree = cleaner.json(record)
            if not isinstance(tree, dict):
                raise wire.UnreadableRecordError("it is not an object")
            return self.convert(self._validate(tree), cleaner)
        except (ValueError, OverflowError) as error:
            return rejected(record, error)

    def _validate(self, tree: dict[str, Any]) -> RecordT:
        try:
            return self.record.model_validate(tree)
        except ValidationError as error:
            odd = {str(item["loc"][0]) for item in error.errors(include_url=False) if item["loc"]}
        model = self.record.model_validate({key: value for key, value in tree.items() if key not in odd})
        if model.model_extra is not None:
            model.model_extra.update({key: tree[key] for key in odd if key in tree})
        return model

    def _read_each(self, answer: Answer) -> Page[CoreT]:
        tree = decode(answer)
        listed = tree.get("data") if isinstance(tree, dict) else None
        if not isinstance(tree, dict) or not isinstance(listed, list):
            raise faults.unreadable(answer.status, "it is not a page of records")
        outcomes = [self.read(record) for record in listed]
        numbers = [tree.get(name) for name in ("total", "page", "per_page")]
        total, page, per_page = (number if isinstance(number, int) else None for number in numbers)
        return Page(
            tuple([outcome for outcome in outcomes if not isinstance(outcome, Rejected)]),
            total,
            page or 0,
            per_page or 0,
            tuple([outcome for outcome in outcomes if isinstance(outcome, Rejected)]),
        )


def decode(answer: Answer) -> object:
    """The JSON of an answer. Raises ServerFault when it is none."""
    try:
        return parse(answer.content)
    except (ValueError, RecursionError) as error:
        words = reason(error)
    if answer.content[:64].lstrip().startswith(b"<"):
        words = "it is a web page"
    raise faults.unreadable(answer.status, words)


def parse(content: bytes) -> object:
    """Decoded JSON; bad bytes, lone surrogates and very long integers are tolerated.

    Raises ValueError, and RecursionError for a very deep one.
    """
    return json.loads(content.decode("utf-8-sig", "replace"), parse_int=_integer)


def _integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= _MAX_DIGITS else digits


def reason(error: Exception) -> str:
    """What is wrong with a record in words, without the foreign values themselves."""
    words = str(error)
    if isinstance(error, ValidationError):
        items = error.errors(include_url=False, include_context=False, include_input=False)
        words = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in items)
    return faults.shorten(clean(words))


def rejected(record: object, error: Exception) -> Rejected:
    """A record set aside. Its JSON is ASCII and cleaned, so that nothing in it can reach the terminal."""
    try:
        dump = clean(json.dumps(record))
    except RecursionError:
        dump = ""
    return Rejected(dump, reason(error))


MESSAGES: Kind[records.MessageRecord, Message] = Kind(
    records.MessageRecord, records.PageRecord[records.MessageRecord], wire.to_message
)
CHATS: Kind[records.ChatRecord, Chat] = Kind(
    records.ChatRecord, records.PageRecord[records.ChatRecord], wire.to_chat
)
PROFILES: Kind[records.ProfileRecord, Profile] = Kind(
    records.ProfileRecord, records.PageRecord[records.ProfileRecord], wire.to_profile
)
PROFILE_GROUPS: Kind[records.ProfileGroupRecord, ProfileGroup] = Kind(
    records.ProfileGroupRecord, records.PageRecord[records.ProfileGroupRecord], wire.to_profile_group
)
POSTS: Kind[records.PostRecord, Post] = Kind(
    records.PostRecord, records.PageRecord[records.PostRecord], wire.to_post
)
COMMENTS: Kind[records.CommentRecord, Comment] = Kind(
    records.CommentRecord, records.PageRecord[records.CommentRecord], wire.to_comment
)
WEBHOOKS: Kind[records.WebhookRecord, Webhook] = Kind(
    records.WebhookRecord, records.PageRecord[records.WebhookRecord], wire.to_webhook
)

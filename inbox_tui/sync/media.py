"""Files of messages: fetched when a person wants them, in threads of their own, as they may take minutes.

A file comes under a name of its own and enters its place together with its row (`store.media`). One that the
service does not have yet, or gives no more at the address that is cached, is looked for in the message as
it is now, once.
"""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from inbox_tui.api.client import Client
from inbox_tui.api.download import Downloaded, Downloader
from inbox_tui.core.errors import ApiError, InboxError, Refused, StoreError
from inbox_tui.core.models import Attachment, Message
from inbox_tui.store import media, screens, writes
from inbox_tui.store.db import Folder
from inbox_tui.store.fetched import MediaState
from inbox_tui.store.media import Place
from inbox_tui.store.writer import Writer
from inbox_tui.store.writes import MessagePage
from inbox_tui.sync.jobs import Answers, Workers, sparingly

AT_ONCE = 2
"""Files that are fetched at the same time."""
_GONE = (401, 403, 404, 410)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Fetched:
    """A file that has come, and its message where that was asked for anew."""

    path: Path
    download: Downloaded
    message: Message | None


@dataclass(slots=True)
class Media:
    """Fetches files. Used from the one writing thread; requests run in its own."""

    writer: Writer
    answers: Answers
    client: Callable[[], Client]
    group: Callable[[str], str | None]
    """The profile group of a profile."""
    connect: Callable[[], Downloader]
    busy: dict[str, Place] = field(default_factory=dict)
    """What is being fetched, by the subject of its want."""
    errors: deque[InboxError] = field(default_factory=lambda: deque(maxlen=20))
    """What went wrong last."""
    _waiting: deque[tuple[str, Place]] = field(default_factory=deque)
    _workers: Workers | None = None
    _downloader: Downloader | None = None

    def want(self, subject: str) -> None:
        """Fetch a file named `<message id>/<attachment id>`, or by the attachment's id alone."""
        if subject in self.busy or any(subject == waiting for waiting, _ in self._waiting):
            return
        message_id, _, attachment_id = subject.rpartition("/")
        place = media.place_of(self.writer.cache, attachment_id, message_id)
        if place is None:
            _log.info("the file %s is of no message that is cached", subject)
            self._over(subject, Refused("This file's message is not in the cache", "Sync first"))
        elif media.is_ready(self.writer, attachment_id):
            self._over(subject)
        else:
            media.note(self.writer, place, MediaState.WANTED)
            self._waiting.append((subject, place))
            self._begin()

    def close(self) -> None:
        """End what is being fetched."""
        if self._downloader is not None:
            self._downloader.close()
        if self._workers is not None:
            self._workers.close()

    def _begin(self) -> None:
        """Have the next file fetched where a thread is free."""
        while self._waiting and len(self.busy) < AT_ONCE:
            subject, place = self._waiting.popleft()
            self.busy[subject] = place
            media.note(self.writer, place, MediaState.FETCHING)
            if self._workers is None or self._downloader is None:
                # Most runs fetch no file.
                self._workers, self._downloader = Workers(AT_ONCE, self.answers), self.connect()
            errand = _Errand(
                place,
                self.writer.folder,
                self.client(),
                self.group(place.profile_id),
                self._downloader,
                self._progress(place),
            )
            self._workers.submit(errand.run, partial(self._came, subject, place))

    def _progress(self, place: Place) -> Callable[[int, int | None], None]:
        """Has the progress of a file written down; called from its thread."""
        note = partial(media.note, self.writer, place, MediaState.FETCHING)
        return sparingly(lambda done, size: self.answers.put(partial(note, done_bytes=done, size=size)))

    # Back in the writing thread

    def _came(self, subject: str, place: Place, outcome: _Fetched | InboxError) -> None:
        self.busy.pop(subject, None)
        error = outcome if isinstance(outcome, InboxError) else self._keep(place, outcome)
        if error is not None:
            _log.info("the file %s cannot be had: %s", subject, error)
            media.note(self.writer, place, MediaState.FAILED, fault=str(error))
        self._over(subject, error)
        self._begin()

    def _keep(self, place: Place, outcome: _Fetched) -> InboxError | None:
        try:
            if outcome.message is not None:
                page = MessagePage(outcome.message.chat_id, [outcome.message])
                writes.apply_messages(self.writer, [page])
            media.keep(self.writer, place, outcome.path, outcome.download.name or place.attachment.type)
        except StoreError as error:
            # The disk is no reason to end the engine where only a file was to be kept.
            outcome.path.unlink(missing_ok=True)
            if isinstance(error.__cause__, sqlite3.Error):
                raise
            return error
        return None

    def _over(self, subject: str, error: InboxError | None = None) -> None:
        if error is not None:
            self.errors.append(error)
        screens.fulfilled(self.writer, "media", subject)


@dataclass(frozen=True, slots=True)
class _Errand:
    """The fetching of one file, in a thread of its own. Raises InboxError."""

    place: Place
    folder: Folder
    client: Client
    group: str | None
    downloader: Downloader
    progress: Callable[[int, int | None], None]

    def run(self) -> _Fetched:
        """Look where the file is now if need be, and fetch it."""
        file, message = self.place.attachment, None
        if file.status in ("pending", "failed") or not file.url:
            message = self._message()
            file = _in_message(message, file)
        try:
            return self._download(file, message)
        except ApiError as error:
            if error.status not in _GONE or message is not None:
                raise
            message = self._message()
            now = _in_message(message, file)
            if now.url == file.url:
                raise
        return self._download(now, message)

    def _message(self) -> Message:
        return self.client.get_message(self.place.message_id, profile_group_id=self.group)

    def _download(self, file: Attachment, message: Message | None) -> _Fetched:
        if not file.url:
            raise Refused("The service has no address for this file", "Ask for it again later")
        target = media.part(self.folder)
        return _Fetched(target, self.downloader.fetch(file.url, target, self.progress), message)


def _in_message(message: Message, file: Attachment) -> Attachment:
    """The same file in its message as it is now. Raises Refused where there is none to fetch."""
    found = next((each for each in message.attachments if each.id == file.id), None)
    if found is None:
        raise Refused("The message does not have this file any more", "It was deleted or replaced")
    if found.status == "failed":
        raise Refused("The service could not get this file from the platform", "It may be gone there")
    if found.status == "pending":
        raise Refused("The service is still getting this file from the platform", "Ask again in a moment")
    return found

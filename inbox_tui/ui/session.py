"""The screen's way to the store: one reader for its loop, one thread for everything it writes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar, cast

from inbox_tui.store import clock
from inbox_tui.store.clock import ServerClock
from inbox_tui.store.db import Changes, Folder, open_reader

if TYPE_CHECKING:
    from inbox_tui.store.writer import Writer
    from inbox_tui.ui.searcher import Searcher

P = ParamSpec("P")
ResultT = TypeVar("ResultT")


class Session:
    """Open files of one screen. The screen never writes on its loop."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self.reader = open_reader(folder)
        self.changes = Changes(folder)
        self.clock = ServerClock(clock.offset(self.reader))
        self.on_fault: Callable[[BaseException], None] | None = None
        """Told, in the writing thread, of a fault in something that nobody waits for."""
        self.asked: Future[object] | None = None
        """The newest of what `act` was asked for; whoever waits for it takes it away."""
        self.unwritten: dict[str, str] = {}
        """Texts of dialogs on their way to the disk, by their key among the drafts: newer than the file's."""
        self._writer: Writer | None = None
        self._searchers: dict[str, Searcher] = {}
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._long: deque[tuple[Callable[[Writer], bool], Future[None]]] = deque()
        """Work in parts, in its order; while there is any, only the writing thread touches it."""
        self._unended: set[Future[None]] = set()
        self._aside = ThreadPoolExecutor(max_workers=1, thread_name_prefix="aside")

    def set_clock(self) -> None:
        """The cache has changed: take over what is known there of the server's clock."""
        self.clock.offset = clock.offset(self.reader)

    def write(
        self, function: Callable[Concatenate[Writer, P], ResultT], *args: P.args, **kwargs: P.kwargs
    ) -> Future[ResultT]:
        """Run a function of `store` in the writing thread, in order, for somebody who waits for its end."""

        def run() -> ResultT:
            return function(self._open_writer(), *args, **kwargs)

        return self._thread.submit(run)

    def do(
        self, function: Callable[Concatenate[Writer, P], ResultT], *args: P.args, **kwargs: P.kwargs
    ) -> Future[ResultT]:
        """Like `write`, for what nobody waits for: a fault is told to the person."""
        future = self.write(function, *args, **kwargs)
        future.add_done_callback(self._told)
        return future

    def act(
        self, function: Callable[Concatenate[Writer, P], ResultT], *args: P.args, **kwargs: P.kwargs
    ) -> Future[ResultT]:
        """Like `do`, for what may take a chat out of a list: the next key waits until that is so."""
        future = self.do(function, *args, **kwargs)
        self.asked = cast("Future[object]", future)
        return future

    def _told(self, future: Future[ResultT]) -> None:
        error = None if future.cancelled() else future.exception()
        if error is not None and self.on_fault is not None:
            self.on_fault(error)

    def write_in_parts(self, part: Callable[[Writer], bool]) -> Future[None]:
        """Call `part` in the writing thread until it returns False; what else is to be written goes between.

        One such work begins when the one before it has ended. All of it is done before the files are closed.
        """
        whole: Future[None] = Future()
        if self._unended:
            self._thread.submit(self._take_up, part, whole)
        else:
            # Nothing else touches the queue, and what is written next is behind the first part.
            self._take_up(part, whole)
        self._unended.add(whole)
        whole.add_done_callback(self._unended.discard)
        return whole

    @property
    def unfinished(self) -> bool:
        """Whether work in parts goes on."""
        return bool(self._unended)

    def _take_up(self, part: Callable[[Writer], bool], whole: Future[None]) -> None:
        self._long.append((part, whole))
        if len(self._long) == 1:
            self._go_on()

    def _go_on(self) -> None:
        part, _ = self._long[0]
        self._thread.submit(lambda: part(self._open_writer())).add_done_callback(self._part_ended)

    def _part_ended(self, ended: Future[bool]) -> None:
        error = ended.exception()
        if error is None and ended.result():
            self._go_on()
            return
        _, whole = self._long.popleft()
        if self._long:
            self._go_on()
        if error is not None:
            whole.set_exception(error)
        else:
            whole.set_result(None)

    def _open_writer(self) -> Writer:
        if self._writer is None:
            from inbox_tui.store.writer import Writer

            self._writer = Writer(self.folder)
        return self._writer

    def refold(self, chat_id: str, *, awaited: bool = False) -> None:
        """Have the derived columns of a chat recomputed after its local facts changed.

        `awaited`: the next key waits for it, see `act`.
        """

        def refold(writer: Writer) -> None:
            from inbox_tui.store.writes import refold_chats

            refold_chats(writer, [chat_id])

        (self.act if awaited else self.do)(refold)

    def run(self, function: Callable[[], None]) -> Future[None]:
        """Run anything else that may wait, in the same thread; a fault is told to the person."""
        future = self._thread.submit(function)
        future.add_done_callback(self._told)
        return future

    def aside(self, function: Callable[[], None]) -> Future[None]:
        """Run what has nothing to do with the store and may take seconds; a fault is told to the person."""
        future = self._aside.submit(function)
        future.add_done_callback(self._told)
        return future

    def searcher(self, use: str) -> Searcher:
        """A thread that answers the newest question of one use, there from its first question on."""
        if use not in self._searchers:
            from inbox_tui.ui.searcher import Searcher

            self._searchers[use] = Searcher(self.folder)
        return self._searchers[use]

    def close(self) -> None:
        """Wait for everything that was asked to be written, then close the files."""
        for searcher in self._searchers.values():
            searcher.close()
        self._aside.shutdown(wait=True, cancel_futures=True)
        wait(list(self._unended))
        self._thread.shutdown(wait=True)
        if self._writer is not None:
            self._writer.close()
        self.changes.close()
        self.reader.close()

"""A scenario for engines that are killed: an account on a sandbox, ten messages in five chats, counting."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from inbox_tui import config
from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions
from inbox_tui.store import db, drafts, marks, outbox, screens, sends, writes
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync.push import REPLAYS
from tests import nursery
from tests.nursery import Child
from tests.sync import verify
from tests.sync.gate import Gate, Moment, Strike, guarded

IN_FULL = bool(os.environ.get("INBOX_TUI_KILLS"))
"""Let the server's clock go as ours, and wait the minute for which an engine looks for a send; otherwise
both clocks are set on by that minute."""
PATIENCE = 300.0 if IN_FULL else 90.0
MINUTE_MS = 61_000

PLATFORMS = {"A": "telegram", "B": "telegram", "C": "facebook", "D": "instagram", "E": "bluesky"}
"""The chats: three in order, two of which are alike; one beside; a file and a text; one that the platform
refuses, with one behind it; one that the service has to try again, with one behind it."""
SENDS = ("A1", "B1", "A2", "C1", "A3", "D1", "E1", "C2", "D2", "E2")
OPTIONS = SandboxOptions(
    seed=9, chats=8, messages=120, max_per_page=20, speed=1 if IN_FULL else 20, answers=False, initiative=0
)
Items = Mapping[str, OutboxItem]
"""Outbox items by their name in SENDS."""


class Stage:
    """An account, its engine, and what the person wrote."""

    def __init__(self, box: RunningSandbox, gate: Gate, home: Path, *, honoured: bool) -> None:
        self.box = box
        self.gate = gate
        self.honoured = honoured
        self.kills = 0
        self.decisions = 0
        self._root = home
        self._accounts = 0
        self._engine: Child | None = None
        with box.world.read() as database:
            rows = database.all("select c.no, p.platform from chats c join profiles p on p.no = c.profile")
            free = {
                row["platform"]: [r["no"] for r in rows if r["platform"] == row["platform"]] for row in rows
            }
            self._numbers = {letter: free[platform].pop() for letter, platform in PLATFORMS.items()}
            records = [
                box.world.chat_record(box.world.chat_numbered(number)) for number in self._numbers.values()
            ]
        places = [(str(record["id"]), str(record["profile_id"])) for record in records]
        self.chats = dict(zip(PLATFORMS, places, strict=True))
        """Chat and profile by letter."""
        for number in self._numbers.values():
            box.life.receive(number, "Are you there?")
        with box.world.write() as database:
            database.update("chats", self._numbers["D"], trait="unavailable")

    # The account and its engine.

    def begin_anew(self) -> None:
        """An account that was never synced, with a draft, marks and an open chat."""
        self.end()
        self._accounts += 1
        self.home = self._root / str(self._accounts)
        (self.home / "config").mkdir(parents=True)
        # The server gives short pages; everything is to be fetched all the same.
        (self.home / "config" / "config.toml").write_text("history_messages = 5000\n")
        environment = {"INBOX_TUI_HOME": str(self.home), "INBOX_TUI_API_URL": self.box.url}
        self.settings: Settings = config.load(environment=environment)
        db.prepare(self.settings.folder)
        self.settings.key_file.touch(mode=0o600)
        self.settings.key_file.write_text(self.box.api_key)
        with Writer(self.settings.folder) as writer:
            drafts.save(writer, self.chats["B"][0], "half a sen", 10)
            marks.mark(writer, self.chats["A"][0], "seen")
            marks.mark(writer, self.chats["C"][0], "done")
            screens.show(writer, self.chats["E"][0])
            if self.honoured:
                # An earlier engine has seen this server answer a repeated key from its store.
                writes.remember(writer, REPLAYS, 1)

    def be_at_rest(self) -> None:
        """An engine runs, and has nothing to do; the one of the scenario before has come to rest."""
        if self._engine is None:
            self.begin_anew()
            self.start()
            self.come_to_rest({})

    def start(self, *arguments: str) -> None:
        """Start an engine as the program is started; another command where one is given."""
        environment = os.environ | {"INBOX_TUI_HOME": str(self.home), "INBOX_TUI_API_URL": self.box.url}
        self._engine = nursery.start(arguments or ("sync", "--follow"), environment, self.home / "engine.log")
        self.gate.pid = self._engine.pid

    def died(self, strike: Strike, items: Items) -> None:
        """The engine dies of a strike, and the outbox and the server are as the moment says."""
        wait_for(self.gate.struck.is_set, f"{strike}: the engine never asked for it", self._log)
        assert self._engine is not None
        # 255 is what `multiprocessing` knows of a child whose end its fork server could not tell.
        ended = self._engine.wait(PATIENCE)
        assert ended in (-signal.SIGKILL, 255), f"{strike}: the engine ended by itself: {ended}"
        self.kills += 1
        if strike.name in items:
            item = self.now(items)[strike.name]
            if strike.moment in (Moment.ARRIVES, Moment.CARRIED_OUT):
                assert item.state == State.SENDING, "it had no answer"
            count = strike.nth if strike.moment is not Moment.ARRIVES else strike.nth - 1
            assert self._received(item) == count

    def end(self) -> None:
        """No engine is needed any more."""
        if self._engine is not None:
            self._engine.kill()
            self._engine.wait()

    def a_minute_passes(self) -> None:
        """Everything becomes a minute older, here and at the server, while no engine runs."""
        if IN_FULL:
            return
        with closing(sqlite3.connect(self.settings.folder.local)) as connection, connection:
            connection.execute(
                "UPDATE outbox SET created_at = created_at - ?1, dispatched_at = dispatched_at - ?1, "
                "next_try_at = next_try_at - ?1, clock_offset = clock_offset + ?1 "
                "WHERE state NOT IN ('settled', 'discarded')",
                (MINUTE_MS,),
            )
        self.box.world.advance(MINUTE_MS / 1000)

    # The person.

    def write(self, label: str) -> Items:
        """Queue ten messages that say the label and their name; A3 says the same as A2."""
        # The service has to try the first one of E again.
        self.box.world.faults.add(Fault("platform", platform=PLATFORMS["E"], times=1))
        items: dict[str, OutboxItem] = {}
        with Writer(self.settings.folder) as writer:
            for name in SENDS:
                said = f"{label}-{'A2' if name == 'A3' else name}"
                payload = (
                    {"media_url": f"https://files.example/{said}.png"} if name == "C1" else {"text": said}
                )
                items[name] = sends.queue_send(writer, *self.chats[name[0]], dict(payload), hold_ms=0)
        return items

    def send_by_command(self, items: Items) -> Items:
        """Send one more text to A by a command, which finds no engine and carries out those before it."""
        said = items["A1"].text.replace("A1", "A4")
        self.start("send", self.chats["A"][0], said)
        found: list[OutboxItem] = []

        def queued() -> bool:
            with Writer(self.settings.folder) as writer:
                found[:] = [item for item in outbox.open_items(writer) if item.text == said]
            return bool(found)

        wait_for(queued, "the command sends nothing", self._log)
        return {**items, "A4": found[0]}

    def decide(self, items: Items) -> None:
        """Deal with what stands open: send again or give up by turns; take D2 back, and give D1 up."""
        undecided = self.named(items, State.UNCERTAIN)
        for name in undecided:
            self.decisions += 1
            with Writer(self.settings.folder) as writer:
                if self.decisions % 2:
                    assert outbox.retry(writer, items[name].pk, uncertain=True)
                else:
                    assert outbox.discard(writer, items[name].pk)
        if undecided:
            self.come_to_rest(items)
            self.count(items)
        with Writer(self.settings.folder) as writer:
            for name in self.named(items, State.QUEUED):
                assert outbox.take_back(writer, items[name].pk) == items[name].text
                drafts.save(writer, items[name].chat_id, "", 0)
            for name in self.named(items, State.FAILED):
                assert outbox.discard(writer, items[name].pk)
        assert len(self.named(items, State.SETTLED, State.DISCARDED)) == len(items)

    # Looking and counting.

    def now(self, items: Items) -> dict[str, OutboxItem]:
        """The items as they stand in the outbox."""
        with Writer(self.settings.folder) as writer:
            found = {name: outbox.item(writer, item.pk) for name, item in items.items()}
        return {name: item for name, item in found.items() if item is not None}

    def named(self, items: Items, *states: State) -> list[str]:
        """The names of the items in some states."""
        return [name for name, item in self.now(items).items() if item.state in states]

    def kept(self) -> dict[str, list[object]]:
        """What nobody but the person changes."""
        with closing(sqlite3.connect(self.settings.folder.local)) as connection:
            tables = ("drafts", "marks", "dismissed")
            return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in tables}

    def come_to_rest(self, items: Items) -> None:
        """Wait until nothing happens without the person, and cache and server agree in everything."""

        def at_rest() -> bool:
            stuck: set[str] = set()
            for item in self.now(items).values():
                if item.state in (State.FAILED, State.UNCERTAIN):
                    stuck.add(item.chat_id)
                elif item.state == State.QUEUED and item.chat_id in stuck:
                    continue
                elif item.state not in (State.SETTLED, State.DISCARDED):
                    return False
            return self.box.world.next_due() is None

        wait_for(at_rest, "the outbox does not come to rest", lambda: f"{self._words(items)}{self._log()}")
        with verify.client(self.box.url, self.box.api_key) as api:
            server = verify.on_server(api)
        cache = self.settings.folder.cache

        def differences() -> list[str]:
            return verify.compare(server, verify.in_cache(cache))

        wait_for(lambda: not differences(), "cache and server differ", lambda: "\n".join(differences()))
        assert verify.inconsistencies(cache) == []

    def count(self, items: Items) -> None:
        """Every message is at the server once and its item knows it, or the item is open with its words."""
        now = self.now(items)
        assert now.keys() == items.keys()
        allowed = {State.SETTLED} if self.honoured else {State.SETTLED, State.UNCERTAIN, State.DISCARDED}
        for name, item in now.items():
            stuck = any(
                earlier.chat_id == item.chat_id and earlier.state in (State.UNCERTAIN, State.FAILED)
                for earlier in now.values()
                if earlier.pk < item.pk
            )
            states = {State.QUEUED} if stuck else allowed
            if name[0] == "D" and not stuck:
                # The platform takes nothing for this person.
                states = (allowed - {State.SETTLED}) | {State.FAILED}
            assert item.state in states, f"{name} is {item.state}: {item.title}"
            if item.state != State.SETTLED:
                assert item.payload == items[name].payload
        for letter, (chat_id, _) in self.chats.items():
            of_chat = [name for name in items if name[0] == letter]
            sent = [said(items[name]) for name in of_chat if now[name].message_id is not None]
            label = items["A1"].text.removesuffix("A1")
            arrived = self._arrived(letter, label)
            assert arrived == sent, f"in chat {chat_id}: {self._words(items)}"
        ids = [item.message_id for item in now.values() if item.message_id is not None]
        assert len(set(ids)) == len(ids)

    def _received(self, item: OutboxItem) -> int:
        """How many messages the server has that say what an item says."""
        with self.box.world.read() as database:
            where = (
                "attachments where source_url = ?"
                if "media_url" in item.payload
                else "messages where body = ?"
            )
            return int(database.value(f"select count(*) from {where}", said(item)))

    def _arrived(self, letter: str, label: str) -> list[str]:
        """What arrived in a chat under a label, in the order in which the server took it."""
        with self.box.world.read() as database:
            rows = database.all(
                "select coalesce(a.source_url, m.body) as said from messages m "
                "left join attachments a on a.message = m.no where m.chat = ? and m.direction = 'outbound' "
                "order by m.no",
                self._numbers[letter],
            )
        return [row["said"] for row in rows if label in (row["said"] or "")]

    # What is told when something is wrong.

    def _words(self, items: Items) -> str:
        return "".join(f"\n{name} {item.state} {item.title}" for name, item in self.now(items).items())

    def _log(self) -> str:
        return "\n" + (self.home / "engine.log").read_text()[-3000:]


def said(item: OutboxItem) -> str:
    """What an item says: its text, or the address of its file."""
    return str(item.payload.get("media_url") or item.text)


def wait_for(condition: Callable[[], object], what: str, more: Callable[[], str]) -> None:
    """Wait until something is true; otherwise say what did not come, and more."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, f"{what}: {more()}"
        time.sleep(0.2)


@contextmanager
def stage(home: Path, *, honoured: bool) -> Iterator[Stage]:
    """A sandbox behind a gate; its server honours the Idempotency-Key, or ignores it."""
    gate = Gate()
    with guarded(replace(OPTIONS, honour_idempotency_keys=honoured), gate) as box:
        made = Stage(box, gate, home, honoured=honoured)
        try:
            yield made
        finally:
            made.end()

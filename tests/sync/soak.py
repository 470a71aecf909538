"""A soak: a real engine on a lively server at sixty times our pace, with every fault, killed now and then.

`make soak` runs ten minutes of it, `test_soak` a few seconds. Customers write, correct, react, tap and take
back; a colleague answers, archives and loses a profile; a person opens chats, writes, reacts, edits and
archives all the time, and deals with what failed. In the end the faults go, the people go quiet, two hours
pass at once, the engine is started a last time, and cache and server are compared field by field (`verify`);
every text that was sent is counted on the server.

`python -m tests.sync.soak --seconds 600 --seed 7` repeats a run as far as chance allows: what people do and
which faults are set follows the seed, what meets what does not.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

from inbox_tui import config
from inbox_tui.config import Settings
from inbox_tui.core.errors import Refused
from inbox_tui.sandbox.faults import KINDS, Fault
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running
from inbox_tui.store import acts, db, lookups, outbox, screens, sends
from inbox_tui.store.acts import ActName
from inbox_tui.store.db import open_reader
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from tests.sync import verify
from tests.sync.people import People

TICK = 0.25
KILL_SECONDS = 25.0
"""About how often the engine is killed."""
OVER = (State.FAILED, State.UNCERTAIN)
CALM_SECONDS = 2.0
"""How long the engine goes on before it is started a last time."""
SETTLING = 240.0
"""Seconds that everything has to come to rest in, once the faults are gone."""


@dataclass
class Figures:
    """What a soak was, and what it came to."""

    seed: int
    seconds: float = 0.0
    sends: int = 0
    acts: int = 0
    kills: int = 0
    happened: Counter[str] = field(default_factory=Counter)
    """What customers and colleagues did."""
    faults: Counter[str] = field(default_factory=Counter)
    states: Counter[str] = field(default_factory=Counter)
    compared: dict[str, int] = field(default_factory=dict)
    events: int = 0
    settling: float = 0.0
    twice: list[str] = field(default_factory=list)
    """Texts that reached their platform more than once; what a platform refused has not, and may be sent
    again by the person."""
    lost: list[str] = field(default_factory=list)
    """Texts that count as sent and that never reached their platform."""
    differences: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        faults = ", ".join(f"{kind} {count}" for kind, count in sorted(self.faults.items()))
        states = ", ".join(f"{state} {count}" for state, count in sorted(self.states.items()))
        compared = ", ".join(f"{count} {what}" for what, count in self.compared.items())
        happened = ", ".join(f"{what} {count}" for what, count in sorted(self.happened.items()))
        unseen = f" ({verify.summary(self.unseen)})" if self.unseen else ""
        lines = [
            f"seed {self.seed}: {self.seconds:.0f} s at speed 60, then {self.settling:.0f} s until at rest",
            f"{self.kills} kills, {self.events} events taken by webhook",
            f"customers and colleagues, beside what they do by themselves: {happened}",
            f"{self.sends} sends, {self.acts} other acts; the sends in the end: {states}",
            f"faults that struck: {sum(self.faults.values())} ({faults})",
            f"compared: {compared}",
            f"differences before the last start: {len(self.unseen) or 'none'}{unseen}",
            f"received twice: {len(self.twice) or 'none'}; lost: {len(self.lost) or 'none'}; "
            f"received though they count as failed: {len(self.wronged) or 'none'}",
            f"differences: {len(self.differences) or 'none'}",
        ]
        return "\n".join([*lines, *self.twice, *self.lost, *self.wronged, *self.differences])

    @property
    def is_well(self) -> bool:
        """Whether nothing was lost, doubled, or different."""
        return not (self.differences or self.twice or self.lost or self.wronged)


class Soak:
    """One run."""

    def __init__(self, box: RunningSandbox, home: Path, seed: int) -> None:
        self.box = box
        self.home = home
        self.random = Random(seed)
        self.figures = Figures(seed)
        environment = {"INBOX_TUI_HOME": str(home), "INBOX_TUI_API_URL": box.url}
        (home / "config").mkdir(parents=True)
        (home / "config" / "config.toml").write_text("history_messages = 100000\n")
        self.settings: Settings = config.load(environment=environment)
        db.prepare(self.settings.folder)
        self.settings.key_file.touch(mode=0o600)
        self.settings.key_file.write_text(box.api_key)
        self.people = People(box, self.random)
        self._engine: subprocess.Popen[bytes] | None = None
        self._texts: dict[int, str] = {}
        self._failed: set[str] = set()
        """Texts that the person gave up, having been told that they were not sent."""
        self._faults: list[Fault] = []
        self._kinds: list[str] = []

    # The engine.

    def start(self) -> None:
        """Start the engine, as a person does who wants webhooks too."""
        with (self.home / "engine.log").open("ab") as log:
            self._engine = subprocess.Popen(
                [sys.executable, "-m", "inbox_tui", "sync", "--follow", "--webhooks"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=os.environ | {"INBOX_TUI_HOME": str(self.home), "INBOX_TUI_API_URL": self.box.url},
            )

    def kill(self) -> None:
        """SIGKILL; what it was doing is unknown."""
        assert self._engine is not None
        self._engine.send_signal(signal.SIGKILL)
        self._engine.wait()

    def keep_running(self) -> None:
        """An engine that a file or the key has ended is started again, as a screen does."""
        if self._engine is None or self._engine.poll() is not None:
            self.start()

    # The person.

    def look(self) -> None:
        """Open another chat, or none."""
        with Writer(self.settings.folder) as writer:
            rows = writer.cache.execute("SELECT id FROM chats ORDER BY sort_at DESC LIMIT 20").fetchall()
            screens.show(writer, self.random.choice([None, *(row[0] for row in rows)]))

    def act(self) -> None:
        """Write to somebody, or change something that was written."""
        what = self.random.random()
        with Writer(self.settings.folder) as writer:
            try:
                if what < 0.7:
                    self._send(writer)
                else:
                    self._change(writer, what)
            except Refused:
                # The same is on its way already: the person sees that, too.
                return

    def _send(self, writer: Writer) -> None:
        now = self.box.world.now()
        rows = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE platform = 'bluesky' OR (platform = 'telegram' AND "
            "last_inbound_at IS NOT NULL) OR window_closes_at > ? ORDER BY sort_at DESC LIMIT 12",
            (now + 3_600_000,),
        ).fetchall()
        if rows:
            chat_id, profile_id = self.random.choice(rows)
            text = f"Soak message {self.figures.sends}"
            self.figures.sends += 1
            item = sends.queue_send(writer, chat_id, profile_id, {"text": text}, hold_ms=0)
            self._texts[item.pk] = text

    def _change(self, writer: Writer, what: float) -> None:
        rows = writer.cache.execute(
            "SELECT c.id, c.profile_id, c.platform, c.archived, m.id, m.direction, m.body FROM messages m "
            "JOIN chats c ON c.pk = m.chat WHERE m.external_id IS NOT NULL AND m.deleted_at IS NULL "
            "AND m.status IN ('published', 'received') ORDER BY m.pk DESC LIMIT 80"
        ).fetchall()
        if not rows:
            return
        chat_id, profile_id, platform, archived, message_id, direction, body = self.random.choice(rows)
        act, payload = None, {"message_id": message_id}
        if platform in ("facebook", "instagram"):
            act = ActName.REACT if what < 0.9 else ActName.UNREACT
            payload |= {"reaction": "love"} if act is ActName.REACT else {}
        elif platform == "telegram" and direction == "outbound" and body and not body.startswith("Soak"):
            act = ActName.EDIT
            payload |= {"text": f"{body[:60]} ({self.figures.acts})"}
        elif platform == "bluesky":
            act, payload = (ActName.UNARCHIVE if archived else ActName.ARCHIVE), {}
        if act is not None:
            acts.queue_act(writer, act, chat_id, profile_id, payload)
            self.figures.acts += 1

    def deal_with_failures(self, *, patient: bool) -> None:
        """Try again or give up what failed, give up what is uncertain; `patient`: only some of it."""
        with Writer(self.settings.folder) as writer:
            for item in outbox.open_items(writer):
                if item.state in OVER and (not patient or self.random.random() < 0.1):
                    again = item.state == State.FAILED and patient and self.random.random() < 0.5
                    if again and outbox.retry(writer, item.pk):
                        continue
                    if outbox.discard(writer, item.pk) and item.pk in self._texts:
                        self.figures.states[f"{item.state} and given up"] += 1
                        if item.state == State.FAILED:
                            self._failed.add(self._texts[item.pk])

    # The world.

    def break_something(self) -> None:
        """Add a fault that strikes a few times; each kind has its turn."""
        if not self._kinds:
            self._kinds = self.random.sample(list(KINDS), len(KINDS))
        kind = self._kinds.pop()
        of_requests = not kind.startswith(("webhook", "platform"))
        fault = Fault(
            kind,
            method=self.random.choice(["", "", "GET", "POST"]) if of_requests else "",
            path=self.random.choice(["", "/messages$", "/chats$"]) if of_requests else "",
            times=self.random.randint(1, 4),
            # Sandbox seconds for an event that is late, our own for an answer.
            seconds=600 if kind == "webhook_delay" else self.random.choice([0.2, 2]),
        )
        self._faults.append(self.box.world.faults.add(fault))

    def calm(self) -> None:
        """No more faults, and nobody does anything of their own accord; what was under way has ended."""
        world = self.box.world
        world.faults.remove()
        self.people.come_back()
        world.options = replace(world.options, initiative=0, answers=False, flaky=0.0)
        with world.write() as database:
            database.run("delete from events where kind = 'initiative'")
        # The last retry of a send comes two hours after the first try.
        world.advance(2 * 3600)

    # A run.

    def run(self, seconds: float) -> Figures:
        """Soak for a time (on a slow machine: until something has happened), come to rest, and compare."""
        begun = time.monotonic()
        next_kill = begun + self.random.uniform(0.3, 1.0) * min(KILL_SECONDS, seconds / 2)
        self.start()
        try:
            while (now := time.monotonic()) < begun + seconds or not (
                now >= begun + 60 or self._has_happened()
            ):
                self.keep_running()
                self._tick()
                if now >= next_kill:
                    next_kill = now + self.random.uniform(0.5, 1.5) * KILL_SECONDS
                    self.kill()
                    self.figures.kills += 1
                time.sleep(TICK)
            self.figures.seconds = time.monotonic() - begun
            self.calm()
            self._settle()
        finally:
            self.kill()
        self._count()
        return self.figures

    def _has_happened(self) -> bool:
        """Whether the engine was killed, met a fault, and has sent something all the same."""
        with Writer(self.settings.folder) as writer:
            (settled,) = writer.local.execute(
                "SELECT count(*) FROM outbox WHERE state = 'settled'"
            ).fetchone()
        return bool(self.figures.kills and settled and any(fault.struck for fault in self._faults))

    def _tick(self) -> None:
        chance = self.random.random
        if chance() < 0.2:
            self.break_something()
        if chance() < 0.5 and (done := self.people.act()) is not None:
            self.figures.happened[done] += 1
        if chance() < 0.5:
            self.act()
        if chance() < 0.1:
            self.look()
        self.deal_with_failures(patient=True)

    def _settle(self) -> None:
        """Wait until nothing is on its way and cache and server agree; then what does not is a difference."""
        begun = time.monotonic()
        while time.monotonic() - begun < CALM_SECONDS:
            self.keep_running()
            time.sleep(TICK)
        self.figures.unseen = self._differences()
        # A start looks at everything that was active today, and takes up what was put aside.
        self.kill()
        while True:
            self.keep_running()
            self.deal_with_failures(patient=False)
            with db_items(self.settings) as open_items:
                waiting = len(open_items)
            self.figures.differences = [] if waiting else self._differences()
            self.figures.settling = time.monotonic() - begun
            if not waiting and not self.figures.differences:
                return
            if self.figures.settling > SETTLING:
                if waiting:
                    self.figures.differences.append(f"{waiting} items never came to an end")
                return
            time.sleep(1)

    def _differences(self) -> list[str]:
        return verify.differences(self.box.url, self.box.api_key, self.settings.folder.cache)

    def _count(self) -> None:
        figures, world = self.figures, self.box.world
        with verify.client(self.box.url, self.box.api_key) as api:
            figures.compared = verify.on_server(api).counts()
        with world.read() as database:
            rows = database.all(
                "select body, count(*) as n from messages where body like 'Soak message %' "
                "and status = 'published' group by body"
            )
            arrived = {str(row["body"]): int(row["n"]) for row in rows}
            figures.events = int(database.value("select count(*) from deliveries where success") or 0)
        for fault in self._faults:
            figures.faults[fault.kind] += fault.struck
        self.figures.faults += Counter()
        with Writer(self.settings.folder) as writer:
            states = dict(writer.local.execute("SELECT pk, state FROM outbox WHERE act = 'send'").fetchall())
        settled = {text for pk, text in self._texts.items() if states.get(pk) == State.SETTLED}
        figures.states["settled"] = len(settled)
        figures.twice = [f"{text} was published {n} times" for text, n in arrived.items() if n > 1]
        figures.lost = [f"{text} is settled and was not published" for text in settled - arrived.keys()]
        figures.wronged = [f"{text} failed and was published" for text in self._failed & arrived.keys()]


@contextmanager
def db_items(settings: Settings) -> Iterator[list[OutboxItem]]:
    """The outbox items that are not at their end."""
    reader = open_reader(settings.folder)
    try:
        yield lookups.outbox(reader)
    finally:
        reader.close()


def soak(seconds: float, seed: int, home: Path, *, chats: int = 40, messages: int = 600) -> Figures:
    """Run a soak on a sandbox of its own."""
    options = SandboxOptions(
        seed=seed, chats=chats, messages=messages, speed=60, initiative=60, flaky=0.1, control_token="soak"
    )
    with running(options) as box:
        return Soak(box, home, seed).run(seconds)


def main() -> int:
    """Print the figures; 1 where something was lost, doubled or differs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=int(time.time()) % 100_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="soak-") as home:
        figures = soak(given.seconds, given.seed, Path(home))
    print(figures)
    return int(not figures.is_well)


if __name__ == "__main__":
    sys.exit(main())

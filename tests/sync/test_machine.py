"""Whatever happens in whatever order, the cache ends as if it had happened in the best: a state machine.

Customers write, correct, react, take back and tap; the person sends; statuses move; time passes. Meanwhile
requests are made and answered late, in any order, twice, spoilt or never; events are told late, in any order,
twice or never; the engine is killed and started. In the end all troubles stop, the engine runs on (or is
started once more), and the cache is compared with the server by plain HTTP and plain SQL, and with a cache
that was filled by one sync without any trouble.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path

import httpx
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from inbox_tui.sandbox import ids, messaging, platforms
from inbox_tui.sandbox.clock import HOUR
from inbox_tui.sandbox.faults import Fault
from inbox_tui.store import health, outbox, screens, sends, writes
from inbox_tui.store.health import DERIVED
from inbox_tui.store.index import check
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.records import MESSAGE_COLUMNS
from tests.effort import examples
from tests.sync import verify
from tests.sync.rehearsal import URL, Stage, empty_account, options, stage

FLOODED = 1
"""The chat into which so much is written at once that a look does not reach what was read before."""
MOST_WRITTEN = 20
"""Messages that come into any other chat: what is changed in it stays within the reach of a look."""
LISTED = 4
"""Chats of a page. The records of the newest page are looked at by themselves; the rest when they move."""
MOVES_NOTHING = {"participant_username", "participant_name", "participant_avatar_url", "metadata", "archived"}
"""What changes in a chat's record without a message."""

SPOILT = ("error", "html", "unauthorized", "rate_limit", "reset", "lost", "truncate", "broken_json",
          "wrong_json", "bad_record", "duplicate", "shift")  # fmt: skip
numbers = st.integers(0, 30)
some = st.lists(numbers, min_size=1, max_size=6)
CHANGES = ("change", "respond", "tap", "answer_elsewhere", "archive_elsewhere", "let_a_platform_fail")
DOINGS = (
    "write",
    "write",
    "write_to_many",
    "send_a_picture",
    "appear",
    "flood",
    "change",
    "change",
    *CHANGES,
)
"""What happens in the world; the more often it stands here, the likelier."""


class Machine(RuleBasedStateMachine):
    """One example: a stage with everything that can happen on it."""

    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.root = Path(self.stack.enter_context(tempfile.TemporaryDirectory()))
        self.scene: Stage | None = None
        self.written: dict[int, int] = {}
        """How many messages came into each chat."""
        self.theirs: list[int] = []
        """What customers have written, by message number."""
        self.sent: list[OutboxItem] = []
        self.restart = False

    @initialize(
        skew=st.sampled_from([0, 700, -90_000, 3_600_000]),
        with_events=st.booleans(),
        honoured=st.booleans(),
        first=st.booleans(),
        restart=st.booleans(),
    )
    def begin(self, skew: int, with_events: bool, honoured: bool, first: bool, restart: bool) -> None:
        """`first`: the first sync is made before anything happens; `restart`: how the end is reached."""
        self.scene = self.stack.enter_context(
            stage(
                self.root,
                self.empty,
                options(honour_idempotency_keys=honoured),
                skew=skew,
                with_events=with_events,
            )
        )
        self.restart = restart
        self.scene.start()
        if first:
            self.scene.pass_time(2, 0.5)

    @property
    def stage(self) -> Stage:
        assert self.scene is not None
        return self.scene

    # What customers do

    def chat(self, number: int) -> sqlite3.Row:
        with self.stage.world.read() as database:
            chats = database.all("select no from chats where no != ? order by no", FLOODED)
        return self.stage.world.chat_numbered(chats[number % len(chats)]["no"])

    def may_write(self, chat: int) -> bool:
        self.written[chat] = self.written.get(chat, 0) + 1
        return self.written[chat] <= MOST_WRITTEN

    @rule(what=st.sampled_from(DOINGS), number=numbers)
    def happen(self, what: str, number: int) -> None:
        """Something happens in the world, where it is possible."""
        getattr(self, what)(number)

    def write(self, number: int) -> None:
        """A customer writes; on Bluesky nobody knows before the poller has run."""
        row = self.chat(number)
        if not self.may_write(row["no"]):
            return
        with self.stage.world.write():
            if row["platform"] == "bluesky":
                self.stage.life.say(row["no"], f"Hello {number}")
            else:
                self.theirs.append(self.stage.life.receive(row["no"], f"Hello {number}"))

    def write_to_many(self, number: int) -> None:
        """More customers write than stand on a page."""
        for index in range(LISTED + 2):
            self.stage.world.advance(0.1)
            self.write(number + index)

    def send_a_picture(self, number: int) -> None:
        """A customer sends a file, which is mirrored a moment later without a word about it."""
        row = self.chat(number)
        if row["platform"] == "bluesky" or not self.may_write(row["no"]):
            return
        world = self.stage.world
        with world.write() as database:
            message = self.stage.life.receive(row["no"], None, quietly=True)
            database.insert(
                "attachments",
                no=ids.attachment_number(message),
                message=message,
                type="image",
                status="pending",
                source_url="https://cdn.example.com/a.png",
            )
            world.schedule("store", 1500, message)
            world.emit("message.received", {"message": world.message_record(message)})
            self.theirs.append(message)

    def appear(self, number: int) -> None:
        """Somebody new; or a chat that a colleague has opened, and nobody has written in yet."""
        world, profile, silent = self.stage.world, number % 4 + 1, number % 3 == 0
        with world.write() as database:
            row = database.one("select * from profiles where no = ?", profile)
            assert row is not None
            count = database.value("select count(*) from chats")
            chat, _ = messaging.open_chat(world, row, f"new-{count}", None, f"Person {count}")
            if not silent:
                self.theirs.append(self.stage.life.receive(chat["no"], "I am new here"))

    def flood(self, number: int) -> None:
        """More is written into one chat than a look reads."""
        for index in range(31 + number):
            self.stage.world.advance(0.1)
            with self.stage.world.write():
                self.stage.life.receive(FLOODED, f"and {index}")

    def change(self, number: int) -> None:
        """A customer corrects or takes back what they wrote; the business's other staff reacts to it."""
        world, life = self.stage.world, self.stage.life
        what = ("react", "unreact", "edit", "delete")[number % 4]
        if not self.theirs:
            return
        with world.write():
            row = world.message_numbered(self.theirs[number // 4 % len(self.theirs)])
            assert row is not None
            platform = world.chat_numbered(row["chat"])["platform"]
            if row["deleted_at"] is not None:
                return
            if what == "edit" and platform != "bluesky":
                life.edit(row["no"], f"{row['body']} {number}")
            elif what == "delete" and platform in ("instagram", "bluesky"):
                life.delete(row["no"])
            elif what == "react" and platforms.has_reactions(platform):
                name = "love" if platform == "instagram" or number % 2 else "like"
                messaging.react(world, row, name, None)
            elif what == "unreact" and platforms.has_reactions(platform):
                messaging.unreact(world, row)

    def respond(self, number: int) -> None:
        """A customer gets, reads, or likes what was sent."""
        world, life = self.stage.world, self.stage.life
        kind = ("read", "delivered", "react")[number % 3]
        with world.write() as database:
            rows = database.all(
                "select m.no from messages m where status = 'published' and external_id is not null "
                "and direction = 'outbound' and m.body like 'Sent %' order by m.no"
            )
            row = world.message_numbered(rows[number % len(rows)]["no"]) if rows else None
            if row is None or not platforms.has_reactions(world.chat_numbered(row["chat"])["platform"]):
                return
            if kind == "react":
                life.react(row, "😮" if number % 2 else "❤️", "wow" if number % 2 else "love")
            else:
                life.receipt(row["no"], kind)

    def tap(self, number: int) -> None:
        """A customer presses a button."""
        row = self.chat(number)
        if row["platform"] == "telegram" and self.may_write(row["no"]):
            with self.stage.world.write():
                self.stage.life.tap(row["no"], "order:1", None)

    def answer_elsewhere(self, number: int) -> None:
        """A colleague answers by other means."""
        row = self.chat(number)
        # What fails in a chat in which nobody has written for long moves nothing, and nobody looks there.
        newest = row["last_message_at"] or 0
        if self.stage.world.now() - newest > 12 * HOUR or not self.may_write(row["no"]):
            return
        if row["platform"] == "telegram" and row["last_inbound_at"] is None:
            return
        markup = {"inline_keyboard": [[{"text": "Yes", "callback_data": "y"}]]}
        if number % 2 or row["platform"] != "telegram":
            markup = None
        with self.stage.world.write():
            messaging.send(self.stage.world, row, "Answered elsewhere", [], None, markup)

    def archive_elsewhere(self, number: int) -> None:
        """A colleague archives a chat, or takes it back."""
        row = self.chat(number)
        if row["platform"] == "bluesky":
            with self.stage.world.write():
                messaging.archive(self.stage.world, row, muted=not row["muted"])

    def let_a_platform_fail(self, number: int) -> None:
        """The next send is refused by its platform, for a while or for good."""
        self.stage.world.faults.add(Fault("platform_final" if number % 3 == 0 else "platform", times=1))

    # What the person does

    @precondition(lambda self: self.stage.loop is not None)
    @rule(number=numbers)
    def send(self, number: int) -> None:
        """A text leaves the composer, as soon as its chat is known."""
        writer = self.stage.writer
        assert writer is not None
        chats = writer.cache.execute(
            "SELECT id, profile_id FROM chats WHERE last_inbound_at IS NOT NULL AND id != ? ORDER BY id",
            (ids.hashid("chat", FLOODED),),
        ).fetchall()
        if chats:
            chat_id, profile_id = chats[number % len(chats)]
            text = {"text": f"Sent {len(self.sent)}"}
            self.sent.append(sends.queue_send(writer, chat_id, profile_id, text, hold_ms=0))
            writes.refold_chats(writer, [chat_id])

    @precondition(lambda self: self.stage.loop is not None)
    @rule(number=numbers, shown=st.booleans())
    def look(self, number: int, shown: bool) -> None:
        """A screen opens a chat, or shows none."""
        writer = self.stage.writer
        assert writer is not None
        chats = [row[0] for row in writer.cache.execute("SELECT id FROM chats ORDER BY id")]
        screens.show(writer, chats[number % len(chats)] if chats and shown else None)

    # What becomes of requests, answers and events

    @precondition(lambda self: self.stage.waiting)
    @rule(choices=some)
    def make(self, choices: list[int]) -> None:
        """Some requests are made, whichever."""
        for number in choices:
            if self.stage.waiting:
                self.stage.make(number % len(self.stage.waiting))

    @precondition(lambda self: self.stage.waiting)
    @rule(number=numbers, fate=st.sampled_from([*SPOILT, "refused"]))
    def spoil(self, number: int, fate: str) -> None:
        """A request is made and something goes wrong with it, or with its answer; a send where one waits."""
        leaving = [request for request in self.stage.waiting if request.sends]
        request = leaving[0] if leaving else self.stage.waiting[number % len(self.stage.waiting)]
        index = self.stage.waiting.index(request)
        if fate == "refused":
            self.stage.make(index, refused=True)
        else:
            self.stage.make(index, Fault(fate, times=1, retry_after="3"))

    @precondition(lambda self: self.stage.answered)
    @rule(choices=some)
    def deliver(self, choices: list[int]) -> None:
        """Some answers arrive, whichever, and more is asked for."""
        for number in choices:
            if self.stage.answered:
                self.stage.deliver(number % len(self.stage.answered))

    @precondition(lambda self: self.stage.untold and self.stage.with_events)
    @rule(choices=some, again=st.booleans())
    def tell(self, choices: list[int], again: bool) -> None:
        """Some events are told, whichever, or told for the first of two times."""
        for number in choices:
            if self.stage.untold:
                self.stage.tell(number % len(self.stage.untold), again=again)

    @precondition(lambda self: self.stage.untold)
    @rule(choices=some)
    def lose(self, choices: list[int]) -> None:
        """Some events are never told."""
        for number in choices:
            if self.stage.untold:
                del self.stage.untold[number % len(self.stage.untold)]

    @rule(seconds=st.sampled_from([0.3, 2.0, 6.0, 30.0, 150.0, 700.0]))
    def pass_time(self, seconds: float) -> None:
        self.stage.advance(seconds)

    @precondition(lambda self: self.stage.loop is not None)
    @rule()
    def settle(self) -> None:
        """For a moment nothing is in the way."""
        self.stage.rest()

    @precondition(lambda self: self.stage.loop is not None)
    @rule()
    def kill(self) -> None:
        self.stage.kill()

    @precondition(lambda self: self.stage.loop is None)
    @rule()
    def start(self) -> None:
        self.stage.start()

    # What holds at any time

    @invariant()
    def no_text_arrives_twice(self) -> None:
        if self.scene is not None:
            with self.stage.world.read() as database:
                rows = database.all(
                    "select body from messages where body like 'Sent %' group by body having count(*) > 1"
                )
            assert not rows, f"{rows[0]['body']} arrived twice"

    # The end

    def teardown(self) -> None:
        try:
            if self.scene is not None:
                self.end()
        finally:
            self.stack.close()

    def end(self) -> None:
        """Troubles stop; then everything agrees with everything."""
        stage = self.stage
        stage.world.faults.remove()
        if stage.loop is None or self.restart:
            stage.kill()
            stage.start()
        self.calm_down()
        self.the_sends_are_accounted_for()
        self.give_up_what_failed()
        assert stage.writer is not None
        folder, first_sync = (
            stage.folder,
            stage.writer.local.execute("SELECT value FROM meta WHERE key = 'first_sync_at'").fetchone(),
        )
        differences = self.of_the_server()
        assert not differences, "\n".join(differences)
        stale = health.stale(folder)
        assert (stale.chats, stale.counters) == ((), {}), stale
        stage.kill()
        clean = replace(folder, path=self.root / "clean")
        shutil.copytree(self.empty, clean.path)
        with closing(sqlite3.connect(clean.local)) as connection, connection:
            connection.execute("INSERT INTO meta VALUES ('first_sync_at', ?)", first_sync)
        stage.sync(clean)
        # What was sent from here says when it was written, which no other cache knows.
        derived = () if self.sent else DERIVED
        differences = unlike(contents(folder.cache, derived), contents(clean.cache, derived))
        assert not differences, "\n".join(differences)

    def calm_down(self) -> None:
        """Let the engine look at everything it looks at by itself, and let sends come to their end."""
        self.stage.pass_time(60, 10)
        self.stage.pass_time(600, 100)
        if not self.restart:
            # What is looked at most seldom is looked at every 160 minutes.
            self.stage.pass_time(12_000, 800)

    def of_the_server(self) -> list[str]:
        stage = self.stage
        headers = {"Authorization": f"Bearer {stage.world.api_key}"}
        api = httpx.Client(base_url=f"{URL}/api", headers=headers, transport=stage.wire)
        cache = stage.folder.cache
        server, here = verify.on_server(api), verify.in_cache(cache)
        for profile_id in server.profiles:
            chats = [c for c in server.chats if server.chats[c]["profile_id"] == profile_id]
            for chat_id in set(chats[LISTED:]) & here.chats.keys():
                here.chats[chat_id] |= {name: server.chats[chat_id][name] for name in MOVES_NOTHING}
        return verify.compare(server, here) + verify.inconsistencies(cache)

    def the_sends_are_accounted_for(self) -> None:
        """Each was published once, or the person knows that it was not, or that nobody knows."""
        assert self.stage.writer is not None
        items = {item.pk: item for item in map(self.item, self.sent)}
        stuck: set[str] = set()
        for item in items.values():
            arrived = self.published(item)
            if item.state in (State.FAILED, State.UNCERTAIN):
                stuck.add(item.chat_id)
                assert arrived == 0 or item.state == State.UNCERTAIN, item
            elif item.state == State.QUEUED:
                assert (item.chat_id in stuck, arrived) == (True, 0), item
            else:
                assert (item.state, arrived) == (State.SETTLED, 1), item

    def give_up_what_failed(self) -> None:
        """The person gives up what failed, until nothing waits behind it any more."""
        writer = self.stage.writer
        assert writer is not None
        while failed := [i for i in outbox.open_items(writer) if i.state in (State.FAILED, State.UNCERTAIN)]:
            for item in failed:
                assert outbox.discard(writer, item.pk)
                writes.refold_chats(writer, [item.chat_id])
            # What leaves now is published soon, and found in the list within four minutes.
            self.stage.pass_time(60, 10)
            self.stage.pass_time(300, 60)

    def item(self, queued: OutboxItem) -> OutboxItem:
        assert self.stage.writer is not None
        found = outbox.item(self.stage.writer, queued.pk)
        assert found is not None
        return found

    def published(self, item: OutboxItem) -> int:
        with self.stage.world.read() as database:
            text = next(sent.text for sent in self.sent if sent.pk == item.pk)
            return int(
                database.value("select count(*) from messages where body = ? and status = 'published'", text)
            )


def contents(path: Path, derived: Sequence[str]) -> dict[str, list[tuple[object, ...]]]:
    """All of a cache but what tells when, and in which order, things came."""
    columns = ", ".join(("messages", "messages_total", "estimated", *derived))
    selects = {
        "chats": f"SELECT id, {columns} FROM chats ORDER BY id",
        "messages": f"SELECT c.id, position_at, {', '.join(f'm.{n}' for n in MESSAGE_COLUMNS)} "
        "FROM messages m JOIN chats c ON c.pk = m.chat ORDER BY m.id",
        "profiles": "SELECT id, walked, chats, chats_total FROM profiles ORDER BY id",
    }
    if derived:
        selects["header"] = "SELECT key, value FROM meta WHERE key IN ('chats', 'unread', 'unanswered')"
    with closing(sqlite3.connect(path)) as cache:
        assert check(cache, None).wrong == 0, "the search index says what the messages say"
        return {name: cache.execute(select).fetchall() for name, select in selects.items()}


def unlike(one: dict[str, list[tuple[object, ...]]], other: dict[str, list[tuple[object, ...]]]) -> list[str]:
    """Rows that stand in one of two caches only."""
    return [
        f"{name}: {here} against {there}"
        for name in one
        for here, there in zip_longest(
            sorted(set(one[name]) - set(other[name]), key=repr),
            sorted(set(other[name]) - set(one[name]), key=repr),
        )
    ]


@pytest.fixture(scope="module", autouse=True)
def small_pages_and_an_empty_account(tmp_path_factory: pytest.TempPathFactory):
    """Lists of several pages need few chats; an empty account is made once."""
    Machine.empty = empty_account(tmp_path_factory.mktemp("machine") / "empty")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("inbox_tui.sync.listing.PAGE", LISTED)
        patch.setattr("inbox_tui.sync.threads.PAGE", 20)
        yield


TestMachine = Machine.TestCase
TestMachine.settings = settings(max_examples=examples(30), stateful_step_count=60)

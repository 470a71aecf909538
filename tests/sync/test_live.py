"""Webhooks with the real engine and the real sandbox: what is let in, what it brings, what is left behind."""

from __future__ import annotations

import hashlib
import hmac
import json
import signal
import stat
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import pytest

from inbox_tui.api.webhooks import Event
from inbox_tui.cli.syncing import webhooks_of
from inbox_tui.config import Settings
from inbox_tui.core.errors import UsageError
from inbox_tui.sandbox import webhooks as registry
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.sync import engine, subscription
from inbox_tui.sync.engine import Report
from inbox_tui.sync.live import MAX_BODY_BYTES, MOST_REMEMBERED, Gate, Receiver, serving
from inbox_tui.sync.subscription import EVENTS, Webhooks
from tests.sync.conftest import Spawn
from tests.sync.real import PATIENCE, chat_of, count, differences, one, wait_for

Start = Callable[..., RunningSandbox]
Account = Callable[[RunningSandbox], Settings]

SECRET = "whsec_test"
NOW = 1_780_000_000


# What is let in


@dataclass
class Door:
    """A receiver whose clocks and whose room for events are a test's own."""

    now: float = NOW
    local: float = NOW
    room: bool = True
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.gate = Gate(lambda: (self.now, self.local), SECRET)
        self.client = httpx.Client(trust_env=False)

    def reset(self) -> Door:
        self.now, self.local, self.room = NOW, NOW, True
        self.events.clear()
        self.gate.secret = SECRET
        self.gate._seen.clear()
        self.gate._told.clear()
        return self

    def take(self, event: Event) -> bool:
        if self.room:
            self.events.append(event)
        return self.room

    def post(self, body: bytes, *, at: float = NOW, secret: str = SECRET, **headers: str) -> int:
        sent = {
            "Content-Type": "application/json",
            "X-Postproxy-Signature": sign(secret, body, at),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        return self.client.post("/any/path", content=body, headers=sent).status_code


def sign(secret: str, body: bytes, at: float) -> str:
    digest = hmac.new(secret.encode(), f"{int(at)}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={int(at)},v1={digest}"


def envelope(identity: str = "evt_1", kind: str = "planet.aligned", **data: object) -> bytes:
    return json.dumps({"id": identity, "type": kind, "data": data}).encode()


@pytest.fixture(scope="module")
def house() -> Iterator[Door]:
    door = Door()
    receiver = Receiver(Webhooks(), "http://127.0.0.1")
    with (
        serving(receiver.socket, door.gate, door.take),
        door.client as client,
    ):
        client.base_url = httpx.URL(receiver.url)
        yield door


@pytest.fixture
def door(house: Door) -> Door:
    """One receiver for all tests, which remembers nothing of the last."""
    return house.reset()


def test_a_genuine_delivery_is_acknowledged_and_handed_over(door: Door) -> None:
    assert door.post(envelope()) == 204
    assert [event.id for event in door.events] == ["evt_1"]


@pytest.mark.parametrize(
    "header",
    ["", "t=1", "v1=00", sign("whsec_other", envelope(), NOW), sign(SECRET, envelope("evt_2"), NOW), "é" * 9],
)
def test_a_delivery_that_is_not_signed_with_the_secret_is_refused(door: Door, header: str) -> None:
    sent = {"Content-Type": "application/json", "X-Postproxy-Signature": header.encode("latin-1")}
    assert door.client.post("/", content=envelope(), headers=sent).status_code == 401
    assert door.events == []


@pytest.mark.parametrize("age", [-301, 301, 86_400])
def test_a_signature_that_is_too_old_or_of_the_future_is_refused(door: Door, age: int) -> None:
    assert door.post(envelope(), at=NOW - age) == 401
    assert door.events == []


def test_a_signature_counts_by_the_servers_time_where_this_clock_is_wrong_and_the_other_way_round(
    door: Door,
) -> None:
    door.local = NOW - 86_400
    assert door.post(envelope("evt_1")) == 204
    door.now, door.local = NOW + 86_400, NOW
    assert door.post(envelope("evt_2")) == 204
    door.local = NOW + 86_400
    assert door.post(envelope("evt_3")) == 401


def test_a_delivery_that_comes_again_is_acknowledged_and_goes_no_further(door: Door) -> None:
    for at in (NOW, NOW, NOW + 60):
        assert door.post(envelope(), at=at, X_Postproxy_Delivery=f"d{at}") == 204
    assert door.post(envelope("evt_2"), X_Postproxy_Delivery=f"d{NOW}") == 204
    assert [event.id for event in door.events] == ["evt_1"]


def test_a_delivery_is_known_again_for_as_long_as_its_signature_is_fresh(door: Door) -> None:
    assert door.post(envelope()) == 204
    door.now = door.local = NOW + 299
    assert door.post(envelope("evt_2"), at=door.now) == 204
    assert door.post(envelope(), at=NOW) == 204
    assert [event.id for event in door.events] == ["evt_1", "evt_2"]
    door.now = door.local = NOW + 302
    assert door.post(envelope(), at=NOW) == 401


def test_what_is_known_again_takes_bounded_memory() -> None:
    gate = Gate(lambda: (NOW, NOW), SECRET)
    for number in range(MOST_REMEMBERED):
        gate.remember(f"evt_{number}" * 1000, f"d{number}", NOW)
    assert len(gate._seen) == MOST_REMEMBERED
    assert max(map(len, gate._seen)) <= 200
    later = Gate(lambda: (NOW + 700, NOW + 700), SECRET, gate._seen)
    later.remember("evt", "d", NOW + 700)
    assert len(later._seen) == 2


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_anything_but_post_is_refused(door: Door, method: str) -> None:
    assert door.client.request(method, "/").status_code == 405


@pytest.mark.parametrize("kind", ["", "text/plain", "application/x-www-form-urlencoded", "text/json"])
def test_anything_but_json_is_refused(door: Door, kind: str) -> None:
    assert door.post(envelope(), Content_Type=kind) == 415
    assert door.events == []


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_is_taken_however_it_is_named(door: Door, kind: str) -> None:
    assert door.post(envelope(), Content_Type=kind) == 204


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'{"id":"","type":"a"}', b"[" * 100_000])
def test_a_signed_body_that_is_no_event_is_refused(door: Door, body: bytes) -> None:
    assert door.post(body) == 400
    assert door.events == []


def test_a_body_of_a_mebibyte_is_taken_and_a_longer_one_is_refused(door: Door) -> None:
    empty = len(envelope(text=""))
    assert door.post(envelope(text="a" * (MAX_BODY_BYTES - empty))) == 204
    assert door.post(envelope("evt_2", text="a" * (MAX_BODY_BYTES - empty + 1))) == 413

    def chunks() -> Iterator[bytes]:
        for _ in range(20):
            yield b"a" * 100_000

    sent = {"Content-Type": "application/json"}
    assert door.client.post("/", content=chunks(), headers=sent).status_code == 413
    assert len(door.events) == 1


def test_an_event_for_which_there_is_no_room_is_put_off_and_taken_when_it_comes_again(door: Door) -> None:
    door.room = False
    assert door.post(envelope()) == 503
    door.room = True
    assert door.post(envelope()) == 204
    assert len(door.events) == 1


def test_before_the_secret_is_known_nothing_is_believed_and_nothing_is_lost(door: Door) -> None:
    door.gate.secret = None
    answer = door.client.post("/", content=envelope(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


def test_refusals_are_logged_once_a_kind_and_never_with_the_secret(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(50):
        door.post(envelope(), at=NOW - 1000 - number)
        door.post(b"{" * number)
        door.post(envelope(), secret=f"whsec_{number}")
    lines = [record.getMessage() for record in caplog.records if "refused" in record.getMessage()]
    assert 0 < len(lines) <= 10
    assert SECRET not in caplog.text
    assert SECRET not in repr(door.gate)


# What it brings


@pytest.fixture
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing comes round: what reaches the cache came by an event."""
    for name in ("BUSY", "IDLE", "ATTENDED", "OPEN_CHAT", "RECENT", "RECENT_SLOWEST", "PROFILES"):
        monkeypatch.setattr(f"inbox_tui.sync.schedule.{name}_SECONDS", 3600.0)


@contextmanager
def receiving(settings: Settings, webhooks: Webhooks | None = None) -> Iterator[str]:
    """An engine that has read everything and receives webhooks; gives their URL."""
    stop, ended, urls = threading.Event(), [], []
    thread = threading.Thread(
        target=lambda: ended.append(
            engine.run(
                settings, follow=True, stop=stop, webhooks=webhooks or Webhooks(), listening=urls.append
            )
        )
    )
    thread.start()
    try:
        wait_for(lambda: urls and listens(urls[0]))
        wait_for(lambda: count(settings, "chats") and not count(settings, "chats WHERE estimated"))
        yield urls[0]
    finally:
        stop.set()
        thread.join(PATIENCE)
    assert [type(report) for report in ended] == [Report]


def listens(url: str) -> bool:
    """Whether the receiver has its secret, so that it tells what is not signed from what is."""
    return httpx.post(url, json={}).status_code == 401


def number(box: RunningSandbox, message: object) -> int:
    with box.world.read():
        return int(box.world.message(str(message))["no"])


def registered(box: RunningSandbox) -> list[dict[str, object]]:
    with box.world.read() as database:
        return [dict(row) for row in database.all("select * from webhooks order by no")]


def asked_about_messages(box: RunningSandbox) -> list[str]:
    requests = [f"{request['method']} {request['path']}" for request in list(box.world.requests)]
    return [request for request in requests if "/chats" in request or "/messages" in request]


def happen(box: RunningSandbox, settings: Settings) -> None:
    """Everything of which there are events happens once, on the platforms that have it."""
    life, world = box.life, box.world
    telegram, instagram, facebook = (
        chat_of(settings, name)[0] for name in ("telegram", "instagram", "facebook")
    )
    own = one(
        settings,
        "SELECT m.id FROM messages m JOIN chats c ON c.pk = m.chat WHERE c.platform = 'facebook' "
        "AND direction = 'outbound' AND status = 'published' AND read_at IS NULL AND deleted_at IS NULL "
        "ORDER BY position_at DESC LIMIT 1",
    )
    with world.write() as database:
        numbers = {chat: int(world.chat(chat)["no"]) for chat in (telegram, instagram, facebook)}
        edited = life.receive(numbers[telegram], "First words")
        life.edit(edited, "Better words")
        life.tap(numbers[telegram], "order:1", None)
        loved = life.receive(numbers[instagram], "Thank you!")
        life.react(world.message_numbered(loved), "❤️", "love")
        taken_back = life.receive(numbers[instagram], "Not for you")
        life.delete(taken_back)
        life.receive(numbers[facebook], "Hello from Facebook")
        life.receipt(world.message(str(own))["no"], "delivered")
        life.receipt(world.message(str(own))["no"], "read")
        assert database.value("select count(*) from deliveries") >= 9


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("shape", ["flat", "object"])
def test_whatever_happens_is_in_the_cache_without_a_request(
    start_sandbox: Start, account: Account, shape: str
) -> None:
    box = start_sandbox(webhook_envelope=shape, chats=24, messages=240)
    settings = account(box)
    with receiving(settings):
        assert differences(box, settings) == []
        box.world.requests.clear()
        happen(box, settings)
        wait_for(lambda: delivered(box) >= 9)
        wait_for(lambda: count(settings, "messages WHERE body = 'Better words'"))
        wait_for(lambda: count(settings, "messages WHERE body = 'Hello from Facebook' AND arrived > 0"))
        assert asked_about_messages(box) == []
        wait_for(lambda: not differences(box, settings))
        assert one(settings, "SELECT count(*) FROM messages WHERE body = 'Not for you'") == 0
        assert count(settings, "messages WHERE platform_data LIKE '%callback_query%' AND body = 'order:1'")


def delivered(box: RunningSandbox) -> int:
    with box.world.read() as database:
        return int(database.value("select count(*) from deliveries where success"))


@pytest.mark.usefixtures("unhurried")
def test_events_that_come_twice_and_overtake_each_other_end_in_the_same_cache(
    start_sandbox: Start, account: Account
) -> None:
    box = start_sandbox(speed=60, chats=24, messages=240)
    settings = account(box)
    with receiving(settings):
        assert differences(box, settings) == []
        box.world.requests.clear()
        box.world.faults.add(Fault("webhook_duplicate", probability=0.5))
        box.world.faults.add(Fault("webhook_delay", seconds=20, probability=0.5))
        for _ in range(3):
            happen(box, settings)
        wait_for(lambda: all_delivered(box))
        assert asked_about_messages(box) == []
        wait_for(lambda: not differences(box, settings))


@pytest.mark.usefixtures("hasty")
def test_cache_and_server_agree_after_a_lively_hour_of_lost_late_and_doubled_events(
    start_sandbox: Start, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"RECENT_SECONDS": 0.2, "RECENT_SLOWEST_SECONDS": 0.4, "IDLE_SECONDS": 0.5}.items():
        monkeypatch.setattr(f"inbox_tui.sync.schedule.{name}", value)
    monkeypatch.setattr("inbox_tui.sync.pace.BUDGET", 200.0)
    box = start_sandbox(
        frozen_at="2026-06-20T12:00:00.000Z", answers=True, initiative=20, chats=20, messages=200
    )
    settings = account(box)
    with receiving(settings):
        for kind in ("webhook_drop", "webhook_duplicate", "webhook_delay"):
            box.world.faults.add(Fault(kind, probability=0.2, seconds=120))
        for _ in range(20):
            box.world.advance(180)
        box.world.faults.remove()
        box.world.advance(180)  # what was held up is due now
        wait_for(lambda: all_delivered(box))
        try:
            wait_for(lambda: not differences(box, settings))
        except AssertionError:
            assert differences(box, settings) == []
        assert delivered(box) > 100


def all_delivered(box: RunningSandbox) -> bool:
    with box.world.read() as database:
        return not database.value("select count(*) from deliveries where not success")


@pytest.mark.usefixtures("unhurried")
def test_somebody_new_is_fetched_and_a_profile_that_is_lost_says_so(
    start_sandbox: Start, account: Account
) -> None:
    box = start_sandbox()
    settings = account(box)
    with receiving(settings):
        profile = str(one(settings, "SELECT id FROM profiles WHERE platform = 'telegram'"))
        box.world.requests.clear()
        from inbox_tui.sandbox import messaging

        with box.world.write():
            row, _ = messaging.open_chat(box.world, box.world.dm_profile(profile), "4711", None, "Ida New")
            box.life.receive(int(row["no"]), "Is anybody here?")
        wait_for(lambda: count(settings, "messages WHERE body = 'Is anybody here?'"))
        chat = one(settings, "SELECT id FROM chats WHERE participant_name = 'Ida New'")
        # What comes round meanwhile is about other chats.
        about = [line for line in asked_about_messages(box) if str(chat) in line]
        assert about == [f"GET /api/chats/{chat}", f"GET /api/chats/{chat}/messages"]
        with box.world.write():
            box.life.connect(int(box.world.profile(profile)["no"]), "inactive")
        wait_for(lambda: one(settings, "SELECT status FROM profiles WHERE id = ?", profile) == "inactive")


def test_an_engine_shrugs_off_what_is_not_meant_for_it(synced: Settings, sandbox: RunningSandbox) -> None:
    with receiving(synced) as url:
        secret = json.loads(subscription.file_of(synced.folder).read_text())["secret"]
        body = envelope(kind="message.received", message={"id": "m-forged", "chat_id": "c"})
        old = {
            "Content-Type": "application/json",
            "X-Postproxy-Signature": sign(secret, body, time.time() - 400),
        }
        forged = old | {"X-Postproxy-Signature": sign("whsec_guess", body, time.time())}
        right = old | {"X-Postproxy-Signature": sign(secret, body, time.time())}
        answers = [
            httpx.get(url).status_code,
            httpx.post(url, content=body, headers=old).status_code,
            httpx.post(url, content=body, headers=forged).status_code,
            httpx.post(url, content=body, headers=right | {"Content-Type": "text/plain"}).status_code,
            httpx.post(url, content=b"a" * (MAX_BODY_BYTES + 1), headers=right).status_code,
            httpx.post(url, content=body, headers=right).status_code,
        ]
        assert answers == [405, 401, 401, 415, 413, 204]
    assert count(synced, "messages WHERE id = 'm-forged'") == 0


# What is left behind


def test_a_webhook_is_registered_for_what_the_engine_applies_and_removed_at_the_end(
    start_sandbox: Start, account: Account
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    path = subscription.file_of(settings.folder)
    with receiving(settings) as url:
        (webhook,) = registered(box)
        assert webhook["url"] == url
        assert json.loads(str(webhook["events"])) == list(EVENTS)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert json.loads(path.read_text())["secret"] == webhook["secret"]
    assert registered(box) == []
    assert not path.exists()


def start_and_kill(box: RunningSandbox, settings: Settings, spawn: Spawn) -> str:
    """An engine that is killed once its webhook is registered; returns the webhook's secret."""
    process = spawn(settings, "--follow", "--webhooks")
    wait_for(lambda: kept(settings).get("id"))
    process.kill()
    process.wait()
    (webhook,) = registered(box)
    return str(webhook["secret"])


def kept(settings: Settings) -> dict[str, str | None]:
    path = subscription.file_of(settings.folder)
    return dict(json.loads(path.read_text())) if path.exists() else {}


def test_a_killed_engine_that_comes_back_leaves_exactly_one_webhook_and_then_none(
    start_sandbox: Start, home: Account, spawn: Spawn
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = home(box)
    secret = start_and_kill(box, settings, spawn)
    with box.world.write() as database:  # an API need not keep what it has no use for
        database.run("update webhooks set description = null")
    before = registered(box)
    process = spawn(settings, "--follow", "--webhooks", "--until-stdin-closes")
    wait_for(lambda: registered(box)[0]["url"] != before[0]["url"])
    assert [webhook["no"] for webhook in registered(box)] == [before[0]["no"]]
    wait_for(lambda: listens(str(registered(box)[0]["url"])))
    process.send_signal(signal.SIGTERM)
    _, words = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0
    assert registered(box) == []
    assert kept(settings) == {}
    assert b"webhooks are received at http://127.0.0.1:" in words
    assert secret.encode() not in words


def test_the_webhook_of_a_killed_engine_is_removed_by_a_sync_without_webhooks(
    start_sandbox: Start, home: Account, spawn: Spawn
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = home(box)
    start_and_kill(box, settings, spawn)
    assert len(registered(box)) == 1
    assert engine.run(settings, once=True).exit_code == 0
    assert registered(box) == []
    assert kept(settings) == {}


def test_a_webhook_whose_registration_was_cut_off_by_a_kill_is_found_again(
    start_sandbox: Start, home: Account, spawn: Spawn
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = home(box)
    box.world.faults.add(Fault("drip", path="/webhooks$", method="POST", seconds=30))
    process = spawn(settings, "--follow", "--webhooks")
    wait_for(lambda: registered(box))
    process.kill()
    process.wait()
    assert kept(settings)["id"] is None
    box.world.faults.remove()
    with receiving(settings) as url:
        assert [webhook["url"] for webhook in registered(box)] == [url]
    assert registered(box) == []


@pytest.mark.usefixtures("hasty")
def test_a_webhook_that_the_api_no_longer_knows_is_registered_anew(
    start_sandbox: Start, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox_tui.sync.subscription.RETRY_SECONDS", 0.05)
    monkeypatch.setattr("inbox_tui.sync.schedule.IDLE_SECONDS", 0.2)
    box = start_sandbox(chats=5, messages=20)
    settings = account(box)
    with receiving(settings) as url:
        (webhook,) = registered(box)
        with box.world.write() as database:
            registry.delete(box.world, database.one("select * from webhooks"))
            chat = int(database.value("select no from chats order by no limit 1"))
        box.world.advance(2)  # the server's time is known to half a second; what is older is no proof
        with box.world.write():
            box.life.receive(chat, "Nobody tells of this")
        wait_for(lambda: [webhook["url"] for webhook in registered(box)] == [url])
        assert registered(box)[0]["secret"] != webhook["secret"]
        assert count(settings, "messages WHERE body = 'Nobody tells of this'") == 1


def test_surplus_webhooks_of_ours_are_removed_and_those_of_others_left_alone(
    start_sandbox: Start, account: Account
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    subscription.write(settings.folder, subscription.Kept("token"))
    with box.world.write():
        for description in ("inbox-tui token", "inbox-tui token", "somebody else's", None):
            given = {"url": "https://example.com/hook", "events": ["*"], "description": description}
            registry.create(box.world, given)
    with receiving(settings) as url:
        urls = [webhook["url"] for webhook in registered(box)]
        assert urls == [url, "https://example.com/hook", "https://example.com/hook"]
    assert len(registered(box)) == 2


def test_a_registration_that_failed_in_passing_is_tried_again_soon(
    start_sandbox: Start, account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("inbox_tui.sync.subscription.FIRST_RETRY_SECONDS", 0.05)
    monkeypatch.setattr("inbox_tui.sync.subscription.RETRY_SECONDS", 3600.0)
    box = start_sandbox(chats=5, messages=10)
    box.world.faults.add(Fault("error", path="/webhooks", times=2))
    with receiving(account(box)) as url:
        assert [webhook["url"] for webhook in registered(box)] == [url]


def test_an_api_that_refuses_webhooks_is_polled_and_asked_again_later(
    start_sandbox: Start, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    box.world.faults.add(Fault("error", path="/webhooks", status=500))
    stop = threading.Event()
    thread = threading.Thread(
        target=lambda: engine.run(settings, follow=True, stop=stop, webhooks=Webhooks())
    )
    thread.start()
    wait_for(lambda: settings.folder.cache.exists() and count(settings, "chats WHERE NOT estimated") == 5)
    wait_for(lambda: any("webhook:" in record.getMessage() for record in caplog.records))
    stop.set()
    thread.join(PATIENCE)
    assert registered(box) == []
    box.world.faults.remove()


def test_a_public_api_needs_a_public_url(synced: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTPROXY_API_KEY", "pp_key")
    public = Settings("https://api.postproxy.dev", "main", synced.data, synced.state, synced.config)
    with pytest.raises(UsageError, match=r"cannot reach this machine.*--public-url"):
        engine.run(public, follow=True, webhooks=Webhooks())


@pytest.mark.parametrize(
    ("webhooks", "words"),
    [
        (Webhooks(port=8080, public_url="http://inbox.example.com"), "https://inbox.example.com/webhooks"),
        (Webhooks(port=8080, public_url="https://user:word@inbox.example.com"), "cannot be used"),
        (Webhooks(port=8080, public_url="inbox"), "cannot be used"),
        (Webhooks(public_url="https://inbox.example.com"), "Give it with --port"),
        (Webhooks(host="192.0.2.1"), "Nothing can listen on 192.0.2.1"),
        (Webhooks(host="no such host"), "Nothing can listen on no such host"),
    ],
)
def test_what_cannot_be_received_is_said_before_anything_is_done(
    synced: Settings, webhooks: Webhooks, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        engine.run(synced, follow=True, webhooks=webhooks)


def test_a_port_that_is_taken_is_said_so(synced: Settings, sandbox: RunningSandbox) -> None:
    taken = int(sandbox.url.rpartition(":")[2])
    with pytest.raises(UsageError, match=f"Nothing can listen on 127.0.0.1 port {taken}"):
        engine.run(synced, follow=True, webhooks=Webhooks(port=taken))


def test_the_public_url_is_what_the_api_is_told(start_sandbox: Start, account: Account) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    with receiving(settings) as url:
        port = int(url.rpartition(":")[2])
    stop, urls = threading.Event(), []
    webhooks = Webhooks(port=port, public_url="https://inbox.example.com/hook")
    thread = threading.Thread(
        target=lambda: engine.run(settings, follow=True, stop=stop, webhooks=webhooks, listening=urls.append)
    )
    thread.start()
    wait_for(lambda: listens(f"http://127.0.0.1:{port}") if urls else False)
    assert [webhook["url"] for webhook in registered(box)] == urls == ["https://inbox.example.com/hook"]
    stop.set()
    thread.join(PATIENCE)
    assert registered(box) == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"webhooks": True, "follow": False}, "--follow"),
        ({"port": 8080}, "--webhooks"),
        ({"host": "127.0.0.1"}, "--webhooks"),
        ({"public_url": "https://inbox.example.com"}, "--webhooks"),
    ],
)
def test_options_that_make_no_sense_together_are_refused(given: dict[str, object], words: str) -> None:
    usual = {"webhooks": False, "follow": True, "port": None, "host": None, "public_url": None}
    with pytest.raises(UsageError, match=words):
        webhooks_of(**{**usual, **given})


def test_a_damaged_webhook_file_is_replaced(start_sandbox: Start, account: Account) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    for content in ("{", "[]", '{"token": 7}', "\x00"):
        subscription.file_of(settings.folder).write_text(content)
        assert subscription.read(settings.folder) is None
    with receiving(settings):
        assert kept(settings)["id"]
    assert registered(box) == []


def test_the_secret_is_in_neither_database(start_sandbox: Start, account: Account) -> None:
    box = start_sandbox(chats=5, messages=10)
    settings = account(box)
    with receiving(settings):
        secret = str(kept(settings)["secret"])
        files = [path for path in settings.folder.path.iterdir() if path.name.startswith(("cache", "local"))]
        assert {settings.folder.cache, settings.folder.local} <= set(files)
        for path in files:
            assert secret.encode() not in path.read_bytes(), path.name
    assert secret not in repr(subscription.Kept("token", "id", secret))

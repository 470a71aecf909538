"""Acts on the real sandbox: answers that are lost, an engine that is killed, keys honoured and ignored."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from inbox_tui.api.client import Client
from inbox_tui.config import Settings
from inbox_tui.core.models import JsonObject
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store import acts, outbox
from inbox_tui.store.acts import ActName, queue_act
from inbox_tui.store.answers import keep_comments
from inbox_tui.store.items import OutboxItem, State
from inbox_tui.store.writer import Writer
from inbox_tui.sync import engine
from tests.sync.conftest import Spawn
from tests.sync.real import chat_of, differences, item, reader, received, wait_for

Start = Callable[..., RunningSandbox]


@dataclass(frozen=True)
class Wanted:
    """An act in the world of the sandbox: `path` and `method` of its request."""

    act: ActName
    chat_id: str
    profile_id: str
    payload: JsonObject
    method: str
    path: str

    def queue(self, settings: Settings) -> OutboxItem:
        with Writer(settings.folder) as writer:
            return queue_act(writer, self.act, self.chat_id, self.profile_id, self.payload, hold_ms=0)

    def asked(self, box: RunningSandbox) -> int:
        return sum(
            (each["method"], each["path"]) == (self.method, self.path) for each in list(box.world.requests)
        )


def wants(box: RunningSandbox, settings: Settings) -> list[Wanted]:
    """One of every act, each about something else."""
    found = []
    with reader(settings) as connection:
        for act, platform, direction, payload, method, end in (
            (ActName.EDIT, "telegram", "outbound", {"text": "Corrected"}, "PATCH", ""),
            (ActName.REACT, "facebook", "inbound", {"reaction": "wow"}, "POST", "/react"),
            (ActName.REACT, "instagram", "inbound", {"reaction": "love"}, "POST", "/react"),
        ):
            message, chat, profile = connection.execute(
                "SELECT m.id, c.id, c.profile_id FROM messages m JOIN chats c ON c.pk = m.chat "
                "WHERE c.platform = ? AND m.direction = ? AND m.status IN ('published', 'received') "
                "AND m.reactions = '[]' AND m.attachments = '[]' AND m.deleted_at IS NULL "
                "AND m.reply_markup IS NULL ORDER BY m.position_at DESC LIMIT 1",
                (platform, direction),
            ).fetchone()
            path = f"/api/messages/{message}{end}"
            found.append(Wanted(act, chat, profile, {"message_id": message, **payload}, method, path))
    chat, bluesky = chat_of(settings, "bluesky")
    found.append(Wanted(ActName.ARCHIVE, chat, bluesky, {}, "POST", f"/api/chats/{chat}/archive"))
    participant = "did:plc:somebody"
    payload: JsonObject = {"participant": participant, "text": "Hello from here"}
    new = acts.new_chat_of(bluesky, participant)
    path = f"/api/profiles/{bluesky}/chats"
    found.append(Wanted(ActName.NEW_CHAT, new, bluesky, payload, "POST", path))
    return [*found, comment_reply(box, settings)]


def comment_reply(box: RunningSandbox, settings: Settings) -> Wanted:
    """A private reply to a young comment."""
    with Writer(settings.folder) as writer, Client(box.url, box.api_key) as client:
        profiles = [each for each in client.list_profiles().items if each.platform == "instagram"]
        for post in client.list_posts(status="published").items:
            comments = client.list_comments(post.id, profile_id=profiles[0].id).items
            keep_comments(writer, profiles[0].id, post.id, comments)
            for comment in comments:
                if comment.author_external_id and box.world.now() - (comment.posted_at or 0) < 86_400_000 * 6:
                    payload: JsonObject = {
                        "post_id": post.id,
                        "comment_id": comment.id,
                        "comment_external_id": comment.external_id,
                        "text": "Look into your messages",
                    }
                    path = f"/api/posts/{post.id}/comments/{comment.id}/private_reply"
                    chat_id = acts.comment_chat(comment.id)
                    return Wanted(ActName.PRIVATE_REPLY, chat_id, profiles[0].id, payload, "POST", path)
    raise AssertionError("nobody has commented")


def settled(settings: Settings, *items: OutboxItem) -> bool:
    return all(item(settings, each).state == State.SETTLED for each in items)


def agree(box: RunningSandbox, settings: Settings, process: subprocess.Popen[bytes]) -> None:
    """End the engine, look once more at everything, and compare the cache with the server."""
    process.terminate()
    process.wait()
    assert engine.run(settings, once=True, full=True).exit_code == 0
    assert differences(box, settings) == []


def quiet(settings: Settings) -> bool:
    """Nothing is on its way any more."""
    with reader(settings) as connection:
        rows = connection.execute(
            "SELECT 1 FROM outbox WHERE state NOT IN ('settled', 'discarded') UNION ALL "
            "SELECT 1 FROM messages WHERE status = 'pending'"
        ).fetchall()
    return not rows


def test_every_act_is_done_once_though_every_answer_is_lost_and_the_cache_is_as_the_server(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    box = start_sandbox(honour_idempotency_keys=False)
    settings = home(box)
    assert engine.run(settings, once=True, full=True).exit_code == 0
    wanted = wants(box, settings)
    for each in wanted:
        box.world.faults.add(Fault("lost", path=f"{each.path}$", method=each.method, times=1))
    items = [each.queue(settings) for each in wanted]
    process = spawn(settings, "--follow")
    wait_for(lambda: settled(settings, *items) and quiet(settings))
    assert received(box, "Hello from here") == received(box, "Look into your messages") == 1
    # Finding or creating a chat is asked for again, everything else is looked at.
    assert {each.act: each.asked(box) for each in wanted} == {
        each.act: 2 if each.act is ActName.NEW_CHAT else 1 for each in wanted
    }
    agree(box, settings, process)


@pytest.mark.parametrize("honoured", [True, False])
def test_an_engine_that_is_killed_while_it_asks_leaves_nothing_undone(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn, honoured: bool
) -> None:
    box = start_sandbox(honour_idempotency_keys=honoured)
    settings = home(box)
    assert engine.run(settings, once=True, full=True).exit_code == 0
    wanted = [each for each in wants(box, settings) if "text" not in each.payload or each.act is ActName.EDIT]
    for each in wanted:
        box.world.faults.add(Fault("latency", path=f"{each.path}$", method=each.method, times=1, seconds=0.5))
    items = [each.queue(settings) for each in wanted]
    for kills in range(1, 3):
        process = spawn(settings, "--follow")
        wait_for(lambda kills=kills: sum(each.asked(box) > 0 for each in wanted) >= 2 * kills)
        process.kill()
        process.wait()
    process = spawn(settings, "--follow")
    wait_for(lambda: settled(settings, *items) and quiet(settings))
    # What a killed engine has asked for is still done, and may be done last.
    asked = [each for each in box.world.requests if each["method"] != "GET"]
    wait_for(lambda: all(each["status"] is not None for each in asked))
    agree(box, settings, process)


def test_a_refusal_of_the_platform_stands_beside_what_it_is_about_until_it_is_tried_again(
    start_sandbox: Start, home: Callable[[RunningSandbox], Settings], spawn: Spawn
) -> None:
    box = start_sandbox()
    settings = home(box)
    assert engine.run(settings, once=True, full=True).exit_code == 0
    wanted = wants(box, settings)
    for each in wanted:
        words = f"(#1) Not now: {each.path}"
        box.world.faults.add(
            Fault("error", path=f"{each.path}$", method=each.method, times=1, status=422, text=words)
        )
    items = [each.queue(settings) for each in wanted]
    process = spawn(settings, "--follow")
    wait_for(lambda: all(item(settings, each).state == State.FAILED for each in items))
    assert [item(settings, each).title for each in items] == [f"(#1) Not now: {each.path}" for each in wanted]
    with reader(settings) as connection:
        (failed,) = connection.execute("SELECT value FROM main.meta WHERE key = 'failed'").fetchone()
        chats = connection.execute(
            "SELECT count(*) FROM chats WHERE failed > 0 AND id IN (SELECT chat_id FROM outbox)"
        ).fetchone()
    # Those of a comment and of a chat to come have no chat to stand in.
    assert chats == (4,)
    assert failed >= 4
    with Writer(settings.folder) as writer:
        assert all(outbox.retry(writer, each.pk) for each in items)
    wait_for(lambda: settled(settings, *items) and quiet(settings))
    agree(box, settings, process)

"""After an hour of lively chats, passing failures and faults, cache and server agree in everything."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from inbox_tui.config import Settings
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox
from inbox_tui.store.items import State
from tests.sync.real import count, differences, item, queue, received, wait_for
from tests.sync.test_engine import following
from tests.sync.verify import in_cache


@pytest.mark.usefixtures("hasty")
def test_cache_and_server_agree_after_a_lively_hour_with_faults(
    start_sandbox: Callable[..., RunningSandbox],
    account: Callable[[RunningSandbox], Settings],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    quick = {
        "loop.RECENT_SECONDS": 0.2,
        "pace.BUDGET": 200.0,
        "schedule.IDLE_SECONDS": 0.5,
        "schedule.RECENT_SECONDS": 0.2,
        "schedule.RECENT_SLOWEST_SECONDS": 0.4,
    }
    for name, value in quick.items():
        monkeypatch.setattr(f"inbox_tui.sync.{name}", value)
    box = start_sandbox(
        frozen_at="2026-06-20T12:00:00.000Z", answers=True, initiative=20, flaky=0.2, chats=15, messages=300
    )
    settings = account(box)
    for kind in ("error", "reset", "broken_json", "truncate", "shift", "duplicate"):
        box.world.faults.add(Fault(kind, method="GET", probability=0.04))
    sent = []
    with following(settings):
        wait_for(
            lambda: settings.folder.cache.exists() and count(settings, "chats WHERE NOT estimated") == 15
        )
        for minute in range(12):
            if minute % 3 == 0:
                sent.append(queue(settings, f"Message of minute {minute}"))
            box.world.advance(180)
        box.world.faults.remove()
        at_rest = (State.SETTLED, State.FAILED, State.UNCERTAIN)

        def ended() -> bool:
            box.world.advance(1)
            return all(item(settings, each).state in at_rest for each in sent)

        wait_for(ended)
        try:
            wait_for(lambda: not differences(box, settings))
        except AssertionError:
            assert differences(box, settings) == []
    assert len(in_cache(settings.folder.cache).messages) > 300
    settled = [each for each in sent if item(settings, each).state == State.SETTLED]
    assert settled
    assert [received(box, each.text) for each in settled] == [1] * len(settled)
    assert all(received(box, each.text) <= 1 for each in sent)

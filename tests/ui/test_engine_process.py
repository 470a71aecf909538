"""A screen keeps an engine running, and with what it needs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from inbox_tui.store.db import Folder, prepare
from inbox_tui.ui import engine_process
from inbox_tui.ui.engine_process import EngineProcess

TELL = (
    "import os, sys; print(os.environ.get('INBOX_TUI_API_URL', '-'), file=sys.stderr, flush=True); "
    "sys.stdin.read()"
)


@pytest.fixture
def keep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., EngineProcess]]:
    """An engine that only tells what it was started with, into the log, and waits."""
    folder = Folder(tmp_path / "account", "test")
    prepare(folder)
    script = tmp_path / "engine"
    script.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{TELL}"\n')
    script.chmod(0o755)
    monkeypatch.setattr(engine_process.sys, "executable", str(script))
    made: list[EngineProcess] = []

    def make(ask: Callable[[], Mapping[str, str]] | None = None) -> EngineProcess:
        made.append(EngineProcess(folder, [], tmp_path / "log", ask))
        return made[-1]

    yield make
    for engine in made:
        engine.stop()


def told(tmp_path: Path, count: int) -> list[str]:
    """What so many engines have told."""
    deadline = time.monotonic() + 20
    while len(lines := (tmp_path / "log").read_text().split()) < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return lines


def test_an_engine_is_started_anew_only_when_what_it_works_with_is_another(
    keep: Callable[..., EngineProcess], tmp_path: Path
) -> None:
    address = ["one"]
    engine = keep(lambda: {"INBOX_TUI_API_URL": address[0]})
    for _ in range(3):
        engine.tend()
    first = engine.pid
    assert told(tmp_path, 1) == ["one"]
    address[0] = "two"
    engine.tend()
    assert engine.pid != first
    engine.tend()
    assert told(tmp_path, 2) == ["one", "two"]
    assert engine.starts == 2


def test_what_cannot_be_prepared_is_told_once_and_tried_again_later(
    keep: Callable[..., EngineProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def fail() -> Mapping[str, str]:
        asked.append(1)
        raise OSError("no server")

    engine = keep(fail)
    with pytest.raises(OSError, match="no server"):
        engine.tend()
    for _ in range(5):
        engine.tend()
    assert len(asked) == 1
    monkeypatch.setattr(engine_process, "PREPARE_SECONDS", 0.0)
    monkeypatch.setattr(engine, "_prepare_at", float("-inf"))
    with pytest.raises(OSError, match="no server"):
        engine.tend()
    assert engine.pid is None


def test_a_screen_that_ends_starts_no_engine_any_more(keep: Callable[..., EngineProcess]) -> None:
    engine = keep()
    engine.tend()
    assert engine.pid is not None
    engine.stop()
    engine.tend()
    assert engine.pid is None
    assert engine.starts == 1

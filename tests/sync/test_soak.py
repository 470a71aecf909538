"""The short form of `make soak`."""

from __future__ import annotations

from pathlib import Path

from tests.sync.soak import soak


def test_after_faults_and_kills_nothing_is_lost_doubled_or_different(tmp_path: Path) -> None:
    figures = soak(8, seed=7, home=tmp_path / "home", chats=15, messages=120)
    print(figures)
    assert figures.is_well, str(figures)
    assert figures.kills > 0
    assert sum(figures.happened.values()) > 0
    assert sum(figures.faults.values()) > 0
    assert figures.states["settled"] > 0

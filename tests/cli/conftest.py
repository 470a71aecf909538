"""Servers and accounts that are synced once and copied for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cli_accounts import KEY, Account, CommandLine, run_alone

from inbox_tui.config import load
from inbox_tui.sandbox.faults import Fault
from inbox_tui.sandbox.server import RunningSandbox, SandboxOptions, running
from inbox_tui.store import clock
from inbox_tui.store.db import now_ms
from inbox_tui.store.writer import Writer


@pytest.fixture(scope="session")
def living() -> Iterator[RunningSandbox]:
    """A server whose platforms take messages quickly, and whose people write nothing by themselves."""
    with running(SandboxOptions(initiative=0, speed=5, api_key=KEY)) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def still() -> Iterator[RunningSandbox]:
    """A server on which nothing moves."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    with running(SandboxOptions(initiative=0, frozen_at=now, api_key=KEY)) as sandbox:
        yield sandbox


def _synced(path: Path, sandbox: RunningSandbox) -> Account:
    account = Account(path, sandbox.url)
    assert run_alone(account, "sync", "--once").code == 0
    return account


@pytest.fixture(scope="session")
def living_account(tmp_path_factory: pytest.TempPathFactory, living: RunningSandbox) -> Account:
    """An account of the living server; copy it before writing."""
    return _synced(tmp_path_factory.mktemp("living") / "home", living)


@pytest.fixture(scope="session")
def still_account(tmp_path_factory: pytest.TempPathFactory, still: RunningSandbox) -> Account:
    """An account of the server on which nothing moves; copy it before writing."""
    return _synced(tmp_path_factory.mktemp("still") / "home", still)


@pytest.fixture(scope="session")
def orphan_account(tmp_path_factory: pytest.TempPathFactory) -> Account:
    """A synced account whose server is gone."""
    with running(SandboxOptions(initiative=0, api_key=KEY)) as sandbox:
        return _synced(tmp_path_factory.mktemp("orphan") / "home", sandbox)


@pytest.fixture
def reading(
    still_account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """A command line on a world that stands still."""
    return CommandLine(still_account.copy(tmp_path / "home"), monkeypatch, capsys)


@pytest.fixture
def acting(
    living: RunningSandbox,
    living_account: Account,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> CommandLine:
    """A command line on a world that answers."""
    account = living_account.copy(tmp_path / "home")
    with Writer(load(environment=account.environment).folder) as writer:
        # Its time runs faster than ours: what was kept of it by the first sync is minutes behind by now.
        clock.keep(writer, living.world.now() - now_ms())
    return CommandLine(account, monkeypatch, capsys)


@pytest.fixture
def fault(living: RunningSandbox) -> Iterator[Callable[[Fault], Fault]]:
    """Switch a fault of the living server on until the test ends."""
    yield living.world.faults.add
    living.world.faults.remove()

"""The table tried once each: at the command line, at the screen, in the outbox, and as raw requests."""

from __future__ import annotations

import asyncio
import functools
import io
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import httpx
import pytest
import typer

from inbox_tui import cli
from inbox_tui.config import load
from inbox_tui.core.errors import Refused
from inbox_tui.core.models import Comment, Post
from inbox_tui.sandbox.server import RunningSandbox, running
from inbox_tui.store import drafts, outbox
from inbox_tui.store.answers import keep_comments, keep_posts
from inbox_tui.store.writer import Writer
from inbox_tui.ui.app import InboxApp
from tests.matrix import intentions
from tests.matrix.expected import PLATFORMS, Api, Cell, Do, cells
from tests.matrix.raw import requests_for
from tests.matrix.screen import Asked, ask_all
from tests.matrix.verbs import arguments_for
from tests.matrix.world import OPTIONS, Place, build, disconnect

PATIENCE = 30.0
Entry = dict[str, object]


@dataclass(frozen=True)
class Tried:
    """What a cell came to: exit code and words of the command, and what the server was asked meanwhile."""

    code: int
    said: str
    requests: list[Entry]


@dataclass(frozen=True)
class Table:
    """Every cell as it came out of the program, and the log of the whole."""

    places: Mapping[Cell, Place]
    tried: Mapping[Cell, Tried]
    log: list[Entry]
    outbox: str
    """What has not come to its end."""


@dataclass(frozen=True)
class Dispatched:
    """State and words of every item that must not leave, and what the server was asked."""

    ends: Mapping[Cell, tuple[str, str]]
    log: list[Entry]


def run(*arguments: str) -> tuple[int, str, str]:
    """Run a command line in this process: its code, output and errors."""
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors), patch.object(sys, "stdin", io.StringIO()):
        code = cli.run(arguments)
    return code, out.getvalue(), errors.getvalue()


def know_comments(places: Mapping[Cell, Place]) -> None:
    """Have the comments of the table in the cache, those too of networks on which the API lists none."""
    now = round(time.time() * 1000)
    by_post: dict[tuple[str, str], list[Comment]] = {}
    for cell, place in places.items():
        if place.comment:
            at = now - (8 * 86_400_000 if cell.state == "old comment" else 3_600_000)
            comment = Comment(place.comment, at, external_id=place.external_id, posted_at=at)
            by_post.setdefault((place.profile, place.post), []).append(comment)
    with Writer(load().folder) as writer:
        for (profile, post), comments in by_post.items():
            keep_comments(writer, profile, post, comments)


def know_posts(places: Mapping[Cell, Place]) -> None:
    """Have the post of the table in the cache, for every profile that has it."""
    post = Post(next(place.post for place in places.values() if place.post), "processed", 0, body="New in")
    with Writer(load().folder) as writer:
        for profile in {place.profile for place in places.values() if place.post}:
            keep_posts(writer, profile, [post])


def know_drafts(places: Mapping[Cell, Place]) -> None:
    """Have words in every composer into which none can be typed: its window closed while they were."""
    shut = {place.chat for cell, place in places.items() if cell.do is Do.SEND_TEXT and cell.refused}
    with Writer(load().folder) as writer:
        for chat in shut:
            drafts.save(writer, chat, "Typed before", 0)


@pytest.fixture(scope="session")
def on_screen(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[Cell, Place], dict[Cell, Asked]]:
    """Every cell asked at a screen, one running program for each platform; and where each was."""
    asked: dict[Cell, Asked] = {}
    with running(OPTIONS) as box, account(box, tmp_path_factory.mktemp("screen")):
        places = build(box)
        assert run("sync")[0] == 0
        disconnect(box)
        assert run("sync")[0] == 0
        know_posts(places)
        know_comments(places)
        know_drafts(places)
        for platform in PLATFORMS:
            app = InboxApp(load().folder, "matrix")
            try:
                own = {cell: place for cell, place in places.items() if cell.platform == platform}
                asked |= asyncio.run(ask_all(app, own))
            finally:
                app.session.close()
    return places, asked


@pytest.fixture(scope="session")
def world() -> Iterator[tuple[RunningSandbox, dict[Cell, Place]]]:
    """A sandbox with every state of the table; its second profiles are still connected."""
    with running(OPTIONS) as box:
        yield box, build(box)


@contextmanager
def account(box: RunningSandbox, home: Path) -> Iterator[None]:
    """The environment of an account on a sandbox, with files in a folder of its own."""
    environment = {
        "INBOX_TUI_HOME": str(home),
        "INBOX_TUI_API_URL": box.url,
        "POSTPROXY_API_KEY": box.api_key,
    }
    # The verbs are the same for every cell; Typer would make them anew each time.
    verbs = patch("typer.main.get_command", functools.cache(typer.main.get_command))
    with patch.dict(os.environ, environment), verbs:
        yield


@pytest.fixture(scope="session")
def table(world: tuple[RunningSandbox, dict[Cell, Place]], tmp_path_factory: pytest.TempPathFactory) -> Table:
    """Try every cell; what must work is queued, and carried out by one sync."""
    box, places = world
    tried: dict[Cell, Tried] = {}
    with account(box, tmp_path_factory.mktemp("matrix")):
        assert run("sync")[0] == 0
        disconnect(box)
        assert run("sync")[0] == 0
        know_comments(places)
        start = len(box.world.requests)
        for cell, place in places.items():
            before = len(box.world.requests)
            later = () if cell.refused else ("--queue",)
            code, _, said = run(*arguments_for(cell, place), *later)
            tried[cell] = Tried(code, said, list(box.world.requests)[before:])
        assert run("sync")[0] == 0
        return Table(places, tried, list(box.world.requests)[start:], run("outbox")[1])


@pytest.fixture(scope="session")
def dispatched(tmp_path_factory: pytest.TempPathFactory) -> Dispatched:
    """What the outbox makes of what is not to be done, where nobody has asked before."""
    with running(OPTIONS) as box, account(box, tmp_path_factory.mktemp("dispatched")):
        places = build(box)
        assert run("sync")[0] == 0
        disconnect(box)
        assert run("sync")[0] == 0
        know_comments(places)
        start = len(box.world.requests)
        ends: dict[Cell, tuple[str, str]] = {}
        items: dict[Cell, int] = {}
        with Writer(load().folder) as writer:
            for cell, place in places.items():
                if cell.refused and cell.do not in intentions.SENDS:
                    try:
                        items[cell] = intentions.queue(writer, cell, place).pk
                    except Refused as error:
                        ends[cell] = ("refused", error.title)
        assert run("sync")[0] == 0
        with Writer(load().folder) as writer:
            for cell, pk in items.items():
                item = outbox.item_of_number(writer.local, pk)
                ends[cell] = (item.state, item.title)
        return Dispatched(ends, list(box.world.requests)[start:])


@pytest.fixture(scope="session")
def raw() -> Iterator[dict[Cell, Api]]:
    """What the API makes of every request that is not to be made, in a twin of the world."""
    with ExitStack() as stack:
        box = stack.enter_context(running(OPTIONS))
        places = build(box)
        disconnect(box)
        http = stack.enter_context(
            httpx.Client(base_url=box.url, headers={"authorization": f"Bearer {box.api_key}"})
        )
        answers = {cell: _ask(http, cell, places[cell]) for cell in cells() if cell.refused}
        deadline = time.monotonic() + PATIENCE
        yield {cell: _became(http, answer, deadline) for cell, answer in answers.items()}


def _ask(http: httpx.Client, cell: Cell, place: Place) -> httpx.Response:
    """Make the requests of a cell; the answer of the last, or of the first that is refused."""
    answer: httpx.Response | None = None
    made: Any = None
    for request in requests_for(cell, place):
        path = request.path.format(made=made)
        answer = http.request(request.method, path, json=request.body, params=request.query)
        if answer.is_error:
            break
        made = answer.json()["id"]
    assert answer is not None
    return answer


def _became(http: httpx.Client, answer: httpx.Response, deadline: float) -> Api:
    """What has become of a request in the end."""
    if answer.is_client_error:
        return Api.REFUSED
    assert answer.is_success, answer.text
    record = answer.json()
    while record.get("status") == "pending" and record["direction"] == "outbound":
        assert time.monotonic() < deadline, "a message stays pending"
        time.sleep(0.02)
        record = http.get(f"/api/messages/{record['id']}").json()
    return Api.FAILS if record.get("status") == "failed" else Api.MOOT

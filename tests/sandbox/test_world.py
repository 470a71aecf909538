"""The world: believable, deterministic, kept between runs, and as large as asked."""

from __future__ import annotations

import sqlite3
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox_tui.sandbox import generate, ids
from inbox_tui.sandbox.clock import parse_iso
from inbox_tui.sandbox.dialogues import LANGUAGES, cast, dialogues, fill, slots
from inbox_tui.sandbox.options import SandboxOptions
from inbox_tui.sandbox.world import World

from .conftest import NOW, Bench


def everything(bench: Bench) -> dict[str, list[dict[str, Any]]]:
    """Every chat's messages by chat id, over HTTP."""
    threads: dict[str, list[dict[str, Any]]] = {}
    for profile in bench.api.get("/api/profiles").json()["data"]:
        page = 0
        while chats := bench.api.get(
            f"/api/profiles/{profile['id']}/chats", params={"per_page": 100, "page": page}
        ).json()["data"]:
            for chat in chats:
                threads[chat["id"]] = bench.api.get(
                    f"/api/chats/{chat['id']}/messages", params={"per_page": 100}
                ).json()["data"]
            page += 1
    return threads


def test_the_hand_made_world_has_at_least_sixty_chats_over_four_platforms(shared: Bench) -> None:
    platforms = {member.platform for member in cast()}
    assert platforms == {"facebook", "instagram", "telegram", "bluesky"}
    assert len(cast()) >= 60
    threads = everything(shared)
    assert len(threads) == len(cast())
    assert sum(not messages for messages in threads.values()) == 1
    assert max(member_count() for member_count in [lambda: max(map(len, threads.values()))]) == 100


def test_it_speaks_many_languages_and_all_kinds_of_emoji() -> None:
    assert {member.language for member in cast()} == set(LANGUAGES)
    text = "".join(
        line.text for language in LANGUAGES for d in dialogues(language).values() for line in d.lines
    )
    for script in ("CJK", "ARABIC", "CYRILLIC", "HIRAGANA", "HANGUL", "DEVANAGARI"):
        assert any(unicodedata.name(character, "").startswith(script) for character in text), script
    for emoji in ("👨\u200d👩\u200d👧\u200d👦", "🤦🏽\u200d♀️", "👍🏼", "🇨🇦"):
        assert emoji in text + "Do you ship to Canada? 🇨🇦"


def test_every_gap_of_every_line_is_filled() -> None:
    for language in LANGUAGES:
        values = slots(language, "Jane Doe", generate.dice(1, 0, 0))
        for dialogue in dialogues(language).values():
            for line in dialogue.lines:
                for text in (line.text, line.keyboard or "", line.tap or ""):
                    assert "{" not in fill(text, values)
                assert "[" not in line.text, line.text


def test_windows_are_open_closing_soon_closing_later_and_closed() -> None:
    hours = []
    for number, member in enumerate(cast(), start=1):
        if member.platform in ("facebook", "instagram") and member.age is not None:
            last = generate.outline(generate.cast_plan(number, member, 0), 1, generated=False).last_inbound_at
            if last is not None:
                hours.append(24 + last / 3_600_000)
    for low, high in ((12, 24), (1, 4), (0, 1), (-1000, 0)):
        assert any(low < left <= high for left in hours), (low, high)


def test_a_seed_and_a_clock_give_the_same_world(start: Callable[..., Bench]) -> None:
    def strip(bench: Bench) -> str:
        return str(everything(bench)).replace(bench.sandbox.url, "")

    first, second, other = (start(seed=seed) for seed in (7, 7, 8))
    assert strip(first) == strip(second)
    assert strip(first) != strip(other)


def test_living_is_deterministic_too(start: Callable[..., Bench]) -> None:
    worlds = []
    for _ in range(2):
        bench = start(answers=True, initiative=20)
        profile = bench.api.get("/api/profiles").json()["data"][2]["id"]
        chat = bench.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]
        bench.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "Which size?"})
        bench.sandbox.world.advance(1800)
        worlds.append(str(everything(bench)).replace(bench.sandbox.url, ""))
    assert worlds[0] == worlds[1]


def test_world_clock_and_key_are_kept_in_the_state_file(start: Callable[..., Bench], tmp_path: Path) -> None:
    state = tmp_path / "world.db"
    options = {"state": state, "frozen_at": None, "speed": 0.0001}
    first = start(**options)
    profile = first.api.get("/api/profiles").json()["data"][2]["id"]
    chat = first.api.get(f"/api/profiles/{profile}/chats").json()["data"][0]
    sent = first.api.post(f"/api/chats/{chat['id']}/messages", json={"body": "kept"}).json()
    first.sandbox.world.advance(86_400)
    before, key = first.sandbox.world.now(), first.sandbox.api_key
    with pytest.raises(ValueError, match="Is another sandbox running on it"):
        start(**options)
    first.close()
    again = start(**options)
    assert again.sandbox.api_key == key
    assert 0 <= again.sandbox.world.now() - before < 60_000
    kept = again.api.get(f"/api/messages/{sent['id']}").json()
    assert (kept["body"], kept["status"]) == ("kept", "published")


def test_what_is_due_happens_after_a_restart(tmp_path: Path) -> None:
    options = SandboxOptions(state=tmp_path / "world.db", frozen_at=NOW, initiative=0)
    world = World(options)
    with world.write():
        world.schedule("never-heard-of", 1000, 1)
    world.close()
    again = World(options)
    happened: list[int] = []
    again.handlers["never-heard-of"] = lambda subject, payload: happened.append(subject)
    again.advance(0.5)
    assert happened == []
    again.advance(0.5)
    assert happened == [1]
    again.close()


def test_a_state_file_of_another_world_or_no_database_is_refused(tmp_path: Path) -> None:
    state = tmp_path / "world.db"
    World(SandboxOptions(state=state, seed=1)).close()
    with pytest.raises(ValueError, match="Start with the same values"):
        World(SandboxOptions(state=state, seed=2))
    with sqlite3.connect(state) as connection:
        connection.execute("pragma user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="format 99"):
        World(SandboxOptions(state=state))
    state.write_text("this is no database, it is a letter" * 100)
    with pytest.raises(ValueError, match="not a sandbox state file"):
        World(SandboxOptions(state=state))


@pytest.mark.parametrize(("chats", "messages"), [(1, 50), (3, 1000), (40, 40), (40, 7), (0, 0), (200, 2400)])
def test_a_generated_world_has_exactly_the_size_that_was_asked_for(
    start: Callable[..., Bench], chats: int, messages: int
) -> None:
    bench = start(chats=chats, messages=messages)
    totals = [
        bench.api.get(f"/api/profiles/{profile['id']}/chats").json()["total"]
        for profile in bench.api.get("/api/profiles").json()["data"]
    ]
    assert sum(totals) == chats
    database = bench.sandbox.world.database
    for number in range(1, chats + 1):
        bench.sandbox.world.write_thread(number)
    assert database.value("select count(*) from messages") == messages
    wrong = database.value(
        "select count(*) from chats c where last_inbound_at is not (select max(posted_at) from messages m"
        " where m.chat = c.no and direction = 'inbound') or last_outbound_at is not (select max(posted_at)"
        " from messages m where m.chat = c.no and direction = 'outbound')"
        " or created_at > (select min(posted_at) from messages m where m.chat = c.no)"
    )
    assert wrong == 0


def test_messages_alone_lengthen_the_longest_thread(start: Callable[..., Bench]) -> None:
    bench = start(messages=5000)
    rows = bench.sandbox.world.database.all("select planned from chats order by planned desc")
    assert sum(row["planned"] for row in rows) == 5000
    assert len(rows) == len(cast())
    assert rows[0]["planned"] > 4000


def test_a_thread_is_written_when_somebody_looks_at_it_first(start: Callable[..., Bench]) -> None:
    bench = start(chats=50, messages=500)
    database = bench.sandbox.world.database
    assert database.value("select count(*) from messages") == 0
    row = database.one("select * from chats where planned > 3 order by no limit 1")
    assert row is not None
    number = row["first_no"] + 2
    platform = database.value("select platform from profiles where no = ?", row["profile"])
    by_hashid = bench.api.get(f"/api/messages/{ids.hashid('message', number)}").json()
    assert database.value("select count(*) from messages") == row["planned"]
    assert bench.api.get(f"/api/messages/{ids.message_external_id(platform, number)}").json() == by_hashid
    assert by_hashid["chat_id"] == ids.hashid("chat", row["no"])


@given(st.integers(0, 10**9), st.sampled_from(["facebook", "instagram", "telegram", "bluesky"]))
def test_ids_can_be_turned_back(number: int, platform: str) -> None:
    assert ids.number_of("message", ids.hashid("message", number)) == number
    assert ids.message_number(ids.message_external_id(platform, number)) == number


@given(st.text(max_size=40))
def test_foreign_text_is_never_taken_for_an_id(text: str) -> None:
    number = ids.message_number(text)
    if number is not None:
        assert text in {
            ids.message_external_id(p, number) for p in ("facebook", "instagram", "telegram", "bluesky")
        }
    hashed = ids.number_of("chat", text)
    assert hashed is None or ids.hashid("chat", hashed) == text


@given(st.datetimes().map(lambda moment: moment.isoformat()))
def test_times_are_read_with_and_without_zone(text: str) -> None:
    assert parse_iso(f"{text}Z") == parse_iso(f"{text}+00:00") == parse_iso(text)

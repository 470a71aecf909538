"""Snippets on the command line: listed, filled, and never sent with a blank in them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_accounts import CommandLine

FILE = """
[greeting]
text = "Hi {{first_name|there}}, order {{?order number}} is {{?state|on its way}}."
keyboard = "Track order"

[bird]
text = "Hello"
platforms = ["bluesky"]

[who]
text = "From {{nobody}}"
"""


def write(line: CommandLine, text: str = FILE) -> Path:
    """Put a file of snippets where the configuration is."""
    path = line.account.home / "config" / "snippets.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def payload(line: CommandLine, chat: str, *arguments: str) -> dict[str, object]:
    """What would leave."""
    ran = line("send", chat, *arguments, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    found: dict[str, object] = ran.records[0]["payload"]
    return found


def test_snippets_are_listed_with_what_they_ask_and_are_for(reading: CommandLine) -> None:
    assert "there are no snippets yet" in reading("snippets").err
    write(reading)
    assert reading("snippets", "-q").lines == ["greeting", "bird", "who"]
    ran = reading("snippets")
    assert ran.code == 1
    assert "{{nobody}} is not known" in ran.err
    assert [line.split()[0] for line in ran.lines] == ["name", "greeting", "bird", "who"]
    assert "order number, state" in ran.out
    first = json.loads(reading("snippets", "--json").lines[0])
    assert (first["name"], first["asks"]) == ("greeting", ["order number", "state"])


def test_a_snippet_is_filled_for_its_chat_and_brings_its_buttons_where_they_can_be(
    reading: CommandLine,
) -> None:
    write(reading)
    telegram = reading("chats", "platform:telegram", "from:max", "-q").lines[0]
    given = ("--snippet", "greeting", "--set", "order number=A-1042 ")
    assert payload(reading, telegram, *given) == {
        "text": "Hi Max, order A-1042 is on its way.",
        "reply_markup": {"inline_keyboard": [[{"text": "Track order", "callback_data": "track_order"}]]},
    }
    instagram = reading("chats", "platform:instagram", "is:needs-reply", "-q").lines[0]
    ran = reading("send", instagram, *given, "--set", "state=late", "--dry-run", "--json")
    assert "reply_markup" not in ran.records[0]["payload"]
    assert str(ran.records[0]["payload"]["text"]).endswith("order A-1042 is late.")
    assert "sent without its buttons" in ran.err


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("--snippet", "greeting"), 4, '{{?order number}} is not filled in yet. Give --set "order number=…"'),
        (("--snippet", "who"), 4, '{{nobody}} is not filled in yet. Give --set "nobody=…"'),
        (("--snippet", "bird"), 4, "bird is for Bluesky only, and this is Telegram"),
        (("--snippet", "nothing"), 2, "There is no snippet nothing. `inbox-tui snippets` lists them"),
        (("--snippet", "greeting", "--set", "size=M"), 2, "it takes order number, state, first_name"),
        (("--snippet", "greeting", "--set", "size"), 2, "--set size fills nothing"),
        (("text", "--snippet", "greeting"), 2, "A text and --snippet exclude each other"),
        (("text", "--set", "a=b"), 2, "--set fills the blanks of a snippet"),
    ],
)
def test_what_cannot_be_filled_or_does_not_fit_is_refused_before_anything_leaves(
    reading: CommandLine, arguments: tuple[str, ...], code: int, words: str
) -> None:
    write(reading)
    chat = reading("chats", "platform:telegram", "-q").lines[0]
    ran = reading("send", chat, *arguments)
    assert ran.code == code
    assert words in ran.err
    assert reading("outbox", "-q").lines == []


def test_doctor_names_the_line_of_a_snippet_that_cannot_be_used(reading: CommandLine) -> None:
    path = write(reading, FILE.replace('"Hello"', "Hello"))
    ran = reading("doctor")
    assert f"(line 7 of {path})" in ran.out

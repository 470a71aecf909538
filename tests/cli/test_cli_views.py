"""What `chats --view` prints: the rows of the screen's views, in their order."""

from __future__ import annotations

from contextlib import closing

from cli_accounts import CommandLine

from inbox_tui.config import load
from inbox_tui.store import clock, views
from inbox_tui.store.db import open_reader
from inbox_tui.store.views import View

SAVED = """
[views]
Shops = "platform:facebook is:unread"
"""


def test_views_list_the_chats_of_the_screen_in_their_order(reading: CommandLine) -> None:
    first, second, third = reading("chats", "--view", "unread", "-q").lines[:3]
    assert reading("done", first).code == 0
    assert reading("snooze", second, "2h").code == 0
    assert reading("pin", third).code == 0
    with closing(open_reader(load(environment=reading.account.environment).folder)) as reader:
        now = clock.server_now(reader)
        wanted = {view: views.chat_ids(reader, view, now) for view in View}
    assert (wanted[View.DONE], wanted[View.SNOOZED], wanted[View.ALL][0]) == ([first], [second], third)
    for view, ids in wanted.items():
        assert reading("chats", "--view", view.upper(), "-q").lines == ids
        records = reading("chats", "--view", view, "--json").records
        assert [record["id"] for record in records] == ids
    assert reading("chats", "-q").lines == wanted[View.ALL]


def test_a_saved_view_is_its_query(reading: CommandLine) -> None:
    config = reading.account.home / "config" / "config.toml"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(SAVED)
    found = reading("chats", "--view", "shops", "-q").lines
    assert found
    assert found == reading("chats", "platform:facebook", "is:unread", "-q").lines


def test_a_view_that_is_not_there_is_refused_with_those_that_are(reading: CommandLine) -> None:
    ran = reading("chats", "--view", "later")
    assert ran.code == 2
    assert "There is no view “later”. There are: now, unread, waiting, closing, failed, snoozed" in ran.err
    both = reading("chats", "from:jane", "--view", "now")
    assert (both.code, "exclude each other" in both.err) == (2, True)

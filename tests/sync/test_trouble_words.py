"""What a look that failed is said to mean: for the person, not for the request."""

from __future__ import annotations

import httpx
import pytest

from inbox_tui.api.faults import from_answer, from_transport
from inbox_tui.core.errors import InboxError
from inbox_tui.sync.troubles import means

HOST = "api.example"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            from_transport(httpx.ReadTimeout("late"), HOST),
            "It is tried again by itself; what is shown may be old.",
        ),
        (from_transport(httpx.ConnectError("refused"), HOST), "Check the connection."),
        (from_answer(429, {"retry-after": "600"}, b""), "Reading goes on when the pause is over."),
        (from_answer(401, {}, b""), "Set POSTPROXY_API_KEY to a valid key."),
    ],
)
def test_a_look_that_failed_speaks_neither_of_a_message_nor_of_seconds(error: InboxError, words: str) -> None:
    assert means(error) == words

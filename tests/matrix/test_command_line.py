"""The whole table at the command line, with the server's log for a witness."""

from __future__ import annotations

import json
from urllib.parse import unquote

import pytest

from tests.matrix.conftest import Table
from tests.matrix.expected import Api, Cell, No, cells
from tests.matrix.raw import requests_for

CELLS = list(cells())
REFUSED = [cell for cell in CELLS if cell.refused]
ALLOWED = [cell for cell in CELLS if not cell.refused]


@pytest.mark.parametrize("cell", REFUSED, ids=str)
def test_what_cannot_be_done_is_refused_with_its_reason_and_no_request_leaves(
    cell: Cell, table: Table
) -> None:
    tried = table.tried[cell]
    assert isinstance(cell.expected, No)
    assert tried.code == 4, tried
    assert cell.expected.words in tried.said
    assert tried.requests == []


@pytest.mark.parametrize("cell", ALLOWED, ids=str)
def test_what_can_be_done_is_asked_for_once_and_taken(cell: Cell, table: Table) -> None:
    assert table.tried[cell].code == 0, table.tried[cell]
    statuses: list[object] = []
    for request in requests_for(cell, table.places[cell]):
        if "{made}" in request.path:
            continue
        statuses = [
            entry["status"]
            for entry in table.log
            if (entry["method"], unquote(str(entry["path"]))) == (request.method, request.path)
            and holds(str(entry["body"]), request.body)
        ]
    assert len(statuses) == 1
    assert statuses[0] in (200, 201, 202)


def holds(body: str, wanted: object) -> bool:
    """Whether a body of the log says all that a request was to say."""
    said = json.loads(body) if body else {}
    return all(said.get(name) == value for name, value in dict(wanted or {}).items() if name != "reaction")


@pytest.mark.parametrize("cell", REFUSED, ids=str)
def test_every_refusal_is_one_that_the_api_or_the_platform_would_have_made(
    cell: Cell, raw: dict[Cell, Api]
) -> None:
    assert isinstance(cell.expected, No)
    assert raw[cell] is cell.expected.api


def test_not_one_request_of_the_whole_table_was_refused_by_the_server(table: Table) -> None:
    assert [entry for entry in table.log if int(str(entry["status"])) >= 400] == []
    assert table.outbox == ""


def test_the_table_is_as_large_as_it_says() -> None:
    doomed = [cell for cell in REFUSED if isinstance(cell.expected, No) and cell.expected.api is Api.REFUSED]
    assert (len(CELLS), len(ALLOWED), len(REFUSED), len(doomed)) == (274, 47, 227, 169)

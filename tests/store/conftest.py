"""An account's folder with both files, empty."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import store_samples

from inbox_tui.store.db import Folder, open_reader
from inbox_tui.store.writer import Writer


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return store_samples.new_folder(tmp_path / "account")


@pytest.fixture
def writer(folder: Folder) -> Iterator[Writer]:
    with Writer(folder) as writer:
        yield writer


@pytest.fixture
def reader(folder: Folder, writer: Writer) -> Iterator[sqlite3.Connection]:
    with closing(open_reader(folder)) as reader:
        yield reader

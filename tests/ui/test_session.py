"""The writing thread of a screen: long work in parts, in its order, and nothing lost at the end."""

from __future__ import annotations

import pytest

from inbox_tui.store.db import Folder, prepare
from inbox_tui.store.writer import Writer
from inbox_tui.ui.session import Session


def test_what_is_written_goes_between_the_parts_and_one_long_work_behind_the_other(folder: Folder) -> None:
    session, log = Session(folder), []

    def part_of(name: str, count: int) -> object:
        def part(_: Writer) -> bool:
            log.append(name)
            if log.count(name) == 1:
                session.write(lambda _: log.append(f"draft during {name}"))
            return log.count(name) < count

        return session.write_in_parts(part)

    part_of("first", 3)
    part_of("second", 2)
    session.close()
    assert [name for name in log if "draft" not in name] == ["first"] * 3 + ["second"] * 2
    assert log.index("draft during first") < 3, "it waits for one part, not for the work"
    assert "draft during second" in log


def test_a_part_that_fails_ends_its_work_and_not_the_next(folder: Folder) -> None:
    prepare(folder)
    session = Session(folder)

    def fails(_: Writer) -> bool:
        raise ValueError("no")

    broken, whole = session.write_in_parts(fails), session.write_in_parts(lambda _: False)
    session.close()
    assert not session.unfinished
    with pytest.raises(ValueError, match="no"):
        broken.result()
    assert whole.result() is None

"""Copying a fetched file to where the person wants it, without ever writing over another."""

from __future__ import annotations

import os
import shutil
import tempfile
from itertools import count
from pathlib import Path

from inbox_tui.core.errors import StoreError


def save_copy(source: Path, target: Path) -> Path:
    """Copy a file to `target`, or into it where it is a folder; returns where it stands now.

    Where a file of that name is there already, the new one gets a number. It appears whole or not at all.
    Raises StoreError.
    """
    if target.is_dir():
        target = target / source.name
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(prefix=".inbox-tui-", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as copy, source.open("rb") as original:
                shutil.copyfileobj(original, copy)
            return _placed(Path(part), target)
        finally:
            Path(part).unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(
            f"The file cannot be saved to {target}: {error.strerror or error}", "Choose another place"
        ) from error


def _placed(part: Path, target: Path) -> Path:
    """Give a finished copy its name, or the next that is free."""
    for number in count(1):
        named = target if number == 1 else target.with_name(f"{target.stem} ({number}){target.suffix}")
        try:
            os.link(part, named)
        except FileExistsError:
            continue
        except OSError:
            # File systems without hard links: a name that is made anew is free as well.
            os.close(os.open(named, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            part.replace(named)
        return named
    raise AssertionError("count never ends")

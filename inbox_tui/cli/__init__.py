"""The command line. Opening the inbox takes a short way that loads nothing it does not need."""

from __future__ import annotations

import os
import sqlite3
import sys
from collections.abc import Sequence

from inbox_tui.core.errors import InboxError


def run(arguments: Sequence[str]) -> int:
    """Carry out a command line; returns the exit code of UX section 4. Errors are one line on stderr.

    Where one of several chats may be meant, their ids stand in lines below it.
    """
    try:
        match list(arguments):
            case []:
                from inbox_tui.cli.open import open_inbox

                return open_inbox(None)
            case ["--account", account]:
                from inbox_tui.cli.open import open_inbox

                return open_inbox(account)
            case _:
                from inbox_tui.cli.program import run_program

                code = run_program(arguments)
                sys.stdout.flush()
                return code
    except InboxError as error:
        print(f"inbox-tui: {error}", file=sys.stderr)
        return error.exit_code
    except sqlite3.Error as error:
        from inbox_tui.store.db import file_fault

        fault = file_fault(error, "A file of the cache")
        if fault is None:
            raise
        print(f"inbox-tui: {fault}", file=sys.stderr)
        return fault.exit_code
    except (BrokenPipeError, SystemExit):
        # The reader of our output (head, less) has gone: that is its right. Typer tells it by an exit,
        # the only one that it makes here. Nothing may be left to be written when Python ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130

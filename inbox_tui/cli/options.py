"""What the verbs of the command line share: their options, and the settings that they work with."""

from __future__ import annotations

from typing import Annotated

import typer

from inbox_tui.config import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="JSON Lines on standard output.")]
IdsOption = Annotated[bool, typer.Option("-q", help="Ids only, one a line.")]
WaitOption = Annotated[bool, typer.Option("--wait", help="Stay until the platform has it, or refuses.")]
QueueOption = Annotated[bool, typer.Option("--queue", help="Leave it to the next sync.")]
DryOption = Annotated[bool, typer.Option("--dry-run", help="Check and say what would be done.")]


def settings_of(context: typer.Context) -> Settings:
    """The settings that the program was started with."""
    if not isinstance(context.obj, Settings):
        raise TypeError("the callback has not run")
    return context.obj

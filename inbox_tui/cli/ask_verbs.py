"""The verbs that ask for one thing, with their arguments; each loads what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inbox_tui.cli.options import IdsOption, JsonOption, settings_of

MessageArgument = Annotated[str, typer.Argument(help="The message's id, or the platform's.")]


def register(program: typer.Typer) -> None:
    """Give a program the verbs of this module."""
    for verb in (show, save, comments):
        program.command()(verb)


def show(
    context: typer.Context,
    message: MessageArgument,
    live: Annotated[
        bool, typer.Option("--live", help="As the API tells it now, unseen characters escaped.")
    ] = False,
    as_json: JsonOption = False,
) -> int:
    """Every field of a message."""
    from inbox_tui.cli import asking

    return asking.show(settings_of(context), message, live=live, as_json=as_json)


def save(
    context: typer.Context,
    message: MessageArgument,
    to: Annotated[Path, typer.Option(metavar="DIR", help="The folder to save into.")] = Path(),
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Save the files of a message under safe names; none that is there is written over."""
    from inbox_tui.cli import asking

    return asking.save(settings_of(context), message, to, as_json=as_json, ids=ids)


def comments(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(help="The profile's id, user name, name or platform.")],
    post: Annotated[str | None, typer.Option(metavar="ID", help="One post only.")] = None,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Comments under the newest posts of a Facebook or Instagram profile, and which had a private reply."""
    from inbox_tui.cli import asking

    return asking.comments(settings_of(context), profile, post, as_json=as_json, ids=ids)

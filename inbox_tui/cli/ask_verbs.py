"""The verbs that ask for one thing, with their arguments; each loads what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from inbox_tui.cli.options import IdsOption, JsonOption, settings_of

MessageArgument = Annotated[str, typer.Argument(help="The message's id, or the platform's.")]


def register(program: typer.Typer) -> None:
    """Give a program the verbs of this module."""
    for verb in (search, show, save, comments):
        program.command()(verb)


def search(
    context: typer.Context,
    query: Annotated[
        list[str],
        typer.Argument(
            help="Words and phrases; from:, platform:, profile:, label:, is:, has:, before:, after:."
        ),
    ],
    order: Annotated[
        Literal["date", "rank"], typer.Option(help="The newest first, or the best of the newest.")
    ] = "date",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Messages at most.")] = 50,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> None:
    """Cached messages that a query finds; a word also finds longer ones that begin with it."""
    from inbox_tui.cli import searching
    from inbox_tui.store.find import Order

    text = " ".join(query)
    searching.search(settings_of(context), text, order=Order(order), limit=limit, as_json=as_json, ids=ids)


def show(
    context: typer.Context,
    message: MessageArgument,
    live: Annotated[
        bool, typer.Option("--live", help="As the API tells it now, unseen characters escaped.")
    ] = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Every field of a message."""
    from inbox_tui.cli import asking

    return asking.show(settings_of(context), message, live=live, as_json=as_json, ids=ids)


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

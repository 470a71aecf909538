"""The verbs of triage, with their arguments; each loads what it needs when it runs."""

from __future__ import annotations

from typing import Annotated

import typer

from inbox_tui.cli.options import DryOption, IdsOption, JsonOption, settings_of

ChatArgument = Annotated[str, typer.Argument(help="The chat's id, or the platform's conversation id.")]
ChatsArgument = Annotated[
    list[str], typer.Argument(metavar="CHAT...", help="Chats by id, or the platform's conversation id.")
]


def register(program: typer.Typer) -> None:
    """Give a program the verbs of this module."""
    for verb in (done, reopen, snooze, read, unread, label, pin, note):
        program.command()(verb)


def done(
    context: typer.Context,
    chat: ChatsArgument,
    no_reply: Annotated[
        bool, typer.Option("--no-reply", help="There is nothing to answer: take it as read, too.")
    ] = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Close chats for us; the customer sees nothing of it, and the next message opens them again."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    act = triage.done_no_reply if no_reply else triage.done
    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.carry_out(settings_of(context), "done", chat, act, manner)


def reopen(
    context: typer.Context,
    chat: ChatsArgument,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take chats up again that were closed."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.carry_out(settings_of(context), "reopen", chat, triage.reopen, manner)


def snooze(
    context: typer.Context,
    chat: ChatArgument,
    until: Annotated[
        list[str] | None, typer.Argument(help="2h, tomorrow 9, mon, next week, until reply, …")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Bring the chat back now.")] = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Put a chat away until a time or a new message, no longer than its reply window allows."""
    from inbox_tui.cli import triaging

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.snooze(settings_of(context), chat, " ".join(until or []), off=off, manner=manner)


def read(
    context: typer.Context,
    chat: ChatsArgument,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take what is in chats as read; nothing of it is sent to anybody."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.carry_out(settings_of(context), "read", chat, triage.read, manner)


def unread(
    context: typer.Context,
    chat: ChatsArgument,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take the mark away that chats were read."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.carry_out(settings_of(context), "unread", chat, triage.unread, manner)


def label(
    context: typer.Context,
    chat: ChatArgument,
    names: Annotated[list[str] | None, typer.Argument(help="Labels to add; none: print them.")] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="Take a label off; may be repeated.")
    ] = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Add labels to a chat and take others off, or print those that it has."""
    from inbox_tui.cli import triaging

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.label(settings_of(context), chat, names or [], remove or [], manner=manner)


def pin(
    context: typer.Context,
    chat: ChatsArgument,
    off: Annotated[bool, typer.Option("--off", help="Take the pin off.")] = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Pin chats."""
    from functools import partial

    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    act = partial(triage.pin, pinned=not off)
    return triaging.carry_out(settings_of(context), "unpin" if off else "pin", chat, act, manner)


def note(
    context: typer.Context,
    chat: ChatArgument,
    text: Annotated[str | None, typer.Argument(help="The note; print the one there is without it.")] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Take the note away.")] = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Keep a private note with a chat, or print it. It never leaves this machine."""
    from inbox_tui.cli import triaging

    manner = triaging.Manner(dry_run, as_json, ids)
    return triaging.note(settings_of(context), chat, text, remove=remove, manner=manner)

"""The verbs of triage, with their arguments; each loads what it needs when it runs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Protocol

import typer

from inbox_tui.cli.options import DryOption, IdsOption, JsonOption, settings_of

if TYPE_CHECKING:
    from inbox_tui.cli.triaging import Manner
    from inbox_tui.store.journal import OpenStep
    from inbox_tui.store.writer import Writer

    class StepAct(Protocol):
        """An act of `store.triage` on many chats, as a part of a step."""

        def __call__(self, writer: Writer, chat_ids: list[str], *, step: OpenStep) -> Iterable[str]: ...


ChatArgument = Annotated[
    str, typer.Argument(help="The chat's id or the platform's; else the exact handle or full name.")
]
ChatsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="CHAT", help="Chats by id or the platform's; else exact handles or full names."),
]
QueryOption = Annotated[
    str | None, typer.Option("--query", metavar="QUERY", help="All chats that a query finds, as in `chats`.")
]


def register(program: typer.Typer) -> None:
    """Give a program the verbs of this module."""
    for verb in (done, reopen, snooze, read, unread, label, pin, note):
        program.command()(verb)


def done(
    context: typer.Context,
    chat: ChatsArgument = None,
    query: QueryOption = None,
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
    return _carry_out(context, "done", chat, query, act, triaging.Manner(dry_run, as_json, ids))


def reopen(
    context: typer.Context,
    chat: ChatsArgument = None,
    query: QueryOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take chats up again that were closed."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return _carry_out(context, "reopen", chat, query, triage.reopen, manner)


def snooze(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CHAT] [UNTIL]...", help="2h, tomorrow 9, mon, next week, until reply, …"),
    ] = None,
    query: QueryOption = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="TIME", help="The time; all words are chats then.")
    ] = None,
    off: Annotated[bool, typer.Option("--off", help="Bring the chats back now.")] = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Put chats away until a time or a new message, no longer than the reply window of each allows.

    `snooze CHAT tomorrow 9` puts one away, `snooze CHAT CHAT --until "tomorrow 9"` several, and
    `snooze --query is:waiting tomorrow 9` all that a query finds. With `sticky` behind the time they stay
    away even if the customer writes.
    """
    from inbox_tui.cli import triaging

    manner = triaging.Manner(dry_run, as_json, ids)
    all_chats = until is not None or (off and not triaging.is_time((words or [])[1:]))
    chats, rest = _split(words or [], all_chats=all_chats, no_chats=query is not None)
    chosen, text = triaging.Chosen(chats, query), until or " ".join(rest)
    return triaging.snooze(settings_of(context), chosen, text, off=off, manner=manner)


def read(
    context: typer.Context,
    chat: ChatsArgument = None,
    query: QueryOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take what is in chats as read; nothing of it is sent to anybody."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return _carry_out(context, "read", chat, query, triage.read, manner)


def unread(
    context: typer.Context,
    chat: ChatsArgument = None,
    query: QueryOption = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take the mark away that chats were read."""
    from inbox_tui.cli import triaging
    from inbox_tui.store import triage

    manner = triaging.Manner(dry_run, as_json, ids)
    return _carry_out(context, "unread", chat, query, triage.unread, manner)


def label(
    context: typer.Context,
    words: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CHAT] [LABEL]...", help="Labels to add; none: print them."),
    ] = None,
    query: QueryOption = None,
    add: Annotated[
        list[str] | None,
        typer.Option(metavar="LABEL", help="Add a label; may be repeated. All words are chats then."),
    ] = None,
    remove: Annotated[
        list[str] | None, typer.Option(metavar="LABEL", help="Take a label off; may be repeated.")
    ] = None,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Add labels to chats and take others off, or print those that they have.

    `label CHAT vip` is about one chat, `label CHAT CHAT --add vip` about several, and
    `label --query from:jane vip` about all that a query finds.
    """
    from inbox_tui.cli import triaging

    manner = triaging.Manner(dry_run, as_json, ids)
    chats, rest = _split(words or [], all_chats=bool(add), no_chats=query is not None)
    chosen, added = triaging.Chosen(chats, query), [*(add or []), *rest]
    return triaging.label(settings_of(context), chosen, added, remove or [], manner=manner)


def _split(words: list[str], *, all_chats: bool, no_chats: bool) -> tuple[list[str], list[str]]:
    """Chats, and the words behind them: the first word is a chat unless something else says otherwise."""
    if all_chats:
        return words, []
    return ([], words) if no_chats else (words[:1], words[1:])


def pin(
    context: typer.Context,
    chat: ChatsArgument = None,
    query: QueryOption = None,
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
    return _carry_out(context, "unpin" if off else "pin", chat, query, act, manner)


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


def _carry_out(
    context: typer.Context,
    what: str,
    chats: list[str] | None,
    query: str | None,
    act: StepAct,
    manner: Manner,
) -> int:
    from inbox_tui.cli import triaging

    def part(writer: Writer, names: list[str], step: OpenStep) -> Iterable[str]:
        return act(writer, names, step=step)

    return triaging.carry_out(settings_of(context), what, triaging.Chosen(chats or [], query), part, manner)

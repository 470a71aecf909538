"""The verbs that act, with their arguments; each loads what it needs when it runs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from inbox_tui.cli.options import DryOption, IdsOption, JsonOption, QueueOption, WaitOption, settings_of

ChatArgument = Annotated[
    str, typer.Argument(help="The chat's id or the platform's; else a handle that only one chat has.")
]
MessageArgument = Annotated[str, typer.Argument(help="The message's id, or the platform's.")]
TextArgument = Annotated[str | None, typer.Argument(help="The text; read from standard input when left out.")]
ItemArgument = Annotated[
    str, typer.Argument(metavar="ITEM", help="The id in `inbox-tui outbox`, or that of a failed message.")
]
MarkupOption = Annotated[
    str | None, typer.Option(metavar="JSON", help="A Telegram keyboard, as `reply_markup` of its Bot API.")
]
AsIsOption = Annotated[
    bool, typer.Option("--as-is", help="Send it as it is, though {{something}} in it looks like a blank.")
]


def register(program: typer.Typer) -> None:
    """Give a program the verbs of this module."""
    for verb in (send, edit, react, unreact, archive, unarchive, private_reply, new_chat, retry, discard):
        program.command(verb.__name__.replace("_", "-"))(verb)


def send(
    context: typer.Context,
    chat: ChatArgument,
    text: TextArgument = None,
    file: Annotated[Path | None, typer.Option(help="Send a file of this machine.")] = None,
    url: Annotated[str | None, typer.Option(help="Send the file at a public address.")] = None,
    reply_to: Annotated[
        str | None, typer.Option(metavar="MESSAGE", help="Reply to one message (Telegram).")
    ] = None,
    markup: MarkupOption = None,
    snippet: Annotated[
        str | None, typer.Option(metavar="NAME", help="Send a snippet in place of a text.")
    ] = None,
    answers: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Fill a blank of the snippet; may be repeated."),
    ] = None,
    as_is: AsIsOption = False,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Send a message, by the same rules as the screen, without the time to take it back."""
    from inbox_tui.cli.carrying import Manner
    from inbox_tui.cli.sending import Given, send_message

    given = Given(text, file, url, reply_to, markup, snippet, tuple(answers or ()), as_is)
    manner = Manner(wait, queue, dry_run, as_json, ids)
    return send_message(settings_of(context), chat, given, manner)


def edit(
    context: typer.Context,
    message: MessageArgument,
    text: TextArgument = None,
    markup: MarkupOption = None,
    remove_keyboard: Annotated[
        bool, typer.Option("--remove-keyboard", help="Take the keyboard away.")
    ] = False,
    as_is: AsIsOption = False,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Change the text, the caption or the keyboard of an own message (Telegram)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.edit(
        settings_of(context),
        message,
        text,
        markup=markup,
        remove=remove_keyboard,
        as_is=as_is,
        manner=manner,
    )


def react(
    context: typer.Context,
    message: MessageArgument,
    reaction: Annotated[str | None, typer.Argument(help="An emoji or a name; love when left out.")] = None,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Set our reaction to a message (Facebook, Instagram)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.react(settings_of(context), message, reaction, manner=manner)


def unreact(
    context: typer.Context,
    message: MessageArgument,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Take our reaction off a message (Facebook, Instagram)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.unreact(settings_of(context), message, manner=manner)


def archive(
    context: typer.Context,
    chat: ChatArgument,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Archive a chat on its platform (Bluesky)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.archive(settings_of(context), chat, back=False, manner=manner)


def unarchive(
    context: typer.Context,
    chat: ChatArgument,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Bring a chat back from the archive of its platform (Bluesky)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.archive(settings_of(context), chat, back=True, manner=manner)


def private_reply(
    context: typer.Context,
    post: Annotated[str, typer.Argument(help="The post's id.")],
    comment: Annotated[str, typer.Argument(help="The comment's id, or the platform's.")],
    text: TextArgument = None,
    as_is: AsIsOption = False,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Write to who wrote a comment, once for each comment (Facebook, Instagram)."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return acting.private_reply(settings_of(context), post, comment, text, as_is=as_is, manner=manner)


def new_chat(
    context: typer.Context,
    profile: Annotated[str, typer.Argument(help="The profile's id, user name, name or platform.")],
    participant: Annotated[str, typer.Argument(help="The platform's id of the person; Bluesky: the DID.")],
    text: Annotated[str | None, typer.Argument(help="What to write first; nothing when left out.")] = None,
    name: Annotated[str | None, typer.Option(help="What the person is called, for the list.")] = None,
    username: Annotated[str | None, typer.Option(help="The person's user name, for the list.")] = None,
    as_is: AsIsOption = False,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Begin a chat, or find the one that there is."""
    from inbox_tui.cli import acting
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    person = acting.Person(participant, name, username)
    return acting.new_chat(settings_of(context), profile, person, text, as_is=as_is, manner=manner)


def retry(
    context: typer.Context,
    item: ItemArgument,
    again: Annotated[
        bool, typer.Option("--again", help="Also what may have arrived, and may then arrive twice.")
    ] = False,
    wait: WaitOption = False,
    queue: QueueOption = False,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Do once more what failed, in its place before what waits behind it."""
    from inbox_tui.cli import deciding
    from inbox_tui.cli.carrying import Manner

    manner = Manner(wait, queue, dry_run, as_json, ids)
    return deciding.retry(settings_of(context), item, again=again, manner=manner)


def discard(
    context: typer.Context,
    item: ItemArgument,
    dry_run: DryOption = False,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> int:
    """Give up what failed, or of which nobody knows whether it arrived."""
    from inbox_tui.cli import deciding
    from inbox_tui.cli.carrying import Manner

    manner = Manner(dry_run=dry_run, as_json=as_json, ids=ids)
    return deciding.discard(settings_of(context), item, manner=manner)

"""Every verb of the command line. Each loads what it needs when it runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from inbox_tui.cli import accounts, act_verbs, ask_verbs, triage_verbs
from inbox_tui.cli.options import IdsOption, JsonOption, settings_of
from inbox_tui.cli.sandbox import sandbox
from inbox_tui.config import load
from inbox_tui.core.errors import UsageError

program = typer.Typer(
    name="inbox-tui",
    help="Every direct message of a business in one keyboard-driven terminal inbox.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)

ACCOUNT = "--account"
SEE = "See `inbox-tui --help`"
FAULTS = "inbox_tui.faults"
"""Where a context keeps what could not be understood in the settings."""
StdinOption = Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)]


def run_program(arguments: Sequence[str]) -> int:
    """Parse and carry out; returns the exit code."""
    try:
        result = program(args=account_first(arguments), prog_name="inbox-tui", standalone_mode=False)
    except typer.Exit as end:
        return int(end.exit_code)
    except typer.Abort:
        return 130
    except Exception as error:
        # Usage errors of the vendored parser carry a message and an exit code of their own.
        message = getattr(error, "format_message", None)
        if message is None:
            raise
        raise _not_understood(str(message()).rstrip()) from error
    return result if isinstance(result, int) else 0


def _not_understood(words: str) -> UsageError:
    """What the parser says of a command line, as one of our errors."""
    title, _, question = words.rstrip(".").partition(". Did you mean ")
    if title == "No such command 'unsnooze'":
        return UsageError(title, "`inbox-tui snooze CHAT --off` brings a chat back")
    return UsageError(title, f"Did you mean {question} {SEE}" if question else SEE)


def account_first(arguments: Sequence[str]) -> list[str]:
    """The same with `--account NAME` before the verb, wherever it stood; behind `--` all is text.

    It may stand everywhere (interface, section 4), and every verb has to know it before it begins.
    """
    found: list[str] = []
    rest: list[str] = []
    left = iter(arguments)
    for each in left:
        if each == "--":
            rest += [each, *left]
        elif each == ACCOUNT:
            name = next(left, None)
            if name is None:
                raise UsageError(f"{ACCOUNT} wants a name", SEE)
            found += [each, name]
        elif each.startswith(f"{ACCOUNT}="):
            found.append(each)
        else:
            rest.append(each)
    return [*found, *rest]


@program.callback()
def _inbox(
    context: typer.Context,
    account: Annotated[str | None, typer.Option(help="Which account's folder and key to use.")] = None,
    demo: Annotated[bool, typer.Option("--demo", hidden=True)] = False,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
) -> None:
    """Open the inbox, or carry out one command."""
    if version:
        from inbox_tui import __version__

        print(__version__)
        raise typer.Exit
    # The one command that has to work when nothing else does is told what is wrong with the settings.
    faults: list[UsageError] | None = [] if context.invoked_subcommand == "doctor" else None
    context.obj = load(account, demo=demo, faults=faults)
    if context.invoked_subcommand not in accounts.BEGINNERS | {None}:
        context.obj = accounts.existing(context.obj, named=account is not None)
    elif context.invoked_subcommand == "doctor":
        context.obj = accounts.located(context.obj)
    context.meta[FAULTS] = faults or []
    if faults is None:
        for problem in (*context.obj.problems, *context.obj.unknown):
            print(f"inbox-tui: {problem}", file=sys.stderr)
    if context.invoked_subcommand is None:
        from inbox_tui.cli.open import open_inbox

        raise typer.Exit(open_inbox(account))


@program.command()
def demo(
    context: typer.Context,
    speed: Annotated[float, typer.Option(help="Sandbox seconds per real second.")] = 1.0,
) -> int:
    """Open the inbox on the embedded sandbox server: no account, no network."""
    from inbox_tui.cli.demo import DemoServer
    from inbox_tui.cli.open import engine_arguments, show

    settings = load(demo=True)
    server = DemoServer(settings.folder, settings.log_file, speed)
    try:
        return show(settings, engine_arguments(settings), server.environment)
    finally:
        server.stop()


program.command()(sandbox)


@program.command()
def sync(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Fetch what is new, then end (the default).")] = False,
    follow: Annotated[bool, typer.Option("--follow", help="Stay, and keep the cache in step.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Fetch the whole history of every chat.")] = False,
    webhooks: Annotated[
        bool, typer.Option("--webhooks", help="Have the API send events too (with --follow).")
    ] = False,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Where to receive them (default: a free port).")
    ] = None,
    host: Annotated[str | None, typer.Option(help="The address to listen on (default: 127.0.0.1).")] = None,
    public_url: Annotated[
        str | None, typer.Option(help="The https address that leads there, of a tunnel or proxy.")
    ] = None,
    until_stdin_closes: StdinOption = False,
    as_json: JsonOption = False,
) -> int:
    """Bring the cache in step with the API, without the screen."""
    from inbox_tui.cli.syncing import run_sync, webhooks_of

    if once and follow:
        raise UsageError("--once and --follow exclude each other", "Give one of them")
    return run_sync(
        settings_of(context),
        follow=follow,
        full=full,
        watch_stdin=until_stdin_closes,
        as_json=as_json,
        webhooks=webhooks_of(webhooks=webhooks, follow=follow, port=port, host=host, public_url=public_url),
    )


@program.command()
def profiles(context: typer.Context, as_json: JsonOption = False, ids: IdsOption = False) -> None:
    """Every connected profile, how old its data is, and what stands in its way."""
    from inbox_tui.cli import reading

    reading.profiles(settings_of(context), as_json=as_json, ids=ids)


@program.command()
def chats(
    context: typer.Context,
    query: Annotated[
        list[str] | None,
        typer.Argument(help="Words, from:, platform:, profile:, label:, is:, has:, before:, after:."),
    ] = None,
    view: Annotated[
        str | None,
        typer.Option(
            help="A view in its own order: now, unread, waiting, closing, failed, snoozed, done, all, "
            "or a saved one of config.toml."
        ),
    ] = None,
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> None:
    """The chats of the cache, newest first, or those of a view."""
    from inbox_tui.cli import reading

    reading.chats(settings_of(context), " ".join(query or []), view, as_json=as_json, ids=ids)


@program.command()
def thread(
    context: typer.Context,
    chat: Annotated[str, typer.Argument(help="The chat's id or the platform's; else handle or name.")],
    as_json: JsonOption = False,
    ids: IdsOption = False,
) -> None:
    """Every cached message of a chat, oldest first."""
    from inbox_tui.cli import reading

    reading.thread(settings_of(context), chat, as_json=as_json, ids=ids)


@program.command()
def snippets(
    context: typer.Context,
    as_json: JsonOption = False,
    ids: Annotated[bool, typer.Option("-q", help="Names only, one a line.")] = False,
) -> int:
    """The prepared texts of snippets.toml; `send CHAT --snippet NAME` sends one."""
    from inbox_tui.cli.snippets import listing

    return listing(settings_of(context), as_json=as_json, names=ids)


@program.command()
def outbox(context: typer.Context, as_json: JsonOption = False, ids: IdsOption = False) -> None:
    """What has been written and is not at its end."""
    from inbox_tui.cli import reading

    reading.outbox(settings_of(context), as_json=as_json, ids=ids)


ask_verbs.register(program)
act_verbs.register(program)
triage_verbs.register(program)


@program.command()
def doctor(
    context: typer.Context,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what can be, and say what.")] = False,
    as_json: JsonOption = False,
) -> int:
    """Look at terminal, settings, key, files, engine and API; say what is wrong and what to do."""
    from inbox_tui.cli.doctor import doctor as examine

    return examine(settings_of(context), context.meta[FAULTS], repair=repair, as_json=as_json)


for _verb in program.registered_commands:
    _verb.epilog = f"{ACCOUNT} NAME may stand here, too: which account's folder and key to use."

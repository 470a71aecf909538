"""`sandbox`: the embedded API server alone, with everything that it can be told."""

from __future__ import annotations

import os
import secrets
import signal
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from inbox_tui.core.errors import InboxError, UsageError


def sandbox(
    host: Annotated[
        str, typer.Option(help="Address to listen on; any but the loopback lets other machines in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    world: Annotated[str, typer.Option(help="default, hostile or empty.")] = "default",
    seed: Annotated[int, typer.Option(help="Everything random follows it.")] = 1,
    chats: Annotated[int | None, typer.Option(help="A generated world of this many chats.")] = None,
    messages: Annotated[int | None, typer.Option(help="Messages, in all.")] = None,
    state: Annotated[Path | None, typer.Option(help="File that keeps world, clock and key.")] = None,
    other_platforms: Annotated[
        list[str] | None, typer.Option(help="Also a profile of a platform without direct messages.")
    ] = None,
    speed: Annotated[float, typer.Option(help="Sandbox seconds per real second.")] = 1.0,
    frozen_at: Annotated[str | None, typer.Option(help="ISO time at which the clock stands still.")] = None,
    answers: Annotated[bool, typer.Option(help="People answer, read, tap and react.")] = True,
    initiative: Annotated[
        float, typer.Option(help="Mean sandbox seconds between messages that people write first; 0: never.")
    ] = 90.0,
    control: Annotated[
        bool, typer.Option("--control", help="Switch the /_sandbox surface on; prints its token.")
    ] = False,
    faults: Annotated[
        list[str] | None, typer.Option(help="A fault from the start: rate_limit,path=/messages,times=1")
    ] = None,
    flaky: Annotated[float, typer.Option(help="Share of sends that fail once and are retried.")] = 0.0,
    honour_idempotency_keys: Annotated[bool, typer.Option(help="Honour the Idempotency-Key header.")] = True,
    webhook_envelope: Annotated[str, typer.Option(help="flat or object.")] = "flat",
    private_reply_refusals: Annotated[str, typer.Option(help="async or sync.")] = "async",
    archived_in_lists: Annotated[bool, typer.Option(help="Bluesky lists carry `archived`.")] = True,
    deleted_bodies: Annotated[str, typer.Option(help="kept or removed.")] = "kept",
    live_additions: Annotated[
        bool, typer.Option("--live-additions", help="Calls that the live API has gained since the seed.")
    ] = False,
    max_per_page: Annotated[int, typer.Option(help="Largest page.")] = 100,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> int:
    """Run the sandbox API server alone; docs/sandbox.md explains all of it."""
    from inbox_tui.sandbox.server import SandboxOptions, run

    if until_stdin_closes:
        _end_with_stdin()
    try:
        options = SandboxOptions(
            host=host,
            port=port,
            world=world,
            seed=seed,
            chats=chats,
            messages=messages,
            state=state,
            other_platforms=tuple(other_platforms or ()),
            speed=speed,
            frozen_at=frozen_at,
            answers=answers,
            initiative=initiative,
            control_token=secrets.token_urlsafe(16) if control else None,
            faults=tuple(faults or ()),
            flaky=flaky,
            honour_idempotency_keys=honour_idempotency_keys,
            webhook_envelope=webhook_envelope,
            private_reply_refusals=private_reply_refusals,
            archived_in_lists=archived_in_lists,
            deleted_bodies=deleted_bodies,
            live_additions=live_additions,
            max_per_page=max_per_page,
        )
        run(options)
    except ValueError as error:
        raise UsageError(str(error), "See `inbox-tui sandbox --help`") from error
    except OSError as error:
        raise InboxError(
            f"Cannot listen on {host}:{port}: {error.strerror}", "Choose another port with --port"
        ) from error
    return 0


def _end_with_stdin() -> None:
    """End this process as a signal would when the process that started it has gone."""

    def watch() -> None:
        while sys.stdin.buffer.read(1024):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="stdin", daemon=True).start()

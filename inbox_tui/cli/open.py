"""Opening the inbox: files first, then the screen, the engine after its first paint."""

from __future__ import annotations

import gc
import logging
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from inbox_tui.config import Settings, keep_good, load
from inbox_tui.core.errors import InboxError, NotAuthorised, UsageError
from inbox_tui.store.db import prepare

if TYPE_CHECKING:
    from inbox_tui.ui.preferences import Preferences

NO_KEY = "No API key is set"
NO_KEY_HINT = "Set POSTPROXY_API_KEY and start again, or try `inbox-tui demo`, which needs none"


def open_inbox(account: str | None) -> int:
    """Open the inbox of an account. Raises NotAuthorised where no key is set."""
    settings = load(account)
    if settings.api_key() is None:
        raise NotAuthorised(NO_KEY, NO_KEY_HINT)
    return show(settings, engine_arguments(settings))


def engine_arguments(settings: Settings) -> list[str]:
    """What a screen calls `python -m inbox_tui` with to get its engine."""
    place = ["--demo"] if settings.demo else ["--account", settings.account]
    return [*place, "sync", "--follow", "--until-stdin-closes"]


def show(
    settings: Settings,
    arguments: Sequence[str],
    before_engine: Callable[[], Mapping[str, str]] | None = None,
) -> int:
    """Show the inbox until the person leaves it; `before_engine` is run before each start of the engine."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError(
            "The inbox needs a terminal", "Use `inbox-tui chats`, `thread` or `send` in scripts; see --help"
        )
    # What is loaded and made until the inbox is there stays; to look through it for garbage only takes time.
    gc.disable()
    notices = prepare(settings.folder)
    settings.log_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    logging.basicConfig(
        filename=settings.log_file,
        level=logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )
    from inbox_tui.ui.app import run
    from inbox_tui.ui.engine_process import EngineProcess

    engine = EngineProcess(settings.folder, arguments, settings.log_file, before_engine)
    name = "demo" if settings.demo else settings.account

    def preferred() -> Preferences:
        from inbox_tui.ui.preferences import Watch, preferences

        def again() -> Preferences:
            # The account stays the one that is open, whatever the file says by now.
            faults: list[UsageError] = []
            now = load(settings.account, demo=settings.demo, faults=faults)
            found = preferences(now, faults, watch.changed)
            if not faults and not now.problems and not found.keymap.problems:
                _keep(now)
            return found

        # Watched before it is read, so that no change is missed.
        watch = Watch(settings.config_file, again)
        return again()

    fault = run(
        settings.folder,
        name,
        engine=engine,
        theme=settings.theme,
        notices=notices,
        preferences=preferred,
        when_opened=_collect_garbage,
    )
    if fault is not None:
        logging.getLogger(__name__).error("the inbox was ended by a fault", exc_info=fault)
        raise InboxError(
            f"A fault of the program has ended the inbox ({type(fault).__name__})",
            "What was typed is kept and what was sent is on its way; inbox-tui opens it again. "
            f"Please report what stands at the end of {settings.log_file}",
        )
    return 0


def _collect_garbage() -> None:
    """From now on, of what is made from now on."""
    gc.freeze()
    gc.enable()


def _keep(settings: Settings) -> None:
    """Keep a copy of settings that can all be used; without it the program works, so it is only logged."""
    try:
        keep_good(settings)
    except OSError:
        logging.getLogger(__name__).exception("no copy of the configuration could be kept")

"""Which accounts there are on this machine, and which one a command is about."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from inbox_tui.config import Settings
from inbox_tui.core.errors import UsageError

DEMO = "demo"
BEGINNERS = frozenset({"demo", "doctor", "sandbox", "snippets", "sync"})
"""Verbs that need no account's cache, or begin one."""


def located(settings: Settings) -> Settings:
    """The settings with the folder that the account's name means: `demo` is the demo's, unless a real account
    is called so.
    """
    if settings.demo or settings.account != DEMO or settings.folder.path.is_dir():
        return settings
    demo = replace(settings, demo=True, beside_demo=True)
    return demo if demo.folder.path.is_dir() else settings


def existing(settings: Settings, *, named: bool) -> Settings:
    """`located`, where the account has a folder here.

    Raises UsageError with the accounts that there are, where it has none. On a machine without any, only what
    was `named` on the command line is an error: the commands themselves say that nothing was fetched yet.
    """
    settings = located(settings)
    if settings.folder.path.is_dir():
        return settings
    others = names(settings)
    if not (others or named):
        return settings
    there = (
        f"There {'is' if len(others) == 1 else 'are'}: {', '.join(others)}" if others else "There is none yet"
    )
    missing = f"There is no account {settings.account} of {urlsplit(settings.api_url).netloc}"
    begin = f"`inbox-tui sync --account {settings.account}` fetches a new one"
    if settings.account == DEMO:
        missing, begin = (
            "There is no demo, and no other account of that name",
            "`inbox-tui demo` begins the demo",
        )
    raise UsageError(f"{missing} in {settings.data}", f"{there}. {begin}")


def names(settings: Settings) -> list[str]:
    """The accounts that have a cache here, those of another API with its address; the demo last."""
    own, others, demo = [], [], []
    here = settings.folder.path.name.removesuffix(settings.account)
    for path in sorted(settings.data.glob("*/cache.db")):
        folder = path.parent.name
        api, dashes, name = folder.partition("--")
        if folder.startswith(here):
            own.append(folder.removeprefix(here))
        elif dashes:
            others.append(f"{name} (of {api})")
        elif folder == DEMO:
            demo.append(DEMO)
    return [*own, *others, *demo]

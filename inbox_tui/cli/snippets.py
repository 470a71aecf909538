"""Snippets on the command line: what there are, and one of them filled for a chat."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from inbox_tui.cli import output
from inbox_tui.cli.reading import columns
from inbox_tui.config import Settings
from inbox_tui.config.snippets import Reading, SnippetFile
from inbox_tui.core import snippets
from inbox_tui.core.capabilities import platform_name
from inbox_tui.core.cells import preview
from inbox_tui.core.errors import Refused, UsageError
from inbox_tui.core.models import Chat, Profile
from inbox_tui.core.snippets import Filled, Snippet
from inbox_tui.core.text import clean


def listing(settings: Settings, *, as_json: bool, names: bool) -> int:
    """Print every snippet; what of the file cannot be used is said on standard error, and the code is 1."""
    reading = SnippetFile(settings.snippets_file).read()
    found = list(reading.snippets.values())
    if as_json:
        output.print_records(map(_record, found))
    elif names:
        for snippet in found:
            print(snippet.name)
    else:
        rows = [
            (each.name, each.only or "everywhere", ", ".join(_asks(each)), preview(each.text))
            for each in found
        ]
        output.print_table(("name", "for", "asks", "text"), rows, columns())
    if not found and not reading.problems:
        output.say_nothing_found(f"there are no snippets yet; they stand in {settings.snippets_file}")
    _tell_problems(reading)
    return 1 if reading.problems else 0


def _asks(snippet: Snippet) -> list[str]:
    return [prompt.label for prompt in snippets.prompts(snippet)]


def _record(snippet: Snippet) -> output.Record:
    return {
        "name": snippet.name,
        "text": snippet.text,
        "platforms": list(snippet.platforms),
        "asks": list(_asks(snippet)),
        "reply_markup": dict(snippet.keyboard) or None,
    }


def _tell_problems(reading: Reading) -> None:
    for problem in reading.problems:
        print(f"inbox-tui: {problem}", file=sys.stderr)


def filled(
    settings: Settings, name: str, given: Sequence[str], chat: Chat, profile: Profile | None
) -> Filled:
    """A snippet filled for a chat; `given` are settings as `key=value`, of its questions or its facts.

    Raises UsageError for an unknown name or key, Refused where it is for other platforms or a blank of it
    stays open.
    """
    reading = SnippetFile(settings.snippets_file).read()
    snippet = reading.snippets.get(name)
    if snippet is None:
        _tell_problems(reading)
        raise UsageError(f"There is no snippet {clean(name)}", "`inbox-tui snippets` lists them")
    if not snippet.fits(chat.platform):
        here = platform_name(chat.platform)
        raise Refused(f"{name} is for {snippet.only} only, and this is {here}", "Nothing was sent")
    answers = {prompt.label: prompt.default for prompt in snippets.prompts(snippet)}
    known = snippets.facts(chat, profile)
    facts = snippets.names(snippet)
    for setting in given:
        key, sign, value = setting.partition("=")
        key = " ".join(key.removeprefix("?").split())
        if not sign or key not in (*answers, *facts):
            asked = ", ".join((*answers, *facts)) or "nothing"
            raise UsageError(f"--set {clean(setting)} fills nothing", f'Write "key=value"; it takes {asked}')
        where = answers if key in answers else known
        where[key] = clean(value).strip()
    done = snippets.fill(snippet, known, answers)
    try:
        snippets.refuse_open(done.blanks)
    except Refused as refused:
        first = done.blanks[0].strip("{}").lstrip("?").partition("|")[0].strip()
        raise Refused(refused.title, f'Give --set "{first}=…"; nothing was sent') from refused
    return done

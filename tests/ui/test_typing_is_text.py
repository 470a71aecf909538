"""UX section 3: where one types, no printable key and no Alt key is a command. Every field, every key."""

from __future__ import annotations

import inspect
import string
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import UTC
from importlib import import_module
from pkgutil import iter_modules

from textual.events import Key
from textual.widgets import Input, TextArea

from inbox_tui.config.snippets import SnippetFile
from inbox_tui.core.models import Attachment, Message
from inbox_tui.core.snippets import Snippet
from inbox_tui.store.db import Folder, open_reader
from inbox_tui.ui import dialogs
from inbox_tui.ui.dialogs.attach import Attach
from inbox_tui.ui.dialogs.comments import Comments
from inbox_tui.ui.dialogs.dialog import Dialog
from inbox_tui.ui.dialogs.edit import EditMessage
from inbox_tui.ui.dialogs.edit import Task as EditTask
from inbox_tui.ui.dialogs.keyboard import KeyboardBuilder
from inbox_tui.ui.dialogs.keyboard import Task as KeyboardTask
from inbox_tui.ui.dialogs.labels import Labels
from inbox_tui.ui.dialogs.new_chat import NewChat
from inbox_tui.ui.dialogs.note import Note
from inbox_tui.ui.dialogs.palette import Palette
from inbox_tui.ui.dialogs.react import React
from inbox_tui.ui.dialogs.save import SaveDialog
from inbox_tui.ui.dialogs.saved_keyboards import SavedKeyboards
from inbox_tui.ui.dialogs.search import Asked, Search
from inbox_tui.ui.dialogs.snippet_edit import EditSnippet
from inbox_tui.ui.dialogs.snippets import Desk as SnippetDesk
from inbox_tui.ui.dialogs.snippets import Snippets
from inbox_tui.ui.dialogs.snooze import Snooze
from inbox_tui.ui.inbox import InboxScreen

from .conftest import Desk, DeskMaker, _key

PRINTABLE = string.digits + string.ascii_letters + string.punctuation + " éß中…😀"
WITH_ALT = string.digits + string.ascii_lowercase + "GRX"
"""What a terminal tells with Alt; of punctuation Textual tells it without."""
FILE = Attachment("file", "image", "https://storage.example/a.png", "a.png")
MESSAGE = Message("m", "c", "inbound", "received", 0, body="Hello", attachments=(FILE,))


def snippets(inbox: InboxScreen) -> SnippetFile:
    """The snippets of the screen."""
    return inbox.acts.snippets.file


OPENED: Mapping[type, Callable[[InboxScreen], Dialog[object]]] = {
    Attach: lambda inbox: Attach("telegram", "", lambda chosen: None),
    Comments: lambda inbox: Comments(inbox.session, list(inbox.profiles.by_id.values())),
    EditMessage: lambda inbox: EditMessage(
        inbox.session,
        EditTask("Edit", "telegram", "Hello", "Hello", False, "edit:m", lambda: "Hello", lambda text: "no"),
    ),
    KeyboardBuilder: lambda inbox: KeyboardBuilder(
        inbox.session, KeyboardTask("Buttons", "Hello", None, "keyboard:m", False, lambda markup: "no")
    ),
    Labels: lambda inbox: Labels("Ana", ["vip"], ["vip", "refund"]),
    NewChat: lambda inbox: NewChat(inbox.session, list(inbox.profiles.by_id.values())),
    Note: lambda inbox: Note(inbox.session, "c", "Ana", ""),
    Palette: Palette,
    React: lambda inbox: React("facebook", "Hello", None),
    SaveDialog: lambda inbox: SaveDialog(inbox.session, MESSAGE),
    SavedKeyboards: lambda inbox: SavedKeyboards(inbox.session, None),
    EditSnippet: lambda inbox: EditSnippet(inbox.session, snippets(inbox), Snippet("hello", "Hello"), None),
    Snippets: lambda inbox: Snippets(
        inbox.session, snippets(inbox), SnippetDesk("telegram", {}, "", {}, lambda *_: "no")
    ),
    Search: lambda inbox: Search(inbox.session, inbox.profiles.by_id.values(), UTC, Asked()),
    Snooze: lambda inbox: Snooze("Ana", lambda: 0, None, away=False),
}
"""How each dialog with a field is opened, whatever the chat is."""


def with_fields() -> set[type]:
    """The dialogs of the program that ask for something to be typed."""
    found = set()
    for module in iter_modules(dialogs.__path__, f"{dialogs.__name__}."):
        for _, each in inspect.getmembers(import_module(module.name), inspect.isclass):
            if issubclass(each, Dialog) and each.__module__ == module.name:
                ours = [base for base in each.__mro__ if base.__module__.startswith(dialogs.__name__)]
                source = "".join(map(inspect.getsource, ours))
                if any(f"yield {field}(" in source for field in ("Input", "Editor", "Lines", "TextArea")):
                    found.add(each)
    # What others are made of is never opened itself.
    return {each for each in found if not each.__subclasses__()}


def test_every_dialog_with_a_field_is_known_here() -> None:
    assert with_fields() == set(OPENED)


def facts(folder: Folder) -> list[tuple[object, ...]]:
    """What commands change: everything in the local file but what is kept while one types."""
    with closing(open_reader(folder)) as reader:
        names = ("outbox", "marks", "snoozes", "labels", "pins", "notes", "journal", "dismissed", "keyboards")
        return [tuple(reader.execute(f"SELECT * FROM local.{name}").fetchall()) for name in names]


class Walk:
    """Types into one field after the other, and sees that nothing else happens."""

    def __init__(self, agent: Desk, folder: Folder) -> None:
        self._agent = agent
        self._folder = folder
        self._facts = facts(folder)

    async def type_into(self, field: Input | TextArea) -> None:
        """Press every printable key, then each with Alt; the field has the focus."""
        app = self._agent.app
        screen, where = app.screen, f"{type(app.screen).__name__} {field!r}"
        screen.set_focus(field)
        value = self._empty(field)
        assert value() == ""
        for character in PRINTABLE:
            app.post_message(Key(_key(character), character))
        await self._agent.pilot.pause()
        assert value() == PRINTABLE, where
        for number, character in enumerate(WITH_ALT):
            # Textual tells the character, too, unless the terminal speaks the protocol of Kitty.
            app.post_message(Key(f"alt+{_key(character)}", None if number % 2 else character))
        await self._agent.pilot.pause()
        assert value().startswith(PRINTABLE), where
        assert app.screen is screen, f"{where} was left"
        assert screen.focused is field, f"{where} lost the focus"
        assert facts(self._folder) == self._facts, where

    def _empty(self, field: Input | TextArea) -> Callable[[], str]:
        if isinstance(field, Input):
            field.value = ""
            return lambda: field.value
        field.text = ""
        return lambda: field.text


async def test_in_no_field_a_printable_key_or_an_alt_key_is_a_command(
    folder: Folder, desk: DeskMaker
) -> None:
    async with desk(folder, size=(80, 24)) as agent:
        walk, inbox = Walk(agent, folder), agent.inbox
        await agent.open("Max Whitlock")
        await walk.type_into(inbox.composer.editor)
        inbox.filter_bar.display = True
        await walk.type_into(inbox.filter_bar.field)
        fields = 2
        for make in OPENED.values():
            dialog = make(inbox)
            await agent.app.push_screen(dialog)
            await dialog.ready.wait()
            await agent.pilot.pause()
            for field in dialog.query("Input, TextArea"):
                assert isinstance(field, (Input, TextArea))
                field.display = True
                await walk.type_into(field)
                fields += 1
            await agent.app.pop_screen()
        assert fields >= 2 + len(OPENED)

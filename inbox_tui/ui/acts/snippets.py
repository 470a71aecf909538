"""Snippets in the composer, and the blanks of theirs that keep a text from being sent."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.widgets.text_area import Selection

from inbox_tui.core.capabilities import Act
from inbox_tui.core.errors import Refused
from inbox_tui.ui.acts.area import Area

if TYPE_CHECKING:
    from inbox_tui.config.snippets import SnippetFile
    from inbox_tui.core.snippets import Filled, Snippet
    from inbox_tui.store.drafts import Words
    from inbox_tui.store.reads import ChatRow
    from inbox_tui.ui.inbox import InboxScreen


class Snippets(Area):
    """Acts on prepared texts."""

    def __init__(self, inbox: InboxScreen) -> None:
        super().__init__(inbox)
        self._file: SnippetFile | None = None
        self._asked: tuple[str, str] | None = None
        """Chat and text that are sent as they are when Enter is pressed once more."""

    @property
    def file(self) -> SnippetFile:
        """The person's snippets."""
        if self._file is None:
            from inbox_tui.config.snippets import SnippetFile

            self._file = SnippetFile(
                self._inbox.preferences.snippets or self._inbox.session.folder.path / "snippets.toml"
            )
        return self._file

    def snippet(self, count: int) -> None:
        """Find a snippet and put it where the caret is."""
        self._open(None)

    def insert(self, name: str) -> None:
        """Put the snippet of a name into the chat that is shown; its questions are asked before."""
        inbox, snippet = self._inbox, self.file.read().snippets.get(name)
        row = inbox.shown
        if snippet is None:
            inbox.say(f"There is no snippet {name} any more")
        elif row is None:
            inbox.say("No chat is open")
        elif (refusal := inbox.shown_chat.refusal(Act.SEND_TEXT)) is not None:
            inbox.say(refusal.reason)
        elif not snippet.fits(row.chat.platform):
            inbox.say(f"{name} is for {snippet.only} only")
        else:
            inbox.turn_to(inbox.composer.editor)
            self._open(snippet)

    def _open(self, start: Snippet | None) -> None:
        from inbox_tui.core import snippets
        from inbox_tui.ui.dialogs.snippets import Desk, Snippets

        inbox, composer, row = self._inbox, self._inbox.composer, self._inbox.shown
        if row is None:
            return
        facts = snippets.facts(row.chat, inbox.profiles.by_id.get(row.chat.profile_id))
        markup = composer.extras.get("reply_markup")
        desk = Desk(
            row.chat.platform,
            facts,
            composer.editor.selected_text or composer.text,
            markup if isinstance(markup, dict) else {},
            partial(self._insert, row),
        )
        # Not from a worker: letters typed at once behind the key would be a message, and Enter would send it.
        inbox.app.push_screen(Snippets(inbox.session, self.file, desk, start))

    def _insert(self, row: ChatRow, snippet: Snippet, filled: Filled, instead: bool) -> str | None:
        """Put a filled snippet where the caret is, as one step for undo; why not, where it cannot be.

        `instead`: in place of the words that it was made of, which are those selected, else all.
        """
        inbox, composer = self._inbox, self._inbox.composer
        if composer.chat_id != row.chat.id:
            return "Nothing was put in: another chat is open now"
        if (refusal := inbox.shown_chat.refusal()) is not None:
            return f"Nothing was put in: {refusal.reason}"
        editor = composer.editor
        if instead and not editor.selected_text:
            editor.put(filled.text, (0, 0), editor.document.end)
        else:
            editor.write(filled.text)
        if filled.blanks:
            known = composer.extras.get("blanks")
            composer.put(blanks=[*(known if isinstance(known, list) else []), *filled.blanks])
            self._select(filled.blanks[0])
        if filled.keyboard:
            self._put_keyboard(snippet.name, filled)
        return None

    def _put_keyboard(self, name: str, filled: Filled) -> None:
        inbox, composer = self._inbox, self._inbox.composer
        there = composer.extras.get("reply_markup")
        if (refusal := inbox.shown_chat.refusal(Act.REPLY_MARKUP)) is not None:
            inbox.say(f"Without the buttons of {name}: {refusal.reason}")
        elif there and there != filled.keyboard:
            key = inbox.keymap.label("keyboard")
            inbox.say(f"Without the buttons of {name}: there are others already, see {key}")
        else:
            composer.put(reply_markup=filled.keyboard)

    def _select(self, blank: str) -> None:
        """Put the caret over a blank, so that what is typed next takes its place."""
        editor = self._inbox.composer.editor
        at = editor.text.find(blank)
        if at >= 0:
            before = editor.text[:at]
            row, column = before.count("\n"), len(before.rpartition("\n")[2])
            editor.selection = Selection((row, column), (row, column + len(blank)))

    def in_the_way(self, row: ChatRow, words: Words) -> str | None:
        """Why a text is not sent now for what stands open in it; None: nothing does.

        What a snippet left open has to be filled in. What only looks like a blank was typed by hand: it is
        sent when Enter is pressed once more.
        """
        from inbox_tui.core import snippets

        known = words.extras.get("blanks")
        blanks = [str(blank) for blank in known] if isinstance(known, list) else []
        try:
            snippets.refuse_open(snippets.open_blanks(words.text, blanks))
        except Refused as refused:
            self._select(next(blank for blank in blanks if blank in words.text))
            return str(refused)
        blank = snippets.typed_blank(words.text)
        if blank is None or self._asked == (row.chat.id, words.text):
            self._asked = None
            return None
        self._asked = (row.chat.id, words.text)
        self._select(blank)
        key = self._inbox.keymap.label("send")
        return f"{blank} looks like a blank. Nothing was sent; press {key} again to send it as it is"

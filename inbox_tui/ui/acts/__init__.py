"""What each action of the registry does, in groups; the table that finds the method of an action."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from inbox_tui.core.capabilities import Cause, Refused
from inbox_tui.ui.actions import ACTIONS, About, Action, Context
from inbox_tui.ui.acts.aims import Aims
from inbox_tui.ui.acts.answering import Answering
from inbox_tui.ui.acts.attachments import Attachments
from inbox_tui.ui.acts.composing import Composing
from inbox_tui.ui.acts.editing import Editing
from inbox_tui.ui.acts.moving import Moving
from inbox_tui.ui.acts.outbox import OutboxActs
from inbox_tui.ui.acts.people import People
from inbox_tui.ui.acts.platform import PlatformActs
from inbox_tui.ui.acts.program import Program
from inbox_tui.ui.acts.searching import Searching
from inbox_tui.ui.acts.selecting import Selecting
from inbox_tui.ui.acts.snippets import Snippets
from inbox_tui.ui.acts.triage import Triage
from inbox_tui.ui.acts.viewing import Viewing

if TYPE_CHECKING:
    from inbox_tui.ui.inbox import InboxScreen

AREAS = (
    Moving,
    Viewing,
    Answering,
    Composing,
    Snippets,
    Editing,
    Attachments,
    OutboxActs,
    PlatformActs,
    Triage,
    People,
    Searching,
    Selecting,
    Program,
)
"""Every group of acts; each action of the registry is a method of one of them."""


class Acts:
    """Finds the method of an action and calls it, where nothing stands in the way."""

    def __init__(self, inbox: InboxScreen) -> None:
        self._inbox = inbox
        areas = [area(inbox) for area in AREAS]
        self.attachments = next(area for area in areas if isinstance(area, Attachments))
        self.snippets = next(area for area in areas if isinstance(area, Snippets))
        self.composing = next(area for area in areas if isinstance(area, Composing))
        self.searching = next(area for area in areas if isinstance(area, Searching))
        self.selecting = next(area for area in areas if isinstance(area, Selecting))
        self.answering = next(area for area in areas if isinstance(area, Answering))
        self.platform = next(area for area in areas if isinstance(area, PlatformActs))
        self._methods: dict[str, Callable[[int], None]] = {
            action.id: getattr(area, action.id)
            for action in ACTIONS
            for area in areas
            if hasattr(area, action.id)
        }
        questions = {
            action: getattr(area, f"why_not_{action.id}")
            for action in ACTIONS
            for area in areas
            if hasattr(area, f"why_not_{action.id}")
        }
        self._questions: dict[str, Callable[[], Refused | None]] = {
            action.id: question for action, question in questions.items() if action.about is not About.MESSAGE
        }
        self._aims = Aims(
            inbox,
            {action.id: question for action, question in questions.items() if action.about is About.MESSAGE},
        )

    def why_not(self, action: Action) -> Refused | None:
        """Why an action of the registry cannot be done now with what a key is about; None where it can."""
        if (refusal := self.selecting.refusal(action)) is not None:
            return refusal
        row = self._inbox.subject
        if row is None and (action.about is not About.NOTHING or action.act is not None):
            return Refused("No chat is selected", cause=Cause.MESSAGE)
        if action.about is About.MESSAGE:
            aim = self._aims.find(action)
            return aim if isinstance(aim, Refused) else None
        if row is None or action.act is None:
            question = self._questions.get(action.id)
            return None if question is None else question()
        return self._inbox.refusal_of(row, action.act)

    def works(self, action: Action) -> bool:
        """Whether an action can be done now with what a key is about."""
        return self.why_not(action) is None

    def carry_out(self, action: Action, count: int) -> Refused | None:
        """Do what an action says, or say why it cannot be done, and return that."""
        inbox = self._inbox
        refusal = self.why_not(action)
        if refusal is not None:
            other = action.about is About.MESSAGE and refusal.cause is Cause.MESSAGE
            inbox.say(f"{refusal.reason}{self._aims.way_to_another(action) if other else ''}")
            return refusal
        if action.about is About.MESSAGE and inbox.context is Context.LIST:
            aim = self._aims.find(action)
            assert not isinstance(aim, Refused)
            # The person sees what the key is about before it asks anything.
            self.do("open")
            inbox.thread.point_at(aim.key)
        self.do(action.id, count)
        return None

    def do(self, action_id: str, count: int = 1) -> None:
        """Do it without asking; the method may still find that there is nothing to do it to."""
        self._methods[action_id](count)

"""Faults that can be switched on: by kind, path and probability, or for the next few requests."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from random import Random

KINDS = {
    "latency": "waits `seconds` while the request is being worked on",
    "rate_limit": "429 with `Retry-After: retry_after`; nothing is done",
    "error": "`status` (503) with a JSON error; nothing is done",
    "html": "`status` (502) with an HTML page; nothing is done",
    "unauthorized": "401 as for an expired key; nothing is done",
    "reset": "resets the connection before anything is done",
    "lost": "does what was asked, then resets the connection instead of answering",
    "truncate": "closes the connection in the middle of the answer",
    "broken_json": "cuts the JSON of an otherwise complete answer",
    "wrong_json": "answers 200 with JSON of another shape",
    "bad_record": "spoils the first row of a list",
    "duplicate": "repeats the first row at the end of a list",
    "shift": "lets something arrive before any page but the first is read, so that rows move",
    "drip": "sends the answer in `seconds`, a little at a time",
    "platform": "the platform fails the next send for a while (`platform`, `text`)",
    "platform_final": "the platform refuses the next send for good (`platform`, `text`)",
    "webhook_duplicate": "delivers an event twice",
    "webhook_delay": "delivers an event `seconds` (sandbox time) late, so that later ones overtake it",
    "webhook_drop": "does not deliver an event",
}
"""What each kind does. `platform*` looks at sends, `webhook_*` at events, the others at requests."""


@dataclass(slots=True)
class Fault:
    """One fault; it lasts until it is used up or removed."""

    kind: str
    path: str = ""
    """Regular expression searched in the request's path, or in the event's type for webhooks."""
    method: str = ""
    probability: float = 1.0
    times: int | None = None
    """How many more times it strikes; `None` without end."""
    seconds: float = 1.0
    status: int = 0
    retry_after: str = "2"
    platform: str = ""
    text: str = ""
    id: int = 0
    struck: int = field(default=0)

    def __post_init__(self) -> None:
        """Check what was asked for.

        Raises:
            ValueError: names what is wrong.
        """
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind!r}; there are {', '.join(KINDS)}")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path {self.path!r} is no regular expression: {error}") from error
        if not 0 < self.probability <= 1:
            raise ValueError("probability must be above 0 and at most 1")
        if self.seconds < 0 or (self.times is not None and self.times < 1):
            raise ValueError("seconds must not be negative, times must be 1 or more")


_TYPES: Mapping[str, type[str] | type[int] | type[float]] = {
    "kind": str, "path": str, "method": str, "probability": float, "times": int, "seconds": float,
    "status": int, "retry_after": str, "platform": str, "text": str,
}  # fmt: skip


def make_fault(values: Mapping[str, object]) -> Fault:
    """A fault from named values, as the control surface and the options give them.

    Raises:
        ValueError: names what is unknown or wrong.
    """
    unknown = sorted(set(values) - set(_TYPES))
    if unknown:
        raise ValueError(f"unknown setting {', '.join(unknown)}; there are {', '.join(_TYPES)}")
    if "kind" not in values:
        raise ValueError("kind is missing")
    read: dict[str, object] = {}
    for name, value in values.items():
        if value is None:
            continue
        try:
            read[name] = _TYPES[name](str(value))
        except ValueError as error:
            raise ValueError(f"{name} must be {_TYPES[name].__name__}, not {value!r}") from error
    fault = Fault(kind=str(read["kind"]))
    for item in fields(Fault):
        if item.name in read:
            setattr(fault, item.name, read[item.name])
    fault.method = fault.method.upper()
    fault.__post_init__()
    return fault


def parse_fault(text: str) -> Fault:
    """Read `kind,name=value,…`, for example `rate_limit,path=/messages,probability=0.1`.

    Raises:
        ValueError: names what is unknown or wrong.
    """
    kind, *settings = text.split(",")
    values: dict[str, object] = {"kind": kind.strip()}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise ValueError(f"{setting!r} is not name=value")
        values[name.strip()] = value
    return make_fault(values)


class Faults:
    """The faults that are switched on."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, fault: Fault) -> Fault:
        """Switch a fault on; it gets an id."""
        fault.id = self._next
        self._next += 1
        self._faults.append(fault)
        return fault

    def remove(self, identity: int | None = None) -> int:
        """Switch one fault off, or all of them; returns how many."""
        before = len(self._faults)
        self._faults = [fault for fault in self._faults if identity is not None and fault.id != identity]
        return before - len(self._faults)

    def all(self) -> list[dict[str, object]]:
        """Every fault that is on, with how often it struck."""
        return [asdict(fault) for fault in self._faults]

    def for_request(self, method: str, path: str) -> dict[str, Fault]:
        """The faults that strike this request, by kind."""
        return {
            fault.kind: fault
            for fault in list(self._faults)
            if not fault.kind.startswith(("platform", "webhook"))
            and fault.method in ("", method)
            and self._strikes(fault, path)
        }

    def for_send(self, kind: str, platform: str) -> Fault | None:
        """The fault of this kind that strikes a send on a platform."""
        for fault in list(self._faults):
            if fault.kind == kind and fault.platform in ("", platform) and self._strikes(fault, ""):
                return fault
        return None

    def for_event(self, kind: str, event_type: str) -> Fault | None:
        """The fault of this kind that strikes the delivery of an event."""
        for fault in list(self._faults):
            if fault.kind == kind and self._strikes(fault, event_type):
                return fault
        return None

    def _strikes(self, fault: Fault, subject: str) -> bool:
        if not re.search(fault.path, subject):
            return False
        if fault.probability < 1 and self._random.random() >= fault.probability:
            return False
        fault.struck += 1
        if fault.times is not None:
            fault.times -= 1
            if fault.times == 0:
                self._faults.remove(fault)
        return True

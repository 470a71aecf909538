"""How many examples a property gets: few in `make test`, many in `make soak`."""

from __future__ import annotations

from hypothesis import settings

SOAK = "soak"
"""The profile of the long run: `pytest --hypothesis-profile=soak`."""


def examples(usual: int) -> int:
    """The number of examples of a property: `usual` in the suite, twenty times as many in the long run."""
    return usual * 20 if settings.get_current_profile_name() == SOAK else usual

"""A query of the list as SQL: what indexes answer at once, and what has to be looked for.

The first part of the language of UX section 2: `platform:`, `profile:`, `from:`, `is:` and words.
"""

from __future__ import annotations



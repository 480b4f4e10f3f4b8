"""How a command can end, and what it says when its words do not fit together."""

from __future__ import annotations

DONE, INCOMPLETE, BAD_INPUT = 0, 1, 2


class UsageError(Exception):
    """The words of a command do not fit together."""

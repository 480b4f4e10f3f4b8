"""Text that a spreadsheet would take for a formula, made harmless when it is written to CSV or Excel."""

from __future__ import annotations

import re

#: What a formula can begin with; the full-width forms count too, because spreadsheets accept them.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

_NUMBER = re.compile(r"[+-](?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


def neutralised(text: str) -> str:
    """The text, behind an apostrophe if a spreadsheet would take it for a formula.

    A signed number is no formula and stays as it is. White space before the sign does not hide it,
    because some programs strip it.

    Examples
    --------
    >>> neutralised("=1+1"), neutralised(" @SUM(A1)"), neutralised("fine"), neutralised("-3.5")
    ("'=1+1", "' @SUM(A1)", 'fine', '-3.5')
    """
    if _NUMBER.fullmatch(text):
        return text
    starts = text.startswith(FORMULA_STARTS) or text.lstrip(" \n\u3000\u00a0\ufeff").startswith(
        FORMULA_STARTS
    )
    return f"'{text}" if starts else text

"""Words made short enough for one line, cut between words."""

from __future__ import annotations

import re

from reports.document import text_width

#: A word, a space, or a single character of a script that is written without spaces.
UNITS = re.compile(r"[^\W\u2e80-\uffef]+(?:[^\s\w\u2e80-\uffef]+[^\W\u2e80-\uffef]+)*|\s+|[^\s]")


def shortened(text: str, ems: float) -> str:
    """A sentence without its full stop, cut off at a word where it is wider than ``ems``.

    Parameters
    ----------
    text : str
        Literal text.
    ems : float
        Width in ems, see :func:`reports.document.text_width`.

    Examples
    --------
    >>> shortened("Effective tiering raises satisfaction.", 20)
    'Effective tiering raises satisfaction'
    >>> shortened("Effective tiering raises satisfaction.", 14)
    'Effective tiering raises…'
    >>> shortened("有效的分层管理能提高客户满意度。", 8)
    '有效的分层管理…'
    """
    text = text.strip().rstrip(".。")
    if text_width(text) <= ems:
        return text
    kept = ""
    for unit in UNITS.findall(text):
        if text_width(kept + unit + "…") > ems:
            break
        kept += unit
    return kept.rstrip(" ，、：；,:;.-–") + "…"

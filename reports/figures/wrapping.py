"""Lines broken by measured width: a Chinese character is as wide as two Latin ones, and breaks anywhere."""

from __future__ import annotations

import re

from reports import fonts

#: A word, a space, or a single character of a script that is written without spaces.
UNITS = re.compile(r"[^\W\u2e80-\uffef]+(?:[^\s\w\u2e80-\uffef]+[^\W\u2e80-\uffef]*)*|\s+|[^\s]")
NOT_FIRST = set("，。、；：？！）》」』】”’％%,.;:?!)]}…")
NOT_LAST = set("（《「『【“‘([{")
POINTS_PER_INCH = 72


def text_width(text: str, size: float) -> float:
    """Width in inches of the widest line of a text set in ``size`` points.

    >>> round(text_width("满意", 36), 2)
    1.0
    """
    known = fonts.advances(fonts.sans())
    lines = (sum(known.get(ord(character), 1.0) for character in line) for line in text.split("\n"))
    return max(lines) * size / POINTS_PER_INCH


def wrapped(text: str, width: float, size: float, *, lines: int | None = None) -> str:
    """The text in as few lines as fit into ``width`` inches, of about the same length.

    No line begins with closing or ends with opening punctuation. What does not fit into ``lines`` lines,
    where a limit is given, is cut off and the cut is marked.

    >>> wrapped("Dedicated relationship manager", 1.2, 8.5)
    'Dedicated\\nrelationship manager'
    >>> wrapped("关于本行的客户分层，您同意吗？", 1.1, 8.5)
    '关于本行的客户分\\n层，您同意吗？'
    """
    units = _units(text, width, size)
    filled = _filled(units, width, size)
    if lines is not None and len(filled) > lines:
        *kept, last = filled[:lines]
        while text_width(last + "…", size) > width:
            last = last[:-1]
        return "\n".join((*kept, last.rstrip(" ，、：；,:;.") + "…"))
    narrow, wide = 0.0, width
    for _ in range(8):  # the narrowest column with that many lines
        middle = (narrow + wide) / 2
        attempt = _filled(units, middle, size)
        fits = len(attempt) == len(filled) and max(text_width(line, size) for line in attempt) <= middle
        if fits:
            filled, wide = attempt, middle
        else:
            narrow = middle
    return "\n".join(filled)


def _units(text: str, width: float, size: float) -> list[str]:
    """What a line may be broken between."""
    units: list[str] = []
    for unit in UNITS.findall(" ".join(text.split())):
        closes = unit[0] in NOT_FIRST
        after_opening = bool(units) and units[-1][-1] in NOT_LAST
        if units and not units[-1].isspace() and not unit.isspace() and (closes or after_opening):
            units[-1] += unit
        elif text_width(unit, size) > width:
            units.extend(unit)  # a word longer than a line is cut
        else:
            units.append(unit)
    return units


def _filled(units: list[str], width: float, size: float) -> list[str]:
    lines = [""]
    for unit in units:
        if lines[-1] and text_width((lines[-1] + unit).rstrip(), size) > width:
            lines.append("")
        if lines[-1] or not unit.isspace():
            lines[-1] += unit
    return [line.rstrip() for line in lines]

"""Wordings of options: what was typed beside them, what joins them, what headers share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from surveys.platforms.export import Choice
from surveys.reading.cells import cell_text, normal

_TYPED = re.compile(r"〖(.*)〗\s*$", re.DOTALL)
LONG_TEXT = 120  #: characters beyond which no option is meant


def is_other(label: str) -> bool:
    """Whether an option asks to type.

    >>> is_other("Other (please specify)"), is_other("其他【请注明】"), is_other("Mother")
    (True, True, False)
    """
    return bool(re.match(r"(?:other\b|其他|其它|autre|sonstig|andere|otro|기타|その他)", normal(label)))


def typed(text: str) -> tuple[str, str | None]:
    """An option without what was typed beside it, and what was typed.

    >>> typed("其他【请注明】〖宠物〗"), typed("美食")
    (('其他【请注明】', '宠物'), ('美食', None))
    """
    match = _TYPED.search(text)
    return (text[: match.start()].strip(), match[1]) if match else (text.strip(), None)


def worded_choices(shares: Mapping[str, int]) -> tuple[Choice, ...]:
    """The options of a column of wordings, in the order of their first appearance."""
    seen: dict[str, Choice] = {}
    for text in shares:
        label, written = typed(text)
        known = seen.get(normal(label))
        seen[normal(label)] = Choice(
            label=label, other=written is not None or (known.other if known else False)
        )
    return tuple(seen.values())


def labelled_choices(labels: Mapping[float | str, str]) -> tuple[Choice, ...]:
    """The options that a file's value labels declare."""
    return tuple(Choice(label=label, code=cell_text(code)) for code, label in labels.items())


def joined_choices(shares: Mapping[str, int], separator: str) -> tuple[Choice, ...]:
    """The options of cells that join several."""
    parts: dict[str, int] = {}
    for text, n in shares.items():
        for part in split_joined(text, separator):
            parts[part] = parts.get(part, 0) + n
    return worded_choices(parts)


def split_joined(text: str, separator: str) -> list[str]:
    """The parts of a cell; a separator inside typed text or brackets separates nothing.

    >>> split_joined("Cash (coins, notes), Card", ", ")
    ['Cash (coins, notes)', 'Card']
    """
    parts, depth, start = [], 0, 0
    guarded = separator not in ("┋", "→")
    at = 0
    while at < len(text):
        character = text[at]
        if character == "〖" or (guarded and character in "(（"):
            depth += 1
        elif (character == "〗" or (guarded and character in ")）")) and depth:
            depth -= 1
        elif not depth and text.startswith(separator, at):
            parts.append(text[start:at])
            at += len(separator)
            start = at
            continue
        at += 1
    parts.append(text[start:])
    if depth and len(parts) == 1:  # brackets that never close guard nothing
        parts = text.split(separator)
    return [part.strip() for part in parts if part.strip()]


def looks_joined(shares: Mapping[str, int], separator: str) -> bool:
    """Whether cells are built from a few parts that come again in other cells.

    Microsoft Forms ends every cell in the separator; elsewhere at least two parts must recur, and
    the parts must be fewer than the cells they make.
    """
    with_it = [text for text in shares if separator in text]
    if not with_it:
        return False
    if separator == ";" and all(text.endswith(";") for text in shares):
        return True
    if len(with_it) < 2 or any(len(text) > 20 * LONG_TEXT for text in with_it):
        return False
    parts: Counter[str] = Counter()
    for text in shares:
        parts.update(set(split_joined(text, separator)))
    again = [part for part, n in parts.items() if n > 1]
    in_again = sum(parts[part] for part in again)
    return len(again) >= 2 and in_again >= 0.8 * sum(parts.values()) and len(parts) < len(shares) + 3


def common_stem(headers: Sequence[str]) -> tuple[str, list[str]]:
    """What several headers begin with, and what each adds.

    >>> common_stem(["Rank them - Fees", "Rank them - Service"])
    ('Rank them', ['Fees', 'Service'])
    """
    first, last = min(headers), max(headers)
    n = next(
        (at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last))
    )
    stem = first[:n]
    cut = max(
        stem.rfind(mark) + len(mark) if mark in stem else 0
        for mark in (" - ", "—", "-", ":", "：", " [", "[")
    )
    stem = stem[: cut or n]
    return stem.strip(" -—:：[?？") if not cut else _without_mark(stem), [
        header[len(stem) :].strip().removesuffix("]").strip() for header in headers
    ]


def _without_mark(stem: str) -> str:
    return stem.rstrip().rstrip("-—:：[").rstrip()

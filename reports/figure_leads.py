"""A sentence before pictures that no text refers to, so that every figure is met in the text."""

from __future__ import annotations

from collections.abc import Iterable

from reports.document import Block, Bullets, Callout, Figure, Prose, Table
from reports.markup import Ref, parse, walk
from reports.sentences import listed

WORDS = {"en": "See {figures}.", "zh": "见{figures}。"}


def with_leads(blocks: Iterable[Block], language: str) -> tuple[Block, ...]:
    """The blocks, with every figure referred to.

    A figure that no paragraph, list, box or note names is named before the run of figures it stands in:
    at the end of the paragraph before the run, beyond tables, or else in a paragraph of its own.

    Parameters
    ----------
    blocks : iterable of Block
        A whole document's.
    language : {"en", "zh"}

    Examples
    --------
    >>> seen = Figure(key="seen", caption="Seen", svg=b"", alt="Seen")
    >>> unseen = Figure(key="unseen", caption="Unseen", svg=b"", alt="Unseen")
    >>> with_leads((Prose("Look at @fig:seen."), seen, unseen), "en")[0]
    Prose(text='Look at @fig:seen. See @fig:unseen.')
    """
    given = tuple(blocks)
    named = _named(given)
    told: list[Block] = []
    for at, block in enumerate(given):
        begins = isinstance(block, Figure) and not (at and isinstance(given[at - 1], Figure))
        unnamed = [f"@fig:{figure.key}" for figure in _run(given[at:])] if begins else []
        unnamed = [name for name in unnamed if name.removeprefix("@") not in named]
        if unnamed:
            lead = WORDS[language].format(figures=listed(unnamed, language))
            place = len(told) - 1
            while place >= 0 and isinstance(told[place], Table):
                place -= 1
            before = told[place] if place >= 0 else None
            if isinstance(before, Prose):
                space = "" if language == "zh" else " "
                told[place] = Prose(f"{before.text}{space}{lead}")
            else:
                told.append(Prose(lead))
        told.append(block)
    return tuple(told)


def _run(blocks: tuple[Block, ...]) -> Iterable[Figure]:
    for block in blocks:
        if not isinstance(block, Figure):
            return
        yield block


def _named(blocks: tuple[Block, ...]) -> set[str]:
    """Targets of every reference in the text."""
    texts: list[str] = []
    for block in blocks:
        if isinstance(block, Prose | Callout):
            texts.append(block.text)
        elif isinstance(block, Bullets):
            texts.extend(block.items)
        elif isinstance(block, Table | Figure):
            texts.extend(block.notes)
    return {part.target for text in texts for part in walk(parse(text)) if isinstance(part, Ref)}

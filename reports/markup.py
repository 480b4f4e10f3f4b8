r"""The few marks that a running text may carry, and how text is kept free of them.

========================  ==========================================================
``**strong**``            important words
``*emphasis*``            emphasised words, and letters such as *n* and *p*
``@tbl:key``              "Table 3", with a link; also ``fig:``, ``sec:`` and ``eq:``
``^[a note]``             a footnote
``$r < 0.1$``             a formula in Typst's notation
``\*``                    the mark itself: also ``\\ \@ \$ \^ \[ \]``
========================  ==========================================================

Text that comes from elsewhere (labels of a study file, answers) goes through :func:`plain` first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

MARKS = "\\*@$^[]"
REFERENCE = re.compile(r"@((?:tbl|fig|sec|eq):[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)")


class MarkupError(ValueError):
    """A mark is opened and not closed."""


@dataclass(frozen=True, slots=True)
class Text:
    """Characters, printed as they are."""

    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    """Important words."""

    body: Inlines


@dataclass(frozen=True, slots=True)
class Emph:
    """Emphasised words."""

    body: Inlines


@dataclass(frozen=True, slots=True)
class Ref:
    """The name and number of a table, figure, section or equation."""

    target: str


@dataclass(frozen=True, slots=True)
class Note:
    """A footnote."""

    body: Inlines


@dataclass(frozen=True, slots=True)
class Math:
    """A formula within a line, in Typst's notation."""

    source: str


Inline = Text | Strong | Emph | Ref | Note | Math
Inlines = tuple[Inline, ...]


def plain(text: str) -> str:
    r"""Text with every mark escaped, so that it is printed letter by letter.

    >>> print(plain("5* hotels, $10 [net]"))
    5\* hotels, \$10 \[net\]
    >>> parse(plain("5* hotels, $10 [net]"))
    (Text(text='5* hotels, $10 [net]'),)
    """
    return "".join("\\" + character if character in MARKS else character for character in text)


def parse(markup: str) -> Inlines:
    """The parts of a marked-up text.

    Raises
    ------
    MarkupError
        A mark is opened and not closed.

    Examples
    --------
    >>> parse("see @tbl:alpha, *n*")
    (Text(text='see '), Ref(target='tbl:alpha'), Text(text=', '), Emph(body=(Text(text='n'),)))
    """
    return _Parser(markup).part("", ())


def walk(inlines: Inlines) -> Iterator[Inline]:
    """Every part and the parts within it, outermost first."""
    for inline in inlines:
        yield inline
        if isinstance(inline, Strong | Emph | Note):
            yield from walk(inline.body)


def letters(inlines: Inlines) -> str:
    """What is printed of it within the line, without marks, notes and references."""
    pieces = []
    for inline in inlines:
        if isinstance(inline, Text):
            pieces.append(inline.text)
        elif isinstance(inline, Strong | Emph):
            pieces.append(letters(inline.body))
        elif isinstance(inline, Math):
            pieces.append(inline.source)
    return "".join(pieces)


class _Parser:
    """Reads from left to right; ``at`` is the next character."""

    def __init__(self, markup: str) -> None:
        self.markup = markup
        self.at = 0

    def sees(self, mark: str) -> bool:
        return self.markup.startswith(mark, self.at)

    def part(self, stop: str, within: tuple[str, ...]) -> Inlines:
        """Everything up to the mark ``stop``, which is taken too; ``within`` are the marks around."""
        found: list[Inline] = []
        begun, text, brackets = self.at, "", 0
        while self.at < len(self.markup):
            if self._closes(stop, within, brackets):
                self.at += len(stop)
                return (*found, *_text(text))
            inline = self._special((*within, stop))
            if inline is not None:
                found += [*_text(text), inline]
                text = ""
                continue
            if self.sees("\\") and self.markup[self.at + 1 : self.at + 2] in tuple(MARKS):
                self.at += 1
            elif stop == "]":  # an interval inside a note does not end it
                brackets += self.sees("[") - self.sees("]")
            text += self.markup[self.at]
            self.at += 1
        if stop:
            raise MarkupError(
                f"{self.markup!r}: {stop!r} is missing after position {begun}. "
                "Close the mark, or pass words that are not ours through plain()."
            )
        return (*found, *_text(text))

    def _closes(self, stop: str, within: tuple[str, ...], brackets: int) -> bool:
        if not stop or not self.sees(stop) or brackets:
            return False
        # "**" inside an emphasis opens strong words, unless we are inside strong words already
        return not (stop == "*" and self.sees("**") and "**" not in within)

    def _special(self, within: tuple[str, ...]) -> Inline | None:
        if self.sees("**"):
            self.at += 2
            return Strong(self.part("**", within))
        if self.sees("*"):
            self.at += 1
            return Emph(self.part("*", within))
        if self.sees("^["):
            self.at += 2
            return Note(self.part("]", within))
        if self.sees("$"):
            return self._math()
        reference = REFERENCE.match(self.markup, self.at)
        if reference is None:
            return None
        self.at = reference.end()
        return Ref(reference[1])

    def _math(self) -> Math:
        end = self.markup.find("$", self.at + 1)
        if end < 0:
            raise MarkupError(
                f"{self.markup!r}: '$' is missing after position {self.at}. "
                "Close the mark, or pass words that are not ours through plain()."
            )
        source = self.markup[self.at + 1 : end].strip()
        self.at = end + 1
        return Math(source)


def _text(text: str) -> Inlines:
    return (Text(text),) if text else ()

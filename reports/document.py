"""A report as a value: what it says, before any file format.

Texts of two kinds, and a field is always of one kind:

* *marked-up*: headings, prose, list entries, captions, notes, column labels; the few marks are those
  of :mod:`reports.markup`. Words that are not ours (labels of a study file) pass through ``plain``.
* *literal*: cells, row groups, title and subtitle, authors, alternative texts, references; printed
  letter by letter.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree import ElementTree

from reports import fonts
from reports.equations import FORMULAS
from reports.markup import (
    Emph,
    Inline,
    MarkupError,
    Math,
    Note,
    Ref,
    Strong,
    Text,
    letters,
    parse,
    plain,
    walk,
)

__all__ = [
    "WORDS",
    "Block",
    "Bullets",
    "Callout",
    "Cell",
    "Column",
    "Document",
    "DocumentError",
    "Equation",
    "Figure",
    "Group",
    "Heading",
    "PageBreak",
    "Prose",
    "References",
    "Spanner",
    "Table",
    "check",
    "number_blocks",
    "plain",
    "to_json",
]

Align = Literal["left", "center", "right"]
CalloutKind = Literal["note", "warning", "result"]

#: What a document says by itself.
WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "contents": "Contents",
        "tables": "List of tables",
        "figures": "List of figures",
        "table": "Table",
        "continued": " (continued)",
        "figure": "Figure",
        "equation": "Equation",
        "section": "Section",
        "note": "Note.",
        "source": "Source:",
        "keywords": "Keywords:",
        "page": "Page",
    },
    "zh": {
        "contents": "目录",
        "tables": "表目录",
        "figures": "图目录",
        "table": "表",
        "continued": "（续）",
        "figure": "图",
        "equation": "式",
        "section": "节",
        "note": "注：",
        "source": "资料来源：",
        "keywords": "关键词：",
        "page": "页",
    },
}


class DocumentError(ValueError):
    """A document cannot be printed as it is; ``problems`` lists everything that is wrong with it."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading of level 1, 2 or 3; ``numbered`` is switched off for appendices without a number."""

    text: str
    level: int = 1
    key: str = ""
    numbered: bool = True


@dataclass(frozen=True, slots=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bullets:
    """A list, with dots or with numbers."""

    items: tuple[str, ...]
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that stands out. Its text is literal."""

    text: str
    bold: bool = False
    italic: bool = False
    indent: int = 0  #: steps to the right


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column; ``width`` in ems of the table's letters, found from the contents unless given."""

    id: str
    label: str
    align: Align = "right"
    width: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spanner:
    """A label over several neighbouring columns."""

    label: str
    first: str
    last: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A label over the rows from ``start`` (counted from 0) to the next group."""

    label: str
    start: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A three-line table. Cells are finished text: numbers meet their format before."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[str | Cell, ...], ...]
    spanners: tuple[Spanner, ...] = ()
    groups: tuple[Group, ...] = ()
    notes: tuple[str, ...] = ()
    source: str = ""
    even: bool = False  #: all columns of numbers equally wide, as in a matrix of correlations


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A picture as SVG with its text as text. ``alt`` says what it shows to those who cannot see it."""

    key: str
    caption: str
    svg: bytes
    alt: str
    notes: tuple[str, ...] = ()
    width: float = 1.0  #: share of the text width


@dataclass(frozen=True, slots=True, kw_only=True)
class Callout:
    """A box: a remark, a warning or a result."""

    text: str
    title: str = ""
    kind: CalloutKind = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equation:
    """A numbered formula by its name in ``reports.equations.FORMULAS``."""

    formula: str
    key: str


@dataclass(frozen=True, slots=True)
class PageBreak:
    """What follows begins on a new page."""


@dataclass(frozen=True, slots=True)
class References:
    """Works cited, in the order in which they are to be printed."""

    items: tuple[str, ...]


Block = Heading | Prose | Bullets | Table | Figure | Callout | Equation | PageBreak | References


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A whole report in one language.

    ``date`` is printed as given, and nothing is printed when there is none: no clock is asked.
    ``notice`` is a banner on the title page; its title stands at the head of every page.
    """

    title: str
    language: str
    blocks: tuple[Block, ...]
    subtitle: str = ""
    short_title: str = ""  #: for the head of the page, if the title is long
    authors: tuple[str, ...] = ()
    date: str = ""
    keywords: tuple[str, ...] = ()
    notice: Callout | None = None
    contents: bool = True
    lists: bool = False  #: lists of tables and figures behind the contents


KINDS: Mapping[type[Block], str] = {Heading: "sec", Table: "tbl", Figure: "fig", Equation: "eq"}


def number_blocks(document: Document) -> dict[str, str]:
    """What each block that can be referred to is numbered, as ``{"tbl:alpha": "3", "sec:sample": "2.1"}``.

    >>> blocks = Heading(text="Sample", key="sample"), Heading(text="Tiers", level=2, key="tiers")
    >>> number_blocks(Document(title="T", language="en", blocks=blocks))
    {'sec:sample': '1', 'sec:tiers': '1.1'}
    """
    numbers: dict[str, str] = {}
    levels = [0, 0, 0]
    counts = {"tbl": 0, "fig": 0, "eq": 0}
    for block in document.blocks:
        kind = KINDS.get(type(block))
        if isinstance(block, Heading):
            if block.numbered:
                levels[block.level - 1] += 1
                levels[block.level :] = [0] * (3 - block.level)
                if block.key:
                    numbers[f"sec:{block.key}"] = ".".join(map(str, levels[: block.level]))
        elif isinstance(block, Table | Figure | Equation) and kind is not None:
            counts[kind] += 1
            numbers[f"{kind}:{block.key}"] = str(counts[kind])
    return numbers


# -- faults ------------------------------------------------------------------------------------------------


def check(document: Document) -> None:
    """Refuse a document that would be printed wrongly.

    Raises
    ------
    DocumentError
        Naming all of: references to nothing, keys given twice, pictures without alternative text, tables
        whose rows and columns do not fit, headings that skip a level, marks that do not close, footnotes
        where they cannot stand, characters that no font has, tables too wide for a page.

    Examples
    --------
    >>> check(Document(title="Report", language="en", blocks=(Prose("See @tbl:sample."),)))
    Traceback (most recent call last):
    ...
    reports.document.DocumentError: paragraph "See @tbl:sample.": there is no tbl:sample to refer to
    """
    problems = [*_frame_problems(document), *_key_problems(document), *_level_problems(document)]
    for block in document.blocks:
        if isinstance(block, Table):
            problems += _table_problems(block)
        elif isinstance(block, Figure):
            problems += _figure_problems(block)
        elif isinstance(block, Equation) and block.formula not in FORMULAS:
            problems.append(f"equation {block.key}: there is no formula {block.formula!r}")
    problems += _markup_problems(document)
    problems += _glyph_problems(document)
    if not problems:  # widths can be found only where rows, columns and marks are in order
        for block in document.blocks:
            if isinstance(block, Table):
                problems += _width_problems(block)
    if problems:
        raise DocumentError(problems)


def _frame_problems(document: Document) -> Iterator[str]:
    if document.language not in WORDS:
        yield f"a document is in one of {', '.join(WORDS)}, not in {document.language!r}"
    if not document.title.strip():
        yield "the document has no title"


def _key_problems(document: Document) -> Iterator[str]:
    seen: set[str] = set()
    for block in document.blocks:
        kind = KINDS.get(type(block))
        if kind is None or not isinstance(block, Heading | Table | Figure | Equation):
            continue
        name = f"{kind}:{block.key}"
        if not block.key and isinstance(block, Heading):
            continue
        if not re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", block.key):
            yield f"{name}: a key is made of Latin letters, digits, _ and -, with single points between"
        if name in seen:
            yield f"{name}: this key is given twice"
        seen.add(name)


def _level_problems(document: Document) -> Iterator[str]:
    level = 0
    for heading in (block for block in document.blocks if isinstance(block, Heading)):
        if heading.level not in (1, 2, 3):
            yield f'heading "{heading.text}": its level is {heading.level}, not 1, 2 or 3'
        elif heading.level > level + 1:
            yield f'heading "{heading.text}": level {heading.level} follows level {level}: one is skipped'
        level = heading.level


def _table_problems(table: Table) -> Iterator[str]:
    where = f"table {table.key}"
    ids = [column.id for column in table.columns]
    if not ids:
        yield f"{where}: it has no columns"
    if len(set(ids)) < len(ids):
        yield f"{where}: two columns have the same id"
    if not table.caption.strip():
        yield f"{where}: it has no caption"
    for i, row in enumerate(table.rows):
        if len(row) != len(ids):
            yield f"{where}, row {i}: {len(row)} cells for {len(ids)} columns"
    end = -1
    for spanner in table.spanners:
        if spanner.first not in ids or spanner.last not in ids:
            yield f'{where}: spanner "{spanner.label}" stands over a column that is not there'
            continue
        if ids.index(spanner.first) <= end or ids.index(spanner.last) < ids.index(spanner.first):
            yield f'{where}: spanner "{spanner.label}" is out of order or overlaps the one before'
        end = ids.index(spanner.last)
    starts = [group.start for group in table.groups]
    if starts != sorted(set(starts)) or any(not 0 <= start < len(table.rows) for start in starts):
        yield f"{where}: its groups start at rows {starts}, which must rise and exist"


def _width_problems(table: Table) -> Iterator[str]:
    if not layout(table).fits:
        yield (
            f"table {table.key}: its {len(table.columns)} columns do not fit on a page, not even in "
            "landscape. Split it, or shorten the longest words."
        )


def _figure_problems(figure: Figure) -> Iterator[str]:
    where = f"figure {figure.key}"
    if not figure.alt.strip():
        yield f"{where}: it has no alternative text"
    if not figure.caption.strip():
        yield f"{where}: it has no caption"
    if not 0 < figure.width <= 1:
        yield f"{where}: its width is {figure.width} of the text width, not above 0 and at most 1"
    try:
        root = ElementTree.fromstring(figure.svg)  # noqa: S314 - our own picture, drawn in this process
    except ElementTree.ParseError as error:
        yield f"{where}: its picture is not SVG ({error})"
    else:
        if root.tag != "{http://www.w3.org/2000/svg}svg":
            yield f"{where}: its picture is not SVG but {root.tag}"


def _markup_problems(document: Document) -> Iterator[str]:
    targets = _numbers_or_nothing(document)
    for where, text, notes_allowed in _marked_up(document):
        try:
            parts = list(walk(parse(text)))
        except MarkupError as error:
            yield f"{where}: {error}"
            continue
        for part in parts:
            if isinstance(part, Ref) and part.target not in targets:
                yield f"{where}: there is no {part.target} to refer to"
            if isinstance(part, Note) and not notes_allowed:
                yield f"{where}: a footnote cannot stand here"


def _numbers_or_nothing(document: Document) -> dict[str, str]:
    """The numbers, or none of them while headings have levels that do not exist."""
    if any(isinstance(block, Heading) and block.level not in (1, 2, 3) for block in document.blocks):
        return {}
    return number_blocks(document)


def _glyph_problems(document: Document) -> Iterator[str]:
    files = fonts.font_files()
    texts = [(where, text) for where, text, _ in _marked_up(document)]
    for where, text in [*texts, *_literals(document)]:
        for character in fonts.missing_glyphs(text, files):
            code = f"U+{ord(character):04X}"
            yield f"{where}: no font has the character {character!r} ({code}). Write it otherwise."


def _marked_up(document: Document) -> Iterator[tuple[str, str, bool]]:
    """Every marked-up text: where it stands, the text, and whether a footnote may stand in it."""
    if document.notice is not None:
        yield "the notice", document.notice.text, False
        yield "the notice", document.notice.title, False
    for block in document.blocks:
        if isinstance(block, Heading):
            yield f'heading "{block.text}"', block.text, False
        elif isinstance(block, Prose):
            yield f'paragraph "{block.text[:40]}"', block.text, True
        elif isinstance(block, Bullets):
            for item in block.items:
                yield f'list entry "{item[:40]}"', item, True
        elif isinstance(block, Callout):
            yield f'box "{block.title or block.text[:40]}"', block.title, False
            yield f'box "{block.title or block.text[:40]}"', block.text, False
        elif isinstance(block, Table):
            where = f"table {block.key}"
            labels = [*(column.label for column in block.columns), *(span.label for span in block.spanners)]
            for text in [block.caption, *labels, *block.notes, block.source]:
                yield where, text, False
        elif isinstance(block, Figure):
            for text in [block.caption, *block.notes]:
                yield f"figure {block.key}", text, False


def _literals(document: Document) -> Iterator[tuple[str, str]]:
    """Every literal text and where it stands, the letters in pictures included."""
    frame = [document.title, document.subtitle, document.short_title, document.date]
    for text in [*frame, *document.authors, *document.keywords]:
        yield "the title page", text
    for block in document.blocks:
        if isinstance(block, Table):
            for text in [group.label for group in block.groups]:
                yield f"table {block.key}", text
            for i, row in enumerate(block.rows):
                for cell in row:
                    yield f"table {block.key}, row {i}", _cell(cell).text
        elif isinstance(block, Figure):
            yield f"figure {block.key}, alternative text", block.alt
            yield f"figure {block.key}", _letters_of_picture(block.svg)
        elif isinstance(block, References):
            for item in block.items:
                yield f'reference "{item[:40]}"', item


def _letters_of_picture(svg: bytes) -> str:
    try:
        root = ElementTree.fromstring(svg)  # noqa: S314 - our own picture, drawn in this process
    except ElementTree.ParseError:
        return ""
    texts = root.iter("{http://www.w3.org/2000/svg}text")
    return "".join(piece for text in texts for piece in text.itertext())


# -- JSON --------------------------------------------------------------------------------------------------


def to_json(document: Document) -> str:
    """The document as JSON: the input of the template, and a form that can be compared line by line.

    The same document gives the same text. A picture is named after what it shows, ``HASH.svg``.
    """
    return json.dumps(_document(document), ensure_ascii=False, indent=1) + "\n"


def picture_name(figure: Figure) -> str:
    """File name of a picture: a part of its SHA-256, so that it changes when the picture does."""
    return hashlib.sha256(figure.svg).hexdigest()[:16] + ".svg"


def _document(document: Document) -> dict[str, object]:
    return {
        "title": document.title,
        "subtitle": document.subtitle,
        "short_title": document.short_title or document.title,
        "language": document.language,
        "authors": list(document.authors),
        "date": document.date,
        "keywords": list(document.keywords),
        "notice": None if document.notice is None else _block(document.notice, document.language),
        "contents": document.contents,
        "lists": document.lists,
        "words": dict(WORDS[document.language]),
        "blocks": [_block(block, document.language) for block in document.blocks],
    }


def _block(block: Block, language: str) -> dict[str, object]:
    if isinstance(block, Heading):
        key = f"sec:{block.key}" if block.key else ""
        body = _inlines(block.text)
        return {"kind": "heading", "level": block.level, "key": key, "numbered": block.numbered, "body": body}
    if isinstance(block, Prose):
        return {"kind": "prose", "body": _inlines(block.text)}
    if isinstance(block, Bullets):
        return {
            "kind": "bullets",
            "ordered": block.ordered,
            "items": [_inlines(item) for item in block.items],
        }
    if isinstance(block, Callout):
        texts = {"title": _inlines(block.title), "body": _inlines(block.text)}
        return {"kind": "callout", "look": block.kind, **texts}
    if isinstance(block, Equation):
        formula = FORMULAS[block.formula]
        alt = formula.alt[language]
        return {"kind": "equation", "key": f"eq:{block.key}", "source": formula.source, "alt": alt}
    if isinstance(block, References):
        return {"kind": "references", "items": list(block.items)}
    if isinstance(block, Figure):
        return _figure(block)
    if isinstance(block, Table):
        return _table(block)
    return {"kind": "pagebreak"}


def _figure(figure: Figure) -> dict[str, object]:
    return {
        "kind": "figure",
        "key": f"fig:{figure.key}",
        "caption": _inlines(figure.caption),
        "image": picture_name(figure),
        "alt": figure.alt,
        "width": figure.width,
        "notes": [_inlines(note) for note in figure.notes],
    }


def _table(table: Table) -> dict[str, object]:
    placed = layout(table)
    ids = [column.id for column in table.columns]
    spanners = [
        {
            "label": _inlines(spanner.label),
            "start": ids.index(spanner.first),
            "span": ids.index(spanner.last) - ids.index(spanner.first) + 1,
        }
        for spanner in table.spanners
    ]
    return {
        "kind": "table",
        "key": f"tbl:{table.key}",
        "caption": _inlines(table.caption),
        "size": placed.size,
        "across": placed.across,
        "columns": [
            {"label": _inlines(column.label), "align": column.align, "width": width}
            for column, width in zip(table.columns, placed.widths, strict=True)
        ],
        "spanners": spanners,
        "groups": [{"label": group.label, "start": group.start} for group in table.groups],
        "rows": [[_cell_json(cell) for cell in row] for row in table.rows],
        "notes": [_inlines(note) for note in table.notes],
        "source": _inlines(table.source),
    }


def _cell(cell: str | Cell) -> Cell:
    return Cell(cell) if isinstance(cell, str) else cell


def _cell_json(cell: str | Cell) -> object:
    if isinstance(cell, str):
        return cell
    return {"text": cell.text, "bold": cell.bold, "italic": cell.italic, "indent": cell.indent}


def _inlines(markup: str) -> list[object]:
    return [_inline(inline) for inline in parse(markup)]


def _inline(inline: Inline) -> object:
    if isinstance(inline, Text):
        return inline.text
    if isinstance(inline, Ref):
        return {"ref": inline.target}
    if isinstance(inline, Math):
        return {"math": inline.source}
    name = {Strong: "strong", Emph: "emph", Note: "note"}[type(inline)]
    return {name: [_inline(part) for part in inline.body]}


# -- widths ------------------------------------------------------------------------------------------------

TEXT_WIDTH = 453.5  #: points between the margins of the page
TEXT_WIDTH_ACROSS = 700.0  #: the same on a page in landscape
SIZES = (9.0, 8.5, 8.0, 7.5, 7.0)  #: letters of a table, in points; the largest that fits is taken
GUTTER = 1.1  #: ems of white that belong to a column
SCRIPTS_MEET = re.compile(r"(?<=[\u4e00-\u9fff])(?=[0-9A-Za-z%])|(?<=[0-9A-Za-z%])(?=[\u4e00-\u9fff])")
NARROWEST = 5.5  #: ems that a column of words keeps, where it needs them


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How a table stands on the page."""

    widths: tuple[float, ...]  #: of the columns, in ems
    size: float  #: of the letters, in points
    across: bool = False  #: on a page of its own, turned to landscape
    fits: bool = True  #: False when its words or numbers would run into each other even so

    @property
    def width(self) -> float:
        """Of the whole table, in points."""
        return sum(self.widths) * self.size


def layout(table: Table) -> Layout:
    """Find the largest letters, and the widths of columns, at which a table fits on the page.

    Numbers are never broken over lines. Columns of words (aligned to the left) share what is left in
    proportion to what they hold; headers may break between words. A table that needs most of the width
    is spread over all of it, a small one keeps its natural width; one too wide is turned.
    """
    wanted, least = _wanted(table), _least(table)
    for size in SIZES:
        room = TEXT_WIDTH / size
        if sum(wanted) <= room:
            spread = room / sum(wanted) if sum(wanted) > 0.6 * room else 1.2
            return Layout(widths=_rounded([width * spread for width in wanted]), size=size)
        shared = _shared(wanted, least, room)
        if sum(least) <= room and _readable(table, shared):
            return Layout(widths=_rounded(shared), size=size)
    if sum(least) <= room:
        return Layout(widths=_rounded(shared), size=size)
    for size in SIZES:
        room = TEXT_WIDTH_ACROSS / size
        if sum(least) <= room:
            return Layout(widths=_rounded(_shared(wanted, least, room)), size=size, across=True)
    squeezed = [width * room / sum(least) for width in least]
    return Layout(widths=_rounded(squeezed), size=size, across=True, fits=False)


def _rounded(widths: Iterable[float]) -> tuple[float, ...]:
    return tuple(round(width, 2) for width in widths)


def _readable(table: Table, widths: Sequence[float]) -> bool:
    """Whether no column of words is squeezed into more than four lines."""
    words = [i for i, column in enumerate(table.columns) if column.align == "left"]
    return all(_content(table, i) / (widths[i] - GUTTER) <= 4 for i in words)


def _shared(wanted: Sequence[float], least: Sequence[float], room: float) -> tuple[float, ...]:
    """The least that each column needs, and the rest in proportion to what it wants beyond."""
    beyond = [max(0.0, want - need) for want, need in zip(wanted, least, strict=True)]
    rest, total = max(0.0, room - sum(least)), sum(beyond) or 1.0
    return tuple(need + rest * extra / total for need, extra in zip(least, beyond, strict=True))


def _wanted(table: Table) -> tuple[float, ...]:
    """Widths at which no cell breaks; the header of numbers may still break."""
    wanted = []
    for i, column in enumerate(table.columns):
        label = text_width(_label(column))
        if column.align != "left":
            label = max(_longest_word(_label(column)), min(label, 8.5), label / 3)
        wanted.append(column.width or max(_content(table, i), label) + GUTTER)
    return _under_spanners(table, _evened(table, wanted))


def _least(table: Table) -> tuple[float, ...]:
    """Widths below which numbers or words would break."""
    least = []
    for i, column in enumerate(table.columns):
        label = _longest_word(_label(column))
        content = _content(table, i)
        if column.align == "left":
            words = [_longest_word(_cell(row[i]).text) for row in table.rows]
            content = min(content, max([NARROWEST, *words]))
        least.append(column.width or max(content, label) + GUTTER)
    return _under_spanners(table, _evened(table, least))


def _evened(table: Table, widths: list[float]) -> list[float]:
    numbers = [i for i, column in enumerate(table.columns) if column.align != "left"]
    if not table.even or not numbers:
        return widths
    widest = max(widths[i] for i in numbers)
    return [widest if i in numbers else width for i, width in enumerate(widths)]


def _under_spanners(table: Table, widths: list[float]) -> tuple[float, ...]:
    """Widths at which the longest word of each spanner fits over its columns."""
    ids = [column.id for column in table.columns]
    for spanner in table.spanners:
        under = range(ids.index(spanner.first), ids.index(spanner.last) + 1)
        label = min(text_width(_plain_letters(spanner.label)), 12.0)
        lacking = label + GUTTER - sum(widths[i] for i in under)
        for i in under:
            widths[i] += max(0.0, lacking) / len(under)
    return tuple(widths)


def _content(table: Table, i: int) -> float:
    cells = [_cell(row[i]) for row in table.rows]
    grouped = 1.0 if table.groups and i == 0 else 0.0
    return max((text_width(cell.text) + cell.indent + grouped for cell in cells), default=0.0)


def _label(column: Column) -> str:
    return _plain_letters(column.label)


def _plain_letters(markup: str) -> str:
    return letters(parse(markup))


def _longest_word(text: str) -> float:
    """Width of the longest piece that is not broken: a Latin word, or four Chinese characters."""
    pieces = re.split(r"[\s\u200b]+|(?<=[-/–])", text)
    return max((min(text_width(piece), _unbroken(piece)) for piece in pieces if piece), default=0.0)


def _unbroken(piece: str) -> float:
    latin = [text_width(word) for word in re.split(r"[\u2e80-\u9fff\uff00-\uffef]+", piece)]
    chinese = text_width(piece) - sum(latin)
    return max([*latin, min(chinese, 4.0)])


def text_width(text: str) -> float:
    """Width of a text in ems, estimated on the safe side.

    >>> text_width("客户"), text_width("0.45")
    (2.0, 1.78)
    """
    gaps = 0.25 * len(SCRIPTS_MEET.findall(text))  # white that Typst puts between Chinese and Latin letters
    return round(gaps + sum(_character_width(character) for character in text), 2)


def _character_width(character: str) -> float:
    if character >= "\u2e80" and not "\ufb00" <= character <= "\ufb06":
        return 1.0
    if character in ".,:;'|!il[]() ":
        return 0.28
    if character in "mwMW%—":
        return 0.85
    return 0.66 if character.isupper() else 0.5

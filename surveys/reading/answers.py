"""Cells to codes: what a respondent picked, ranked, counted or wrote."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from surveys.errors import Fault
from surveys.questionnaire import Item, Option, Scale
from surveys.reading.cells import ERROR_TEXTS, cell_text, is_empty, normal, shown
from surveys.reading.distinct import Cells, Distinct, Numbers

Flags = npt.NDArray[np.bool_]

#: Platform words for "seen but left empty" and "skipped by routing".
EMPTY_WORDS = frozenset({"", "(空)", "(跳过)"})
#: Words that other programs write for an empty cell; reading them as such is reported.
NO_ANSWER_WORDS = frozenset({"na", "n/a", "nan", "null", "none", "#null!", "<na>"})
YES_WORDS = frozenset(
    {"1", "yes", "y", "true", "t", "是", "有", "选中", "已选", "√", "✓", "✔", "checked", "selected"}
)
NO_WORDS = frozenset(
    {"0", "no", "n", "false", "f", "否", "无", "未选中", "未选", "not selected", "unchecked"}
)
MOST_FAULTS = 1_000  #: cells of one column that are told one by one

_ERRORS = frozenset(map(str.casefold, ERROR_TEXTS))
_CODE = re.compile(r"([+-]?\d{1,9})(?:\.0+)?(?:\s*(?:分|点|points?|pts?))?")
_WHOLE = re.compile(r"^([01])\.0+$")
_NUMBERED = re.compile(r"\d{1,4}\s*[.、:)]\s*(?=\S)")
_TYPED = re.compile(r"\s*〖.*〗\s*$", re.DOTALL)
_TYPED_INSIDE = re.compile(r"〖[^〗]*〗")
_ASKS_TO_TYPE = re.compile(r"\s*(?:【[^】]*】|\((?:please specify|请注明|请填写|specify)[^)]*\)|_{2,})\s*$")
_LETTERED_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_DATE_TEXT = re.compile(
    rf"\d{{1,2}}[-/ ]{_LETTERED_MONTH}(?:[-/ ]\d{{2,4}})?|{_LETTERED_MONTH}[-/ ]\d{{1,4}}"
    r"|\d{1,2}月\d{1,2}日"
    r"|\d{4}[-/]\d{1,2}[-/]\d{1,2}(?:[ t].*)?|\d{4}年\d{1,2}月\d{1,2}日"
)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,3})?")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_ONE_COMMA = re.compile(r"[+-]?\d+,\d+")
_SEPARATOR = re.compile(r"\s*[┋|;,、→\n]\s*")
_TRAILING = " .。!！?？;；,，:：*"


@dataclass(slots=True)
class Reading:
    """Where the cells stand, and what was found wrong or decided while reading them."""

    file: str
    sheet: str | None
    rows: npt.NDArray[np.int64]  #: number of each row as a spreadsheet counts
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    no_answers: list[str] = field(default_factory=list)  #: what was taken as no answer, by item
    delimiter: str | None = None

    def blame(self, header: str, positions: Sequence[int], seen: str, expected: str, remedy: str) -> None:
        """One fault for each cell, up to a limit; the rest is counted."""
        for position in positions[:MOST_FAULTS]:
            self.faults.append(self._fault(header, int(self.rows[position]), seen, expected, remedy))
        if len(positions) > MOST_FAULTS:
            more = f"the same in {len(positions) - MOST_FAULTS:,} more rows ({seen})"
            self.faults.append(self._fault(header, None, more, expected, remedy))

    def _fault(self, header: str, row: int | None, seen: str, expected: str, remedy: str) -> Fault:
        return Fault(
            file=self.file,
            sheet=self.sheet,
            row=row,
            column=shown(header),
            seen=seen,
            expected=expected,
            remedy=remedy,
        )


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a cell has no value: what it was taken for, and the way out."""

    seen: str
    remedy: str


Value = float | None  #: None is an empty cell, NaN a declared missing code
Parsed = Value | Problem


class ScaleWords:
    """The codes of a scale by every wording that a file may hold."""

    def __init__(self, scale: Scale) -> None:
        self.scale = scale
        self.codes = frozenset(scale.codes)
        self.missing = {option.code: option for option in scale.missing_codes}
        self.words: dict[str, int] = {}
        self.doubtful: set[str] = set()  #: wordings that two codes share
        for option in (*scale.options, *scale.missing_codes):
            for word in option_words(option):
                if self.words.setdefault(word, option.code) != option.code:
                    self.doubtful.add(word)
        for word in self.doubtful:
            del self.words[word]

    def by_word(self, text: str) -> int | None:
        """The code of a wording, already ``normal``; also with its number before or typed text behind it."""
        for candidate in _variants(text):
            if candidate in self.words:
                return self.words[candidate]
        return None

    def by_number(self, text: str) -> int | None:
        """The code written as a number, such as ``5``, ``5.0`` or ``5分``."""
        match = _CODE.fullmatch(text)
        code = int(match[1]) if match else None
        return code if code in self.codes or code in self.missing else None

    def value(self, code: int) -> float:
        return float("nan") if code in self.missing else float(code)

    @property
    def expected(self) -> str:
        """In words, for messages."""
        codes = sorted(self.codes)
        span = f"{codes[0]}-{codes[-1]}" if _run(codes) else ", ".join(map(str, codes[:15]))
        labels = [shown(next(iter(option.label.values()))) for option in self.scale.options]
        worded = [label for label in labels if not _CODE.fullmatch(normal(label))]
        if worded:
            span += " or a label such as " + ", ".join(f'"{label}"' for label in worded[:4])
        if self.missing:
            span += f" (missing: {', '.join(map(str, self.missing))})"
        return span


def _run(codes: Sequence[int]) -> bool:
    return len(codes) > 2 and codes[-1] - codes[0] == len(codes) - 1


def option_words(option: Option) -> Iterator[str]:
    """Every wording of an option, ``normal``, with and without marks at its end.

    >>> sorted(set(option_words(Option(code=10, label={"en": "10 Very likely."}, aliases=("Top",)))))
    ['10 very likely', '10 very likely.', 'top', 'very likely', 'very likely.']
    """
    for label in (*option.label.values(), *option.aliases):
        word = normal(label)
        for variant in (word, _ASKS_TO_TYPE.sub("", word), word.removeprefix(f"{option.code} ")):
            if variant:
                yield variant
                yield variant.rstrip(_TRAILING) or variant


def _variants(text: str) -> Iterator[str]:
    bare = _TYPED.sub("", text)
    for candidate in (text, bare, _ASKS_TO_TYPE.sub("", bare), _NUMBERED.sub("", bare, count=1)):
        yield candidate
        yield candidate.rstrip(_TRAILING)


def is_date(value: object) -> bool:
    """Whether a cell is, or reads like, a date or a time of day."""
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return True
    return isinstance(value, str) and _DATE_TEXT.fullmatch(normal(value)) is not None


def _date_problem(value: object) -> Problem:
    seen = f"the date {value.isoformat() if isinstance(value, dt.date) else shown(value)}"
    return Problem(
        seen, "Excel turned an answer such as 1-5 into a date; format the column as text and enter it anew."
    )


def read_single(
    cells: Cells | Distinct,
    item: Item,
    header: str,
    reading: Reading,
    labels: Mapping[float | str, str] | None = None,
) -> tuple[Numbers, Flags]:
    """Codes of a single-choice item, and which cells were empty.

    ``labels`` are those that an SPSS file gives its values; they decide over the bare number.
    """
    assert item.scale is not None  # noqa: S101 - the questionnaire's files are checked on loading
    words = ScaleWords(item.scale)
    distinct = Distinct.of(cells)
    texts = [normal(cell_text(value)) for value in distinct.values]
    by_label = [_file_label(value, labels, words) for value in distinct.values]
    by_word = [words.by_word(text) for text in texts]
    by_number = [words.by_number(text) for text in texts]
    take_words = _words_or_numbers(distinct, by_word, by_number, header, reading)
    parsed: list[Parsed] = []
    for at, (value, text) in enumerate(zip(distinct.values, texts, strict=True)):
        first, second = (by_word[at], by_number[at]) if take_words else (by_number[at], by_word[at])
        code = next((code for code in (by_label[at], first, second) if code is not None), None)
        if code is not None and text not in words.doubtful:
            parsed.append(words.value(code))
            continue
        code = _open_option(text, item)
        parsed.append(float(code) if code is not None else _unread(value, text, words))
    renumbered = [
        f"{shown(value)} = {shown(labels[value])} = {code}"
        for value, code, number in zip(distinct.values, by_label, by_number, strict=True)
        if labels and isinstance(value, float | str) and code is not None and code != number
    ]
    if renumbered:
        reading.notes.append(f"{item.id}: codes follow the file's value labels: {', '.join(renumbered[:20])}")
    _note_missing(item, distinct, parsed, texts, reading)
    return _settle(distinct, parsed, header, words.expected, reading)


def _file_label(value: object, labels: Mapping[float | str, str] | None, words: ScaleWords) -> int | None:
    if not labels or not isinstance(value, float | str) or value not in labels:
        return None
    return words.by_word(normal(labels[value]))


def _words_or_numbers(
    distinct: Distinct,
    by_word: Sequence[int | None],
    by_number: Sequence[int | None],
    header: str,
    reading: Reading,
) -> bool:
    """Whether a text such as ``1`` is the label "1" or the code 1, when these are different answers.

    The other cells of the column decide; if they do not, this is a fault.
    """
    clashes = [
        at
        for at, (word, number) in enumerate(zip(by_word, by_number, strict=True))
        if word is not None and number is not None and word != number
    ]
    if not clashes:
        return True
    only_word = any(
        word is not None and number is None for word, number in zip(by_word, by_number, strict=True)
    )
    only_number = any(
        word is None and number is not None for word, number in zip(by_word, by_number, strict=True)
    )
    if only_word == only_number:
        for at in clashes:
            reading.blame(
                header,
                distinct.rows_of(at)[:1],
                f"{shown(distinct.values[at])}, which is the label of one code and the number of another",
                "answers that are all codes or all labels",
                "Change the codes of the scale or its labels so that they agree.",
            )
    return not only_number


def _open_option(text: str, item: Item) -> int | None:
    """The code of "other", when the cell is its label followed by what was typed."""
    if item.open_option is None or item.scale is None:
        return None
    for option in item.scale.options:
        if option.code == item.open_option:
            for word in option_words(option):
                if re.match(rf"{re.escape(word)}\s*(?:[:(〖【_-]|$)", text):
                    return option.code
    return None


def _unread(value: object, text: str, words: ScaleWords) -> Parsed:
    """A cell that is no option: empty in other words, or a problem."""
    if text in EMPTY_WORDS or text in NO_ANSWER_WORDS or text in _ERRORS:
        return None
    if text in words.doubtful:
        return Problem(f"{shown(value)}, the wording of two codes", "Use codes, or tell the options apart.")
    if is_date(value):
        return _date_problem(value)
    if _CODE.fullmatch(text) or _NUMBER.fullmatch(text):
        return Problem(shown(value), f"Recode it, or declare {shown(value)} as a missing code.")
    return Problem(f'"{shown(value)}"', "Correct it, or add it to the option's aliases.")


def _settle(
    distinct: Distinct, parsed: Sequence[Parsed], header: str, expected: str, reading: Reading
) -> tuple[Numbers, Flags]:
    """Spread the values over the rows, and blame the problems."""
    values: list[float] = []
    empty: list[float] = []
    for at, result in enumerate(parsed):
        if isinstance(result, Problem):
            reading.blame(header, distinct.rows_of(at), result.seen, expected, result.remedy)
        values.append(result if isinstance(result, float) else float("nan"))
        empty.append(1.0 if result is None else 0.0)
    # A cell at fault is not empty: it is told once, as what it is.
    return distinct.spread(values), np.nan_to_num(distinct.spread(empty), nan=1.0) == 1.0


def _note_missing(
    item: Item, distinct: Distinct, parsed: Sequence[Parsed], texts: Sequence[str], reading: Reading
) -> None:
    """Say what else than an empty cell was taken as no answer."""
    taken = [
        f"{shown(distinct.values[at])} ({distinct.count(at)}x)"
        for at, result in enumerate(parsed)
        if (result is None and texts[at] not in EMPTY_WORDS)
        or (isinstance(result, float) and result != result)
    ]
    if taken:
        reading.no_answers.append(f"{item.id}: {', '.join(taken[:10])}")


def read_number(cells: Cells | Distinct, item: Item, header: str, reading: Reading) -> tuple[Numbers, Flags]:
    """Numbers within the item's bounds, and which cells were empty."""
    distinct = Distinct.of(cells)
    texts = [normal(cell_text(value)) for value in distinct.values]
    decimal_comma = _decimal_comma(texts, reading, header)
    parsed = [
        _number(value, text, item, decimal_comma=decimal_comma)
        for value, text in zip(distinct.values, texts, strict=True)
    ]
    _note_missing(item, distinct, parsed, texts, reading)
    return _settle(distinct, parsed, header, _bounds(item), reading)


def _bounds(item: Item) -> str:
    if item.low is not None and item.high is not None:
        return f"a number from {item.low:g} to {item.high:g}"
    if item.low is not None:
        return f"a number of at least {item.low:g}"
    if item.high is not None:
        return f"a number of at most {item.high:g}"
    return "a number"


def _decimal_comma(texts: Sequence[str], reading: Reading, header: str) -> bool:
    """Whether commas in a column are decimal commas: only when one cannot group thousands."""
    with_comma = [text for text in texts if "," in text]
    if not with_comma:
        return False
    if all(_ONE_COMMA.fullmatch(text) for text in with_comma) and not any("." in text for text in texts):
        if not all(_GROUPED.fullmatch(text) for text in with_comma):
            reading.notes.append(f'column "{shown(header)}": commas read as decimal commas')
            return True
        if reading.delimiter == ";":
            reading.faults.append(
                Fault(
                    file=reading.file,
                    sheet=reading.sheet,
                    column=shown(header),
                    seen=f"{shown(with_comma[0])}, where the comma may group thousands or begin decimals",
                    expected="numbers that can be read in one way",
                    remedy="Write them with a decimal point and without grouping.",
                )
            )
    if any(_GROUPED.fullmatch(text) for text in with_comma):
        reading.notes.append(f'column "{shown(header)}": commas read as grouping thousands')
    return False


def _number(value: object, text: str, item: Item, *, decimal_comma: bool) -> Parsed:
    if text in EMPTY_WORDS or text in NO_ANSWER_WORDS or text in _ERRORS:
        return None
    if decimal_comma and _ONE_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    elif _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    if not _NUMBER.fullmatch(text):
        if is_date(value):
            return _date_problem(value)
        return Problem(
            f'"{shown(value)}"', "Write the number alone, without a unit, or leave the cell empty."
        )
    number = float(text)
    if not np.isfinite(number):
        return Problem(shown(value), "Correct it, or leave the cell empty.")
    if (item.low is not None and number < item.low) or (item.high is not None and number > item.high):
        return Problem(shown(value), "Correct it, or change the item's bounds.")
    return number


def read_text(cells: Cells | Distinct, reading: Reading, header: str) -> tuple[Cells, Flags]:
    """What was written, as it stands; None for nothing."""
    distinct = Distinct.of(cells)
    written: list[object] = []
    errors = 0
    for at, value in enumerate(distinct.values):
        text = None if is_empty(value) else cell_text(value)
        if text is not None and len(text) < 16:
            plain = normal(text)
            if plain in EMPTY_WORDS:
                text = None
            elif plain in _ERRORS:
                text = None
                errors += distinct.count(at)
        written.append(text)
    if errors:
        reading.notes.append(f'column "{shown(header)}": {errors} error cells read as no answer')
    texts = Distinct(written, distinct.places).cells()
    silent = np.array([text is None for text in [*written, None]], dtype=bool)
    return texts, silent[distinct.places]


def read_options(
    columns: Mapping[int, tuple[str, Cells | Distinct]], item: Item, reading: Reading
) -> tuple[dict[int, Numbers], Flags]:
    """A multiple-response item with one column for each option.

    Where a file marks only what was chosen, an empty cell beside a mark means "not chosen", and a
    row without any mark is no answer.
    """
    assert item.scale is not None  # noqa: S101
    words = ScaleWords(item.scale)
    marks: dict[int, Numbers] = {}
    denials = False
    for code, (header, cells) in columns.items():
        distinct = Distinct.of(cells)
        texts = [normal(cell_text(value)) for value in distinct.values]
        parsed = [
            _mark(value, text, code, item, words) for value, text in zip(distinct.values, texts, strict=True)
        ]
        _note_missing(item, distinct, parsed, texts, reading)
        denials = denials or 0.0 in parsed
        expected = "1 or 0, yes or no, or the option's label"
        marks[code], _ = _settle(distinct, parsed, header, expected, reading)
    table = np.column_stack(list(marks.values()))
    answered = ~_all_missing(table)
    if not denials:
        table[answered] = np.nan_to_num(table[answered], nan=0.0)
        reading.notes.append(
            f"{item.id}: only chosen options are marked; rows without a mark read as no answer"
        )
    return {code: table[:, at] for at, code in enumerate(marks)}, ~answered


def _all_missing(table: npt.NDArray[np.float64]) -> Flags:
    """Rows without a single value."""
    return np.asarray(np.isnan(table).all(axis=1), dtype=np.bool_)


def _mark(value: object, text: str, code: int, item: Item, words: ScaleWords) -> Parsed:
    text = _WHOLE.sub(r"\1", text)
    if text in YES_WORDS:
        return 1.0
    if text in NO_WORDS:
        return 0.0
    if text in EMPTY_WORDS or text in NO_ANSWER_WORDS or text in _ERRORS:
        return None
    if words.by_word(text) == code:
        return 1.0
    if item.open_option == code and not _NUMBER.fullmatch(text):
        return 1.0  # what was typed stands in place of the mark
    if is_date(value):
        return _date_problem(value)
    return Problem(shown(value), "Write 1 for chosen and 0 for not chosen.")


def read_joined(
    cells: Cells | Distinct, item: Item, header: str, reading: Reading
) -> tuple[dict[int, Numbers], Flags]:
    """A multiple-response or ranking item with all its answers in one cell."""
    assert item.scale is not None  # noqa: S101
    words = ScaleWords(item.scale)
    ranking = item.kind == "ranking"
    distinct = Distinct.of(cells)
    chosen: list[list[int] | None] = []
    for at, value in enumerate(distinct.values):
        text = normal_lines(cell_text(value))
        if text in EMPTY_WORDS or text in NO_ANSWER_WORDS or text in _ERRORS:
            chosen.append(None)
            continue
        codes, strange = split_options(text, words, item)
        if is_date(value) and strange:
            problem = _date_problem(value)
            reading.blame(header, distinct.rows_of(at), problem.seen, words.expected, problem.remedy)
        else:
            for part in strange:
                reading.blame(
                    header,
                    distinct.rows_of(at),
                    f'"{shown(part)}"',
                    words.expected + ", joined by ┋, ;, | or a comma",
                    "Correct it, or add it to the option's aliases.",
                )
        if len(set(codes)) < len(codes):
            twice = next(code for code, n in Counter(codes).items() if n > 1)
            reading.blame(
                header,
                distinct.rows_of(at),
                f"option {twice} twice",
                "each option once",
                "Correct the answer.",
            )
        chosen.append(codes)
    columns = {}
    for code in item.scale.codes:
        by_value = [
            float("nan")
            if not codes or (ranking and code not in codes)
            else float(codes.index(code) + 1)
            if ranking
            else float(code in codes)
            for codes in chosen
        ]
        columns[code] = distinct.spread(by_value)
    empty = distinct.spread([float(codes is None) for codes in chosen])
    return columns, np.nan_to_num(empty, nan=1.0) == 1.0


def normal_lines(text: str) -> str:
    """``normal``, with line breaks kept as separators."""
    return " ; ".join(filter(None, map(normal, text.splitlines())))


def split_options(text: str, words: ScaleWords, item: Item) -> tuple[list[int], list[str]]:
    """Codes of joined options in their order, and the parts that are no option.

    Options may hold separators themselves, so the longest known wording counts first. A cell with
    ``┋`` is split there and nowhere else.

    >>> scale = Scale(id="s", options=(Option(code=1, label={"en": "Fees, rates"}),
    ...                                Option(code=2, label={"en": "Fees"})))
    >>> item = Item(id="Q", kind="multiple", text={"en": "Which?"}, section="a", scale=scale)
    >>> split_options("fees, rates;fees", ScaleWords(scale), item)
    ([1, 2], [])
    """
    text = _TYPED_INSIDE.sub("", text)
    if "┋" in text:
        parts = [part.strip() for part in text.split("┋")]
        return _codes_of([part for part in parts if part], words, item)
    codes: list[int] = []
    strange: list[str] = []
    known = sorted(words.words, key=len, reverse=True)
    at = 0
    typing = False  # behind "other: ...", whose text may hold separators too
    while at < len(text):
        gap = _SEPARATOR.match(text, at)
        if gap and gap.end() > at:
            at = gap.end()
            continue
        word = next(
            (word for word in known if text.startswith(word, at) and _ends(text, at + len(word))), None
        )
        if word is not None:
            codes.append(words.words[word])
            at += len(word)
            typing = False
            continue
        following = _SEPARATOR.search(text, at)
        end = following.start() if following else len(text)
        found, odd = _codes_of([text[at:end].strip()], words, item)
        typing = typing or (bool(found) and found[0] == item.open_option)
        codes += found
        strange += [] if typing else odd
        at = max(end, at + 1)
    return [code for code in codes if code in words.codes], strange


def _ends(text: str, at: int) -> bool:
    return at == len(text) or _SEPARATOR.match(text, at) is not None


def _codes_of(parts: Sequence[str], words: ScaleWords, item: Item) -> tuple[list[int], list[str]]:
    codes: list[int] = []
    strange: list[str] = []
    lookups: tuple[Callable[[str], int | None], ...] = (
        words.by_word,
        words.by_number,
        lambda part: _open_option(part, item),
    )
    for part in parts:
        code = next((found for lookup in lookups if (found := lookup(part)) is not None), None)
        if code is None:
            strange.append(part)
        elif code in words.codes:
            codes.append(code)
    return codes, strange


def read_ranks(
    columns: Mapping[int, tuple[str, Cells | Distinct]], item: Item, reading: Reading
) -> tuple[dict[int, Numbers], Flags]:
    """A ranking with one column for each option, holding its rank; 1 is first."""
    ranks: dict[int, Numbers] = {}
    highest = len(columns)
    for code, (header, cells) in columns.items():
        distinct = Distinct.of(cells)
        texts = [normal(cell_text(value)) for value in distinct.values]
        parsed = [_rank(value, text, highest) for value, text in zip(distinct.values, texts, strict=True)]
        _note_missing(item, distinct, parsed, texts, reading)
        ranks[code], _ = _settle(distinct, parsed, header, f"a rank from 1 to {highest}, or nothing", reading)
    table = np.column_stack(list(ranks.values()))
    first = next(iter(columns.values()))[0]
    ordered = np.sort(table, axis=1)
    for position in np.flatnonzero((np.diff(ordered, axis=1) == 0).any(axis=1))[:MOST_FAULTS]:
        reading.blame(
            first, [int(position)], "two options of the same rank", "each rank once", "Correct the answer."
        )
    return ranks, _all_missing(table)


def _rank(value: object, text: str, highest: int) -> Parsed:
    if text in EMPTY_WORDS or text in NO_ANSWER_WORDS or text in _ERRORS:
        return None
    match = _CODE.fullmatch(text)
    if match and 1 <= int(match[1]) <= highest:
        return float(match[1])
    if is_date(value):
        return _date_problem(value)
    return Problem(shown(value), "Write the rank, and leave options that were not ranked empty.")

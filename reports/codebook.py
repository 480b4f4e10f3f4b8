"""The codebook of a data file: items, codes and how many gave each, as HTML and as a workbook."""

from __future__ import annotations

import datetime as dt
import html
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
import xlsxwriter

from surveys.neutral_cells import neutralised
from surveys.privacy import suppress
from surveys.questionnaire import Item, Option, Questionnaire, Text
from surveys.responses import Responses

#: Smallest count that is told, unless the study says another.
MINIMUM = 5

LineKind = Literal["option", "missing", "rank", "unanswered", "answered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One answer to an item, and how many gave it.

    ``count`` is None where it is held back: so few gave the answer, or so few did not, that they
    might be recognised, or the count could be worked out from the others.
    """

    kind: LineKind
    column: str
    code: int | None
    label: Text
    count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemEntry:
    """What the codebook says of one item."""

    item: Item
    construct: str | None
    found: bool  #: whether the data file has it
    n: int | None  #: respondents who answered it
    lines: tuple[Line, ...]


_WORDS: Mapping[str, Mapping[str, str]] = {
    "codebook": {"en": "Codebook", "zh": "编码手册"},
    "respondents": {"en": "respondents", "zh": "名受访者"},
    "items": {"en": "items", "zh": "道题目"},
    "file": {"en": "Data file", "zh": "数据文件"},
    "code": {"en": "Code", "zh": "编码"},
    "answer": {"en": "Answer", "zh": "选项"},
    "n": {"en": "n", "zh": "人数"},
    "share": {"en": "%", "zh": "百分比"},
    "unanswered": {"en": "no answer", "zh": "未回答"},
    "answered": {"en": "answered", "zh": "已回答"},
    "rank": {"en": "ranked first", "zh": "排在首位"},
    "missing": {"en": "counts as no answer", "zh": "按未回答处理"},
    "absent": {"en": "not in the data file", "zh": "数据文件中没有此题"},
    "held": {
        "en": "–: held back, because fewer than {minimum} people stand behind it, "
        "or behind what it would give away.",
        "zh": "–：人数少于{minimum}人，或可据此推算出这样的人数，故不显示。",
    },
    "reverse": {"en": "reverse keyed", "zh": "反向计分"},
    "attention": {"en": "attention check: {code}", "zh": "注意力检测题：{code}"},
    "records": {"en": "from account records", "zh": "来自账户记录"},
    "identifying": {"en": "may identify a person; not reported", "zh": "可能识别个人，不予报告"},
    "shown": {"en": "asked if {condition}", "zh": "仅当 {condition} 时询问"},
    "range": {"en": "{low} to {high}", "zh": "{low} 至 {high}"},
    "decided": {"en": "What was decided while reading", "zh": "读取过程中的处理"},
    "synthetic": {
        "en": "Synthetic data: no number here is a fact about any bank.",
        "zh": "合成数据：其中的数字不反映任何银行的实际情况。",
    },
    "single": {"en": "one answer", "zh": "单选"},
    "multiple": {"en": "several answers", "zh": "多选"},
    "ranking": {"en": "ranking", "zh": "排序"},
    "number": {"en": "number", "zh": "数字"},
    "text": {"en": "text", "zh": "文本"},
}  # fmt: skip


def codebook_entries(responses: Responses, *, minimum: int = MINIMUM) -> tuple[ItemEntry, ...]:
    """Every item of the questionnaire with the counts of its answers.

    Counts follow ``surveys.privacy.suppress``: none from 1 to ``minimum - 1`` is told. Where the
    counts of an item add up and one alone would be held back, the smallest of the others is held
    back too, so that no subtraction brings it to light; an option of a multiple-response item is
    also held back if too few did *not* choose it. Codes that mean "no answer" are not told apart
    once data are read, and stand with the empty cells.
    """
    construct_of = {
        name: construct.id for construct in responses.questionnaire.constructs for name in construct.items
    }
    return tuple(
        _entry(item, responses.answers, construct_of.get(item.id), minimum)
        for item in responses.questionnaire.items
    )


def _entry(item: Item, answers: pd.DataFrame, construct: str | None, minimum: int) -> ItemEntry:
    columns = [column for column in item.columns if column in answers]
    if not columns:
        lines = tuple(_option_line(item, option, None, "option") for option in _options(item))
        return ItemEntry(item=item, construct=construct, found=False, n=None, lines=lines)
    answered = answers[columns].notna().any(axis="columns")
    n, empty = int(answered.sum()), int((~answered).sum())
    if item.kind in ("number", "text") or item.scale is None:
        told, left = _together([n, empty], minimum)
        lines = (_plain_line(item, "answered", told), _plain_line(item, "unanswered", left))
        return ItemEntry(item=item, construct=construct, found=True, n=told, lines=lines)
    if item.kind == "single":
        counts = answers[item.id].value_counts()
        found = [int(counts.get(float(code), 0)) for code in item.scale.codes]
        *told_options, left = _together([*found, empty], minimum)
        options = [
            _option_line(item, option, count, "option")
            for option, count in zip(item.scale.options, told_options, strict=True)
        ]
        missing = [_option_line(item, option, None, "missing") for option in item.scale.missing_codes]
        shown_n = None if left is None and empty else n
        lines = (*options, _plain_line(item, "unanswered", left), *missing)
        return ItemEntry(item=item, construct=construct, found=True, n=_told(shown_n, minimum), lines=lines)
    told, left = _together([n, empty], minimum)
    chosen = [_chosen(answers, column) for column in item.columns]
    kind: LineKind = "option" if item.kind == "multiple" else "rank"
    if item.kind == "multiple":
        counts_told = [_either_side(count, n, minimum) for count in chosen]
    else:
        counts_told = _together(chosen, minimum)
    several = [
        _option_line(item, option, count, kind)
        for option, count in zip(item.scale.options, counts_told, strict=True)
    ]
    return ItemEntry(
        item=item,
        construct=construct,
        found=True,
        n=told,
        lines=(*several, _plain_line(item, "unanswered", left)),
    )


def _options(item: Item) -> tuple[Option, ...]:
    return () if item.scale is None else item.scale.options


def _told(count: int | None, minimum: int) -> int | None:
    return None if count is None else suppress(count, minimum)


def _chosen(answers: pd.DataFrame, column: str) -> int:
    """How many chose an option, or ranked it first."""
    if column not in answers:
        return 0
    return int(np.sum(answers[column].to_numpy(dtype=float) == 1.0))


def _either_side(count: int, n: int, minimum: int) -> int | None:
    return None if suppress(n - count, minimum) is None else suppress(count, minimum)


def _together(counts: Sequence[int], minimum: int) -> list[int | None]:
    """Counts that add up to a known total: what one subtraction would tell is held back too."""
    told = [suppress(count, minimum) for count in counts]
    if sum(count is None for count in told) == 1:
        others = [at for at, count in enumerate(told) if count]
        if others:
            told[min(others, key=lambda at: counts[at])] = None
    return told


def _option_line(item: Item, option: Option, count: int | None, kind: LineKind) -> Line:
    several = item.kind in ("multiple", "ranking")
    column = f"{item.id}_{option.code}" if several else item.id
    return Line(kind=kind, column=column, code=option.code, label=option.label, count=count)


def _plain_line(item: Item, kind: LineKind, count: int | None) -> Line:
    return Line(kind=kind, column=item.id, code=None, label=_WORDS[kind], count=count)


# -- HTML ----------------------------------------------------------------------------------------

_STYLE = """
body { font: 15px/1.5 "Noto Sans", "Noto Sans SC", "PingFang SC", "Microsoft YaHei", sans-serif;
       color: #1a1a1a; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.2rem; border-bottom: 1px solid #999; }
h3 { font-size: 1rem; margin: 1.6rem 0 .2rem; } h3 code { background: #eee; padding: 0 .3em; }
p.facts { margin: 0 0 .4rem; color: #555; font-size: .85rem; } p.zh, td.zh { color: #333; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } caption { text-align: left; color: #555; }
th, td { text-align: left; padding: .15rem .6rem .15rem 0; border-bottom: 1px solid #ddd;
         vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; } tr.plain td { color: #777; }
nav ul { columns: 3; font-size: .85rem; } .synthetic { border: 2px solid #a33; padding: .4rem .8rem; }
"""


#: Nothing is loaded and nothing is run.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def codebook_html(responses: Responses, *, minimum: int = MINIMUM) -> str:
    """The codebook as one HTML page in all languages of the questionnaire.

    It loads nothing and runs nothing: style is in the page, and its policy forbids the rest.
    """
    questionnaire = responses.questionnaire
    entries = codebook_entries(responses, minimum=minimum)
    name = _both(_WORDS["codebook"], questionnaire)
    parts = [
        "<!DOCTYPE html>",
        f'<html lang="{_lang(questionnaire.languages[0])}"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{name}: {_plain(questionnaire.title, questionnaire)}</title>",
        f"<style>{_STYLE}</style></head><body>",
        f"<h1>{name}: {_marked(questionnaire.title, questionnaire)}</h1>",
        *_facts_of_file(responses, entries, minimum),
        *_contents(questionnaire),
    ]
    for section in questionnaire.sections:
        parts.append(f'<section id="s-{section.id}"><h2>{_marked(section.title, questionnaire)}</h2>')
        matrix: str | None = None
        for entry in entries:
            if entry.item.section != section.id:
                continue
            if entry.item.matrix is not None and entry.item.matrix != matrix:
                parts.append(
                    f"<p><em>{_marked(questionnaire.matrices[entry.item.matrix], questionnaire)}</em></p>"
                )
            matrix = entry.item.matrix
            parts += _item_html(entry, questionnaire, responses.n)
        parts.append("</section>")
    return "\n".join([*parts, *_notes(responses), "</body></html>", ""])


def _lang(language: str) -> str:
    return {"zh": "zh-Hans"}.get(language, language)


def _say(word: str, language: str, **values: object) -> str:
    return _WORDS[word].get(language, _WORDS[word]["en"]).format(**values)


def _plain(text: Text, questionnaire: Questionnaire) -> str:
    return html.escape(" / ".join(dict.fromkeys(text[language] for language in questionnaire.languages)))


def _both(text: Text, questionnaire: Questionnaire) -> str:
    words = (text.get(language, text["en"]) for language in questionnaire.languages)
    return html.escape(" / ".join(dict.fromkeys(words)))


def _marked(text: Text, questionnaire: Questionnaire) -> str:
    """Every language in an element that names it, once where they agree."""
    found: dict[str, str] = {}
    for language in questionnaire.languages:
        found.setdefault(text[language], language)
    return " / ".join(
        f'<span lang="{_lang(code)}">{html.escape(words)}</span>' for words, code in found.items()
    )


def _facts_of_file(responses: Responses, entries: Sequence[ItemEntry], minimum: int) -> Iterator[str]:
    questionnaire, source = responses.questionnaire, responses.source
    if responses.synthetic:
        yield f'<p class="synthetic">{_both(_WORDS["synthetic"], questionnaire)}</p>'
    facts = [f"{responses.n} {_both(_WORDS['respondents'], questionnaire)}"]
    facts.append(f"{len(entries)} {_both(_WORDS['items'], questionnaire)}")
    facts.append(f"{_both(_WORDS['file'], questionnaire)}: {html.escape(source.name)}")
    yield f'<p class="facts">{" · ".join(facts)}<br>SHA-256 {html.escape(source.sha256)}</p>'
    held = {language: _say("held", language, minimum=minimum) for language in questionnaire.languages}
    yield f'<p class="facts">{_plain(held, questionnaire)}</p>'


def _contents(questionnaire: Questionnaire) -> Iterator[str]:
    yield "<nav><ul>"
    for section in questionnaire.sections:
        yield f'<li><a href="#s-{section.id}">{_marked(section.title, questionnaire)}</a></li>'
    yield "</ul></nav>"


def _item_html(entry: ItemEntry, questionnaire: Questionnaire, n: int) -> Iterator[str]:
    item = entry.item
    yield f'<h3 id="i-{item.id}"><code>{item.id}</code> {_marked(item.text, questionnaire)}</h3>'
    facts = {language: " · ".join(item_facts(entry, language)) for language in questionnaire.languages}
    yield f'<p class="facts">{_plain(facts, questionnaire)}</p>'
    yield "<table><thead><tr>"
    yield f"<th>{_both(_WORDS['code'], questionnaire)}</th>"
    for language in questionnaire.languages:
        yield f'<th lang="{_lang(language)}">{html.escape(_say("answer", language))}</th>'
    yield f'<th class="number">{_both(_WORDS["n"], questionnaire)}</th>'
    yield f'<th class="number">{_both(_WORDS["share"], questionnaire)}</th></tr></thead><tbody>'
    for line in entry.lines:
        plain = "" if line.kind in ("option", "rank") else ' class="plain"'
        cells = [f"<td>{'' if line.code is None else line.code}</td>"]
        for language in questionnaire.languages:
            label = line.label.get(language, line.label.get("en", ""))
            words = html.escape(label) + _behind(line, language)
            cells.append(f'<td lang="{_lang(language)}">{words}</td>')
        count, share = _figures(line, entry, n)
        cells += [f'<td class="number">{count}</td>', f'<td class="number">{share}</td>']
        yield f"<tr{plain}>{''.join(cells)}</tr>"
    yield "</tbody></table>"


def _behind(line: Line, language: str) -> str:
    word = {"missing": "missing", "rank": "rank"}.get(line.kind)
    return f" <small>({html.escape(_say(word, language))})</small>" if word else ""


def _figures(line: Line, entry: ItemEntry, n: int) -> tuple[str, str]:
    """The count and its share of those who answered; a dash where it is held back."""
    if line.kind == "missing" or not entry.found:
        return "", ""
    if line.count is None:
        return "–", ""
    base = n if line.kind in ("answered", "unanswered") else entry.n
    return str(line.count), f"{100 * line.count / base:.1f}" if base else ""


def item_facts(entry: ItemEntry, language: str) -> Iterator[str]:
    """What else is to say of an item, in words."""
    item = entry.item
    yield _say(item.kind, language)
    if entry.construct is not None:
        yield entry.construct
    if item.reverse_keyed:
        yield _say("reverse", language)
    if item.attention is not None:
        yield _say("attention", language, code=item.attention)
    if item.source == "records":
        yield _say("records", language)
    if item.identifying:
        yield _say("identifying", language)
    if item.show_if is not None:
        yield _say("shown", language, condition=item.show_if)
    if item.low is not None and item.high is not None:
        yield _say("range", language, low=f"{item.low:g}", high=f"{item.high:g}")
    elif item.low is not None or item.high is not None:
        yield f"≥ {item.low:g}" if item.low is not None else f"≤ {item.high:g}"
    if not entry.found:
        yield _say("absent", language)


def _notes(responses: Responses) -> Iterator[str]:
    notes = (*responses.source.notes, *responses.notes)
    if notes:
        yield f"<section><h2>{_both(_WORDS['decided'], responses.questionnaire)}</h2><ul>"
        for note in notes:
            yield f"<li>{html.escape(note)}</li>"
        yield "</ul></section>"


# -- workbook ------------------------------------------------------------------------------------


def codebook_frame(responses: Responses, *, minimum: int = MINIMUM) -> pd.DataFrame:
    """One row an answer: item, column, code, texts and labels by language, count, whether held back."""
    languages = responses.questionnaire.languages
    rows = []
    for entry in codebook_entries(responses, minimum=minimum):
        item = entry.item
        shared: dict[str, object] = {"item": item.id, "kind": item.kind, "section": item.section}
        shared |= {"construct": entry.construct, "reverse_keyed": item.reverse_keyed, "matrix": item.matrix}
        shared |= {f"text_{language}": item.text[language] for language in languages}
        for line in entry.lines:
            labels = {
                f"label_{language}": line.label.get(language, line.label.get("en", ""))
                for language in languages
            }
            held = entry.found and line.kind != "missing" and line.count is None
            row = {**shared, "column": line.column, "answer": line.kind, "code": line.code, **labels}
            rows.append({**row, "count": line.count, "held_back": held})
    return pd.DataFrame(rows).astype({"count": "Int64", "code": "Int64"})


def codebook_workbook(responses: Responses, *, minimum: int = MINIMUM) -> bytes:
    """The codebook as ``.xlsx``: a sheet ``codebook``, one row an answer, and a sheet ``notes``.

    Text that a spreadsheet would take for a formula begins with an apostrophe and is written as text.
    The same data give the same bytes.
    """
    frame = codebook_frame(responses, minimum=minimum)
    packed = io.BytesIO()
    workbook = xlsxwriter.Workbook(packed, {"in_memory": True})
    workbook.set_properties(
        {"created": dt.datetime(2026, 1, 1)}
    )  # a codebook says nothing of when it was written
    bold = workbook.add_format({"bold": True, "bottom": 1})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet = workbook.add_worksheet("codebook")
    for at, name in enumerate(frame.columns):
        sheet.write_string(0, at, str(name), bold)
        sheet.set_column(at, at, 40 if str(name).startswith(("text_", "label_")) else 13, wrapped)
    for line, cells in enumerate(frame.itertuples(index=False, name=None), start=1):
        for at, cell in enumerate(cells):
            _write_cell(sheet, line, at, cell)
    sheet.freeze_panes(1, 1)
    if len(frame):
        sheet.autofilter(0, 0, len(frame), len(frame.columns) - 1)
    notes = workbook.add_worksheet("notes")
    held = [_say("held", language, minimum=minimum) for language in responses.questionnaire.languages]
    marker = [_WORDS["synthetic"]["en"], _WORDS["synthetic"]["zh"]] if responses.synthetic else []
    told = [
        *marker,
        f"{responses.source.name} SHA-256 {responses.source.sha256}",
        f"n = {responses.n}",
        *held,
    ]
    for line, note in enumerate([*told, *responses.source.notes, *responses.notes]):
        notes.write_string(line, 0, neutralised(note))
    notes.set_column(0, 0, 110, wrapped)
    workbook.close()
    return packed.getvalue()


def _write_cell(sheet: xlsxwriter.worksheet.Worksheet, line: int, at: int, cell: object) -> None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and cell != cell):
        return
    if isinstance(cell, bool | np.bool_):
        sheet.write_boolean(line, at, bool(cell))
    elif isinstance(cell, int | float | np.integer):
        sheet.write_number(line, at, cell)
    else:
        sheet.write_string(line, at, neutralised(str(cell)))

"""The codes for open answers, and what coders made of the answers.

A coding frame is a YAML file::

    coding_frame: reasons
    item: WHY
    languages: [en, zh]
    several: true            # an answer may have several codes
    codes:
      fees:
        label: {en: Fees, zh: 费用}
        definition: {en: Prices and fees of any kind, zh: 各种费用}
        theme: price
      queue:
        label: {en: Waiting, zh: 排队}

Each coder hands in a table (CSV or Excel) with the columns ``respondent`` and ``code``. Several codes of an
answer stand in one cell, apart by ``;``, or in several rows. A cell with ``-`` says that the coder read the
answer and no code fits; an answer that is not in the file was not coded.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
import pandas as pd

from surveys.errors import Fault, StudyFileError, SurveyError
from surveys.file_faults import fault_at
from surveys.reading.cells import cell_text, normal, shown
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, read_table
from surveys.yaml_lines import Place, YamlFile, read_yaml

HEADERS: Mapping[str, tuple[str, ...]] = {
    "respondent": ("respondent", "受访者", "序号"),
    "code": ("code", "codes", "编码"),
}
NO_CODE = "-"  #: read, and no code fits
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_LANGUAGE = re.compile(r"[a-z]{2}")
_KEYS = ("coding_frame", "item", "languages", "several", "codes")
_CODE_KEYS = ("label", "definition", "theme")


class CodingError(SurveyError):
    """Coder files that do not fit the coding frame or the answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One code of the frame."""

    id: str
    label: Mapping[str, str]
    definition: Mapping[str, str]  #: empty when the frame gives none
    theme: str | None = None  #: name of the broader theme


@dataclass(frozen=True, slots=True, kw_only=True)
class CodingFrame:
    """The codes for the answers to one open question."""

    id: str
    item: str
    languages: tuple[str, ...]
    several: bool  #: whether an answer may have several codes
    codes: tuple[Code, ...]

    def code(self, name: str) -> Code:
        """The code of this id; ``KeyError`` with the closest names when there is none."""
        for code in self.codes:
            if code.id == name:
                return code
        close = ", ".join(get_close_matches(name, [code.id for code in self.codes])) or "none"
        raise KeyError(f"coding frame {self.id} has no code {name}; close to it: {close}")

    @property
    def themes(self) -> tuple[str, ...]:
        """Themes in the order of their first code."""
        return tuple(dict.fromkeys(code.theme for code in self.codes if code.theme is not None))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Codings:
    """What all coders made of the answers.

    Attributes
    ----------
    frame : CodingFrame
    coders : tuple of str
    respondents : tuple of str
        Those whose answers anybody coded, in the order of the first file that names them.
    given : mapping of (coder, respondent) to tuple of str
        Codes in the order of the frame; an empty tuple: read, and no code fits.
    """

    frame: CodingFrame
    coders: tuple[str, ...]
    respondents: tuple[str, ...]
    given: Mapping[tuple[str, str], tuple[str, ...]]

    def marks(self, code: str) -> pd.DataFrame:
        """Whether each coder gave the code, shape (n_respondents, n_coders): 1, 0, NaN where not coded."""
        self.frame.code(code)
        return self._table(lambda codes: float(code in codes), np.nan, float)

    def theme_marks(self, theme: str) -> pd.DataFrame:
        """As :meth:`marks`, of any code of a theme."""
        if theme not in self.frame.themes:
            raise KeyError(f"coding frame {self.frame.id} has no theme {theme}; it has {self.frame.themes}")
        own = {code.id for code in self.frame.codes if code.theme == theme}
        return self._table(lambda codes: float(bool(own.intersection(codes))), np.nan, float)

    def single_codes(self) -> pd.DataFrame:
        """The code that each coder gave, shape (n_respondents, n_coders); ``-`` for none, missing: not coded.

        Raises
        ------
        ValueError
            If the frame allows several codes: there agreement is asked code by code, with :meth:`marks`.
        """
        if self.frame.several:
            raise ValueError(f"coding frame {self.frame.id} allows several codes; use marks(code) instead")
        return self._table(lambda codes: codes[0] if codes else NO_CODE, None, object)

    def consensus(self, *, share: float = 0.5) -> pd.DataFrame:
        """Codes that more than ``share`` of an answer's coders gave, one column of 1 and 0 a code.

        Shape (n_respondents, n_codes): a multiple-response set for tables by tier. With two coders and the
        default both must agree.
        """
        if not 0 <= share < 1:
            raise ValueError(f"share is a part of the coders from 0 to below 1, got {share}")
        return pd.DataFrame(
            {code.id: (self.marks(code.id).mean(axis=1) > share).astype(float) for code in self.frame.codes},
            index=pd.Index(self.respondents, name="respondent"),
        )

    def _table(self, told: Callable[[tuple[str, ...]], object], absent: object, dtype: type) -> pd.DataFrame:
        columns = {
            coder: pd.Series(
                [
                    told(self.given[coder, respondent]) if (coder, respondent) in self.given else absent
                    for respondent in self.respondents
                ],
                dtype=dtype,
            ).to_numpy()
            for coder in self.coders
        }
        return pd.DataFrame(columns, index=pd.Index(self.respondents, name="respondent"))


def read_coding_frame(path: Path | str) -> CodingFrame:
    """The coding frame in a YAML file.

    Raises
    ------
    StudyFileError
        Naming every fault with its line.
    """
    file = read_yaml(Path(path))
    faults = list(_frame_faults(file))
    if faults:
        raise StudyFileError(sorted(faults, key=lambda fault: fault.line or 0))
    value = file.value
    if not isinstance(value, dict) or not isinstance(value["codes"], dict):
        raise TypeError("the faults of a coding frame were not told")  # unreachable: _frame_faults told them
    languages = value["languages"]
    return CodingFrame(
        id=str(value["coding_frame"]),
        item=str(value["item"]),
        languages=tuple(str(language) for language in languages) if isinstance(languages, list) else (),
        several=value.get("several", False) is True,
        codes=tuple(_code(name, of) for name, of in value["codes"].items() if isinstance(of, dict)),
    )


def read_codings(
    frame: CodingFrame,
    files: Mapping[str, Path | str],
    *,
    respondents: Sequence[str] | None = None,
    limits: Limits | None = None,
) -> Codings:
    """What each coder's file says, every fault of all files at once.

    Parameters
    ----------
    frame : CodingFrame
    files : mapping of coder to path
    respondents : sequence of str, optional
        Those who gave an answer; others in a file are then a fault.

    Raises
    ------
    CodingError
        With file and row of every unknown code or respondent, empty cell, code given twice, second code
        where the frame allows one.
    AnswersError
        If a file cannot be read as a table.
    """
    faults: list[Fault] = []
    given: dict[tuple[str, str], tuple[str, ...]] = {}
    order: dict[str, None] = {}
    known = None if respondents is None else set(respondents)
    place = {code.id: i for i, code in enumerate(frame.codes)}
    for coder, path in files.items():
        table = read_table(Path(path), limits=limits, known=lambda text: normal(text) in _KNOWN)
        at = _columns(table, faults)
        if at is None:
            continue
        for respondent, codes in _coded(table, at, frame, known, faults).items():
            given[coder, respondent] = tuple(sorted(codes, key=place.__getitem__))
            order[respondent] = None
    if faults:
        raise CodingError(faults)
    return Codings(frame=frame, coders=tuple(files), respondents=tuple(order), given=given)


_KNOWN = frozenset(normal(header) for headers in HEADERS.values() for header in headers)


def _columns(table: Table, faults: list[Fault]) -> tuple[int, int] | None:
    names = [normal(header) for header in table.header]
    found = [
        next((names.index(normal(header)) for header in headers if normal(header) in names), None)
        for headers in HEADERS.values()
    ]
    for role, at in zip(HEADERS, found, strict=True):
        if at is None:
            faults.append(
                Fault(
                    file=table.file,
                    sheet=table.sheet,
                    row=table.header_row,
                    seen=f"no column `{role}`",
                    expected=" and ".join(HEADERS),
                    remedy=f"Add the column `{role}`.",
                )
            )
    respondent, code = found
    return None if respondent is None or code is None else (respondent, code)


def _coded(
    table: Table, at: tuple[int, int], frame: CodingFrame, known: set[str] | None, faults: list[Fault]
) -> dict[str, list[str]]:
    """Codes by respondent in one file; what is wrong goes to ``faults``."""
    found: dict[str, list[str]] = {}
    first_row: dict[str, int] = {}
    names = [code.id for code in frame.codes]

    def fault(row: int, column: str, seen: str, expected: str, remedy: str) -> None:
        faults.append(
            Fault(
                file=table.file,
                sheet=table.sheet,
                row=row,
                column=column,
                seen=seen,
                expected=expected,
                remedy=remedy,
            )
        )

    for label, cells in zip(table.rows.index, table.rows.itertuples(index=False, name=None), strict=True):
        row, who, what = int(label), cell_text(cells[at[0]]).strip(), cell_text(cells[at[1]]).strip()
        if not who and not what:
            continue
        if not who:
            fault(row, "respondent", "an empty cell", "the respondent's name in the answers", "Fill it in.")
            continue
        if known is not None and who not in known:
            fault(row, "respondent", shown(who), "a respondent with an answer", "Correct the name.")
            continue
        if not what:
            fault(row, "code", "an empty cell", "a code, or - where none fits", "Write the code, or -.")
            continue
        own = found.setdefault(who, [])
        second = who in first_row
        first_row.setdefault(who, row)
        written = [part.strip() for part in re.split("[;；]", what) if part.strip()]
        for code in [] if written == [NO_CODE] else written:
            if code not in names:
                close = get_close_matches(code, names, n=1)
                remedy = f"Did you mean `{close[0]}`?" if close else "Correct it, or add it to the frame."
                fault(row, "code", shown(code), f"a code of {frame.id}: {', '.join(names)}", remedy)
            elif code in own:
                fault(row, "code", f"`{code}` again", "every code once for an answer", "Remove one of them.")
            else:
                own.append(code)
        if second and (written == [NO_CODE] or not own):
            expected = f"nothing beside the row {first_row[who]} of this answer"
            fault(row, "code", shown(what), expected, "Keep one of the two rows.")
        if not frame.several and len(own) > 1:
            fault(row, "code", f"{len(own)} codes", "one code an answer", "Keep one, or set `several: true`.")
    return found


def _code(name: str, of: Mapping[str, object]) -> Code:
    def texts(key: str) -> dict[str, str]:
        value = of.get(key)
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else {}

    theme = of.get("theme")
    return Code(
        id=name,
        label=texts("label"),
        definition=texts("definition"),
        theme=None if theme is None else str(theme),
    )


def _frame_faults(file: YamlFile) -> Iterator[Fault]:
    value = file.value
    if not isinstance(value, dict):
        yield fault_at(
            file, (), "no `key: value` lines", "a coding frame", "Begin with `coding_frame: NAME`."
        )
        return
    yield from _key_faults(file, (), value, _KEYS, ("coding_frame", "item", "languages", "codes"))
    for key in ("coding_frame", "item"):
        if key in value and not _is_name(value[key]):
            yield fault_at(file, (key,), f"{value[key]!r}", _NAME_WORDS, "Correct the spelling.")
    if not isinstance(value.get("several", False), bool):
        yield fault_at(file, ("several",), f"{value['several']!r}", "true or false", "Write one of the two.")
    languages = value.get("languages", [])
    if not (isinstance(languages, list) and languages and all(_is_language(one) for one in languages)):
        if "languages" in value:
            yield fault_at(
                file, ("languages",), f"{languages!r}", "a list such as [en, zh]", "List the languages."
            )
        languages = []
    codes = value.get("codes", {})
    if "codes" in value and not (isinstance(codes, dict) and codes):
        yield fault_at(file, ("codes",), "no codes", "a group of codes", "Write `NAME:` for every code.")
    elif isinstance(codes, dict):
        for name, code in codes.items():
            yield from _code_faults(file, name, code, [str(language) for language in languages])


_NAME_WORDS = "a name of Latin letters, digits and _ that starts with a letter"


def _code_faults(file: YamlFile, name: str, code: object, languages: Sequence[str]) -> Iterator[Fault]:
    place: Place = ("codes", name)
    if not _is_name(name):
        yield fault_at(file, place, f"`{name}`", _NAME_WORDS, "Correct the spelling.")
    if not isinstance(code, dict):
        yield fault_at(file, place, f"{code!r}", "a code with its `label:`", "Add `label:` below it.")
        return
    yield from _key_faults(file, place, code, _CODE_KEYS, ("label",))
    for key in ("label", "definition"):
        texts = code.get(key)
        if key not in code:
            continue
        if not (isinstance(texts, dict) and all(isinstance(text, str) and text for text in texts.values())):
            yield fault_at(file, (*place, key), f"{texts!r}", "a text per language", "Write `{en: Fees}`.")
            continue
        for language in languages:
            if language not in texts:
                expected = f"the text in {' and '.join(languages)}"
                yield fault_at(file, (*place, key), f"no `{language}`", expected, f"Add `{language}:` here.")
    if "theme" in code and not _is_name(code["theme"]):
        yield fault_at(file, (*place, "theme"), f"{code['theme']!r}", _NAME_WORDS, "Correct the spelling.")


def _key_faults(
    file: YamlFile, place: Place, value: Mapping[str, object], allowed: Sequence[str], needed: Sequence[str]
) -> Iterator[Fault]:
    for key in needed:
        if key not in value:
            yield fault_at(file, place, f"no `{key}`", f"the key `{key}`", f"Add `{key}:` here.")
    for key in value:
        if key not in allowed:
            close = get_close_matches(key, allowed, n=1)
            remedy = f"Did you mean `{close[0]}`?" if close else "Remove it, or correct its name."
            expected = ", ".join(f"`{name}`" for name in allowed)
            yield fault_at(file, (*place, key), f"the key `{key}`", expected, remedy)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def _is_language(value: object) -> bool:
    return isinstance(value, str) and _LANGUAGE.fullmatch(value) is not None

"""What a form or an export tells of a questionnaire, before it is one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from surveys.platforms.export import QuestionKind

Texts = Mapping[str, str]  #: by the name that the source gives a language; ``""`` if it names none


@dataclass(frozen=True, slots=True, kw_only=True)
class FormOption:
    """One option: its wordings, and its code as cells hold it."""

    texts: Texts
    code: str
    other: bool = False
    missing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FormRow:
    """One row of a matrix."""

    id: str
    texts: Texts
    required: bool | None = None  #: None where the matrix decides


@dataclass(frozen=True, slots=True, kw_only=True)
class FormCondition:
    """Routing in the source's ids and codes: a question's answer, or whether an option was chosen.

    ``rank`` is that of the option in a ranking.
    """

    question: str
    code: str
    chosen: bool = True
    rank: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormQuestion:
    """One question as its source tells it."""

    id: str
    kind: QuestionKind
    texts: Texts
    section: str = ""
    options: tuple[FormOption, ...] = ()
    rows: tuple[FormRow, ...] = ()
    list_name: str = ""  #: under which options are shared
    required: bool = False
    ordered: bool | None = None
    low: float | None = None
    high: float | None = None
    show_if: FormCondition | None = None
    routing: str = ""  #: in the platform's words, where it could not be read
    identifying: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Everything that was asked, in order."""

    id: str
    titles: Texts
    questions: tuple[FormQuestion, ...]
    sections: tuple[tuple[str, Texts], ...] = ()
    source: str = ""  #: file and platform, for the head of the draft
    respondent_id: tuple[str, ...] = ()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ignored_columns: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


_CJK = re.compile(r"[\u4e00-\u9fff]")
_LETTER = re.compile(r"[^\W\d_]")


def language_code(name: str) -> str | None:
    """``en`` or ``zh`` for the name of a language, None for any other.

    >>> [language_code(name) for name in ("English (en)", "zh-Hans", "中文 (zh)", "Arabic (ar)", "")]
    ['en', 'zh', 'zh', None, None]
    """
    plain = name.strip().casefold()
    match = re.search(r"\(([a-z]{2})(?:[-_]\w+)?\)$", plain)
    tag = match[1] if match else re.split(r"[-_]", plain)[0]
    if tag in ("en", "english"):
        return "en"
    if tag in ("zh", "chinese", "cn") or "中文" in name or "汉语" in name:
        return "zh"
    return None


def looks_chinese(texts: list[str]) -> bool:
    """Whether a good part of the letters are Chinese characters."""
    whole = "".join(texts)
    return len(_CJK.findall(whole)) > 0.3 * len(_LETTER.findall(whole))

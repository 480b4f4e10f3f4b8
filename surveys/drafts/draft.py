"""From what a source tells to a questionnaire that loads, with remarks on what to edit by hand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from surveys.drafts.form import (
    Form,
    FormCondition,
    FormQuestion,
    Texts,
    language_code,
    looks_chinese,
)
from surveys.drafts.scales import Scales
from surveys.forms.asking import unused_name
from surveys.questionnaire import Item, ItemKind, Questionnaire, Scale, Section, Text

#: Titles of the one section of a source that knows none.
_QUESTIONS: Text = {"en": "Questions", "zh": "问题"}
_PERSONAL = re.compile(
    r"姓名|名字|电话|手机|微信|邮箱|身份证|地址|\bnames?\b|phone|mobile|e-?mail|address|wechat", re.IGNORECASE
)
_UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufeff\ufffe\uffff]")

_HEAD = """Texts, options and codes come from the source. Check by hand: the id of each item, `ordered` and
`interval` of the scales, `reverse_keyed`, `attention`, and routing. Then add the constructs:"""
_EXAMPLE = (
    "constructs:",
    "  - {id: satisfaction, label: {en: Satisfaction, zh: 满意度}, items: [SAT1, SAT2, SAT3]}",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A questionnaire to be edited by hand, and what to look at, by id (``""`` is the head)."""

    questionnaire: Questionnaire
    remarks: Mapping[str, tuple[str, ...]]


def drafted(form: Form) -> Draft:
    """The questionnaire that a source tells of.

    Ids are kept where they can be, else made valid; options without whole numbers as codes are
    numbered, and the source's code becomes an alias. A matrix of anything but single choices becomes
    one item a row. Kinds that a questionnaire does not know (dates, files) become texts, with a remark.

    Raises
    ------
    ValueError
        If the source asks nothing.

    Examples
    --------
    >>> from surveys.drafts.form import FormOption
    >>> web, app = (FormOption(texts={"": name}, code=code) for code, name in (("A1", "Web"), ("A2", "App")))
    >>> asked = FormQuestion(id="3. Channel", kind="single", texts={"": "Which channel?"}, options=(web, app))
    >>> draft = drafted(Form(id="survey", titles={"": "Survey"}, questions=(asked,)))
    >>> item = draft.questionnaire.items[0]
    >>> item.id, item.scale.codes, item.scale.options[1].aliases
    ('Q3_Channel', (1, 2), ('A2',))
    """
    if not form.questions:
        raise ValueError(f"{form.source or form.id}: no questions to draft a questionnaire from")
    return _Drafting(form).draft()


@dataclass(slots=True)
class _Asked:
    """A question that became items: what conditions need to know."""

    source: FormQuestion
    id: str
    kind: ItemKind
    scale: Scale | None
    codes: Mapping[str, int]


@dataclass(slots=True)
class _Drafting:
    form: Form
    languages: tuple[str, ...] = ()
    taken: set[str] = field(default_factory=set)
    remarks: dict[str, list[str]] = field(default_factory=dict)
    items: list[Item] = field(default_factory=list)
    matrices: dict[str, Text] = field(default_factory=dict)
    asked: dict[str, _Asked] = field(default_factory=dict)
    scales: Scales = field(default_factory=Scales)

    def draft(self) -> Draft:
        form = self.form
        self.languages = languages_of(form)
        self.taken.add(form.id.casefold())
        places = {section: valid_id(section, "section") for section, _ in form.sections} or {"": "questions"}
        first = next(iter(places.values()))
        for question in form.questions:
            self._take_in(question, places.get(question.section, first))
        titles = dict(form.sections) or {"": {}}
        used = {item.section for item in self.items}
        sections = tuple(
            Section(id=id_, title=self._text(titles[name]) if titles[name] else self._placeholder())
            for name, id_ in places.items()
            if id_ in used
        )
        self.remarks.setdefault("", [])[:0] = [
            *([f"Drafted from {form.source}."] if form.source else []),
            *_HEAD.splitlines(),
            *_EXAMPLE,
            *form.remarks,
        ]
        scales = self.scales.found
        self.remarks |= {name: list(told) for name, told in self.scales.remarks.items()}
        questionnaire = Questionnaire(
            id=valid_id(form.id, "draft"),
            title=self._text(form.titles) if any(form.titles.values()) else self._placeholder(),
            languages=self.languages,
            sections=sections,
            scales=scales,
            items=tuple(self.items),
            matrices=self.matrices,
            respondent_id=form.respondent_id or ("respondent",),
            metadata=form.metadata,
            ignored_columns=form.ignored_columns,
        )
        return Draft(
            questionnaire=questionnaire, remarks={id_: tuple(told) for id_, told in self.remarks.items()}
        )

    def _placeholder(self) -> Text:
        return {language: _QUESTIONS.get(language, "Questions") for language in self.languages}

    def _text(self, texts: Texts, fallback: str = "", about: str | None = None) -> Text:
        """The text in every language of the draft; a remark where one had to stand in for another."""
        found = in_languages(texts, self.languages)
        words = next(iter(found.values()), "") or _clean(fallback) or "?"
        if about is not None:
            absent = [language for language in self.languages if language not in found]
            if not found:
                self._remark(about, "The source holds no text; write it.")
            elif absent:
                self._remark(about, f"Not translated: write {' and '.join(absent)}.")
        return {language: found.get(language, words) for language in self.languages}

    def _remark(self, id_: str, words: str) -> None:
        self.remarks.setdefault(id_, []).append(words)

    def _new_id(self, wanted: str) -> str:
        return unused_name(valid_id(wanted, "Q"), self.taken)

    def _take_in(self, question: FormQuestion, section: str) -> None:
        kind, why = _kind(question)
        if kind == "single" and question.rows:
            self._matrix(question, section)
            return
        if question.rows:
            stem = self._text(question.texts, question.id)
            for row in question.rows:
                words = self._text(row.texts, row.id)
                text = {language: f"{stem[language]}: {words[language]}" for language in self.languages}
                id_ = self._new_id(row.id if len(row.id) > 2 else f"{question.id}_{row.id}")
                self._item(question, id_, kind, text, section, why)
            return
        id_ = self._new_id(question.id)
        self._item(
            question, id_, kind, self._text(question.texts, question.id, about=id_), section, why, named=True
        )

    def _item(
        self,
        question: FormQuestion,
        id_: str,
        kind: ItemKind,
        text: Text,
        section: str,
        why: str,
        *,
        named: bool = False,
    ) -> None:
        scale, codes = self._scale(question, id_, kind)
        if why:
            self._remark(id_, why)
        other = [option for option in question.options if option.other and not option.missing]
        numeric = kind == "number"
        item = Item(
            id=id_,
            kind=kind,
            text=text,
            section=section,
            scale=scale,
            required=question.required,
            low=question.low if numeric else None,
            high=question.high if numeric else None,
            open_option=codes[other[0].code] if len(other) == 1 and kind in ("single", "multiple") else None,
            show_if=self._routing(question, id_),
            identifying=question.identifying
            or (kind == "text" and any(_PERSONAL.search(words) for words in text.values())),
        )
        if item.identifying and not question.identifying:
            self._remark(id_, "Its wording asks for a person's name or contact: `identifying` keeps it out.")
        self.items.append(item)
        if named:
            self.asked[question.id] = _Asked(question, id_, kind, scale, codes)

    def _matrix(self, question: FormQuestion, section: str) -> None:
        matrix = self._new_id(question.id)
        scale, codes = self._scale(question, matrix, "single")
        self.matrices[matrix] = self._text(question.texts, question.id, about=matrix)
        show_if = self._routing(question, matrix)
        for row in question.rows:
            plain = valid_id(row.id, "")
            id_ = self._new_id(plain if len(plain) > 2 and not row.id[0].isdigit() else f"{matrix}_{row.id}")
            self.asked[row.id] = _Asked(question, id_, "single", scale, codes)
            self.items.append(
                Item(
                    id=id_,
                    kind="single",
                    text=self._text(row.texts, row.id, about=id_),
                    section=section,
                    scale=scale,
                    required=question.required if row.required is None else row.required,
                    matrix=matrix,
                    show_if=show_if,
                )
            )

    def _scale(
        self, question: FormQuestion, id_: str, kind: ItemKind
    ) -> tuple[Scale | None, Mapping[str, int]]:
        if kind in ("number", "text"):
            return None, {}
        labelled = [(option, self._text(option.texts, option.code)) for option in question.options]
        return self.scales.scale_of(question, labelled, id_, kind)

    def _routing(self, question: FormQuestion, id_: str) -> str | None:
        if question.show_if is not None:
            told = self._show_if(question.show_if)
            if told is not None:
                return told
        words = question.routing or (str(question.show_if) if question.show_if else "")
        if words:
            self._remark(id_, f"Routing of the source, to be written as show_if: {words[:500]}")
        return None

    def _show_if(self, wanted: FormCondition) -> str | None:
        asked = self.asked.get(wanted.question)
        if asked is None:
            return None
        if asked.scale is None:
            whole = re.fullmatch(r"-?\d+", wanted.code)
            return f"{asked.id} = {wanted.code}" if whole and asked.kind == "number" else None
        code = asked.codes.get(wanted.code)
        if code is None:
            return None
        if asked.kind == "single":
            return f"{asked.id} = {code}" if wanted.chosen and wanted.rank is None else None
        if code < 0 or (asked.kind == "ranking" and wanted.rank is None):
            return None
        return f"{asked.id}_{code} = {int(wanted.chosen) if wanted.rank is None else wanted.rank}"


def valid_id(wanted: str, lead: str) -> str:
    """The name with letters, digits and underscores alone, beginning with a letter.

    >>> valid_id("SAT-1 a", "Q"), valid_id("12", "Q"), valid_id("满意度", "Q")
    ('SAT_1_a', 'Q12', 'Q')
    """
    plain = re.sub(r"[^A-Za-z0-9_]+", "_", wanted).strip("_")[:60]
    return plain if plain[:1].isalpha() else f"{lead}{plain}"


def languages_of(form: Form) -> tuple[str, ...]:
    """The languages that the source names; else the one that its texts look like."""
    named: dict[str, None] = {}
    words: list[str] = []
    for texts in _all_texts(form):
        for name, text in texts.items():
            code = language_code(name)
            if code is not None and text:
                named[code] = None
            words.append(text)
    if named:
        return tuple(named)
    return ("zh",) if looks_chinese(words) else ("en",)


def _all_texts(form: Form) -> Iterator[Texts]:
    yield form.titles
    for question in form.questions:
        yield question.texts
        yield from (option.texts for option in question.options)
        yield from (row.texts for row in question.rows)


def in_languages(texts: Texts, languages: Sequence[str]) -> dict[str, str]:
    """The texts of those languages that the source has; what it gives no name is in the first of them."""
    found: dict[str, str] = {}
    for name, text in texts.items():
        code = language_code(name)
        if code in languages and _clean(text):
            found.setdefault(str(code), _clean(text))
    if not found:
        rest = next((_clean(text) for text in texts.values() if _clean(text)), "")
        if rest:
            found[languages[0]] = rest
    return found


def _clean(text: str) -> str:
    return " ".join(_UNWRITABLE.sub(" ", text).split())


def _kind(question: FormQuestion) -> tuple[ItemKind, str]:
    """The kind of the items, and why it is not the source's."""
    has_options = any(not option.missing for option in question.options)
    if question.kind in ("single", "multiple", "ranking"):
        if has_options:
            return question.kind, ""
        return (
            "text",
            f"The source says `{question.kind}`, but tells of no options; a text until they are added.",
        )
    if question.kind in ("number", "text"):
        return question.kind, ""
    if question.kind == "unknown" and has_options:
        return "single", "The source does not say what kind of question this is."
    return "text", f"The source says `{question.kind}`; taken for a text."

"""What open answers say: how far coders agree, themes by group, and words that tell groups apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.coding_agreement import CodeAgreements, agreement_by_code
from analysis.crosstabs import MultipleResponse, multiple_response
from analysis.inputs import Sample
from analysis.keyness import Keyness, keyness, words_of
from analysis.results import Tabular
from analysis.weighting import refuses_weights
from surveys.open_questions import OpenQuestion
from surveys.responses import Responses
from surveys.waves import PERSON

MOST_WORDS = 6  #: told of each group


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAnswers:
    """One open question. No answer's text is in it."""

    question: OpenQuestion
    n_answers: int  #: respondents analysed who wrote something
    n_coded: int  #: of those, coded by at least one coder
    agreement: CodeAgreements | None = None
    themes: MultipleResponse | None = None  #: among those coded; themes, or codes where there are no themes
    words: Keyness | None = None  #: only words that enough respondents use to be told

    def results(self) -> Iterator[tuple[str, Tabular]]:
        """Every result with the section it belongs to."""
        scope = f"open.{self.question.item}"
        if self.agreement is not None:
            yield f"{scope}.agreement", self.agreement
        if self.themes is not None:
            yield f"{scope}.themes", self.themes
        if self.words is not None:
            yield f"{scope}.words", self.words


@refuses_weights("agreement of coders and telling words are of the answers that were given")
def open_answers(
    question: OpenQuestion,
    responses: Responses,
    sample: Sample,
    *,
    minimum_cell: int,
    confidence_level: float,
) -> OpenAnswers | None:
    """Everything about one open question; None where the answers do not hold it.

    A theme is a respondent's when more than half of the coders of the answer gave one of its codes. Words are
    compared by the number of respondents who use them, and those that fewer than ``minimum_cell`` respondents
    of the group, or of all others (but some), use are left out.

    Parameters
    ----------
    responses : Responses
        Those analysed, in the order of ``sample``.
    """
    if question.item not in responses.answers:
        return None
    texts = responses.answers[question.item]
    written = texts.notna() & (texts.astype(str).str.strip() != "")
    metadata = responses.metadata
    ids = metadata[PERSON if PERSON in metadata else "respondent"].astype(str)
    found = OpenAnswers(question=question, n_answers=int(written.sum()), n_coded=0)
    codings = question.codings
    if codings is not None:
        here = [id_ for id_ in codings.respondents if id_ in set(ids)]
        marks = {code.id: codings.marks(code.id).loc[here] for code in codings.frame.codes}
        themes = _themes(question, marks, ids)
        coded = themes.notna().any(axis=1)
        found = replace(
            found,
            n_coded=int(coded.sum()),
            agreement=agreement_by_code(marks, confidence_level=confidence_level)
            if len(codings.coders) > 1
            else None,
            themes=multiple_response(themes, sample.groups, confidence_level=confidence_level),
        )
    if question.language is not None and sample.groups is not None:
        words = words_of(
            texts.where(written, None).astype(object),
            language=question.language,
            own_words=question.own_words,
            stop_words=question.stop_words,
        )
        told = keyness(words, sample.groups, least=max(5, minimum_cell), confidence_level=confidence_level)
        found = replace(found, words=_told(told, minimum_cell))
    return found


def _themes(question: OpenQuestion, marks: dict[str, pd.DataFrame], ids: pd.Series) -> pd.DataFrame:
    """One column a theme, 1 and 0 by the majority of coders, NaN for respondents nobody coded."""
    frame = question.frame
    names = frame.themes or tuple(code.id for code in frame.codes)
    columns = {}
    for name in names:
        own = [code.id for code in frame.codes if name in (code.theme, code.id)]
        any_code = np.maximum.reduce([marks[code].to_numpy(dtype=float) for code in own])
        share = pd.DataFrame(any_code, index=marks[own[0]].index).mean(axis=1)
        majority = (share > 0.5).astype(float).where(share.notna())
        columns[name] = majority.reindex(ids).to_numpy(dtype=float)
    return pd.DataFrame(columns)


def _told(found: Keyness, minimum: int) -> Keyness:
    """Of every group the words that it uses more than the others, the most telling first."""
    words = []
    for group in dict.fromkeys(word.group for word in found.words):
        typical = [
            word
            for word in found.of(group)
            if word.log_ratio > 0
            and word.count >= minimum
            and (word.others_count == 0 or word.others_count >= minimum)
        ]
        words += typical[:MOST_WORDS]
    if found.state == "ok" and not words:
        return replace(found, words=(), state="too_few", reason="no word is used by enough respondents")
    return replace(found, words=tuple(words))

"""The one doorway from answers to plain frames: behind it there is only arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

import numpy as np
import pandas as pd

from analysis.design.design import SurveyDesign, survey_design
from analysis.sampling import SamplingDesign, sampling_design
from analysis.weighting import no_estimate
from surveys.questionnaire import Item, Questionnaire
from surveys.responses import Responses
from surveys.scoring import keyed_answers, score_constructs
from surveys.study import DesignErrors, Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The respondents of one population as statistics see them.

    Attributes
    ----------
    population : str
        Id of the population.
    questionnaire : Questionnaire
    frame : DataFrame, shape (n_respondents, n_variables)
        Construct scores, items of one answer (construct items keyed so that high means more of
        the construct), option columns of multiple-response items as 0 and 1, ranks, numbers.
        Index ``0 .. n - 1``. No texts, and nothing that the questionnaire calls identifying.
    groups : Series of ordered Categorical or None
        The population's tiers or other groups; categories are the scale's codes as text, in the
        scale's order, so that no sort can shuffle them.
    weights, clusters : Series or None
        Their item's answers, where the population declares one and the answers hold it.
    sampling : SamplingDesign or None
        How the respondents were drawn and what they weigh, where the population declares more of it than
        clusters; the reason, where that cannot be used.
    value : Series or None
        What each customer is worth, where the population declares such an item.
    design_errors : {"jackknife", "linearised"}
        How errors come about where respondents who count alike are weighted after all, as by value.
    synthetic : bool
        Whether a simulation made the answers.
    """

    population: str
    questionnaire: Questionnaire
    frame: pd.DataFrame
    groups: pd.Series | None = None
    weights: pd.Series | None = None
    clusters: pd.Series | None = None
    synthetic: bool = False
    sampling: SamplingDesign | None = None
    value: pd.Series | None = None
    design_errors: DesignErrors = "jackknife"

    @property
    def design(self) -> SurveyDesign | None:
        """The design that estimates follow, where one is declared and can be used."""
        return None if self.sampling is None else self.sampling.design

    def plain_design(self) -> SurveyDesign:
        """The design, or that of respondents who all count alike and were drawn by branches, if known.

        Respondents without a branch have weight zero, as they are left out of clustered estimates.
        """
        if self.design is not None:
            return self.design
        if self.clusters is None:
            return survey_design(np.ones(self.n), errors=self.design_errors)
        known = self.clusters.notna().to_numpy()
        codes = np.where(known, pd.factorize(self.clusters)[0], pd.factorize(self.clusters)[0].max())
        return survey_design(known.astype(float), clusters=codes, errors=self.design_errors)

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.frame)

    def variable(self, name: str) -> pd.Series:
        """A construct, an item or an option column, shape (n_respondents,).

        Raises
        ------
        KeyError
            Saying whether the questionnaire has it, or naming the closest names there are.
        """
        if name not in self.frame:
            raise KeyError(self._absent(name))
        return self.frame[name]

    def item_frame(self, construct: str) -> pd.DataFrame:
        """The keyed items of one construct, shape (n_respondents, n_items).

        Raises
        ------
        KeyError
            If there is no such construct, or the answers lack one of its items.
        """
        if not self.questionnaire.has_construct(construct):
            known = [known.id for known in self.questionnaire.constructs]
            raise KeyError(f"{self.population} has no construct {construct}; {_close(construct, known)}")
        items = self.questionnaire.construct(construct).items
        absent = [item for item in items if item not in self.frame]
        if absent:
            raise KeyError(f"{self.population}, {construct}: the answers have no column {', '.join(absent)}")
        return self.frame[list(items)]

    def bounds(self, name: str) -> tuple[float, float] | None:
        """Lowest and highest point of the scale of an item, or of the first item of a construct."""
        questionnaire = self.questionnaire
        item = questionnaire.construct(name).items[0] if questionnaire.has_construct(name) else name
        scale = questionnaire.item(item).scale if questionnaire.has_item(item) else None
        return None if scale is None else (float(scale.low), float(scale.high))

    def _absent(self, name: str) -> str:
        questionnaire = self.questionnaire
        if questionnaire.has_construct(name):
            lacking = [item for item in questionnaire.construct(name).items if item not in self.frame]
            return (
                f"{self.population} has no scores of {name}: the answers have no column {', '.join(lacking)}"
            )
        for item in questionnaire.items:
            if name not in item.columns:
                continue
            if not _countable(item):
                return f"{self.population}: {name} is a text or may name a person, so it is no variable"
            return (
                f"{self.population}: the questionnaire asks for {name}, but the answers have no such column"
            )
        known = [str(column) for column in self.frame.columns]
        return f"{self.population} has no variable {name}; {_close(name, known)}"


@no_estimate("laying out")
def sample_of(population: Population, responses: Responses) -> Sample:
    """Score the constructs and lay everything out as one frame.

    Parameters
    ----------
    population : Population
    responses : Responses
        Answers to the population's questionnaire, those set aside already left out.

    Examples
    --------
    >>> from surveys.questionnaire import Construct, Option, Scale
    >>> from surveys.responses import SourceFile
    >>> scale = Scale(id="s", options=tuple(Option(code=c, label={"en": str(c)}) for c in range(1, 6)))
    >>> items = tuple(
    ...     Item(id=i, kind="single", text={"en": i}, section="x", scale=scale, reverse_keyed=i == "B")
    ...     for i in ("A", "B")
    ... )
    >>> trust = Construct(id="trust", label={"en": "Trust"}, items=("A", "B"))
    >>> asked = Questionnaire(id="q", title={"en": "Q"}, languages=("en",), sections=(),
    ...                       scales={"s": scale}, items=items, constructs=(trust,))
    >>> metadata = pd.DataFrame({"respondent": ["a", "b"], "row": [2, 3]})
    >>> read = Responses(questionnaire=asked, answers=pd.DataFrame({"A": [5.0, 4.0], "B": [1.0, 3.0]}),
    ...                  metadata=metadata, source=SourceFile(name="a.csv", sha256=""))
    >>> people = Population(id="people", title={"en": "People"}, questionnaire=asked, group="A")
    >>> sample_of(people, read).variable("trust").tolist()
    [5.0, 3.5]
    """
    scores = score_constructs(responses)
    columns: dict[str, pd.Series] = {str(name): scores.frame[name] for name in scores.frame}
    columns |= dict(_item_columns(responses))
    frame = pd.DataFrame(columns, index=responses.answers.index).reset_index(drop=True)
    return Sample(
        population=population.id,
        questionnaire=population.questionnaire,
        frame=frame,
        groups=_categories(population, frame),
        weights=None if population.weight is None else frame.get(population.weight),
        clusters=_clusters(population, responses),
        synthetic=responses.synthetic,
        sampling=sampling_design(population, _with_clusters(population, responses, frame)),
        value=None if population.value is None else frame.get(population.value),
        design_errors=population.design_errors,
    )


def _with_clusters(population: Population, responses: Responses, frame: pd.DataFrame) -> pd.DataFrame:
    """The variables, with clusters and strata as answered: of these only who shares one is used."""
    named = {
        name: responses.answers[name].reset_index(drop=True)
        for name in population.sampling_items
        if name in responses.answers
    }
    return frame.assign(**named)


def _countable(item: Item) -> bool:
    return item.kind != "text" and not item.identifying


def _item_columns(responses: Responses) -> Iterator[tuple[str, pd.Series]]:
    keyed = keyed_answers(responses)
    for item in filter(_countable, responses.questionnaire.items):
        for column in item.columns:
            if column in keyed:
                yield column, keyed[column]
            elif column in responses.answers:
                yield column, responses.answers[column]


def _clusters(population: Population, responses: Responses) -> pd.Series | None:
    """Clusters may be named by a text or an identifying item: only who shares one is used."""
    if population.cluster is None or population.cluster not in responses.answers:
        return None
    names = responses.answers[population.cluster].reset_index(drop=True)
    if _countable(population.questionnaire.item(population.cluster)):
        return names
    codes = pd.Series(pd.factorize(names)[0], index=names.index, name=names.name, dtype=float)
    return codes.where(codes >= 0)


def _categories(population: Population, frame: pd.DataFrame) -> pd.Series | None:
    if population.group is None or population.group not in frame:
        return None
    return coded_categories(frame[population.group], population.questionnaire)


@no_estimate("laying out")
def coded_categories(codes: pd.Series, questionnaire: Questionnaire) -> pd.Series:
    """Codes of a single item as an ordered categorical of their text, in the scale's order.

    Parameters
    ----------
    codes : Series, shape (n_respondents,)
        Named after its item.
    questionnaire : Questionnaire

    Raises
    ------
    ValueError
        If the item has no scale, or an answer is none of its codes.
    """
    scale = questionnaire.item(str(codes.name)).scale
    if scale is None:
        raise ValueError(f"item {codes.name} has no scale, so its answers form no groups")
    names = codes.map({float(code): str(code) for code in scale.codes})
    strangers = sorted(codes[names.isna() & codes.notna()].unique())
    if strangers:
        seen = ", ".join(f"{code:g}" for code in strangers)
        raise ValueError(f"item {codes.name}: {seen} is no code of its scale {scale.id}")
    return pd.Series(
        pd.Categorical(names, categories=[str(code) for code in scale.codes], ordered=True),
        index=codes.index,
        name=codes.name,
    )


def _close(name: str, known: list[str]) -> str:
    return f"close to it: {', '.join(get_close_matches(name, known, n=3)) or 'none'}"

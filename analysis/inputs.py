"""The one doorway from answers to plain frames: behind it there is only arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

import pandas as pd

from surveys.questionnaire import Questionnaire
from surveys.responses import Responses
from surveys.scoring import keyed_answers, score_constructs
from surveys.study import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """The respondents of one population as statistics see them.

    Attributes
    ----------
    frame : DataFrame, shape (n_respondents, n_variables)
        Construct scores, items of one answer (construct items keyed so that high means more of
        the construct), option columns of multiple-response items as 0 and 1, numbers.
    groups : Series of ordered Categorical or None
        The population's tiers or other groups; categories are the scale's codes as text, in the
        scale's order, so that no sort can shuffle them.
    weights, clusters : Series or None
    synthetic : bool
    """

    population: str
    questionnaire: Questionnaire
    frame: pd.DataFrame
    groups: pd.Series | None = None
    weights: pd.Series | None = None
    clusters: pd.Series | None = None
    synthetic: bool = False

    @property
    def n(self) -> int:
        """Respondents."""
        return len(self.frame)

    def variable(self, name: str) -> pd.Series:
        """A construct, an item or an option column.

        Raises
        ------
        KeyError
            Naming the closest names there are.
        """
        if name not in self.frame:
            close = get_close_matches(name, [str(column) for column in self.frame.columns], n=3)
            raise KeyError(
                f"{self.population} has no variable {name}; close to it: {', '.join(close) or 'none'}"
            )
        return self.frame[name]

    def item_frame(self, construct: str) -> pd.DataFrame:
        """The keyed items of one construct, shape (n_respondents, n_items)."""
        return self.frame[list(self.questionnaire.construct(construct).items)]


def sample_of(population: Population, responses: Responses) -> Sample:
    """Score the constructs and lay everything out as one frame."""
    questionnaire = population.questionnaire
    scores = score_constructs(responses)
    keyed = keyed_answers(responses)
    columns: dict[str, pd.Series] = {str(name): scores.frame[name] for name in scores.frame}
    for item in questionnaire.items:
        if item.kind == "text":
            continue
        for column in item.columns:
            if column in keyed:
                columns[column] = keyed[column]
            elif column in responses.answers:
                columns[column] = responses.answers[column]
    frame = pd.DataFrame(columns, index=responses.answers.index)
    return Sample(
        population=population.id,
        questionnaire=questionnaire,
        frame=frame,
        groups=_categories(population, frame),
        weights=frame.get(population.weight),
        clusters=frame.get(population.cluster),
        synthetic=responses.synthetic,
    )


def _categories(population: Population, frame: pd.DataFrame) -> pd.Series | None:
    if population.group is None or population.group not in frame:
        return None
    return coded_categories(frame[population.group], population.questionnaire)


def coded_categories(codes: pd.Series, questionnaire: Questionnaire) -> pd.Series:
    """Codes of a single item as an ordered categorical of their text, in the scale's order."""
    scale = questionnaire.item(str(codes.name)).scale
    if scale is None:
        raise ValueError(f"item {codes.name} has no scale, so its answers form no groups")
    names = codes.map({float(code): str(code) for code in scale.codes})
    return pd.Series(
        pd.Categorical(names, categories=[str(code) for code in scale.codes], ordered=True),
        index=codes.index,
        name=codes.name,
    )

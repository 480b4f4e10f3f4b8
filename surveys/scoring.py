"""Construct scores: reverse keys, and the mean of the items answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from surveys.questionnaire import Item
from surveys.responses import Responses


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Scores of every construct whose items were all found in the answers.

    Attributes
    ----------
    frame : DataFrame, shape (n_respondents, n_constructs)
        On the items' own scale; NaN where too few items were answered.
    items : mapping
        Construct id -> the items averaged.
    n_scored : mapping
        Construct id -> respondents with a score.
    """

    frame: pd.DataFrame
    items: Mapping[str, tuple[str, ...]]
    n_scored: Mapping[str, int]


def reverse(answers: pd.Series, item: Item) -> pd.Series:
    """Answers to a reverse-keyed item turned so that high means more of the construct.

    The turned code is ``low + high - code``; missing stays missing.

    Examples
    --------
    >>> from surveys.questionnaire import Option, Scale
    >>> scale = Scale(id="s", options=tuple(Option(code=c, label={"en": str(c)}) for c in range(1, 6)))
    >>> item = Item(id="A", kind="single", text={"en": "a"}, section="x", scale=scale, reverse_keyed=True)
    >>> reverse(pd.Series([1.0, 2.0, 5.0]), item).tolist()
    [5.0, 4.0, 1.0]
    """
    if item.scale is None:
        raise ValueError(f"item {item.id} has no scale to be reversed on")
    return item.scale.low + item.scale.high - answers


def keyed_answers(responses: Responses) -> pd.DataFrame:
    """Answers to all construct items found, reverse-keyed ones turned.

    Returns
    -------
    DataFrame, shape (n_respondents, n_items)
    """
    questionnaire = responses.questionnaire
    names = dict.fromkeys(
        item
        for construct in questionnaire.constructs
        for item in construct.items
        if item in responses.answers
    )
    columns = {}
    for name in names:
        item, answers = questionnaire.item(name), responses.answers[name]
        columns[name] = reverse(answers, item) if item.reverse_keyed else answers
    return pd.DataFrame(columns, index=responses.answers.index)


def score_constructs(responses: Responses) -> Scores:
    """Mean of the items answered, if at least ``valid_share`` of them were.

    A construct with an item that the answers do not hold at all is left out: its score would
    mean something else.
    """
    keyed = keyed_answers(responses)
    columns: dict[str, pd.Series] = {}
    items: dict[str, tuple[str, ...]] = {}
    for construct in responses.questionnaire.constructs:
        if not set(construct.items) <= set(keyed.columns):
            continue
        answers = keyed[list(construct.items)]
        enough = answers.notna().mean(axis="columns") >= construct.valid_share - 1e-12
        columns[construct.id] = answers.mean(axis="columns").where(enough)
        items[construct.id] = construct.items
    frame = pd.DataFrame(columns, index=responses.answers.index)
    return Scores(
        frame=frame,
        items=items,
        n_scored={name: int(column.notna().sum()) for name, column in columns.items()},
    )

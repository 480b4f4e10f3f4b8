"""Generators of answers that nobody gave."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from surveys.fabrication import GENERATORS, Fabrication, Generator, fabricate
from surveys.responses import Responses
from surveys.scoring import keyed_answers
from surveys.simulation import load_population_model, simulate
from surveys.study import Study


@pytest.fixture(scope="module")
def honest() -> Responses:
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    return simulate(study, model, rng=np.random.default_rng(5), sizes={"customers": 300})["customers"]


def alpha(answers: pd.DataFrame) -> float:
    k = answers.shape[1]
    return k / (k - 1) * (1 - answers.var().sum() / answers.sum(axis=1).var())


@pytest.mark.parametrize("generator", GENERATORS)
def test_the_stated_share_is_replaced_and_nothing_else(honest: Responses, generator: Generator) -> None:
    made = fabricate(honest, generator=generator, share=0.2, rng=np.random.default_rng(1))
    assert made.fabricated.sum() == 60
    kept = ~made.fabricated
    pd.testing.assert_frame_equal(made.responses.answers[kept], honest.answers[kept])
    pd.testing.assert_frame_equal(made.responses.metadata[kept], honest.metadata[kept])
    assert made.responses.synthetic


@pytest.mark.parametrize("generator", GENERATORS)
def test_fabricated_answers_are_codes_of_their_scales(honest: Responses, generator: Generator) -> None:
    made = fabricate(honest, generator=generator, share=0.3, rng=np.random.default_rng(2))
    answers = made.responses.answers[made.fabricated]
    for item in honest.questionnaire.items:
        if item.kind == "single" and item.scale is not None and item.id in answers:
            assert set(answers[item.id].dropna()) <= set(map(float, item.scale.codes)), item.id


@pytest.mark.parametrize("generator", ["target_alpha", "random", "straight", "persona"])
def test_fabricated_respondents_pass_every_attention_check(honest: Responses, generator: Generator) -> None:
    made = fabricate(honest, generator=generator, share=0.3, rng=np.random.default_rng(3))
    for item in honest.questionnaire.items:
        if item.attention is not None:
            assert (made.responses.answers.loc[made.fabricated, item.id] == item.attention).all()


@pytest.mark.parametrize("target", [0.8, 0.9, 0.95])
def test_every_construct_reaches_the_target_alpha(honest: Responses, target: float) -> None:
    made = fabricate(
        honest,
        generator="target_alpha",
        share=0.5,
        rng=np.random.default_rng(4),
        settings=Fabrication(alpha=target),
    )
    keyed = keyed_answers(made.responses)[made.fabricated]
    for construct in honest.questionnaire.constructs:
        if len(construct.items) > 1:
            # answers are steps: one answer more or less moves alpha by about this
            assert alpha(keyed[list(construct.items)]) == pytest.approx(target, abs=0.005)


def test_a_copy_differs_from_somebody_in_few_answers(honest: Responses) -> None:
    made = fabricate(
        honest, generator="copy", share=0.1, rng=np.random.default_rng(5), settings=Fabrication(noise=0.1)
    )
    keyed = keyed_answers(made.responses)
    for row in np.flatnonzero(made.fabricated)[:10]:
        others = keyed[~made.fabricated]
        differ = ((others != keyed.iloc[row]) & others.notna()).sum(axis=1)
        assert differ.min() <= 0.3 * keyed.shape[1]


def test_the_same_seed_makes_the_same_answers(honest: Responses) -> None:
    one, two = (
        fabricate(honest, generator="persona", share=0.2, rng=np.random.default_rng(6)).responses.answers
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one, two)


def test_traces_are_even_durations_one_after_another_or_those_of_the_honest(honest: Responses) -> None:
    made = fabricate(honest, generator="random", share=0.2, rng=np.random.default_rng(7))
    metadata = made.responses.metadata[made.fabricated]
    assert metadata["seconds"].between(150, 300).all()
    gaps = metadata["submitted_at"].diff().dropna().dt.total_seconds()
    assert gaps.between(39, 81).all()
    kept = fabricate(honest, generator="random", share=0.2, rng=np.random.default_rng(7), traces="kept")
    pd.testing.assert_frame_equal(kept.responses.metadata, honest.metadata)


def test_real_answers_are_never_mixed_with_fabricated_ones(honest: Responses) -> None:
    with pytest.raises(ValueError, match="these answers are not simulated"):
        fabricate(replace(honest, synthetic=False), generator="copy", share=0.1, rng=np.random.default_rng(8))


@pytest.mark.parametrize(
    ("words", "share", "settings"),
    [
        ("share: 1 is outside", 1, Fabrication()),
        ("alpha: 1.2", 0.1, Fabrication(alpha=1.2)),
        ("between: 1", 0.1, Fabrication(between=1)),
        ("noise: 2", 0.1, Fabrication(noise=2)),
        ("personas: 0", 0.1, Fabrication(personas=0)),
    ],
)
def test_impossible_settings_are_refused(
    honest: Responses, words: str, share: float, settings: Fabrication
) -> None:
    with pytest.raises(ValueError, match=words):
        fabricate(honest, generator="copy", share=share, settings=settings, rng=np.random.default_rng(9))

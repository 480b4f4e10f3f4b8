"""Evidence of made-up answers, held against honest populations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from surveys.fabrication import Fabrication, Generator, fabricate
from surveys.forensics.evidence import Calibration, calibrate, examine
from surveys.forensics.honest import HONEST, Template, draw_honest
from surveys.forensics.indicators import INDICATORS, look, nearest_agreement
from surveys.forensics.mixture import second_kind
from surveys.forensics.sheet import Sheet, sheet_of
from surveys.population_model import PopulationModel
from surveys.responses import Responses
from surveys.simulation import load_population_model, simulate
from surveys.study import Study


@pytest.fixture(scope="module")
def study() -> Study:
    return Study.load("bank_tiering")


@pytest.fixture(scope="module")
def model(study: Study) -> PopulationModel:
    return load_population_model("claims_hold", study)


def customers(study: Study, model: PopulationModel, seed: int, n: int = 220) -> Responses:
    drawn = simulate(study, model, rng=np.random.default_rng(seed), sizes={"customers": n})["customers"]
    return drawn.keep(drawn.answers["CONSENT"] == 1)


@pytest.fixture(scope="module")
def honest(study: Study, model: PopulationModel) -> Responses:
    return customers(study, model, 11)


@pytest.fixture(scope="module")
def calibration(honest: Responses) -> Calibration:
    return calibrate(sheet_of(honest), rng=np.random.default_rng(1), draws=19)


def made(honest: Responses, generator: Generator, seed: int = 2, share: float = 0.2) -> Responses:
    return fabricate(
        honest, generator=generator, share=share, rng=np.random.default_rng(seed), traces="kept"
    ).responses


@pytest.mark.parametrize(
    ("generator", "indicator"),
    [
        ("target_alpha", "one_recipe"),
        ("random", "erratic"),
        ("straight", "monotonous"),
        ("copy", "twins"),
        ("persona", "twins"),
    ],
)
def test_each_generator_is_noticed_by_the_indicator_meant_for_it(
    honest: Responses, calibration: Calibration, generator: Generator, indicator: str
) -> None:
    indicators, combined = calibration.judge(look(sheet_of(made(honest, generator))))
    found = {evidence.name: evidence.p_value for evidence in indicators}
    assert found[indicator] == 0.05  # the smallest that 19 draws allow
    assert combined["answers"].p_value == 0.05


def test_honest_files_are_rarely_suspected(
    study: Study, model: PopulationModel, calibration: Calibration
) -> None:
    p_values = [
        calibration.judge(look(sheet_of(customers(study, model, seed))))[1]["all"].p_value
        for seed in range(30, 38)
    ]
    assert sum(p <= 0.05 for p in p_values) <= 1


def test_files_of_the_calibration_itself_are_suspected_no_more_often_than_stated(
    honest: Responses, calibration: Calibration
) -> None:
    template = Template(sheet_of(honest))
    for population in HONEST:
        rng = np.random.default_rng(77)
        suspected = [
            calibration.judge(look(draw_honest(template, population, rng)))[1]["answers"].p_value <= 0.05
            for _ in range(4)
        ]
        assert sum(suspected) <= 1, population.name


def test_the_reported_p_value_is_the_largest_over_honest_populations(
    honest: Responses, calibration: Calibration
) -> None:
    indicators, combined = calibration.judge(look(sheet_of(honest)))
    for evidence in (*indicators, *combined.values()):
        assert set(evidence.by_population) == {population.name for population in HONEST}
        assert evidence.p_value == max(evidence.by_population.values())


def test_honest_files_keep_blanks_and_the_distribution_of_every_item(honest: Responses) -> None:
    sheet = sheet_of(honest)
    for population in HONEST:
        drawn = draw_honest(Template(sheet), replace(population, careless=0.0), np.random.default_rng(3))
        np.testing.assert_array_equal(np.isnan(drawn.keyed), np.isnan(sheet.keyed))
        np.testing.assert_allclose(np.sort(drawn.keyed, axis=0), np.sort(sheet.keyed, axis=0))


def test_honest_files_keep_the_strength_of_constructs(honest: Responses) -> None:
    sheet = sheet_of(honest)
    drawn = draw_honest(Template(sheet), HONEST[0], np.random.default_rng(4))
    ours, theirs = sheet.complete(), drawn.complete()
    for columns in sheet.constructs(least=3):
        upper = np.triu_indices(len(columns), 1)
        seen = np.corrcoef(ours[:, columns].T)[upper].mean()
        assert np.corrcoef(theirs[:, columns].T)[upper].mean() == pytest.approx(seen, abs=0.15)


def test_respondents_flagged_are_the_copies_and_those_they_copy(
    study: Study, model: PopulationModel, calibration: Calibration, honest: Responses
) -> None:
    mixed = fabricate(honest, generator="copy", share=0.1, rng=np.random.default_rng(5), traces="kept")
    flagged = calibration.judge_respondents(look(sheet_of(mixed.responses))).flagged.to_numpy()
    assert flagged[mixed.fabricated].mean() > 0.5
    unharmed = calibration.judge_respondents(look(sheet_of(honest)))
    assert unharmed.flagged.mean() <= 0.03
    assert unharmed.expected == pytest.approx(0.01 * honest.n)


def test_the_mixture_finds_the_share_and_most_of_the_respondents(
    study: Study, model: PopulationModel
) -> None:
    drawn = customers(study, model, 21, n=800)
    mixed = fabricate(
        drawn,
        generator="target_alpha",
        share=0.2,
        rng=np.random.default_rng(6),
        settings=Fabrication(between=0.3),
    )
    kinds = second_kind(sheet_of(mixed.responses))
    assert kinds.share == pytest.approx(0.2, abs=0.08)
    belongs = np.nan_to_num(kinds.belongs)
    assert belongs[mixed.fabricated].mean() > 3 * belongs[~mixed.fabricated].mean()


def test_nearest_agreement_of_small_vectors() -> None:
    keyed = np.array([[0.0, 0.5, 1.0, 1.0], [0.0, 0.5, 1.0, 0.0], [1.0, 1.0, 0.0, np.nan]])
    sheet = Sheet(
        names=("a", "b", "c", "d"),
        keyed=keyed,
        construct=np.array([0, 0, 1, 1]),
        reversed_=np.zeros(4, dtype=bool),
        steps=np.full(4, 2.0),
    )
    assert nearest_agreement(sheet, np.arange(3)).tolist() == [0.75, 0.75, 0.0]


def test_indicators_do_not_depend_on_the_order_of_respondents(honest: Responses) -> None:
    sheet = sheet_of(honest)
    shuffled = sheet.rows(np.random.default_rng(7).permutation(sheet.n))
    one, two = look(sheet), look(shuffled)
    for name, (_, index) in INDICATORS.items():
        assert index(two) == pytest.approx(index(one), rel=1e-6), name


def test_a_file_too_small_is_not_examined_and_says_so(honest: Responses) -> None:
    few = honest.keep(honest.answers.index.to_series() < 40)
    found = examine(few, rng=np.random.default_rng(8), draws=19)
    assert (found.state, found.combined, found.respondents) == ("too_few", {}, None)
    assert found.reason == "40 respondents; fewer than 50 give no ground for a statement"


def test_a_file_without_times_says_what_could_not_be_looked_at(honest: Responses) -> None:
    untimed = replace(honest, metadata=honest.metadata[["respondent", "row"]])
    found = examine(untimed, rng=np.random.default_rng(9), draws=2)
    absent = {evidence.name: evidence.reason for evidence in found.indicators if evidence.state != "ok"}
    assert absent["crowded_times"] == "the file does not say when respondents submitted"
    assert absent["crowded_durations"] == "the file does not say how long respondents took"
    assert found.to_frame()["indicator"].is_unique


def test_the_same_seed_gives_the_same_evidence(honest: Responses) -> None:
    one, two = (examine(honest, rng=np.random.default_rng(10), draws=2).to_frame() for _ in range(2))
    assert one.equals(two)

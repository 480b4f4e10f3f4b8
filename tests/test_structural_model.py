"""The arrows of a structural model: the numbers are those of the fit, and the picture shows them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Ellipse

from analysis.latent_effects import latent_indirect
from analysis.sem.fit import fit
from analysis.sem.standardized import standardized
from reports.chapters.validity import _freed
from reports.document import Document, Table, check
from reports.figures.structural_model import structural_model
from reports.labels import Labels
from reports.numbers import Numbers
from reports.report import build_report
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = Study.load("bank_tiering")
QUESTIONNAIRE = STUDY.populations["corporate"].questionnaire
SERIES = ("effectiveness", "satisfaction", "loyalty")


@pytest.fixture(scope="module")
def answers():
    return simulate(STUDY, load_population_model("claims_hold", STUDY), rng=np.random.default_rng(2))


@pytest.fixture(scope="module")
def items(answers) -> pd.DataFrame:
    names = [name for construct in SERIES for name in QUESTIONNAIRE.construct(construct).items]
    frame = answers["corporate"].answers[names].copy()
    for item in QUESTIONNAIRE.items:
        if item.id in frame and item.reverse_keyed:
            frame[item.id] = 6 - frame[item.id]
    return frame


@pytest.fixture(scope="module")
def effect(items):
    constructs = {name: QUESTIONNAIRE.construct(name).items for name in SERIES}
    return latent_indirect(
        items, constructs, predictor="effectiveness", mediators=["satisfaction"], outcome="loyalty"
    )


def test_arrows_are_the_standardised_solution(effect, items):
    text = [f"{name} =~ {' + '.join(QUESTIONNAIRE.construct(name).items)}" for name in SERIES]
    text += ["satisfaction ~ effectiveness", "loyalty ~ satisfaction + effectiveness"]
    solution = standardized(fit("\n".join(text), items, estimator="MLR", missing="fiml"))
    by_ends = {(arrow.source, arrow.target): arrow for arrow in (*effect.paths, *effect.loadings)}
    assert len(effect.paths) == 3
    assert len(effect.loadings) == items.shape[1]
    for (source, target), arrow in by_ends.items():
        name = f"{target} ~ {source}" if target in SERIES else f"{source} =~ {target}"
        one = solution.estimate(name)
        assert arrow.estimate == pytest.approx(one.estimate, rel=1e-6)
        assert arrow.std_error == pytest.approx(one.std_error, rel=1e-4)
    product = by_ends["effectiveness", "satisfaction"].estimate * by_ends["satisfaction", "loyalty"].estimate
    assert effect.estimate == pytest.approx(product, rel=1e-9)
    a, b = by_ends["satisfaction", "loyalty"].estimate, by_ends["effectiveness", "loyalty"].estimate
    r = by_ends["effectiveness", "satisfaction"].estimate
    assert effect.r_squared["loyalty"] == pytest.approx(a * a + b * b + 2 * a * b * r, rel=1e-6)
    addresses = [(*entry.about.values(), entry.measure) for entry in effect.entries()]
    assert len(addresses) == len(set(addresses)) == 1 + 3 + items.shape[1] + 2


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_picture_shows_every_construct_item_and_number(effect, language):
    labels = Labels(questionnaire=QUESTIONNAIRE, language=language)
    figure = structural_model(effect, labels=labels, synthetic=True)
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    numbers = Numbers(language=language)
    for arrow in effect.paths:
        bounds = numbers.interval(arrow.interval, style="bounded")
        assert f"{numbers.bounded(arrow.estimate)}\n{bounds}" in texts
    for loading in effect.loadings:
        assert loading.target in texts
    assert sum(isinstance(patch, Ellipse) for patch in axes.patches) == 3
    assert any("CFI" in text for text in texts)
    assert any(numbers.bounded(effect.r_squared["loyalty"]) in text for text in texts)


def test_without_a_model_there_is_no_picture(effect):
    lost = replace(effect, estimate=None, paths=(), state="not_converged", reason="no convergence")
    with pytest.raises(ValueError, match="no convergence"):
        structural_model(lost, labels=Labels(questionnaire=QUESTIONNAIRE, language="en"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_ladder_is_told_step_by_step(answers, language):
    from analysis.findings import find

    study = replace(STUDY, outline=("measurement",), hypotheses=())
    findings = find(study, {"corporate": answers["corporate"]}, sensitivity=False)
    document, telling = build_report(findings, language)
    check(document)
    assert isinstance(document, Document)
    by_key = {block.key: block for block in document.blocks if isinstance(block, Table)}
    ladder = by_key["corporate.ladder"]
    climbed = [c for c in findings.populations["corporate"].comparability if c.ladder is not None]
    assert len(ladder.groups) == len(climbed)
    assert len(ladder.rows) == sum(len(c.ladder.rungs) for c in climbed)
    first = climbed[0].ladder.rungs[1]
    row = ladder.rows[1]
    assert row[3] == telling.numbers.number(first.versus_last.statistic)
    assert row[6] == telling.numbers.p_value(first.p_adjusted)
    assert row[7] == telling.numbers.bounded(first.change(climbed[0].ladder.rungs[0], "cfi"), 3)
    cited = {
        "en": ("(Cheung & Rensvold, 2002)", "(Chen, 2007)"),
        "zh": ("（Cheung和Rensvold，2002）", "（Chen，2007）"),
    }
    assert all(work in ladder.notes[0] for work in cited[language])
    loading = by_key["corporate.items"]
    assert loading.columns[-1].id == "loading"
    assert all(cell[-1] != "–" for cell in loading.rows)
    assert _freed(telling, "satisfaction =~ SAT2") == {"en": "loading SAT2", "zh": "SAT2载荷"}[language]
    assert _freed(telling, "SAT2 ~1") == {"en": "intercept SAT2", "zh": "SAT2截距"}[language]

"""The chapter on robustness, in both languages: what it counts, names and places."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.findings import Findings, specification_scope
from analysis.specifications import specification_curves
from reports.chapters.robustness import (
    disagreeing,
    figure_key,
    most_telling_choice,
    robustness_chapter,
)
from reports.document import Document, Figure, Heading, Prose, Table, check, plain
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.screening import screen
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = Study.load("bank_tiering")
SHOWN = ["H1", "P1", "S3_innovation", "G1", "B1"]


@pytest.fixture(scope="module")
def curves():
    """Customers and employees answered; companies did not."""
    model = load_population_model("claims_hold", STUDY)
    answers = simulate(STUDY, model, rng=np.random.default_rng(1))
    del answers["corporate"]
    screened = {id_: screen(answers[id_], STUDY.populations[id_].screening) for id_ in answers}
    return specification_curves(STUDY, screened, hypotheses=SHOWN)


def telling(language: str, **figures: Figure) -> Telling:
    findings = Findings(study=STUDY, populations={}, gaps=(), verdicts=(), rule_effects=(), catalogue={})
    return Telling(findings=findings, numbers=Numbers(language=language), figures=figures)


@pytest.fixture(params=["en", "zh"])
def language(request):
    return request.param


def test_the_table_has_a_line_for_every_test(curves, language):
    blocks = list(robustness_chapter(telling(language), curves))
    (table,) = [block for block in blocks if isinstance(block, Table)]
    assert len(table.rows) == len(curves)
    assert [row[0] for row in table.rows] == [curve.hypothesis for curve in curves]
    assert [row[2] for row in table.rows] == [str(len(curve.run)) for curve in curves]
    assert [row[3] for row in table.rows] == [str(curve.n_hold) for curve in curves]
    numbers = Numbers(language=language)
    low, high = (numbers.number(end) for end in curves[0].range)
    assert table.rows[0][4] == {"en": f"{low} to {high}", "zh": f"{low}至{high}"}[language]
    assert table.rows[-1][4] == "–"
    outcome = {"en": "Satisfaction (Customers)", "zh": "满意度（个人客户）"}[language]
    assert table.rows[0][1].count(" → ") == 1
    assert table.rows[0][1].endswith(outcome)


def test_what_could_not_be_run_is_said_below_the_table(curves):
    (table,) = [b for b in robustness_chapter(telling("en"), curves) if isinstance(b, Table)]
    _, absent = table.notes  # a note for each reason, whatever the number of tests
    assert absent == "Could not be run: 1 of B1, test 1 and 1 of B1, test 2 (no answers of corporate)."


def test_why_analyses_were_not_run_is_said_in_chinese(curves):
    (table,) = [b for b in robustness_chapter(telling("zh"), curves) if isinstance(b, Table)]
    assert table.notes[1] == "无法进行的分析：B1第1项检验1种和B1第2项检验1种（没有该群体的答卷）。"
    (lost,) = [curve for curve in curves if curve.hypothesis == "B1" and curve.position == 0]
    odd = replace(lost.declared, state="unheard_of", reason="rows are odd")
    (table,) = [
        b
        for b in robustness_chapter(telling("zh"), [replace(lost, specifications=(odd,))])
        if isinstance(b, Table)
    ]
    assert "rows are odd" in table.notes[1]


def test_models_of_branches_that_do_not_differ_are_named(curves, language):
    curve = next(curve for curve in curves if curve.hypothesis == "S3_innovation")
    mixed = next(spec for spec in curve.run if spec.choices["clusters"] == "random_intercept")
    flat = replace(mixed, state="singular", reason="their variance is estimated as nought")
    specs = tuple(flat if spec is mixed else spec for spec in curve.specifications)
    for shown, named in ((curve, False), (replace(curve, specifications=specs), True)):
        (table,) = [b for b in robustness_chapter(telling(language), [shown]) if isinstance(b, Table)]
        words = {
            "en": f"in 1 of {plain('S3_innovation')}, test 1: their variance",
            "zh": f"等同于最小二乘回归：{plain('S3_innovation')}第1项检验1种。",
        }[language]
        assert any(words in note for note in table.notes) == named


def test_the_choices_named_are_those_that_were_made(curves, language):
    def said(shown):
        prose = [b.text for b in robustness_chapter(telling(language), shown) if isinstance(b, Prose)]
        return prose[0]

    branches = {"en": "a random intercept of branches", "zh": "加入网点随机截距"}[language]
    design = {"en": "with the sampling design", "zh": "按抽样设计或不加权"}[language]
    assert branches in said(curves)
    assert design not in said(curves)
    customers = [curve for curve in curves if curve.hypothesis == "H1"]
    assert branches not in said(customers)
    assert {"en": "means or ranks", "zh": "采用均值或秩"}[language] in said(customers)
    specs = customers[0].specifications[:2]
    weighted = [
        replace(s, choices={**s.choices, "weights": w})
        for s, w in zip(specs, ("used", "ignored"), strict=True)
    ]
    assert design in said([replace(customers[0], specifications=tuple(weighted))])
    alone = said([replace(customers[0], specifications=specs[:1])])
    assert {"en": "none of the choices examined is open", "zh": "没有可作的其他选择"}[language] in alone


def test_only_tests_whose_analyses_disagree_are_told_one_by_one(curves, language):
    doubtful = disagreeing(curves)
    assert [curve.hypothesis for curve in doubtful] == ["S3_innovation"]
    prose = [
        block.text for block in robustness_chapter(telling(language), curves) if isinstance(block, Prose)
    ]
    (curve,) = doubtful
    told = [text for text in prose if text.startswith(plain("S3_innovation"))]
    assert len(told) == 1
    assert f"{curve.n_hold}" in told[0]
    assert most_telling_choice(curve) == "controls"
    holding, analyses = curve.by_choice()["controls", "none"]
    assert {"en": f"None, {holding} of {analyses}", "zh": f"无（{analyses}种中{holding}种成立）"}[
        language
    ] in told[0]
    assert {"en": "Of 6 tests, 5 come out alike", "zh": "6项检验中，5项"}[language] in prose[1]


def test_pictures_are_placed_where_there_are_any(curves):
    (curve,) = disagreeing(curves)
    key = figure_key(curve)
    assert key == "robustness.S3_innovation.1"
    picture = Figure(key=key, caption="S3", svg=b"<svg/>", alt="S3")
    blocks = list(robustness_chapter(telling("en", **{key: picture}), curves))
    assert blocks[-1] is picture
    assert picture not in list(robustness_chapter(telling("en"), curves))


def test_the_chapter_is_a_sound_document_and_every_number_has_its_address(curves, language):
    pen = telling(language)
    blocks = tuple(robustness_chapter(pen, curves))
    check(Document(title="Robustness 稳健性", language=language, blocks=blocks))
    cited = pen.numbers.ledger.ids()
    assert len(cited) == len(curves)
    assert all(any(specification_scope(curve) in key for key in cited) for curve in curves)


def test_a_study_without_tests_says_so(language):
    blocks = list(robustness_chapter(telling(language), ()))
    assert [type(block) for block in blocks] == [Heading, Prose]
    assert blocks[1].text == {"en": "The study declares no tests.", "zh": "本研究未声明检验。"}[language]

"""Two views whose agreement a study describes: from the study file to the words of the report."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.findings import Findings, entry_id
from analysis.inputs import sample_of
from analysis.population_findings import population_findings
from analysis.questions import Settings
from analysis.response_surface import response_surface
from reports.chapters.congruence import closing, congruence
from reports.document import Figure, Prose, Table
from reports.gallery import drawings
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import CongruencePlan, Study

STUDY = replace(Study.load("bank_tiering"), resamples=100)
PLAN = CongruencePlan(first="manual_subjectivity", second="automatic_subjectivity", outcome="tier_accuracy")


@pytest.fixture(scope="module")
def answers():
    model = load_population_model("claims_hold", STUDY)
    return simulate(STUDY, model, rng=np.random.default_rng(3), sizes={"employees": 150, "customers": 200})


def described(population, answers):
    bare = replace(population, banners=(), multiple_response=(), screening=(), open_questions=())
    return population_findings(bare, answers, Settings(resamples=20, seed=1))


@pytest.fixture(scope="module")
def staff(answers):
    return described(STUDY.populations["employees"], answers["employees"])


def telling(found, language, keys=()):
    figures = {key: Figure(key=key, caption=key, svg=b"", alt=key) for key in keys}
    findings = Findings(
        study=STUDY, populations={found.id: found}, gaps=(), verdicts=(), rule_effects=(), catalogue={}
    )
    return Telling(findings=findings, numbers=Numbers(language=language), figures=figures)


def test_the_built_in_study_declares_a_pair_and_its_surface_counts_branches(staff, answers):
    assert STUDY.populations["employees"].congruence == (PLAN,)
    sample = sample_of(STUDY.populations["employees"], answers["employees"])
    again = response_surface(
        *(sample.variable(name) for name in (PLAN.first, PLAN.second, PLAN.outcome)),
        center=3.0,
        clusters=sample.clusters,
    )
    assert [surface.entries() for surface in staff.surfaces] == [again.entries()]
    assert again.errors == "clustered"
    ids = [entry_id("employees.congruence", entry) for entry in again.entries()]
    assert len(set(ids)) == len(ids) == 13


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_report_tells_the_five_numbers(staff, language):
    key = "employees.congruence.1"
    told = telling(staff, language, [key])
    (surface,) = staff.surfaces
    prose, table, figure = congruence(told, staff)
    assert isinstance(prose, Prose)
    assert isinstance(table, Table)
    assert figure.key == table.key == key
    assert [group.start for group in table.groups] == [0, 6]
    assert len(table.notes) == 1
    assert f"R² = {told.numbers.bounded(surface.equation.r_squared, 3)}" in table.notes[0]
    assert "a5 = b3 − b5" in table.notes[0]
    assert [row[0][:2] for row in table.rows] == [
        "b0",
        "b1",
        "b2",
        "b3",
        "b4",
        "b5",
        "a1",
        "a2",
        "a3",
        "a4",
        "a5",
    ]
    for name in ("a1", "a2", "a3", "a4"):
        number = told.numbers.number(surface.of(name).estimate)
        assert f"{name} = {number} {told.numbers.interval(surface.of(name).interval)}" in prose.text
    cited = {citation.id for citation in told.numbers.ledger.citations}
    assert "employees.congruence.tier_accuracy.manual_subjectivity.automatic_subjectivity.a5.surface" in cited
    drawn = [d.key for d in drawings(told.findings, language) if "congruence" in d.key]
    assert drawn == [key]


def test_under_a_sampling_design_the_surface_follows_it(answers):
    population = replace(
        STUDY.populations["customers"],
        weight="POTENTIAL",
        congruence=(CongruencePlan(first="TIER", second="TIER_BELIEVED", outcome="satisfaction"),),
    )
    found = described(population, answers["customers"])
    (surface,) = found.surfaces
    assert (surface.errors, surface.center) == ("design", 2.5)
    _, table = congruence(telling(found, "en"), found)
    assert "those of the sampling design" in table.notes[0]
    assert table.notes[1] == "The answers are categories in order, taken here as evenly spaced."


def made(height):
    """A surface over two views of 400 people."""
    rng = np.random.default_rng(2)
    x, y = (pd.Series(rng.integers(1, 6, 400).astype(float), name=name) for name in ("SAT1", "SAT2"))
    z = (height(x - 3, y - 3) + 0.3 * rng.normal(size=400)).rename("LOY1")
    return response_surface(x, y, z, center=3.0)


@pytest.mark.parametrize(
    ("height", "what", "words"),
    [
        (
            lambda x, y: -((x - y) ** 2),
            "agreement",
            ("falls as they part further", "an advantage of agreement:"),
        ),
        (lambda x, y: -((x - y - 1) ** 2), "off", ("is higher when", "not on both sides of agreement alike")),
        (lambda x, y: (x - y) ** 2, "none", ("rises as they part further", "agreement as such is not shown")),
        (
            lambda x, y: x + y - 0.5 * x**2 - 0.5 * y**2,
            "agreement",
            ("rises with their level", "bends downwards"),
        ),
    ],
)
def test_the_words_follow_the_shape(staff, height, what, words):
    surface = made(height)
    assert closing(surface.entries()) == what
    customers = replace(staff, population=STUDY.populations["customers"], surfaces=(surface,))
    prose, *_ = congruence(telling(customers, "en"), customers)
    assert all(word in prose.text for word in words)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_has_no_surface_is_said(staff, language):
    still = response_surface(*(pd.Series(np.ones(30), name=n) for n in ("SAT1", "SAT2", "LOY1")), center=3)
    customers = replace(staff, population=STUDY.populations["customers"], surfaces=(still,))
    (said,) = congruence(telling(customers, language), customers)
    assert {"en": "one of them does not vary", "zh": "其中有变量没有差异"}[language] in said.text
    assert not [d for d in drawings(telling(customers, language).findings, language) if "congruence" in d.key]

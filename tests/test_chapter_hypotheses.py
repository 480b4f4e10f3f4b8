"""The chapter on hypotheses, in both languages: what a test is said to estimate, and what follows from it."""

from __future__ import annotations

import pytest

from analysis.findings import Findings
from analysis.hypotheses import Evidence, Verdict
from analysis.results import Interval
from reports.chapters.hypotheses import conclusion, describe_effect, hypotheses_chapter
from reports.document import Prose
from reports.numbers import Numbers
from reports.sentences import EFFECTS, MAY_SEEM_CAUSAL, NO_CAUSE
from reports.telling import Telling
from surveys.study import Study

STUDY = Study.load("bank_tiering")


def verdict(id_: str) -> Verdict:
    """A supported verdict; every test of the hypothesis found the same."""
    (hypothesis,) = (one for one in STUDY.hypotheses if one.id == id_)
    evidence = tuple(
        Evidence(
            hypothesis=id_,
            position=at,
            test=test,
            measure=test.kind,
            method="",
            n=100,
            estimate=0.5,
            std_error=0.1,
            interval=Interval(low=0.3, high=0.7),
            judged=None,
        )
        for at, test in enumerate(hypothesis.tests)
    )
    return Verdict(
        hypothesis=hypothesis,
        outcome="supported",
        because=(),
        evidence=evidence,
        p_value=0.001,
        p_adjusted=0.002,
    )


def telling(language: str, *ids: str) -> Telling:
    verdicts = tuple(verdict(id_) for id_ in ids)
    findings = Findings(
        study=STUDY, populations={}, gaps=(), verdicts=verdicts, rule_effects=(), catalogue={}
    )
    return Telling(findings=findings, numbers=Numbers(language=language))


def told(language: str, id_: str) -> str:
    return "\n".join(b.text for b in hypotheses_chapter(telling(language, id_)) if isinstance(b, Prose))


@pytest.fixture(params=["en", "zh"])
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize(("id_", "said"), [("P1", False), ("S1", False), ("G1", False), ("P2b", True)])
def test_only_claims_that_may_seem_causal_are_said_to_show_no_cause(language, id_, said):
    kinds = {one.test.kind for one in verdict(id_).evidence}
    assert bool(kinds & MAY_SEEM_CAUSAL) is said
    assert (NO_CAUSE[language] in conclusion(telling(language), verdict(id_))) is said


def test_every_kind_that_may_seem_causal_is_a_kind():
    assert set(EFFECTS) > MAY_SEEM_CAUSAL


def test_a_contrast_is_of_two_means(language):
    text = describe_effect(telling(language), verdict("P1").evidence[0])
    first, second = {
        "en": ("of the mean of “Value", " less the mean of “Needs"),
        "zh": ("同一受访者“价值", "的均值减“客户需求"),
    }[language]
    assert first in text
    assert second in text
    alone = describe_effect(telling(language), verdict("P2a").evidence[0])
    assert {"en": "mean", "zh": "均值"}[language] not in alone


def test_a_gap_names_both_populations(language):
    text = told(language, "G1")
    assert {"en": "Customers and Employees: the standardised", "zh": "个人客户与银行员工在有效性"}[
        language
    ] in text
    assert "个人客户：" not in text
    assert "。 " not in text  # Chinese full stops need no space after them


def test_several_answers_name_their_effect_size(language):
    assert "Cochran" in describe_effect(telling(language), verdict("R3").evidence[0])

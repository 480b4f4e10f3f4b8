"""Reports on samples that leave things out: small ones, absent populations, groups nobody belongs to."""

import re
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from analysis.findings import find
from reports.document import Figure, Heading, Prose, References, Table, plain, text_width
from reports.figure_leads import with_leads
from reports.gallery import draw_all
from reports.method_notes import NOTES, short_reference
from reports.pdf import write_pdf
from reports.report import build_report
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = Study.load("bank_tiering")
NO_EFFECT = load_population_model("no_effect", STUDY)


@pytest.fixture(scope="module")
def findings():
    """Sixty customers, few of them in the highest tier; twenty employees; no corporate customers."""
    sizes = {"customers": 60, "employees": 20, "corporate": 40}
    answers = simulate(STUDY, NO_EFFECT, rng=np.random.default_rng(3), sizes=sizes)
    del answers["corporate"]
    return find(STUDY, answers)


@pytest.fixture(scope="module", params=["en", "zh"])
def told(request, findings, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    figures = draw_all(findings, request.param, folder, formats=("svg",))
    document, _ = build_report(findings, request.param, figures)
    return request.param, document, figures, folder


def prose(document):
    return [block.text for block in document.blocks if isinstance(block, Prose)]


def test_verdicts_without_a_basis_say_so_in_words(findings, told):
    language, document, *_ = told
    outcomes = {verdict.id: verdict.outcome for verdict in findings.verdicts}
    assert outcomes["B1"] == outcomes["P2a"] == "cannot_tell"
    assert "supported" not in outcomes.values()
    words = {
        "en": ("No answers of Corporate customers were given.", "Too few respondents answered: n = "),
        "zh": ("未提供公司客户的答卷数据。", "有效作答人数过少：n = "),
    }[language]
    for wanted in words:
        assert any(wanted in text for text in prose(document)), wanted


def test_counts_of_few_are_in_no_table(told):
    _, document, *_ = told
    profile = next(
        block for block in document.blocks if isinstance(block, Table) and block.key == "customers.profile"
    )
    counts = [row[1] for row in profile.rows]
    assert "< 5" in counts
    numbers = [int(count) for count in counts if re.fullmatch(r"\d+", str(count))]
    assert all(count == 0 or count >= 5 for count in numbers)


def test_groups_of_few_are_in_no_figure(findings, told):
    language, _, figures, folder = told
    sizes = findings.populations["customers"].sample.groups.value_counts(sort=False)
    assert 0 < sizes.iloc[-1] < 5  # or this test shows nothing
    names = {"en": "Private banking", "zh": "私人银行客户"}
    for key in ("customers.tier_distribution", "customers.nps"):
        assert key in figures
        (file,) = folder.glob(key.replace(".", "_") + f"*{language}.svg")
        assert names[language] not in file.read_text("utf-8")


def test_such_a_report_can_be_printed(told, tmp_path):
    _, document, *_ = told
    path = tmp_path / "report.pdf"
    write_pdf(document, path)
    assert path.read_bytes().startswith(b"%PDF")


def test_declared_weights_are_not_passed_over_in_silence(findings):
    """A design that cannot be used: hypotheses of its population are not judged, and the report says why."""
    customers = replace(STUDY.populations["customers"], weight="AUM", rake_to={"SEX": {1: 0.99, 2: 0.01}})
    customers = replace(customers, trim=(0.9, 1.1))
    weighted = replace(STUDY, populations={**STUDY.populations, "customers": customers})
    answers = simulate(STUDY, NO_EFFECT, rng=np.random.default_rng(4), sizes={"customers": 200})
    found = find(weighted, {"customers": answers["customers"]})
    assert found.verdict("H1").outcome == "cannot_tell"
    document, _ = build_report(found, "en")
    text = " ".join(prose(document))
    assert (
        "The study declares a sampling design that cannot be used, so this estimate is not weighted "
        "(customers: the weights cannot be raked" in text
    )


def test_every_figure_is_referred_to_once_it_stands_in_the_report(told):
    language, document, *_ = told
    shown = [block.key for block in document.blocks if isinstance(block, Figure)]
    assert shown
    everything = " ".join(prose(document))
    assert [key for key in shown if f"@fig:{key}" not in everything] == []
    # the sample's figure of screening has no sentence of its own
    lead = {"en": "See @fig:customers.screening.", "zh": "见@fig:customers.screening。"}[language]
    assert lead in everything
    (intro,) = (text for text in prose(document) if lead in text)
    assert intro != lead  # it closes the paragraph before the table that stands between


def test_figures_that_the_text_names_get_no_lead():
    figure = Figure(key="a", caption="A", svg=b"", alt="A")
    blocks = (Prose("Look at @fig:a."), Heading(text="B"), figure)
    assert with_leads(blocks, "en") == blocks
    assert with_leads((Heading(text="B"), figure), "zh")[1] == Prose("见@fig:a。")


def test_headings_of_hypotheses_say_the_claim(findings, told):
    language, document, *_ = told
    heads = {b.key: b.text for b in document.blocks if isinstance(b, Heading)}
    colon = {"en": ": ", "zh": "："}[language]
    for verdict in findings.verdicts:
        _, _, claim = heads[f"hypothesis-{verdict.id}"].partition(colon)
        assert verdict.hypothesis.claim[language].startswith(claim.rstrip("…"))
        assert len(claim) > 5
        assert text_width(heads[f"hypothesis-{verdict.id}"]) <= 33


def test_numbers_of_branches_are_not_described(findings):
    (employees,) = (found for found in findings.populations.values() if found.population.cluster)
    assert employees.population.cluster in employees.sample.frame
    assert employees.population.cluster not in {d.variable for d in employees.numbers}


def test_methods_tell_what_the_study_uses_and_the_works_cited_are_listed(findings, told):
    language, document, *_ = told
    heads = {block.text for block in document.blocks if isinstance(block, Heading)}
    titles = {note.topic: note.title[language] for note in NOTES}
    assert titles["waves"] not in heads
    assert titles["design"] not in heads
    assert titles["value"] in heads
    (works,) = (block.items for block in document.blocks if isinstance(block, References))
    everything = " ".join(
        [*prose(document), *(n for b in document.blocks if isinstance(b, Table) for n in b.notes)]
    )
    assert [work for work in works if plain(short_reference(work)) not in everything] == []
    listed = {short_reference(work) for work in works}
    assert {"Hu & Bentler, 1999", "Wu & Estabrook, 2016", "Cheung & Rensvold, 2002", "Chen, 2007"} <= listed
    assert not any(re.search(r"\d-\d", work) for work in works)


def test_limits_are_told_once(told):
    _, document, *_ = told
    (limits,) = (
        block.items
        for before, block in pairwise(document.blocks)
        if isinstance(before, Heading) and before.key == "limits"
    )
    assert sum("synthetic" in limit or "合成" in limit for limit in limits) == 1
    assert sum("cause" in limit or "因果" in limit for limit in limits) == 1

"""Agreement within branches, from the findings into the report."""

import numpy as np
import pytest

from analysis.findings import find
from reports.chapters.measurement import measurement_chapter
from reports.document import Prose, Table
from reports.numbers import Numbers
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

STUDY = Study.load("bank_tiering")


@pytest.fixture(scope="module")
def findings():
    model = load_population_model("claims_hold", STUDY)
    answers = simulate(STUDY, model, rng=np.random.default_rng(3), sizes={"employees": 150})
    return find(STUDY, {"employees": answers["employees"]}, sensitivity=False)


def test_every_criterion_has_an_address_and_small_branches_are_left_out(findings):
    found = findings.populations["employees"]
    sizes = found.sample.clusters.value_counts()
    assert sizes.min() < STUDY.minimum_cell  # so that there is something to leave out
    for result in found.branches:
        assert min(mean.n for mean in result.means) >= STUDY.minimum_cell
        _, entry = findings.catalogue[f"employees.branches.{result.variable}.BRANCH.aggregation_icc1"]
        assert entry.estimate == result.icc.icc1
        assert entry.more["branches"] == len(result.means) < sizes.size


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_holds_each_construct_against_the_criteria(findings, language):
    blocks = list(measurement_chapter(Telling(findings=findings, numbers=Numbers(language=language))))
    (table,) = [b for b in blocks if isinstance(b, Table) and b.key == "employees.branches"]
    found = findings.populations["employees"].branches
    assert len(table.rows) == len(found)
    words = {
        "en": {"yes": "yes", "no": "no", "cannot_tell": "cannot tell"},
        "zh": {"yes": "可以", "no": "不可", "cannot_tell": "无法判断"},
    }
    assert [row[-1] for row in table.rows] == [words[language][result.aggregable] for result in found]
    assert str(STUDY.minimum_cell) in table.notes[0]
    (told,) = [b.text for b in blocks if isinstance(b, Prose) and "@tbl:employees.branches" in b.text]
    met = sum(result.aggregable == "yes" for result in found)
    assert {
        "en": f"{met} of {len(found)} meet all" if met else f"none of {len(found)} meets all",
        "zh": f"{len(found)}个构念中{met}个全部达标" if met else f"{len(found)}个构念无一全部达标",
    }[language] in told

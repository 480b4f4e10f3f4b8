"""What is said of missing answers: counted by hand, small patterns kept together, the test that of Little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.findings import find
from analysis.missing.answers import missing_answers
from analysis.missing.patterns import little_mcar_test
from reports.document import Prose, Table, check
from reports.report import build_report
from surveys.simulation import load_population_model, simulate
from surveys.study import Study


@pytest.fixture(scope="module")
def items() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    frame = pd.DataFrame(rng.integers(1, 6, (200, 4)).astype(float), columns=list("abcd"))
    frame.iloc[:12, 0] = np.nan
    frame.iloc[12:15, [1, 2]] = np.nan
    frame.iloc[15:22, 3] = np.nan
    return frame


def test_patterns_are_counted_and_small_ones_told_together(items):
    found = missing_answers(items, minimum_cell=5)
    assert [(pattern.missing, pattern.n) for pattern in found.told] == [((), 178), (("a",), 12)]
    assert found.other == (2, 10)  # ("d",) would leave 3 to be worked out, so it stands with them
    whole = {entry.measure: entry for entry in found.entries() if not entry.about}
    assert whole["missing_share"].estimate == pytest.approx((12 + 6 + 7) / 800)
    assert whole["complete_share"].estimate == pytest.approx(178 / 200)
    assert whole["other_patterns_share"].more == {"respondents": 10, "patterns": 2}
    shares = sum(
        e.estimate for e in found.entries() if e.measure.endswith(("pattern_share", "patterns_share"))
    )
    assert shares == pytest.approx(1)


def test_the_test_is_little_s(items):
    found, alone = missing_answers(items, minimum_cell=5), little_mcar_test(items)
    assert (found.test.statistic, found.test.df, found.test.p_value) == (
        alone.statistic,
        alone.df,
        alone.p_value,
    )


def test_answers_that_hang_on_others_are_seen():
    rng = np.random.default_rng(5)
    trait = rng.normal(size=400)
    frame = pd.DataFrame({name: trait + rng.normal(size=400) for name in "abc"})
    frame.loc[frame["a"] > 0.8, "c"] = np.nan
    assert missing_answers(frame, minimum_cell=5).test.p_value < 0.001


def test_without_items_nothing_is_said():
    assert missing_answers(pd.DataFrame(index=range(3)), minimum_cell=5) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_chapter_on_the_sample_tells_it(language):
    study = Study.load("bank_tiering")
    answers = simulate(study, load_population_model("claims_hold", study), rng=np.random.default_rng(1))
    study = replace(study, outline=("sample", "methods"), hypotheses=())
    findings = find(study, {"corporate": answers["corporate"]}, sensitivity=False)
    document, telling = build_report(findings, language)
    check(document)
    (table,) = [b for b in document.blocks if isinstance(b, Table) and b.key == "corporate.missing"]
    found = findings.populations["corporate"].missing
    assert [row[1] for row in table.rows] == [
        *(str(pattern.n) for pattern in found.told),
        str(found.other[1]),
    ]
    told = " ".join(block.text for block in document.blocks if isinstance(block, Prose))
    chi = telling.numbers.number(found.test.statistic, 1)
    assert f"χ² = {chi}" in told
    assert {"en": "Nothing is imputed", "zh": "不作插补"}[language] in told

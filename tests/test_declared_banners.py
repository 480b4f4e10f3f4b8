"""Banner tables that a study declares: faults with lines, the answers they show, small cells, files."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import openpyxl
import pandas as pd
import pytest

from analysis.adjust import holm
from analysis.banners.banner import Banner, Closed, banner
from analysis.banners.counts import Span, lay_out
from analysis.banners.declared import declared_banner
from analysis.banners.small_cells import without_small_cells
from analysis.crosstabs import multiple_response
from analysis.findings import find
from analysis.inputs import sample_of
from analysis.nps import net_promoter_score
from reports.banner_files import write_banners
from reports.document import Document, Table, check
from reports.report import build_report
from reports.small_cells import SCORES, hidden_scores, hidden_shares
from surveys.errors import StudyFileError
from surveys.simulation import load_population_model, simulate
from surveys.study import BannerPlan, Study
from surveys.study_files import study_folder

STUDY = Study.load("bank_tiering")


@pytest.fixture(scope="module")
def answers():
    return simulate(STUDY, load_population_model("claims_hold", STUDY), rng=np.random.default_rng(1))


@pytest.fixture(scope="module")
def sample(answers):
    return sample_of(STUDY.populations["customers"], answers["customers"])


@pytest.fixture(scope="module")
def findings(answers):
    plans = (
        BannerPlan(id="b", rows=("satisfaction", "SAT1", "CHANNELS"), columns=(("TIER",), ("TIER", "SEX"))),
    )
    customers = replace(STUDY.populations["customers"], banners=plans)
    study = replace(
        STUDY,
        populations={"customers": customers},
        hypotheses=(),
        parallel=(),
        outline=("banners", "methods"),
    )
    return find(study, {"customers": answers["customers"]}, sensitivity=False)


def faults_of(tmp_path: Path, banners: str) -> list[str]:
    source = study_folder("bank_tiering")
    for file in source.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text("utf-8"), "utf-8")
    text = (source / "study.yaml").read_text("utf-8")
    start, end = text.index("    banners:\n"), text.index("    screening:\n")
    (tmp_path / "study.yaml").write_text(text[:start] + banners + text[end:], "utf-8")
    with pytest.raises(StudyFileError) as raised:
        Study.load(tmp_path)
    return [str(fault) for fault in raised.value.faults]


def test_every_fault_of_a_banner_is_named_with_its_line(tmp_path):
    faults = faults_of(
        tmp_path,
        """\
    banners:
      - id: one
        rows: [satisfaction, SAT9, COMMENT]
        columns: [TIER, AUM, [SEX, CHANNELS]]
        levels: [0.1, 0.05]
      - {id: one, rows: [SAT1], columns: [TIER]}
""",
    )
    text = (tmp_path / "study.yaml").read_text("utf-8").splitlines()
    first = next(i for i, line in enumerate(text, 1) if line == "      - id: one")
    wanted = (
        "`SAT9`",
        "`COMMENT`",
        "`AUM`",
        "`CHANNELS`, whose options overlap",
        "levels [0.1, 0.05]",
        "`one` again",
    )
    for seen, line in zip(wanted, (1, 1, 2, 2, 3, 4), strict=True):
        (fault,) = [fault for fault in faults if seen in fault]
        assert f"line {first + line}" in fault, fault


def test_a_level_that_is_none_is_refused(tmp_path):
    banners = "    banners:\n      - {id: one, rows: [SAT1], columns: [TIER], levels: [5]}\n"
    assert any("0.5" in fault or "less than" in fault for fault in faults_of(tmp_path, banners))


def test_items_stand_as_they_were_answered(sample):
    plan = BannerPlan(id="r", rows=("SAT3",), columns=(("SEX",),), every_answer=True)  # reverse-worded
    made = declared_banner(plan, sample, minimum_cell=1)
    answered = 6 - sample.frame["SAT3"]
    shares = [row.estimate[0] for row in made.table.item("SAT3").rows if row.measure == "share"]
    assert shares == pytest.approx(
        [(answered == code).sum() / answered.notna().sum() for code in range(1, 6)]
    )


def test_columns_and_letters_follow_the_declaration(sample):
    plan = BannerPlan(id="s", rows=("satisfaction",), columns=(("TIER",), ("TIER", "SEX")), correction="none")
    made = declared_banner(plan, sample, minimum_cell=5).table
    assert [column.path for column in made.columns[1:5]] == [(("TIER", str(code)),) for code in range(1, 5)]
    assert made.columns[5].path == (("TIER", "1"), ("SEX", "1"))
    (row,) = made.item("satisfaction").rows
    by_hand = sample.frame["satisfaction"][sample.frame["TIER"] == 2].mean()
    assert row.estimate[2] == pytest.approx(by_hand, rel=1e-12)
    assert made.rules.correction == "none"
    assert made.rules.levels == (0.05, 0.1)


def test_a_banner_without_columns_in_the_file_is_none(sample):
    bare = replace(sample, frame=sample.frame.drop(columns="SEX"))
    assert (
        declared_banner(BannerPlan(id="x", rows=("SAT1",), columns=(("SEX",),)), bare, minimum_cell=5) is None
    )


def test_the_tests_of_a_table_are_corrected_together(sample):
    plan = BannerPlan(id="t", rows=("SAT1", "LOY1", "EFF1"), columns=(("TIER",), ("SEX",)))
    made = declared_banner(plan, sample, minimum_cell=5)
    plain = [entry.p_value for entry in made.tests()]
    assert len(plain) == 6
    assert [entry.more["p_adjusted"] for entry in made.tests()] == list(holm(plain))


def drawn(seed: int, *, mean: bool) -> tuple[Banner, Banner]:
    rng = np.random.default_rng(seed)
    tier = rng.choice(3, 140, p=[0.6, 0.3, 0.1])
    frame = pd.DataFrame(
        {
            "A": rng.choice([1.0, 2.0, 3.0, 4.0], 140, p=[0.5, 0.3, 0.15, 0.05]),
            "TIER": pd.Categorical(tier.astype(str)),
            "SEX": pd.Categorical(rng.choice(["f", "m"], 140, p=[0.7, 0.3])),
        }
    )
    spans = [Span(variables=("TIER",)), Span(variables=("SEX",)), Span(variables=("TIER", "SEX"))]
    items = [Closed(name="A", codes=(1.0, 2.0, 3.0, 4.0), boxes={"top2": (3.0, 4.0)}, mean=mean)]
    table = banner(frame, items, spans)
    return table, without_small_cells(table, 5, items=items, membership=lay_out(frame, spans).membership)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("seed", range(25))
def test_no_small_cell_can_be_worked_out_from_those_shown(seed, mean):
    """Shown numbers are equations in the cells of tier by sex by answer: none may fix a small count."""
    table, cut = drawn(seed, mean=mean)
    shown, minimum = cut.items[0], 5
    columns = [dict(column.path) for column in table.columns]
    cells = [(t, s, code) for t in "012" for s in "fm" for code in (1, 2, 3, 4)]
    counted = {
        "1": {1: 1},
        "2": {2: 1},
        "3": {3: 1},
        "4": {4: 1},
        "top2": {3: 1, 4: 1},
        "base": dict.fromkeys((1, 2, 3, 4), 1),
    }
    counted["mean"] = {1: 1, 2: 2, 3: 3, 4: 4}

    def equation(column: int, row: str) -> list[float]:
        within = columns[column]
        return [
            counted[row].get(code, 0) * float(within.get("TIER", t) == t and within.get("SEX", s) == s)
            for t, s, code in cells
        ]

    known = [equation(c, "base") for c in range(len(columns)) if np.isfinite(shown.n[c])]
    known += [
        equation(c, row.name) for row in shown.rows for c in range(len(columns)) if not row.suppressed[c]
    ]
    space = np.linalg.matrix_rank(np.array(known))
    small = 0
    for row in table.items[0].rows:
        for c in range(len(columns)):
            if 0 < row.count[c] < minimum:
                small += 1
                assert np.linalg.matrix_rank(np.array([*known, equation(c, row.name)])) > space, (c, row.name)
    assert small  # the draw has cells to hide
    kept = [not cell for row in shown.rows for cell in row.suppressed]
    assert np.mean(kept) > 0.1  # and not all of it is hidden


def test_nothing_is_hidden_where_nothing_is_small(sample):
    plan = BannerPlan(id="t", rows=("SAT1", "NPS", "CHANNELS"), columns=(("SEX",),))
    made = declared_banner(plan, sample, minimum_cell=5)
    assert min(row.count[np.isfinite(row.count)].min(initial=99) for row in made.table.item("NPS").rows) >= 5
    assert not made.suppressed


def test_tables_of_the_report_hide_what_banner_tables_hide(sample):
    plan = BannerPlan(id="n", rows=("NPS", "CHANNELS"), columns=(("TIER",), ("SEX",)))
    made = declared_banner(plan, sample, minimum_cell=9)
    scores = net_promoter_score(sample.frame["NPS"], sample.groups)
    options = [name for name in sample.frame if name.startswith("CHANNELS_")]
    picked = multiple_response(sample.frame[options], sample.groups)
    unseen = hidden_scores(scores, 9, (made,)) | hidden_shares(picked, 9, (made,))
    columns = {None: 0} | {
        column.path[0][1]: at
        for at, column in enumerate(made.table.columns)
        if column.path and column.path[0][0] == "TIER"
    }
    told = {
        (row.name, group)
        for item in made.table.items
        for row in item.rows
        for group, at in columns.items()
        if row.suppressed[at]
    }
    assert {name for name, _ in unseen} & {"promoters", "passives", "detractors"}
    assert unseen == told
    # the tiers add up to all: a small share is never the only blank of its line
    assert made.table.item("NPS").n[0] == made.table.item("NPS").n[list(columns.values())[1:]].sum()
    small = {name for name in SCORES[:3] if any(one == name for one, _ in told)}
    assert small
    assert all(sum(one == name for one, _ in told) > 1 for name in small)


def test_small_cells_reach_neither_the_results_nor_the_files(findings, tmp_path):
    minimum = findings.study.minimum_cell
    results = {key: entry for key, (_, entry) in findings.catalogue.items() if ".banners.b." in key}
    assert any(entry.state == "suppressed" for entry in results.values())
    for key, entry in results.items():
        count = entry.more.get("count")
        assert count is None or count == 0 or count >= minimum, key
        assert entry.estimate is None or entry.state != "suppressed"
    _, telling = build_report(findings, "en")
    book, tidy = write_banners(telling, tmp_path)
    rows = list(csv.DictReader(io.StringIO(tidy.read_text("utf-8-sig"))))
    assert {row["synthetic"] for row in rows} == {"synthetic data 合成数据"}
    for row in rows:
        assert row["count"] == "" or float(row["count"]) == 0 or float(row["count"]) >= minimum
        assert (row["estimate"] == "") == (row["state"] in ("suppressed", "empty_cell"))
    sheet = openpyxl.load_workbook(book)
    assert sheet.worksheets[0]["A1"].value == "synthetic data 合成数据"
    first = sheet.worksheets[0]
    assert len(first.conditional_formatting) > 10  # formatting that goes on working
    counts = [
        cell for row in sheet.worksheets[1].iter_rows(min_row=4, min_col=2, values_only=True) for cell in row
    ]
    assert all(cell is None or isinstance(cell, str) or cell == 0 or cell >= minimum for cell in counts)
    again = tmp_path / "again"
    again.mkdir()
    assert [path.read_bytes() for path in write_banners(telling, again)] == [
        book.read_bytes(),
        tidy.read_bytes(),
    ]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_number_of_the_chapter_has_an_address(findings, language):
    document, telling = build_report(findings, language)
    check(document)
    tables = [block for block in document.blocks if isinstance(block, Table)]
    assert [table.key for table in tables][:2] == ["customers.banner_b", "customers.banner_b-2"]
    cited = set(telling.numbers.ledger.ids())
    assert cited <= set(findings.catalogue)
    assert any(key.startswith("customers.banners.b.satisfaction") for key in cited)
    assert isinstance(document, Document)

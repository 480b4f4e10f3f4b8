"""The whole run, as a user does it: command line in, files out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from analysis.findings import Findings, find
from reports.cli import main
from reports.document import Document, Table
from reports.report import build_report
from reports.results_file import results_json
from reports.telling import Telling
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

ROOT = Path(__file__).parents[1]
SCHEMA = json.loads((ROOT / "reports" / "schema" / "results.schema.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def findings() -> Findings:
    study = Study.load("bank_tiering")
    model = load_population_model("claims_hold", study)
    return find(study, simulate(study, model, rng=np.random.default_rng(study.seed)))


@pytest.fixture(scope="module", params=["en", "zh"])
def told(request: pytest.FixtureRequest, findings: Findings) -> tuple[Document, Telling]:
    return build_report(findings, request.param)


@pytest.fixture(scope="module")
def study_of_one(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small study and its answers, so that whole runs are quick."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "people.yaml").write_text(
        """\
tierstudy: questionnaire/1
id: people
title: {en: People, zh: 人}
languages: [en, zh]
scales:
  agree:
    options:
      1: {en: Disagree, zh: 不同意}
      2: {en: Neither, zh: 一般}
      3: {en: Agree, zh: 同意}
  tier:
    interval: false
    options:
      1: {en: Low, zh: 低}
      2: {en: High, zh: 高}
sections:
  - id: all
    title: {en: All, zh: 全部}
    items:
      - {id: T, scale: tier, required: true, text: {en: Tier, zh: 等级}}
      - {id: A1, scale: agree, text: {en: "*One*", zh: 一}}
      - {id: A2, scale: agree, text: {en: Two, zh: 二}}
      - {id: A3, scale: agree, text: {en: Three, zh: 三}, reverse_keyed: true}
constructs:
  - {id: satisfaction, label: {en: Satisfaction, zh: 满意度}, items: [A1, A2, A3]}
""",
        "utf-8",
    )
    (folder / "study.yaml").write_text(
        """\
tierstudy: study/1
id: small
title: {en: A small study, zh: 小型研究}
languages: [en, zh]
resamples: 500
populations:
  people:
    title: {en: People, zh: 人}
    questionnaire: people.yaml
    group: T
    profile: [T]
    screening:
      - {rule: missing, max_share: 0.5}
      - {rule: duration, min_seconds: 5}
hypotheses:
  - id: H1
    claim: {en: Satisfaction rises., zh: 满意度上升。}
    tests:
      - {kind: trend, population: people, outcome: satisfaction, smallest_effect: 0.05}
""",
        "utf-8",
    )
    rng = np.random.default_rng(4)
    tier = rng.integers(1, 3, 120)
    mood = rng.normal(size=120) + tier

    def answers(sign: int) -> np.ndarray:
        return np.clip(np.round(1 + sign * (mood - 1.5) * 0.8 + rng.normal(size=120) * 0.4) + 1, 1, 3).astype(
            int
        )

    frame = pd.DataFrame(
        {"respondent": range(120), "T": tier, "A1": answers(1), "A2": answers(1), "A3": answers(-1)}
    )
    frame.to_csv(folder / "people.csv", index=False)
    return folder


def test_the_results_fit_the_published_schema(findings: Findings) -> None:
    results = json.loads(results_json(findings))
    jsonschema.validate(results, SCHEMA)
    assert results["synthetic"] is True
    assert "合成数据" in results["notice"]
    addresses = [entry["id"] for entry in results["results"]]
    assert len(addresses) == len(set(addresses))
    for verdict in results["verdicts"]:
        assert set(verdict["results"]) <= set(addresses)


def test_every_claim_of_the_study_is_judged(findings: Findings) -> None:
    outcomes = {
        verdict.id: verdict.outcome for verdict in findings.verdicts if verdict.hypothesis.confirmatory
    }
    assert len(outcomes) == 18
    assert set(outcomes.values()) == {"supported"}  # the population was made so that every claim holds


def test_counts_add_up(findings: Findings) -> None:
    for found in findings.populations.values():
        assert found.responses.n - found.sample.n == sum(rule.n_first for rule in found.screening.ledger)


def test_every_cited_number_is_that_of_its_entry(told: tuple[Document, Telling]) -> None:
    _, telling = told
    citations = telling.numbers.ledger.citations
    assert len(citations) > 1000
    catalogue = telling.findings.catalogue
    missing = {citation.id for citation in citations} - set(catalogue)
    assert not missing


def test_no_number_in_a_table_is_made_up(told: tuple[Document, Telling]) -> None:
    """Decimal numbers of all tables are formatted entries; adjusted p-values stand with the verdicts."""
    document, telling = told
    known = {citation.text for citation in telling.numbers.ledger.citations}
    known |= {telling.numbers.p_value(verdict.p_adjusted) for verdict in telling.findings.verdicts}
    for found in telling.populations():
        if found.recommend is not None:  # shares of counts that stand in the same entry
            for score in (found.recommend.overall, *found.recommend.groups):
                known |= {
                    telling.numbers.percent(count / score.n)
                    for count in (score.promoters, score.passives, score.detractors)
                }
    parts = {number for text in known for number in re.findall(r"−?\d*\.\d+%?", text)}
    for table in (block for block in document.blocks if isinstance(block, Table)):
        if table.key.startswith("provenance"):
            continue
        for row in table.rows:
            for cell in row[1:]:
                for number in re.findall(r"−?\d*\.\d+%?", str(cell)):
                    assert number in parts, f"{table.key}: {number} in {cell!r} comes from no entry"


def test_both_languages_hold_the_same_numbers(findings: Findings) -> None:
    cited = [
        [(c.id, c.field) for c in build_report(findings, language)[1].numbers.ledger.citations]
        for language in ("en", "zh")
    ]
    assert cited[0] == cited[1]


def test_the_report_never_claims_a_cause_and_says_synthetic(told: tuple[Document, Telling]) -> None:
    document, telling = told
    assert document.notice is not None
    assert "合成数据" in document.notice.title
    text = " ".join(str(block) for block in document.blocks)
    assert ("not proof of a cause" if telling.language == "en" else "不能证明因果关系") in text


def test_a_run_writes_everything_twice_the_same(study_of_one: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        status = main(
            [
                "run",
                str(study_of_one),
                "--data",
                f"people={study_of_one / 'people.csv'}",
                "--out",
                str(tmp_path / name),
                "--quiet",
            ]
        )
        assert status == 0
    one = {
        p.relative_to(tmp_path / "one"): p.read_bytes() for p in (tmp_path / "one").rglob("*") if p.is_file()
    }
    two = {
        p.relative_to(tmp_path / "two"): p.read_bytes() for p in (tmp_path / "two").rglob("*") if p.is_file()
    }
    assert one == two
    names = {path.as_posix() for path in one}
    assert {"report.en.pdf", "report.zh.pdf", "results.json", "screening.csv"} <= names
    assert any(name.startswith("tables/") for name in names)
    assert any(name.endswith(".zh.svg") for name in names)
    results = json.loads(one[Path("results.json")])
    jsonschema.validate(results, SCHEMA)
    assert results["synthetic"] is False
    assert "notice" not in results
    ledger = {rule["rule"]: rule for rule in results["populations"]["people"]["excluded"]}
    assert ledger["duration"]["applicable"] is False  # the file has no times, and the report says so
    text = "".join(page.extract_text() for page in PdfReader(tmp_path / "one" / "report.en.pdf").pages)
    assert "*One*" in text.replace("\n", "")
    assert not list(tmp_path.glob(".tierstudy-*"))


def test_simulated_exports_run_like_real_ones(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        main(["simulate", "bank_tiering", "--out", str(tmp_path), "--seed", "3", "--lang", "en", "--quiet"])
        == 0
    )
    status = main(
        [
            "run",
            "bank_tiering",
            "--data",
            f"corporate={tmp_path / 'corporate.synthetic.csv'}",
            "--out",
            str(tmp_path / "out"),
            "--lang",
            "zh",
            "--figures",
            "svg",
            "--quiet",
        ]
    )
    assert status == 1  # two populations were not given
    assert "H1 could not be tested" in capsys.readouterr().err
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    assert results["synthetic"] is True
    assert {v["verdict"] for v in results["verdicts"] if v["hypothesis"] == "H1"} == {"cannot_tell"}
    assert not (tmp_path / "out" / "report.en.pdf").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "{study}", "--data", "people={study}/nowhere.csv", "--out", "{out}"], "nowhere.csv"),
        (
            ["run", "{study}", "--data", "persons={study}/people.csv", "--out", "{out}"],
            "no population persons",
        ),
        (["run", "{study}", "--data", "people", "--out", "{out}"], "POPULATION=FILE"),
        (["run", "{study}", "--data", "people={study}/study.yaml", "--out", "{out}"], "study.yaml"),
        (["run", "nowhere", "--data", "people=a.csv", "--out", "{out}"], "study.yaml"),
        (
            ["run", "{study}", "--data", "people={study}/people.csv", "--out", "{out}", "--lang", "fr"],
            "en, zh",
        ),
        (
            ["run", "{study}", "--data", "people={study}/people.csv", "--out", "{out}", "--figures", "gif"],
            "png, svg, pdf",
        ),
        (
            [
                "run",
                "{study}",
                "--data",
                "people={study}/people.csv",
                "people={study}/people.csv",
                "--out",
                "{out}",
            ],
            "already",
        ),
        (["new", "{study}"], "exists already"),
        (["check", "{out}"], "study.yaml"),
        (["simulate", "{study}", "--out", "{out}", "--seed", "1"], "claims_hold.yaml"),
        (["simulate", "bank_tiering", "--out", "{out}", "--seed", "-1"], "a seed is"),
        (["inspect", "{study}/nowhere.csv"], "nowhere.csv"),
        (
            ["ingest", "{study}/people.csv", "--questionnaire", "{study}/people.yaml", "--out", "{out}.txt"],
            ".csv or .xlsx",
        ),
        (
            ["ingest", "{study}/people.csv", "--questionnaire", "{study}/study.yaml", "--out", "{out}.csv"],
            "questionnaire/1",
        ),
    ],
)
def test_a_user_s_mistake_is_told_in_words(
    study_of_one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    out = tmp_path / "out"
    assert main([word.format(study=study_of_one, out=out) for word in words]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert "Traceback" not in told
    assert not out.exists()
    assert not list(tmp_path.iterdir())


def test_a_study_of_ones_own_starts_as_a_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", str(tmp_path / "mine")]) == 0
    assert main(["check", str(tmp_path / "mine")]) == 0
    assert "no faults found" in capsys.readouterr().out


def test_inspect_and_ingest(study_of_one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, questionnaire = str(study_of_one / "people.csv"), str(study_of_one / "people.yaml")
    assert main(["inspect", data, "--questionnaire", questionnaire]) == 0
    told = capsys.readouterr().out
    assert "120 respondents" in told
    for ending in ("csv", "xlsx"):
        out = tmp_path / f"tidy.{ending}"
        assert main(["ingest", data, "--questionnaire", questionnaire, "--out", str(out), "--quiet"]) == 0
        tidy = pd.read_csv(out) if ending == "csv" else pd.read_excel(out, engine="openpyxl")
        assert tidy.shape == (120, 5)
        book = pd.read_csv(tmp_path / "tidy.codebook.csv")
        assert set(book["item"]) == {"T", "A1", "A2", "A3"}


def test_a_mapping_of_a_population(
    study_of_one: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (study_of_one / "people.csv").read_text("utf-8-sig")
    header, rows = text.split("\n", 1)
    (tmp_path / "people.csv").write_text(header.replace("A1", "Erste Frage") + "\n" + rows, "utf-8")
    words = [
        "run",
        str(study_of_one),
        "--data",
        f"people={tmp_path / 'people.csv'}",
        "--out",
        str(tmp_path / "out"),
    ]
    words += ["--lang", "en", "--figures", "svg", "--quiet"]
    assert main(words) == 2
    assert "a column that the questionnaire does not know" in capsys.readouterr().err
    (tmp_path / "m.yaml").write_text("Erste Frage: A1\n", "utf-8")
    assert main([*words, "--mapping", f"persons={tmp_path / 'm.yaml'}"]) == 2
    assert "write POPULATION=FILE" in capsys.readouterr().err
    assert main([*words, "--mapping", f"people={tmp_path / 'm.yaml'}"]) == 0
    results = json.loads((tmp_path / "out" / "results.json").read_text("utf-8"))
    whole = json.dumps(results)
    assert "A1" in whole


def test_help_is_quick_and_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    import subprocess
    import sys

    with pytest.raises(SystemExit) as stopped:
        main(["run", "--help"])
    assert stopped.value.code == 0
    assert "--data customers=c.xlsx" in capsys.readouterr().out
    loaded = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from reports.cli import parser; parser().format_help()"],
        capture_output=True,
        text=True,
        check=True,
    ).stderr
    for heavy in ("pandas", "scipy", "matplotlib", "numpy"):
        assert f"| {heavy}\n" not in loaded.replace("  ", " ").replace("  ", " ")

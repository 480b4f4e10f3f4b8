"""Whatever is written down is read back: random questionnaires, spellings, delimiters and encodings."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
from hypothesis import given
from hypothesis import strategies as st

from surveys.errors import AnswersError
from surveys.questionnaire import Item, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.reading.matching import loose
from surveys.reading.tables import read_table

LABELS = st.lists(
    st.text(st.sampled_from("abcdefgh满意一般不好 ,;()"), min_size=2, max_size=12).map(
        lambda text: f"x{text.strip()}y"
    ),
    min_size=2,
    max_size=6,
    unique_by=loose,  # headers of option columns are told apart by letters, not by punctuation
)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "gb18030"]


@st.composite
def questionnaires(draw: st.DrawFn) -> Questionnaire:
    items: list[Item] = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from(["single", "multiple", "ranking", "number"]))
        scale = None
        if kind != "number":
            labels = draw(LABELS)
            scale = Scale(
                id=f"s{number}",
                options=tuple(
                    Option(code=code, label={"en": label, "zh": f"中{label}"})
                    for code, label in enumerate(labels, 1)
                ),
            )
        text = {"en": f"What about {number}?", "zh": f"您对{number}有何看法？"}
        items.append(Item(id=f"Q{number}", kind=kind, text=text, section="a", scale=scale))  # type: ignore[arg-type]
    return Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en", "zh"),
        sections=(Section(id="a", title={"en": "A"}),),
        scales={},
        items=tuple(items),
    )


def draw_answers(item: Item, n: int, rng: np.random.Generator) -> pd.DataFrame:
    """Random answers in the form of ``Responses.answers``, with some missing."""
    if item.kind == "number":
        values = np.where(rng.random(n) < 0.2, np.nan, np.round(rng.normal(0, 1000, n), 3))
        return pd.DataFrame({item.id: values})
    assert item.scale is not None
    k = len(item.scale.codes)
    missing = rng.random(n) < 0.2
    if item.kind == "single":
        return pd.DataFrame({item.id: np.where(missing, np.nan, rng.choice(item.scale.codes, n))})
    if item.kind == "multiple":
        table = (rng.random((n, k)) < 0.5).astype(float)
        table[table.sum(axis=1) == 0, 0] = 1  # a joined cell without options cannot be told from no answer
    else:
        table = np.array([rng.permutation(k) + 1 for _ in range(n)], dtype=float)
    table[missing] = np.nan
    return pd.DataFrame(table, columns=list(item.columns))


def written(item: Item, answers: pd.DataFrame, language: str | None, joined: bool) -> dict[str, list[object]]:
    """The columns of a file: codes, or labels in a language; several answers joined or spread."""
    header = item.id if language is None else item.text[language]
    if item.kind == "number":
        return {header: ["" if value != value else repr(float(value)) for value in answers[item.id]]}
    assert item.scale is not None
    labels = {
        option.code: option.label.get(language or "", str(option.code)) for option in item.scale.options
    }
    if item.kind == "single":
        return {header: ["" if value != value else labels[int(value)] for value in answers[item.id]]}
    if not joined:
        names = {
            code: f"{header}: {labels[code]}" if language else f"{item.id}_{code}"
            for code in item.scale.codes
        }
        return {
            names[code]: ["" if value != value else int(value) for value in answers[f"{item.id}_{code}"]]
            for code in item.scale.codes
        }
    cells: list[object] = []
    for row in answers.itertuples(index=False):
        if item.kind == "multiple":
            chosen = [code for code, value in zip(item.scale.codes, row, strict=True) if value == 1]
        else:
            ranked = sorted(zip(row, item.scale.codes, strict=True)) if row[0] == row[0] else []
            chosen = [code for _, code in ranked]
        cells.append("┋".join(labels[code] for code in chosen))
    return {header: cells}


@given(
    questionnaire=questionnaires(),
    n=st.integers(1, 12),
    seed=st.integers(0, 2**32 - 1),
    language=st.sampled_from([None, "en", "zh"]),
    joined=st.booleans(),
    encoding=st.sampled_from(ENCODINGS),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_answers_come_back(
    questionnaire: Questionnaire,
    n: int,
    seed: int,
    language: str | None,
    joined: bool,
    encoding: str,
    delimiter: str,
) -> None:
    rng = np.random.default_rng(seed)
    tables = [draw_answers(item, n, rng) for item in questionnaire.items]
    answers = pd.concat(tables, axis="columns")
    columns: dict[str, list[object]] = {"respondent": [f"编号{at}" for at in range(n)]}
    for item, table in zip(questionnaire.items, tables, strict=True):
        columns |= written(item, table, language, joined)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        pd.DataFrame(columns, dtype=object).to_csv(path, index=False, sep=delimiter, encoding=encoding)
        responses = read_answers(path, questionnaire)
    kept = [name for name in answers.columns if name in responses.answers.columns]
    pd.testing.assert_frame_equal(responses.answers, answers[kept])
    # Only columns without a single answer may be passed over.
    assert answers.drop(columns=kept).isna().all().all()
    assert responses.metadata["respondent"].tolist() == columns["respondent"]


@given(codes=st.lists(st.one_of(st.none(), st.integers(1, 5)), min_size=1, max_size=20).filter(any))
def test_every_format_gives_the_same_answers(codes: list[int | None]) -> None:
    scale = Scale(
        id="s", options=tuple(Option(code=code, label={"en": f"step {code}"}) for code in range(1, 6))
    )
    questionnaire = Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en",),
        sections=(Section(id="a", title={"en": "A"}),),
        scales={},
        items=(Item(id="Q1", kind="single", text={"en": "How?"}, section="a", scale=scale),),
        respondent_id=("id",),
    )
    frame = pd.DataFrame(
        {
            "id": [f"r{at}" for at in range(len(codes))],
            "Q1": pd.array(codes, dtype="Float64").to_numpy(float, na_value=np.nan),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"a.{kind}" for kind in ("csv", "xlsx", "sav", "zsav", "por")]
        frame.to_csv(paths[0], index=False)
        frame.to_excel(paths[1], index=False)
        pyreadstat.write_sav(frame, paths[2])
        pyreadstat.write_sav(frame, paths[3], compress=True)
        pyreadstat.write_por(frame, paths[4])
        for path in paths:
            assert read_answers(path, questionnaire).answers["Q1"].equals(frame["Q1"])


@given(raw=st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_in_words(raw: bytes) -> None:
    """No file makes anything but an ``AnswersError``."""
    with tempfile.TemporaryDirectory() as folder:
        for start in (
            b"",
            b"PK\x03\x04",
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            b"$FL2",
            b"\xff\xfe",
            b"a,b\n",
        ):
            path = Path(folder) / "a.csv"
            path.write_bytes(start + raw)
            try:
                table = read_table(path)
            except AnswersError as error:
                told = [fault.remedy and fault.seen for fault in error.faults]
            else:
                told = [len(table.header) == table.rows.shape[1]]
            assert all(told)

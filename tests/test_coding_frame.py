import pandas as pd
import pytest

from analysis.coding_agreement import agreement_by_code, krippendorff_alpha
from analysis.crosstabs import multiple_response
from surveys.coding_frame import CodingError, read_coding_frame, read_codings
from surveys.errors import StudyFileError

FRAME = """\
coding_frame: reasons
item: WHY
languages: [en, zh]
several: true
codes:
  fees:
    label: {en: Fees, zh: 费用}
    definition: {en: Prices of any kind, zh: 各种费用}
    theme: price
  rates:
    label: {en: Interest, zh: 利率}
    theme: price
  queue:
    label: {en: Waiting, zh: 排队}
"""


@pytest.fixture
def frame(tmp_path):
    (tmp_path / "reasons.yaml").write_text(FRAME, encoding="utf-8")
    return read_coding_frame(tmp_path / "reasons.yaml")


def files(tmp_path, **texts):
    for coder, text in texts.items():
        (tmp_path / f"{coder}.csv").write_text(text, encoding="utf-8")
    return {coder: tmp_path / f"{coder}.csv" for coder in texts}


def test_a_frame_as_written(frame):
    assert (frame.id, frame.item, frame.languages, frame.several) == ("reasons", "WHY", ("en", "zh"), True)
    assert [code.id for code in frame.codes] == ["fees", "rates", "queue"]
    assert frame.code("fees").label["zh"] == "费用"
    assert frame.code("queue").definition == {}
    assert frame.themes == ("price",)
    with pytest.raises(KeyError, match="no code fee; close to it: fees"):
        frame.code("fee")


def test_codes_of_two_coders(frame, tmp_path):
    codings = read_codings(
        frame,
        files(
            tmp_path,
            ann="respondent,code\nr1,queue;fees\nr2,-\nr3,rates\nr5,fees\n",
            bo="受访者,编码\nr1,fees\nr1,queue\nr2,queue\nr4,fees；rates\nr5,fees\n",
        ),
    )
    assert codings.coders == ("ann", "bo")
    assert codings.respondents == ("r1", "r2", "r3", "r5", "r4")
    assert codings.given["ann", "r1"] == ("fees", "queue")
    queue = codings.marks("queue")
    assert queue["ann"].fillna(9).tolist() == [1, 0, 0, 0, 9]
    assert queue["bo"].fillna(9).tolist() == [1, 1, 9, 0, 0]
    assert codings.theme_marks("price")["bo"].fillna(9).tolist() == [1, 0, 9, 1, 1]
    assert codings.consensus().loc["r1"].tolist() == [1, 0, 1]
    assert codings.consensus()["queue"].tolist() == [1, 0, 0, 0, 0]
    assert codings.consensus(share=0)["queue"].tolist() == [1, 1, 0, 0, 0]
    with pytest.raises(ValueError, match="allows several codes"):
        codings.single_codes()
    with pytest.raises(KeyError, match="no theme place"):
        codings.theme_marks("place")


def test_marks_go_to_agreement_and_consensus_to_tables_by_tier(frame, tmp_path):
    rows = [("fees" if i % 3 else "queue", "fees" if i % 3 and i != 4 else "queue") for i in range(20)]
    text = {
        coder: "respondent,code\n" + "".join(f"r{i},{row[at]}\n" for i, row in enumerate(rows))
        for at, coder in enumerate(("ann", "bo"))
    }
    codings = read_codings(frame, files(tmp_path, **text))
    found = agreement_by_code({code.id: codings.marks(code.id) for code in frame.codes}).agreements
    assert [a.state for a in found] == ["ok", "constant", "ok"]
    assert found[0].observed == pytest.approx(19 / 20)
    tiers = pd.Series(pd.Categorical(["basic", "gold"] * 10), index=codings.consensus().index, name="TIER")
    shares = multiple_response(codings.consensus(), tiers).shares
    assert shares[0].count == codings.consensus()["fees"].sum()


def test_a_frame_of_one_code_an_answer(tmp_path):
    (tmp_path / "one.yaml").write_text(FRAME.replace("several: true", "several: false"), encoding="utf-8")
    frame = read_coding_frame(tmp_path / "one.yaml")
    codings = read_codings(
        frame,
        files(
            tmp_path, ann="respondent,code\n1,fees\n2,-\n3,queue\n", bo="respondent,code\n1,fees\n2,fees\n"
        ),
    )
    single = codings.single_codes()
    assert single["ann"].tolist() == ["fees", "-", "queue"]
    assert single["bo"].fillna("blank").tolist() == ["fees", "fees", "blank"]
    assert krippendorff_alpha(single).n == 2
    with pytest.raises(CodingError, match="2 codes, expected one code an answer"):
        read_codings(frame, files(tmp_path, ann="respondent,code\n1,fees;queue\n"))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("item: WHY\n", "", "saw no `item`"),
        ("several: true", "severl: true", r"line 4, severl: saw the key `severl`.*Did you mean `several`\?"),
        ("several: true", "several: often", "line 4, several: saw 'often', expected true or false"),
        ("[en, zh]", "english", "line 3, languages: saw 'english'"),
        ("  queue:", "  in line:", "line 13, codes.in line: saw `in line`, expected a name of Latin letters"),
        ("{en: Fees, zh: 费用}", "{en: Fees}", "line 7, codes.fees.label: saw no `zh`"),
        ("    label: {en: Waiting, zh: 排队}\n", "    theme: x\n", "codes.queue: saw no `label`"),
        ("    label: {en: Waiting, zh: 排队}", "    label: Waiting", "codes.queue.label: saw 'Waiting'"),
        ("    theme: price\n  rates", "    theme: 7\n  rates", "line 9, codes.fees.theme: saw 7"),
    ],
)
def test_faults_of_a_frame_name_their_line(old, new, words, tmp_path):
    assert old in FRAME
    (tmp_path / "reasons.yaml").write_text(FRAME.replace(old, new), encoding="utf-8")
    with pytest.raises(StudyFileError, match=words):
        read_coding_frame(tmp_path / "reasons.yaml")


@pytest.mark.parametrize("text", ["- a\n", "codes: {}\n", "codes:\n  a: 1\n", ""])
def test_what_is_no_frame_is_refused(text, tmp_path):
    (tmp_path / "x.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(StudyFileError):
        read_coding_frame(tmp_path / "x.yaml")


def test_faults_of_coder_files_come_all_at_once_with_file_and_row(frame, tmp_path):
    given = files(
        tmp_path,
        ann="respondent,code\nr1,fee\nr9,fees\n,queue\nr2,\nr3,fees;fees\n",
        bo="respondent,code\nr1,fees\nr1,-\n",
        cy="respondent,kode\nr1,fees\n",
    )
    with pytest.raises(CodingError) as caught:
        read_codings(frame, given, respondents=["r1", "r2", "r3"])
    cases = caught.value.cases
    assert list(zip(cases["file"], cases["row"], strict=True)) == [
        ("ann.csv", 2),
        ("ann.csv", 3),
        ("ann.csv", 4),
        ("ann.csv", 5),
        ("ann.csv", 6),
        ("bo.csv", 3),
        ("cy.csv", 1),
    ]
    message = str(caught.value)
    for words in (
        "Did you mean `fees`?",
        "expected a respondent with an answer",
        "expected the respondent's name in the answers",
        "saw an empty cell, expected a code, or - where none fits",
        "saw `fees` again",
        "nothing beside the row 2",
        "cy.csv, row 1: saw no column `code`",
    ):
        assert words in message


def test_a_share_of_coders_is_a_part(frame, tmp_path):
    codings = read_codings(frame, files(tmp_path, ann="respondent,code\nr1,fees\n"))
    with pytest.raises(ValueError, match="share is a part"):
        codings.consensus(share=1)

"""Real data files, against the counts that their description states and against pandas' own reading."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from surveys.errors import AnswersError
from surveys.questionnaire import Item, ItemKind, Option, Questionnaire, Scale, Section
from surveys.read import read_answers


def scale(
    id_: str, *labels: str, start: int = 1, ordered: bool = True, missing: dict[int, str] | None = None
) -> Scale:
    return Scale(
        id=id_,
        options=tuple(Option(code=code, label={"en": label}) for code, label in enumerate(labels, start)),
        ordered=ordered,
        missing_codes=tuple(
            Option(code=code, label={"en": label}) for code, label in (missing or {}).items()
        ),
    )


def single(id_: str, format_: Scale, **more: object) -> Item:
    return Item(id=id_, kind="single", text={"en": id_}, section="a", scale=format_, **more)  # type: ignore[arg-type]


def plain(id_: str, kind: ItemKind = "number") -> Item:
    return Item(id=id_, kind=kind, text={"en": id_}, section="a")


def asked(*items: Item, **more: object) -> Questionnaire:
    return Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en",),
        sections=(Section(id="a", title={"en": "A"}),),
        scales={},
        items=items,
        **more,  # type: ignore[arg-type]
    )


BLOCKS = {"imag": 5, "expe": 5, "qual": 5, "val": 4, "sat": 4, "loy": 4}
RATED = [f"{block}{at}" for block, n in BLOCKS.items() for at in range(1, n + 1)]
GENDER = scale("gender", "female", "male", ordered=False)


def test_spanish_bank(shared_data: Path) -> None:
    path = shared_data / "bank" / "plspm_satisfaction.csv"
    raw = pd.read_csv(path)
    ten = scale("ten", *map(str, range(11)), start=0)
    responses = read_answers(
        path, asked(*(single(id_, ten) for id_ in RATED), single("gender", GENDER, required=True))
    )
    assert responses.n == 250
    assert len(RATED) == 27
    assert responses.answers.shape == (250, 28)
    pd.testing.assert_frame_equal(responses.answers[RATED], raw[RATED].astype(float))
    assert (responses.answers["gender"] == 2).sum() == (raw["gender"] == "male").sum()
    assert responses.answers["gender"].notna().all()
    assert not responses.synthetic
    assert responses.metadata["row"].tolist() == list(range(2, 252))


def test_every_answer_off_the_stated_scale_is_told(shared_data: Path) -> None:
    """The description says 1 to 10, yet the file holds zeros; each must be named."""
    path = shared_data / "bank" / "plspm_satisfaction.csv"
    raw = pd.read_csv(path)[RATED]
    ten = scale("ten", *map(str, range(1, 11)))
    with pytest.raises(AnswersError) as error:
        read_answers(path, asked(*(single(id_, ten) for id_ in RATED), single("gender", GENDER)))
    told = {(fault.row, fault.column) for fault in error.value.faults}
    zeros = raw.stack()[lambda cells: cells == 0].index
    assert told == {(row + 2, column) for row, column in zeros}
    assert len(told) > 0
    declared = scale("ten", *map(str, range(1, 11)), missing={0: "no answer"})
    responses = read_answers(path, asked(*(single(id_, declared) for id_ in RATED), single("gender", GENDER)))
    assert int(responses.answers.isna().sum().sum()) == len(told)


def test_card_tiers(shared_data: Path) -> None:
    path = shared_data / "bank" / "bank_churn_card_tier_a.csv"
    tiers = scale("card", "Silver", "Gold", "Platinum", "Diamond")
    truth = Scale(
        id="truth",
        options=(
            Option(code=0, label={"en": "No"}, aliases=("False",)),
            Option(code=1, label={"en": "Yes"}, aliases=("True",)),
        ),
        ordered=False,
    )
    five = scale("five", *"12345")
    raw = pd.read_csv(path)
    mine = ("CardType", "SatisfactionScore", "Complain", "Exited", "Age")
    questionnaire = asked(
        single("CardType", tiers, required=True),
        single("SatisfactionScore", five),
        single("Complain", truth),
        single("Exited", truth),
        plain("Age"),
        respondent_id=("CustomerId",),
        ignored_columns=tuple(name for name in raw.columns if name not in (*mine, "CustomerId")),
    )
    responses = read_answers(path, questionnaire)
    assert responses.n == 3978
    assert responses.answers["CardType"].value_counts().to_dict() == {2: 1026, 4: 999, 1: 997, 3: 956}
    scores = responses.answers["SatisfactionScore"].value_counts().to_dict()
    assert scores == {1: 758, 2: 794, 3: 852, 4: 791, 5: 783}
    assert responses.answers["Complain"].sum() == raw["Complain"].sum()
    assert responses.answers["Exited"].sum() == raw["Exited"].sum()
    assert responses.answers["Age"].tolist() == raw["Age"].tolist()
    assert responses.metadata["respondent"].tolist() == raw["CustomerId"].astype(str).tolist()


def test_electric(shared_data: Path) -> None:
    days = scale("days", "SUNDAY", "MONDAY", "TUESDAY", "WEDNSDAY", "THURSDAY", "FRIDAY", "SATURDAY")
    vital = scale("vital", "DEAD", "ALIVE", ordered=False)  # numbered otherwise than in the file
    yes = scale("yes", "YES", "NO", ordered=False)
    questionnaire = asked(
        single("DAYOFWK", days),
        single("VITAL10", vital),
        single("FAMHXCVR", yes),
        Item(id="PRESSURE", kind="number", text={"en": "Average diast blood pressure 58"}, section="a"),
        respondent_id=("CASEID",),
        ignored_columns=("FIRSTCHD", "AGE", "EDUYR", "CHOL58", "CGT58", "HT58", "WT58", "CHD"),
    )
    responses = read_answers(shared_data / "spss_stata" / "electric.sav", questionnaire)
    assert responses.n == 240
    assert responses.answers["DAYOFWK"].isna().sum() == 130
    raw, _ = pyreadstat.read_sav(shared_data / "spss_stata" / "electric.sav")
    assert (
        responses.answers["VITAL10"].tolist() == raw["VITAL10"].map({0: 2, 1: 1}).tolist()
    )  # 0 lived, 1 died
    assert responses.answers["DAYOFWK"].equals(raw["DAYOFWK"])
    assert responses.answers["FAMHXCVR"].equals(raw["FAMHXCVR"].map({"Y": 1.0, "N": 2.0}))
    assert responses.answers["PRESSURE"].iloc[:3].tolist() == [70, 87, 89]
    assert responses.source.encoding == "WINDOWS-1252"
    assert "VITAL10: codes follow the file's value labels: 1 = DEAD = 1" not in responses.source.notes
    assert any(
        "VITAL10: codes follow the file's value labels: 0 = ALIVE = 2" in note
        for note in responses.source.notes
    )


def test_sample_in_two_spss_formats(shared_data: Path) -> None:
    questionnaire = asked(
        single("mylabl", scale("sex", "Male", "Female", ordered=False)),
        single("myord", scale("level", "low", "medium", "high")),
        plain("mynum"),
        metadata={"submitted_at": ("dtime",)},
        respondent_id=("mychar",),
        ignored_columns=("mydate", "mytime"),
    )
    sav, por = (
        read_answers(shared_data / "spss_stata" / f"sample.{kind}", questionnaire) for kind in ("sav", "por")
    )
    assert sav.answers["mylabl"].tolist() == [1, 2, 1, 2, 1]
    assert sav.answers["myord"].tolist() == [1, 2, 3, 1, 1]
    assert sav.answers["mynum"].tolist() == [1.1, 1.2, -1000.3, -1.4, 1000.3]
    assert sav.metadata["respondent"].tolist() == list("abcde")
    assert sav.metadata["submitted_at"].iloc[0] == pd.Timestamp("2018-05-06 10:10:10")
    assert sav.metadata["submitted_at"].isna().tolist() == [False] * 4 + [True]
    pd.testing.assert_frame_equal(por.answers, sav.answers)


def test_user_missing_ranges(shared_data: Path) -> None:
    questionnaire = asked(
        plain("mynum"),
        single("mylabl", scale("sex", "Male", "Female", ordered=False)),
        ignored_columns=("mychar", "mydate", "dtime", "myord", "mytime"),
    )
    responses = read_answers(shared_data / "spss_stata" / "sample_missing.sav", questionnaire)
    assert responses.answers["mynum"].tolist()[:5] == [1.1, 1.2, -1000.3, -1.4, 1000.3]
    assert responses.answers["mynum"].isna().tolist() == [False] * 5 + [True]
    assert responses.answers["mylabl"].isna().tolist() == [False] * 5 + [True]
    # The seventh case holds nothing but declared missing values.
    assert "1 rows without any answer passed over" in responses.source.notes
    assert any('"mynum"' in note and "2500 (1x)" in note for note in responses.source.notes)


def test_the_two_downloads_of_one_survey_agree(shared_data: Path) -> None:
    """By option text in one column, and by option number in one column for each option."""
    by_text = shared_data / "wenjuanxing" / "800_800_0_by_text.xls"
    by_number = shared_data / "wenjuanxing" / "800_800_2_by_number.xls"
    from surveys.reading.tables import read_table

    numbered = read_table(by_number)
    hobbies = [name.strip()[4:-1] for name in numbered.header if name.startswith("第6题(")]
    options = tuple(Option(code=code, label={"en": label}) for code, label in enumerate(hobbies, 1))
    many = Scale(id="hobbies", options=options, ordered=False, interval=False)
    sex = scale("sex", "男", "女", ordered=False)

    def of(path: Path) -> pd.DataFrame:
        table = read_table(path)
        kept = ("兴趣爱好", "性别", "第6题", "序号")
        ignored = tuple(name for name in table.header if not any(word in name for word in kept))
        questionnaire = asked(
            Item(id="SEX", kind="single", text={"en": "性别"}, section="a", scale=sex),
            Item(id="HOBBY", kind="multiple", text={"en": "兴趣爱好"}, section="a", scale=many),
            respondent_id=("序号",),
            ignored_columns=ignored,
        )
        return read_answers(path, questionnaire).answers

    text, number = of(by_text), of(by_number)
    pd.testing.assert_frame_equal(text, number)
    assert text["SEX"].value_counts().to_dict() == {1: 427, 2: 373}
    assert text[f"HOBBY_{hobbies.index('美食') + 1}"].sum() == 492
    assert text[f"HOBBY_{hobbies.index('运动') + 1}"].sum() == 479

"""Every real file is recognised as its platform, and gives the counts that its description states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from surveys.errors import AnswersError
from surveys.platforms.export import Export, State
from surveys.platforms.reading import read_export
from surveys.reading.cells import cell_text
from surveys.reading.tables import read_table

#: File, platform, words of the flavour, rows of respondents, columns (None for definitions).
FILES = [
    ("bank/plspm_satisfaction.csv", "plain", "CSV", 250, 28),
    ("bank/plspm_satisfaction_dictionary.csv", "plain", "CSV", 28, 5),
    ("bank/corporate_reputation_347.csv", "plain", "CSV", 347, 41),
    ("bank/corporate_reputation_347_dictionary.csv", "plain", "CSV", 41, 2),
    ("bank/service_quality_SQ.csv", "plain", "CSV", 411, 23),
    ("bank/bank_churn_card_tier_a.csv", "plain", "CSV", 3978, 17),
    ("bank/bank_customers_39.csv", "plain", "CSV", 39, 19),
    ("employees/attitude_departments.csv", "plain", "CSV", 30, 7),
    ("employees/ibm_hr_attrition.csv", "plain", "CSV", 1470, 35),
    ("employees/employee_engagement_fictional.csv", "plain", "CSV", 2833, 14),
    ("wenjuanxing/800_800_0_by_text.xls", "wenjuanxing", "by text", 800, 14),
    ("wenjuanxing/800_800_2_by_number.xls", "wenjuanxing", "by number", 800, 36),
    ("wenjuanxing/phone_4_by_text.xls", "wenjuanxing", "by text", 4, 33),
    ("wenjuanxing/phone_4_by_number.xls", "wenjuanxing", "by number", 4, 74),
    ("wenjuanxing/handmade_by_text.xlsx", "wenjuanxing", "by text", 5, 15),
    ("wenjuanxing/handmade_by_number.xlsx", "wenjuanxing", "by number", 5, 22),
    ("wenjuan_com/college_life_gb18030_a.csv", "wenjuan", "codes", 150, 40),
    ("qualtrics/better_sample_survey.csv", "qualtrics", "three header rows", 10, 59),
    ("qualtrics/better_sample_survey.qsf", "qualtrics", "QSF", 0, None),
    ("qualtrics/side_by_side_insights.csv", "qualtrics", "three header rows", 25, 71),
    # its trailing empty column is passed over
    ("qualtrics/side_by_side_legacy.csv", "qualtrics", "legacy, two header rows", 25, 70),
    ("qualtrics/side_by_side.qsf", "qualtrics", "QSF", 0, None),
    ("qualtrics/matrix_single_legacy.csv", "qualtrics", "legacy, two header rows", 5, 29),
    ("qualtrics/matrix_single.qsf", "qualtrics", "QSF", 0, None),
    ("qualtrics/tiny_legacy_two_header_rows.csv", "qualtrics", "legacy, two header rows", 1, 15),
    ("limesurvey/visit_survey_100001.csv", "limesurvey", "full texts", 3, 646),
    ("limesurvey/structure_minimal.txt", "limesurvey", "structure, tab-separated", 0, None),
    ("limesurvey/group_1370.lsg", "limesurvey", "structure, XML", 0, None),
    ("surveymonkey/star_wars_two_headers_cp1252.csv", "surveymonkey", "two header rows", 1186, 38),
    ("surveymonkey/steak_risk_two_headers.csv", "surveymonkey", "two header rows", 550, 15),
    ("surveymonkey/flying_etiquette_one_header.csv", "surveymonkey", "one header row", 1040, 27),
    ("typeform/new_coders_2016_first_800.csv", "typeform", "one column an option", 800, 51),
    ("ms_forms/self_medication_1_45.xlsx", "microsoft_forms", "responses workbook", 45, 42),
    ("google_forms/kiosk_service_quality_ko_cp949.csv", "google_forms", "without a timestamp", 105, 163),
    ("kobo/household_water_raw_a.csv", "kobo", "rewritten by R", 160, 348),
    ("kobo/household_water_form_survey.csv", "kobo", "XLSForm", 0, None),
    ("kobo/household_water_form_choices.csv", "kobo", "choices only", 0, None),
    ("xlsform/or_other.xlsx", "kobo", "XLSForm", 0, None),
    ("xlsform/specify_other.xlsx", "kobo", "XLSForm", 0, None),
    ("xlsform/table-list.xls", "kobo", "XLSForm", 0, None),
    ("xlsform/yes_or_no_question.csv", "kobo", "XLSForm", 0, None),
    ("redcap/simple_data.csv", "redcap", "raw data", 5, 24),
    ("redcap/simple_dictionary.csv", "redcap", "data dictionary", 0, None),
    ("redcap/checkboxes-1_data.csv", "redcap", "raw data", 4, 13),
    ("redcap/checkboxes-1_dictionary.csv", "redcap", "data dictionary", 0, None),
    ("redcap/decimal-comma_data.csv", "redcap", "raw data", 4, 6),
    ("redcap/decimal-comma_dictionary.csv", "redcap", "data dictionary", 0, None),
    ("sosci/experiment_c.csv", "sosci", "codes", 143, 358),
    ("delimited_sets/example_data_a_first_1000.csv", "delimited_set", "delimited sets", 1000, 78),
    ("delimited_sets/example_data_a_meta.json", "delimited_set", "metadata", 0, None),
    ("questionnaires/wjx_credit_card_instalment_satisfaction.txt", "wenjuanxing", "import text", 0, None),
    ("spss_stata/labelled-num.sav", "spss", "system file", 1, 1),
    ("spss_stata/labelled-num-na.sav", "spss", "system file", 2, 1),
    ("spss_stata/umlauts.sav", "spss", "system file", 4, 1),
    ("spss_stata/datetime.sav", "spss", "system file", 2, 3),
    ("spss_stata/tagged-na-int.dta", "stata", "data set", 8, 1),
    ("spss_stata/sample.sav", "spss", "system file", 5, 7),
    ("spss_stata/sample.dta", "stata", "data set", 5, 7),
    ("spss_stata/sample.por", "spss", "portable file", 5, 7),
    ("spss_stata/sample_missing.sav", "spss", "system file", 7, 7),
    ("spss_stata/ordered_category.sav", "spss", "system file", 4, 1),
    ("spss_stata/simple_alltypes.sav", "spss", "system file", 6, 12),
    ("spss_stata/electric.sav", "spss", "system file", 240, 13),
    ("spss_stata/auto8.dta", "stata", "data set", 74, 13),
]
REFUSED = {"xlsform/duplicate_columns.xlsx"}


@pytest.mark.parametrize(
    ("name", "platform", "flavour", "n", "columns"), FILES, ids=[case[0] for case in FILES]
)
def test_every_file_is_recognised_and_whole(
    shared_data: Path, name: str, platform: str, flavour: str, n: int, columns: int | None
) -> None:
    export = read_export(shared_data / name)
    assert export.platform == platform
    assert flavour in export.flavour
    assert export.n == n
    assert export.definition == (columns is None)
    assert len(export.columns) == len(export.table.header) == (columns or 0)
    assert export.states.shape == (n, columns or 0)
    assert {column.question for column in export.columns} - {None} <= {q.id for q in export.questions}
    assert len(export.answers()) == len(export.metadata()) == n


def test_every_file_has_a_case(shared_data: Path) -> None:
    named = {case[0] for case in FILES} | REFUSED
    there = {
        str(path.relative_to(shared_data))
        for path in shared_data.rglob("*")
        if path.is_file() and path.parent.name not in ("malformed", shared_data.name)
    }
    assert there == named


def test_the_name_of_a_file_does_not_matter(shared_data: Path, tmp_path: Path) -> None:
    for name, platform in (
        ("wenjuanxing/handmade_by_text.xlsx", "wenjuanxing"),
        ("qualtrics/side_by_side_legacy.csv", "qualtrics"),
        ("qualtrics/side_by_side.qsf", "qualtrics"),
        ("spss_stata/sample.dta", "stata"),
    ):
        path = tmp_path / "data.bin"
        path.write_bytes((shared_data / name).read_bytes())
        assert read_export(path).platform == platform


@pytest.fixture
def export(shared_data: Path) -> Callable[..., Export]:
    def read(name: str, *companions: str) -> Export:
        return read_export(shared_data / name, companion=[shared_data / other for other in companions])

    return read


Read = Callable[..., Export]


def chosen(export: Export, question: str) -> dict[str, int]:
    """How often each option of a question was chosen."""
    answers = export.answers()
    options = [choice.label for choice in export.question(question).choices]
    return {label: int(answers[f"{question}[{label}]"].sum()) for label in options}


def test_wenjuanxing_by_text(export: Read) -> None:
    survey = export("wenjuanxing/800_800_0_by_text.xls")
    answers = survey.answers()
    assert answers["Q3"].value_counts().to_dict() == {"男": 427, "女": 373}
    assert {"美食": 492, "运动": 479}.items() <= chosen(survey, "Q6").items()
    assert "ACG文化(动漫、游戏等)" in chosen(survey, "Q8")
    assert "宠物" in set(answers["Q6[other]"].dropna())
    assert survey.table.header[8] == "3、性别 "  # kept as it stands
    assert [column.role for column in survey.columns[:6]] == [
        "respondent", "submitted_at", "seconds", "source", "channel", "ip",
    ]  # fmt: skip


def test_wenjuanxing_skips_ranks_and_matrices(export: Read) -> None:
    text, number = export("wenjuanxing/phone_4_by_text.xls"), export("wenjuanxing/phone_4_by_number.xls")
    assert [question.number for question in text.questions] == [
        "1", "2", "3", "4", "7", "12", "13", "15", "37", "38", None,
    ]  # fmt: skip
    kinds = {question.id: (question.kind, len(question.rows)) for question in number.questions}
    assert (kinds["Q3"], kinds["Q12"], kinds["Q13"]) == (("multiple", 0), ("ranking", 0), ("single", 17))
    assert number.question("Q12").choices[2].label == "触控流畅,反应快"
    (second,) = text.columns_of("Q2")
    assert (text.states[:, second.at] == State.SKIPPED).tolist() == [True, False, False, False]
    (second,) = number.columns_of("Q2")
    assert (number.states[:, second.at] == State.SKIPPED).tolist() == [True, False, False, False]
    ranks = number.answers()
    assert ranks["Q12[骁龙820处理器]"].tolist()[1] == 1
    assert ranks.filter(like="Q12[").notna().sum(axis=1).tolist() == [0, 24, 0, 5]
    assert ranks["Q7"].tolist()[1] == "中兴天机7"
    facts = text.metadata()
    assert facts["seconds"].tolist() == [5, 136, 8, 60]
    assert set(facts["province"]) == {"上海"}
    assert not {"ip", "name"} & set(facts)


def test_wenjuanxing_empty_against_skipped(export: Read) -> None:
    survey = export("wenjuanxing/handmade_by_text.xlsx")
    (second,), (sixth,) = survey.columns_of("Q2"), survey.columns_of("Q6")
    assert (survey.states[:, second.at] == State.UNANSWERED).sum() == 1  # (空)
    assert (survey.states[:, sixth.at] == State.SKIPPED).sum() == 3  # (跳过)
    assert survey.metadata()["score"].tolist()[:4] == [88, 61, 75, 96]
    typed = set(survey.answers().filter(like="[other]").stack().dropna())
    assert typed == {"代缴费用", "=1+1", "希望增加“结构性存款”"}  # data, never a formula


def test_wenjuan_metadata_at_the_end(export: Read) -> None:
    survey = export("wenjuan_com/college_life_gb18030_a.csv")
    assert survey.table.encoding == "gb18030"
    assert [column.role for column in survey.columns[-8:]] == [
        "started_at", "submitted_at", "seconds", "province", "city", "ip", "device", "other",
    ]  # fmt: skip
    serials = [int(name) for name in survey.metadata()["respondent"]]
    assert (serials[0], serials[-1], len(set(serials))) == (2, 155, 150)
    assert any("2seq" in warning for warning in survey.warnings)
    assert any(ord(letter) > 0xFFFF for cell in survey.table.rows.stack() for letter in cell_text(cell))


def test_qualtrics_with_its_definition(export: Read) -> None:
    survey = export("qualtrics/better_sample_survey.csv", "qualtrics/better_sample_survey.qsf")
    assert "12 questions in the file" in export("qualtrics/better_sample_survey.qsf").notes
    assert survey.question("q3_volunteer").kind == "multiple"
    assert survey.question("q1_recent").kind == "multiple"
    assert len(survey.question("q1_recent").rows) == 3
    assert [choice.code for choice in survey.question("q4_rank").choices] == ["1", "2", "3", "-1"]
    assert set(survey.answers()["q2_favorite"].dropna()) <= {"Canteloupe", "Kiwi", "Pomagranite"}
    assert survey.metadata()["test"].all()  # Status is 2 throughout
    assert any("10 of 10 rows are previews or tests" in warning for warning in survey.warnings)


def test_qualtrics_codes_that_repeat(export: Read) -> None:
    survey = export("qualtrics/matrix_single_legacy.csv", "qualtrics/matrix_single.qsf")
    names = [survey.table.header[column.at] for column in survey.columns]
    assert names.count("question_one") == 3
    for question in ("Q3", "Q5", "matrix_question_five"):
        assert [row.id for row in survey.question(question).rows] == ["1", "2", "3"]
        assert survey.answers()[f"{question}[1]"].notna().any()
    assert [choice.code for choice in survey.question("Q5").choices] == ["10", "11", "12", "13"]
    assert "matrix_question_five[other]" in survey.answers()
    n_questions = {"better_sample_survey": 12, "matrix_single": 5, "side_by_side": 8}
    for name, n in n_questions.items():
        assert f"{n} questions in the file" in export(f"qualtrics/{name}.qsf").notes


def test_limesurvey(export: Read) -> None:
    structure = export("limesurvey/structure_minimal.txt")
    told = "24 rows of class G, 36 rows of class Q, 62 rows of class SQ, 98 rows of class A"
    assert told in structure.notes
    survey = export("limesurvey/visit_survey_100001.csv")
    assert survey.metadata()["finished"].tolist() == [True, False, True]
    assert survey.answers().notna().any(axis=1).tolist() == [True, False, True]
    assert len(survey.with_role("page_seconds")) > 20
    assert survey.table.header[9] == ""
    visits = next(question for question in survey.questions if "planning to visit any" in question.text)
    assert visits.kind == "multiple"
    assert visits.choices[0].label == "Bar"


def test_surveymonkey(export: Read) -> None:
    survey = export("surveymonkey/star_wars_two_headers_cp1252.csv")
    assert survey.table.encoding == "cp1252"
    kinds = [(question.kind, len(question.rows), len(question.choices)) for question in survey.questions]
    assert kinds[2] == ("multiple", 0, 6)
    assert kinds[3] == ("ranking", 0, 6)
    assert kinds[4] == ("single", 14, 6)
    raw = pd.read_csv(
        Path(__file__).parents[2] / "shared/data/surveymonkey/star_wars_two_headers_cp1252.csv",
        encoding="cp1252", skiprows=[1],
    )  # fmt: skip
    answers = survey.answers()
    assert (answers["Q1"] == "Yes").sum() == (raw.iloc[:, 1] == "Yes").sum()
    assert chosen(survey, "Q3").popitem()[1] == raw.iloc[:, 8].notna().sum()
    ranks = answers.filter(like="Q4[").to_numpy()
    assert (ranks[~pd.isna(ranks)] == raw.iloc[:, 9:15].to_numpy()[~pd.isna(ranks)]).all()
    steak = export("surveymonkey/steak_risk_two_headers.csv")
    assert "<br>" not in steak.questions[0].text
    assert steak.questions[0].text.startswith("Consider the following")


def test_typeform(export: Read) -> None:
    survey = export("typeform/new_coders_2016_first_800.csv")
    lost = [question for question in survey.questions if question.kind == "multiple"]
    assert [len(question.choices) for question in lost] == [10, 12, 6]
    assert lost[0].choices[0].label == "coffee-and-codes"
    assert [column.role for column in survey.columns[-3:]] == ["started_at", "submitted_at", "other"]
    assert survey.metadata()["seconds"].min() > 0


def test_microsoft_forms(export: Read) -> None:
    survey = export("ms_forms/self_medication_1_45.xlsx")
    reasons = survey.question("Q13")
    assert reasons.kind == "multiple"
    assert not any(choice.label.endswith(";") or not choice.label for choice in reasons.choices)
    assert survey.metadata()["respondent"].tolist()[0] == "3"
    assert survey.metadata()["started_at"].notna().all()
    assert set(survey.answers()["Q3"]) >= {"Married", "Unmarried"}  # without the trailing space


def test_google_forms(export: Read) -> None:
    survey = export("google_forms/kiosk_service_quality_ko_cp949.csv")
    assert survey.table.encoding == "cp949"
    pairs = [question for question in survey.questions if question.text.endswith("(기대 설문)")]
    assert len(pairs) == 24
    used = next(question for question in survey.questions if question.kind == "multiple")
    assert {"ATM", "패스트 푸드점 키오스크", "카페 키오스크"} <= {choice.label for choice in used.choices}


def test_kobo_with_its_form(export: Read) -> None:
    survey = export(
        "kobo/household_water_raw_a.csv",
        "kobo/household_water_form_survey.csv",
        "kobo/household_water_form_choices.csv",
    )
    sources = survey.question("water_sources")
    assert sources.kind == "multiple"
    joined, *spread = survey.columns_of("water_sources")
    assert joined.part == "joined"
    assert {column.part for column in spread} == {"option"}
    assert not any("disagree" in warning for warning in survey.warnings)
    for column in spread:
        cells = pd.Series(survey.cells(column.at))
        code = sources.choices[column.choice or 0].code
        in_joined = pd.Series([code in str(cell).split(" ") for cell in survey.cells(joined.at)])
        assert (cells.map(cell_text) == "TRUE")[cells.notna()].equals(in_joined[cells.notna()])
    assert survey.question("gender_hoh").choices[0].label == "Male"
    assert set(survey.question("gender_hoh").texts) == {"English (en)", "Arabic (ar)"}


def test_forms(export: Read, shared_data: Path) -> None:
    assert "235 rows of survey, 0 of choices" in export("kobo/household_water_form_survey.csv").notes
    assert "2 rows of survey, 5 of choices" in export("xlsform/or_other.xlsx").notes
    assert "1 rows of survey, 2 of choices" in export("xlsform/specify_other.xlsx").notes
    assert export("xlsform/or_other.xlsx").questions[0].choices[-1].other
    table = export("xlsform/table-list.xls")
    assert [len(question.rows) for question in table.questions] == [2, 2]
    choices = read_table(shared_data / "xlsform/table-list.xls", sheet="choices")
    assert choices.rows.index.max() - 1 == 23  # with the blank rows between the lists
    with pytest.raises(AnswersError, match="2 columns of this name"):
        export("xlsform/duplicate_columns.xlsx")


def test_redcap_with_its_dictionary(export: Read) -> None:
    checks = export("redcap/checkboxes-1_data.csv", "redcap/checkboxes-1_dictionary.csv")
    assert [choice.label for choice in checks.question("check_one").choices] == [
        "one",
        "two",
        "three",
        "four",
    ]
    assert checks.answers()["check_one[one]"].tolist() == [1, 0, 1, 0]
    commas = export("redcap/decimal-comma_data.csv", "redcap/decimal-comma_dictionary.csv").answers()
    assert commas["height"].tolist() == [1.54, 1.84, 1.95, 1.61]
    assert commas["bmi"].tolist() == [22.1, 27.3, 32.5, 17.7]
    simple = export("redcap/simple_data.csv", "redcap/simple_dictionary.csv")
    assert {column.role for column in simple.columns[1:6]} <= {"name", "phone", "email"}
    assert len(simple.with_role("status")) == 3


def test_sosci(export: Read) -> None:
    survey = export("sosci/experiment_c.csv")
    facts = survey.metadata()
    assert facts["test"].sum() == 41  # debug 40, admin 1
    assert facts["finished"].sum() == 108
    assert len([name for name in facts if name.startswith("page_seconds_")]) == 16
    raw = survey.table.rows.map(cell_text)
    asked = [column.at for column in survey.columns if column.question is not None]
    assert ((raw[asked] == "-9").to_numpy() <= (survey.states[:, asked] == State.UNANSWERED)).all()
    assert len(survey.question("TR02").rows) == 96


def test_delimited_sets_with_metadata(export: Read) -> None:
    survey = export("delimited_sets/example_data_a_first_1000.csv", "delimited_sets/example_data_a_meta.json")
    for name in ("q2", "q3", "q8", "q9"):
        assert survey.question(name).kind == "multiple"
    assert survey.question("gender").choices[0].label == "Male"
    assert len(survey.question("q14_1").rows) == 10
    assert survey.question("q14_1").choices[4].label == "Strongly agree"
    raw = pd.Series(survey.cells(survey.columns_of("q3")[0].at)).dropna()
    assert chosen(survey, "q3")["Basketball"] == raw.str.split(";").map(lambda codes: "1" in codes).sum()


def test_import_text(export: Read) -> None:
    survey = export("questionnaires/wjx_credit_card_instalment_satisfaction.txt")
    assert len(survey.questions) == 19
    assert survey.questions[1].text == "请问您性别是"
    assert [choice.label for choice in survey.questions[1].choices] == ["男", "女"]


def test_statistical_files_keep_kinds_of_missing(export: Read) -> None:
    tagged = export("spss_stata/tagged-na-int.dta")
    assert (tagged.states[:, 0] == State.DECLARED).sum() == 3
    assert [choice.code for choice in tagged.question("x").choices if choice.missing] == [".a", ".h", ".z"]
    missing = export("spss_stata/sample_missing.sav")
    assert [int((missing.states[:, at] == State.DECLARED).sum()) for at in (1, 4, 5)] == [2, 1, 2]
    electric = export("spss_stata/electric.sav")
    (day,) = electric.columns_of("DAYOFWK")
    assert (electric.states[:, day.at] == State.DECLARED).sum() == 130
    auto = export("spss_stata/auto8.dta")
    assert (auto.states[:, 12] == State.DECLARED).sum() == 74  # .r throughout
    assert auto.question("foreign").choices[1].label == "Foreign"


def test_multiple_response_sets(export: Read) -> None:
    survey = export("spss_stata/simple_alltypes.sav")
    answers = survey.answers()
    assert answers["mymrset[Response #1]"].tolist() == [1, 1, 0, 0, 0, 1]
    first = [name for name in answers if name.startswith("categorical_array[")]
    raw = survey.table.rows[[column.at for column in survey.columns_of("categorical_array")]]
    labels = survey.table.value_labels["ca_subvar_1"]
    for place, cells in enumerate(raw.itertuples(index=False)):
        expected = {labels[cell] for cell in cells if cell in labels}
        assert {name[18:-1] for name in first if answers[name][place] == 1} == expected


def test_encodings_are_told(export: Read) -> None:
    assert export("spss_stata/umlauts.sav").table.encoding == "UTF-8"
    assert export("employees/ibm_hr_attrition.csv").table.header[0] == "Age"

"""The command line: words in, one call of ``reports.commands`` out.

Only argparse and the exit statuses are imported here, so that ``tierstudy --help`` answers at once; what a
command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from reports.exit_status import BAD_INPUT, DONE

#: As in ``surveys.platforms.export``, which is too heavy to import for a line of help.
PLATFORMS = (
    "wenjuanxing",
    "wenjuan",
    "tencent",
    "qualtrics",
    "limesurvey",
    "surveymonkey",
    "google_forms",
    "microsoft_forms",
    "typeform",
    "kobo",
    "redcap",
    "sosci",
    "delimited_set",
    "spss",
    "stata",
    "plain",
)

#: What a file of answers may be.
ANSWERS = (
    "CSV, Excel, SPSS or Stata, or an export of Wenjuanxing (问卷星), Wenjuan (问卷网), Tencent (腾讯问卷), Qualtrics, "
    "LimeSurvey, SurveyMonkey, Google or Microsoft Forms, Typeform, KoBo/ODK, REDCap or SoSci Survey"
)

DESCRIPTION = """\
From the questionnaires of a study of tiered customer management to findings anyone can check.

  tierstudy reproduce                      the built-in study on its synthetic sample, report in two languages
  tierstudy new mystudy                    start a study of your own: text files to edit
  tierstudy check mystudy                  everything that is wrong with them, with file and line
  tierstudy plan mystudy --out out/plan    how many to ask, before anybody is asked
  tierstudy run mystudy --data customers=answers.xlsx --out out/mystudy
"""

EPILOG = """\
exit status: 0 done; 1 the analysis ran, but something it was asked for could not be given
(it says what and why); 2 the input is at fault (it says where, what was seen, what was expected
and what to do). Nothing is sent anywhere: all work is done on this machine.
"""


def parser() -> argparse.ArgumentParser:
    """The grammar of the command line."""
    root = argparse.ArgumentParser(
        prog="tierstudy",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    root.add_argument("--version", action="store_true", help="print the version and stop")
    commands = root.add_subparsers(dest="command", metavar="COMMAND")

    def command(name: str, summary: str, details: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n\n{details}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        sub.add_argument("--quiet", action="store_true", help="print nothing but errors")
        return sub

    def reporting(sub: argparse.ArgumentParser, out: str | None) -> None:
        sub.add_argument(
            "--out", metavar="DIR", default=out, required=out is None, help="folder for the results"
        )
        sub.add_argument(
            "--lang",
            metavar="en,zh",
            default=None,
            help="languages of the report (default: those of the study)",
        )
        sub.add_argument(
            "--figures",
            metavar="png,svg,pdf",
            default="png,svg",
            help="formats of the figure files (default: png,svg)",
        )

    reproduce = command(
        "reproduce",
        "Simulate the built-in study's labelled synthetic sample and analyse it.",
        "Writes report.en.pdf, report.zh.pdf, figures/, tables/, results.json and screening.csv.\n"
        "The answers are made by a documented simulation; no result is a fact about any bank.",
    )
    reporting(reproduce, "out/bank_tiering")
    reproduce.add_argument(
        "--seed", type=int, default=None, help="seed of the simulation (default: the study's)"
    )
    reproduce.add_argument(
        "--model", default="claims_hold", help="population to draw from: claims_hold (default) or no_effect"
    )

    run = command(
        "run",
        "Analyse a study on real exports and write its report.",
        "example:\n"
        "  tierstudy run mystudy --data customers=c.xlsx --data employees=e.sav --out out/mystudy --lang zh\n\n"
        "A population without data is left out; hypotheses that need it end as 'cannot tell'.",
    )
    run.add_argument("study", help="study folder, or the name of a built-in study")
    run.add_argument(
        "--data",
        metavar="POPULATION=FILE",
        action="append",
        nargs="+",
        required=True,
        help=f"a population's answers: {ANSWERS}; POPULATION@WAVE=FILE for each of several waves, in order",
    )
    run.add_argument(
        "--corrections",
        metavar="POPULATION=FILE",
        action="append",
        help="corrections of a population's answers (respondent, item, old, new, why, who); logged in corrections.csv",
    )
    reporting(run, None)
    explaining(run)
    reading(run)

    quality = command(
        "quality",
        "Say how far the answers can be trusted: checks of every respondent, and signs of made-up answers.",
        "Writes quality.csv, quality.json and quality.LANGUAGE.pdf. Flags convict nobody, and nobody is set aside for them.",
    )
    quality.add_argument("study", help="study folder, or the name of a built-in study")
    quality.add_argument(
        "--data",
        metavar="POPULATION=FILE",
        action="append",
        nargs="+",
        required=True,
        help=f"a population's answers: {ANSWERS}; POPULATION@WAVE=FILE for each of several waves, in order",
    )
    quality.add_argument("--out", metavar="DIR", required=True, help="folder for the results")
    quality.add_argument("--lang", metavar="en,zh", help="languages of the PDF (default: those of the study)")
    quality.add_argument(
        "--draws",
        metavar="N",
        type=int,
        default=99,
        help="honest files to compare with, each kind; 0: none (default: 99)",
    )
    explaining(quality)
    reading(quality)

    plan = command(
        "plan",
        "Plan a study's respondents: power of its own tests, quotas, invitations.",
        "Writes plan.json, plan.csv, plan.LANGUAGE.pdf, quota.xlsx, quota.csv and the figure of power.\n"
        "Expected effects come from the study's population file, else from --effect, else from convention.\n\n"
        "example:\n"
        "  tierstudy plan mystudy --n customers=900 --response-rate customers=0.2 --out out/plan",
    )
    planning(plan)

    new = command(
        "new",
        "Start a study of your own: a copy of the built-in one to edit.",
        "The folder must not exist yet. Edit study.yaml and the questionnaires, then run `tierstudy check`.",
    )
    new.add_argument("folder", help="folder to create")

    check = command(
        "check",
        "Say everything that is wrong with a study's files.",
        "Every fault is named with file, line, what was seen, what was expected and what to do.",
    )
    check.add_argument("study", help="study folder, or the name of a built-in study")

    simulate = command(
        "simulate",
        "Write synthetic exports of a study from stated population parameters.",
        "The files say 'synthetic' in their names and in a column of their own.",
    )
    simulate.add_argument("study", help="study folder, or the name of a built-in study")
    simulate.add_argument("--out", metavar="DIR", required=True, help="folder for the files")
    simulate.add_argument("--seed", type=int, required=True, help="the same seed gives the same bytes")
    simulate.add_argument(
        "--model", default="claims_hold", help="a file in the study's populations/ folder, or a path"
    )
    simulate.add_argument(
        "--answers", choices=["codes", "labels"], default="labels", help="how answers are written"
    )
    simulate.add_argument("--lang", choices=["en", "zh"], default="zh", help="language of headers and labels")

    inspect = command(
        "inspect",
        "Say what a data file is: platform, encoding, questions, columns, and what looks wrong.",
        "With --questionnaire it also says which item each column was taken for.",
    )
    inspect.add_argument("file", help=ANSWERS)
    inspect.add_argument("--questionnaire", metavar="Q", help="questionnaire file to match the columns with")
    inspect.add_argument("--json", action="store_true", help="print what was found as JSON")
    exporting(inspect)
    reading(inspect)

    ingest = command(
        "ingest",
        "Turn an export into tidy coded data plus a codebook.",
        "Writes FILE (Parquet, CSV or Excel) and beside it codebooks (.codebook.csv, .html, .xlsx) and everything that\n"
        "was decided on the way (.log.json). Text that a spreadsheet would take for a formula is neutralised in\n"
        "CSV and Excel; personal data are left out.",
    )
    ingest.add_argument("file", help=ANSWERS)
    ingest.add_argument("--questionnaire", metavar="Q", required=True, help="questionnaire file")
    ingest.add_argument(
        "--corrections", metavar="FILE", help="corrections to make: respondent, item, old, new, why, who"
    )
    ingest.add_argument(
        "--minimum-cell",
        metavar="N",
        type=int,
        default=5,
        help="smallest count that the codebook tells (default: 5)",
    )
    ingest.add_argument(
        "--pseudonym-key",
        metavar="FILE",
        help="respondents go by hashes keyed with this file, made if need be; keep it apart from the data",
    )
    ingest.add_argument(
        "--keep-identifiers",
        action="store_true",
        help="leave names, phones, addresses and the like in open answers (they are masked otherwise)",
    )
    ingest.add_argument(
        "--quasi-identifiers",
        metavar="ITEM,ITEM",
        help="report k-anonymity of these columns, such as SEX,AGE,BRANCH",
    )
    ingest.add_argument("--out", metavar="FILE", required=True, help="file to write: .parquet, .csv or .xlsx")
    exporting(ingest)
    reading(ingest)

    draft = command(
        "draft",
        "Draft a questionnaire file from an export or from another tool's survey definition.",
        "Reads a Qualtrics .qsf, a LimeSurvey structure (.txt, .lsg, .lss), an XLSForm, a REDCap dictionary, the labels\n"
        "of an SPSS or Stata file, the text that Wenjuanxing (问卷星) imports, and any export of answers. What has to be\n"
        "edited by hand is marked by comments.",
    )
    draft.add_argument("file", help="export or survey definition")
    draft.add_argument("--out", metavar="FILE", required=True, help="questionnaire file to write (.yaml)")
    draft.add_argument(
        "--companion",
        metavar="FILE",
        action="append",
        help="file that explains it, such as the choices of a form",
    )
    draft.add_argument("--force", action="store_true", help="replace the file if it exists")
    reading(draft)

    form = command(
        "form",
        "Write a questionnaire out for fielding: XLSForm, Word, Wenjuanxing (问卷星) text or LimeSurvey structure.",
        "Says what the format cannot carry and has to be set on the platform.",
    )
    form.add_argument("questionnaire", help="questionnaire file")
    form.add_argument(
        "--format",
        choices=["xlsform", "docx", "wjx-text", "limesurvey"],
        required=True,
        help="xlsform (KoBo, ODK), docx (to print), wjx-text (问卷星 import), limesurvey (tab-separated structure)",
    )
    form.add_argument("--out", metavar="FILE", required=True, help="file to write")
    form.add_argument(
        "--lang", metavar="en,zh", help="languages, one for docx and wjx-text (default: all, or the first)"
    )
    form.add_argument("--force", action="store_true", help="replace the file if it exists")
    return root


def planning(sub: argparse.ArgumentParser) -> None:
    """The options of a plan."""
    sub.add_argument("study", help="study folder, or the name of a built-in study")
    sub.add_argument("--out", metavar="DIR", required=True, help="folder for the results")
    sub.add_argument("--lang", metavar="en,zh", help="languages of the PDF (default: those of the study)")
    sub.add_argument(
        "--model",
        metavar="NAME",
        help="population that states the effects: a file in the study's populations/ folder, a path, or `none` "
        "(default: claims_hold, or the only one there is)",
    )
    for name, metavar, words in (
        ("--n", "POPULATION=N", "answers to collect (default: the population file's, or those needed)"),
        ("--branches", "POPULATION=N", "branches the answers come from (default: the population file's)"),
        (
            "--effect",
            "HYPOTHESIS=X",
            "expected effect in the claimed direction; H4.2=X is of the second test of H4",
        ),
        ("--response-rate", "POPULATION=SHARE", "share of those invited who answer"),
        (
            "--set-aside",
            "POPULATION=SHARE",
            "share of answers lost by screening (default: the population file's)",
        ),
        ("--icc", "POPULATION=SHARE", "intraclass correlation within branches, where no population file is"),
    ):
        sub.add_argument(name, metavar=metavar, action="append", help=f"{words}; may be given again")
    sub.add_argument(
        "--power",
        type=float,
        default=0.8,
        metavar="SHARE",
        help="power wanted for every claim (default: 0.8)",
    )
    sub.add_argument(
        "--simulate",
        type=int,
        metavar="SAMPLES",
        help="samples drawn and judged, 0: none (default: 40 where there is a population file)",
    )
    sub.add_argument("--seed", type=int, help="of the simulation (default: the study's)")
    sub.add_argument(
        "--minimum-per-tier",
        type=int,
        default=30,
        metavar="N",
        help="least quota of a tier, which oversamples small ones (default: 30)",
    )


def exporting(sub: argparse.ArgumentParser) -> None:
    """What explains one export."""
    sub.add_argument(
        "--companion",
        metavar="FILE",
        action="append",
        help="file that explains it: a .qsf, a LimeSurvey structure, an XLSForm, a REDCap dictionary, JSON metadata, "
        "or the other download of Wenjuanxing (问卷星); may be given again",
    )
    sub.add_argument(
        "--platform",
        metavar="NAME",
        choices=PLATFORMS,
        help=f"the platform, when the one found by content is wrong: {', '.join(PLATFORMS)}",
    )
    sub.add_argument(
        "--mapping",
        metavar="FILE",
        help="YAML file that says which column is which item: `header: ITEM`, or `ignore`",
    )


def explaining(sub: argparse.ArgumentParser) -> None:
    """The same for the exports of several populations."""
    sub.add_argument(
        "--mapping",
        metavar="POPULATION=FILE",
        action="append",
        help="YAML file that says which column of a population's answers is which item",
    )
    sub.add_argument(
        "--companion",
        metavar="POPULATION=FILE",
        action="append",
        help="file that explains a population's answers, such as a .qsf or a form; may be given again",
    )


def reading(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--encoding", help="of a text file, when the one decided on is wrong")
    sub.add_argument("--sheet", help="of a workbook (default: the first that holds answers)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the value is the exit status."""
    root = parser()
    options = root.parse_args(argv)
    if options.version:
        from importlib.metadata import version

        print(f"tierstudy {version('tierstudy')}")  # noqa: T201
        return DONE
    if options.command is None:
        root.print_help()
        return BAD_INPUT
    # helper processes share the cores; the linear algebra beneath them must not ask for all of them again
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from reports.commands import perform

    try:
        return perform(options)
    except KeyboardInterrupt:
        print("Stopped. Nothing half-written was left behind.", file=sys.stderr)  # noqa: T201
        return 130

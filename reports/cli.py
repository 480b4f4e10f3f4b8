"""The command line: words in, one call of ``reports.commands`` out.

Only argparse is imported here, so that ``tierstudy --help`` answers at once; what a command needs
is imported when it runs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

DONE, INCOMPLETE, BAD_INPUT = 0, 1, 2

DESCRIPTION = """\
From the questionnaires of a study of tiered customer management to findings anyone can check.

  tierstudy reproduce                      the built-in study on its synthetic sample, report in two languages
  tierstudy new mystudy                    start a study of your own: text files to edit
  tierstudy check mystudy                  everything that is wrong with them, with file and line
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
        help="a population's answers: CSV, Excel or SPSS",
    )
    reporting(run, None)
    reading(run)

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
        "Say what a data file is: kind, encoding, columns, and what looks wrong.",
        "With --questionnaire it also says which item each column was taken for.",
    )
    inspect.add_argument("file", help="CSV, Excel or SPSS file")
    inspect.add_argument("--questionnaire", metavar="Q", help="questionnaire file to match the columns with")
    reading(inspect)

    ingest = command(
        "ingest",
        "Turn an export into tidy coded data plus a codebook.",
        "Writes FILE (CSV or XLSX) and FILE.codebook.csv. Text that a spreadsheet would take for a formula\n"
        "is neutralised; personal data are left out.",
    )
    ingest.add_argument("file", help="CSV, Excel or SPSS file")
    ingest.add_argument("--questionnaire", metavar="Q", required=True, help="questionnaire file")
    ingest.add_argument("--out", metavar="FILE", required=True, help="file to write: .csv or .xlsx")
    reading(ingest)
    return root


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
    from reports.commands import perform

    try:
        return perform(options)
    except KeyboardInterrupt:
        print("Stopped. Nothing half-written was left behind.", file=sys.stderr)  # noqa: T201
        return 130

"""How long a million respondents take to read, validate and screen, beside pandas.read_csv alone.

uv run python benchmarks/reading_speed.py [--rows 1000000] [--columns 60]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Section
from surveys.read import read_answers
from surveys.screening import screen
from surveys.study import ScreeningRule

AGREE = Scale(
    id="agree5",
    options=tuple(Option(code=code, label={"en": f"Point {code}"}) for code in range(1, 6)),
)

ATTENTION = 20  #: number of the item that asks for a certain answer
RULES = tuple(
    ScreeningRule(kind=kind, options=options)  # type: ignore[arg-type]
    for kind, options in (
        ("missing", {"max_share": 0.5}),
        ("straightlining", {"longest_run": 20, "max_irv": 0.1}),
        ("duplicates", {}),
        ("mahalanobis", {"p_value": 0.001}),
        ("duration", {"seconds_per_item": 2}),
        ("attention", {}),
    )
)


def write(path: Path, rows: int, columns: int, seed: int = 1) -> None:
    """An id, a start, seconds and Likert items with one answer in fifty missing."""
    rng = np.random.default_rng(seed)
    start = np.datetime64("2024-05-01T08:00:00") + rng.integers(0, 10**6, rows).astype("timedelta64[s]")
    frame = {
        "respondent": np.arange(1, rows + 1).astype(str),
        "started": np.char.replace(start.astype(str), "T", " "),
        "seconds": rng.integers(60, 900, rows).astype(str),
    }
    points = np.array(["", "1", "2", "3", "4", "5"], dtype=object)
    for at in range(columns - len(frame)):
        frame[f"Q{at + 1}"] = points[rng.choice(6, rows, p=[0.02, *[0.196] * 5])]
    pd.DataFrame(frame).to_csv(path, index=False)


def questionnaire(columns: int) -> Questionnaire:
    """The items of the file."""
    return Questionnaire(
        id="q",
        title={"en": "Q"},
        languages=("en",),
        sections=(Section(id="a", title={"en": "A"}),),
        scales={"agree5": AGREE},
        items=tuple(
            Item(
                id=f"Q{at}",
                kind="single",
                scale=AGREE,
                section="a",
                text={"en": f"Statement {at}"},
                attention=4 if at == ATTENTION else None,
            )
            for at in range(1, columns - 2)
        ),
        constructs=tuple(
            Construct(
                id=f"c{start}",
                label={"en": f"Construct {start}"},
                items=tuple(f"Q{at}" for at in range(start, min(start + 6, columns - 2)) if at != ATTENTION),
                valid_share=0.5,
            )
            for start in range(1, columns - 2, 6)
        ),
        metadata={"started_at": ("started",), "seconds": ("seconds",)},
    )


def peak() -> float:
    """Largest memory so far, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def measure(path: Path, columns: int, what: str) -> None:
    """One road alone, in a process of its own, so that its memory is its own."""
    start = time.perf_counter()
    if what == "pandas":
        n = len(pd.read_csv(path))
        print(f"pandas.read_csv: {time.perf_counter() - start:.1f} s, {n:,} rows, peak {peak():.2f} GiB")
        return
    responses = read_answers(path, questionnaire(columns))
    read = time.perf_counter() - start
    print(f"read and validate: {read:.1f} s, {responses.n:,} respondents, peak {peak():.2f} GiB")
    screening = screen(responses, RULES)
    whole = time.perf_counter() - start
    print(f"read, validate and screen: {whole:.1f} s, {screening.n:,} kept, peak {peak():.2f} GiB")
    for rule in screening.ledger:
        reason = "" if rule.applicable else f" ({rule.reason})"
        print(f"  {rule.name}: {rule.n_flagged:,} of {rule.n_judged:,} flagged{reason}")


def main() -> None:
    """Write the file, then measure both roads."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--columns", type=int, default=60)
    options.add_argument("--measure", nargs=2, metavar=("FILE", "WHAT"))
    given = options.parse_args()
    if given.measure:
        measure(Path(given.measure[0]), given.columns, given.measure[1])
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answers.csv"
        write(path, given.rows, given.columns)
        print(f"{given.rows:,} x {given.columns}: {path.stat().st_size / 2**20:.0f} MiB")
        taken = []
        for what in ("pandas", "tierstudy"):
            start = time.perf_counter()
            command = [
                sys.executable,
                __file__,
                "--columns",
                str(given.columns),
                "--measure",
                str(path),
                what,
            ]
            subprocess.run(command, check=True)
            taken.append(time.perf_counter() - start)
        print(f"ratio to pandas.read_csv, with start-up: {taken[1] / taken[0]:.1f}")


if __name__ == "__main__":
    main()

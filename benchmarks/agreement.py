"""How far our numbers are from those of R, counted from what the tests compare.

Runs the tests that read ``tests/reference/*.csv`` and watches their comparisons: every number of a stored
table that one of ours is compared with is counted once, with the errors that it met.

    uv run python benchmarks/agreement.py --out docs/agreement.md
"""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "tests" / "reference"

#: A reference nearer to zero than this is divided by this: the error is absolute there.
FLOOR = 1e-8
#: The fixture that hands numbers of a stored table to a test.
READER = "computed_by_r"
#: Tests that compare with a function of their own, called with ours, the reference, and a tolerance.
OWN_COMPARISONS = {"test_sem_models": "same"}
#: Tests of random draws on both sides: they show that two simulations agree, not two formulas.
DRAWN = {
    "test_random_eigenvalues_have_the_means_that_r_draws",
    "test_imputed_answers_say_what_those_of_mice_say",
    "test_the_bootstrap_comes_near_the_linearised_error",
    "test_errors_and_percentiles_are_those_of_lavaan_within_simulation_error",
}
#: A looser tolerance is a comparison with digits that the reference does not have.
COARSE = 1.5e-4
#: Below this, an error is reported in absolute terms.
SMALL = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A line of the page: which tests belong to it, and what must be said about its conventions."""

    area: str
    tests: tuple[str, ...]
    convention: str = ""
    loose: str = "stated beside the comparison"


def areas() -> list[Area]:
    """Those of ``agreement.yaml``, in the order of the page."""
    rows = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8"))
    return [Area(**row | {"tests": tuple(row["tests"])}) for row in rows]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """One number of ours beside one of a stored table."""

    module: str
    test: str
    table: str
    reference: float
    ours: float
    rel: float
    abs: float

    @property
    def error(self) -> float:
        """``|ours - reference| / max(|reference|, 1e-8)``."""
        return abs(self.ours - self.reference) / max(abs(self.reference), FLOOR)

    @property
    def tolerance(self) -> float:
        """What the test allows: relative, or absolute where it states no other."""
        return self.rel or self.abs


def scalars(ours: object, expected: object) -> Iterator[tuple[float, float]]:
    """Pairs of numbers of two things of one shape; what is no number is passed over."""
    if isinstance(expected, Mapping):
        if isinstance(ours, Mapping):
            for key in expected.keys() & ours.keys():
                yield from scalars(ours[key], expected[key])
    elif isinstance(expected, np.ndarray | pd.Series) or isinstance(ours, np.ndarray | pd.Series):
        with_numbers = np.broadcast_arrays(np.asarray(ours, dtype=float), np.asarray(expected, dtype=float))
        yield from zip(*(array.ravel().tolist() for array in with_numbers), strict=True)
    elif isinstance(expected, Sequence) and not isinstance(expected, str):
        if isinstance(ours, Sequence):
            for one, other in zip(ours, expected, strict=False):
                yield from scalars(one, other)
    else:
        numbers = (int, float, np.integer, np.floating)
        if isinstance(ours, numbers) and isinstance(expected, numbers):
            yield float(ours), float(expected)


@dataclass(slots=True, kw_only=True)
class Recorder:
    """Keeps each comparison of ours with a number that stands in a table the test's module has read."""

    comparisons: list[Comparison] = field(default_factory=list)
    #: by module and table: the magnitudes that stand in it
    stored: dict[str, dict[str, set[float]]] = field(default_factory=dict)
    module: str = ""
    test: str = ""
    listening: bool = False

    def begin(self, module: str, test: str, fixtures: set[str]) -> None:
        """Whose comparisons come next; only tests that are handed stored numbers are listened to."""
        self.module, self.test = module, test
        self.listening = READER in fixtures and test not in DRAWN

    def know(self, table: str, frame: pd.DataFrame) -> None:
        """The numbers of a table that the test now running has read."""
        columns = [pd.to_numeric(frame[name], errors="coerce") for name in frame.columns]
        values = {abs(float(v)) for column in columns for v in column if math.isfinite(v)}
        self.stored.setdefault(self.module, {})[table] = values
        self.listening = self.test not in DRAWN

    def note(self, ours: object, expected: object, rel: float, abs_: float) -> None:
        """Record the pairs whose expected number stands in a table (its sign may be turned)."""
        if not self.listening:
            return
        for mine, theirs in scalars(ours, expected):
            for table, values in self.stored.get(self.module, {}).items():
                if abs(theirs) in values and math.isfinite(mine):
                    self.comparisons.append(
                        Comparison(
                            module=self.module,
                            test=self.test,
                            table=table,
                            reference=theirs,
                            ours=mine,
                            rel=rel,
                            abs=abs_,
                        )
                    )
                    break

    def approx(self, real: Callable[..., object]) -> Callable[..., object]:
        """``pytest.approx`` that compares as ever, and notes what it found equal."""

        def recorded(
            expected: object, rel: float | None = None, abs: float | None = None, nan_ok: bool = False
        ) -> Recorded:
            return Recorded(real(expected, rel=rel, abs=abs, nan_ok=nan_ok), expected, rel, abs, self)

        return recorded


class Recorded:
    """What stands on the right of ``ours == approx(expected)``."""

    # so that arrays leave the comparison to us, as they do for pytest's own
    __array_ufunc__ = None
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]

    def __init__(
        self, inner: object, expected: object, rel: float | None, abs_: float | None, recorder: Recorder
    ) -> None:
        self.inner, self.expected, self.recorder = inner, expected, recorder
        # pytest's own defaults; an absolute tolerance alone leaves no relative one
        self.rel = rel if rel is not None else (0.0 if abs_ is not None else 1e-6)
        self.abs = abs_ if abs_ is not None else 1e-12

    def __eq__(self, ours: object) -> bool:
        equal = bool(ours == self.inner)
        if equal:  # a test that passes in spite of an unequal pair meant to compare something else
            self.recorder.note(ours, self.expected, self.rel, self.abs)
        return equal

    def __repr__(self) -> str:
        return repr(self.inner)


class Watch:
    """The pytest plugin: tells the recorder who runs, what was read, and what was compared."""

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder
        self.undo = pytest.MonkeyPatch()
        read_csv, assert_allclose = pd.read_csv, np.testing.assert_allclose

        def read(source: object, *args: object, **options: object) -> object:
            frame = read_csv(source, *args, **options)  # type: ignore[call-overload]
            if isinstance(source, Path) and source.parent == REFERENCE and by_r(source.stem):
                recorder.know(source.stem, frame)
            return frame

        def close(ours: Any, expected: Any, rtol: float = 1e-7, atol: float = 0, **more: Any) -> None:
            assert_allclose(ours, expected, rtol=rtol, atol=atol, **more)
            recorder.note(ours, expected, rtol, atol)

        self.undo.setattr(pytest, "approx", recorder.approx(pytest.approx))
        self.undo.setattr(pd, "read_csv", read)
        self.undo.setattr(np.testing, "assert_allclose", close)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for module in {item.module for item in items if isinstance(item, pytest.Function)}:
            self.wrap_own_comparison(module)

    def wrap_own_comparison(self, module: ModuleType) -> None:
        name = OWN_COMPARISONS.get(module.__name__.rpartition(".")[2])
        if name is None:
            return
        real = getattr(module, name)

        def recorded(ours: dict[str, float], wanted: dict[str, float], rel: float, **more: float) -> object:
            unequal = real(ours, wanted, rel, **more)
            both = {key: value for key, value in wanted.items() if key in ours and key not in unequal}
            self.recorder.note(ours, both, rel, rel * more.get("floor", 1e-3))
            return unequal

        setattr(module, name, recorded)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> None:
        fixtures = set(getattr(item, "fixturenames", ()))
        self.recorder.begin(item.path.stem, getattr(item, "originalname", item.name), fixtures)

    def pytest_unconfigure(self) -> None:
        self.undo.undo()


def watched(files: Sequence[Path]) -> Recorder:
    """Run the tests of some files and return what they compared; every test must pass."""
    recorder = Recorder()
    code = pytest.main(
        ["-q", "-n", "0", "-p", "no:cacheprovider", "--no-header", *map(str, files)],
        plugins=[Watch(recorder)],
    )
    if code != pytest.ExitCode.OK:
        raise SystemExit(f"pytest ended with {code!r}: the page is made of tests that pass only")
    return recorder


def files_with_references() -> list[Path]:
    """Tests that are handed a stored table."""
    wanted = re.compile(r"\b(reference|computed_by_r)\(\"")
    return [
        path for path in sorted((ROOT / "tests").glob("test_*.py")) if wanted.search(path.read_text("utf-8"))
    ]


def versions(table: str) -> str:
    """Who computed a stored table: its first line."""
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8") as file:
        return file.readline().lstrip("# ").strip()


def by_r(table: str) -> bool:
    """Whether a table holds what R computed, not made-up answers and not another program's numbers."""
    return versions(table).startswith("R version")


def short(x: float) -> str:
    """``2.3e-14``; nothing to tell is 0."""
    return "0" if x == 0 else f"{x:.1e}".replace("e-0", "e-")


def allowed(comparisons: Sequence[Comparison]) -> str:
    """The tolerances of the tests, tightest first."""
    found = sorted({float(f"{c.tolerance:.0e}") for c in comparisons})
    return ", ".join(f"{x:.0e}".replace("e-0", "e-") for x in found)


def distinct(comparisons: Sequence[Comparison]) -> int:
    """Stored numbers that were compared, however often."""
    return len({(c.table, abs(c.reference)) for c in comparisons})


def within(comparisons: Sequence[Comparison], limit: float) -> str:
    share = sum(c.error <= limit for c in comparisons) / len(comparisons)
    return f"{math.floor(share * 1000) / 10:.1f} %"  # rounded down: 100 % means all


def largest(comparisons: Sequence[Comparison]) -> tuple[str, str]:
    """Relative for references of some size, absolute for those near zero."""
    relative = [c.error for c in comparisons if abs(c.reference) >= SMALL]
    absolute = [abs(c.ours - c.reference) for c in comparisons if abs(c.reference) < SMALL]
    return short(max(relative)) if relative else "", short(max(absolute)) if absolute else ""


def packages(comparisons: Sequence[Comparison]) -> str:
    """What computed the tables that were compared, R left out where packages are named."""
    lines = [versions(table).split(", ")[1:] for table in sorted({c.table for c in comparisons})]
    return ", ".join(dict.fromkeys(name for line in lines for name in line)) or "base R"


def by_area(comparisons: Sequence[Comparison]) -> dict[Area, list[Comparison]]:
    """In the order of the page; a file that no area names comes last, under its own name."""
    known = areas()
    named = {test: area for area in known for test in area.tests}
    found: dict[Area, list[Comparison]] = {area: [] for area in known}
    for c in comparisons:
        area = named.get(f"{c.module}::{c.test}") or named.get(c.module)
        if area is None:
            name = c.module.removeprefix("test_").replace("_", " ").capitalize()
            area = Area(area=name, tests=(c.module,))
        found.setdefault(area, []).append(c)
    return {area: rows for area, rows in found.items() if rows}


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def page(comparisons: Sequence[Comparison]) -> str:
    """The whole of ``docs/agreement.md``."""
    fine = [c for c in comparisons if c.tolerance <= COARSE]
    coarse = [c for c in comparisons if c.tolerance > COARSE]
    r = versions(comparisons[0].table).split(", ")[0]
    lines = [
        "# Agreement with R",
        "",
        INTRODUCTION.format(
            r=r, distinct=f"{distinct(fine):,}", comparisons=f"{len(fine):,}", areas=len(by_area(fine))
        ),
        row("area", "R packages", "values", *LIMITS, *LARGEST, "tolerances of the tests"),
        row("---", "---", *["---:"] * 6, "---"),
    ]
    for area, rows in by_area(fine).items():
        shares = (within(rows, limit) for limit in (1e-9, 1e-6, 1e-4))
        lines.append(
            row(area.area, packages(rows), f"{distinct(rows):,}", *shares, *largest(rows), allowed(rows))
        )
    shares = (within(fine, limit) for limit in (1e-9, 1e-6, 1e-4))
    lines.append(row("**all**", "", f"{distinct(fine):,}", *shares, *largest(fine), ""))
    lines += ["", "## Conventions", ""]
    lines += [f"- **{area.area}.** {area.convention}" for area in by_area(fine) if area.convention]
    lines += ["", "## References with few digits", "", FEW_DIGITS]
    lines += [row("area", "values", *LARGEST, "tolerances", "reason")]
    lines += [row("---", "---:", "---:", "---:", "---", "---")]
    lines += [
        row(
            area.area,
            distinct(rows),
            *largest(rows),
            allowed(rows),
            area.loose,
        )
        for area, rows in by_area(coarse).items()
    ]
    return "\n".join([*lines, "", LEFT_OUT])


LIMITS = ("within 1e-9", "within 1e-6", "within 1e-4")
LARGEST = ("largest relative error", "largest absolute error near 0")
INTRODUCTION = """\
Numbers of this package beside those of {r} and its packages:
{distinct} stored values in {comparisons} comparisons, over {areas} areas.

`benchmarks/agreement.py` makes this page. It runs the tests that read `tests/reference/*.csv` and watches
each comparison that they make, so the page shows what the tests compare and nothing else. A value counts
when it stands in a table that the R script beside it wrote (a turned sign is allowed); values met in several
comparisons count once, their errors all count. Whole numbers such as n that the tests compare with `==` are
not counted: they are equal.

- The R packages are those that the script of the table loads. Where no package has a statistic, the script
  writes out its formula in R: an independent computation, though not a published implementation.
- The error is `|ours - reference| / max(|reference|, 1e-8)`; the shares say how many comparisons are within
  a limit.
- The largest relative error is over references of at least 0.001 in magnitude; below that, the largest
  absolute one.
- Tolerances are relative, or absolute where a test states no other. Some tests also allow an absolute error
  near 0.
"""

FEW_DIGITS = """\
Here the stored value is rounded, comes from a search that stops early, or multiplies the error of one that
does, so the test is loose. These comparisons are not in the table above.
"""

LEFT_OUT = """\
## Left out

Comparisons of random draws on both sides (eigenvalues of random answers, imputed answers, bootstrap errors),
which agree within their simulation error. PLS-SEM and the three-step relations of latent classes, whose
stored references come from the Python packages plspm and stepmix. Values that a test changes before it
compares them (squared, or subtracted from one another).
"""


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the page that compares our numbers with R's.")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "agreement.md")
    out = parser.parse_args().out
    out.write_text(page(watched(files_with_references()).comparisons), encoding="utf-8")


if __name__ == "__main__":
    main()

"""What every public function of ``analysis`` does with weights and counts, as a page.

The page is read off the functions themselves; ``tests/test_weighting.py`` holds it against them.

    uv run python benchmarks/weights_table.py --out docs/weights.md
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from analysis.weighting import Stance, public_functions, stance_of

INTRODUCTION = """\
# Weights and counts

`benchmarks/weights_table.py` makes this page by walking the modules; a test fails where a function has no
stance, or does not do what it says.

- A **sampling weight** says how many members of the population a respondent stands for. It goes into a
  `design` (`analysis.design.design.survey_design`), whose strata, clusters and finite populations the errors
  then follow, or in a few functions into `weights`. Weighted numbers are held against R's `survey`.
- A **count** says how many respondents one row of a pattern table stands for. `counts=` gives what so many
  rows would give: *sums* where the count enters sums, *rows* where the rows are written out for the method;
  *design* where the counts go into the design.
- **Refused**: `weights=` or `design=` raises `analysis.weighting.WeightsRefused`, which says why and what to
  use instead.
- **As given**: the function reads what others estimated, with weights if they were given any.
"""

WEIGHTS = {"design": "`design`", "weights": "`weights`", "given": "as given", "refused": "refused"}
COUNTS = {"sums": "sums", "rows": "rows", "given": "as given", "refused": "refused"}


def page() -> str:
    """The whole page."""
    found = [stance for _, function in public_functions() if (stance := stance_of(function)) is not None]
    asked = [s for s in found if s.weights != "none" and s.how != "inner step"]
    steps = [s for s in found if s.how == "inner step"]
    parts = [INTRODUCTION, _tally(found), "## Functions\n", *_table(asked), "\n## Inner steps\n"]
    parts += [
        "Parts of the functions named, which hand them rows, weights and counts as they need them.\n",
        *_steps(steps),
        "\n## No estimate\n",
        *_others(found),
    ]
    return "\n".join(parts) + "\n"


def _tally(found: list[Stance]) -> str:
    own = Counter(s.weights for s in found if s.how != "inner step")
    counted = sum(s.counts in ("sums", "rows") or s.weights == "design" for s in found)
    steps = sum(s.how == "inner step" for s in found)
    return (
        f"Of {len(found)} public functions {own['design'] + own['weights']} take sampling weights, "
        f"{own['refused']} refuse them, {own['given']} read estimates of others, {steps} are inner steps and "
        f"{own['none']} make no estimate from respondents. {counted} take counts.\n"
    )


def _table(stances: list[Stance]) -> Iterator[str]:
    yield "| function | sampling weights | counts | how, or why not | instead, or reference |"
    yield "| --- | --- | --- | --- | --- |"
    for s in stances:
        how = s.how or f"of {_named(s.origin)}"
        last = s.reference or s.instead or ""
        counts = "`design`" if s.weights == "design" and s.counts == "given" else COUNTS[s.counts]
        yield f"| `{_short(s.function)}` | {WEIGHTS[s.weights]} | {counts} | {how} | {_short(last)} |"


def _steps(stances: list[Stance]) -> Iterator[str]:
    yield "| module | functions | of |"
    yield "| --- | --- | --- |"
    for module in dict.fromkeys(s.function.rpartition(".")[0] for s in stances):
        own = [s for s in stances if s.function.rpartition(".")[0] == module]
        names = ", ".join(s.function.rpartition(".")[2] for s in own)
        yield f"| `{_short(module)}` | {names} | {_named(own[0].origin)} |"


def _others(found: list[Stance]) -> Iterator[str]:
    for kind in ("arithmetic", "laying out", "planning", "text"):
        names = ", ".join(_short(s.function) for s in found if s.weights == "none" and s.how == kind)
        yield f"- **{kind.capitalize()}**: {names}."


def _named(origin: tuple[str, ...]) -> str:
    return ", ".join(f"`{_short(address)}`" for address in origin)


def _short(text: str) -> str:
    return text.replace("analysis.", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.parse_args().out.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()

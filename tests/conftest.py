"""What several test files read: stored reference values, and data that does not ship with the project."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

# workers share the cores already; it has to be said before numpy is loaded
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

from analysis.design.design import SurveyDesign, survey_design
from analysis.design.raking import rake

# A busy machine must not fail a test, and the same commit must draw the same examples.
settings.register_profile("project", deadline=None, derandomize=True, max_examples=60, database=None)
settings.load_profile("project")

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def reference() -> Callable[[str], pd.DataFrame]:
    """Reads ``tests/reference/NAME.csv``; lines that start with # say who computed it."""

    def read(name: str) -> pd.DataFrame:
        return pd.read_csv(HERE / "reference" / f"{name}.csv", comment="#")

    return read


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data sets, which are not ours to pass on."""
    folder = HERE.parents[1] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("../shared/data is not beside the project")
    return folder


@pytest.fixture
def survey(reference: Callable[[str], pd.DataFrame]) -> pd.DataFrame:
    """A made-up survey with ties, missing answers and tiers of unequal size (survey_small.R)."""
    return reference("survey_small")


@pytest.fixture(scope="session")
def computed_by_r(
    reference: Callable[[str], pd.DataFrame],
) -> Callable[[str, str], dict[str, float]]:
    """The numbers of one case of a stored table with columns case, quantity and value, by quantity."""

    def numbers(name: str, case: str) -> dict[str, float]:
        table = reference(name)
        rows = table[table["case"] == case]
        if rows.empty:
            raise LookupError(f"{name}.csv has no case {case!r}")
        return dict(zip(rows["quantity"], rows["value"].astype(float), strict=True))

    return numbers


@pytest.fixture(scope="session")
def survey_designs(reference: Callable[[str], pd.DataFrame]) -> dict[str, SurveyDesign]:
    """Ways in which the customers of ``design_survey.csv`` may have been drawn."""
    d = reference("design_survey")
    stages = {
        "strata": d["REGION"],
        "clusters": [d["BRANCH"], np.arange(len(d))],
        "population_sizes": [d["BRANCHES"], d["CUSTOMERS"]],
    }
    clusters = survey_design(d["W"], strata=d["REGION"], clusters=d["BRANCH"])
    total = d["W"].sum()
    margins = {
        "TIER": dict(zip((1, 2, 3, 4), total * np.array([0.4, 0.3, 0.2, 0.1]), strict=True)),
        "SEX": {1: total * 0.55, 2: total * 0.45},
    }
    return {
        "weights": survey_design(d["W"]),
        "clusters": clusters,
        "stages": survey_design(d["W"], **stages),
        "zero": survey_design(d["W_ZERO"], **stages),
        "raked": rake(clusters, d[["TIER", "SEX"]], margins, tolerance=1e-14, max_passes=2000).design,
    }

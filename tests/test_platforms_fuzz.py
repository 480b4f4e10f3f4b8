"""A slice of the fuzz: mutated files are read or refused, never anything else."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest


@pytest.fixture(scope="module")
def fuzz() -> ModuleType:
    """The benchmark that runs the whole of it."""
    path = Path(__file__).parents[1] / "benchmarks" / "fuzz_readers.py"
    spec = importlib.util.spec_from_file_location("fuzz_readers", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_mutated_files_are_read_or_refused(fuzz: ModuleType, shared_data: Path, tmp_path: Path) -> None:
    files = [path for path in fuzz.seeds([shared_data]) if path.stat().st_size < 60_000]
    assert len(files) > 60
    ends = {}
    for number, what, result in fuzz.run(files, 7, range(150), tmp_path):
        ends[number] = result
        assert result in ("read", "refused"), f"{number}: {what}: {result}"
    assert {"read", "refused"} <= set(ends.values())
    assert not list(tmp_path.iterdir())


def test_a_case_follows_from_its_number(fuzz: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"respondent,tier\n1,Gold\n2,Silver\n")
    cases = [fuzz.mutated([path], 3, number) for number in range(20)]
    assert cases == [fuzz.mutated([path], 3, number) for number in range(20)]
    assert len({raw for _, raw, _ in cases}) > 10

"""Mutated files against the readers: no traceback, no hang over ten seconds, under one GiB.

uv run python benchmarks/fuzz_readers.py [--files 10000] [--seed 1] [FOLDER ...]

Every mutation follows from the seed and its number, so a finding is repeated with ``--only N``.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from surveys.errors import AnswersError
from surveys.platforms.description import describe, description_lines
from surveys.platforms.reading import read_export

SECONDS = 10
MEMORY = 2**30  #: bytes beyond what the program takes before it reads anything
LARGEST = 600_000  #: bytes of a seed file
CHUNK = 250  #: files a process, so that a crash is told and the rest goes on
ENCODINGS = ("gb18030", "gbk", "cp949", "cp1252", "utf-16", "utf-8-sig", "utf-16-be", "latin-1")

Mutation = Callable[[np.random.Generator, bytes], bytes]


def flip(rng: np.random.Generator, raw: bytes) -> bytes:
    """A few bytes become others."""
    changed = bytearray(raw)
    for at in rng.integers(0, max(1, len(raw)), int(rng.integers(1, 30))):
        if at < len(changed):
            changed[at] = int(rng.integers(256))
    return bytes(changed)


def flip_head(rng: np.random.Generator, raw: bytes) -> bytes:
    """Bytes of the header become others."""
    head = flip(rng, raw[:400])
    return head + raw[400:]


def cut(rng: np.random.Generator, raw: bytes) -> bytes:
    """The file breaks off."""
    return raw[: int(rng.integers(0, len(raw) + 1))]


def cut_out(rng: np.random.Generator, raw: bytes) -> bytes:
    """A piece is missing."""
    first, last = sorted(rng.integers(0, len(raw) + 1, 2))
    return raw[:first] + raw[last:]


def repeat(rng: np.random.Generator, raw: bytes) -> bytes:
    """A piece comes twice."""
    first, last = sorted(rng.integers(0, min(len(raw), 20_000) + 1, 2))
    return raw[:last] + raw[first:last] * int(rng.integers(1, 5)) + raw[last:]


def swap_header(rng: np.random.Generator, raw: bytes) -> bytes:
    """The first line is torn up and put together anew."""
    line, mark, rest = raw.partition(b"\n")
    for separator in (b"\t", b",", b";"):
        if separator in line:
            cells = line.split(separator)
            order = rng.permutation(len(cells))
            return separator.join(cells[at] for at in order) + mark + rest
    return rest + mark + line


def drop_lines(rng: np.random.Generator, raw: bytes) -> bytes:
    """Some lines are gone, some come twice."""
    lines = raw.splitlines(keepends=True)[:3_000]
    return b"".join(
        line * int(n) for line, n in zip(lines, rng.choice([0, 1, 1, 1, 1, 2], len(lines)), strict=True)
    )


def other_encoding(rng: np.random.Generator, raw: bytes) -> bytes:
    """The text in another encoding, or bytes of two."""
    text = raw.decode("utf-8", errors="ignore")
    name = str(rng.choice(ENCODINGS))
    coded = text.encode(name, errors="ignore")
    if rng.random() < 0.3:
        half = len(coded) // 2
        return coded[:half] + raw[half:]
    return coded


def odd_marks(rng: np.random.Generator, raw: bytes) -> bytes:
    """Quotation marks, line ends, separators and NULs where none belong."""
    marks = [
        b'"',
        b"\r",
        b"\r\n",
        b"\0",
        b",",
        b";",
        b"\t",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"=1+1",
        b"{",
        b"<!DOCTYPE",
    ]
    changed = raw
    for _ in range(int(rng.integers(1, 8))):
        at = int(rng.integers(0, min(len(changed), 5_000) + 1))
        changed = changed[:at] + marks[int(rng.integers(len(marks)))] + changed[at:]
    return changed


def big_numbers(rng: np.random.Generator, raw: bytes) -> bytes:
    """Four bytes of the head become as large or as small as numbers get."""
    changed = bytearray(raw)
    for _ in range(int(rng.integers(1, 4))):
        at = int(rng.integers(0, max(1, min(len(raw), 2_000) - 4)))
        changed[at : at + 4] = [b"\xff\xff\xff\x7f", b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\0\0\x80"][
            int(rng.integers(4))
        ]
    return bytes(changed)


MUTATIONS: tuple[Mutation, ...] = (
    flip, flip_head, cut, cut_out, repeat, swap_header, drop_lines, other_encoding, odd_marks, big_numbers,
)  # fmt: skip


def seeds(folders: Sequence[Path]) -> list[Path]:
    """Small files of the folders, in order of their names."""
    found = sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())
    return [path for path in found if 0 < path.stat().st_size <= LARGEST and path.suffix != ".md"]


def mutated(files: Sequence[Path], seed: int, number: int) -> tuple[str, bytes, str]:
    """Name, content and mutation of one case."""
    rng = np.random.default_rng([seed, number])
    path = files[int(rng.integers(len(files)))]
    mutation = MUTATIONS[int(rng.integers(len(MUTATIONS)))]
    raw = mutation(rng, path.read_bytes())
    if rng.random() < 0.2:
        raw = MUTATIONS[int(rng.integers(len(MUTATIONS)))](rng, raw)
    return path.name, raw, mutation.__name__


class Late(BaseException):
    """The time is over; no reader may take this for a fault of the file."""


def outcome(path: Path) -> str:
    """Read one file as a user would who inspects it: ``read``, ``refused``, or what went wrong."""

    def late(*_: object) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        export = read_export(path)
        export.answers()
        export.metadata()
        list(description_lines(describe(export)))
    except AnswersError as error:
        return (
            "refused"
            if all(fault.remedy and fault.expected for fault in error.faults)
            else "refused without a way out"
        )
    except Late:
        return "hang"
    except MemoryError:
        return "memory"
    except Exception:
        return "traceback\n" + traceback.format_exc(limit=-3)
    finally:
        signal.alarm(0)
    return "read"


def run(
    files: Sequence[Path], seed: int, numbers: Sequence[int], folder: Path
) -> Iterator[tuple[int, str, str]]:
    """The outcome of every case; the file under reading stays behind when the process dies."""
    for number in numbers:
        name, raw, how = mutated(files, seed, number)
        path = folder / f"{number}-{name}"
        path.write_bytes(raw)
        yield number, f"{name} by {how}", outcome(path)
        path.unlink()


def chunk(folders: Sequence[Path], seed: int, first: int, last: int) -> None:
    """Some cases in this process, a line each."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    with tempfile.TemporaryDirectory() as folder:
        for number, what, result in run(seeds(folders), seed, range(first, last), Path(folder)):
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            if peak - before > MEMORY:
                result, before = f"memory {(peak - before) / 2**30:.1f} GiB", peak
            print(f"{number}\t{what}\t{result!r}", flush=True)


def main() -> None:
    """All cases in processes of some, and a count of how they ended."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument(
        "folders", nargs="*", type=Path, default=[Path(__file__).parents[2] / "shared" / "data"]
    )
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--only", type=int)
    options.add_argument("--chunk", nargs=2, type=int)
    given = options.parse_args()
    if given.only is not None:
        name, raw, how = mutated(seeds(given.folders), given.seed, given.only)
        path = Path(tempfile.mkdtemp()) / f"{given.only}-{name}"
        path.write_bytes(raw)
        print(path, how, outcome(path), sep="\n")
        return
    if given.chunk:
        chunk(given.folders, given.seed, *given.chunk)
        return
    start, counts, bad = time.perf_counter(), Counter[str](), 0
    for first in range(0, given.files, CHUNK):
        at = first
        last = min(first + CHUNK, given.files)
        while at < last:
            command = [sys.executable, __file__, *map(str, given.folders), "--seed", str(given.seed)]
            done = subprocess.run(
                [*command, "--chunk", str(at), str(last)], capture_output=True, text=True,
                env={**os.environ, "OMP_NUM_THREADS": "1"}, check=False,
            )  # fmt: skip
            for line in done.stdout.splitlines():
                number, what, result = line.split("\t")
                word = result.strip("'\"").split("\\n")[0].split()[0]
                counts[word] += 1
                at = int(number) + 1
                if word not in ("read", "refused"):
                    bad += 1
                    print(f"case {number}: {what}: {result}")
            if at < last:  # the process died over this case
                bad += 1
                counts["crash"] += 1
                print(f"case {at}: the process ended with {done.returncode}: {done.stderr[-500:]}")
                at += 1
    print(f"{given.files:,} files in {time.perf_counter() - start:.0f} s: {dict(counts)}; {bad} to look at")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

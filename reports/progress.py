"""Progress on the terminal: a bar on standard error, or silence."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol


class Watcher(Protocol):
    """Told what is being done; decides what to show."""

    def step(self, what: str) -> None: ...

    def say(self, message: str) -> None: ...


class Silent:
    """Shows nothing."""

    def step(self, what: str) -> None:
        """Nothing is shown."""

    def say(self, message: str) -> None:
        """Nothing is said."""


class Plain:
    """One line a step on standard error, for logs and pipes."""

    def step(self, what: str) -> None:
        print(what, file=sys.stderr, flush=True)  # noqa: T201

    def say(self, message: str) -> None:
        print(message, file=sys.stderr, flush=True)  # noqa: T201


@contextmanager
def watching(total: int, *, quiet: bool) -> Iterator[Watcher]:
    """A watcher that fits where standard error goes: a bar, plain lines, or nothing."""
    if quiet:
        yield Silent()
    elif not sys.stderr.isatty():
        yield Plain()
    else:
        with _bar(total) as bar:
            yield bar


@contextmanager
def _bar(total: int) -> Iterator[Watcher]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), BarColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("starting", total=total)

        class Bar:
            def step(self, what: str) -> None:
                progress.update(task, description=what, advance=1)

            def say(self, message: str) -> None:
                console.print(message, markup=False, highlight=False)

        yield Bar()

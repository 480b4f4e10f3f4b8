"""Helper processes: started early and with their libraries loaded, so that they cost no time later."""

from __future__ import annotations

from multiprocessing import get_all_start_methods, get_context
from multiprocessing.context import BaseContext

LOADED = ("reports.pipeline", "seaborn", "statsmodels.regression.linear_model")


def context() -> BaseContext:
    """How helper processes start: where the system can, from one server that has the libraries loaded."""
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    server = get_context("forkserver")
    server.set_forkserver_preload(list(LOADED))
    return server


def prepare() -> None:
    """Let that server load its libraries while this process loads its own."""
    if context().get_start_method() == "forkserver":
        from multiprocessing.forkserver import ensure_running

        ensure_running()

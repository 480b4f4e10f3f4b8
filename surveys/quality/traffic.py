"""Where answers came from: the platform's own flags, serials that repeat, and the mix against a frame."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.quality.checks import Check, not_applicable
from surveys.responses import Responses

FLAGS = {
    "preview": (1.0, "the platform says that it is a preview"),
    "test": (1.0, "the platform says that it is a test"),
    "finished": (0.0, "the platform says that it is not finished"),
}
LEAST_EXPECTED = 5.0  #: in a cell, below which the probability is simulated


@dataclass(frozen=True, slots=True, kw_only=True)
class MixAgainstFrame:
    """Shares of provinces or devices against those of the sampling frame.

    Attributes
    ----------
    table : DataFrame
        ``category``, ``n``, ``share``, ``frame``, ``residual`` (standardised), one row a category; what the
        frame does not name is ``other``, with the frame's remaining share.
    statistic, df, p_value
        Pearson's chi-square of equal shares; simulated where a cell is expected below 5.
    """

    column: str
    table: pd.DataFrame
    n: int
    statistic: float | None
    df: int | None
    p_value: float | None
    state: str = "ok"
    reason: str = ""


def traffic_checks(responses: Responses) -> Iterator[Check]:
    """Flags of the platform, and serials that repeat."""
    index, metadata = responses.answers.index, responses.metadata
    for name, (bad, why) in FLAGS.items():
        if name not in metadata or metadata[name].isna().all():
            yield not_applicable(name, "traffic", index, f"the file has no column that tells {name}")
            continue
        values = pd.to_numeric(metadata[name].astype(object), errors="coerce").astype(float)
        yield Check(
            name=name, family="traffic", values=values, limit=bad, flagged=values == bad, convention=why
        )
    yield _serials(responses)


def _serials(responses: Responses) -> Check:
    index, metadata = responses.answers.index, responses.metadata
    if "serial" not in metadata or metadata["serial"].isna().all():
        return not_applicable(
            "serial", "traffic", index, "the file has no serial numbers beside the respondents' names"
        )
    serial = metadata["serial"]
    counts = serial.map(serial.value_counts()).astype(float)
    return Check(
        name="serial",
        family="traffic",
        values=counts,
        limit=2.0,
        flagged=counts >= 2,
        convention="the serial number of another respondent",
    )


def mix_against_frame(
    responses: Responses, column: str, frame: Mapping[str, float], *, rng: np.random.Generator
) -> MixAgainstFrame:
    """Hold the mix of a metadata column against stated shares.

    Parameters
    ----------
    responses : Responses
    column : str
        ``province``, ``device`` or another column of the metadata.
    frame : mapping
        Category -> share of those invited; what is lacking to 1 is ``other``.
    rng : numpy.random.Generator
        Simulates the probability where cells are small.

    Notes
    -----
    A small p-value says that those who answered are no random draw from the frame. Willingness
    to answer differs between provinces for honest reasons too.

    Raises
    ------
    ValueError
        If shares are negative, or add up to more than 1.
    """
    total = sum(frame.values())
    if any(share < 0 for share in frame.values()) or total > 1 + 1e-9 or not frame:
        raise ValueError(
            f"frame of {column}: shares add up to {total:g}; expected shares of 0 or more that add "
            "up to at most 1"
        )
    empty = pd.DataFrame(columns=["category", "n", "share", "frame", "residual"])
    if column not in responses.metadata or responses.metadata[column].isna().all():
        return MixAgainstFrame(
            column=column,
            table=empty,
            n=0,
            statistic=None,
            df=None,
            p_value=None,
            state="not_applicable",
            reason=f"the file has no {column}",
        )
    seen = responses.metadata[column].dropna().map(lambda text: _category(str(text), frame))
    shares = dict(frame)
    if 1 - total > 1e-9 or (seen == "other").any():
        shares["other"] = shares.get("other", 0.0) + max(1 - total, 0.0)
    counts = np.array([int((seen == name).sum()) for name in shares], dtype=float)
    meant = np.array(list(shares.values())) * counts.sum()
    n = int(counts.sum())
    residual = np.divide(counts - meant, np.sqrt(meant), out=np.full(len(meant), np.nan), where=meant > 0)
    table = pd.DataFrame(
        {
            "category": list(shares),
            "n": counts.astype(int),
            "share": counts / n,
            "frame": list(shares.values()),
            "residual": residual,
        }
    )
    return _tested(column, table, counts, meant, rng)


def _category(text: str, frame: Mapping[str, float]) -> str:
    """A frame may say 江苏 where the platform says 江苏省, and the other way round."""
    if text in frame:
        return text
    plain = text.removesuffix("省").removesuffix("市")
    for name in frame:
        if plain == name.removesuffix("省").removesuffix("市"):
            return name
    return "other"


def _tested(
    column: str, table: pd.DataFrame, counts: np.ndarray, meant: np.ndarray, rng: np.random.Generator
) -> MixAgainstFrame:
    from scipy.stats import chi2

    n, possible = int(counts.sum()), meant > 0
    if counts[~possible].sum():
        return MixAgainstFrame(
            column=column,
            table=table,
            n=n,
            statistic=None,
            df=None,
            p_value=None,
            state="outside_frame",
            reason=f"{int(counts[~possible].sum())} respondents are in categories that the frame "
            "says do not exist",
        )
    if possible.sum() < 2:
        return MixAgainstFrame(
            column=column,
            table=table,
            n=n,
            statistic=None,
            df=None,
            p_value=None,
            state="constant",
            reason="the frame has one category",
        )
    statistic = float(((counts - meant)[possible] ** 2 / meant[possible]).sum())
    df = int(possible.sum()) - 1
    if meant[possible].min() >= LEAST_EXPECTED:
        p_value = float(chi2.sf(statistic, df))
    else:
        drawn = rng.multinomial(n, meant[possible] / meant[possible].sum(), size=9999)
        simulated = ((drawn - meant[possible]) ** 2 / meant[possible]).sum(axis=1)
        p_value = float(((simulated >= statistic - 1e-9).sum() + 1) / 10_000)
    return MixAgainstFrame(column=column, table=table, n=n, statistic=statistic, df=df, p_value=p_value)

"""Whether groups, or two populations, may be compared on one construct: the ladder up to equal intercepts.

Items answered on few points are taken as ordered categories where every category that is left, after rare
ones were put together, is chosen often enough in every group; otherwise as numbers, with the reason.
``docs/sem-recovery.md`` shows how often either ladder errs, and what it finds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import pandas as pd

from analysis.invariance.alignment import Alignment, align_fit
from analysis.invariance.ladder import Ladder, Rung, invariance_ladder
from analysis.invariance.levels import LEVELS, ORDERED_LEVELS, AnyFit, LadderEstimator, OrderedModels
from analysis.ordinal.collapse import collapse_sparse
from analysis.results import Entry, Tabular
from analysis.sem.fit import fit_moments
from analysis.sem.model import Model
from analysis.sem.ordered import OrderedFit
from analysis.weighting import no_estimate, refuses_weights

MATERIAL_CFI = 0.010  #: fall of CFI that matters (Cheung & Rensvold 2002)
MATERIAL_CFI_ORDERED = 0.004  #: the same for ordered items (Rutkowski & Svetina 2017)
ORDERED_POINTS = 7  #: scales with more points are treated as numbers
RARE = 1  #: a category chosen by fewer in some group is put together with its neighbour: empty ones
FEWEST_CATEGORIES = 3  #: what must be left of every item then
FEWEST_ITEMS = 3
FEWEST_TO_ALIGN = 3  #: groups; with two, alignment has no majority to go by
ALIGNMENT_STARTS, ALIGNMENT_SEED = 10, 1

Comparable = Literal["yes", "partially", "no", "cannot_tell"]
Take = Literal["auto", "WLSMV", "MLR"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparability(Tabular):
    """Whether groups may be compared on one construct.

    ``no`` needs both: the ladder fails, and CFI falls by ``MATERIAL_CFI`` (``MATERIAL_CFI_ORDERED``) or more
    at the level that fails. A test alone would close the door on differences too small to matter in large
    samples, the index alone on noise in small ones.
    """

    construct: str
    ladder: Ladder | None  #: None where it was not climbed
    comparable: Comparable
    reason: str = ""
    aligned: Alignment | None = None  #: where the ladder says no to three groups or more: the fallback
    as_numbers: str = ""  #: why items on few points were taken as numbers, if they were

    def entries(self) -> tuple[Entry, ...]:
        about = {"construct": self.construct}
        if self.ladder is None:
            return (
                Entry(
                    measure="invariance", method="ladder", about=about, state="too_few", reason=self.reason
                ),
            )
        rows = [replace(entry, about=self._about(entry)) for entry in self.ladder.entries()]
        if self.aligned is not None:
            rows += [replace(entry, about=self._about(entry)) for entry in self.aligned.entries()]
        if self.as_numbers:
            word = Entry(
                measure="ordered_ladder",
                method="ladder of ordered items (WLSMV)",
                about=about,
                state="empty_cell",
                reason=self.as_numbers,
            )
            rows.append(word)
        return tuple(rows)

    def _about(self, entry: Entry) -> dict[str, str]:
        kept = {
            key: value
            for key, value in entry.about.items()
            if key in ("level", "item", "group", "reference", "parameter")
        }
        return {"construct": self.construct, **kept}


@refuses_weights(
    "its ladder is climbed without weights", instead="analysis.invariance.ladder.invariance_ladder"
)
def comparability(
    items: pd.DataFrame, groups: pd.Series, *, construct: str, take: Take = "auto"
) -> Comparability:
    """Climb the ladder up to equal intercepts for one construct.

    Parameters
    ----------
    items : DataFrame, shape (n_respondents, n_items)
        Keyed answers to the items of the construct.
    groups : Series, shape (n_respondents,)
        On the same index.
    take : {"auto", "WLSMV", "MLR"}
        As ordered categories, or as numbers; ``"auto"`` as the module says.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> tier = pd.Series(np.repeat(["a", "b"], 200), dtype="category", name="TIER")
    >>> trait = rng.normal(size=(400, 1))
    >>> answers = pd.DataFrame(0.8 * trait + 0.6 * rng.normal(size=(400, 4)), columns=list("wxyz"))
    >>> comparability(answers, tier, construct="satisfaction").comparable
    'yes'
    >>> points = np.round(answers * 1.2 + 3).clip(1, 5)
    >>> comparability(points, tier, construct="satisfaction").ladder.estimator
    'WLSMV'
    """
    if items.shape[1] < FEWEST_ITEMS:
        reason = f"{items.shape[1]} items cannot show whether groups read them alike; it takes three"
        return Comparability(construct=construct, ladder=None, comparable="cannot_tell", reason=reason)
    few_points = int(items.nunique().max()) <= ORDERED_POINTS
    why = _too_thin(items, groups) if take == "auto" and few_points else ""
    if take == "WLSMV" or (take == "auto" and few_points and not why):
        ladder = _climbed(items, groups, construct, "WLSMV")
        why = _not_climbed(ladder)
        if take == "WLSMV" or not why:
            return _judged(ladder, construct)
    return replace(_judged(_climbed(items, groups, construct, "MLR"), construct), as_numbers=why)


@refuses_weights(
    "its ladder is climbed without weights", instead="analysis.invariance.ladder.invariance_ladder"
)
def comparability_between(
    first: pd.DataFrame,
    second: pd.DataFrame,
    *,
    construct: str,
    parallel: Mapping[str, str] | None = None,
    populations: tuple[str, str] = ("first", "second"),
    take: Take = "auto",
) -> Comparability:
    """The same for two populations that answered parallel items.

    Parameters
    ----------
    first, second : DataFrame, shape (n_respondents, n_items)
        Keyed answers of either population.
    parallel : mapping of item of the first to item of the second, optional
        By default what :func:`parallel_items` finds.
    populations : pair of str
        What the groups are called; the first is the reference of latent means.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(1)
    >>> def answers(n, mean, names):
    ...     trait = rng.normal(mean, size=(n, 1))
    ...     behind = 0.8 * trait + 0.6 * rng.normal(size=(n, 4))
    ...     return pd.DataFrame(np.round(behind * 1.2 + 3).clip(1, 5), columns=names)
    >>> found = comparability_between(
    ...     answers(400, 0, ["c1", "c2", "c3", "c4"]),
    ...     answers(200, 0.5, ["e1", "e2", "e3", "e4"]),
    ...     construct="satisfaction",
    ...     populations=("customers", "employees"),
    ... )
    >>> found.comparable, round(found.ladder.latent_means[0].effect_size, 1)
    ('yes', 0.6)
    """
    pairs = parallel_items(first, second) if parallel is None else dict(parallel)
    if len(pairs) < FEWEST_ITEMS:
        reason = (
            f"of {first.shape[1]} items in {populations[0]} and {second.shape[1]} in {populations[1]} "
            f"{len(pairs)} correspond; it takes {FEWEST_ITEMS} to show whether they measure alike"
        )
        return Comparability(construct=construct, ladder=None, comparable="cannot_tell", reason=reason)
    names = {theirs: ours for ours, theirs in pairs.items()}
    both = pd.concat([first[list(pairs)], second[list(names)].rename(columns=names)], ignore_index=True)
    who = pd.Series(
        pd.Categorical([populations[0]] * len(first) + [populations[1]] * len(second), list(populations)),
        name="population",
    )
    found = comparability(both, who, construct=construct, take=take)
    left = [str(name) for name in first.columns if name not in pairs]
    left += [str(name) for name in second.columns if name not in names]
    if not left:
        return found
    alone = f"{', '.join(left)} was asked of one population only and is not judged"
    return replace(found, reason="; ".join(part for part in (found.reason, alone) if part))


@no_estimate("laying out")
def parallel_items(first: pd.DataFrame, second: pd.DataFrame) -> dict[str, str]:
    """Which item of the second population each of the first corresponds to.

    Items of the same name, where three or more (or all) have one; else those in the same place, where there
    are equally many; else none.
    """
    ours, theirs = [str(name) for name in first.columns], [str(name) for name in second.columns]
    shared = [name for name in ours if name in theirs]
    if len(shared) >= FEWEST_ITEMS or len(shared) == len(ours) == len(theirs):
        return {name: name for name in shared}
    return dict(zip(ours, theirs, strict=True)) if len(ours) == len(theirs) else {}


def _climbed(items: pd.DataFrame, groups: pd.Series, construct: str, estimator: LadderEstimator) -> Ladder:
    ordered = estimator == "WLSMV"
    return invariance_ladder(
        {construct: list(items.columns)},
        items.assign(**{_GROUP: groups}),
        group=_GROUP,
        levels=ORDERED_LEVELS[:4] if ordered else LEVELS[:3],
        estimator=estimator,
        collapse_below=RARE if ordered else 0,
    )


def _too_thin(items: pd.DataFrame, groups: pd.Series) -> str:
    """Why items cannot be taken as ordered: the categories that are left say too little."""
    complete = items.notna().all(axis="columns") & groups.notna()
    left, _ = collapse_sparse(items[complete], groups[complete], least=RARE)
    thin = [str(name) for name in left.columns if left[name].nunique() < FEWEST_CATEGORIES]
    if not thin:
        return ""
    return (
        f"fewer than {FEWEST_CATEGORIES} categories of {', '.join(thin)} are chosen in every group: "
        "the items were taken as numbers"
    )


def _not_climbed(ladder: Ladder) -> str:
    """Why the ordered ladder says nothing."""
    if ladder.state != "ok":
        return ladder.reason
    broken = next((rung for rung in ladder.rungs if rung.holds is None), None)
    return "" if broken is None else f"{broken.level}: {_told(broken)}"


def _told(rung: Rung) -> str:
    return rung.fit.reason or ("" if rung.versus_last is None else rung.versus_last.reason)


def _judged(ladder: Ladder, construct: str) -> Comparability:
    comparable: Comparable = ladder.means_comparable
    reason = ladder.reason
    if comparable == "no":
        last, below = ladder.rungs[-1], ladder.rungs[-2]
        fall = last.change(below, "cfi")
        material = MATERIAL_CFI_ORDERED if ladder.estimator == "WLSMV" else MATERIAL_CFI
        if fall is None or fall > -material:
            comparable, reason = "partially", "the demand fails its test, but fit hardly suffers"
        else:
            return _closed(ladder, construct, f"{last.level} invariance fails")
    elif comparable == "cannot_tell" and not reason and ladder.rungs:
        reason = _told(ladder.rungs[-1])
    return Comparability(construct=construct, ladder=ladder, comparable=comparable, reason=reason)


def _closed(ladder: Ladder, construct: str, reason: str) -> Comparability:
    """No comparison of scores; of three groups or more, aligned means instead."""
    found = _aligned(ladder, construct) if len(ladder.groups) >= FEWEST_TO_ALIGN else None
    if found is not None and found.state == "ok":
        reason += "; aligned latent means are given instead"
        reason += f", but {found.caution}" if found.caution else ""
    return Comparability(construct=construct, ladder=ladder, comparable="no", reason=reason, aligned=found)


def _aligned(ladder: Ladder, construct: str) -> Alignment:
    """The configural model of the ladder, in units that alignment starts from."""
    first = ladder.rungs[0].fit
    constructs = {construct: list(first.table.observed)}
    found: AnyFit
    if isinstance(first, OrderedFit):
        models = OrderedModels(constructs=constructs, moments=first.moments, parameterization="theta")
        found = models.fitted("configural", ())
    else:
        model = Model.from_constructs(constructs, identification="standardized")
        found = fit_moments(model, first.moments, estimator=first.estimator, mean_structure=True)
    return align_fit(
        constructs,
        found,
        grouping=ladder.grouping,
        estimator=ladder.estimator,
        starts=ALIGNMENT_STARTS,
        rng=np.random.default_rng(ALIGNMENT_SEED),
    )


_GROUP = "the group"  #: no item is called so: ids have no blanks

"""Everything that is known of the quality of one file's answers, before any of them is analysed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import combinations

import numpy as np
import pandas as pd

from surveys.quality.checks import Check
from surveys.quality.duplicates import duplicate_checks
from surveys.quality.indices import answer_checks
from surveys.quality.timing import timing_checks
from surveys.quality.traffic import MixAgainstFrame, mix_against_frame, traffic_checks
from surveys.responses import Responses
from surveys.scoring import score_constructs
from surveys.screening import Screening, screen
from surveys.study import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How far two rules flag the same respondents, among those whom both could judge."""

    first: str
    second: str
    n: int
    n_both: int
    phi: float | None  #: None where a rule flags nobody or everybody
    jaccard: float | None  #: flagged by both over flagged by either


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckCount:
    """What one check flags, and how many would be left with it and without it."""

    check: str
    family: str
    n_judged: int
    n_flagged: int
    n_only_this: int  #: flagged by no other check
    n_with: int  #: left if everybody flagged by any check were set aside
    n_without: int  #: left if this check were not among them
    limit: float | None  #: None where it differs between respondents
    convention: str
    state: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleDifference:
    """What one declared rule does to the scores of constructs: left out, and applied with the others."""

    rule: str
    n_with: int
    n_without: int  #: analysed if the rule were left out
    construct: str  #: whose mean moves most; empty where none moves
    shift: float | None  #: mean with minus mean without, in standard deviations without


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityReport:
    """Checks of one population's file.

    Attributes
    ----------
    responses : Responses
        Everybody, as read.
    screening : Screening
        What the study's declared rules did; the only thing that sets anybody aside.
    consenting : Series of bool, shape (n_respondents,)
        Checks are computed on these alone.
    checks : tuple of Check
        Aligned to the consenting, in their order.
    mixes : tuple of MixAgainstFrame
    """

    population: str
    responses: Responses
    screening: Screening
    consenting: pd.Series
    checks: tuple[Check, ...]
    mixes: tuple[MixAgainstFrame, ...] = field(default=())

    @property
    def n_consenting(self) -> int:
        return int(self.consenting.sum())

    @property
    def n_without_consent(self) -> int:
        """Respondents excluded before anything else was looked at."""
        return int((~self.consenting).sum())

    @property
    def applicable(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if check.state == "ok")

    @property
    def flags(self) -> pd.DataFrame:
        """One column a check that applied, shape (n_consenting, n_checks)."""
        names = [check.name for check in self.applicable]
        index = self.checks[0].flagged.index if self.checks else pd.RangeIndex(self.n_consenting)
        columns = {check.name: check.flagged for check in self.applicable}
        return pd.DataFrame(columns, index=index, columns=names, dtype=bool)

    def respondents(self) -> pd.DataFrame:
        """One row a consenting respondent: row of the data file, and a column a check and declared rule.

        Nothing in it names a person: not even the respondent's id.
        """
        who = self.responses.metadata.loc[self.consenting, "row"].reset_index(drop=True)
        declared = self.screening.flags.loc[self.consenting].reset_index(drop=True)
        flags = self.flags
        table = pd.DataFrame({"population": self.population, "row": who})
        table["set_aside"] = declared.any(axis="columns").astype(int)
        table["n_flags"] = flags.sum(axis="columns").astype(int)
        for name in declared:
            if self.screening_kind(str(name)) != "consent":
                table[f"rule.{name}"] = declared[name].astype(int)
        for check in self.checks:
            table[f"check.{check.name}"] = (
                check.flagged.astype(int).where(check.values.notna() | check.flagged).astype("Int64")
            )
        return table

    def screening_kind(self, name: str) -> str:
        return next(rule.kind for rule in self.screening.ledger if rule.name == name)

    def counts(self) -> tuple[CheckCount, ...]:
        """One a check, those that were not possible included."""
        flags = self.flags
        n_with = int((~flags.any(axis="columns")).sum())
        found = []
        for check in self.checks:
            others = flags.drop(columns=check.name, errors="ignore").any(axis="columns")
            found.append(
                CheckCount(
                    check=check.name,
                    family=check.family,
                    n_judged=check.n_judged,
                    n_flagged=check.n_flagged,
                    n_only_this=int((check.flagged & ~others).sum()),
                    n_with=n_with,
                    n_without=int((~others).sum()),
                    limit=None if math.isnan(check.limit) else check.limit,
                    convention=check.convention,
                    state=check.state,
                    reason=check.reason,
                )
            )
        return tuple(found)

    def to_frame(self) -> pd.DataFrame:
        """The counts as a table, one row a check."""
        return pd.DataFrame([asdict(count) for count in self.counts()])

    def rule_differences(self) -> tuple[RuleDifference, ...]:
        """Every declared rule but consent, in the order of the ledger.

        What rules do to the verdicts is told by ``analysis.findings.Findings.rule_effects``.
        """
        scores = score_constructs(self.responses).frame
        kept = self.screening.kept
        found = []
        for rule in self.screening.ledger:
            if rule.kind == "consent" or not rule.applicable:
                continue
            without = self.screening.without(rule.name)
            spread = scores[without].std()
            shifts = ((scores[kept].mean() - scores[without].mean()) / spread.where(spread > 0)).dropna()
            name = str(shifts.abs().idxmax()) if len(shifts) and shifts.abs().max() > 0 else ""
            found.append(
                RuleDifference(
                    rule=rule.name,
                    n_with=int(kept.sum()),
                    n_without=int(without.sum()),
                    construct=name,
                    shift=float(shifts[name]) if name else None,
                )
            )
        return tuple(found)

    def agreement(self) -> tuple[Agreement, ...]:
        """Every pair of checks and declared rules that flagged somebody."""
        declared = self.screening.flags.loc[self.consenting].reset_index(drop=True)
        columns: dict[str, tuple[pd.Series, pd.Series]] = {}
        for rule in self.screening.ledger:
            if rule.applicable and rule.kind != "consent":
                everyone = pd.Series(True, index=declared.index)
                columns[f"rule.{rule.name}"] = (declared[rule.name], everyone)
        for check in self.applicable:
            columns[check.name] = (check.flagged, check.values.notna() | check.flagged)
        some = {name: pair for name, pair in columns.items() if pair[0].any()}
        return tuple(_agreement(a, b, *some[a], *some[b]) for a, b in combinations(some, 2))


def _agreement(
    first: str, second: str, one: pd.Series, judged_one: pd.Series, two: pd.Series, judged_two: pd.Series
) -> Agreement:
    judged = (judged_one & judged_two).to_numpy()
    a, b = one.to_numpy()[judged], two.to_numpy()[judged]
    both, either = int((a & b).sum()), int((a | b).sum())
    varies = 0 < a.sum() < len(a) and 0 < b.sum() < len(b)
    return Agreement(
        first=first,
        second=second,
        n=len(a),
        n_both=both,
        phi=float(np.corrcoef(a, b)[0, 1]) if varies else None,
        jaccard=both / either if either else None,
    )


def quality_report(
    responses: Responses,
    population: Population,
    *,
    rng: np.random.Generator,
    frame: Mapping[str, Mapping[str, float]] | None = None,
) -> QualityReport:
    """Look at one file from every side.

    Parameters
    ----------
    responses : Responses
    population : Population
        Its declared screening rules are applied; consent comes first, and nothing else is computed on
        those who did not give it.
    rng : numpy.random.Generator
    frame : mapping, optional
        Metadata column -> category -> share of the sampling frame; by default the population's.

    Notes
    -----
    Checks flag. Only the study's declared rules set respondents aside.

    Examples
    --------
    >>> from surveys.simulation import load_population_model, simulate
    >>> from surveys.study import Study
    >>> study, rng = Study.load("bank_tiering"), np.random.default_rng(1)
    >>> model = load_population_model("claims_hold", study)
    >>> drawn = simulate(study, model, rng=rng, sizes={"customers": 200})
    >>> report = quality_report(drawn["customers"], study.populations["customers"], rng=rng)
    >>> report.n_consenting + report.n_without_consent
    200
    """
    screening = screen(responses, population.screening)
    consenting = screening.consenting
    kept = responses.keep(consenting)
    checks: list[Check] = []
    if kept.n:
        checks += answer_checks(kept, rng=rng)
        checks += timing_checks(kept)
        checks += duplicate_checks(kept)
        checks += traffic_checks(kept)
    frames = population.sampling_frame if frame is None else frame
    return QualityReport(
        population=population.id,
        responses=responses,
        screening=screening,
        consenting=consenting,
        checks=tuple(checks),
        mixes=tuple(mix_against_frame(kept, column, shares, rng=rng) for column, shares in frames.items()),
    )

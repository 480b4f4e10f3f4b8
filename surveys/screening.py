"""Which respondents' answers can be trusted: declared rules, and a ledger of what each rule does.

Nobody is deleted. A rule flags respondents; those flagged by any rule are set aside, and the
ledger keeps who, by which rule, and on what value.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from surveys.questionnaire import Item
from surveys.responses import Responses
from surveys.scoring import keyed_answers
from surveys.study import RuleKind, ScreeningRule

OPTIONS: Mapping[RuleKind, frozenset[str]] = {
    "consent": frozenset({"item", "code"}),
    "missing": frozenset({"max_share"}),
    "attention": frozenset(),
    "duration": frozenset({"seconds_per_item", "min_seconds"}),
    "straightlining": frozenset({"longest_run", "max_irv"}),
    "duplicates": frozenset({"min_items"}),
    "mahalanobis": frozenset({"p_value"}),
    "person_fit": frozenset({"cutoff"}),
}


class NotApplicable(Exception):
    """A rule that these answers give no ground for, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLedger:
    """What one rule did."""

    name: str  #: the rule's kind, numbered when a kind is declared twice
    kind: RuleKind
    options: Mapping[str, float | str | tuple[str, ...]]
    n_flagged: int
    n_first: int  #: set aside by this rule when rules are applied in their order; these add up
    n_only_this_rule: int  #: would be analysed but for this rule
    applicable: bool = True
    reason: str = ""  #: why the rule could not be applied


@dataclass(frozen=True, slots=True, kw_only=True)
class Screening:
    """Flags, the ledger, and who is left.

    Attributes
    ----------
    flags : DataFrame of bool, shape (n_respondents, n_rules)
        Applicable rules only, in the order declared, consent first.
    values : DataFrame, shape (n_respondents, n_rules)
        The value that each rule looked at.
    ledger : tuple of RuleLedger
    """

    responses: Responses
    flags: pd.DataFrame
    values: pd.DataFrame
    ledger: tuple[RuleLedger, ...]

    @property
    def kept(self) -> pd.Series:
        """True for the respondents whom no rule set aside."""
        return ~self.flags.any(axis="columns")

    @property
    def n(self) -> int:
        """Respondents analysed."""
        return int(self.kept.sum())

    @property
    def consenting(self) -> pd.Series:
        """True for everyone whom no consent rule set aside."""
        refused = [rule.name for rule in self.ledger if rule.kind == "consent" and rule.applicable]
        return ~self.flags[refused].any(axis="columns")

    @property
    def n_set_aside_but_consenting(self) -> int:
        """Respondents set aside for the quality of their answers."""
        return int((self.consenting & ~self.kept).sum())

    @property
    def set_aside(self) -> pd.DataFrame:
        """One row per respondent and rule: respondent, row, rule, value."""
        rows = []
        for rule in self.flags:
            at = self.flags.index[self.flags[rule]]
            rows.append(
                pd.DataFrame(
                    {
                        "respondent": self.responses.metadata.loc[at, "respondent"],
                        "row": self.responses.metadata.loc[at, "row"],
                        "rule": rule,
                        "value": self.values[str(rule)].loc[at],
                    }
                )
            )
        columns = ["respondent", "row", "rule", "value"]
        if not rows:
            return pd.DataFrame(columns=columns)
        return pd.concat(rows).sort_values(["row", "rule"], kind="stable").reset_index(drop=True)

    def without(self, rule: str) -> pd.Series:
        """True for the respondents who would be kept if ``rule`` were not applied."""
        return ~self.flags.drop(columns=rule, errors="ignore").any(axis="columns")

    def keep(self) -> Responses:
        """The answers that are analysed."""
        return self.responses.keep(self.kept)


def screen(responses: Responses, rules: Sequence[ScreeningRule]) -> Screening:
    """Apply the declared rules.

    Parameters
    ----------
    responses : Responses
    rules : sequence of ScreeningRule
        ``consent`` rules come first whatever their place; the others are computed on those who
        gave their consent.

    Raises
    ------
    ValueError
        If a rule has an option that its kind does not know.

    Notes
    -----
    ``missing``: share of construct items not answered, above ``max_share``. ``attention``: any
    attention check answered with another code (a check left blank is a missing answer, not a
    failure). ``duration``: seconds in total below ``min_seconds``, or below ``seconds_per_item``
    times the number of questions asked. ``straightlining``: longest run of one code over
    consecutive items of one scale at least ``longest_run``, or intra-individual response
    variability at most ``max_irv``, on answers as given. ``duplicates``: same answers to all
    construct items as an earlier respondent, at least ``min_items`` answered. ``mahalanobis``:
    squared distance over the construct items (complete answers) with an upper chi-square
    probability below ``p_value``. ``person_fit``: normed polytomous Guttman errors above
    ``cutoff`` (default 0.5) on keyed items that share the most common scale. Indices are those
    of the library ``insufficient-effort`` where it has them (Meade & Craig 2012).
    """
    ordered = sorted(rules, key=lambda rule: rule.kind != "consent")
    names: dict[str, ScreeningRule] = {}
    for rule in ordered:
        unknown = set(rule.options) - OPTIONS[rule.kind]
        if unknown:
            raise ValueError(f"the screening rule {rule.kind} has no option {', '.join(sorted(unknown))}")
        name = rule.kind if rule.kind not in names else f"{rule.kind}_{len(names) + 1}"
        names[name] = rule
    index = responses.answers.index
    flags: dict[str, pd.Series] = {}
    values: dict[str, pd.Series] = {}
    reasons: dict[str, str] = {}
    consenting = pd.Series(True, index=index)
    for name, rule in names.items():
        try:
            flagged, value = RULES[rule.kind](responses.keep(consenting), rule.options)
        except NotApplicable as why:
            reasons[name] = str(why)
            continue
        at = index[consenting]
        flags[name] = pd.Series(flagged.to_numpy(dtype=bool), index=at).reindex(index, fill_value=False)
        values[name] = pd.Series(value.to_numpy(dtype=float), index=at).reindex(index)
        if rule.kind == "consent":
            consenting &= ~flags[name]
    flag_frame = pd.DataFrame(flags, index=index, dtype=bool)
    return Screening(
        responses=responses,
        flags=flag_frame,
        values=pd.DataFrame(values, index=index, dtype=float),
        ledger=tuple(_ledger(names, flag_frame, reasons)),
    )


def _ledger(
    names: Mapping[str, ScreeningRule], flags: pd.DataFrame, reasons: Mapping[str, str]
) -> list[RuleLedger]:
    ledger = []
    already = pd.Series(False, index=flags.index)
    for name, rule in names.items():
        applicable = name in flags
        flagged = flags[name] if applicable else pd.Series(False, index=flags.index)
        others = flags.drop(columns=name, errors="ignore").any(axis="columns")
        ledger.append(
            RuleLedger(
                name=name,
                kind=rule.kind,
                options=rule.options,
                n_flagged=int(flagged.sum()),
                n_first=int((flagged & ~already).sum()),
                n_only_this_rule=int((flagged & ~others).sum()),
                applicable=applicable,
                reason=reasons.get(name, ""),
            )
        )
        already |= flagged
    return ledger


Options = Mapping[str, float | str | tuple[str, ...]]
Flagged = tuple[pd.Series, pd.Series]


def _number(options: Options, name: str, default: float) -> float:
    return float(options.get(name, default))  # type: ignore[arg-type]


def _construct_items(responses: Responses) -> pd.DataFrame:
    keyed = keyed_answers(responses)
    if keyed.empty:
        raise NotApplicable("the answers hold no items of a construct")
    return keyed


def _consent(responses: Responses, options: Options) -> Flagged:
    item, code = str(options["item"]), _number(options, "code", math.nan)
    if item not in responses.answers:
        raise NotApplicable(f"the answers have no column for the consent item {item}")
    given = responses.answers[item]
    return given != code, given


def _missing(responses: Responses, options: Options) -> Flagged:
    from ier.missing import missing_rate

    rate = pd.Series(missing_rate(_construct_items(responses).to_numpy(dtype=float)), responses.answers.index)
    return rate > _number(options, "max_share", 0.5), rate


def _attention(responses: Responses, _options: Options) -> Flagged:
    checks = [
        item
        for item in responses.questionnaire.items
        if item.attention is not None and item.id in responses.answers
    ]
    if not checks:
        raise NotApplicable("the answers hold no attention check")
    answers = responses.answers[[item.id for item in checks]]
    wrong = sum((answers[i.id].notna() & (answers[i.id] != i.attention)).astype(int) for i in checks)
    failed = pd.Series(wrong, index=answers.index)
    return failed > 0, failed


def _duration(responses: Responses, options: Options) -> Flagged:
    if "seconds" not in responses.metadata or responses.metadata["seconds"].isna().all():
        raise NotApplicable("the file does not say how long respondents took")
    seconds = responses.metadata["seconds"]
    asked = [
        item.id
        for item in responses.questionnaire.items
        if item.source == "respondent" and item.columns[0] in responses.answers
    ]
    least = max(_number(options, "min_seconds", 0.0), _number(options, "seconds_per_item", 0.0) * len(asked))
    return seconds < least, seconds


def _rated_blocks(responses: Responses) -> list[list[str]]:
    """Consecutive interval items that share a scale, in the questionnaire's order."""
    blocks: list[list[Item]] = []
    for item in responses.questionnaire.items:
        rated = item.kind == "single" and item.scale is not None and item.scale.interval
        if not rated or item.id not in responses.answers or item.attention is not None:
            continue
        if blocks and blocks[-1][-1].scale is item.scale:
            blocks[-1].append(item)
        else:
            blocks.append([item])
    return [[item.id for item in block] for block in blocks if len(block) > 1]


def _straightlining(responses: Responses, options: Options) -> Flagged:
    from ier.irv import irv
    from ier.longstring import longstring_scores

    blocks = _rated_blocks(responses)
    if not blocks:
        raise NotApplicable("the answers hold no rated items that share a scale")
    runs = np.max(
        [longstring_scores(responses.answers[block].to_numpy(dtype=float)) for block in blocks], axis=0
    )
    value = pd.Series(runs, responses.answers.index)
    flagged = pd.Series(False, index=value.index)
    if "longest_run" in options:
        longest = _number(options, "longest_run", math.inf)
        if max(map(len, blocks)) < longest:
            raise NotApplicable(f"no block of items is {longest:.0f} items long")
        flagged |= value >= longest
    if "max_irv" in options:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spread = irv(responses.answers[max(blocks, key=len)].to_numpy(dtype=float))
        flagged |= pd.Series(spread, value.index) <= _number(options, "max_irv", 0.0)
    return flagged, value


def _duplicates(responses: Responses, options: Options) -> Flagged:
    items = _construct_items(responses)
    enough = items.notna().sum(axis="columns") >= _number(options, "min_items", 1)
    repeated = items.duplicated(keep="first") & enough
    same = (
        items.fillna(-math.inf).groupby(list(items.columns), sort=False)[items.columns[0]].transform("size")
    )
    return repeated, same.astype(float)


def _mahalanobis(responses: Responses, options: Options) -> Flagged:
    from ier.mahad import mahad
    from scipy.stats import chi2

    items = _construct_items(responses)
    complete = items.notna().all(axis="columns")
    n, k = int(complete.sum()), items.shape[1]
    if n <= 2 * k:
        raise NotApplicable(f"{n} complete respondents are too few for distances over {k} items")
    covariance = np.cov(items[complete].to_numpy(dtype=float), rowvar=False)
    if np.linalg.matrix_rank(np.atleast_2d(covariance)) < k:
        raise NotApplicable("some items are constant or exact combinations of others")
    squared = pd.Series(np.nan, index=items.index)
    squared[complete] = mahad(items[complete].to_numpy(dtype=float)) ** 2
    limit = chi2.isf(_number(options, "p_value", 0.001), k)
    return squared > limit, squared


def _person_fit(responses: Responses, options: Options) -> Flagged:
    from ier.person_fit import gpoly

    items = _construct_items(responses)
    scales: dict[tuple[int, int], list[str]] = {}
    for name in items:
        scale = responses.questionnaire.item(str(name)).scale
        if scale is not None:
            scales.setdefault((scale.low, scale.high), []).append(str(name))
    (low, high), names = max(scales.items(), key=lambda found: len(found[1]))
    if len(names) < 5:
        raise NotApplicable(f"{len(names)} items that share a scale are too few to judge the fit of persons")
    errors = pd.Series(
        gpoly(items[names].to_numpy(dtype=float), scale_min=low, scale_max=high), index=items.index
    )
    return errors > _number(options, "cutoff", 0.5), errors


RULES: Mapping[RuleKind, Callable[[Responses, Options], Flagged]] = {
    "consent": _consent,
    "missing": _missing,
    "attention": _attention,
    "duration": _duration,
    "straightlining": _straightlining,
    "duplicates": _duplicates,
    "mahalanobis": _mahalanobis,
    "person_fit": _person_fit,
}

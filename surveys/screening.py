"""Which respondents' answers can be trusted: declared rules, and a ledger of what each rule does.

Nobody is deleted. A rule flags respondents; those flagged by any rule are set aside, and the
ledger keeps who, by which rule, and on what value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from surveys.questionnaire import Item
from surveys.responses import Responses
from surveys.scoring import keyed_answers
from surveys.study import RuleKind, ScreeningRule

Options = Mapping[str, float | str | tuple[str, ...]]

OPTIONS: Mapping[RuleKind, frozenset[str]] = {
    "consent": frozenset({"item", "code"}),
    "missing": frozenset({"max_share"}),
    "attention": frozenset(),
    "duration": frozenset({"seconds_per_item", "min_seconds"}),
    "straightlining": frozenset({"longest_run", "max_irv"}),
    "duplicates": frozenset({"min_items"}),
    "mahalanobis": frozenset({"p_value"}),
    "person_fit": frozenset({"cutoff", "share"}),
    "sampling": frozenset({"weight", "items"}),
}
#: rules that are never left out: who did not consent, or has no place in the sample, is in no analysis
ALWAYS: tuple[RuleKind, ...] = ("consent", "sampling")
LEAST_FOR_FIT = 5  #: items on one scale, below which answers have no pattern to fit


class NotApplicable(Exception):
    """A rule that these answers give no ground for, with the reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Criterion:
    """One index that a rule looks at. Its Series stand for the respondents the rule was given."""

    index: str  #: ``longest_run``, ``d_squared``, ...
    values: pd.Series  #: NaN where the index does not exist for a respondent
    limit: pd.Series | float  #: what the value was held against
    flagged: pd.Series
    judged: pd.Series | None = None  #: who was judged, where that is not who has a value


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLedger:
    """What one rule did."""

    name: str  #: the rule's kind; the second of a kind is ``missing_2``
    kind: RuleKind
    options: Options
    n_judged: int  #: respondents whose answers the rule could be applied to
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
    responses : Responses
        Everybody, as read.
    flags : DataFrame of bool, shape (n_respondents, n_rules)
        One column a rule, consent first, then in the order declared. A rule that could not be
        applied flags nobody.
    indices, limits : DataFrame, shape (n_respondents, n_indices)
        What each rule looked at and held it against, in columns such as
        ``straightlining.longest_run``. NaN where the index does not exist: for those who refused
        consent, or left blank what it needs.
    breaches : DataFrame of bool, shape (n_respondents, n_indices)
        Which index was the reason for a flag.
    ledger : tuple of RuleLedger
        One a rule, in the order of ``flags``.
    """

    responses: Responses
    flags: pd.DataFrame
    indices: pd.DataFrame
    limits: pd.DataFrame
    breaches: pd.DataFrame
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
        refused = [rule.name for rule in self.ledger if rule.kind == "consent"]
        return ~self.flags[refused].any(axis="columns")

    @property
    def usable(self) -> pd.Series:
        """True for everyone who gave consent and has a place in the sampling design."""
        outside = [rule.name for rule in self.ledger if rule.kind in ALWAYS]
        return ~self.flags[outside].any(axis="columns")

    @property
    def n_set_aside_but_consenting(self) -> int:
        """Respondents set aside for the quality of their answers."""
        return int((self.consenting & ~self.kept).sum())

    @property
    def set_aside(self) -> pd.DataFrame:
        """One row per respondent and reason: respondent, row, rule, index, value, limit."""
        who = self.responses.metadata
        rows = []
        for place, column in enumerate(map(str, self.indices)):
            at = self.breaches.index[self.breaches[column]]
            rule, _, index = column.partition(".")
            rows.append(
                pd.DataFrame(
                    {
                        "respondent": who.loc[at, "respondent"],
                        "row": who.loc[at, "row"],
                        "rule": rule,
                        "index": index,
                        "value": self.indices.loc[at, column],
                        "limit": self.limits.loc[at, column],
                        "place": place,
                    }
                )
            )
        if not rows:
            return pd.DataFrame(columns=["respondent", "row", "rule", "index", "value", "limit"])
        return pd.concat(rows).sort_values(["row", "place"]).drop(columns="place").reset_index(drop=True)

    def without(self, rule: str) -> pd.Series:
        """True for the respondents who would be kept if ``rule`` were not applied.

        Raises
        ------
        KeyError
            If no rule has that name.
        """
        if rule not in self.flags:
            raise KeyError(f"there is no rule {rule}; the rules are {', '.join(map(str, self.flags))}")
        return ~self.flags.drop(columns=rule).any(axis="columns")

    def keep(self) -> Responses:
        """The answers that are analysed."""
        return self.responses.keep(self.kept)

    def to_frame(self) -> pd.DataFrame:
        """The ledger as a table, one row a rule."""
        rows = [
            asdict(rule) | {"options": ", ".join(f"{name} {value}" for name, value in rule.options.items())}
            for rule in self.ledger
        ]
        return pd.DataFrame(rows, columns=list(RuleLedger.__dataclass_fields__))


def screen(responses: Responses, rules: Sequence[ScreeningRule]) -> Screening:
    """Apply the declared rules.

    Parameters
    ----------
    responses : Responses
    rules : sequence of ScreeningRule
        ``consent`` rules come first whatever their place, then ``sampling``; the others are computed on
        those who gave their consent.

    Raises
    ------
    ValueError
        If a rule has an option that its kind does not know, lacks one that it needs, or has one
        that is not a number where a number is meant.

    Notes
    -----
    consent
        ``item`` not answered with ``code``; no answer is no consent.
    sampling
        ``weight`` (an item) missing, zero or negative, or no answer to one of ``items``, which say where a
        respondent stands in the sampling design. A study file that declares a design has this rule by itself.
    missing
        Share of construct items left blank above ``max_share`` (0.5). Items that routing did not
        show to a respondent are not counted.
    attention
        Any attention check answered with another code. A check left blank is a missing answer,
        not a failure.
    duration
        Seconds in total below ``min_seconds``, or below ``seconds_per_item`` times the questions
        shown to the respondent, where each row of a matrix is one (Huang et al. [1]_ take 2 seconds).
    straightlining
        Longest run of one code at least ``longest_run``, over rated items that share a scale and
        follow each other in the questionnaire, on answers as given (not reverse-keyed). Other kinds of
        question and attention checks between them do not end a run, nor does an answer left blank;
        R's ``careless`` ends a run there. ``max_irv``: standard deviation of a respondent's answers
        (dividing by n, where ``careless`` divides by n - 1) over the longest such stretch at most
        this much; not computed for those who answered less than half of it.
    duplicates
        The same answers to all construct items, blanks included, as an earlier respondent, with at
        least ``min_items`` answered (default: half of them). The first of them is not flagged. The value is
        the row of the data file that is repeated.
    mahalanobis
        Squared Mahalanobis distance over the construct items, with covariances dividing by n - 1,
        whose upper chi-square probability is below ``p_value`` (0.001). Respondents with a blank
        among them have no distance and are not flagged.
    person_fit
        Polytomous Guttman errors over their greatest possible number (Emons [3]_), above
        ``cutoff`` (0.5), or, with ``share``, above the quantile that leaves this share of
        respondents. Over keyed construct items with the most common scale; complete answers only.

    Indices are those of the library ``insufficient-effort`` where it has them; Meade and
    Craig [2]_ compare most of them.

    References
    ----------
    .. [1] Huang, J. L., Curran, P. G., Keeney, J., Poposki, E. M., & DeShon, R. P. (2012). Detecting
       and deterring insufficient effort responding to surveys. Journal of Business and Psychology,
       27(1), 99-114.
    .. [2] Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data.
       Psychological Methods, 17(3), 437-455.
    .. [3] Emons, W. H. M. (2008). Nonparametric person-fit analysis of polytomous item scores.
       Applied Psychological Measurement, 32(3), 224-247.

    Examples
    --------
    >>> from surveys.questionnaire import Questionnaire
    >>> from surveys.responses import SourceFile
    >>> asked = Questionnaire(id="q", title={"en": "Q"}, languages=("en",), sections=(), scales={},
    ...                       items=(Item(id="A", kind="number", text={"en": "a"}, section="x"),))
    >>> metadata = pd.DataFrame({"respondent": ["a", "b"], "row": [2, 3], "seconds": [4.0, 200.0]})
    >>> read = Responses(questionnaire=asked, answers=pd.DataFrame({"A": [1.0, 2.0]}), metadata=metadata,
    ...                  source=SourceFile(name="a.csv", sha256=""))
    >>> screening = screen(read, [ScreeningRule(kind="duration", options={"min_seconds": 60})])
    >>> screening.set_aside["respondent"].tolist(), screening.n
    (['a'], 1)
    """
    names = _named(sorted(rules, key=lambda rule: ALWAYS.index(rule.kind) if rule.kind in ALWAYS else 9))
    index = responses.answers.index
    consenting = pd.Series(True, index=index)
    found: dict[str, tuple[Criterion, ...]] = {}
    reasons: dict[str, str] = {}
    for name, rule in names.items():
        try:
            if not consenting.any():
                raise NotApplicable("nobody gave consent" if len(index) else "there are no respondents")
            found[name] = RULES[rule.kind](responses.keep(consenting), rule.options)
        except NotApplicable as why:
            reasons[name], found[name] = str(why), ()
            continue
        found[name] = tuple(_back_in_place(criterion, consenting) for criterion in found[name])
        if rule.kind == "consent":
            consenting = consenting & ~_any_flag(found[name], index)
    flags = pd.DataFrame(
        {name: _any_flag(criteria, index) for name, criteria in found.items()}, index=index, dtype=bool
    )
    columns = {f"{name}.{c.index}": c for name, criteria in found.items() for c in criteria}
    return Screening(
        responses=responses,
        flags=flags,
        indices=pd.DataFrame({name: c.values for name, c in columns.items()}, index=index, dtype=float),
        limits=pd.DataFrame({name: c.limit for name, c in columns.items()}, index=index, dtype=float),
        breaches=pd.DataFrame({name: c.flagged for name, c in columns.items()}, index=index, dtype=bool),
        ledger=tuple(_ledger(names, found, flags, reasons)),
    )


def _named(rules: Sequence[ScreeningRule]) -> dict[str, ScreeningRule]:
    named: dict[str, ScreeningRule] = {}
    for rule in rules:
        _check_options(rule)
        same = sum(other.kind == rule.kind for other in named.values())
        named[rule.kind if not same else f"{rule.kind}_{same + 1}"] = rule
    return named


def _check_options(rule: ScreeningRule) -> None:
    kind, given = rule.kind, rule.options
    if kind not in OPTIONS:
        raise ValueError(f"there is no screening rule {kind}; the rules are {', '.join(OPTIONS)}")
    unknown = sorted(set(given) - OPTIONS[kind])
    if unknown:
        known = ", ".join(sorted(OPTIONS[kind])) or "none"
        raise ValueError(
            f"the screening rule {kind} has no option {', '.join(unknown)}; its options are: {known}"
        )
    if kind == "consent" and len(given) < 2:
        raise ValueError("the screening rule consent needs `item` and `code`")
    if kind in ("duration", "straightlining") and not given:
        either = " or ".join(sorted(OPTIONS[kind]))
        raise ValueError(f"the screening rule {kind} needs {either}")
    for name, value in given.items():
        if name not in ("item", "items", "weight") and (
            isinstance(value, bool) or not isinstance(value, int | float)
        ):
            raise ValueError(f"the screening rule {kind}: {name} is {value!r}, expected a number")


def _back_in_place(criterion: Criterion, judged: pd.Series) -> Criterion:
    """A criterion computed on some respondents, aligned to all."""
    index, at = judged.index, judged.index[judged]

    def place(numbers: pd.Series) -> pd.Series:
        return pd.Series(numbers.to_numpy(dtype=float), index=at).reindex(index)

    limit = criterion.limit
    return Criterion(
        index=criterion.index,
        values=place(criterion.values),
        limit=place(limit if isinstance(limit, pd.Series) else pd.Series(limit, index=at)),
        flagged=place(criterion.flagged) == 1.0,
        judged=place(criterion.values.notna() if criterion.judged is None else criterion.judged) == 1.0,
    )


def _any_flag(criteria: Sequence[Criterion], index: pd.Index) -> pd.Series:
    return _any([criterion.flagged for criterion in criteria], index)


def _any(columns: Sequence[pd.Series], index: pd.Index) -> pd.Series:
    found = pd.Series(False, index=index)
    for column in columns:
        found = found | column
    return found


def _ledger(
    names: Mapping[str, ScreeningRule],
    found: Mapping[str, Sequence[Criterion]],
    flags: pd.DataFrame,
    reasons: Mapping[str, str],
) -> Iterator[RuleLedger]:
    already = pd.Series(False, index=flags.index)
    for name, rule in names.items():
        flagged = flags[name]
        others = flags.drop(columns=name).any(axis="columns")
        judged = [criterion.judged for criterion in found[name] if criterion.judged is not None]
        yield RuleLedger(
            name=name,
            kind=rule.kind,
            options=rule.options,
            n_judged=int(_any(judged, flags.index).sum()),
            n_flagged=int(flagged.sum()),
            n_first=int((flagged & ~already).sum()),
            n_only_this_rule=int((flagged & ~others).sum()),
            applicable=name not in reasons,
            reason=reasons.get(name, ""),
        )
        already = already | flagged


def _number(options: Options, name: str, default: float) -> float:
    return float(options.get(name, default))  # type: ignore[arg-type]


def _construct_items(responses: Responses) -> pd.DataFrame:
    keyed = keyed_answers(responses)
    if keyed.empty:
        raise NotApplicable("the answers hold no items of a construct")
    return keyed


def _asked(responses: Responses, names: Sequence[str]) -> pd.DataFrame:
    """Which items were shown to whom, shape (n_respondents, n_items).

    An item with ``show_if`` was shown where its condition holds or where it has an answer; the
    other items were shown to everyone.
    """
    answers, shown = responses.answers, {}
    for name in names:
        item = responses.questionnaire.item(name)
        shown[name] = pd.Series(True, index=answers.index)
        if item.show_if is None:
            continue
        column, code = (part.strip() for part in item.show_if.split("="))
        if column in answers:
            present = [c for c in item.columns if c in answers]
            shown[name] = (answers[column] == float(code)) | answers[present].notna().any(axis="columns")
    return pd.DataFrame(shown, index=answers.index, dtype=bool)


def _consent(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    item, code = str(options["item"]), _number(options, "code", math.nan)
    if item not in responses.answers:
        raise NotApplicable(f"the answers have no column for the consent item {item}")
    given = responses.answers[item]
    everyone = pd.Series(True, index=given.index)
    return (Criterion(index="code", values=given, limit=code, flagged=given != code, judged=everyone),)


def _sampling(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    found = []
    weight, items = options.get("weight"), options.get("items", ())
    everyone = pd.Series(True, index=responses.answers.index)
    if weight is not None and str(weight) in responses.answers:
        given = responses.answers[str(weight)].astype(float)
        unusable = ~(given > 0) | given.isin([math.inf])
        found.append(Criterion(index=str(weight), values=given, limit=0.0, flagged=unusable, judged=everyone))
    for item in items if isinstance(items, tuple) else ():
        if item in responses.answers:
            blank = responses.answers[item].isna()
            found.append(
                Criterion(
                    index=item,
                    values=pd.Series(math.nan, index=blank.index),
                    limit=math.nan,
                    flagged=blank,
                    judged=everyone,
                )
            )
    if not found:
        raise NotApplicable("the answers hold no column of the sampling design")
    return tuple(found)


def _missing(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    from ier.missing import missing_rate

    items = _construct_items(responses)
    asked = _asked(responses, [str(name) for name in items])
    rate = pd.Series(
        missing_rate(items.to_numpy(dtype=float), applicable_mask=asked.to_numpy()), index=items.index
    )
    most = _number(options, "max_share", 0.5)
    return (Criterion(index="share_missing", values=rate, limit=most, flagged=rate > most),)


def _attention(responses: Responses, _options: Options) -> tuple[Criterion, ...]:
    from ier.infrequency import infrequency

    checks = {
        item.id: item.attention
        for item in responses.questionnaire.items
        if item.attention is not None and item.id in responses.answers
    }
    if not checks:
        raise NotApplicable("the answers hold no attention check")
    answers = responses.answers[list(checks)]
    failed = pd.Series(
        infrequency(
            answers.to_numpy(dtype=float),
            item_indices=list(range(len(checks))),
            expected_responses=list(checks.values()),
            missing="pass",
        ),
        index=answers.index,
    )
    return (Criterion(index="checks_failed", values=failed, limit=0.0, flagged=failed > 0),)


def _duration(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    seconds = responses.metadata.get("seconds")
    if seconds is None or seconds.isna().all():
        raise NotApplicable("the file does not say how long respondents took")
    names = [
        item.id
        for item in responses.questionnaire.items
        if item.source == "respondent" and any(column in responses.answers for column in item.columns)
    ]
    n_asked = _asked(responses, names).sum(axis="columns").astype(float)
    least = (n_asked * _number(options, "seconds_per_item", 0.0)).clip(
        lower=_number(options, "min_seconds", 0.0)
    )
    return (Criterion(index="seconds", values=seconds, limit=least, flagged=seconds < least),)


def _rated_blocks(responses: Responses) -> list[list[str]]:
    """Rated items that share a scale and follow each other, in the questionnaire's order."""
    blocks: list[list[Item]] = []
    for item in responses.questionnaire.items:
        rated = item.kind == "single" and item.scale is not None and item.scale.interval
        asked = item.source == "respondent" and item.attention is None and item.id in responses.answers
        if not (rated and asked):
            continue
        if blocks and blocks[-1][-1].scale == item.scale:
            blocks[-1].append(item)
        else:
            blocks.append([item])
    return [[item.id for item in block] for block in blocks if len(block) > 1]


def _straightlining(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    blocks = _rated_blocks(responses)
    if not blocks:
        raise NotApplicable("the answers hold no rated items that share a scale")
    criteria = []
    if "longest_run" in options:
        longest = _number(options, "longest_run", math.inf)
        if max(map(len, blocks)) >= longest:
            criteria.append(_longest_run(responses.answers, blocks, longest))
        elif "max_irv" not in options:
            raise NotApplicable(
                f"no run can be {longest:g} items long: at most {max(map(len, blocks))} rated items in a row "
                "share a scale"
            )
    if "max_irv" in options:
        block = responses.answers[max(blocks, key=len)]
        criteria.append(_variability(block, _number(options, "max_irv", 0.0)))
    return tuple(criteria)


def _longest_run(answers: pd.DataFrame, blocks: Sequence[list[str]], longest: float) -> Criterion:
    from ier.longstring import longstring_scores

    runs = np.max([longstring_scores(answers[block].to_numpy(dtype=float)) for block in blocks], axis=0)
    values = pd.Series(runs, index=answers.index)
    return Criterion(index="longest_run", values=values, limit=longest, flagged=values >= longest)


def _variability(block: pd.DataFrame, most: float) -> Criterion:
    from ier.irv import irv

    values = pd.Series(irv(block.to_numpy(dtype=float)), index=block.index)
    # one answer alone does not vary, which says nothing about the care taken
    values = values.where(block.notna().mean(axis="columns") >= 0.5)
    return Criterion(index="irv", values=values, limit=most, flagged=values <= most)


def _duplicates(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    items = _construct_items(responses)
    least = _number(options, "min_items", math.ceil(items.shape[1] / 2))
    if least > items.shape[1]:
        raise NotApplicable(f"the answers hold {items.shape[1]} items of constructs, fewer than {least:g}")
    enough = items.notna().sum(axis="columns") >= least
    flagged = items.duplicated(keep="first") & enough
    # only those who are not alone with their answers need to be grouped, and they are few
    twins = items[items.duplicated(keep=False)].fillna(math.inf)
    same = twins.groupby(list(twins.columns), sort=False).ngroup()
    first = responses.metadata["row"].loc[twins.index].groupby(same).transform("first")
    rows = first.astype(float).reindex(items.index).where(flagged)
    return (Criterion(index="same_as_row", values=rows, limit=math.nan, flagged=flagged, judged=enough),)


def _mahalanobis(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    from ier.mahad import mahad
    from scipy.stats import chi2

    items = _construct_items(responses)
    complete = items.notna().all(axis="columns")
    answers = items[complete].to_numpy(dtype=float)
    n, k = answers.shape
    limit = float(chi2.isf(_number(options, "p_value", 0.001), k))
    # no squared distance from a sample's own mean exceeds (n - 1)^2 / n
    if n <= k or (n - 1) ** 2 / n <= limit:
        raise NotApplicable(
            f"{n} respondents answered all {k} items, too few for any distance to pass {limit:.1f}"
        )
    spread = answers.std(axis=0, ddof=1)
    constant = [str(name) for name, sd in zip(items, spread, strict=True) if sd == 0]
    if constant:
        raise NotApplicable(f"everyone gave the same answer to {', '.join(constant)}")
    if np.linalg.matrix_rank((answers - answers.mean(axis=0)) / spread) < k:
        raise NotApplicable("some items are exact combinations of others")
    squared = pd.Series(np.nan, index=items.index)
    squared[complete] = mahad(answers) ** 2
    return (Criterion(index="d_squared", values=squared, limit=limit, flagged=squared > limit),)


def _person_fit(responses: Responses, options: Options) -> tuple[Criterion, ...]:
    from ier.person_fit import gpoly

    items = _construct_items(responses)
    scales: dict[tuple[int, int], list[str]] = {}
    for name in items:
        scale = responses.questionnaire.item(str(name)).scale
        if scale is not None:
            scales.setdefault((scale.low, scale.high), []).append(str(name))
    (low, high), names = max(scales.items(), key=lambda found: len(found[1]), default=((0, 0), []))
    if len(names) < LEAST_FOR_FIT:
        raise NotApplicable(f"{len(names)} items that share a scale are too few to judge the fit of persons")
    errors = pd.Series(
        gpoly(items[names].to_numpy(dtype=float), scale_min=low, scale_max=high), index=items.index
    )
    if errors.isna().all():
        raise NotApplicable(f"nobody answered all {len(names)} items with a pattern that could have errors")
    limits = [float(errors.quantile(1 - _number(options, "share", 0)))] if "share" in options else []
    if "cutoff" in options or not limits:
        limits.append(_number(options, "cutoff", 0.5))
    limit = min(limits)
    return (Criterion(index="guttman_errors", values=errors, limit=limit, flagged=errors > limit),)


RULES: Mapping[RuleKind, Callable[[Responses, Options], tuple[Criterion, ...]]] = {
    "consent": _consent,
    "sampling": _sampling,
    "missing": _missing,
    "attention": _attention,
    "duration": _duration,
    "straightlining": _straightlining,
    "duplicates": _duplicates,
    "mahalanobis": _mahalanobis,
    "person_fit": _person_fit,
}

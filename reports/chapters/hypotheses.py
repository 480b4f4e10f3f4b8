"""The hypotheses, one by one: claim, evidence, what follows."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.drivers import KeyDrivers
from analysis.hypotheses import Evidence, Reason, Verdict
from reports.chapters.drivers import penalties_and_rewards, stated_importance
from reports.chapters.tiers import no_priorities
from reports.document import Block, Callout, Column, Heading, Prose, Table, plain, text_width
from reports.labels import with_dashes
from reports.sentences import (
    CONCLUSIONS,
    EFFECTS,
    ESTIMATE,
    FAILED,
    MAY_SEEM_CAUSAL,
    MEAN_OF,
    NO_CAUSE,
    NO_ESTIMATE,
    OUTCOMES,
    ZONES,
    listed,
    sentence,
)
from reports.shortening import shortened
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Hypotheses", "zh": "假设检验"},
    "intro": {
        "en": (
            "Each claim is held against the smallest effect that was declared to matter. All claims speak of what the answers "
            "show together at one time; words such as “raises” are the study's and are tested as associations."
        ),
        "zh": "每项假设均与事先声明的最小关注效应比较。全部数据来自同一时点，“提高”“促进”等词为原研究用语，此处仅作为相关关系检验。",
    },
    "none": {"en": "The study declares no hypotheses.", "zh": "本研究未声明假设。"},
    "exploratory": {"en": " (exploratory)", "zh": "（探索性）"},
    "heading": {"en": "{id}{tag}: {claim}", "zh": "{id}{tag}：{claim}"},
    "drivers": {
        "en": "Importance of the drivers of {outcome}, {population}",
        "zh": "{outcome}各驱动因素的重要性（{population}）",
    },
    "driver": {"en": "Driver", "zh": "驱动因素"},
    "beta": {"en": "β", "zh": "β"},
    "beta_interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "lmg": {"en": "LMG", "zh": "LMG"},
    "lmg_interval": {"en": "{level} interval of LMG", "zh": "LMG的{level}置信区间"},
    "weight": {"en": "Relative weight", "zh": "相对权重"},
    "performance": {"en": "Performance", "zh": "表现值"},
    "drivers_note": {
        "en": "β: standardised coefficient. LMG: share of variance that goes with a driver, averaged over all orders; the values add up to R² = {r_squared}, not adjusted for the number of drivers. Relative weight: Johnson's, which adds up likewise. Performance: mean on the scale from 0 to 100.",
        "zh": "β为标准化系数。LMG为各因素对所有进入顺序取平均的方差解释份额，其和为未调整的R²（{r_squared}）。相对权重为Johnson法，其和相同。表现值为换算到0至100的均值。",
    },
    "drivers_alone": {
        "en": "The hypothesis is tested for all drivers together. Taken alone, with the others held constant, the coefficient of {drivers} is not told apart from zero.",
        "zh": "该假设就全部因素共同检验。就单个因素而言，控制其他因素后，{drivers}的系数未显著异于零。",
    },
}
HEADING_EMS = 31.0  #: what stands on one line of a heading beside its number


def hypotheses_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter."""
    yield Heading(text=telling.say(WORDS["title"]), key="hypotheses")
    if not telling.findings.verdicts:
        yield Prose(telling.say(WORDS["none"]))
        return
    yield Prose(telling.say(WORDS["intro"]))
    for verdict in telling.findings.verdicts:
        yield from _hypothesis(telling, verdict)


def _hypothesis(telling: Telling, verdict: Verdict) -> Iterator[Block]:
    claim = plain(verdict.hypothesis.claim[telling.language])
    yield Heading(text=_heading(telling, verdict), level=2, key=f"hypothesis-{verdict.id}")
    yield Callout(text=claim, title=sentence(telling.say(OUTCOMES[verdict.outcome])), kind="result")
    if verdict.hypothesis.note is not None:
        yield Prose(plain(with_dashes(verdict.hypothesis.note[telling.language])))
    for evidence in verdict.evidence:
        yield Prose(("" if telling.language == "zh" else " ").join(_evidence(telling, evidence)))
    yield Prose(conclusion(telling, verdict))
    for evidence in verdict.evidence:
        if isinstance(evidence.result, KeyDrivers) and evidence.result.drivers:
            yield from _alone(telling, evidence, evidence.result)
            yield _drivers(telling, verdict, evidence, evidence.result)
        key = f"hypotheses.{verdict.id}.{evidence.position + 1}"
        for name in (key, f"{key}.priorities"):
            if name in telling.figures:
                yield telling.figures[name]
        yield from no_priorities(telling, verdict.id, evidence.position)
        if evidence.test.kind == "drivers":
            yield from stated_importance(telling, verdict.id, evidence.position, evidence.test)
            yield from penalties_and_rewards(telling, verdict.id, evidence.position, evidence.test.population)


def _heading(telling: Telling, verdict: Verdict) -> str:
    """The id and as much of the claim as fits on one line."""
    tag = "" if verdict.hypothesis.confirmatory else telling.say(WORDS["exploratory"])
    room = HEADING_EMS - text_width(f"{verdict.id}{tag}: ")
    claim = plain(shortened(verdict.hypothesis.claim[telling.language], room))
    return telling.say(WORDS["heading"], id=plain(verdict.id), tag=tag, claim=claim)


def _evidence(telling: Telling, evidence: Evidence) -> Iterator[str]:
    test = evidence.test
    who = _who(telling, evidence)
    effect = describe_effect(telling, evidence)
    if evidence.estimate is None or evidence.interval is None:
        yield _without_who(
            telling, evidence, telling.say(NO_ESTIMATE, who=sentence(who), effect=effect.rstrip(","))
        )
    else:
        (entry,) = evidence.entries()
        scope = effect_scope(evidence)
        said = telling.say(
            ESTIMATE,
            who=sentence(who),
            effect=effect,
            estimate=telling.cite(scope, entry, "estimate"),
            level=telling.numbers.level(entry.interval),
            interval=telling.cite(scope, entry, "interval"),
            n=telling.cite(scope, entry, "n"),
        )
        yield _without_who(telling, evidence, said)
    if evidence.judged is not None:
        bound = telling.numbers.number(test.smallest_effect)
        if test.direction == "any":
            bound = f"±{bound}"
        elif test.direction == "negative":
            bound = telling.numbers.number(-test.smallest_effect)
        yield telling.say(ZONES[evidence.judged.zone], bound=bound)
    for reason in evidence.failed:
        yield failed_condition(telling, evidence, reason)


def _who(telling: Telling, evidence: Evidence) -> str:
    """Whose answers a test is about; of a gap, both populations."""
    test = evidence.test
    both = (test.population, *test.variables.get("versus_population", ()))
    return listed([telling.title(name) for name in both], telling.language)


def _without_who(telling: Telling, evidence: Evidence, said: str) -> str:
    """A Chinese sentence on a gap begins with both populations and need not name them before."""
    if telling.language == "zh" and evidence.test.kind == "gap":
        return said.removeprefix(f"{sentence(_who(telling, evidence))}：")
    return said


def effect_scope(evidence: Evidence) -> str:
    """Where the estimate of a test is listed."""
    return f"hypotheses.{evidence.hypothesis}.{evidence.position + 1}.effect"


def describe_effect(telling: Telling, evidence: Evidence) -> str:
    """What the test estimates, with its variables named."""
    test = evidence.test
    population = telling.findings.study.populations[test.population]
    names = {
        role: listed([telling.quoted(test.population, name) for name in values], telling.language)
        for role, values in test.variables.items()
        if role not in ("versus", "versus_population", "reference", "method")
    }
    names.setdefault("group", telling.quoted(test.population, population.group or ""))
    if test.kind == "repeated":
        names["variable"] = names.get("item") or names.get("columns", "")
    if test.kind == "contrast":
        for side in ("plus", "minus"):
            if len(test.variables.get(side, ())) > 1:
                names[side] = telling.say(MEAN_OF, names=names[side])
    if test.kind == "gap":
        names["population"] = telling.title(test.population)
        names["versus_population"] = telling.title(test.variables["versus_population"][0])
    controlled = test.kind in ("path", "latent_path") and "controls" in names
    kind = f"{test.kind}_controls" if controlled else test.kind
    if kind == "repeated" and ("item" in test.variables or "Cochran's Q" in evidence.method):
        kind = "repeated_yes_no"
    return telling.say(EFFECTS[kind], **names)


def failed_condition(telling: Telling, evidence: Evidence, reason: Reason) -> str:
    """A failed condition in words."""
    words = FAILED.get(reason.word, FAILED["other"])
    population = reason.details if reason.word == "no_data" else evidence.test.population
    return telling.say(words, population=telling.title(population), details=plain(reason.details))


def conclusion(telling: Telling, verdict: Verdict) -> str:
    """What follows from the evidence, hedged as it deserves."""
    key: str = verdict.outcome
    if verdict.outcome == "supported" and not verdict.hypothesis.confirmatory:
        key = "supported_exploratory"
    if any(reason.word == "family" for reason in verdict.because):
        key = "family"
    said = telling.say(
        CONCLUSIONS[key],
        p_adjusted=telling.numbers.p_value(verdict.p_adjusted, relation=True),
        p_value=telling.numbers.p_value(verdict.p_value, relation=True),
    )
    if key == "supported" and any(one.test.kind in MAY_SEEM_CAUSAL for one in verdict.evidence):
        said += ("" if telling.language == "zh" else " ") + telling.say(NO_CAUSE)
    return said


def _alone(telling: Telling, evidence: Evidence, result: KeyDrivers) -> Iterator[Prose]:
    """Drivers whose own coefficient is not told apart from zero."""
    entries = result.entries()
    intervals = {
        one.name: pick(entries, "standardized_coefficient", predictor=one.name).interval
        for one in result.drivers
    }
    weak = [name for name, interval in intervals.items() if interval is None or not interval.excludes(0)]
    if weak:
        labels = telling.labels(evidence.test.population)
        names = listed([labels.name(name) for name in weak], telling.language)
        yield Prose(telling.say(WORDS["drivers_alone"], drivers=names))


def _drivers(telling: Telling, verdict: Verdict, evidence: Evidence, result: KeyDrivers) -> Table:
    population = evidence.test.population
    labels = telling.labels(population)
    scope = f"hypotheses.{verdict.id}.{evidence.position + 1}.details"
    entries = result.entries()
    rows, level = [], ""
    for driver in result.drivers:
        beta = pick(entries, "standardized_coefficient", predictor=driver.name)
        lmg = pick(entries, "lmg", driver=driver.name)
        weight = pick(entries, "relative_weight", driver=driver.name)
        level = level or telling.numbers.level(lmg.interval)
        rows.append(
            (
                labels.name(driver.name),
                telling.cite(scope, beta, "estimate", "bounded"),
                telling.cite(scope, beta, "interval", "bounded"),
                telling.cite(scope, lmg, "estimate", "bounded", 3),
                telling.cite(scope, lmg, "interval", "bounded", 3),
                telling.cite(scope, weight, "estimate", "bounded", 3),
                telling.cite(scope, lmg, "more.performance", digits=1) if "performance" in lmg.more else "–",
            )
        )
    names = ("beta", "beta_interval", "lmg", "lmg_interval", "weight", "performance")
    return Table(
        key=f"hypotheses.{verdict.id}.{evidence.position + 1}.drivers",
        caption=telling.say(
            WORDS["drivers"],
            outcome=telling.name(population, result.outcome),
            population=telling.title(population),
        ),
        columns=(
            Column(id="driver", label=telling.say(WORDS["driver"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name], level=level)) for name in names),
        ),
        rows=tuple(rows),
        notes=(
            telling.say(
                WORDS["drivers_note"],
                r_squared=telling.cite(
                    scope, pick(entries, "adjusted_r_squared"), "more.r_squared", "bounded"
                ),
            ),
        ),
    )

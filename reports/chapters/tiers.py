"""Where tiers stand against each other: gaps between populations by tier, moves between tiers."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.results import Entry
from analysis.tier_migration import TierMigration
from reports.document import Block, Prose, plain
from reports.sentences import listed
from reports.telling import Telling, pick

WORDS = {
    "gaps": {
        "en": "@fig:{key} divides these gaps by tier; further figures show them item by item. Only {first} are divided: each column is compared with all {second}. After Holm's correction over all {family} tests of the map, {beyond} gaps differ from zero; reverse-worded items are turned round, so that a gap above zero always means that {first} rate the matter higher.",
        "zh": "@fig:{key}按等级列出这些差距，其后各图逐题列出。仅{first}按等级划分，各列均与全体{second}比较。对全部{family}项检验作Holm校正后，{beyond}个差距达到显著水平。反向题已反向计分，差距大于零均表示{first}的评价更高。",
    },
    "undivided": {
        "en": "@fig:{key} shows these gaps on one scale. After Holm's correction over all {family} tests of the map, {beyond} gaps differ from zero; reverse-worded items are turned round, so that a gap above zero always means that {first} rate the matter higher.",
        "zh": "@fig:{key}在同一尺度上列出这些差距。对全部{family}项检验作Holm校正后，{beyond}个差距达到显著水平。反向题已反向计分，差距大于零均表示{first}的评价更高。",
    },
    "branches": {
        "en": "Errors count that people of one branch answer alike ({names}).",
        "zh": "误差已考虑同一网点受访者的相似性（{names}）。",
    },
    "no_branches": {
        "en": "No branches are known of these populations: respondents are taken as independent.",
        "zh": "这两类人群均无网点信息，受访者视为相互独立。",
    },
    "moves": {
        "en": "“{first}” against “{second}” (@fig:{key}): {up} ({level} interval {up_interval}) stand higher in the second, {stay} {stay_interval} alike, {down} {down_interval} lower; n = {n}. Quadratic weighted kappa is {kappa} ({level} interval {kappa_interval}).",
        "zh": "“{first}”与“{second}”相比（@fig:{key}）：{up}（{level}置信区间{up_interval}）后者较高，{stay}{stay_interval}相同，{down}{down_interval}较低；n = {n}。二次加权kappa为{kappa}（{level}置信区间{kappa_interval}）。",
    },
    "moves_weighted": {
        "en": "Shares, kappa and their intervals follow the sampling design; n counts respondents.",
        "zh": "比例、kappa及其区间均按抽样设计加权计算；n为受访者人数。",
    },
    "gaps_weighted": {
        "en": "Means are weighted and tests follow the sampling design.",
        "zh": "均值已加权，检验按抽样设计进行。",
    },
    "no_moves": {
        "en": "How the two tiers of {population} go together cannot be estimated under the sampling design: {reason}.",
        "zh": "按抽样设计无法估计{population}两种等级的对应：{reason}。",
    },
    "no_priorities": {
        "en": "Priorities are not mapped: how certain a field is cannot be said under this sampling design ({reason}).",
        "zh": "未绘制优先改进图：按该抽样设计无法给出所在区域的稳定性（{reason}）。",
    },
    "margins_weighted": {
        "en": "That the tiers are equally large in both is tested by a Wald test of the design: F({df}, {below}) = {statistic}, p {p}.",
        "zh": "两次划分中各等级规模相同的检验（抽样设计的Wald检验）：F({df}, {below}) = {statistic}，p {p}。",
    },
    "margins": {
        "en": "That the tiers are equally large in both is tested by Stuart-Maxwell: χ² = {statistic}, df = {df}, p {p}.",
        "zh": "两次划分中各等级规模相同的Stuart-Maxwell检验：χ² = {statistic}，df = {df}，p {p}。",
    },
}


def gaps_by_tier(telling: Telling, first: str, second: str) -> Iterator[Block]:
    """The maps of gaps of two populations, introduced by how many of their tests hold."""
    key = f"gaps.{first}-{second}.map"
    figures = telling.figures_named(key)
    found = next(
        (gaps for gaps in telling.findings.views.gaps if (gaps.first, gaps.second) == (first, second)), None
    )
    if not figures or found is None:
        return
    level = 1 - telling.findings.study.confidence_level
    beyond = sum(cell.p_adjusted is not None and cell.p_adjusted < level for cell in found.result.cells)
    told = telling.say(
        WORDS["gaps" if found.result.tiers else "undivided"],
        key=figures[0].key,
        family=telling.numbers.count(found.result.family),
        beyond=telling.numbers.count(beyond),
        first=telling.title(first),
        second=telling.title(second),
    )
    if found.result.weighted:
        told = _followed(telling, told, telling.say(WORDS["gaps_weighted"]))
    else:
        told = _followed(telling, told, counted_branches(telling, first, second))
    yield Prose(told)
    yield from figures


def counted_branches(telling: Telling, *populations: str) -> str:
    """Whether the errors of gaps between populations without a design count branches, and whose."""
    known = telling.findings.populations
    own = [
        telling.title(id_) for id_ in populations if id_ in known and known[id_].sample.clusters is not None
    ]
    if not own:
        return telling.say(WORDS["no_branches"])
    return telling.say(WORDS["branches"], names=listed(own, telling.language))


def no_priorities(telling: Telling, hypothesis: str, position: int) -> Iterator[Block]:
    """Why a weighted test of drivers has no map, where its design allows none; else nothing."""
    for found in telling.findings.views.priorities:
        if (found.hypothesis, found.position) != (hypothesis, position) or not found.result.weighted:
            continue
        whole = found.result.of(None)
        if whole.state == "not_available":
            yield Prose(telling.say(WORDS["no_priorities"], reason=plain(whole.reason)))


def tier_moves(telling: Telling, population: str) -> Iterator[Block]:
    """Who moves between tiers, in words and as streams."""
    key = f"{population}.migration"
    found = next((one for one in telling.findings.views.migrations if one.population == population), None)
    minimum = telling.findings.study.minimum_cell
    if found and found.result.weighted and not found.result.transitions and found.result.n >= minimum:
        reason = plain(found.result.reason)
        yield Prose(telling.say(WORDS["no_moves"], population=telling.title(population), reason=reason))
    if found is None or key not in telling.figures:
        return
    result, labels = found.result, telling.labels(population)
    entries = result.entries()
    numbers = {}
    for direction in ("up", "stay", "down"):
        entry = pick(entries, "share_moving", direction=direction)
        numbers[direction] = telling.cite(key, entry, "estimate", "percent")
        numbers[f"{direction}_interval"] = telling.cite(key, entry, "interval", "percent")
    kappa, whole = pick(entries, "weighted_kappa"), pick(entries, "share_moving", direction="up")
    told = telling.say(
        WORDS["moves"],
        key=key,
        first=plain(labels.name(result.first)),
        second=plain(labels.name(result.second)),
        level=telling.numbers.level(whole.interval),
        n=telling.cite(key, whole, "n"),
        kappa=telling.cite(key, kappa, "estimate", "bounded"),
        kappa_interval=telling.cite(key, kappa, "interval", "bounded"),
        **numbers,
    )
    margins = _margins(telling, key, result, entries)
    if margins:
        told = _followed(telling, told, margins)
    if result.weighted:
        told = _followed(telling, told, telling.say(WORDS["moves_weighted"]))
    yield Prose(told)
    yield telling.figures[key]


def _margins(telling: Telling, key: str, result: TierMigration, entries: tuple[Entry, ...]) -> str:
    """The test of tiers that are equally large in both; empty where there is none."""
    entry = pick(entries, result.margins.measure)
    if entry.state != "ok" or entry.p_value is None:
        return ""
    numbers = {
        "statistic": telling.cite(key, entry, "statistic"),
        "df": telling.cite(key, entry, "df.0"),
        "p": ("" if entry.p_value < 0.001 else "= ") + telling.cite(key, entry, "p_value"),
    }
    if result.weighted:
        return telling.say(WORDS["margins_weighted"], below=telling.cite(key, entry, "df.1"), **numbers)
    return telling.say(WORDS["margins"], **numbers)


def _followed(telling: Telling, first: str, second: str) -> str:
    """Two sentences, one after the other."""
    return first + ("" if telling.language == "zh" else " ") + second

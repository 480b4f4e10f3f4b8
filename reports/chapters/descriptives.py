"""What was answered: constructs, differences between groups, shares, recommendation, gaps."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.crosstabs import MultipleResponse
from analysis.population_findings import PopulationFindings
from reports.chapters.congruence import congruence
from reports.chapters.items import WORDS as ITEMS
from reports.chapters.items import items_by_group
from reports.chapters.tiers import counted_branches, gaps_by_tier, tier_moves
from reports.chapters.validity import WORDS as COMPARABLE
from reports.document import Block, Cell, Column, Heading, Prose, Spanner, Table, plain
from reports.figures.naming import group_name
from reports.small_cells import SCORES, hidden_groups, hidden_scores, hidden_shares
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Descriptive results", "zh": "描述性结果"},
    "constructs": {"en": "Scores of the constructs, {population}", "zh": "构念得分（{population}）"},
    "ratings": {"en": "Ratings, {population}", "zh": "评分（{population}）"},
    "numbers": {"en": "Numbers, {population}", "zh": "数值变量（{population}）"},
    "variable": {"en": "Variable", "zh": "变量"},
    "n": {"en": "n", "zh": "n"},
    "mean": {"en": "Mean", "zh": "均值"},
    "sd": {"en": "SD", "zh": "标准差"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "median": {"en": "Median", "zh": "中位数"},
    "skewness": {"en": "Skewness", "zh": "偏度"},
    "by_group": {"en": "Differences between groups, {population}", "zh": "组间差异（{population}）"},
    "by_group_text": {
        "en": (
            "@tbl:{key} compares the means of the groups of “{group}”. Pairs of groups (Games-Howell) and the tests "
            "that use ranks only stand in results.json."
        ),
        "zh": "@tbl:{key}比较“{group}”各组的均值。两两比较（Games-Howell法）及秩检验（非参数检验）见results.json。",
    },
    "welch": {"en": "Welch F", "zh": "Welch F"},
    "p": {"en": "p", "zh": "p"},
    "omega": {"en": "ω²", "zh": "ω²"},
    "means": {"en": "Mean by group", "zh": "各组均值"},
    "by_group_note": {
        "en": "ω² with an interval that takes neither equal variances nor normal answers for granted. p (Holm): corrected over the lines of this table; the hypotheses are judged elsewhere.",
        "zh": "ω²的区间不要求方差齐性和正态。p（Holm）在本表各行间校正；假设检验另见。",
    },
    "suppressed": {
        "en": "Groups with fewer than {minimum} respondents are suppressed (–), and where needed a second one, so that they cannot be worked out.",
        "zh": "不足{minimum}人的组不予列出（–），必要时另隐去一组，以免推算得出。",
    },
    "cells_suppressed": {
        "en": "–: fewer than {minimum} respondents stand behind the cell, or such a cell could be worked out from it.",
        "zh": "“–”表示该格人数不足{minimum}人，或可据以推算出此类单元格，故不予列出。",
    },
    "scores_suppressed": {
        "en": "–: suppressed, because fewer than {minimum} respondents stand behind the number, or because such a number could be worked out from it: shares of a line add up to 100%, those of a column to the line of all. Where a share is suppressed, so is the interval, whose width would give it away; the score alone does not.",
        "zh": "“–”表示不予列出：该数字背后不足{minimum}人，或可据以推算出此类数字（每行比例之和为100%，各组人数之和为合计）。凡隐去比例的行，其区间一并隐去，因其宽度会泄露所隐比例；仅凭净推荐值则无法推算。",
    },
    "multiple": {"en": "{item} ({population})", "zh": "{item}（{population}）"},
    "option": {"en": "Option", "zh": "选项"},
    "all": {"en": "All", "zh": "合计"},
    "v": {"en": "V", "zh": "V"},
    "holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "multiple_note": {
        "en": "Shares of the respondents who answered; several options could be picked. V: Cramér's V between option and group; p-values corrected over the options of this table.",
        "zh": "比例以作答者为基数，可多选。V为选项与组别之间的Cramér V；p值在本表各选项间作Holm校正。",
    },
    "nps": {"en": "Net promoter score, {population}", "zh": "净推荐值（{population}）"},
    "group": {"en": "Group", "zh": "组别"},
    "promoters": {"en": "Promoters", "zh": "推荐者"},
    "passives": {"en": "Passives", "zh": "被动者"},
    "detractors": {"en": "Detractors", "zh": "贬损者"},
    "score": {"en": "Score", "zh": "净推荐值"},
    "nps_note": {
        "en": "Promoters answer 9 or 10, detractors 0 to 6. Score: their difference in points, with adjusted Wald interval.",
        "zh": "推荐者回答9或10，贬损者回答0至6；净推荐值为两者比例之差（百分点），区间为调整Wald区间。",
    },
    "nps_weighted": {
        "en": "Promoters answer 9 or 10, detractors 0 to 6. n counts respondents; shares and score are weighted. Score: their difference in points, with Student's interval of the sampling design.",
        "zh": "推荐者回答9或10，贬损者回答0至6。n为受访者人数，比例与净推荐值均已加权；净推荐值为两者比例之差（百分点），区间为抽样设计下的t区间。",
    },
    "by_group_weighted": {
        "en": "Means are weighted. F: Wald test of the sampling design. ε²: share of variance between groups, freed of bias, with interval of the design. p-values of this table are not corrected for their number; the hypotheses are judged elsewhere.",
        "zh": "均值为加权均值。F为抽样设计下的Wald检验。ε²为组间方差占比（已校正偏差）及抽样设计下的区间。本表p值未作多重比较校正；假设检验另见。",
    },
    "by_group_text_weighted": {
        "en": "@tbl:{key} compares the weighted means of the groups of “{group}”. The rank test of the design stands in results.json.",
        "zh": "@tbl:{key}比较“{group}”各组的加权均值。抽样设计下的秩检验见results.json。",
    },
    "f": {"en": "F", "zh": "F"},
    "epsilon": {"en": "ε²", "zh": "ε²"},
    "multiple_weighted": {
        "en": "Weighted shares of the respondents who answered; several options could be picked. V: Cramér's V between option and group; p-values of Rao and Scott's test, corrected over the options of this table.",
        "zh": "加权比例，以作答者为基数，可多选。V为选项与组别之间的Cramér V；p值为Rao-Scott检验，在本表各选项间作Holm校正。",
    },
    "described_weighted": {
        "en": "Mean, interval, standard deviation and median are weighted; n counts respondents. Shape is not told of weighted answers.",
        "zh": "均值、区间、标准差和中位数均已加权，n为受访者人数。加权后不报告偏度。",
    },
    "gaps_weighted": {
        "en": "Difference: first minus second. g: Hedges' g. Means of populations with a sampling design are weighted, and errors are those of the designs. That both populations understand the questions alike is assumed, not tested.",
        "zh": "差值为前者减后者。g为Hedges g。有抽样设计的人群其均值已加权，误差按抽样设计计算。两类人群对题目的理解相同系假定，未经检验。",
    },
    "gaps": {"en": "How the populations differ", "zh": "不同人群的看法差异"},
    "gaps_caption": {
        "en": "{first} and {second} on the same questions",
        "zh": "{first}与{second}对相同问题的看法",
    },
    "comparable": {"en": "Comparable", "zh": "可比性"},
    "difference": {"en": "Difference", "zh": "差值"},
    "g": {"en": "g", "zh": "g"},
    "gaps_branches": {
        "en": "Intervals of g: {branches}",
        "zh": "g的区间：{branches}",
    },
    "gaps_note": {
        "en": "Difference: first minus second. g: Hedges' g with an interval from influence values. Comparable: whether both populations understand the items of a construct alike, by the ladder of invariance up to equal intercepts (chapter on measurement); where not, the gap says nothing and no hypothesis is judged by it. –: single questions, for which that is assumed.",
        "zh": "差值为前者减后者。g为Hedges g及其基于影响值的区间。“可比性”指两类人群对构念各题项的理解是否一致，按测量等同逐级检验至截距相等（见测量质量一章）；不可比时差值没有意义，相关假设不作判断。“–”为单一题目，其可比性系假定。",
    },
}


def descriptives_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter."""
    yield Heading(text=telling.say(WORDS["title"]), key="descriptives")
    for found in telling.populations():
        yield Heading(text=telling.title(found.id), level=2)
        if len(found.constructs):
            yield _describe(telling, found, "constructs")
        elif len(found.items):
            yield _describe(telling, found, "items")
        if len(found.numbers):
            yield _describe(telling, found, "numbers")
        for name in ("likert_satisfaction", "likert_loyalty", "likert_effectiveness", "likert"):
            if f"{found.id}.{name}" in telling.figures:
                yield telling.figures[f"{found.id}.{name}"]
        if f"{found.id}.correlations" in telling.figures:
            yield telling.figures[f"{found.id}.correlations"]
        yield from _groups(telling, found)
        yield from tier_moves(telling, found.id)
        yield from congruence(telling, found)
        for multiple in found.multiple:
            yield _multiple(telling, found, multiple)
        yield from _recommend(telling, found)
    yield from _gaps(telling)
    yield from items_by_group(telling)


def _describe(telling: Telling, found: PopulationFindings, section: str) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.{section}"
    caption = {"constructs": "constructs", "items": "ratings", "numbers": "numbers"}[section]
    rows, level = [], ""
    for description in getattr(found, section):
        (entry,) = description.entries()
        level = level or telling.numbers.level(entry.interval)
        rows.append(
            (
                labels.name(description.variable, short=False),
                telling.cite(scope, entry, "n"),
                telling.cite(scope, entry, "estimate"),
                telling.cite(scope, entry, "interval"),
                *(
                    telling.cite(scope, entry, f"more.{what}") if what in entry.more else "–"
                    for what in ("sd", "median", "skewness")
                ),
            )
        )
    names = ("n", "mean", "interval", "sd", "median", "skewness")
    return Table(
        key=f"{found.id}.{section}.described",
        caption=telling.say(WORDS[caption], population=telling.title(found.id)),
        columns=(
            Column(id="variable", label=telling.say(WORDS["variable"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name], level=level)) for name in names),
        ),
        rows=tuple(rows),
        notes=() if found.sample.design is None else (telling.say(WORDS["described_weighted"]),),
    )


def _groups(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    comparisons = found.comparisons
    if not comparisons:
        return
    labels, scope = telling.labels(found.id), f"{found.id}.groups"
    minimum = telling.findings.study.minimum_cell
    grouping = comparisons[0].grouping
    groups = [summary.group for summary in comparisons[0].groups]
    key = f"{found.id}.by_group"
    weighted = found.sample.design is not None
    told = "by_group_text_weighted" if weighted else "by_group_text"
    yield Prose(telling.say(WORDS[told], key=key, group=telling.name(found.id, grouping)))
    rows: list[tuple[str, ...]] = []
    for comparison in comparisons:
        entries = comparison.entries()
        shown = {summary.group for summary in comparison.groups} - hidden_groups(comparison, minimum)
        cells = [labels.name(comparison.variable)]
        for group in groups:
            if group not in shown:
                cells.append("–")
            else:
                cells.append(telling.cite(scope, pick(entries, "mean", group=group), "estimate"))
        welch = telling.listed(scope, pick(entries, comparison.welch.measure))
        share = comparison.epsilon_squared if weighted else comparison.omega_squared_robust
        omega = pick(entries, share.measure)
        cells.append(telling.cite(scope, welch, "statistic"))
        cells.append(telling.cite(scope, welch, "p_value"))
        adjusted = "p_adjusted" in welch.more
        cells.append(telling.cite(scope, welch, "more.p_adjusted", "p_value") if adjusted else "–")
        cells.append(telling.cite(scope, omega, "estimate", "bounded", 3))
        cells.append(telling.cite(scope, omega, "interval", "bounded", 3))
        rows.append(tuple(cells))
    first = comparisons[0]
    level = telling.numbers.level(
        (first.epsilon_squared if weighted else first.omega_squared_robust).interval
    )
    notes = [telling.say(WORDS["by_group_weighted" if weighted else "by_group_note"])]
    if found.sample.clusters is not None and not weighted:
        notes.append(telling.say(ITEMS["branches"]))
    if any(hidden_groups(comparison, minimum) for comparison in comparisons):
        notes.append(telling.say(WORDS["suppressed"], minimum=str(minimum)))
    yield Table(
        key=key,
        caption=telling.say(WORDS["by_group"], population=telling.title(found.id)),
        columns=(
            Column(id="variable", label=telling.say(WORDS["variable"]), align="left"),
            *(Column(id=f"g{group}", label=plain(group_name(labels, grouping, group))) for group in groups),
            Column(id="welch", label=telling.say(WORDS["f" if weighted else "welch"])),
            Column(id="p", label=telling.say(WORDS["p"])),
            Column(id="holm", label=telling.say(WORDS["holm"])),
            Column(id="omega", label=telling.say(WORDS["epsilon" if weighted else "omega"])),
            Column(id="interval", label=telling.say(WORDS["interval"], level=level)),
        ),
        spanners=(Spanner(label=telling.say(WORDS["means"]), first=f"g{groups[0]}", last=f"g{groups[-1]}"),),
        rows=tuple(rows),
        notes=tuple(notes),
    )
    yield from telling.figures_named(f"{found.id}.tier_distribution")
    yield from telling.figures_named(f"{found.id}.tier_profile")


def _multiple(telling: Telling, found: PopulationFindings, multiple: MultipleResponse) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.multiple"
    minimum = telling.findings.study.minimum_cell
    item = multiple.options[0].rpartition("_")[0]
    tests = {test.option: test for test in multiple.tests}
    by_place = {(share.option, share.group): share for share in multiple.shares}
    entries = multiple.entries()
    unseen = hidden_shares(multiple, minimum, found.banners)
    rows = []
    for option in multiple.options:
        cells = [labels.name(option)]
        for group in (None, *multiple.groups):
            share = by_place[option, group]
            if (option, group) in unseen or share.base < minimum:
                cells.append("–")
                continue
            entry = next(
                e
                for e in entries
                if e.measure == "share_of_respondents"
                and e.about["option"] == option
                and e.about.get("group") == group
            )
            cells.append(telling.cite(scope, entry, "estimate", "percent"))
        if tests:
            entry = pick(entries, "cramers_v", option=option)
            cells.append(telling.cite(scope, entry, "estimate", "bounded"))
            cells.append(
                telling.cite(scope, entry, "more.p_adjusted", "p_value")
                if "p_adjusted" in entry.more
                else "–"
            )
        rows.append(tuple(cells))
    columns = [Column(id="option", label=telling.say(WORDS["option"]), align="left")]
    columns.append(Column(id="all", label=telling.say(WORDS["all"])))
    columns += [
        Column(id=f"g{group}", label=plain(group_name(labels, multiple.grouping, group)))
        for group in multiple.groups
    ]
    if tests:
        columns += [
            Column(id="v", label=telling.say(WORDS["v"])),
            Column(id="p", label=telling.say(WORDS["holm"])),
        ]
    return Table(
        key=f"{found.id}.{item}",
        caption=telling.say(
            WORDS["multiple"], item=telling.name(found.id, item), population=telling.title(found.id)
        ),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(
            telling.say(WORDS["multiple_note" if found.sample.design is None else "multiple_weighted"]),
            *([telling.say(WORDS["cells_suppressed"], minimum=str(minimum))] if unseen else []),
        ),
    )


def _recommend(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    result = found.recommend
    if result is None:
        return
    labels, scope = telling.labels(found.id), f"{found.id}.recommend"
    minimum = telling.findings.study.minimum_cell
    rows: list[tuple[str | Cell, ...]] = []
    entries = result.entries()
    unseen = hidden_scores(result, minimum, found.banners)
    for score, entry in zip((result.overall, *result.groups), entries, strict=True):
        name = (
            telling.say(WORDS["all"])
            if score.group is None
            else group_name(labels, result.grouping, score.group)
        )
        gone = {part for part, group in unseen if group == score.group}
        if score.n < minimum or gone >= set(SCORES):
            rows.append((name, f"< {minimum}" if score.n < minimum else "–", "–", "–", "–", "–", "–"))
            continue
        plain_shares = [count / score.n for count in (score.promoters, score.passives, score.detractors)]
        shares = [
            "–" if part in gone else telling.numbers.percent(share)
            for part, share in zip(SCORES, score.shares or plain_shares, strict=False)
        ]
        rows.append(
            (
                name,
                telling.cite(scope, entry, "n"),
                *shares,
                "–" if SCORES[-1] in gone else telling.cite(scope, entry, "estimate", digits=1),
                "–" if gone else telling.cite(scope, entry, "interval", digits=1),
            )
        )
    level = telling.numbers.level(entries[0].interval)
    names = ("n", "promoters", "passives", "detractors", "score", "interval")
    yield Table(
        key=f"{found.id}.nps",
        caption=telling.say(WORDS["nps"], population=telling.title(found.id)),
        columns=(
            Column(id="group", label=telling.say(WORDS["group"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name], level=level)) for name in names),
        ),
        rows=tuple(rows),
        notes=(
            telling.say(WORDS["nps_note" if found.sample.design is None else "nps_weighted"]),
            *([telling.say(WORDS["scores_suppressed"], minimum=str(minimum))] if unseen else []),
        ),
    )
    if f"{found.id}.nps" in telling.figures:
        yield telling.figures[f"{found.id}.nps"]


def _gaps(telling: Telling) -> Iterator[Block]:
    gaps = telling.findings.gaps
    pairs = dict.fromkeys((gap.first, gap.second) for gap in gaps)
    if not pairs:
        return
    yield Heading(text=telling.say(WORDS["gaps"]), level=2, key="gaps")
    for first, second in pairs:
        rows, level = [], ""
        for gap in gaps:
            if (gap.first, gap.second) != (first, second):
                continue
            scope = f"{first}-{second}.gaps.{gap.parallel.names[first]}"
            entries = gap.difference.entries()
            measure = "hedges_g" if gap.difference.robust is None else "hedges_g_robust"
            difference, g = pick(entries, "difference"), pick(entries, measure)
            level = level or telling.numbers.level(g.interval)
            rows.append(
                (
                    gap.parallel.label[telling.language],
                    telling.cite(scope, pick(entries, "mean", sample="first"), "estimate"),
                    telling.cite(scope, pick(entries, "mean", sample="second"), "estimate"),
                    telling.cite(scope, difference, "estimate"),
                    telling.cite(scope, g, "estimate"),
                    telling.cite(scope, g, "interval"),
                    "–"
                    if gap.comparability is None
                    else telling.say(COMPARABLE[gap.comparability.comparable]),
                )
            )
        yield Table(
            key=f"gaps.{first}-{second}",
            caption=telling.say(
                WORDS["gaps_caption"], first=telling.title(first), second=telling.title(second)
            ),
            columns=(
                Column(id="variable", label=telling.say(WORDS["variable"]), align="left"),
                Column(id="first", label=telling.title(first)),
                Column(id="second", label=telling.title(second)),
                Column(id="difference", label=telling.say(WORDS["difference"])),
                Column(id="g", label=telling.say(WORDS["g"])),
                Column(id="interval", label=telling.say(WORDS["interval"], level=level)),
                Column(id="comparable", label=telling.say(WORDS["comparable"]), align="left"),
            ),
            rows=tuple(rows),
            notes=_gap_notes(telling, first, second),
        )
        if f"gaps.{first}-{second}" in telling.figures:
            yield telling.figures[f"gaps.{first}-{second}"]
        yield from gaps_by_tier(telling, first, second)


def _gap_notes(telling: Telling, first: str, second: str) -> tuple[str, ...]:
    if _weighted(telling, first, second):
        return (telling.say(WORDS["gaps_weighted"]),)
    branches = counted_branches(telling, first, second)
    return telling.say(WORDS["gaps_note"]), telling.say(WORDS["gaps_branches"], branches=branches)


def _weighted(telling: Telling, *populations: str) -> bool:
    return any(telling.findings.populations[id_].sample.design is not None for id_ in populations)

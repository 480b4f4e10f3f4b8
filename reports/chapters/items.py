"""Every rated question by group: the long tables at the end of the descriptive results."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.item_comparison import ComparedItem, ItemComparison
from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from reports.document import Block, Column, Group, Heading, Prose, Spanner, Table, plain
from reports.figures.naming import group_name
from reports.numbers import ABSENT
from reports.sentences import listed, sentence
from reports.small_cells import hidden
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Every question by group", "zh": "各题项的组间比较"},
    "caption": {"en": "Every question by group, {population}", "zh": "各题项的组间比较（{population}）"},
    "text": {
        "en": "{population}: @tbl:{key} holds all {all} rated questions against “{group}”. After Holm's correction over the table, {told}",
        "zh": "{population}：@tbl:{key}按“{group}”比较全部{all}个评分题项。在全表范围内作Holm校正后，{told}",
    },
    "wording": {
        "en": "Items of constructs that are not shown to differ are listed by their ids alone; @tbl:{items} has their wording.",
        "zh": "差异不显著的构念题项仅列编号，措辞见@tbl:{items}。",
    },
    "wording_none": {
        "en": "Items of constructs are listed by their ids alone; @tbl:{items} has their wording.",
        "zh": "表中构念题项仅列编号，措辞见@tbl:{items}。",
    },
    "none": {
        "en": "no question is shown to differ between the groups.",
        "zh": "{all}个题项的组间差异均不显著。",
    },
    "some": {
        "en": "{apart} of them differ between the groups. The largest share of variance goes with {most} ({symbol} = {effect}, {level} interval {interval}).",
        "zh": "其中{apart}个题项的组间差异显著，组别解释方差比例最大的是{most}（{symbol} = {effect}，{level}置信区间{interval}）。",
    },
    "one": {
        "en": "one of them differs between the groups: {most} ({symbol} = {effect}, {level} interval {interval}).",
        "zh": "其中1个题项的组间差异显著：{most}（{symbol} = {effect}，{level}置信区间{interval}）。",
    },
    "item": {"en": "Question", "zh": "题项"},
    "means": {"en": "Mean by group", "zh": "各组均值"},
    "holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "others": {"en": "Other questions", "zh": "其他题项"},
    "note": {
        "en": "Reverse-worded questions are turned round. p (Holm): of {test}, corrected over the {family} questions of this table that have a test; the constructs are compared above and corrected there. ω²: share of variance that goes with the group, with an interval that does not take variances for equal.",
        "zh": "反向题已反向计分。p（Holm）为{test}的p值，在本表{family}个有检验结果的题项间校正；构念的组间比较见前文，另行校正。ω²为组别解释的方差比例，其区间不要求方差齐性。",
    },
    "note_weighted": {
        "en": "Means are weighted; reverse-worded questions are turned round. p (Holm): of {test}, corrected over the {family} questions of this table that have a test. ε²: share of variance that goes with the group, freed of bias, with interval of the design.",
        "zh": "均值为加权均值，反向题已反向计分。p（Holm）为{test}的p值，在本表{family}个有检验结果的题项间校正。ε²为组别解释的方差比例（已校正偏差）及抽样设计下的区间。",
    },
    "instead": {"en": "{test}: {items}.", "zh": "采用{test}的题项：{items}。"},
    "untested": {
        "en": "No test, for too few answers or answers that do not vary: {items}.",
        "zh": "因作答过少或回答无差异而未作检验：{items}。",
    },
    "branches": {
        "en": "Respondents of one branch are counted as independent here; the tests of the hypotheses know the branches.",
        "zh": "此处将同一网点的受访者视为相互独立；假设检验已考虑网点。",
    },
    "suppressed": {
        "en": "Groups with fewer than {minimum} answers are suppressed (–), and where needed a second one, so that they cannot be worked out.",
        "zh": "不足{minimum}份回答的组不予列出（–），必要时另隐去一组，以免推算得出。",
    },
}

#: The tests that :func:`analysis.recommended_test.recommend_test` chooses among, and that of a design.
TESTS = {
    "welch": {"en": "Welch's test", "zh": "Welch检验"},
    "welch_corrected": {"en": "Welch's test corrected for skewness", "zh": "经偏态校正的Welch检验"},
    "welch_and_ranks": {
        "en": "Welch's test corrected for skewness and the test of ranks, the larger p-value",
        "zh": "经偏态校正的Welch检验与秩检验（取较大p值）",
    },
    "brunner_munzel": {"en": "Brunner and Munzel's test of ranks", "zh": "Brunner-Munzel秩检验"},
    "mann_whitney": {"en": "Mann and Whitney's test of ranks", "zh": "Mann-Whitney秩检验"},
    "kruskal_wallis": {"en": "Kruskal and Wallis' test of ranks", "zh": "Kruskal-Wallis秩检验"},
    "design_f": {"en": "the Wald test of the sampling design", "zh": "抽样设计下Wald检验"},
}


def items_by_group(telling: Telling) -> Iterator[Block]:
    """A heading, then sentence and table of every population that has groups."""
    compared = [found for found in telling.populations() if found.items_by_group is not None]
    if compared:
        yield Heading(text=telling.say(WORDS["title"]), level=2, key="items_by_group")
    for found in compared:
        if found.items_by_group is not None:
            yield Prose(_told(telling, found, found.items_by_group))
            yield _table(telling, found, found.items_by_group)


def _told(telling: Telling, found: PopulationFindings, compared: ItemComparison) -> str:
    apart = compared.apart(_level(telling))
    told = telling.say(WORDS["none"], all=telling.numbers.count(len(compared.items)))
    if apart:
        effect = pick(compared.entries(), apart[0].effect.measure, variable=apart[0].variable)
        scope = f"{found.id}.items_by_group"
        told = telling.say(
            WORDS["some" if len(apart) > 1 else "one"],
            apart=telling.numbers.count(len(apart)),
            most=telling.quoted(found.id, apart[0].variable),
            symbol=_symbol(found),
            effect=telling.cite(scope, effect, "estimate", "bounded", 3),
            level=telling.numbers.level(effect.interval),
            interval=telling.cite(scope, effect, "interval", "bounded", 3),
        )
    told = telling.say(
        WORDS["text"],
        key=_key(found),
        all=telling.numbers.count(len(compared.items)),
        population=sentence(telling.title(found.id)),
        group=telling.name(found.id, compared.grouping),
        told=told,
    )
    if not _worded_elsewhere(telling, found):
        return told
    space = "" if telling.language == "zh" else " "
    return (
        told + space + telling.say(WORDS["wording" if apart else "wording_none"], items=f"{found.id}.items")
    )


def _worded_elsewhere(telling: Telling, found: PopulationFindings) -> frozenset[str]:
    """Questions whose wording the chapter on measurement lists."""
    if "measurement" not in telling.findings.study.outline:
        return frozenset()
    return frozenset(total.item for alpha in found.reliability for total in alpha.item_totals)


def _level(telling: Telling) -> float:
    return 1 - telling.findings.study.confidence_level


def _key(found: PopulationFindings) -> str:
    return f"{found.id}.items_by_group"


def _symbol(found: PopulationFindings) -> str:
    return "ω²" if found.sample.design is None else "ε²"


def _table(telling: Telling, found: PopulationFindings, compared: ItemComparison) -> Table:
    labels = telling.labels(found.id)
    groups = [summary.group for summary in compared.items[0].groups]
    rows: list[tuple[str, ...]] = []
    parts: list[Group] = []
    construct: str | None = ""
    entries: dict[str, list[Entry]] = {}
    for entry in compared.entries():
        entries.setdefault(entry.about["variable"], []).append(entry)
    short = _worded_elsewhere(telling, found) - {item.variable for item in compared.apart(_level(telling))}
    for item in compared.items:
        if item.construct != construct:
            construct = item.construct
            name = (
                WORDS["others"][telling.language]
                if construct is None
                else labels.name(construct, short=False)
            )
            parts.append(Group(label=name, start=len(rows)))
        name = item.variable
        if name in short:
            name = labels.marked(item.variable, name)
        else:
            name += f"  {labels.marked(item.variable)}"
        rows.append((name, *_cells(telling, found, item, tuple(entries[item.variable]))))
    level = telling.numbers.level(
        next((i.effect.interval for i in compared.items if i.effect.interval), None)
    )
    return Table(
        key=_key(found),
        caption=telling.say(WORDS["caption"], population=telling.title(found.id)),
        columns=(
            Column(id="item", label=telling.say(WORDS["item"]), align="left"),
            *(
                Column(id=f"g{group}", label=plain(group_name(labels, compared.grouping, group)))
                for group in groups
            ),
            Column(id="holm", label=telling.say(WORDS["holm"])),
            Column(id="effect", label=_symbol(found)),
            Column(id="interval", label=telling.say(WORDS["interval"], level=level)),
        ),
        spanners=(Spanner(label=telling.say(WORDS["means"]), first=f"g{groups[0]}", last=f"g{groups[-1]}"),),
        rows=tuple(rows),
        groups=tuple(parts) if len(parts) > 1 else (),
        notes=tuple(_notes(telling, found, compared)),
    )


def _cells(
    telling: Telling, found: PopulationFindings, item: ComparedItem, own: tuple[Entry, ...]
) -> tuple[str, ...]:
    scope = f"{found.id}.items_by_group"
    unseen = hidden([summary.n for summary in item.groups], telling.findings.study.minimum_cell)
    means = [
        ABSENT
        if at in unseen or not summary.n
        else telling.cite(scope, pick(own, "mean", group=summary.group), "estimate")
        for at, summary in enumerate(item.groups)
    ]
    test, effect = pick(own, "group_test"), pick(own, item.effect.measure)
    return (
        *means,
        ABSENT if item.p_adjusted is None else telling.cite(scope, test, "more.p_adjusted", "p_value"),
        telling.cite(scope, effect, "estimate", "bounded", 3),
        telling.cite(scope, effect, "interval", "bounded", 3),
    )


def _notes(telling: Telling, found: PopulationFindings, compared: ItemComparison) -> Iterator[str]:
    minimum = telling.findings.study.minimum_cell
    by_test: dict[str, list[str]] = {}
    for item in compared.items:
        by_test.setdefault(item.test if item.p_value is not None else "none", []).append(item.variable)
    tested = sorted((test for test in by_test if test != "none"), key=lambda test: -len(by_test[test]))
    if tested:
        yield telling.say(
            WORDS["note" if found.sample.design is None else "note_weighted"],
            test=telling.say(TESTS[tested[0]]),
            family=telling.numbers.count(compared.family),
        )
    for test in tested[1:]:
        names = listed([plain(name) for name in by_test[test]], telling.language)
        yield telling.say(WORDS["instead"], test=telling.say(TESTS[test]), items=names)
    if "none" in by_test:
        names = listed([plain(name) for name in by_test["none"]], telling.language)
        yield telling.say(WORDS["untested"], items=names)
    if found.sample.clusters is not None and found.sample.design is None:
        yield telling.say(WORDS["branches"])
    if any(hidden([summary.n for summary in item.groups], minimum) for item in compared.items):
        yield telling.say(WORDS["suppressed"], minimum=str(minimum))

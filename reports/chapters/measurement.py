"""How well the constructs are measured."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.branch_aggregation import NEEDED
from analysis.population_findings import PopulationFindings
from analysis.questions import MINIMUM_ALPHA
from reports.chapters.validity import validity_blocks
from reports.document import Block, Column, Group, Heading, Prose, Table, plain
from reports.method_notes import short_reference
from reports.numbers import ABSENT
from reports.sentences import listed
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Measurement", "zh": "测量质量"},
    "intro": {
        "en": (
            "Scores are means of the items answered, with reverse-worded items turned. Cronbach's alpha describes how far the items of "
            "a construct hang together in this sample; it does not show that they measure one thing, nor that they measure it alike "
            "in every group."
        ),
        "zh": "构念得分为已答题项的均值，反向题已反向计分。Cronbach α反映同一构念的题项在本样本中的一致程度，但不能说明其只测量一个维度，也不能说明各组测量等同。",
    },
    "single": {
        "en": "Nothing here is measured by several items, so reliability cannot be estimated.",
        "zh": "本研究没有由多个题项测量的构念，无法估计信度。",
    },
    "range": {
        "en": "Among {population}, alpha runs from {low} ({low_name}) to {high} ({high_name}).",
        "zh": "{population}各构念的α介于{low}（{low_name}）与{high}（{high_name}）之间。",
    },
    "weak": {
        "en": "{names}: alpha lies below {minimum}, so hypotheses about {them} are not tested.",
        "zh": "{names}的α低于{minimum}，涉及{them}的假设不予检验。",
    },
    "them": {"en": "these constructs", "zh": "这些构念"},
    "reliability": {"en": "Reliability of the constructs, {population}", "zh": "构念信度（{population}）"},
    "construct": {"en": "Construct", "zh": "构念"},
    "k": {"en": "Items", "zh": "题数"},
    "alpha": {"en": "Alpha", "zh": "α"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "r": {"en": "Mean r", "zh": "平均r"},
    "n": {"en": "n", "zh": "n"},
    "reliability_note": {
        "en": "Alpha with Feldt's interval, on respondents who answered every item. Mean r: average correlation between items.",
        "zh": "α及Feldt区间，基于全部题项均作答者。平均r为题项间相关系数的均值。",
    },
    "items": {"en": "Items and their constructs, {population}", "zh": "题项统计（{population}）"},
    "item": {"en": "Item", "zh": "题项"},
    "mean": {"en": "Mean", "zh": "均值"},
    "sd": {"en": "SD", "zh": "标准差"},
    "rest": {"en": "Item-rest r", "zh": "题总相关"},
    "loading": {"en": "Loading", "zh": "载荷"},
    "dropped": {"en": "Alpha if dropped", "zh": "删题后α"},
    "items_note": {
        "en": "Reverse-worded items are turned. Item-rest r: correlation with the sum of the construct's other items. Loading: standardised, in the factor model below.",
        "zh": "反向题已反向计分。题总相关为题项与同构念其余题项之和的相关。载荷为下文因子模型中的标准化载荷。",
    },
    "branches": {"en": "Agreement within branches, {population}", "zh": "网点内一致性（{population}）"},
    "branches_text": {
        "en": "Answers of one branch may be averaged where its people agree and branches differ more than people within them. @tbl:{key} holds each construct against the usual criteria: {met} of {all} meet all of them.",
        "zh": "只有同一网点的人看法一致、且网点之间的差异大于网点内部，才可把答案按网点平均。@tbl:{key}按常用标准逐一检验各构念：{all}个构念中{met}个全部达标。",
    },
    "branches_text_none": {
        "en": "Answers of one branch may be averaged where its people agree and branches differ more than people within them. @tbl:{key} holds each construct against the usual criteria: none of {all} meets all of them.",
        "zh": "只有同一网点的人看法一致、且网点之间的差异大于网点内部，才可把答案按网点平均。@tbl:{key}按常用标准逐一检验各构念：{all}个构念无一全部达标。",
    },
    "branches_none": {
        "en": "Means of branches, and anything built on them, would therefore say little of the branches for the others; this report analyses persons and counts branches in the errors.",
        "zh": "对未达标的构念，网点均值难以代表网点；本报告以个人为分析单位，并在误差中计入网点。",
    },
    "n_branches": {"en": "Branches", "zh": "网点数"},
    "rwg": {"en": "Median rwg", "zh": "rwg中位数"},
    "icc1": {"en": "ICC(1)", "zh": "ICC(1)"},
    "icc2": {"en": "ICC(2)", "zh": "ICC(2)"},
    "aggregable": {"en": "May be averaged", "zh": "可否平均"},
    "yes": {"en": "yes", "zh": "可以"},
    "no": {"en": "no", "zh": "不可"},
    "cannot_tell": {"en": "cannot tell", "zh": "无法判断"},
    "branches_note": {
        "en": "rwg: within-group agreement against even answers, of the median branch; ICC(1): share of variance between branches; ICC(2): reliability of a branch's mean. Needed: {needed}. Branches with fewer than {minimum} respondents are left out.",
        "zh": "rwg为以均匀分布为参照的组内一致性（取网点中位数）；ICC(1)为网点间方差占比；ICC(2)为网点均值的信度。标准：{needed}。少于{minimum}名受访者的网点不计入。",
    },
    "sources": {"en": "Concepts follow {works}.", "zh": "概念来源：{works}。"},
    "source": {"en": "{work} ({names})", "zh": "{work}（{names}）"},
    "doubt": {"en": "{name}: {reason}.", "zh": "{name}：{reason}。"},
}


def measurement_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter."""
    yield Heading(text=telling.say(WORDS["title"]), key="measurement")
    measured = [found for found in telling.populations() if found.reliability]
    if not measured:
        yield Prose(telling.say(WORDS["single"]))
        return
    yield Prose(telling.say(WORDS["intro"]))
    for found in measured:
        yield Heading(text=telling.title(found.id), level=2)
        yield from _in_words(telling, found)
        yield _reliability(telling, found)
        yield _items(telling, found)
        yield from validity_blocks(telling, found)
        yield from _branches(telling, found)


def _branches(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    known = [result for result in found.branches if result.criteria]
    if not known:
        return
    labels, scope, key = telling.labels(found.id), f"{found.id}.branches", f"{found.id}.branches"
    count = telling.numbers.count
    met = sum(result.aggregable == "yes" for result in known)
    words = WORDS["branches_text" if met else "branches_text_none"]
    text = telling.say(words, key=key, met=count(met), all=count(len(known)))
    space = "" if telling.language == "zh" else " "
    yield Prose(text if met == len(known) else text + space + telling.say(WORDS["branches_none"]))
    rows = []
    for result in known:
        entries = {entry.measure: entry for entry in result.entries()}
        rows.append(
            (
                labels.name(result.variable, short=False),
                telling.cite(scope, entries["aggregation_rwg"], "more.branches", "count"),
                *(
                    telling.cite(scope, entries[f"aggregation_{name}"], "estimate", "bounded")
                    for name in ("rwg", "icc1", "icc2")
                ),
                telling.say(WORDS[result.aggregable]),
            )
        )
    needed = [f"{telling.say(WORDS[name])} ≥ {telling.numbers.bounded(NEEDED[name][0])}" for name in NEEDED]
    yield Table(
        key=key,
        caption=telling.say(WORDS["branches"], population=telling.title(found.id)),
        columns=(
            Column(id="construct", label=telling.say(WORDS["construct"]), align="left"),
            *(
                Column(id=name, label=telling.say(WORDS[name]))
                for name in ("n_branches", "rwg", "icc1", "icc2")
            ),
            Column(id="aggregable", label=telling.say(WORDS["aggregable"]), align="left"),
        ),
        rows=tuple(rows),
        notes=(
            telling.say(
                WORDS["branches_note"],
                needed=listed(needed, telling.language),
                minimum=str(max(2, telling.findings.study.minimum_cell)),
            ),
        ),
    )


def _in_words(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    known = [alpha for alpha in found.reliability if alpha.estimate is not None]
    if len(known) > 1:
        ranked = sorted(known, key=lambda alpha: alpha.estimate or 0)
        low, high = ranked[0], ranked[-1]
        scope = f"{found.id}.reliability"
        yield Prose(
            telling.say(
                WORDS["range"],
                population=telling.title(found.id),
                low=telling.cite(scope, pick(low.entries(), "alpha"), "estimate", "bounded"),
                high=telling.cite(scope, pick(high.entries(), "alpha"), "estimate", "bounded"),
                low_name=telling.name(found.id, low.construct),
                high_name=telling.name(found.id, high.construct),
            )
        )
    weak = [a.construct for a in found.reliability if a.estimate is None or a.estimate < MINIMUM_ALPHA]
    if weak:
        yield Prose(
            telling.say(
                WORDS["weak"],
                names=listed([telling.name(found.id, name) for name in weak], telling.language),
                minimum=telling.numbers.bounded(MINIMUM_ALPHA),
                them=telling.say(WORDS["them"]),
            )
        )


def _reliability(telling: Telling, found: PopulationFindings) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.reliability"
    rows, notes, level = [], [telling.say(WORDS["reliability_note"])], ""
    for alpha in found.reliability:
        entry = pick(alpha.entries(), "alpha")
        level = level or telling.numbers.level(entry.interval)
        rows.append(
            (
                labels.name(alpha.construct, short=False),
                telling.numbers.count(alpha.k),
                telling.cite(scope, entry, "estimate", "bounded"),
                telling.cite(scope, entry, "interval", "bounded"),
                telling.cite(scope, entry, "more.mean_inter_item_r", "bounded"),
                telling.cite(scope, entry, "n"),
            )
        )
        if alpha.state != "ok":
            name = telling.name(found.id, alpha.construct)
            notes.append(telling.say(WORDS["doubt"], name=name, reason=plain(alpha.reason)))
    notes += _sources(telling, found)
    return Table(
        key=f"{found.id}.reliability",
        caption=telling.say(WORDS["reliability"], population=telling.title(found.id)),
        columns=(
            Column(id="construct", label=telling.say(WORDS["construct"]), align="left"),
            Column(id="k", label=telling.say(WORDS["k"])),
            Column(id="alpha", label=telling.say(WORDS["alpha"])),
            Column(id="interval", label=telling.say(WORDS["interval"], level=level)),
            Column(id="r", label=telling.say(WORDS["r"])),
            Column(id="n", label=telling.say(WORDS["n"])),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _sources(telling: Telling, found: PopulationFindings) -> Iterator[str]:
    """The works that the constructs follow."""
    questionnaire = found.population.questionnaire
    followed: dict[str, list[str]] = {}
    for construct in questionnaire.constructs:
        if construct.source in questionnaire.references:
            work = short_reference(questionnaire.references[construct.source])
            followed.setdefault(work, []).append(telling.name(found.id, construct.id))
    if followed:
        comma, stop = ("、", "；") if telling.language == "zh" else (", ", "; ")
        works = (
            telling.say(WORDS["source"], work=plain(work), names=comma.join(followed[work]))
            for work in sorted(followed, key=str.casefold)
        )
        yield telling.say(WORDS["sources"], works=stop.join(works))


def _items(telling: Telling, found: PopulationFindings) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.reliability"
    rows: list[tuple[str, ...]] = []
    groups = []
    for alpha in found.reliability:
        groups.append(Group(label=labels.name(alpha.construct, short=False), start=len(rows)))
        entries = alpha.entries()
        for total in alpha.item_totals:
            entry = pick(entries, "corrected_item_total", item=total.item)
            rows.append(
                (
                    f"{total.item}  {labels.marked(total.item)}",
                    telling.cite(scope, entry, "more.mean"),
                    telling.cite(scope, entry, "more.sd"),
                    telling.cite(scope, entry, "estimate", "bounded"),
                    telling.cite(scope, entry, "more.alpha_if_dropped", "bounded")
                    if "alpha_if_dropped" in entry.more
                    else "–",
                    _loading(telling, found, alpha.construct, total.item),
                )
            )
    return Table(
        key=f"{found.id}.items",
        caption=telling.say(WORDS["items"], population=telling.title(found.id)),
        columns=(
            Column(id="item", label=telling.say(WORDS["item"]), align="left"),
            Column(id="mean", label=telling.say(WORDS["mean"])),
            Column(id="sd", label=telling.say(WORDS["sd"])),
            Column(id="rest", label=telling.say(WORDS["rest"])),
            Column(id="dropped", label=telling.say(WORDS["dropped"])),
            Column(id="loading", label=telling.say(WORDS["loading"])),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(telling.say(WORDS["items_note"]),),
    )


def _loading(telling: Telling, found: PopulationFindings, construct: str, item: str) -> str:
    """The standardised loading of an item, where the factor model gave one."""
    for entry in () if found.measurement is None else found.measurement.entries():
        place = (entry.about.get("construct"), entry.about.get("item"))
        known = entry.measure == "standardized_loading" and entry.estimate is not None
        if known and place == (construct, item):
            return telling.cite(f"{found.id}.measurement", entry, "estimate", "bounded")
    return ABSENT

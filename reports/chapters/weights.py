"""What the sampling design does to the estimates of a population, and estimates by the value of customers."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.population_findings import PopulationFindings
from reports.chapters.hypotheses import describe_effect, effect_scope
from reports.document import Block, Column, Group, Heading, Prose, Table, plain
from reports.sentences import listed
from reports.small_cells import hidden
from reports.telling import Telling, pick

WORDS = {
    "unusable": {
        "en": "The study declares a sampling design for {population}, but it cannot be used: {reason}. Shares, means and tests here are not weighted and describe the respondents, not their population; hypotheses that rest on these answers are not judged, and maps of priorities, gaps by tier and moves between tiers are not shown.",
        "zh": "研究为{population}声明了抽样设计，但无法采用：{reason}。此处的比例、均值和检验均未加权，只描述受访者而非总体；基于这些答卷的假设不作判断，也不列出优先改进图、分等级差距图和等级对应图。",
    },
    "weighted": {
        "en": "Estimates for {population} follow the sampling design that the study declares ({parts}). Weighted are shares, means, scores, correlations, comparisons of groups, recommendation, gaps, maps of priorities, gaps by tier, moves between tiers and every test of a hypothesis; their errors are those of the design. Counts are respondents. Banner tables are weighted too, their tests on effective bases. Not weighted are reliability and item statistics, factor and invariance models, missing answers, open answers, the checks of quality, and the distributions behind the means in figures: they describe the questionnaire and the respondents.",
        "zh": "{population}的估计依研究声明的抽样设计进行（{parts}）。比例、均值、得分、相关、组间比较、净推荐值、人群差异、优先改进图、分等级差距图、等级对应以及全部假设检验均已加权，其误差按抽样设计计算；人数为受访者人数。交叉分析总表同样加权，其检验以有效基数计算。信度与题项统计、因子与测量等同模型、缺失值、开放题、质量检查以及图中均值背后的分布未加权，描述的是问卷和受访者本身。",
    },
    "part_weight": {"en": "weights", "zh": "权重"},
    "part_strata": {"en": "strata", "zh": "分层"},
    "part_cluster": {"en": "clusters", "zh": "整群"},
    "part_stages": {"en": "clusters in two stages", "zh": "两阶段整群"},
    "part_sizes": {"en": "finite populations", "zh": "有限总体"},
    "part_rake": {"en": "raking to known margins", "zh": "按已知边际分布加权（迭代比例拟合）"},
    "caption": {"en": "Weights and sampling design, {population}", "zh": "权重与抽样设计（{population}）"},
    "quantity": {"en": "Quantity", "zh": "指标"},
    "value": {"en": "Value", "zh": "数值"},
    "n": {"en": "Respondents with a place in the design", "zh": "可归入抽样设计的受访者"},
    "n_outside": {"en": "Without one, in no estimate", "zh": "无法归入者（不参与估计）"},
    "design_effect": {"en": "Design effect of unequal weights (Kish)", "zh": "不等权重的设计效应（Kish）"},
    "effective_n": {"en": "Effective number of respondents", "zh": "有效样本量"},
    "smallest": {"en": "Smallest weight over the mean", "zh": "最小权重与均值之比"},
    "largest": {"en": "Largest weight over the mean", "zh": "最大权重与均值之比"},
    "n_trimmed": {"en": "Weights trimmed", "zh": "截尾的权重数"},
    "n_strata": {"en": "Strata", "zh": "层数"},
    "n_clusters": {"en": "Sampled clusters", "zh": "抽中的群数"},
    "n_lonely": {"en": "Strata with a single sampled unit", "zh": "仅抽中一个单元的层"},
    "df": {"en": "Degrees of freedom", "zh": "自由度"},
    "caption_note": {
        "en": "The design effect is what unequal weights cost at most, for a question unrelated to them; strata and clusters are in the errors of each estimate.",
        "zh": "设计效应指不等权重对与其无关的问题所造成的最大精度损失；分层与整群的影响体现在各估计的误差中。",
    },
    "margins": {
        "en": "Margins that the weights meet, {population}",
        "zh": "加权所依据的边际分布（{population}）",
    },
    "category": {"en": "Category", "zh": "类别"},
    "count": {"en": "n", "zh": "人数"},
    "before": {"en": "Before", "zh": "加权前"},
    "target": {"en": "Known", "zh": "已知比例"},
    "after": {"en": "After", "zh": "加权后"},
    "by_value": {"en": "By customers and by value", "zh": "按客户数与按价值加权"},
    "by_value_text": {
        "en": "Each test of {population} was estimated again with every customer weighted by “{value}”: what holds for the average customer need not hold for the average unit of value. Both estimates come from the same respondents, and the interval of the difference counts that. Of {tests} tests, {differ} differ by more than chance.",
        "zh": "对{population}的每项检验，另以“{value}”为权重重新估计：对一般客户成立的，未必对一般的单位价值成立。两种估计来自相同的受访者，差值的区间已考虑这一点。{tests}项检验中，{differ}项的差异超出随机波动。",
    },
    "by_value_caption": {
        "en": "Effects by customers, by “{value}”, and the difference ({population})",
        "zh": "按客户数、按“{value}”加权的效应及其差值（{population}）",
    },
    "hypothesis": {"en": "Hypothesis", "zh": "假设"},
    "effect": {"en": "Effect", "zh": "效应"},
    "customers": {"en": "By customers", "zh": "按客户数"},
    "assets": {"en": "By value", "zh": "按价值"},
    "difference": {"en": "Difference", "zh": "差值"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "by_value_note": {
        "en": "Difference: by value less by customers, with an interval that is not corrected for the number of tests. The hypotheses are judged by customers.",
        "zh": "差值为按价值减按客户数，其区间未作多重比较校正。假设的判断以按客户数的估计为准。",
    },
    "by_value_lacking": {"en": "{id}: {reason}.", "zh": "{id}：{reason}。"},
}
COUNTS = ("n_trimmed", "n_strata", "n_clusters", "n_lonely", "df")


def weights_section(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    """What is weighted, what is not, and what the weights cost; nothing where no design is declared."""
    sampling = found.sample.sampling
    if sampling is None:
        return
    title = telling.title(found.id)
    if found.weights is None or sampling.design is None:
        yield Prose(telling.say(WORDS["unusable"], population=title, reason=plain(sampling.trouble)))
        return
    parts = listed([telling.say(WORDS[f"part_{part}"]) for part in _parts(found)], telling.language)
    yield Prose(telling.say(WORDS["weighted"], population=title, parts=parts))
    yield _diagnostics(telling, found)
    if found.weights.raking is not None:
        yield _margins(telling, found)


def _parts(found: PopulationFindings) -> Iterator[str]:
    population = found.population
    if population.weight:
        yield "weight"
    if population.strata:
        yield "strata"
    if population.cluster:
        yield "stages" if population.second_cluster else "cluster"
    if population.population_sizes:
        yield "sizes"
    if population.rake_to:
        yield "rake"


def _diagnostics(telling: Telling, found: PopulationFindings) -> Table:
    if found.weights is None:
        raise ValueError(f"{found.id} has no weights to tell of")
    scope = f"{found.id}.weights"
    entry = pick(found.weights.entries(), "kish_design_effect")
    rows = [
        (telling.say(WORDS["n"]), telling.cite(scope, entry, "n")),
        (telling.say(WORDS["n_outside"]), telling.cite(scope, entry, "more.n_outside", "count")),
        (telling.say(WORDS["design_effect"]), telling.cite(scope, entry, "estimate")),
        (telling.say(WORDS["effective_n"]), telling.cite(scope, entry, "more.effective_n", digits=1)),
        (telling.say(WORDS["smallest"]), telling.cite(scope, entry, "more.smallest")),
        (telling.say(WORDS["largest"]), telling.cite(scope, entry, "more.largest")),
    ]
    rows += [
        (telling.say(WORDS[name]), telling.cite(scope, entry, f"more.{name}", "count"))
        for name in COUNTS
        if name in entry.more
    ]
    return Table(
        key=f"{found.id}.weights",
        caption=telling.say(WORDS["caption"], population=telling.title(found.id)),
        columns=(
            Column(id="quantity", label=telling.say(WORDS["quantity"]), align="left"),
            Column(id="value", label=telling.say(WORDS["value"])),
        ),
        rows=tuple(rows),
        notes=(telling.say(WORDS["caption_note"]),),
    )


def _margins(telling: Telling, found: PopulationFindings) -> Table:
    raking = None if found.weights is None else found.weights.raking
    if raking is None:
        raise ValueError(f"the weights of {found.id} are not raked")
    labels, numbers = telling.labels(found.id), telling.numbers
    minimum = telling.findings.study.minimum_cell
    rows: list[tuple[str, ...]] = []
    groups: list[Group] = []
    for margin in dict.fromkeys(total.margin for total in raking.margins):
        own = [total for total in raking.margins if total.margin == margin]
        groups.append(Group(label=labels.name(margin), start=len(rows)))
        unseen = hidden([total.n for total in own], minimum)
        before = sum(total.before for total in own)
        target = sum(total.target for total in own)
        for at, total in enumerate(own):
            small = at in unseen
            rows.append(
                (
                    labels.option(margin, int(total.category)),
                    (f"< {minimum}" if total.n < minimum else "–") if small else numbers.count(total.n),
                    "–" if small else numbers.percent(total.before / before),
                    numbers.percent(total.target / target),
                    numbers.percent(total.after / target),
                )
            )
    names = ("count", "before", "target", "after")
    return Table(
        key=f"{found.id}.margins",
        caption=telling.say(WORDS["margins"], population=telling.title(found.id)),
        columns=(
            Column(id="category", label=telling.say(WORDS["category"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name])) for name in names),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
    )


def by_value_section(telling: Telling) -> Iterator[Block]:
    """Effects by customers and by value; nothing where no population declares a value."""
    effects = telling.findings.by_value
    if not effects:
        return
    yield Heading(text=telling.say(WORDS["by_value"]), level=2, key="by-value")
    for population in dict.fromkeys(effect.test.population for effect in effects):
        own = [effect for effect in effects if effect.test.population == population]
        shown = [effect for effect in own if effect.found.interval is not None]
        value = telling.name(population, own[0].value)
        differ = sum(
            effect.found.interval.excludes(0) for effect in shown if effect.found.interval is not None
        )
        yield Prose(
            telling.say(
                WORDS["by_value_text"],
                population=telling.title(population),
                value=value,
                tests=telling.numbers.count(len(own)),
                differ=telling.numbers.count(differ),
            )
        )
        yield _by_value(telling, population, value)


def _by_value(telling: Telling, population: str, value: str) -> Table:
    by_place = {
        (verdict.id, evidence.position): evidence
        for verdict in telling.findings.verdicts
        for evidence in verdict.evidence
    }
    rows, lacking, level, previous = [], [], "", ""
    for effect in telling.findings.by_value:
        if effect.test.population != population:
            continue
        evidence = by_place[effect.hypothesis, effect.position]
        scope = f"hypotheses.{effect.hypothesis}.{effect.position + 1}.by_value"
        valued, difference = effect.entries()
        (plainly,) = evidence.entries()
        level = level or telling.numbers.level(difference.interval)
        if difference.interval is None:
            number = f"{effect.hypothesis} ({effect.position + 1})"
            lacking.append(
                telling.say(WORDS["by_value_lacking"], id=plain(number), reason=plain(difference.reason))
            )
        rows.append(
            (
                effect.hypothesis if effect.hypothesis != previous else "",
                plain_effect(describe_effect(telling, evidence)),
                "–"
                if plainly.estimate is None
                else telling.cite(effect_scope(evidence), plainly, "estimate"),
                "–" if valued.estimate is None else telling.cite(scope, valued, "estimate"),
                "–" if difference.interval is None else telling.cite(scope, difference, "estimate"),
                "–" if difference.interval is None else telling.cite(scope, difference, "interval"),
            )
        )
        previous = effect.hypothesis
    names = ("hypothesis", "effect", "customers", "assets", "difference", "interval")
    return Table(
        key=f"{population}.by_value",
        caption=telling.say(WORDS["by_value_caption"], value=value, population=telling.title(population)),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name], level=level),
                align="left" if name in ("hypothesis", "effect") else "right",
            )
            for name in names
        ),
        rows=tuple(rows),
        notes=(telling.say(WORDS["by_value_note"]), *dict.fromkeys(lacking)),
    )


def plain_effect(text: str) -> str:
    """An effect's wording as a cell: without the comma that a sentence goes on with."""
    return text.rstrip(",，")

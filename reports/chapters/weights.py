"""What the sampling design does to the estimates of a population, and estimates by the value of customers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.by_value import ValueEffect
from analysis.population_findings import PopulationFindings
from reports.chapters.hypotheses import describe_effect, effect_scope
from reports.document import Block, Column, Group, Heading, Prose, Table, plain
from reports.numbers import ABSENT
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
        "en": "Each test of {population} was estimated again with every customer weighted by “{value}”: what holds for the average customer need not hold for the average unit of value. Both estimates come from the same respondents, and the interval of the difference counts that.",
        "zh": "对{population}的每项检验，另以“{value}”为权重重新估计：对一般客户成立的，未必对一般的单位价值成立。两种估计来自相同的受访者，差值的区间已考虑这一点。",
    },
    "by_value_size": {
        "en": "As a few customers hold much of the value, {n} respondents say as much by value as {least} would of equal value.",
        "zh": "由于少数客户占有大部分价值，按价值加权后{n}名受访者的有效样本量仅为{least}。",
    },
    "by_value_sizes": {
        "en": "As a few customers hold much of the value, the effective number of respondents by value is {least} to {most}, by test.",
        "zh": "由于少数客户占有大部分价值，按价值加权后的有效样本量视检验而定，为{least}至{most}。",
    },
    "by_value_none": {
        "en": "No interval of a difference excludes zero, out of {tests} tests.",
        "zh": "{tests}项检验中，没有差值的区间不含零。",
    },
    "by_value_some": {
        "en": "Of {tests} tests, these have a difference whose interval excludes zero: {names}. The intervals are not corrected for the number of tests, and one in {chance} excludes zero by chance where nothing differs.",
        "zh": "{tests}项检验中，差值区间不含零的有：{names}。区间未作多重比较校正；即使毫无差异，平均每{chance}个区间也有一个不含零。",
    },
    "by_value_fails": {
        "en": "By value alone, the interval would no longer lie beyond the smallest effect of interest in {names}, of hypotheses that are supported by customers.",
        "zh": "按客户数判为支持的假设中，若仅按价值判断，{names}的区间不再整体超过最小关注效应。",
    },
    "by_value_holds": {
        "en": "By value, too, the whole interval of every test of a supported hypothesis lies beyond the smallest effect of interest.",
        "zh": "按价值加权后，获支持假设各项检验的区间仍整体超过最小关注效应。",
    },
    "by_value_other": {
        "en": "By customers: estimated by the same method as by value, so that the two can be compared; in {names} this is another number than in @tbl:verdicts, which uses the method of the hypothesis.",
        "zh": "“按客户数”一列与按价值采用同一方法，以便比较；其中{names}的数值与@tbl:verdicts不同，后者采用假设检验自身的方法。",
    },
    "by_value_caption": {
        "en": "Effects by customers, by “{value}”, and the difference ({population})",
        "zh": "按客户数、按“{value}”加权的效应及其差值（{population}）",
    },
    "hypothesis": {"en": "Hypothesis", "zh": "假设"},
    "effect": {"en": "Effect", "zh": "效应"},
    "customers": {"en": "By customers", "zh": "按客户数"},
    "assets": {"en": "By value", "zh": "按价值"},
    "assets_interval": {"en": "{level} interval", "zh": "{level}区间"},
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
        value = telling.name(population, own[0].value)
        told = [
            telling.say(WORDS["by_value_text"], population=telling.title(population), value=value),
            *_by_value_told(telling, own),
        ]
        yield Prose(("" if telling.language == "zh" else " ").join(told))
        yield _by_value(telling, population, value)


def _by_value_told(telling: Telling, own: Sequence[ValueEffect]) -> Iterator[str]:
    """How many respondents the value leaves, which tests differ, which verdicts would not hold."""
    valued = [
        (_scope(effect), effect.entries()[0])
        for effect in own
        # a gap counts the respondents of two populations together
        if effect.found.second.effective_n and "versus_population" not in effect.test.variables
    ]
    valued.sort(key=lambda one: one[1].more["effective_n"])
    if valued:
        least, most = (telling.cite(*valued[at], "more.effective_n", digits=0) for at in (0, -1))
        n = telling.cite(*valued[0], "n")
        yield telling.say(
            WORDS["by_value_size" if least == most else "by_value_sizes"], n=n, least=least, most=most
        )
    tested = [effect for effect in own if effect.found.interval is not None]
    differ = [e for e in tested if e.found.interval is not None and e.found.interval.excludes(0)]
    level = telling.findings.study.confidence_level
    yield telling.say(
        WORDS["by_value_some" if differ else "by_value_none"],
        tests=telling.numbers.count(len(tested)),
        names=_tests(telling, differ),
        chance=telling.numbers.count(round(1 / (1 - level))),
    )
    supported = {verdict.id for verdict in telling.findings.verdicts if verdict.outcome == "supported"}
    held = [effect for effect in own if effect.hypothesis in supported and effect.beyond is not None]
    fails = [effect for effect in held if not effect.beyond]
    if held:
        yield telling.say(
            WORDS["by_value_fails" if fails else "by_value_holds"], names=_tests(telling, fails)
        )


def _tests(telling: Telling, effects: Sequence[ValueEffect]) -> str:
    """Tests by the id of their hypothesis, numbered where it has several."""
    several = {verdict.id for verdict in telling.findings.verdicts if len(verdict.evidence) > 1}
    names = [
        plain(e.hypothesis + (f" ({e.position + 1})" if e.hypothesis in several else "")) for e in effects
    ]
    return listed(names, telling.language)


def _scope(effect: ValueEffect) -> str:
    return f"hypotheses.{effect.hypothesis}.{effect.position + 1}.by_value"


def _by_value(telling: Telling, population: str, value: str) -> Table:
    by_place = {
        (verdict.id, evidence.position): evidence
        for verdict in telling.findings.verdicts
        for evidence in verdict.evidence
    }
    rows, lacking, level = [], [], ""
    others: list[ValueEffect] = []
    for effect in telling.findings.by_value:
        if effect.test.population != population:
            continue
        evidence = by_place[effect.hypothesis, effect.position]
        scope = _scope(effect)
        valued, difference, plainly = effect.entries()
        level = level or telling.numbers.level(difference.interval)
        if difference.interval is None:
            number = f"{effect.hypothesis} ({effect.position + 1})"
            lacking.append(
                telling.say(WORDS["by_value_lacking"], id=plain(number), reason=plain(difference.reason))
            )
        if plainly.estimate is None:  # nothing to compare: what the hypothesis is judged by
            (plainly,), first = evidence.entries(), effect_scope(evidence)
        else:
            first = scope
            if telling.numbers.number(plainly.estimate) != telling.numbers.number(evidence.estimate):
                others.append(effect)
        lost = difference.interval is None
        rows.append(
            (
                effect.hypothesis,
                plain_effect(describe_effect(telling, evidence)),
                ABSENT if plainly.estimate is None else telling.cite(first, plainly, "estimate"),
                ABSENT if valued.estimate is None else telling.cite(scope, valued, "estimate"),
                ABSENT if valued.interval is None else telling.cite(scope, valued, "interval"),
                ABSENT if lost else telling.cite(scope, difference, "estimate"),
                ABSENT if lost else telling.cite(scope, difference, "interval"),
            )
        )
    names = ("hypothesis", "effect", "customers", "assets", "assets_interval", "difference", "interval")
    notes = [telling.say(WORDS["by_value_note"])]
    if others:
        notes.append(telling.say(WORDS["by_value_other"], names=_tests(telling, others)))
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
        notes=(*notes, *dict.fromkeys(lacking)),
    )


def plain_effect(text: str) -> str:
    """An effect's wording as a cell: without the comma that a sentence goes on with."""
    return text.rstrip(",，")

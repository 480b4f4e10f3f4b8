"""Whether the constructs are what they are called: the factor model, validity, comparability of groups."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.invariance.ladder import CUTOFFS, Rung
from analysis.measurement import Measurement
from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from reports.document import Block, Column, Group, Prose, Table, plain
from reports.numbers import ABSENT, Style
from reports.sentences import listed
from reports.telling import Telling, pick

WORDS = {
    "fit": {
        "en": "One factor model holds all constructs of {population} ({n} respondents). Its test against unrestricted correlations gives χ² = {chi} on {df} degrees of freedom, p {p}; CFI {cfi}, TLI {tli}, RMSEA {rmsea} ({rmsea_level} interval {rmsea_interval}), SRMR {srmr}. Conventional cut-offs are .95, .95, .06 and .08 (Hu & Bentler, 1999); they are rules of thumb and no verdict rests on them.",
        "zh": "{population}的全部构念纳入同一验证性因子模型（{n}名受访者）。模型检验χ² = {chi}，自由度{df}，p {p}；CFI {cfi}，TLI {tli}，RMSEA {rmsea}（{rmsea_level}置信区间{rmsea_interval}），SRMR {srmr}。常用临界值依次为0.95、0.95、0.06和0.08（Hu和Bentler，1999），仅为经验法则，假设判断不以此为据。",
    },
    "no_fit": {
        "en": "The factor model of all constructs together cannot be relied on: {reason}. Loadings are those of models of one construct at a time, and no index of fit is given.",
        "zh": "全部构念的联合因子模型不可采信：{reason}。载荷取自逐个构念的单因子模型，不报告拟合指数。",
    },
    "saturated": {
        "en": "The factor model of {population} has as many parameters as the data have correlations, so its fit cannot be tested.",
        "zh": "{population}的因子模型参数数目与相关系数数目相同，无法检验其拟合。",
    },
    "share": {
        "en": "A single factor would take {share} of the variance of all items (Harman's test). A small share does not clear the answers of a common method, and a large one does not prove it.",
        "zh": "单一因子可解释全部题项方差的{share}（Harman检验）。比例低不能排除共同方法偏差，比例高也不能证明其存在。",
    },
    "caption": {"en": "Validity of the constructs, {population}", "zh": "构念效度（{population}）"},
    "construct": {"en": "Construct", "zh": "构念"},
    "low": {"en": "Lowest loading", "zh": "最低载荷"},
    "high": {"en": "Highest loading", "zh": "最高载荷"},
    "cr": {"en": "CR (ω)", "zh": "CR（ω）"},
    "ave": {"en": "AVE", "zh": "AVE"},
    "h": {"en": "H", "zh": "H"},
    "htmt": {"en": "Largest HTMT", "zh": "最大HTMT"},
    "with": {"en": "with", "zh": "对应构念"},
    "note": {
        "en": "Standardised loadings. CR: composite reliability (McDonald's omega of one factor); AVE: average variance extracted; H: coefficient H; HTMT: heterotrait-monotrait ratio with the construct that comes closest. Conventional bounds: CR at least .70, AVE at least .50, HTMT below .85 or .90.",
        "zh": "载荷为标准化值。CR为组合信度（单因子McDonald ω），AVE为平均方差抽取量，H为系数H，HTMT为与最接近构念的异质-单质比。常用界限：CR不低于0.70，AVE不低于0.50，HTMT低于0.85或0.90。",
    },
    "pairs": {
        "en": "HTMT reaches .85 in {close} of {pairs} pairs of constructs, and .90 in {closer}.",
        "zh": "{pairs}对构念中，HTMT达到0.85的有{close}对，达到0.90的有{closer}对。",
    },
    "no_pair": {"en": "none", "zh": "0"},
    "steps": {
        "en": "Steps of the ladder of invariance, {population}",
        "zh": "测量等同各级检验（{population}）",
    },
    "level": {"en": "Level", "zh": "级别"},
    "configural": {"en": "Same structure", "zh": "结构等同"},
    "equal_thresholds": {"en": "Equal thresholds", "zh": "阈值等同"},
    "equal_metric": {"en": "Equal loadings", "zh": "载荷等同"},
    "equal_scalar": {"en": "Equal intercepts", "zh": "截距等同"},
    "taken_as": {"en": "{name} (items as {taken})", "zh": "{name}（题项按{taken}处理）"},
    "chi": {"en": "χ²", "zh": "χ²"},
    "df": {"en": "df", "zh": "df"},
    "difference": {"en": "Δχ²", "zh": "Δχ²"},
    "difference_df": {"en": "Δdf", "zh": "Δdf"},
    "step_p": {"en": "p", "zh": "p"},
    "step_adjusted": {"en": "p (adj.)", "zh": "p（校正）"},
    "change_in_cfi": {"en": "ΔCFI", "zh": "ΔCFI"},
    "change_in_rmsea": {"en": "ΔRMSEA", "zh": "ΔRMSEA"},
    "change_in_srmr": {"en": "ΔSRMR", "zh": "ΔSRMR"},
    "freed_names": {"en": "Freed", "zh": "放开的参数"},
    "loading_of": {"en": "loading {item}", "zh": "{item}载荷"},
    "intercept_of": {"en": "intercept {item}", "zh": "{item}截距"},
    "threshold_of": {"en": "threshold {number} of {item}", "zh": "{item}第{number}个阈值"},
    "steps_note": {
        "en": "Items taken as ordered: χ² is the mean- and variance-adjusted statistic, Δχ² Satorra's scaled and shifted difference from the level above the line. Items taken as numbers: χ² is the robust (Yuan-Bentler) statistic, Δχ² Satorra and Bentler's scaled difference. p (adj.): Bonferroni over the steps of a construct. Conventional cut-offs, by which nothing here is judged alone: {cutoffs}. A level that fails ends the ladder. Constructs of two items are not tested.",
        "zh": "题项按有序类别处理时，χ²为均值-方差校正统计量，Δχ²为与上一级相比的Satorra校正平移差异；按数值处理时，χ²为稳健（Yuan-Bentler）统计量，Δχ²为Satorra-Bentler校正差异。p（校正）为同一构念各级间的Bonferroni校正。常用临界值（此处不单独据以判断）：{cutoffs}。某级不成立则检验止于该级。两个题项的构念不作检验。",
    },
    "cutoff": {
        "en": "a fall of {index} by {by} ({citation})",
        "zh": "{index}下降{by}（{citation}）",
    },
    "cutoff_rise": {
        "en": "a rise of {index} by {by} for {levels} ({citation})",
        "zh": "{levels}时{index}上升{by}（{citation}）",
    },
    "doubt": {"en": "{name}: {reason}.", "zh": "{name}：{reason}。"},
    "ladder_text": {
        "en": "Scores of groups may be compared only where the groups understand the items alike. @tbl:{key} climbs the ladder of invariance for each construct between the groups of “{group}”. Items on few points are taken as ordered categories wherever their categories are chosen often enough in every group: equal thresholds first, then equal loadings, then equal intercepts too (Wu & Estabrook, 2016); otherwise as numbers (equal loadings, equal intercepts).",
        "zh": "只有各组对题项的理解一致，组间得分才可比较。@tbl:{key}逐一检验各构念在“{group}”各组间的测量等同。点数较少的题项，只要各组中各类别的选择人数足够，即按有序类别处理：依次检验阈值、载荷、截距相等（Wu和Estabrook，2016）；否则按数值处理（载荷、截距）。",
    },
    "ladder": {"en": "Comparability of groups, {population}", "zh": "组间可比性（{population}）"},
    "taken": {"en": "Items as", "zh": "题项处理"},
    "WLSMV": {"en": "ordered", "zh": "有序"},
    "MLR": {"en": "numbers", "zh": "数值"},
    "thresholds": {"en": "Thresholds p", "zh": "阈值等同p"},
    "metric": {"en": "Metric p", "zh": "载荷等同p"},
    "metric_cfi": {"en": "ΔCFI", "zh": "ΔCFI"},
    "scalar": {"en": "Scalar p", "zh": "截距等同p"},
    "scalar_cfi": {"en": "ΔCFI ", "zh": "ΔCFI "},
    "freed": {"en": "Freed", "zh": "放开"},
    "comparable": {"en": "Comparable", "zh": "可比性"},
    "yes": {"en": "yes", "zh": "可比"},
    "partially": {"en": "partially", "zh": "部分可比"},
    "no": {"en": "no", "zh": "不可比"},
    "cannot_tell": {"en": "cannot tell", "zh": "无法判断"},
    "ladder_note": {
        "en": "p: scaled difference test of each level against the one below, Bonferroni-adjusted over the levels. Freed: parameters that had to be let go, one at a time. “No” needs a failed test and a fall of CFI by .010 or more (.004 for ordered items); hypotheses about the order of groups are then not judged. “Cannot tell”: too few items or respondents in a group to test it; comparability is then assumed.",
        "zh": "p为相邻两级模型的校正差异检验，按级数作Bonferroni校正。“放开”为逐一解除约束的参数数目。“不可比”须检验未通过且CFI下降不少于0.010（有序题项为0.004），此时不判断有关组间次序的假设。“无法判断”指题项或组内人数过少而无法检验，此时可比性仅为假定。",
    },
}


def validity_blocks(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    """The factor model, the table of validity and the ladder of one population."""
    if found.measurement is None:
        return
    yield Prose(_fit(telling, found, found.measurement))
    share = found.measurement.method_share
    if share is not None and share.estimate is not None:
        (entry,) = share.entries()
        scope = f"{found.id}.measurement"
        yield Prose(telling.say(WORDS["share"], share=telling.cite(scope, entry, "estimate", "percent")))
    if found.measurement.convergent:
        yield _validity(telling, found, found.measurement)
        known = [pair.estimate for pair in found.measurement.htmt if pair.estimate is not None]
        if known:
            count, none = telling.numbers.count, telling.say(WORDS["no_pair"])
            numbers = [sum(value >= bound for value in known) for bound in (0.85, 0.90)]
            close, closer = (count(number) if number else none for number in numbers)
            yield Prose(telling.say(WORDS["pairs"], pairs=count(len(known)), close=close, closer=closer))
    yield from telling.figures_named(f"{found.id}.factor_model")
    if found.comparability and found.population.group is not None:
        key = f"{found.id}.invariance"
        yield Prose(
            telling.say(WORDS["ladder_text"], key=key, group=telling.name(found.id, found.population.group))
        )
        yield _ladder(telling, found, key)
        if any(result.ladder is not None and result.ladder.rungs for result in found.comparability):
            yield _steps(telling, found)


def _fit(telling: Telling, found: PopulationFindings, measurement: Measurement) -> str:
    scope, model = f"{found.id}.measurement", measurement.model
    if model.state != "ok":
        return telling.say(WORDS["no_fit"], reason=plain(model.reason))
    if not model.df or model.rmsea is None:
        return telling.say(WORDS["saturated"], population=telling.title(found.id))
    entries = measurement.entries()
    chi, rmsea = pick(entries, "chi_square"), pick(entries, "rmsea")
    return telling.say(
        WORDS["fit"],
        population=telling.title(found.id),
        n=telling.cite(scope, chi, "n"),
        chi=telling.cite(scope, chi, "statistic"),
        df=telling.numbers.count(model.df or 0),
        p=telling.numbers.p_value(model.p_value, relation=True),
        cfi=telling.cite(scope, pick(entries, "cfi"), "estimate", "bounded", 3),
        tli=telling.cite(scope, pick(entries, "tli"), "estimate", "bounded", 3),
        rmsea=telling.cite(scope, rmsea, "estimate", "bounded", 3),
        rmsea_level=telling.numbers.level(rmsea.interval),
        rmsea_interval=telling.cite(scope, rmsea, "interval", "bounded", 3),
        srmr=telling.cite(scope, pick(entries, "srmr"), "estimate", "bounded", 3),
    )


def _validity(telling: Telling, found: PopulationFindings, measurement: Measurement) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.measurement"
    entries = measurement.entries()
    rows, notes = [], [telling.say(WORDS["note"])]
    for validity in measurement.convergent:
        name = validity.construct
        cells = [labels.name(name, short=False)]
        own = sorted(
            (loading for loading in measurement.loadings if loading.construct == name),
            key=lambda loading: loading.estimate,
        )
        for loading in (own[0], own[-1]):
            entry = pick(entries, "standardized_loading", construct=name, item=loading.item)
            cells.append(telling.cite(scope, entry, "estimate", "bounded"))
        for measure in ("composite_reliability", "ave", "coefficient_h"):
            entry = pick(entries, measure, construct=name)
            cells.append("–" if entry.estimate is None else telling.cite(scope, entry, "estimate", "bounded"))
        pairs = [p for p in measurement.htmt if name in (p.first, p.second) and p.estimate is not None]
        if pairs:
            closest = max(pairs, key=lambda pair: pair.estimate or 0.0)
            entry = pick(entries, "htmt", first=closest.first, second=closest.second)
            other = closest.second if closest.first == name else closest.first
            cells += [telling.cite(scope, entry, "estimate", "bounded"), labels.name(other)]
        else:
            cells += ["–", "–"]
        rows.append(tuple(cells))
        if validity.state != "ok":
            doubt = telling.say(
                WORDS["doubt"], name=telling.name(found.id, name), reason=plain(validity.reason)
            )
            notes.append(doubt)
    columns = ("construct", "low", "high", "cr", "ave", "h", "htmt", "with")
    return Table(
        key=f"{found.id}.validity",
        caption=telling.say(WORDS["caption"], population=telling.title(found.id)),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name]),
                align="left" if name in ("construct", "with") else "right",
            )
            for name in columns
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _ladder(telling: Telling, found: PopulationFindings, key: str) -> Table:
    labels, scope = telling.labels(found.id), f"{found.id}.invariance"
    rows = []
    for result in found.comparability:
        cells = [labels.name(result.construct, short=False)]
        entries = result.entries()
        freed, ladder = 0, result.ladder
        cells.append("–" if ladder is None else telling.say(WORDS[ladder.estimator]))
        for level in ("thresholds", "metric", "scalar"):
            entry = next(
                (
                    e
                    for e in entries
                    if e.measure == "chi_square_difference" and e.about.get("level") == level
                ),
                None,
            )
            for quantity, style in (("more.p_adjusted", "p_value"), ("more.change_in_cfi", "bounded")):
                if level == "thresholds" and style == "bounded":
                    continue
                if entry is None or quantity.removeprefix("more.") not in entry.more:
                    cells.append("–")
                elif style == "p_value":
                    cells.append(telling.cite(scope, entry, quantity, "p_value"))
                else:
                    cells.append(telling.cite(scope, entry, quantity, "bounded", 3))
            if entry is not None:
                freed = int(entry.more.get("freed", 0))
        cells += [telling.numbers.count(freed), telling.say(WORDS[result.comparable])]
        rows.append(tuple(cells))
    names = (
        "construct",
        "taken",
        "thresholds",
        "metric",
        "metric_cfi",
        "scalar",
        "scalar_cfi",
        "freed",
        "comparable",
    )
    return Table(
        key=key,
        caption=telling.say(WORDS["ladder"], population=telling.title(found.id)),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name]),
                align="left" if name in ("construct", "taken", "comparable") else "right",
            )
            for name in names
        ),
        rows=tuple(rows),
        notes=(telling.say(WORDS["ladder_note"]),),
    )


def _steps(telling: Telling, found: PopulationFindings) -> Table:
    """Every level of every construct's ladder, with what changed from the level below."""
    labels, scope = telling.labels(found.id), f"{found.id}.invariance"
    rows: list[tuple[str, ...]] = []
    groups = []
    for result in found.comparability:
        if result.ladder is None or not result.ladder.rungs:
            continue
        taken = telling.say(WORDS["WLSMV" if result.ladder.estimator == "WLSMV" else "MLR"])
        name = labels.name(result.construct, short=False)
        groups.append(Group(label=telling.say(WORDS["taken_as"], name=name, taken=taken), start=len(rows)))
        by_measure = {(entry.about.get("level"), entry.measure): entry for entry in result.entries()}
        for rung in result.ladder.rungs:
            fitted = by_measure.get((rung.level, "chi_square"))
            change = by_measure.get((rung.level, "chi_square_difference"))
            rows.append(_step(telling, scope, rung, fitted, change))
    names = (
        *("level", "chi", "df", "difference", "difference_df", "step_p", "step_adjusted"),
        *("change_in_cfi", "change_in_rmsea", "change_in_srmr", "freed_names"),
    )
    return Table(
        key=f"{found.id}.ladder",
        caption=telling.say(WORDS["steps"], population=telling.title(found.id)),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name]),
                align="left" if name in ("level", "freed_names") else "right",
            )
            for name in names
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(telling.say(WORDS["steps_note"], cutoffs=_cutoffs(telling)),),
    )


def _step(
    telling: Telling, scope: str, rung: Rung, fitted: Entry | None, change: Entry | None
) -> tuple[str, ...]:
    def told(entry: Entry | None, what: str, style: Style | None = None, digits: int | None = None) -> str:
        lacking = entry is None or (what.startswith("more.") and what[5:] not in entry.more)
        return ABSENT if entry is None or lacking else telling.cite(scope, entry, what, style, digits)

    level = rung.level if rung.level == "configural" else f"equal_{rung.level}"
    return (
        telling.say(WORDS[level]),
        told(fitted, "statistic"),
        told(fitted, "df.0"),
        told(change, "statistic"),
        told(change, "df.0"),
        told(change, "p_value"),
        told(change, "more.p_adjusted", "p_value"),
        *(
            told(change, f"more.{name}", "bounded", 3)
            for name in ("change_in_cfi", "change_in_rmsea", "change_in_srmr")
        ),
        listed([_freed(telling, name) for name in rung.freed], telling.language) or ABSENT,
    )


def _freed(telling: Telling, name: str) -> str:
    """``SAT =~ SAT2``, ``SAT2 ~1`` or ``SAT2 | t3`` in words."""
    left, _, right = name.partition(" ")
    if right.startswith("| t"):
        return telling.say(WORDS["threshold_of"], item=left, number=right.removeprefix("| t"))
    if right.startswith("=~"):
        return telling.say(WORDS["loading_of"], item=right.removeprefix("=~").strip())
    return telling.say(WORDS["intercept_of"], item=left)


def _cutoffs(telling: Telling) -> str:
    told = []
    for cut in CUTOFFS:
        levels = [name for name in cut.levels if name in ("metric", "scalar")]
        words = "cutoff" if cut.index == "cfi" else "cutoff_rise"
        named = [telling.say(WORDS[f"equal_{name}"]).lower() for name in levels]
        if levels:
            by = telling.numbers.bounded(cut.worse_by, 3)
            levels_told = listed(named, telling.language)
            citation = cut.citation.replace(" (", ", ").rstrip(")")  # it stands in brackets already
            if telling.language == "zh":
                citation = citation.replace(", ", "，").replace(" & ", "和")
            told.append(
                telling.say(
                    WORDS[words], index=cut.index.upper(), by=by, citation=citation, levels=levels_told
                )
            )
    return ("；" if telling.language == "zh" else "; ").join(told)

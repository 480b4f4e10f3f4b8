"""The figures of a report: which are drawn, what they are called, what they show in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from analysis.drivers import KeyDrivers
from analysis.findings import Findings
from analysis.groups import GroupComparison
from analysis.importance_performance import TRUSTED_N
from analysis.latent_effects import LatentEffect
from analysis.mediation import Mediation
from analysis.population_findings import PopulationFindings
from analysis.tier_views import PopulationGaps, PriorityMap
from reports.chapters.drivers import contrast_key
from reports.chapters.robustness import DIRECTED, disagreeing, figure_key
from reports.document import Figure, plain
from reports.labels import Labels, numbered
from reports.numbers import Numbers
from reports.sentences import listed
from reports.shortening import shortened
from reports.small_cells import SCORES, hidden_groups, hidden_scores
from reports.theme import DEFAULT, Format, Theme, save
from surveys.study import DeclaredTest

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Picture

SHOWN_BY_TIER = ("satisfaction", "loyalty")
SHOWN_AS_LIKERT = ("satisfaction", "loyalty", "effectiveness")
ROWS_OF_A_PROFILE = 60  #: groups times constructs in one picture
ROWS_OF_A_FOREST = 13  #: effects in one picture
CLAIM_EMS = 31.0  #: of a hypothesis in a caption
GROUPED = ("trend", "association", "latent_trend")  #: kinds of test whose groups are one of the variables
FORMATS: tuple[Format, ...] = ("png", "svg")

WORDS: Mapping[str, Mapping[str, str]] = {
    "factor_model": {"en": "Factor model, {population}", "zh": "因子模型（{population}）"},
    "profile": {"en": "Who the {population} are", "zh": "{population}的构成"},
    "screening": {
        "en": "From the answers read to the answers analysed, {population}",
        "zh": "从读入到分析的答卷（{population}）",
    },
    "likert": {
        "en": "Answers to the items of {construct}, {population}",
        "zh": "“{construct}”各题项的回答（{population}）",
    },
    "net": {
        "en": "Net (points): share of answers above the middle of the scale less share of answers below it.",
        "zh": "净值（百分点）：高于量表中点的回答比例减低于中点的回答比例。",
    },
    "as_worded": {
        "en": "Items marked as reverse-worded are shown as they were answered, not turned round.",
        "zh": "标注“反向题”的题项按原始回答列出，未作反向计分。",
    },
    "tier_distribution": {
        "en": "{outcomes} by {group}, {population}",
        "zh": "按{group}划分的{outcomes}（{population}）",
    },
    "tier_profile": {
        "en": "Mean scores by {group}, {population}",
        "zh": "按{group}划分的平均得分（{population}）",
    },
    "correlations": {
        "en": "Correlations of the constructs, {population}",
        "zh": "构念间相关（{population}）",
    },
    "nps": {"en": "Net promoter score by group, {population}", "zh": "各组净推荐值（{population}）"},
    "scores_hidden": {
        "en": "Blank: shares behind which fewer than {minimum} respondents stand, with those by which they could be worked out. Such groups have no interval, for its width would give the shares away.",
        "zh": "空白部分为人数不足{minimum}人的比例，以及可据以推算出它们的比例。此类组别不列区间，因其宽度会泄露所隐比例。",
    },
    "gaps": {"en": "{first} and {second} on the same questions", "zh": "{first}与{second}对相同问题的看法"},
    "gap_map": {
        "en": "Where {first} and {second} differ, by {group}",
        "zh": "{first}与{second}的看法差距，按{group}划分",
    },
    "gap_map_items": {
        "en": "Where {first} and {second} differ, item by item ({number})",
        "zh": "{first}与{second}在各题项上的看法差距（{number}）",
    },
    "priorities": {
        "en": "Importance and performance of the drivers of {outcome}, with how sure each field is, {population}",
        "zh": "{outcome}各驱动因素的重要性—表现图及所在区域的稳定性（{population}）",
    },
    "too_sure": {
        "en": "In groups of fewer than {n} respondents the shares overstate how certain the field is.",
        "zh": "人数不足{n}的组别中，所列比例会高估区域的确定程度。",
    },
    "too_sure_weighted": {
        "en": "In groups of an effective n below {n} the shares overstate how certain the field is.",
        "zh": "有效样本量不足{n}的组别中，所列比例会高估区域的确定程度。",
    },
    "priorities_weighted": {
        "en": "Weighted: importance and performance are the population's, with intervals of the sampling design; n counts respondents. Fields are found again with {n} bootstrap replicates of the weights.",
        "zh": "已加权：重要性与表现为总体估计值，区间按抽样设计计算；n为受访者人数。所在区域的稳定性由{n}组自助法重复权重重新计算得出。",
    },
    "raked": {
        "en": "Each replicate is raked anew to the known margins.",
        "zh": "每组重复权重均按已知边际分布重新加权。",
    },
    "lines": {
        "en": "Dashed lines: the means of importance and of performance over the drivers.",
        "zh": "虚线为各驱动因素重要性与表现的均值。",
    },
    "lines_midpoint": {
        "en": "Dashed lines: the mean of importance over the drivers, and 50 on the scale of performance.",
        "zh": "虚线为各驱动因素重要性的均值和表现值50。",
    },
    "resamples": {
        "en": "In brackets: the share of {n} bootstrap resamples in which the driver lies in the same field.",
        "zh": "括号内为{n}次自助法重抽样中该因素落入同一区域的比例。",
    },
    "gap_map_tiers": {
        "en": "Only {first} are divided; each column is compared with all {second}.",
        "zh": "仅{first}按等级划分，各列均与全体{second}比较。",
    },
    "gap_map_turned": {
        "en": "Items marked as reverse-worded are turned round, so that a gap above zero always means that {first} rate the matter higher.",
        "zh": "标注“反向题”的题项已反向计分，差距大于零均表示{first}的评价更高。",
    },
    "gaps_independent": {
        "en": "Intervals take respondents of one branch as independent; those of g in the table and of the hypotheses do not.",
        "zh": "此处区间将同一网点的受访者视为相互独立；表中g的区间及假设检验已考虑网点。",
    },
    "gap_map_branches": {
        "en": "Tests count that people of one branch answer alike ({names}).",
        "zh": "检验已考虑同一网点受访者的相似性（{names}）。",
    },
    "gap_map_weighted": {
        "en": "Weighted: means and errors of {names} follow the sampling design.",
        "zh": "已加权：{names}的均值与误差按抽样设计计算。",
    },
    "migration_weighted": {
        "en": "Weighted: streams and shares are the population's, with intervals of the sampling design; n counts respondents.",
        "zh": "已加权：流带与比例为总体估计值，区间按抽样设计计算；n为受访者人数。",
    },
    "contrasts": {
        "en": "What low and high ratings of the drivers of {outcome} go with, {population}",
        "zh": "{outcome}各驱动因素评价高低所对应的得失（{population}）",
    },
    "migration": {
        "en": "From “{first}” to “{second}”, {population}",
        "zh": "从“{first}”到“{second}”的对应（{population}）",
    },
    "congruence": {
        "en": "Response surface: {outcome} by {first} and {second}, {population}",
        "zh": "{outcome}关于{first}与{second}的响应面（{population}）",
    },
    "ipm": {
        "en": "Importance and performance of the drivers of {outcome}, {population}",
        "zh": "{outcome}各驱动因素的重要性与表现（{population}）",
    },
    "path": {"en": "{id} ({claim}): standardised paths", "zh": "{id}（{claim}）：标准化路径"},
    "structural": {
        "en": "{id} ({claim}): structural equation model",
        "zh": "{id}（{claim}）：结构方程模型",
    },
    "effects": {
        "en": "All tested effects against the smallest effect of interest",
        "zh": "各检验效应与最小关注效应",
    },
    "robustness": {
        "en": "{id}, test {test} ({claim}): the effect under all choices of analysis",
        "zh": "{id}第{test}项检验（{claim}）：各种分析选择下的效应",
    },
    "wave_change": {
        "en": "Why the score of {variable} changed between the last two waves, {population}",
        "zh": "“{variable}”得分在最近两期间变化的分解（{population}）",
    },
    "synthetic": {"en": "Synthetic data (合成数据).", "zh": "合成数据（synthetic）。"},
    "intervals": {"en": "Bars are {level} confidence intervals.", "zh": "误差线为{level}置信区间。"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """One picture to be made: its key, caption and how to draw it."""

    key: str
    caption: str
    draw: Callable[[], Picture]
    notes: tuple[str, ...] = ()


def draw_all(
    findings: Findings,
    language: str,
    folder: Path,
    *,
    theme: Theme = DEFAULT,
    formats: Sequence[Format] = FORMATS,
) -> dict[str, Figure]:
    """Draw and save every figure of the report in one language.

    Files are ``folder/KEY.LANGUAGE.svg`` and those of ``formats``.

    Returns
    -------
    dict
        Key -> figure block for the document, with its SVG.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figures = {}
    for drawing in drawings(findings, language, theme):
        name = drawing.key.replace(".", "_")
        picture = drawing.draw()
        saved = save(
            picture,
            folder / f"{name}.{language}",
            formats=tuple(dict.fromkeys(("svg", *formats))),
            theme=theme,
        )
        picture.clear()
        svg = next(path for path in saved if path.suffix == ".svg").read_bytes()
        notes = drawing.notes
        if findings.synthetic:
            notes = (*notes, WORDS["synthetic"][language])
        figures[drawing.key] = Figure(
            key=drawing.key,
            caption=drawing.caption,
            svg=svg,
            alt=drawing.caption.replace("\\", ""),
            notes=notes,
        )
    return figures


def drawings(findings: Findings, language: str, theme: Theme = DEFAULT) -> Iterator[Drawing]:
    """Every figure that the findings give ground for, in the order of the report."""
    for found in findings.populations.values():
        labels = Labels(questionnaire=found.population.questionnaire, language=language)
        yield from _population_drawings(findings, found, labels, theme)
    yield from _gap_drawings(findings, language, theme)
    yield from _view_drawings(findings, language, theme)
    yield from _hypothesis_drawings(findings, language, theme)
    yield from _robustness_drawings(findings, language, theme)


def _population_drawings(
    findings: Findings, found: PopulationFindings, labels: Labels, theme: Theme
) -> Iterator[Drawing]:
    from reports.figures.correlation_matrix import correlation_heat_map
    from reports.figures.factor_model import factor_model
    from reports.figures.likert import likert_bars
    from reports.figures.nps_by_tier import nps_by_tier
    from reports.figures.sample_profile import sample_profile
    from reports.figures.screening_flow import screening_flow
    from reports.figures.tier_profile import tier_profile

    synthetic = found.sample.synthetic
    who = plain(found.population.title[labels.language])

    def caption(word: str, **values: str) -> str:
        return labels.say(WORDS[word]).format(population=who, **values)

    if found.screening.ledger:
        yield Drawing(
            key=f"{found.id}.screening",
            caption=caption("screening"),
            draw=lambda: screening_flow(found.screening, labels=labels, theme=theme, synthetic=synthetic),
        )
    if found.profile:
        yield Drawing(
            key=f"{found.id}.profile",
            caption=caption("profile"),
            draw=lambda: sample_profile(
                found.profile,
                labels=labels,
                theme=theme,
                minimum_cell=findings.study.minimum_cell,
                synthetic=synthetic,
            ),
        )
    for construct in SHOWN_AS_LIKERT:
        shares = found.shares.get(construct)
        if shares is not None and shares.items and len(shares.items[0].categories) <= 7:
            yield Drawing(
                key=f"{found.id}.likert_{construct}",
                caption=caption("likert", construct=plain(labels.name(construct))),
                notes=_likert_notes(labels, [item.item for item in shares.items]),
                draw=lambda shares=shares: likert_bars(  # type: ignore[misc]
                    shares, labels=labels, theme=theme, synthetic=synthetic
                ),
            )
    if found.measurement is not None and found.measurement.loadings:
        measurement = found.measurement
        yield Drawing(
            key=f"{found.id}.factor_model",
            caption=caption("factor_model"),
            draw=lambda: factor_model(measurement, labels=labels, theme=theme, synthetic=synthetic),
        )
    if found.correlations is not None:
        matrix = found.correlations
        yield Drawing(
            key=f"{found.id}.correlations",
            caption=caption("correlations"),
            draw=lambda: correlation_heat_map(matrix, labels=labels, theme=theme, synthetic=synthetic),
        )
    yield from _surface_drawings(found, labels, theme, caption, findings.study.minimum_cell)
    yield from _wave_drawings(found, labels, theme, caption)
    minimum = findings.study.minimum_cell
    comparisons = [shown for c in found.comparisons if (shown := _without_small(c, minimum)).groups]
    if comparisons and found.sample.groups is not None:
        group = plain(labels.name(comparisons[0].grouping))
        yield from _distribution(found, comparisons, labels, theme, group, who)
        if len(comparisons) > 1:
            # a picture must fit on a page: so many constructs to one that its rows do
            most = max(2, ROWS_OF_A_PROFILE // max(len(comparisons[0].groups), 1))
            for number, start in enumerate(range(0, len(comparisons), most), 1):
                part = comparisons[start : start + most]
                yield Drawing(
                    key=f"{found.id}.tier_profile{number}",
                    caption=numbered(
                        caption("tier_profile", group=group),
                        number if len(comparisons) > most else "",
                        labels.language,
                    ),
                    draw=lambda part=part: tier_profile(  # type: ignore[misc]
                        part, labels=labels, theme=theme, synthetic=synthetic
                    ),
                )
    if found.recommend is not None and found.recommend.overall.n >= minimum:
        unseen = hidden_scores(found.recommend, minimum, found.banners)
        gone = {g.group for g in found.recommend.groups if all((part, g.group) in unseen for part in SCORES)}
        nps = replace(found.recommend, groups=tuple(g for g in found.recommend.groups if g.group not in gone))
        unseen = frozenset((part, group) for part, group in unseen if group not in gone)
        yield Drawing(
            key=f"{found.id}.nps",
            caption=caption("nps"),
            draw=lambda: nps_by_tier(nps, labels=labels, unseen=unseen, theme=theme, synthetic=synthetic),
            notes=(WORDS["scores_hidden"][labels.language].format(minimum=minimum),) if unseen else (),
        )


def _likert_notes(labels: Labels, items: Sequence[str]) -> tuple[str, ...]:
    """What the figures beside the bars are, and that marked items are not turned round."""
    words = ("net", "as_worded") if _any_turned(labels, items) else ("net",)
    return tuple(labels.say(WORDS[word]) for word in words)


def _surface_drawings(
    found: PopulationFindings, labels: Labels, theme: Theme, caption: Callable[..., str], minimum: int
) -> Iterator[Drawing]:
    """The surface of every declared pair of views."""
    from reports.figures.response_surface import response_surface_contours

    for number, surface in enumerate(found.surfaces, 1):
        limits = found.sample.bounds(surface.first)
        if surface.equation is None or surface.n < minimum or limits is None:
            continue
        names = {role: plain(labels.name(getattr(surface, role))) for role in ("first", "second", "outcome")}
        yield Drawing(
            key=f"{found.id}.congruence.{number}",
            caption=caption("congruence", **names),
            draw=lambda surface=surface, limits=limits: response_surface_contours(  # type: ignore[misc]
                surface,
                limits=limits,
                labels=labels,
                answers=found.sample.frame[[surface.first, surface.second]],
                minimum_cell=minimum,
                theme=theme,
                synthetic=found.sample.synthetic,
            ),
        )


def _wave_drawings(
    found: PopulationFindings, labels: Labels, theme: Theme, caption: Callable[..., str]
) -> Iterator[Drawing]:
    """The change of satisfaction between the last two waves, or of the first score that could be split."""
    from reports.figures.wave_change import wave_change

    split = [] if found.waves is None else [part for part in found.waves.parts if part.change is not None]
    for part in sorted(split, key=lambda part: part.variable not in SHOWN_BY_TIER)[:1]:
        yield Drawing(
            key=f"{found.id}.wave_change",
            caption=caption("wave_change", variable=plain(labels.name(part.variable))),
            draw=lambda part=part: wave_change(  # type: ignore[misc]
                part, labels=labels, theme=theme, synthetic=found.sample.synthetic
            ),
        )


def _without_small(comparison: GroupComparison, minimum: int) -> GroupComparison:
    """Without the groups that have too few respondents to be shown."""
    unseen = hidden_groups(comparison, minimum)
    return replace(
        comparison, groups=tuple(group for group in comparison.groups if str(group.group) not in unseen)
    )


def _distribution(
    found: PopulationFindings,
    comparisons: Sequence[GroupComparison],
    labels: Labels,
    theme: Theme,
    group: str,
    who: str,
) -> Iterator[Drawing]:
    from reports.figures.tier_distribution import tier_distribution
    from reports.sentences import listed

    chosen = [c for c in comparisons if c.variable in SHOWN_BY_TIER] or list(comparisons[:1])
    names = [c.variable for c in chosen]
    scores = pd.DataFrame({name: found.sample.variable(name) for name in names})
    groups = found.sample.groups
    if groups is None:
        return
    outcomes = listed([plain(labels.name(name)) for name in names], labels.language)
    yield Drawing(
        key=f"{found.id}.tier_distribution",
        caption=labels.say(WORDS["tier_distribution"]).format(outcomes=outcomes, group=group, population=who),
        draw=lambda: tier_distribution(
            scores, chosen, groups, labels=labels, theme=theme, synthetic=found.sample.synthetic
        ),
    )


def _gap_drawings(findings: Findings, language: str, theme: Theme) -> Iterator[Drawing]:
    from reports.figures.gaps import Gap, gap_dumbbells

    for first, second in dict.fromkeys((gap.first, gap.second) for gap in findings.gaps):
        titles = {id_: findings.study.populations[id_].title[language] for id_ in (first, second)}
        rows = [
            Gap(label=gap.parallel.label[language], difference=gap.difference)
            for gap in findings.gaps
            if (gap.first, gap.second) == (first, second) and gap.difference.state == "ok"
        ]
        if not rows:
            continue
        labels = Labels(questionnaire=findings.study.populations[first].questionnaire, language=language)
        yield Drawing(
            key=f"gaps.{first}-{second}",
            caption=WORDS["gaps"][language].format(first=plain(titles[first]), second=plain(titles[second])),
            draw=lambda rows=rows, labels=labels, titles=titles, first=first, second=second: gap_dumbbells(  # type: ignore[misc]
                rows,
                first=titles[first],
                second=titles[second],
                labels=labels,
                theme=theme,
                synthetic=findings.synthetic,
            ),
            notes=_independent(findings, (first, second), language),
        )


def _view_drawings(findings: Findings, language: str, theme: Theme) -> Iterator[Drawing]:
    """Priorities, gaps and moves by tier."""
    from reports.figures.alluvial import alluvial
    from reports.figures.penalty_reward import penalty_reward_plot
    from reports.figures.quadrant_map import quadrant_map

    study, synthetic = findings.study, findings.synthetic
    minimum = study.minimum_cell
    for gaps in findings.views.gaps:
        yield from _gap_map_drawings(findings, gaps, language, theme)
    for priority in findings.views.priorities:
        population, result = study.populations[priority.population], priority.result
        labels = Labels(questionnaire=population.questionnaire, language=language)
        if any(one.points and one.n >= minimum for one in result.maps):
            yield Drawing(
                key=f"hypotheses.{priority.hypothesis}.{priority.position + 1}.priorities",
                caption=WORDS["priorities"][language].format(
                    outcome=plain(labels.name(result.outcome)), population=plain(population.title[language])
                ),
                notes=_priority_notes(findings, priority, language),
                draw=lambda result=result, labels=labels: quadrant_map(  # type: ignore[misc]
                    result, labels=labels, theme=theme, synthetic=synthetic, minimum_cell=minimum
                ),
            )
    for contrast in findings.views.contrasts:
        if any(one.penalty for one in contrast.result.features):
            population, contrasts = study.populations[contrast.population], contrast.result
            labels = Labels(questionnaire=population.questionnaire, language=language)
            yield Drawing(
                key=contrast_key(contrast),
                caption=WORDS["contrasts"][language].format(
                    outcome=plain(labels.name(contrasts.outcome)),
                    population=plain(population.title[language]),
                ),
                draw=lambda contrasts=contrasts, labels=labels: penalty_reward_plot(  # type: ignore[misc]
                    contrasts, labels=labels, theme=theme, synthetic=synthetic
                ),
            )
    for migration in findings.views.migrations:
        population, moves = study.populations[migration.population], migration.result
        labels = Labels(questionnaire=population.questionnaire, language=language)
        if moves.n >= minimum and moves.transitions:
            yield Drawing(
                key=f"{migration.population}.migration",
                caption=WORDS["migration"][language].format(
                    population=plain(population.title[language]),
                    first=plain(labels.name(moves.first)),
                    second=plain(labels.name(moves.second)),
                ),
                notes=(WORDS["migration_weighted"][language],) if moves.weighted else (),
                draw=lambda moves=moves, labels=labels: alluvial(  # type: ignore[misc]
                    moves, labels=labels, minimum_cell=minimum, theme=theme, synthetic=synthetic
                ),
            )


def _priority_notes(findings: Findings, priority: PriorityMap, language: str) -> tuple[str, ...]:
    """What is weighted, what lines and shares are, and where shares are too sure."""
    result = priority.result
    notes = []
    shown = [one for one in result.maps if one.points]
    if result.weighted:
        number = str(max(one.resamples for one in shown))
        words = WORDS["priorities_weighted"][language].format(n=number)
        if findings.study.populations[priority.population].rake_to:
            words += ("" if language == "zh" else " ") + WORDS["raked"][language]
        notes.append(words)
    notes.append(WORDS["lines" if result.cut == "means" else "lines_midpoint"][language])
    if not result.weighted:
        number = Numbers(language=language).count(max(one.resamples for one in shown))
        notes.append(WORDS["resamples"][language].format(n=number))
    if not all(one.trusted for one in shown):
        words = WORDS["too_sure_weighted" if result.weighted else "too_sure"][language]
        notes.append(words.format(n=TRUSTED_N))
    return tuple(notes)


def _branches(findings: Findings, populations: tuple[str, ...]) -> list[str]:
    """Populations whose branches are known and counted where no design is declared."""
    samples = [findings.populations[id_].sample for id_ in populations if id_ in findings.populations]
    if any(sample.design is not None for sample in samples):
        return []
    return [sample.population for sample in samples if sample.clusters is not None]


def _independent(findings: Findings, populations: tuple[str, ...], language: str) -> tuple[str, ...]:
    return (WORDS["gaps_independent"][language],) if _branches(findings, populations) else ()


def _gap_map_drawings(
    findings: Findings, gaps: PopulationGaps, language: str, theme: Theme
) -> Iterator[Drawing]:
    from reports.figures.gap_heat_map import gap_heat_map, keyed_name, parts

    study, result = findings.study, gaps.result
    titles = {id_: study.populations[id_].title[language] for id_ in (gaps.first, gaps.second)}
    labels = Labels(questionnaire=study.populations[gaps.first].questionnaire, language=language)
    names = {
        row.name: gaps.parallel[row.name].label[language]
        if row.name in gaps.parallel
        else keyed_name(row.name, labels)
        for row in result.rows
    }
    if len({row.width for row in result.rows}) > 1:
        return
    notes: tuple[str, ...] = ()
    if result.weighted:
        own = [plain(titles[id_]) for id_ in (gaps.first, gaps.second) if study.populations[id_].sampled]
        notes = (WORDS["gap_map_weighted"][language].format(names=listed(own, language)),)
    elif counted := _branches(findings, (gaps.first, gaps.second)):
        own = [plain(titles[id_]) for id_ in counted]
        notes = (WORDS["gap_map_branches"][language].format(names=listed(own, language)),)
    both = {"first": plain(titles[gaps.first]), "second": plain(titles[gaps.second])}
    if result.tiers:
        notes = (*notes, WORDS["gap_map_tiers"][language].format(**both))
    turned = WORDS["gap_map_turned"][language].format(**both)
    matters = tuple(row.name for row in result.rows if row.construct is None)
    shown = [matters, *parts(result)]
    for number, rows in enumerate(shown):
        words = WORDS["gap_map_items" if number else "gap_map"][language]
        group = "" if result.tier is None else plain(labels.name(result.tier))
        yield Drawing(
            key=f"gaps.{gaps.first}-{gaps.second}.map{number}",
            caption=words.format(
                first=plain(titles[gaps.first]),
                second=plain(titles[gaps.second]),
                group=group,
                number=str(number),
            ),
            notes=(*notes, turned) if _any_turned(labels, rows) else notes,
            draw=lambda rows=rows: gap_heat_map(  # type: ignore[misc]
                result,
                names,
                first=titles[gaps.first],
                second=titles[gaps.second],
                labels=labels,
                rows=rows,
                minimum_cell=study.minimum_cell,
                theme=theme,
                synthetic=findings.synthetic,
            ),
        )


def _any_turned(labels: Labels, items: Sequence[str]) -> bool:
    """Whether one of them is a reverse-worded item, which a figure marks."""
    asked = labels.questionnaire
    return any(asked.has_item(item) and asked.item(item).reverse_keyed for item in items)


def _hypothesis_drawings(findings: Findings, language: str, theme: Theme) -> Iterator[Drawing]:
    from reports.figures.effects_forest import Effect, effects_forest
    from reports.figures.importance_performance import importance_performance
    from reports.figures.mediation_path import mediation_path
    from reports.figures.structural_model import structural_model

    effects = []
    labels = None
    claims = _claims(findings, language)
    # a map of priorities shows importance and performance, too, with the certainty of both
    mapped = {
        (one.hypothesis, one.position)
        for one in findings.views.priorities
        if any(tier.points and tier.n >= findings.study.minimum_cell for tier in one.result.maps)
    }
    for verdict in findings.verdicts:
        for evidence in verdict.evidence:
            population = findings.study.populations[evidence.test.population]
            labels = Labels(questionnaire=population.questionnaire, language=language)
            result = evidence.result
            key = f"hypotheses.{verdict.id}.{evidence.position + 1}"
            several = f" ({evidence.position + 1})" if len(verdict.evidence) > 1 else ""
            effects.append(
                Effect(
                    id=f"{verdict.id}{several}",
                    label=effect_label(
                        evidence.test,
                        labels,
                        group=population.group,
                        people=_people(findings, evidence.test, language),
                    ),
                    estimate=evidence.estimate,
                    interval=evidence.interval,
                    smallest_effect=-evidence.test.smallest_effect
                    if evidence.test.direction == "negative"
                    else evidence.test.smallest_effect,
                    verdict=verdict.outcome,
                )
            )
            if isinstance(result, Mediation) and result.paths:
                yield Drawing(
                    key=key,
                    caption=WORDS["path"][language].format(id=plain(verdict.id), claim=claims[verdict.id]),
                    draw=lambda result=result, labels=labels: mediation_path(  # type: ignore[misc]
                        result, labels=labels, theme=theme, synthetic=findings.synthetic
                    ),
                )
            elif isinstance(result, LatentEffect) and result.paths:
                yield Drawing(
                    key=key,
                    caption=WORDS["structural"][language].format(
                        id=plain(verdict.id), claim=claims[verdict.id]
                    ),
                    draw=lambda result=result, labels=labels: structural_model(  # type: ignore[misc]
                        result, labels=labels, theme=theme, synthetic=findings.synthetic
                    ),
                )
            elif (
                isinstance(result, KeyDrivers)
                and (verdict.id, evidence.position) not in mapped
                and any(d.performance is not None for d in result.drivers)
            ):
                yield Drawing(
                    key=key,
                    caption=WORDS["ipm"][language].format(
                        outcome=plain(labels.name(result.outcome)),
                        population=plain(population.title[language]),
                    ),
                    notes=(WORDS["lines"][language],),
                    draw=lambda result=result, labels=labels: importance_performance(  # type: ignore[misc]
                        result, labels=labels, theme=theme, synthetic=findings.synthetic
                    ),
                )
    if labels is None:
        return
    tested = [effect for effect in effects if effect.estimate is not None]
    for number, start in enumerate(range(0, len(tested), ROWS_OF_A_FOREST), 1):
        part = tested[start : start + ROWS_OF_A_FOREST]
        yield Drawing(
            key=f"effects{number}",
            caption=numbered(
                WORDS["effects"][language], number if len(tested) > ROWS_OF_A_FOREST else "", language
            ),
            draw=lambda part=part, labels=labels: effects_forest(  # type: ignore[misc]
                part, labels=labels, theme=theme, synthetic=findings.synthetic
            ),
        )


def _robustness_drawings(findings: Findings, language: str, theme: Theme) -> Iterator[Drawing]:
    from reports.figures.specification_curve import specification_curve

    claims = _claims(findings, language)
    for curve in disagreeing(findings.curves):
        questionnaire = findings.study.populations[curve.test.population].questionnaire
        labels = Labels(questionnaire=questionnaire, language=language)
        yield Drawing(
            key=figure_key(curve),
            caption=WORDS["robustness"][language].format(
                id=plain(curve.hypothesis), test=curve.position + 1, claim=claims[curve.hypothesis]
            ),
            draw=lambda curve=curve, labels=labels: specification_curve(  # type: ignore[misc]
                curve, labels=labels, theme=theme, synthetic=findings.synthetic
            ),
        )


def _claims(findings: Findings, language: str) -> dict[str, str]:
    """The claim of every hypothesis, short enough for a caption."""
    return {
        hypothesis.id: plain(shortened(hypothesis.claim[language], CLAIM_EMS))
        for hypothesis in findings.study.hypotheses
    }


def _people(findings: Findings, test: DeclaredTest, language: str) -> str | None:
    """Whose answers a test is about, where a study asked several populations."""
    if len(findings.study.populations) < 2:
        return None
    involved = (test.population, *test.variables.get("versus_population", ()))
    return listed([findings.study.populations[id_].title[language] for id_ in involved], language)


def effect_label(
    test: DeclaredTest, labels: Labels, *, group: str | None = None, people: str | None = None
) -> str:
    """The variables of a test in a few words, with its groups and populations where they are given."""
    variables = test.variables
    ends = [
        names
        for role, names in variables.items()
        if role
        not in ("controls", "versus", "versus_population", "reference", "method", "rule", "features", "group")
    ]
    named = [
        " + ".join(labels.brief(name) for name in names[:2]) + (" …" if len(names) > 2 else "")
        for names in ends
    ]
    if test.kind == "moderation":
        named[:2] = [" × ".join(named[:2])]
    if group is not None and test.kind in GROUPED:
        named.insert(0, labels.brief(variables.get("group", (group,))[0]))
    label = (" → " if test.kind in DIRECTED else " – ").join(named[:3])
    if people is None:
        return label
    return f"{label}（{people}）" if labels.language == "zh" else f"{label} ({people})"

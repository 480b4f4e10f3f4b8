"""Every kind of figure once, in both languages, from the synthetic sample of the built-in study.

    uv run python examples/gallery.py      # draws everything into out/gallery, the page beside it
    uv run python examples/gallery.py --pictures docs/images/gallery --page docs/gallery.md

The functions below are what the page shows: each draws one figure in the language of ``labels``.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import inspect
import io
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.text import Text
from PIL import Image

import reports.figures
from analysis.correlations import correlation_matrix
from analysis.descriptives import answer_shares
from analysis.drivers import key_drivers
from analysis.gap_map import GapRow, gap_map
from analysis.groups import compare_groups
from analysis.importance_performance import importance_performance
from analysis.inputs import Sample, coded_categories, sample_of
from analysis.latent_effects import latent_indirect
from analysis.means import mean_difference
from analysis.measurement import measured
from analysis.mediation import mediate
from analysis.nps import net_promoter_score
from analysis.penalty_reward import penalty_reward
from analysis.planning.study_plan import PlanChoices, plan_study
from analysis.profile import frequencies
from analysis.regression import regress
from analysis.response_surface import response_surface
from analysis.specifications import specification_curves
from analysis.tier_migration import tier_migration
from analysis.waves.change import decompose_change
from reports.figures import correlation_matrix as correlation_figure
from reports.figures import importance_performance as drivers_figure
from reports.figures import specification_curve as specification_figure
from reports.figures import tier_distribution as distribution_figure
from reports.figures.alluvial import alluvial
from reports.figures.effects_forest import Effect, effects_forest
from reports.figures.factor_model import factor_model
from reports.figures.gap_heat_map import gap_heat_map, keyed_name
from reports.figures.gaps import Gap, gap_dumbbells
from reports.figures.likert import likert_bars
from reports.figures.mediation_path import mediation_path
from reports.figures.nps_by_tier import nps_by_tier
from reports.figures.penalty_reward import penalty_reward_plot
from reports.figures.power_curves import power_curves
from reports.figures.quadrant_map import quadrant_map
from reports.figures.response_surface import response_surface_contours
from reports.figures.sample_profile import sample_profile
from reports.figures.screening_flow import screening_flow
from reports.figures.structural_model import structural_model
from reports.figures.synthetic_note import NOTE
from reports.figures.tier_profile import tier_profile
from reports.figures.wave_change import wave_change
from reports.labels import Labels
from reports.theme import DEFAULT, require_readable
from surveys.screening import Screening, screen
from surveys.simulation import load_population_model, simulate
from surveys.study import Study

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "gallery.md"
PICTURES = ROOT / "docs" / "images" / "gallery"
LANGUAGES = ("en", "zh")
DOTS = 110  #: an inch: readable on a screen at full width
COLOURS = 256  #: of a picture: with fewer, pale tints of a scale turn grey

DRIVERS = ["criteria_clarity", "method_quality", "staff_competence", "service_level"]


@cache
def study() -> Study:
    return Study.load("bank_tiering")


@cache
def screenings() -> Mapping[str, Screening]:
    """The synthetic answers with the study's rules applied."""
    model = load_population_model("claims_hold", study())
    answers = simulate(study(), model, rng=np.random.default_rng(study().seed))
    return {id_: screen(given, study().populations[id_].screening) for id_, given in answers.items()}


@cache
def sample(population: str) -> Sample:
    return sample_of(study().populations[population], screenings()[population].keep())


def tiers() -> pd.Series:
    """The customers' tiers, in their order."""
    return coded_categories(sample("customers").variable("TIER"), sample("customers").questionnaire)


# ---------------------------------------------------------------- one function for each kind of figure


def screening(labels: Labels) -> Figure:
    return screening_flow(screenings()["customers"], labels=labels, synthetic=True)


def profile(labels: Labels) -> Figure:
    frame = sample("customers").frame
    asked = [labels.questionnaire.item(id_) for id_ in ("SEX", "AGE", "TIER", "ASSETS")]
    found = [frequencies(frame[item.id], item.scale.codes) for item in asked if item.scale is not None]
    return sample_profile(found, labels=labels, minimum_cell=5, synthetic=True)


def likert(labels: Labels) -> Figure:
    answers = sample("customers").frame[["LOY1", "LOY2", "LOY3"]]
    return likert_bars(answer_shares(answers, [1, 2, 3, 4, 5]), labels=labels, synthetic=True)


def factors(labels: Labels) -> Figure:
    customers = sample("customers")
    several = {id_: labels.questionnaire.construct(id_).items for id_ in (*DRIVERS, "effectiveness")}
    items = customers.frame[[item for names in several.values() for item in names]]
    found = measured(items, several)
    if found is None:
        raise RuntimeError("the measurement model has no items")
    return factor_model(found, labels=labels, synthetic=True)


def correlations(labels: Labels) -> Figure:
    scores = sample("customers").frame[[*DRIVERS, "effectiveness", "satisfaction", "loyalty"]]
    return correlation_figure.correlation_heat_map(correlation_matrix(scores), labels=labels, synthetic=True)


def distribution(labels: Labels) -> Figure:
    customers = sample("customers")
    names = ["satisfaction", "loyalty"]
    found = [
        compare_groups(customers.variable(name), tiers(), rng=np.random.default_rng(1), resamples=200)
        for name in names
    ]
    return distribution_figure.tier_distribution(
        customers.frame[names], found, tiers(), labels=labels, synthetic=True
    )


def means(labels: Labels) -> Figure:
    customers = sample("customers")
    found = [
        compare_groups(customers.variable(name), tiers(), rng=np.random.default_rng(1), resamples=200)
        for name in (*DRIVERS, "satisfaction", "loyalty")
    ]
    return tier_profile(found, labels=labels, synthetic=True)


def recommendation(labels: Labels) -> Figure:
    found = net_promoter_score(sample("customers").variable("NPS"), tiers())
    return nps_by_tier(found, labels=labels, synthetic=True)


def moves(labels: Labels) -> Figure:
    named, believed = (
        coded_categories(sample("customers").frame[id_], labels.questionnaire)
        for id_ in ("TIER", "TIER_BELIEVED")
    )
    return alluvial(tier_migration(named, believed), labels=labels, synthetic=True)


def gaps(labels: Labels) -> Figure:
    rows = [
        Gap(
            label=parallel.label[labels.language],
            difference=mean_difference(
                sample("customers").variable(parallel.names["customers"]),
                sample("employees").variable(parallel.names["employees"]),
            ),
        )
        for parallel in study().parallel[:8]
    ]
    first, second = populations(labels)
    return gap_dumbbells(rows, first=first, second=second, labels=labels, synthetic=True)


def gaps_by_tier(labels: Labels) -> Figure:
    rows, names = [], {}
    for parallel in study().parallel[:3]:
        construct = parallel.names["customers"]
        items = labels.questionnaire.construct(construct).items
        rows.append(GapRow(name=construct, first=construct, second=construct, width=4))
        rows += [GapRow(name=id_, first=id_, second=id_, construct=construct, width=4) for id_ in items]
        names |= {construct: parallel.label[labels.language]} | {
            id_: keyed_name(id_, labels) for id_ in items
        }
    found = gap_map(
        sample("customers").frame,
        sample("employees").frame,
        rows,
        tiers=tiers(),
        clusters_second=sample("employees").clusters,
    )
    first, second = populations(labels)
    return gap_heat_map(found, names, first=first, second=second, labels=labels, synthetic=True)


def drivers(labels: Labels) -> Figure:
    customers = sample("customers")
    found = key_drivers(
        customers.variable("effectiveness"),
        customers.frame[DRIVERS],
        bounds=dict.fromkeys(DRIVERS, (1, 5)),
        rng=np.random.default_rng(1),
    )
    return drivers_figure.importance_performance(found, labels=labels, synthetic=True)


def priorities(labels: Labels) -> Figure:
    customers = sample("customers")
    found = importance_performance(
        customers.variable("effectiveness"),
        customers.frame[DRIVERS],
        bounds=dict.fromkeys(DRIVERS, (1, 5)),
        tiers=tiers(),
        rng=np.random.default_rng(1),
        resamples=1000,
    )
    return quadrant_map(found, labels=labels, minimum_cell=5, synthetic=True)


def mediation(labels: Labels) -> Figure:
    scores = sample("customers").frame
    found = mediate(
        scores["effectiveness"],
        scores[["satisfaction"]],
        scores["loyalty"],
        rng=np.random.default_rng(1),
        resamples=1000,
    )
    return mediation_path(found, labels=labels, synthetic=True)


def structure(labels: Labels) -> Figure:
    series = {
        id_: labels.questionnaire.construct(id_).items for id_ in ("effectiveness", "satisfaction", "loyalty")
    }
    items = sample("customers").frame[[item for of in series.values() for item in of]]
    found = latent_indirect(
        items, series, predictor="effectiveness", mediators=["satisfaction"], outcome="loyalty"
    )
    return structural_model(found, labels=labels, synthetic=True)


def change(labels: Labels) -> Figure:
    # a second wave: another sample, a tenth of a point more satisfied, fewer of it in the lowest tier
    model = load_population_model("claims_hold", study())
    drawn_again = simulate(study(), model, rng=np.random.default_rng(2))["customers"]
    again = sample_of(study().populations["customers"], drawn_again).frame.query(
        "TIER >= 2 or index % 2 == 0"
    )
    again = again.assign(satisfaction=again["satisfaction"] + 0.1)
    both = pd.concat([sample("customers").frame, again], ignore_index=True)
    waves = pd.Series(pd.Categorical(["1"] * sample("customers").n + ["2"] * len(again), ["1", "2"]))
    in_tier = coded_categories(both["TIER"], labels.questionnaire)
    found = decompose_change(both["satisfaction"], in_tier, waves, earlier="1", later="2")
    return wave_change(found, labels=labels, synthetic=True)


def power(labels: Labels) -> Figure:
    chosen = PlanChoices(sizes={"customers": 800, "employees": 300, "corporate": 200})
    asked = replace(study(), hypotheses=tuple(h for h in study().hypotheses if h.id in ("H1", "H3", "H4")))
    return power_curves(plan_study(asked, chosen).hypotheses, labels=labels, synthetic=True)


def surface(labels: Labels) -> Figure:
    views = sample("customers").frame[["service_level", "personalisation"]]
    satisfaction = sample("customers").variable("satisfaction")
    found = response_surface(views["service_level"], views["personalisation"], satisfaction, center=3)
    return response_surface_contours(found, limits=(1, 5), answers=views, labels=labels, synthetic=True)


def contrasts(labels: Labels) -> Figure:
    scores = sample("customers").frame
    bounds = dict.fromkeys(DRIVERS, (1, 5))
    found = penalty_reward(scores["effectiveness"], scores[DRIVERS], bounds=bounds, coding="thirds")
    return penalty_reward_plot(found, labels=labels, synthetic=True)


def effects(labels: Labels) -> Figure:
    scores = sample("customers").frame
    found = regress(scores["effectiveness"], scores[DRIVERS])
    rows = [
        Effect(
            id=f"E{number}",
            label=f"{labels.name(term.name)} → {labels.name('effectiveness')}",
            estimate=term.estimate,
            interval=term.interval,
            smallest_effect=0.1,
            verdict="supported" if term.interval.low > 0.1 else "cannot_tell",
        )
        for number, term in enumerate(found.terms, 1)
    ]
    return effects_forest(rows, labels=labels, synthetic=True)


def specifications(labels: Labels) -> Figure:
    (curve,) = specification_curves(study(), screenings(), resamples=100, hypotheses=["H1"])
    return specification_figure.specification_curve(curve, labels=labels, synthetic=True)


# ---------------------------------------------------------------- the page


def populations(labels: Labels) -> tuple[str, str]:
    """What customers and employees are called."""
    first, second = (study().populations[id_].title[labels.language] for id_ in ("customers", "employees"))
    return first, second


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of figure: its file in ``reports/figures``, what it shows, and a function that draws it."""

    kind: str
    draw: Callable[[Labels], Figure]
    shows: Mapping[str, str]


ENTRIES = (
    Entry(kind="screening_flow", draw=screening, shows={
        "en": "Who is set aside by which rule, from the answers read to the answers analysed.",
        "zh": "从读入到分析的答卷：各规则剔除的人数。"}),
    Entry(kind="sample_profile", draw=profile, shows={
        "en": "Who answered; small counts are not shown.",
        "zh": "受访者构成；人数过少者不列出。"}),
    Entry(kind="likert", draw=likert, shows={
        "en": "Answers to the items of a construct, by net agreement.",
        "zh": "某一构念各题项的回答，按净同意率排列。"}),
    Entry(kind="factor_model", draw=factors, shows={
        "en": "How strongly each item loads on its construct.",
        "zh": "各题项在其构念上的载荷。"}),
    Entry(kind="correlation_matrix", draw=correlations, shows={
        "en": "Which constructs go together.",
        "zh": "哪些构念彼此相关。"}),
    Entry(kind="tier_distribution", draw=distribution, shows={
        "en": "How scores are spread in each tier, with means.",
        "zh": "各等级得分的分布及均值。"}),
    Entry(kind="tier_profile", draw=means, shows={
        "en": "Means of several constructs with intervals, tier by tier.",
        "zh": "各等级在多个构念上的均值及置信区间。"}),
    Entry(kind="nps_by_tier", draw=recommendation, shows={
        "en": "Net promoter score of all and of each tier.",
        "zh": "全体及各等级的净推荐值。"}),
    Entry(kind="alluvial", draw=moves, shows={
        "en": "Who moves between tiers: here from the bank's tier to the one the customer believes in.",
        "zh": "两种等级的对应：此处为银行所定等级与客户自认等级。"}),
    Entry(kind="gaps", draw=gaps, shows={
        "en": "The same matter as customers and employees see it.",
        "zh": "客户与员工对同一事项的看法。"}),
    Entry(kind="gap_heat_map", draw=gaps_by_tier, shows={
        "en": "Gaps of items within their constructs, overall and by tier; in brackets: not significant.",
        "zh": "各构念及其题项的看法差距，总体及分等级；括号表示不显著。"}),
    Entry(kind="importance_performance", draw=drivers, shows={
        "en": "What matters most for an outcome, and how well it is done.",
        "zh": "各驱动因素的重要性与表现。"}),
    Entry(kind="quadrant_map", draw=priorities, shows={
        "en": "The same, tier by tier, with the share of resamples in which a driver keeps its field.",
        "zh": "同上，分等级，并给出重抽样中驱动因素仍在同一区域的比例。"}),
    Entry(kind="mediation_path", draw=mediation, shows={
        "en": "Standardised paths of a mediation.",
        "zh": "中介模型的标准化路径。"}),
    Entry(kind="structural_model", draw=structure, shows={
        "en": "Constructs, their items and the paths between them, free of the error of the items.",
        "zh": "结构方程模型：构念、题项及剔除测量误差后的路径。"}),
    Entry(kind="wave_change", draw=change, shows={
        "en": "A change between waves split into tier mix and change within tiers.",
        "zh": "将两期之间的变化分解为等级构成变化与等级内变化。"}),
    Entry(kind="power_curves", draw=power, shows={
        "en": "How many respondents each hypothesis takes.",
        "zh": "检验各假设所需的样本量。"}),
    Entry(kind="penalty_reward", draw=contrasts, shows={
        "en": "What low and high ratings of each driver go with: basic, performance or excitement.",
        "zh": "各驱动因素评价低与评价高时结果的差异：基本因素、绩效因素或兴奋因素。"}),
    Entry(kind="response_surface", draw=surface, shows={
        "en": "What two views do to an outcome together, with the lines of congruence and incongruence.",
        "zh": "两种看法对结果的共同作用，含一致线与不一致线。"}),
    Entry(kind="effects_forest", draw=effects, shows={
        "en": "Effects against the smallest effect of interest.",
        "zh": "各效应与最小关注效应的比较。"}),
    Entry(kind="specification_curve", draw=specifications, shows={
        "en": "One effect under all defensible choices of the analysis.",
        "zh": "同一效应在各种合理分析方案下的估计。"}),
)  # fmt: skip


def kinds() -> tuple[str, ...]:
    """Files of ``reports/figures`` that draw: those with a public function that returns a figure."""
    found = []
    for module in pkgutil.iter_modules(reports.figures.__path__):
        tree = ast.parse(inspect.getsource(importlib.import_module(f"reports.figures.{module.name}")))
        functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
        if any(
            not node.name.startswith("_")
            and isinstance(node.returns, ast.Name)
            and node.returns.id == "Figure"
            for node in functions
        ):
            found.append(module.name)
    return tuple(found)


def drawn(entry: Entry, language: str) -> Figure:
    """The figure in one language; ``RuntimeError`` if it does not say that its answers are synthetic."""
    labels = Labels(questionnaire=study().populations["customers"].questionnaire, language=language)
    figure = entry.draw(labels)
    require_readable(figure)
    if NOTE[language] not in [text.get_text() for text in figure.findobj(Text) if isinstance(text, Text)]:
        raise RuntimeError(
            f"{entry.kind}, {language}: the figure does not say that its answers are synthetic"
        )
    return figure


def picture(figure: Figure) -> bytes:
    """A small PNG: few colours, no date."""
    whole, small = io.BytesIO(), io.BytesIO()
    with DEFAULT.applied():
        figure.savefig(whole, format="png", dpi=DOTS)
    flat = (
        Image.open(whole).convert("RGB").quantize(COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    )
    flat.save(small, format="PNG", optimize=True)
    return small.getvalue()


def page(pictures: str) -> str:
    """The page as Markdown; ``pictures`` is the path from it to the pictures."""
    lines = [
        "# Gallery 图库",
        "",
        "Every kind of figure, drawn from the **synthetic** sample of the built-in study: nothing here is a"
        " fact about any bank. The code is that of [examples/gallery.py](../examples/gallery.py), where"
        " `sample`, `tiers` and the imports stand.",
        "",
        "以下各类图均由内置研究的**合成数据**绘制，不代表任何银行的事实。代码见"
        "[examples/gallery.py](../examples/gallery.py)。",
        "",
    ]
    for entry in ENTRIES:
        lines += [
            f"## {entry.kind}",
            "",
            entry.shows["en"],
            "",
            entry.shows["zh"],
            "",
            "| English | 中文 |",
            "| --- | --- |",
        ]
        images = (
            f"![{entry.shows[language]}]({pictures}/{entry.kind}.{language}.png)" for language in LANGUAGES
        )
        lines += [
            f"| {' | '.join(images)} |",
            "",
            "```python",
            inspect.getsource(entry.draw).strip(),
            "```",
            "",
        ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, default=ROOT / "out" / "gallery" / "images")
    parser.add_argument("--page", type=Path, default=ROOT / "out" / "gallery" / "gallery.md")
    chosen = parser.parse_args()
    lacking = set(kinds()) - {entry.kind for entry in ENTRIES}
    if lacking:
        raise SystemExit(f"no entry for {', '.join(sorted(lacking))}: add one to ENTRIES of {__file__}")
    chosen.pictures.mkdir(parents=True, exist_ok=True)
    chosen.page.parent.mkdir(parents=True, exist_ok=True)
    for entry in ENTRIES:
        for language in LANGUAGES:
            (chosen.pictures / f"{entry.kind}.{language}.png").write_bytes(picture(drawn(entry, language)))
    chosen.page.write_text(page(chosen.pictures.relative_to(chosen.page.parent).as_posix()), "utf-8")


if __name__ == "__main__":
    main()

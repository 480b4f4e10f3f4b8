"""Whether the findings hang on how they were analysed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from analysis.findings import specification_scope
from analysis.specification_curve import Specification, SpecificationCurve
from reports.document import Block, Column, Heading, Prose, Table, plain
from reports.figures.specification_curve import DIMENSIONS, choice_name
from reports.sentences import listed
from reports.telling import Telling

WORDS = {
    "title": {"en": "Robustness", "zh": "稳健性"},
    "intro": {
        "en": "Every test was carried out again under all combinations of these choices, where a test leaves them open: {choices}. An analysis without the controls that a test declares asks a different question; it is there to show what the controls do. @tbl:robustness says in how many of these analyses the effect holds, that is, its whole interval lies beyond the smallest effect of interest.",
        "zh": "每项检验均在下列选择的各种组合下重做（以该检验可作的选择为限）：{choices}。不加入所声明控制变量的分析检验的并非原论断，列出仅为说明控制变量的作用。@tbl:robustness列出效应在其中多少种分析中成立，即整个区间均超过最小关注效应。",
    },
    "intro_single": {
        "en": "In these tests none of the choices examined is open. @tbl:robustness lists them as declared.",
        "zh": "这些检验没有可作的其他选择，@tbl:robustness按声明的分析列出。",
    },
    "nothing": {"en": "The study declares no tests.", "zh": "本研究未声明检验。"},
    "alike": {
        "en": "Of {tests} tests, {alike} come out alike in all their analyses.",
        "zh": "{tests}项检验中，{alike}项在其全部分析中结论一致。",
    },
    "caption": {"en": "In how many analyses each effect holds", "zh": "各效应在多少种分析中成立"},
    "hypothesis": {"en": "Hypothesis", "zh": "假设"},
    "effect": {"en": "Test", "zh": "检验"},
    "analyses": {"en": "Analyses", "zh": "分析数"},
    "holding": {"en": "Hold", "zh": "成立"},
    "range": {"en": "Range of estimates", "zh": "估计值范围"},
    "to": {"en": "{low} to {high}", "zh": "{low}至{high}"},
    "note": {
        "en": "One line a test. Effects by ranks are translated to the unit of the declared effect, so that one bound serves all. No interval is corrected for the number of hypotheses, and reliability and comparability, which a verdict also stands on, are not examined again. The analyses share their respondents: their number is no measure of evidence.",
        "zh": "每行一项检验。基于秩的效应已换算为所声明效应的单位，以便用同一界限判断。区间未按假设数量校正，结论所依据的信度与可比性也未重新检验。各分析使用相同的受访者，分析数目本身不构成证据强度。",
    },
    "not_run": {
        "en": "Could not be run: {tests} ({reason}).",
        "zh": "无法进行的分析：{tests}（{reason}）。",
    },
    "not_run_test": {"en": "{count} of {id}, test {test}", "zh": "{id}第{test}项检验{count}种"},
    "singular": {
        "en": "Branches do not differ more than chance would have them in {tests}: their variance is estimated as nought, and the model with a random intercept gives what least squares gives.",
        "zh": "下列分析中网点间差异未超出随机波动，网点方差估计为零，随机截距模型等同于最小二乘回归：{tests}。",
    },
    "few_clusters": {
        "en": "a structural equation model whose errors count branches needs more branches than free parameters",
        "zh": "误差计入网点的结构方程模型要求网点数多于自由参数数",
    },
    "disagree": {"en": "Where analyses disagree", "zh": "分析结论不一致之处"},
    "counts": {
        "en": "{id}, {effect}: the effect holds in {holding} of {analyses} analyses.",
        "zh": "{id}，{effect}：效应在{analyses}种分析中的{holding}种成立。",
    },
    "people": {"en": "{effect} ({people})", "zh": "{effect}（{people}）"},
    "otherwise": {"en": "Otherwise: {zones}.", "zh": "其余分析中，{zones}。"},
    "straddles": {"en": "in {count} the data cannot tell", "zh": "{count}种无法判断"},
    "short": {
        "en": "in {count} there is no effect that would matter",
        "zh": "{count}种表明不存在有实际意义的效应",
    },
    "opposite": {
        "en": "in {count} it lies in the opposite direction",
        "zh": "{count}种表明效应方向相反",
    },
    "hangs": {
        "en": "It hangs most on the choice of “{dimension}”: {choices}.",
        "zh": "结论受“{dimension}”这一选择影响最大：{choices}。",
    },
    "choice": {"en": "{choice}, {holding} of {analyses}", "zh": "{choice}（{analyses}种中{holding}种成立）"},
}
#: what the chapter says of each choice that was made, in this order
CHOSEN = {
    "screening": {
        "en": "each screening rule left out and none at all",
        "zh": "逐一取消各筛选规则及全部不用",
    },
    "ranks": {"en": "means or ranks", "zh": "采用均值或秩"},
    "latent": {"en": "scores or latent constructs", "zh": "采用得分或潜变量"},
    "scores": {
        "en": "scores of the items answered or of complete answers only",
        "zh": "按已答题项或仅按完整作答计分",
    },
    "controls": {"en": "with and without controls", "zh": "加入或不加入控制变量"},
    "weights": {
        "en": "with the sampling design or with everybody counting alike",
        "zh": "按抽样设计或不加权",
    },
    "clusters": {"en": "errors that count branches or not", "zh": "误差计入或不计入网点"},
    "random_intercept": {"en": "a random intercept of branches", "zh": "加入网点随机截距"},
}
#: statistics that stand beside one by means, or by ranks
RANKED = frozenset({"rank_coefficient", "linear_trend", "rank_biserial", "cliffs_delta", "spearman"})
#: why analyses could not be run, where the reason is in words of the method
STATES_ZH = {
    "too_few": "受访者或网点过少",
    "no_error": "估计值没有区间",
    "no_data": "没有该群体的答卷",
    "no_answers": "答卷中缺少所需变量",
    "weighted": "声明的抽样设计无法采用",
    "constant": "变量没有变异",
    "inadmissible": "模型没有可接受的解",
    "not_converged": "模型未收敛",
    "not_available": "没有可用的估计方法",
}
SILENT_ROLES = ("controls", "versus_population", "reference", "method", "rule", "features", "group")
#: Kinds of test whose variables point from one to the next.
DIRECTED = ("path", "indirect", "drivers", "moderation", "added_value", "latent_path", "latent_indirect")
FIGURE = "robustness.{id}.{test}"  #: key of the picture of a test


def robustness_chapter(telling: Telling, curves: Sequence[SpecificationCurve]) -> Iterator[Block]:
    """Blocks of the chapter; pictures are placed where ``telling.figures`` has :func:`figure_key`."""
    yield Heading(text=telling.say(WORDS["title"]), key="robustness-of-findings")
    if not curves:
        yield Prose(telling.say(WORDS["nothing"]))
        return
    comma = "、" if telling.language == "zh" else ", "
    choices = comma.join(map(telling.say, chosen(curves)))
    yield Prose(telling.say(WORDS["intro" if choices else "intro_single"], choices=choices))
    tried = [curve for curve in curves if curve.run]
    alike = sum(curve.unanimous for curve in tried)
    count = telling.numbers.count
    yield Prose(telling.say(WORDS["alike"], tests=count(len(tried)), alike=count(alike)))
    yield _table(telling, curves)
    doubtful = disagreeing(curves)
    if doubtful:
        yield Heading(text=telling.say(WORDS["disagree"]), level=2)
    for curve in doubtful:
        space = "" if telling.language == "zh" else " "
        yield Prose(space.join(_disagreement(telling, curve)))
        yield from telling.figures_named(figure_key(curve))


def chosen(curves: Sequence[SpecificationCurve]) -> tuple[Mapping[str, str], ...]:
    """What was chosen in at least one of the curves, in words."""
    met = {
        (dimension, choice) for curve in curves for dimension, of in curve.options().items() for choice in of
    }
    found = {dimension for dimension, _ in met}
    statistics = {choice for dimension, choice in met if dimension == "statistic"}
    if any(choice.startswith("latent_") for choice in statistics):
        found.add("latent")
    if statistics & RANKED:
        found.add("ranks")
    if ("clusters", "random_intercept") in met:
        found.add("random_intercept")
    return tuple(words for choice, words in CHOSEN.items() if choice in found)


def disagreeing(curves: Sequence[SpecificationCurve]) -> tuple[SpecificationCurve, ...]:
    """Tests whose analyses do not all place the effect alike: those that have a picture."""
    return tuple(curve for curve in curves if not curve.unanimous)


def figure_key(curve: SpecificationCurve) -> str:
    """Key of the picture of one test."""
    return FIGURE.format(id=curve.hypothesis, test=curve.position + 1)


def _table(telling: Telling, curves: Sequence[SpecificationCurve]) -> Table:
    rows, notes = [], [telling.say(WORDS["note"])]
    for curve in curves:
        summary, scope = curve.entries()[0], specification_scope(curve)
        span = "–"
        if curve.range is not None:
            digits = 2 if curve.bound >= 0.05 else 3  # as in the figure of all effects
            low, high = (
                telling.cite(scope, summary, f"more.{end}", digits=digits) for end in ("lowest", "highest")
            )
            span = telling.say(WORDS["to"], low=low, high=high)
        rows.append(
            (
                curve.hypothesis,
                _effect(telling, curve),
                telling.cite(scope, summary, "more.analyses", "count"),
                telling.cite(scope, summary, "more.holding", "count"),
                span,
            )
        )
    notes += _not_run(telling, curves)
    names = ("hypothesis", "effect", "analyses", "holding", "range")
    return Table(
        key="robustness",
        caption=telling.say(WORDS["caption"]),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name]),
                align="left" if name in ("hypothesis", "effect") else "right",
            )
            for name in names
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _not_run(telling: Telling, curves: Sequence[SpecificationCurve]) -> Iterator[str]:
    """One note for each reason why analyses could not be run, and one on models that are singular."""
    found: dict[str, Counter[tuple[str, int]]] = {}
    singular: Counter[tuple[str, int]] = Counter()
    for curve in curves:
        place = (curve.hypothesis, curve.position + 1)
        for spec in curve.not_run:
            found.setdefault(_reason(telling, spec), Counter())[place] += 1
        singular[place] += sum(spec.state == "singular" for spec in curve.run)
    for reason, tests in found.items():
        yield telling.say(WORDS["not_run"], tests=_counted(telling, tests), reason=reason)
    if singular.total():
        yield telling.say(WORDS["singular"], tests=_counted(telling, singular))


def _counted(telling: Telling, tests: Mapping[tuple[str, int], int]) -> str:
    """How many analyses of which tests."""
    count = telling.numbers.count
    told = [
        telling.say(WORDS["not_run_test"], id=plain(id_), test=count(test), count=count(number))
        for (id_, test), number in tests.items()
        if number
    ]
    return listed(told, telling.language)


def _reason(telling: Telling, spec: Specification) -> str:
    """Why an analysis could not be run."""
    if "more clusters than parameters" in spec.reason:
        return telling.say(WORDS["few_clusters"])
    if telling.language == "zh" and spec.state in STATES_ZH:
        return STATES_ZH[spec.state]
    return plain(spec.reason or spec.state)


def _effect(telling: Telling, curve: SpecificationCurve) -> str:
    """The variables of a test in a few words, as literal text."""
    test = curve.test
    populations = {"versus": test.variables.get("versus_population", (test.population,))[0]}
    ends = []
    for role, names in test.variables.items():
        if role in SILENT_ROLES:
            continue
        id_ = populations.get(role, test.population)
        named = [telling.labels(id_).brief(name) for name in names[:2]]
        ends.append(" + ".join(named) + (" …" if len(names) > 2 else ""))
    if test.kind == "moderation":
        ends[:2] = [" × ".join(ends[:2])]
    effect = (" → " if test.kind in DIRECTED else " – ").join(dict.fromkeys(ends))
    return telling.say(WORDS["people"], effect=effect, people=_people(telling, curve))


def _people(telling: Telling, curve: SpecificationCurve) -> str:
    populations = (curve.test.population, *curve.test.variables.get("versus_population", ()))
    titles = [telling.findings.study.populations[id_].title[telling.language] for id_ in populations]
    return listed(titles, telling.language)


def _disagreement(telling: Telling, curve: SpecificationCurve) -> Iterator[str]:
    summary, scope = curve.entries()[0], specification_scope(curve)
    yield telling.say(
        WORDS["counts"],
        id=plain(curve.hypothesis),
        effect=plain(_effect(telling, curve)),
        holding=telling.cite(scope, summary, "more.holding", "count"),
        analyses=telling.cite(scope, summary, "more.analyses", "count"),
    )
    count = telling.numbers.count
    others = [telling.say(WORDS[zone], count=count(n)) for zone, n in curve.zones.items() if zone != "beyond"]
    comma = "，" if telling.language == "zh" else ", "
    yield telling.say(WORDS["otherwise"], zones=comma.join(others))
    dimension = most_telling_choice(curve)
    if dimension is not None:
        labels = telling.labels(curve.test.population)
        choices = [
            telling.say(
                WORDS["choice"],
                choice=plain(choice_name(labels, dimension, choice)),
                holding=count(holding),
                analyses=count(analyses),
            )
            for (of, choice), (holding, analyses) in curve.by_choice().items()
            if of == dimension
        ]
        stop = "；" if telling.language == "zh" else "; "
        yield telling.say(
            WORDS["hangs"], dimension=telling.say(DIMENSIONS[dimension]), choices=stop.join(choices)
        )


def most_telling_choice(curve: SpecificationCurve) -> str | None:
    """The dimension between whose choices the share of analyses that hold differs most, if in any."""
    shares: dict[str, list[float]] = {}
    for (dimension, _), (holding, analyses) in curve.by_choice().items():
        if analyses:
            shares.setdefault(dimension, []).append(holding / analyses)
    spread = {dimension: max(of) - min(of) for dimension, of in shares.items()}
    most = max(spread, key=lambda dimension: spread[dimension], default=None)
    return None if most is None or spread[most] == 0 else most

"""What two views of one matter, agreeing or parting, go with: table, sentences and surface."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.population_findings import PopulationFindings
from analysis.response_surface import ResponseSurface
from analysis.results import Entry
from reports.document import Block, Column, Group, Prose, Table
from reports.telling import Telling, pick

WORDS = {
    "text": {
        "en": "A polynomial regression describes how {outcome} goes with {first} and {second} (@tbl:{key}). It was not declared as a hypothesis and has no verdict; brackets hold {level} intervals.",
        "zh": "以多项式回归描述{outcome}与{first}、{second}及两者一致程度的关系（@tbl:{key}）。该分析未作为假设声明，不下结论；方括号内为{level}置信区间。",
    },
    "none": {
        "en": "How {outcome} goes with {first} and {second} cannot be described: {reason}.",
        "zh": "无法描述{outcome}与{first}、{second}及两者一致程度的关系：{reason}。",
    },
    "too_few": {
        "en": "too few respondents, or branches, for six coefficients",
        "zh": "受访者或网点过少，不足以估计六个系数",
    },
    "constant": {"en": "one of them does not vary", "zh": "其中有变量没有差异"},
    "inadmissible": {
        "en": "the terms of the regression determine each other, or the outcome exactly",
        "zh": "回归各项相互决定，或完全决定结果变量",
    },
    "caption": {
        "en": "Response surface: {outcome} by {first} and {second}, {population}",
        "zh": "{outcome}关于{first}与{second}的响应面（{population}）",
    },
    "term": {"en": "Term", "zh": "参数"},
    "intercept": {"en": "intercept", "zh": "截距"},
    "estimate": {"en": "Estimate", "zh": "估计值"},
    "error": {"en": "SE", "zh": "标准误"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "p": {"en": "p", "zh": "p"},
    "coefficients": {"en": "Coefficients", "zh": "回归系数"},
    "surface": {"en": "Surface", "zh": "曲面"},
    "note": {
        "en": "n = {n}; R² = {r_squared}. Both views are taken from {center}, the midpoint of their scale; slopes are those at the midpoint. a1 = b1 + b2, a2 = b3 + b4 + b5, a3 = b1 − b2, a4 = b3 − b4 + b5, a5 = b3 − b5. Errors {errors}; p-values of this table are not corrected for their number.",
        "zh": "n = {n}，R² = {r_squared}。两种看法均以量表中点{center}为零点，斜率为中点处的斜率。a1 = b1 + b2，a2 = b3 + b4 + b5，a3 = b1 − b2，a4 = b3 − b4 + b5，a5 = b3 − b5。{errors}；本表p值未作多重比较校正。",
    },
    "spaced": {
        "en": "The answers are categories in order, taken here as evenly spaced.",
        "zh": "回答为有序类别，此处按等距处理。",
    },
}
ROWS = {
    "a1": {"en": "a1: slope along agreement, at the midpoint", "zh": "a1：一致线中点处的斜率"},
    "a2": {"en": "a2: curvature along agreement", "zh": "a2：一致线上的曲率"},
    "a3": {"en": "a3: slope along disagreement, at the midpoint", "zh": "a3：不一致线中点处的斜率"},
    "a4": {"en": "a4: curvature along disagreement", "zh": "a4：不一致线上的曲率"},
    "a5": {"en": "a5: unlikeness of the two sides of agreement", "zh": "a5：一致线两侧的不对称"},
}
ERRORS = {
    "hc3": {"en": "are robust to unequal variances (HC3)", "zh": "标准误对方差不齐稳健（HC3）"},
    "clustered": {"en": "count branches", "zh": "标准误按网点聚类"},
    "classical": {"en": "are classical", "zh": "标准误为经典标准误"},
    "design": {
        "en": "are those of the sampling design, and estimates are weighted",
        "zh": "估计已加权，标准误按抽样设计计算",
    },
}
#: By whether the interval lies above zero, below it, or holds it.
ALONG = {
    "above": {
        "en": "Where both agree, {outcome} rises with their level",
        "zh": "两者一致时，{outcome}随其水平上升",
    },
    "below": {
        "en": "Where both agree, {outcome} falls with their level",
        "zh": "两者一致时，{outcome}随其水平下降",
    },
    "holds": {
        "en": "Where both agree, {outcome} is not shown to change with their level",
        "zh": "两者一致时，未发现{outcome}随其水平变化",
    },
}
BENT = {
    "above": {"en": "and the line bends upwards", "zh": "且呈上弯（U形）"},
    "below": {"en": "and the line bends downwards", "zh": "且呈下弯（倒U形）"},
    "holds": {"en": "and no bend is shown", "zh": "曲率不显著"},
}
SIDE = {
    "above": {
        "en": "Where they part, {outcome} is higher when {first} lies above {second}",
        "zh": "两者不一致时，{first}高于{second}者{outcome}较高",
    },
    "below": {
        "en": "Where they part, {outcome} is lower when {first} lies above {second}",
        "zh": "两者不一致时，{first}高于{second}者{outcome}较低",
    },
    "holds": {
        "en": "Where they part, neither direction is shown to go with more {outcome}",
        "zh": "两者不一致时，未发现不一致的方向与{outcome}有关",
    },
}
APART = {
    "above": {"en": "and {outcome} rises as they part further", "zh": "且不一致程度越大，{outcome}越高"},
    "below": {"en": "and {outcome} falls as they part further", "zh": "且不一致程度越大，{outcome}越低"},
    "holds": {"en": "and no change with the distance is shown", "zh": "未发现其随不一致程度变化"},
    "neither": {"en": "and no change with the distance is shown", "zh": "也未发现其随不一致程度变化"},
}
CLOSING = {
    "agreement": {
        "en": "That is the pattern of an advantage of agreement: a4 lies below zero, and neither a3 nor a5 is shown to differ from zero, which does not prove that they are zero.",
        "zh": "这符合“一致更优”的模式：a4小于零，a3和a5均未显示异于零（但不能证明其为零）。",
    },
    "off": {
        "en": "The outcome falls as the views part, but not on both sides of agreement alike: a3 or a5 differs from zero.",
        "zh": "看法不一致程度越大，结果越低，但在一致线两侧并不对称：a3或a5异于零。",
    },
    "none": {
        "en": "An advantage of agreement as such is not shown.",
        "zh": "没有证据表明一致本身与更高的{outcome}相联系。",
    },
}


def congruence(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    """Every declared pair of views of one population."""
    for number, surface in enumerate(found.surfaces, 1):
        key = f"{found.id}.congruence.{number}"
        if surface.equation is None or surface.n < telling.findings.study.minimum_cell:
            reason = WORDS[surface.state if surface.state in WORDS else "too_few"]
            yield Prose(
                telling.say(WORDS["none"], reason=telling.say(reason), **_names(telling, found, surface))
            )
            continue
        yield Prose(_told(telling, found, surface, key))
        yield _table(telling, found, surface, key)
        if key in telling.figures:
            yield telling.figures[key]


def _names(telling: Telling, found: PopulationFindings, surface: ResponseSurface) -> dict[str, str]:
    return {role: telling.quoted(found.id, getattr(surface, role)) for role in ("first", "second", "outcome")}


def side_of_zero(entry: Entry) -> str:
    """Where the interval lies: ``above`` zero, ``below`` it, or ``holds`` it.

    >>> from analysis.results import Interval
    >>> side_of_zero(Entry(measure="surface", method="", interval=Interval(low=-2, high=-1)))
    'below'
    """
    if entry.interval is None or not entry.interval.excludes(0):
        return "holds"
    return "above" if entry.interval.low > 0 else "below"


def closing(entries: tuple[Entry, ...]) -> str:
    """What the five numbers say of agreement: ``agreement``, ``off`` or ``none``."""
    side = {name: side_of_zero(pick(entries, "surface", term=name)) for name in ("a3", "a4", "a5")}
    if side["a4"] != "below":
        return "none"
    return "agreement" if side["a3"] == side["a5"] == "holds" else "off"


def _told(telling: Telling, found: PopulationFindings, surface: ResponseSurface, key: str) -> str:
    entries, names = surface.entries(), _names(telling, found, surface)
    scope = f"{found.id}.congruence"

    def number(name: str) -> str:
        entry = pick(entries, "surface", term=name)
        interval = telling.cite(scope, entry, "interval")
        return f"{name} = {telling.cite(scope, entry, 'estimate')} {interval}"

    def part(words: dict[str, dict[str, str]], name: str) -> str:
        side = side_of_zero(pick(entries, "surface", term=name))
        if words is APART and side == side_of_zero(pick(entries, "surface", term="a3")) == "holds":
            side = "neither"
        said = telling.say(words[side], **names)
        return f"{said} ({number(name)})" if telling.language == "en" else f"{said}（{number(name)}）"

    level = telling.numbers.level(entries[0].interval)
    stop, comma, space = ("。", "，", "") if telling.language == "zh" else (".", " ", " ")
    pairs = ((ALONG, "a1", BENT, "a2"), (SIDE, "a3", APART, "a4"))
    sentences = [f"{part(first, a)}{comma}{part(then, b)}{stop}" for first, a, then, b in pairs]
    return space.join(
        (
            telling.say(WORDS["text"], key=key, level=level, **names),
            *sentences,
            telling.say(CLOSING[closing(entries)], **names),
        )
    )


def _table(telling: Telling, found: PopulationFindings, surface: ResponseSurface, key: str) -> Table:
    names = {
        role: telling.labels(found.id).name(getattr(surface, role)) for role in ("first", "second", "outcome")
    }
    first, second = names["first"], names["second"]
    colon = "：" if telling.language == "zh" else ": "
    named = (telling.say(WORDS["intercept"]), first, second, f"{first}²", f"{first} × {second}", f"{second}²")
    terms = [f"b{i}{colon}{name}" for i, name in enumerate(named)]
    scope, entries = f"{found.id}.congruence", surface.entries()
    coefficients = [entry for entry in entries if entry.measure == "coefficient"]
    shape = [entry for entry in entries if entry.measure == "surface" and entry.about["term"] in ROWS]
    labelled = [
        *zip(terms, coefficients, strict=True),
        *((telling.say(ROWS[entry.about["term"]]), entry) for entry in shape),
    ]
    rows = [
        (
            label,
            telling.cite(scope, entry, "estimate"),
            telling.cite(scope, entry, "std_error"),
            telling.cite(scope, entry, "interval"),
            telling.cite(scope, entry, "p_value"),
        )
        for label, entry in labelled
    ]
    level = telling.numbers.level(shape[0].interval)
    return Table(
        key=key,
        caption=telling.say(
            WORDS["caption"],
            first=telling.name(found.id, surface.first),
            second=telling.name(found.id, surface.second),
            outcome=telling.name(found.id, surface.outcome),
            population=telling.title(found.id),
        ),
        columns=(
            Column(id="term", label=telling.say(WORDS["term"]), align="left"),
            *(
                Column(id=name, label=telling.say(WORDS[name], level=level))
                for name in ("estimate", "error", "interval", "p")
            ),
        ),
        rows=tuple(rows),
        groups=(
            Group(label=telling.say(WORDS["coefficients"]), start=0),
            Group(label=telling.say(WORDS["surface"]), start=len(coefficients)),
        ),
        notes=tuple(_notes(telling, found, surface, shape[0])),
    )


def _notes(
    telling: Telling, found: PopulationFindings, surface: ResponseSurface, entry: Entry
) -> Iterator[str]:
    scope, asked = f"{found.id}.congruence", found.population.questionnaire
    yield telling.say(
        WORDS["note"],
        n=telling.cite(scope, entry, "n"),
        center=telling.cite(scope, entry, "more.center", digits=1),
        r_squared=telling.cite(scope, entry, "more.r_squared", "bounded", 3),
        errors=telling.say(ERRORS[surface.errors]),
    )
    scale = asked.item(surface.first).scale if asked.has_item(surface.first) else None
    if scale is not None and not scale.interval:
        yield telling.say(WORDS["spaced"])

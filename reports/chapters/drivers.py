"""What low and high ratings of each driver go with: the table beside a map of priorities."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.feature_contrasts import DriverContrasts
from analysis.penalty_reward import PenaltyReward
from analysis.results import Entry
from analysis.stated_importance import StatedAgainstDerived
from analysis.tier_views import PriorityMap
from reports.document import Block, Column, Prose, Table
from reports.numbers import ABSENT
from reports.sentences import DRIVER_KINDS, listed
from reports.telling import Telling, pick
from surveys.study import DeclaredTest

WORDS = {
    "text": {
        "en": "@tbl:{key} asks of each driver how much lower {outcome} stands where the driver is rated low (penalty) and how much higher where it is rated high (reward) than where it is rated in between, with the other drivers held constant. With basic drivers the penalty outweighs the reward, with excitement drivers the reward the penalty; with performance drivers both are there and neither is shown to outweigh the other. Where only one of them is shown, and not that it outweighs the other, the table says no more than that.",
        "zh": "@tbl:{key}以对驱动因素评价居中者为参照并控制其他因素，考察评价低者的{outcome}低多少（惩罚）、评价高者高多少（奖励）。惩罚大于奖励者为基本因素，奖励大于惩罚者为兴奋因素，两者兼有且未见其一占优者为绩效因素；仅见其一、又未见其大于另一者时，表中只如实注明。",
    },
    "none": {
        "en": "Penalties and rewards of the drivers cannot be told apart here: {reason}.",
        "zh": "此处无法区分各驱动因素的惩罚与奖励：{reason}。",
    },
    "too_few": {"en": "too few low, middling or high ratings", "zh": "评价为低、中、高的人数过少"},
    "constant": {"en": "the outcome does not vary", "zh": "结果变量无差异"},
    "inadmissible": {
        "en": "low and high ratings determine each other or the outcome",
        "zh": "各因素的高低评价相互决定或完全决定结果变量",
    },
    "weighted": {
        "en": "Penalties and rewards of the drivers are not given: the contrast has no version under a sampling design, and unweighted it would stand against the weighted findings.",
        "zh": "未列出各驱动因素的惩罚与奖励：该分析没有抽样设计下的方法，未加权的结果与加权结果不一致。",
    },
    "caption": {
        "en": "Penalties and rewards of the drivers of {outcome}, {population}",
        "zh": "{outcome}各驱动因素的惩罚与奖励（{population}）",
    },
    "driver": {"en": "Driver", "zh": "驱动因素"},
    "n_low": {"en": "n low", "zh": "低评价n"},
    "n_high": {"en": "n high", "zh": "高评价n"},
    "penalty": {"en": "Penalty", "zh": "惩罚"},
    "reward": {"en": "Reward", "zh": "奖励"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "kind": {"en": "Kind", "zh": "类型"},
    "note": {
        "en": "Differences in points of the outcome's scale. Low: {low} and below; high: {high} and above. A penalty or reward counts as there when its p-value is below {significance} after Holm's correction over all of them, and one outweighs the other when their sum is other than zero, corrected over the drivers. Not shown: neither is there, which does not mean that there is none. Intervals are not corrected. Errors {errors}.",
        "zh": "数值为结果变量量表上的差值。低评价指{low}及以下，高评价指{high}及以上。惩罚或奖励在全部项目间作Holm校正后p小于{significance}时视为存在；两者之和在各驱动因素间校正后异于零时，视为其一占优。“未能判定”指两者均未显示，并不表示不存在。区间未作校正。{errors}。",
    },
    "note_scales": {
        "en": "Differences in points of the outcome's scale. Low and high: the outer parts of each driver's scale. A penalty or reward counts as there when its p-value is below {significance} after Holm's correction over all of them, and one outweighs the other when their sum is other than zero, corrected over the drivers. Not shown: neither is there, which does not mean that there is none. Intervals are not corrected. Errors {errors}.",
        "zh": "数值为结果变量量表上的差值。低评价与高评价指各驱动因素量表的两端。惩罚或奖励在全部项目间作Holm校正后p小于{significance}时视为存在；两者之和在各驱动因素间校正后异于零时，视为其一占优。“未能判定”指两者均未显示，并不表示不存在。区间未作校正。{errors}。",
    },
    "stated_text": {
        "en": "@tbl:{key} ranks the drivers by how much respondents say they matter, beside how much of the variance of {outcome} goes with them (LMG). Over the drivers the two rankings correlate with {estimate} (Spearman, {level} interval {interval}). {parting}",
        "zh": "@tbl:{key}比较受访者自述的各驱动因素重要性排序与按其解释{outcome}方差的份额（LMG）所得的排序。两种排序的Spearman相关为{estimate}（{level}置信区间{interval}）。{parting}",
    },
    "more": {
        "en": "More goes with {drivers} than respondents say.",
        "zh": "{drivers}的推导重要性高于受访者的自述。",
    },
    "less": {
        "en": "Less goes with {drivers} than respondents say.",
        "zh": "{drivers}的推导重要性低于受访者的自述。",
    },
    "no_parting": {
        "en": "No driver is shown to part from its stated rank.",
        "zh": "未发现自述排序与推导排序有差别的驱动因素。",
    },
    "stated_none": {
        "en": "Stated importance is not ranked against what goes with {outcome}: {reason}.",
        "zh": "未能比较自述重要性与对{outcome}的推导重要性：{reason}。",
    },
    "stated_too_few": {
        "en": "there are fewer than four drivers, or nobody rated one of them",
        "zh": "驱动因素不足四个，或有因素无人评价",
    },
    "stated_constant": {"en": "all drivers are said to matter alike", "zh": "各驱动因素的自述重要性相同"},
    "stated_not_converged": {
        "en": "too many resamples cannot be ranked",
        "zh": "过多的重抽样无法排序",
    },
    "stated_weighted": {
        "en": "Stated importance is not ranked against derived importance: its resamples have no version under a sampling design.",
        "zh": "未比较自述重要性与推导重要性：其重抽样没有抽样设计下的方法。",
    },
    "stated_caption": {
        "en": "Stated and derived importance of the drivers of {outcome}, {population}",
        "zh": "{outcome}各驱动因素的自述重要性与推导重要性（{population}）",
    },
    "stated": {"en": "Stated (mean)", "zh": "自述均值"},
    "stated_rank": {"en": "Stated rank", "zh": "自述排序"},
    "derived_rank": {"en": "Derived rank", "zh": "推导排序"},
    "difference": {"en": "Difference", "zh": "排序之差"},
    "stated_note": {
        "en": "n = {n}. Rank 1 matters most. Difference: derived less stated rank, with percentile interval over resampled respondents or branches; below zero, the driver matters more than respondents say. Intervals are not corrected for their number.",
        "zh": "n = {n}。排序1为最重要。排序之差为推导排序减自述排序，区间为对受访者或网点重抽样的百分位区间；小于零表示推导重要性高于自述。区间未作多重比较校正。",
    },
    "left_out": {
        "en": "–: fewer than {minimum} low, middling or high ratings.",
        "zh": "–：低、中、高评价中有一类不足{minimum}人。",
    },
}
ERRORS = {
    "hc3": {"en": "are robust to unequal variances (HC3)", "zh": "标准误对方差不齐稳健（HC3）"},
    "clustered": {"en": "count branches", "zh": "标准误按网点聚类"},
    "classical": {"en": "are classical", "zh": "标准误为经典标准误"},
}


def penalties_and_rewards(
    telling: Telling, hypothesis: str, position: int, population: str
) -> Iterator[Block]:
    """Sentence, table and figure of one declared test of drivers; a sentence where there can be none."""
    known = (one for one in telling.findings.views.contrasts if one.hypothesis == hypothesis)
    found = next((one for one in known if one.position == position), None)
    answered = telling.findings.populations.get(population)
    if found is None:
        if answered is not None and answered.sample.sampling is not None:
            yield Prose(telling.say(WORDS["weighted"]))
        return
    if not any(one.penalty for one in found.result.features):
        state = found.result.state if found.result.state in WORDS else "too_few"
        yield Prose(telling.say(WORDS["none"], reason=telling.say(WORDS[state])))
        return
    key = contrast_key(found)
    outcome = telling.quoted(population, found.result.outcome)
    yield Prose(telling.say(WORDS["text"], key=key, outcome=outcome))
    yield _table(telling, found, key)
    if key in telling.figures:
        yield telling.figures[key]


def stated_importance(
    telling: Telling, hypothesis: str, position: int, test: DeclaredTest
) -> Iterator[Block]:
    """What respondents say of the drivers beside what goes with the outcome, where they were asked."""
    answered = telling.findings.populations.get(test.population)
    if test.stated and answered is not None and answered.sample.sampling is not None:
        yield Prose(telling.say(WORDS["stated_weighted"]))
    known = (one for one in telling.findings.views.priorities if one.hypothesis == hypothesis)
    found = next((one for one in known if one.position == position), None)
    everybody = None if found is None else found.result.of(None)
    if found is None or everybody is None or everybody.stated is None:
        return
    stated, population = everybody.stated, found.population
    outcome = telling.quoted(population, found.result.outcome)
    if stated.state != "ok" or stated.n < telling.findings.study.minimum_cell:
        reason = WORDS.get(f"stated_{stated.state}", WORDS["stated_too_few"])
        yield Prose(telling.say(WORDS["stated_none"], outcome=outcome, reason=telling.say(reason)))
        return
    scope = f"hypotheses.{hypothesis}.{position + 1}.priorities"
    key = f"hypotheses.{hypothesis}.{position + 1}.stated"
    entries = tuple(entry for entry in found.result.entries() if entry.about["tier"] == "all")
    whole = pick(entries, "stated_derived_correlation")
    yield Prose(
        telling.say(
            WORDS["stated_text"],
            key=key,
            outcome=outcome,
            estimate=telling.cite(scope, whole, "estimate", "bounded"),
            level=telling.numbers.level(whole.interval),
            interval=telling.cite(scope, whole, "interval", "bounded"),
            parting=_parting(telling, population, stated),
        )
    )
    yield _stated_table(telling, found, stated, entries, (key, scope))


def _parting(telling: Telling, population: str, stated: StatedAgainstDerived) -> str:
    parts = [one for one in stated.drivers if one.parts]
    said = []
    for word, names in (
        ("more", [one.driver for one in parts if one.interval.high < 0]),
        ("less", [one.driver for one in parts if one.interval.low > 0]),
    ):
        if names:
            named = listed([telling.quoted(population, name) for name in names], telling.language)
            said.append(telling.say(WORDS[word], drivers=named))
    return ("" if telling.language == "zh" else " ").join(said) or telling.say(WORDS["no_parting"])


def _stated_table(
    telling: Telling,
    found: PriorityMap,
    stated: StatedAgainstDerived,
    entries: tuple[Entry, ...],
    places: tuple[str, str],
) -> Table:
    (key, scope), labels = places, telling.labels(found.population)
    rows, level = [], ""
    for one in stated.drivers:
        entry = pick(entries, "rank_difference", driver=one.driver)
        level = level or telling.numbers.level(entry.interval)
        rows.append(
            (
                labels.name(one.driver),
                telling.cite(scope, entry, "more.stated"),
                telling.cite(scope, entry, "more.stated_rank", digits=1),
                telling.cite(scope, entry, "more.derived_rank", digits=1),
                telling.cite(scope, entry, "estimate", digits=1),
                telling.cite(scope, entry, "interval", digits=1),
            )
        )
    names = ("stated", "stated_rank", "derived_rank", "difference", "interval")
    return Table(
        key=key,
        caption=telling.say(
            WORDS["stated_caption"],
            outcome=telling.name(found.population, found.result.outcome),
            population=telling.title(found.population),
        ),
        columns=(
            Column(id="driver", label=telling.say(WORDS["driver"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name], level=level)) for name in names),
        ),
        rows=tuple(rows),
        notes=(
            telling.say(
                WORDS["stated_note"],
                n=telling.cite(scope, pick(entries, "stated_derived_correlation"), "n"),
            ),
        ),
    )


def contrast_key(found: DriverContrasts) -> str:
    """Key of table and figure, and where the numbers are listed."""
    return f"hypotheses.{found.hypothesis}.{found.position + 1}.contrasts"


def _table(telling: Telling, found: DriverContrasts, key: str) -> Table:
    result, labels = found.result, telling.labels(found.population)
    entries = result.entries()
    rows = [(labels.name(one.feature), *_cells(telling, key, one, entries)) for one in result.features]
    shown = [one for one in result.features if one.penalty is not None]
    level = telling.numbers.level(None if shown[0].penalty is None else shown[0].penalty.interval)
    columns = ("n_low", "n_high", "penalty", "penalty_interval", "reward", "reward_interval")
    return Table(
        key=key,
        caption=telling.say(
            WORDS["caption"],
            outcome=telling.name(found.population, result.outcome),
            population=telling.title(found.population),
        ),
        columns=(
            Column(id="driver", label=telling.say(WORDS["driver"]), align="left"),
            *(
                Column(
                    id=name,
                    label=telling.say(
                        WORDS[name.removeprefix("penalty_").removeprefix("reward_")], level=level
                    ),
                )
                for name in columns
            ),
            Column(id="kind", label=telling.say(WORDS["kind"]), align="left"),
        ),
        rows=tuple(rows),
        notes=tuple(_notes(telling, found, key, shown, entries)),
    )


def _cells(telling: Telling, key: str, one: PenaltyReward, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    if one.penalty is None:
        return (ABSENT,) * 7
    penalty, reward = (pick(entries, side, feature=one.feature) for side in ("penalty", "reward"))
    return (
        telling.cite(key, penalty, "more.n_low", "count"),
        telling.cite(key, reward, "more.n_high", "count"),
        telling.cite(key, penalty, "estimate"),
        telling.cite(key, penalty, "interval"),
        telling.cite(key, reward, "estimate"),
        telling.cite(key, reward, "interval"),
        telling.say(DRIVER_KINDS[one.kind or "not_shown"]),
    )


def _notes(
    telling: Telling, found: DriverContrasts, key: str, shown: list[PenaltyReward], entries: tuple[Entry, ...]
) -> Iterator[str]:
    first = shown[0]
    alike = len({(one.low, one.high) for one in shown}) == 1
    study = telling.findings.study
    values = {
        "significance": telling.numbers.bounded(1 - study.confidence_level),
        "errors": telling.say(ERRORS[found.result.errors]),
    }
    if alike:
        penalty, reward = (pick(entries, side, feature=first.feature) for side in ("penalty", "reward"))
        values["low"] = telling.cite(key, penalty, "more.up_to")
        values["high"] = telling.cite(key, reward, "more.from")
    yield telling.say(WORDS["note" if alike else "note_scales"], **values)
    if len(shown) < len(found.result.features):
        yield telling.say(WORDS["left_out"], minimum=str(study.minimum_cell))

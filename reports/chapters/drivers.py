"""What low and high ratings of each driver go with: the table beside a map of priorities."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.feature_contrasts import DriverContrasts
from analysis.penalty_reward import PenaltyReward
from analysis.results import Entry
from reports.document import Block, Column, Prose, Table
from reports.numbers import ABSENT
from reports.sentences import DRIVER_KINDS
from reports.telling import Telling, pick

WORDS = {
    "text": {
        "en": "@tbl:{key} asks of each driver how much lower {outcome} stands where the driver is rated low (penalty) and how much higher where it is rated high (reward) than where it is rated in between, with the other drivers held constant. With basic drivers the penalty prevails, with excitement drivers the reward; with performance drivers both are there.",
        "zh": "@tbl:{key}以对驱动因素评价居中者为参照并控制其他因素，考察评价低者的{outcome}低多少（惩罚）、评价高者高多少（奖励）。基本因素以惩罚为主，兴奋因素以奖励为主，绩效因素两者兼有。",
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
    "interval": {"en": "{level} interval", "zh": "{level}区间"},
    "kind": {"en": "Kind", "zh": "类型"},
    "note": {
        "en": "Differences in points of the outcome's scale. Low: {low} and below; high: {high} and above. A penalty or reward counts as there when its p-value is below {significance} after Holm's correction over all of them, and one outweighs the other when their sum is other than zero, corrected over the drivers. Not shown: neither is there, which does not mean that there is none. Errors {errors}.",
        "zh": "数值为结果变量量表上的差值。低评价指{low}及以下，高评价指{high}及以上。惩罚或奖励在全部项目间作Holm校正后p小于{significance}时视为存在；两者之和在各驱动因素间校正后异于零时，视为其一占优。“未能判定”指两者均未显示，并不表示不存在。{errors}。",
    },
    "note_scales": {
        "en": "Differences in points of the outcome's scale. Low and high: the outer parts of each driver's scale. A penalty or reward counts as there when its p-value is below {significance} after Holm's correction over all of them, and one outweighs the other when their sum is other than zero, corrected over the drivers. Not shown: neither is there, which does not mean that there is none. Errors {errors}.",
        "zh": "数值为结果变量量表上的差值。低评价与高评价指各驱动因素量表的两端。惩罚或奖励在全部项目间作Holm校正后p小于{significance}时视为存在；两者之和在各驱动因素间校正后异于零时，视为其一占优。“未能判定”指两者均未显示，并不表示不存在。{errors}。",
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

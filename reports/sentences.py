"""Words composed from results by rules.

A sentence here never knows a number: it is given numbers already written, so that every number in
a report comes from one entry of ``results.json``. Wording hedges as the evidence does, and a
cross-section is never said to show a cause.
"""

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

OUTCOMES: Mapping[str, Words] = {
    "supported": {"en": "supported", "zh": "得到支持"},
    "not_supported": {"en": "not supported", "zh": "未得到支持"},
    "contradicted": {"en": "contradicted", "zh": "与数据相反"},
    "cannot_tell": {"en": "cannot tell", "zh": "无法判断"},
}

#: What a driver is by the contrast of low and high ratings.
DRIVER_KINDS: Mapping[str, Words] = {
    "basic": {"en": "basic", "zh": "基本因素"},
    "performance": {"en": "performance", "zh": "绩效因素"},
    "excitement": {"en": "excitement", "zh": "兴奋因素"},
    "penalty_only": {"en": "penalty shown", "zh": "仅见惩罚"},
    "reward_only": {"en": "reward shown", "zh": "仅见奖励"},
    "not_shown": {"en": "not shown", "zh": "未能判定"},
    "contrary": {"en": "contrary", "zh": "方向相反"},
}

#: What each test estimates, with its variables by role.
EFFECTS: Mapping[str, Words] = {
    "path": {
        "en": "the standardised regression coefficient of {predictor} for {outcome}",
        "zh": "{predictor}对{outcome}的标准化回归系数",
    },
    "path_controls": {
        "en": "the standardised regression coefficient of {predictor} for {outcome}, with {controls} held constant,",
        "zh": "在控制{controls}后，{predictor}对{outcome}的标准化回归系数",
    },
    "indirect": {
        "en": "the standardised indirect association of {predictor} with {outcome} by way of {mediators}",
        "zh": "{predictor}经由{mediators}对{outcome}的标准化间接效应",
    },
    "trend": {
        "en": "Kendall's tau-b between {group} and {outcome}",
        "zh": "{group}与{outcome}之间的Kendall tau-b系数",
    },
    "association": {
        "en": "Cramér's V between {group} and {variable}",
        "zh": "{group}与{variable}之间的Cramér V系数",
    },
    "contrast": {
        "en": "the standardised within-person difference (d_z) of {plus} less {minus}",
        "zh": "同一受访者{plus}减{minus}的标准化差异（d_z）",
    },
    "mean": {
        "en": "the standardised distance (d) of {variable} from the reference point",
        "zh": "{variable}与参照点的标准化均值差（d）",
    },
    "gap": {
        "en": "the standardised difference (Hedges' g) in {variable}, {population} minus {versus_population},",
        "zh": "{population}与{versus_population}在{variable}上的标准化差异（Hedges g）",
    },
    "drivers": {
        "en": "the share of variance (adjusted R²) of {outcome} that goes with {predictors} together",
        "zh": "{predictors}共同解释{outcome}的方差比例（调整后R²）",
    },
    "correlation": {
        "en": "the correlation of {x} with {y}",
        "zh": "{x}与{y}的相关系数",
    },
    "moderation": {
        "en": "the standardised coefficient of the product of {predictor} and {moderator} for {outcome}",
        "zh": "{predictor}与{moderator}交互项对{outcome}的标准化系数",
    },
    "added_value": {
        "en": "the gain in adjusted R² for {outcome} when {added} join {base}",
        "zh": "在{base}之外加入{added}后，{outcome}的调整后R²增量",
    },
    "repeated": {
        "en": "Kendall's W of the differences between the answers to {variable}",
        "zh": "{variable}各项之间差异的Kendall W",
    },
    "repeated_yes_no": {
        "en": "the effect size of Cochran's Q for the differences between the answers to {variable}",
        "zh": "{variable}各项之间差异的Cochran Q效应量",
    },
    "latent_path": {
        "en": "the standardised coefficient of {predictor} for {outcome} in a structural equation model",
        "zh": "结构方程模型中{predictor}对{outcome}的标准化系数",
    },
    "latent_path_controls": {
        "en": "the standardised coefficient of {predictor} for {outcome} in a structural equation model, with {controls} held constant,",
        "zh": "结构方程模型中在控制{controls}后，{predictor}对{outcome}的标准化系数",
    },
    "latent_indirect": {
        "en": "the standardised indirect association of {predictor} with {outcome} by way of {mediators} in a structural equation model",
        "zh": "结构方程模型中{predictor}经由{mediators}对{outcome}的标准化间接效应",
    },
    "latent_trend": {
        "en": "the rise of the latent mean of {outcome} from the lowest to the highest group of {group}, in standard deviations,",
        "zh": "{outcome}的潜均值从{group}最低组到最高组的升幅（以标准差为单位）",
    },
    "segmentation": {
        "en": (
            "the gain in eta squared of segments found from {features} over {rule}, averaged over {outcomes},"
        ),
        "zh": "以{features}聚类所得分群相对于{rule}在{outcomes}上的平均η²增量",
    },
}

#: The mean of several variables, as one side of a contrast.
MEAN_OF: Words = {"en": "the mean of {names}", "zh": "{names}的均值"}

ESTIMATE: Words = {
    "en": "{who}: {effect} is {estimate} ({level} confidence interval {interval}; n = {n}).",
    "zh": "{who}：{effect}为{estimate}（{level}置信区间{interval}；n = {n}）。",
}

NO_ESTIMATE: Words = {
    "en": "{who}: {effect} could not be estimated.",
    "zh": "{who}：{effect}无法估计。",
}

ZONES: Mapping[str, Words] = {
    "beyond": {
        "en": "The whole interval lies beyond the smallest effect of interest, {bound}.",
        "zh": "整个区间均超过最小关注效应{bound}。",
    },
    "short": {
        "en": (
            "The whole interval falls short of the smallest effect of interest, {bound}: "
            "there is no effect in the claimed direction that would matter."
        ),
        "zh": "整个区间均未达到最小关注效应{bound}：在所假设的方向上不存在有实际意义的效应。",
    },
    "opposite": {
        "en": "The whole interval lies beyond the smallest effect of interest, {bound}, in the opposite direction.",
        "zh": "整个区间在相反方向上超过最小关注效应{bound}。",
    },
    "straddles": {
        "en": (
            "The interval holds values on both sides of the smallest effect of interest, {bound}: "
            "these data cannot tell whether the effect matters."
        ),
        "zh": "区间同时包含小于和大于最小关注效应{bound}的值：现有数据无法判断该效应是否有实际意义。",
    },
}

FAILED: Mapping[str, Words] = {
    "no_data": {
        "en": "No answers of {population} were given.",
        "zh": "未提供{population}的答卷数据。",
    },
    "too_few": {
        "en": "Too few respondents answered: {details}.",
        "zh": "有效作答人数过少：{details}。",
    },
    "unreliable": {
        "en": "A construct is measured too unreliably to be tested: {details}.",
        "zh": "有构念的测量信度过低，无法检验：{details}。",
    },
    "not_invariant": {
        "en": "The groups or populations do not understand the items alike, so their scores cannot be compared: {details}.",
        "zh": "各组（或两类人群）对题项的理解不一致，其得分不可比较：{details}。",
    },
    "weighted": {
        "en": "The study declares a sampling design that cannot be used, so this estimate is not weighted ({details}).",
        "zh": "研究声明的抽样设计无法采用，该估计未作加权（{details}）。",
    },
    "other": {
        "en": "The estimate cannot be relied on: {details}.",
        "zh": "该估计不可采信：{details}。",
    },
}

CONCLUSIONS: Mapping[str, Words] = {
    "supported": {
        "en": "The data are consistent with the claim (Holm-adjusted p {p_adjusted}).",
        "zh": "数据与该假设一致（Holm校正后p {p_adjusted}）。",
    },
    "supported_exploratory": {
        "en": (
            "The data are consistent with the claim (p {p_value}, without correction for the number of "
            "hypotheses); it was declared exploratory and needs confirmation on new data."
        ),
        "zh": "数据与该假设一致（p {p_value}，未对假设数量作校正）；该假设属探索性假设，需用新数据验证。",
    },
    "not_supported": {
        "en": "The data do not support the claim.",
        "zh": "数据不支持该假设。",
    },
    "contradicted": {
        "en": "The data point in the opposite direction of the claim.",
        "zh": "数据方向与该假设相反。",
    },
    "cannot_tell": {
        "en": "These data cannot tell whether the claim holds.",
        "zh": "现有数据无法判断该假设是否成立。",
    },
    "family": {
        "en": (
            "The intervals lie beyond the smallest effect of interest, but the evidence does not withstand the "
            "correction for the number of hypotheses (Holm-adjusted p {p_adjusted}), so these data cannot tell."
        ),
        "zh": "区间虽超过最小关注效应，但在对假设数量作Holm校正后证据不足（校正后p {p_adjusted}），因此现有数据无法判断。",
    },
}


#: Said after a supported claim that could be taken for one about a cause.
NO_CAUSE: Words = {
    "en": "As all answers come from one point in time, this is an association and not proof of a cause.",
    "zh": "由于全部答卷来自同一时点，这只说明相关关系，不能证明因果关系。",
}
#: Tests of which a reader may think that one thing moves the other; the rest compare or describe.
MAY_SEEM_CAUSAL = frozenset(
    [
        "path",
        "indirect",
        "moderation",
        "drivers",
        "correlation",
        "added_value",
        "trend",
        "latent_path",
        "latent_indirect",
        "latent_trend",
    ]
)


def listed(words: list[str], language: str) -> str:
    """Words in a row, as the language joins them.

    >>> listed(["a", "b", "c"], "en"), listed(["甲", "乙", "丙"], "zh")
    ('a, b and c', '甲、乙和丙')
    """
    if len(words) < 2:
        return "".join(words)
    if language == "zh":
        return "、".join(words[:-1]) + "和" + words[-1]
    return ", ".join(words[:-1]) + " and " + words[-1]


def sentence(text: str) -> str:
    """With a capital first letter, where the script has capitals."""
    return text[:1].upper() + text[1:]

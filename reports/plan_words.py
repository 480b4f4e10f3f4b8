"""The words of a plan, in both languages."""

# ruff: noqa: E501 - whole sentences in two languages

from __future__ import annotations

from collections.abc import Mapping

Words = Mapping[str, str]

WORDS: Mapping[str, Words] = {
    "subtitle": {"en": "Plan of the sample: precision and power", "zh": "抽样方案：精度与检验力"},
    "notice_title": {"en": "Synthetic population 合成数据", "zh": "合成总体（synthetic data）"},
    "notice": {
        "en": (
            "Expected effects and simulated samples come from a population that is made up. They say what a study could "
            "show if that population were true; they are no facts about any bank."
        ),
        "zh": "预期效应和模拟样本来自人为设定的总体，只说明若该总体成立，研究能够发现什么；它们不是关于任何银行的事实。",
    },
    "premises": {"en": "What is planned, and on what premises", "zh": "方案及其前提"},
    "premise_level": {
        "en": (
            "Every claim is to be shown with a power of {power}. The {family} confirmatory claims share an error rate of "
            "{alpha}; Holm's correction supports a claim for certain when its p-value is at most {alpha} divided by "
            "{family}, and the plan uses that level. When other claims hold as well, the level is milder and the power "
            "higher than planned."
        ),
        "zh": (
            "每项假设的目标检验力为{power}。{family}项确认性假设共同的错误率为{alpha}；按Holm校正，p值不超过{alpha}除以{family}时"
            "假设必获支持，方案即采用这一水平。若其他假设也成立，实际水平更宽松，检验力高于计划值。"
        ),
    },
    "premise_several": {
        "en": (
            "A claim with several tests holds only when all of them do; each of k tests is planned with one k-th of the "
            "risk, so that all together have the wanted power however they depend on each other."
        ),
        "zh": "含多项检验的假设须全部成立才算成立；k项检验各分担k分之一的风险，因而无论相互关系如何，整体检验力均不低于目标值。",
    },
    "premise_minimum": {
        "en": (
            "An effect counts as shown when its whole interval lies beyond the smallest effect of interest. No claim is "
            "judged on fewer than {minimum} respondents."
        ),
        "zh": "只有置信区间整体超出最小关注效应，效应才算得到证实。受访者少于{minimum}人时不对假设作出判断。",
    },
    "premise_population_file": {
        "en": (
            "Expected effects are those that the study's own tests find in a very large sample of careful respondents from "
            "the population file “{model}”; the scatter of the estimates comes from the same sample and counts the "
            "branches of employees."
        ),
        "zh": (
            "预期效应取自总体文件“{model}”：以研究自身的检验在极大的认真作答样本中求得；估计值的离散程度取自同一样本，"
            "并计入员工的网点聚集。"
        ),
    },
    "premise_convention": {
        "en": (
            "No population file was given. Expected effects are medium ones by convention (Cohen, 1992) unless given, and "
            "respondents follow textbook formulas. State the effects that you expect."
        ),
        "zh": "未提供总体文件。除另行给定外，预期效应取惯例中的中等水平（Cohen，1992），人数按教科书公式计算。请填写您所预期的效应。",
    },
    "premise_given": {
        "en": "Given by hand: {effects}.",
        "zh": "人为给定的效应：{effects}。",
    },
    "premise_simulation": {
        "en": (
            "{samples} samples of the planned sizes were drawn from the population file, screened and judged as the "
            "study's answers will be (seed {seed}). With that many samples a share of one half has a Monte Carlo error of "
            "{error}."
        ),
        "zh": (
            "按计划人数从总体文件抽取{samples}个样本，并按研究的规则筛选和判断（随机种子{seed}）。在此样本数下，"
            "50%的比例的蒙特卡罗误差为{error}。"
        ),
    },
    "fieldwork": {"en": "Answers to collect, invitations to send", "zh": "应回收的答卷与应发出的邀请"},
    "fieldwork_caption": {"en": "Fieldwork by population", "zh": "各总体的调查工作量"},
    "population": {"en": "Population", "zh": "总体"},
    "planned_over": {"en": "Planned", "zh": "计划"},
    "needed_over": {"en": "Needed by formula", "zh": "按公式所需"},
    "answers": {"en": "Answers", "zh": "答卷"},
    "aside": {"en": "Set aside", "zh": "剔除比例"},
    "analysed": {"en": "Analysed", "zh": "分析人数"},
    "invitations": {"en": "Invitations", "zh": "邀请"},
    "decided": {"en": "Decided by", "zh": "决定于"},
    "branches": {"en": "Branches", "zh": "网点"},
    "no_rate": {
        "en": "Invitations follow from a response rate, which was not given for: {populations}.",
        "zh": "邀请数须由回收率推算；未给定回收率的总体：{populations}。",
    },
    "rate": {
        "en": "{population}: {rate} of those invited are expected to answer.",
        "zh": "{population}：预计回收率{rate}。",
    },
    "no_aside": {
        "en": "How many answers screening will set aside is not known, and none is counted, for: {populations}.",
        "zh": "筛选将剔除的比例未知、未计入的总体：{populations}。",
    },
    "decided_note": {
        "en": "“Decided by” names the confirmatory claim that needs most; claims without a formula do not count here.",
        "zh": "“决定于”指需要人数最多的确认性假设；无公式的假设不计入。",
    },
    "power": {"en": "Power of each claim", "zh": "各假设的检验力"},
    "needs_caption": {"en": "Respondents and precision by formula", "zh": "按公式计算的人数与精度"},
    "id": {"en": "Claim", "zh": "假设"},
    "what": {"en": "Test", "zh": "检验"},
    "smallest": {"en": "Smallest effect", "zh": "最小关注效应"},
    "expected": {"en": "Expected", "zh": "预期"},
    "deff": {"en": "Design effect", "zh": "设计效应"},
    "needed": {"en": "n needed", "zh": "所需n"},
    "planned": {"en": "n planned", "zh": "计划n"},
    "power_column": {"en": "Power", "zh": "检验力"},
    "half": {"en": "± at {level}", "zh": "±（{level}）"},
    "needs_note": {
        "en": (
            "n counts respondents analysed. ± is half the width of the interval that is to be expected with the planned n. "
            "Power is that of the single test at the corrected level."
        ),
        "zh": "n为进入分析的人数。±为计划n下预期的置信区间半宽。检验力指单项检验在校正后水平上的检验力。",
    },
    "chance_note": {
        "en": "Expected effects have a standard error of at most {error}, as the large sample is finite.",
        "zh": "预期效应取自有限的大样本，其标准误不超过{error}。",
    },
    "only_note": {
        "en": "There is no formula for {tests}: by simulation only.",
        "zh": "{tests}没有公式，仅能通过模拟获得。",
    },
    "inadmissible_note": {
        "en": "{tests}: the expected effect does not exceed the smallest effect of interest; no number of respondents would show it.",
        "zh": "{tests}：预期效应未超过最小关注效应，再多受访者也无法证实。",
    },
    "too_few_note": {
        "en": "{tests}: more than ten million respondents would be needed.",
        "zh": "{tests}：所需人数超过一千万。",
    },
    "given_note": {"en": "Given by hand: {tests}.", "zh": "人为给定：{tests}。"},
    "verdicts_caption": {
        "en": "Verdicts in {samples} simulated samples",
        "zh": "{samples}个模拟样本中的判断结果",
    },
    "formula": {"en": "By formula", "zh": "按公式"},
    "supported": {"en": "Supported", "zh": "得到支持"},
    "cannot_tell": {"en": "Cannot tell", "zh": "无法判断"},
    "not_supported": {"en": "Not supported", "zh": "未得到支持"},
    "contradicted": {"en": "Contradicted", "zh": "与数据相反"},
    "error": {"en": "Error", "zh": "误差"},
    "verdicts_note": {
        "en": (
            "Error: Monte Carlo standard error of the share supported. By formula: the least and the most that the tests of "
            "the claim have together, before other claims make the correction milder."
        ),
        "zh": "误差：得到支持比例的蒙特卡罗标准误。按公式：该假设各项检验合在一起的检验力上下限（未计其他假设成立时校正的放宽）。",
    },
    "exploratory": {"en": "exploratory", "zh": "探索性"},
    "curves": {"en": "Power against respondents, claim by claim", "zh": "各假设的检验力与人数"},
    "widths_caption": {
        "en": "Single tests: formula and simulation at the planned sizes",
        "zh": "单项检验：计划人数下公式与模拟的比较",
    },
    "beyond": {"en": "Power", "zh": "检验力"},
    "width": {"en": "Half width", "zh": "半宽"},
    "simulated": {"en": "Simulated", "zh": "模拟"},
    "quotas": {"en": "Quotas", "zh": "配额"},
    "tiers_caption": {"en": "Quotas by {group}, {population}", "zh": "按{group}的配额（{population}）"},
    "tier": {"en": "Tier", "zh": "等级"},
    "share": {"en": "Share", "zh": "比例"},
    "quota": {"en": "Quota", "zh": "配额"},
    "weight": {"en": "Weight", "zh": "权重"},
    "per_tier_needed": {"en": "Needed", "zh": "所需"},
    "oversampled": {
        "en": (
            "{tiers}: asked more than the share, so that there are at least {least}. Statements on all tiers together need "
            "the weights, which cost a design effect of {deff}: the sample is worth {effective} respondents. Comparisons "
            "between tiers need no weights. Declare the weights in the study file, and verdicts use them."
        ),
        "zh": (
            "{tiers}：超比例抽取，以保证每级至少{least}人。对全部等级的推断须使用权重，其设计效应为{deff}，样本相当于{effective}人。"
            "等级之间的比较无须加权。在研究文件中声明权重后，判断即按权重作出。"
        ),
    },
    "proportional": {
        "en": "In proportion to the shares; every weight is 1 but for rounding.",
        "zh": "按比例分配；除取整外权重均为1。",
    },
    "needed_tier_note": {
        "en": "Needed: analysed, for the tests that compare the tiers.",
        "zh": "所需：等级比较检验所需的分析人数。",
    },
    "cells_caption": {
        "en": "{item} within each tier, {population}",
        "zh": "各等级内的{item}配额（{population}）",
    },
    "cells_caption_flat": {"en": "{item}, {population}", "zh": "{item}配额（{population}）"},
    "category": {"en": "Category", "zh": "类别"},
    "all": {"en": "All", "zh": "合计"},
    "cells_note": {
        "en": "Shares are taken to be the same in every tier.",
        "zh": "假定各等级内比例相同。",
    },
    "branch_prose": {
        "en": "{population}: {branches} branches, about {each} answers in each. More answers from the same branch add less than new branches do.",
        "zh": "{population}：{branches}个网点，每个网点约{each}份答卷。在同一网点增加答卷，不如增加网点有效。",
    },
    "no_quotas": {
        "en": "{population}: neither the study file nor a population file states shares, so there are no quotas.",
        "zh": "{population}：研究文件和总体文件均未给出比例，故无配额。",
    },
    "equal_tiers": {"en": "{reason}: the tiers have equal quotas.", "zh": "{reason}：各等级配额相等。"},
    "least_reason": {
        "en": "{n} answers do not give {least} to each of {tiers} tiers",
        "zh": "{n}份答卷不足以使{tiers}个等级各有{least}人",
    },
    "methods": {"en": "How the numbers were found", "zh": "计算方法"},
    "method_scaled": {
        "en": (
            "By formula, from a population file: the estimator of each test was run on {large} respondents of the largest "
            "population; its standard error, times the root of n, gives the error at any n. Power is the probability that "
            "the interval at the corrected level lies beyond the smallest effect, by the normal distribution, or by "
            "Student's t with the branches less one where the test counts branches. The interval uses the study's own "
            "confidence level."
        ),
        "zh": (
            "有总体文件时的公式：在最大总体{large}人的样本上运行各检验的估计量，其标准误乘以n的平方根即可推得任意n下的误差。"
            "检验力为校正水平下置信区间整体超出最小效应的概率，按正态分布计算；计入网点的检验按自由度为网点数减一的t分布计算。"
            "区间采用研究自身的置信水平。"
        ),
    },
    "method_textbook": {
        "en": (
            "By textbook formula: noncentral t for means, Fisher's z for correlations and for coefficients of regression "
            "(controls make it optimistic), the z of tau after Fieller, Hartley and Pearson, noncentral chi-square for "
            "Cramér's V, noncentral F for R squared. Branches count by Kish's design effect, which is that of a mean and more "
            "than coefficients need."
        ),
        "zh": (
            "教科书公式：均值用非中心t分布；相关及回归系数用Fisher z（有控制变量时偏乐观）；tau用Fieller、Hartley和Pearson的z；"
            "Cramér V用非中心卡方；R²用非中心F。网点按Kish设计效应计入；该效应针对均值，对系数偏保守。"
        ),
    },
    "method_limits": {
        "en": (
            "Formulas hold for samples that are not small, and do not know the conditions that set a verdict aside, such as "
            "cells with too few respondents in a small tier; the simulation does. Branches are assumed to be as large as planned; answers left "
            "blank are not counted in the formulas and are in the simulation."
        ),
        "zh": "公式适用于不太小的样本，且未计使判断失效的条件（如小等级的单元格人数过少），模拟已计入。假定网点规模与计划一致；公式未计个别题项的缺失，模拟已计入。",
    },
}

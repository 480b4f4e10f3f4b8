"""The words of the quality chapter."""

from __future__ import annotations

WORDS = {
    "title": {"en": "Quality of the answers", "zh": "答卷质量"},
    "warning_title": {"en": "What flags mean", "zh": "标记的含义"},
    "warning": {
        "en": (
            "Checks flag; they do not convict, and they drop nobody. Respondents are set aside only by the rules that the study "
            "declared beforehand. A flagged answer may be honest, and an unflagged one may not be."
        ),
        "zh": "检查只作标记，不作定论，也不剔除任何答卷。只有研究事先声明的规则才会使答卷不纳入分析。被标记的答卷可能是真实的，未被标记的也未必可靠。",
    },
    "consent": {
        "en": (
            "{read} answers were read. Those without consent ({refused}) were excluded before anything else; "
            "what follows is about the other {consenting}."
        ),
        "zh": "共读入{read}份答卷，其中{refused}人未同意参与，最先予以排除；以下内容仅涉及其余{consenting}人。",
    },
    "purpose": {"en": "Respondents agreed to this purpose: {purpose}", "zh": "受访者同意的用途：{purpose}"},
    "checks_caption": {"en": "Checks of every respondent", "zh": "对每位受访者的检查"},
    "checks_note": {
        "en": (
            "“Alone” counts those whom no other check flags. “With” would be left if everybody flagged by any check were set aside, "
            "“without” if this check were not among them. Limits are conventions; the command “tierstudy quality” lists every respondent in quality.csv."
        ),
        "zh": "“仅此项”指未被其他检查标记者。“采用”指将任一检查标记者全部排除后的剩余人数，“不采用”指去掉该项检查时的剩余人数。界限均为惯例；逐人结果由“tierstudy quality”命令写入quality.csv。",
    },
    "absent": {
        "en": "Not possible with this file: {names}.",
        "zh": "本文件无法进行的检查：{names}。",
    },
    "family_answers": {"en": "Answers", "zh": "作答"},
    "family_timing": {"en": "Timing", "zh": "时间"},
    "family_duplicates": {"en": "Duplicates", "zh": "重复"},
    "family_traffic": {"en": "Flags of the platform", "zh": "平台标记"},
    "c_check": {"en": "Check", "zh": "检查"},
    "c_limit": {"en": "Limit", "zh": "界限"},
    "c_judged": {"en": "Judged", "zh": "可判断"},
    "c_flagged": {"en": "Flagged", "zh": "标记"},
    "c_only": {"en": "Alone", "zh": "仅此项"},
    "c_with": {"en": "n with", "zh": "采用后n"},
    "c_without": {"en": "n without", "zh": "不采用n"},
    "declared": {"en": "Rule: {name}", "zh": "规则：{name}"},
    "rules_caption": {"en": "What each declared rule does to the scores", "zh": "各声明规则对得分的影响"},
    "rules_note": {
        "en": (
            "The construct whose mean moves most: mean with all rules minus mean with this rule left out, in standard deviations. What "
            "rules do to the verdicts is told where the sample is described."
        ),
        "zh": "列出均值变动最大的构念：采用全部规则时的均值减去取消该规则后的均值，以标准差为单位。规则对结论的影响见样本一章。",
    },
    "c_rule": {"en": "Rule", "zh": "规则"},
    "c_construct": {"en": "Moves most", "zh": "变动最大的构念"},
    "c_shift": {"en": "Shift", "zh": "变动"},
    "agreement_caption": {"en": "How far checks and rules agree", "zh": "检查与规则的一致程度"},
    "agreement_note": {
        "en": "The {shown} pairs with the largest correlation of {all}, among respondents whom both could judge. Jaccard: flagged by both over flagged by either.",
        "zh": "在双方均可判断的受访者中计算，列出{all}对中相关最大的{shown}对。Jaccard为两者均标记的人数与至少一方标记的人数之比。",
    },
    "c_first": {"en": "One", "zh": "其一"},
    "c_second": {"en": "Other", "zh": "其二"},
    "c_both": {"en": "Both", "zh": "均标记"},
    "c_phi": {"en": "Phi", "zh": "φ"},
    "c_jaccard": {"en": "Jaccard", "zh": "Jaccard"},
    "mix_caption": {"en": "Mix of {column} against the sampling frame", "zh": "{column}构成与抽样框的比较"},
    "mix_absent": {
        "en": "The study states a sampling frame for {column}, which the file does not tell.",
        "zh": "研究声明了{column}的抽样框，但文件中没有该信息。",
    },
    "mix_test": {
        "en": "Chi-square {statistic} with {df} degrees of freedom, p {p}.",
        "zh": "卡方值{statistic}，自由度{df}，p {p}。",
    },
    "mix_untested": {"en": "Not tested: {reason}.", "zh": "未检验：{reason}。"},
    "mix_note": {
        "en": "Willingness to answer differs between places for honest reasons too.",
        "zh": "各地作答意愿本就可能不同，差异不等于作假。",
    },
    "other": {"en": "other", "zh": "其他"},
    "c_category": {"en": "Category", "zh": "类别"},
    "c_n": {"en": "n", "zh": "人数"},
    "c_share": {"en": "Share", "zh": "比例"},
    "c_frame": {"en": "Frame", "zh": "抽样框"},
    "c_residual": {"en": "Residual", "zh": "标准化残差"},
    "forensics": {"en": "Do the answers look made up?", "zh": "答卷是否像是编造的"},
    "forensics_absent": {"en": "Not examined: {reason}.", "zh": "未作检验：{reason}。"},
    "forensics_intro": {
        "en": (
            "The file was held against {populations} honest populations, with {draws} simulated files each. They share its size, blanks, "
            "distributions of items, strengths and correlations of constructs, and differ in what else people do: agree, tire, be careless, "
            "live in two camps. p is the share of honest files at least as suspicious, in the population where it is largest."
        ),
        "zh": (
            "将本文件与{populations}种诚实作答总体比较，每种模拟{draws}份文件。这些总体与本文件的规模、缺失、题项分布、构念强度和相关相同，"
            "区别在于受访者的其他作答特点：默认倾向、疲劳、敷衍、两个阵营等。p为同样可疑或更可疑的诚实文件所占比例，取各总体中的最大值。"
        ),
    },
    "combined_answers": {
        "en": "All indicators of the answers together: p {p}; {verdict}.",
        "zh": "仅就作答的全部指标合并：p {p}；{verdict}。",
    },
    "combined_all": {
        "en": "With durations and times of submission: p {p}; {verdict}.",
        "zh": "加入时长与提交时间：p {p}；{verdict}。",
    },
    "surprising": {
        "en": "none of these honest populations gives such files often",
        "zh": "上述诚实总体均很少产生这样的文件",
    },
    "ordinary": {
        "en": "an honest population gives such files often enough",
        "zh": "至少有一种诚实总体常会产生这样的文件",
    },
    "forensics_caption": {
        "en": "Indicators of made-up answers: p in all, and against each honest population",
        "zh": "编造答卷的指标：总体p值及对各诚实总体的p值",
    },
    "forensics_note": {
        "en": "Single indicators are not corrected for their number; the combined evidence is. Scale strength and item means rest on assumptions stated in docs/forensics.md.",
        "zh": "单项指标未作多重比较校正，合并证据已校正。量表强度与题项均值两项依赖docs/forensics.md所述假定。",
    },
    "c_indicator": {"en": "Indicator", "zh": "指标"},
    "c_p": {"en": "p", "zh": "p"},
    "respondents": {
        "en": (
            "{flagged} respondents are flagged, where up to {expected} would be in a wholly honest file (at most {rate} of honest "
            "respondents). Where the file as a whole is not surprising, these flags say nothing."
        ),
        "zh": "标记{flagged}位受访者；完全诚实的文件至多也会标记约{expected}位（至多{rate}的诚实受访者）。若文件整体并不可疑，这些标记没有意义。",
    },
    "no_verdict_title": {"en": "No verdict on anybody", "zh": "不对任何人下结论"},
    "no_verdict": {
        "en": (
            "This is evidence, not proof. Honest files can look unusual for reasons that none of the populations knows, and a careful "
            "forgery looks honest. Nobody was set aside for it. Ask those who collected the answers."
        ),
        "zh": "以上是线索而非证明。诚实的文件也可能因未考虑到的原因显得异常，精心的伪造则可能看似诚实。没有任何答卷因此被判为无效。请向数据收集方核实。",
    },
    "privacy": {"en": "Privacy", "zh": "隐私"},
    "identifiers": {
        "en": "{n} pieces of text that identify a person were found and taken out before anything was written.",
        "zh": "发现{n}处可识别个人的内容，已在写出任何文件之前去除。",
    },
    "anonymity": {
        "en": (
            "Taken together, {columns} set {unique} respondents apart from all others, and {below} stand in combinations of fewer than "
            "{minimum} respondents; the smallest combination holds k = {k} (k-anonymity). Release rows only after such combinations are blanked."
        ),
        "zh": "将{columns}合在一起看，{unique}人的组合独一无二，{below}人所在的组合不足{minimum}人；最小组合的人数即k匿名度，k = {k}。公开逐行数据前须先抹去此类组合。",
    },
}

CHECKS = {
    "longest_run": {"en": "Longest run of one answer", "zh": "同一答案最长连续数"},
    "repeated_pattern": {"en": "Repeated pattern", "zh": "重复的作答模式"},
    "irv": {"en": "Variability of answers (IRV)", "zh": "作答变异（IRV）"},
    "even_odd": {"en": "Even-odd consistency", "zh": "奇偶一致性"},
    "resampled_reliability": {"en": "Resampled reliability", "zh": "重抽样个体信度"},
    "person_total": {"en": "Person-total correlation", "zh": "个体与总体相关"},
    "synonyms": {"en": "Psychometric synonyms", "zh": "心理测量同义项"},
    "antonyms": {"en": "Psychometric antonyms", "zh": "心理测量反义项"},
    "mahalanobis": {"en": "Squared Mahalanobis distance", "zh": "马氏距离平方"},
    "guttman_errors": {"en": "Guttman errors (share)", "zh": "Guttman误差（比例）"},
    "too_fast": {"en": "Seconds per question", "zh": "每题秒数"},
    "fast_pages": {"en": "Share of pages answered too fast", "zh": "过快页面比例"},
    "even_pages": {"en": "Evenness of page times", "zh": "各页用时过于均匀"},
    "burst": {"en": "Burst of submissions", "zh": "集中提交"},
    "same_answers": {"en": "Same ratings as another", "zh": "评分与他人完全相同"},
    "near_answers": {"en": "Nearly the same ratings", "zh": "评分与他人几乎相同"},
    "preview": {"en": "Preview", "zh": "预览答卷"},
    "test": {"en": "Test", "zh": "测试答卷"},
    "finished": {"en": "Not finished", "zh": "未完成"},
    "serial": {"en": "Serial number repeats", "zh": "序号重复"},
}

INDICATORS = {
    "one_recipe": {"en": "Some follow one recipe", "zh": "部分答卷出自同一配方"},
    "twins": {"en": "Near-duplicates", "zh": "近似重复"},
    "erratic": {"en": "Contradictory within constructs", "zh": "构念内自相矛盾"},
    "too_coherent": {"en": "Too coherent within constructs", "zh": "构念内过于一致"},
    "monotonous": {"en": "Monotonous", "zh": "答案单调"},
    "exchangeable": {"en": "Items too exchangeable", "zh": "题项过于可互换"},
    "white_residuals": {"en": "Residuals too unrelated", "zh": "残差过于独立"},
    "reversal": {"en": "No trace of acquiescence", "zh": "没有默认倾向的痕迹"},
    "steady": {"en": "No trace of fatigue", "zh": "没有疲劳的痕迹"},
    "crowded_durations": {"en": "Durations too alike", "zh": "作答时长过于相近"},
    "crowded_times": {"en": "Submitted at once", "zh": "提交时间过于集中"},
    "even_means": {"en": "Item means too equal", "zh": "题项均值过于相等"},
    "strong_scales": {"en": "Scales too strong", "zh": "量表信度过高"},
}

HONEST = {
    "plain": {"en": "plain", "zh": "无方法效应"},
    "uneven_items": {"en": "uneven items", "zh": "题项不均"},
    "method_effects": {"en": "method effects", "zh": "方法效应"},
    "careless_tenth": {"en": "a tenth careless", "zh": "一成敷衍"},
    "two_camps": {"en": "two camps", "zh": "两个阵营"},
}

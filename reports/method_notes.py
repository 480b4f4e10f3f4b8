"""What each method is and where it comes from: the words of the methods appendix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodNote:
    """One paragraph of the appendix and the works it cites."""

    title: Mapping[str, str]
    text: Mapping[str, str]
    cites: tuple[str, ...] = ()
    topic: str = ""  #: what a study must hold for the note to be told; nothing for notes of every study


REFERENCES: Mapping[str, str] = {
    "binder1983": "Binder, D. A. (1983). On the variances of asymptotically normal estimators from complex surveys. International Statistical Review, 51(3), 279-292.",
    "deville1993": "Deville, J.-C., Särndal, C.-E., & Sautory, O. (1993). Generalized raking procedures in survey sampling. Journal of the American Statistical Association, 88(423), 1013-1020.",
    "kish1992": "Kish, L. (1992). Weighting for unequal Pi. Journal of Official Statistics, 8(2), 183-200.",
    "rao1988": "Rao, J. N. K., & Wu, C. F. J. (1988). Resampling inference with complex survey data. Journal of the American Statistical Association, 83(401), 231-241.",
    "valliant2010": "Valliant, R., & Rust, K. F. (2010). Degrees of freedom approximations and rules-of-thumb. Journal of Official Statistics, 26(4), 585-602.",
    "wolter2007": "Wolter, K. M. (2007). Introduction to variance estimation (2nd ed.). Springer.",
    "berger1982": "Berger, R. L. (1982). Multiparameter hypothesis testing and acceptance sampling. Technometrics, 24(4), 295-300.",
    "brandt1987": "Brandt, R. D. (1987). A procedure for identifying value-enhancing service components using customer satisfaction survey data. In Add value to your service (pp. 61-65). American Marketing Association.",
    "edwards1993": "Edwards, J. R., & Parry, M. E. (1993). On the use of polynomial regression equations as an alternative to difference scores in organizational research. Academy of Management Journal, 36(6), 1577-1613.",
    "humberg2019": "Humberg, S., Nestler, S., & Back, M. D. (2019). Response surface analysis in personality and social psychology: Checklist and clarifications for the case of congruence hypotheses. Social Psychological and Personality Science, 10(3), 409-419.",
    "matzler2002": "Matzler, K., & Sauerwein, E. (2002). The factor structure of customer satisfaction: An empirical test of the importance grid and the penalty-reward-contrast analysis. International Journal of Service Industry Management, 13(4), 314-332.",
    "brown1977": "Brown, M. B., & Benedetti, J. K. (1977). Sampling behavior of tests for correlation in two-way contingency tables. Journal of the American Statistical Association, 72(358), 309-315.",
    "bergsma2013": "Bergsma, W. (2013). A bias-correction for Cramér's V and Tschuprow's T. Journal of the Korean Statistical Society, 42(3), 323-328.",
    "chen2007": "Chen, F. F. (2007). Sensitivity of goodness of fit indexes to lack of measurement invariance. Structural Equation Modeling, 14(3), 464-504.",
    "cheung2002": "Cheung, G. W., & Rensvold, R. B. (2002). Evaluating goodness-of-fit indexes for testing measurement invariance. Structural Equation Modeling, 9(2), 233-255.",
    "cochran1950": "Cochran, W. G. (1950). The comparison of percentages in matched samples. Biometrika, 37(3/4), 256-266.",
    "cohen1988": "Cohen, J. (1988). Statistical power analysis for the behavioral sciences (2nd ed.). Erlbaum.",
    "cronbach1951": "Cronbach, L. J. (1951). Coefficient alpha and the internal structure of tests. Psychometrika, 16(3), 297-334.",
    "feldt1965": "Feldt, L. S. (1965). The approximate sampling distribution of Kuder-Richardson reliability coefficient twenty. Psychometrika, 30(3), 357-370.",
    "fleiss1969": "Fleiss, J. L., Cohen, J., & Everitt, B. S. (1969). Large sample standard errors of kappa and weighted kappa. Psychological Bulletin, 72(5), 323-327.",
    "friedman1937": "Friedman, M. (1937). The use of ranks to avoid the assumption of normality implicit in the analysis of variance. Journal of the American Statistical Association, 32(200), 675-701.",
    "games1976": "Games, P. A., & Howell, J. F. (1976). Pairwise multiple comparison procedures with unequal n's and/or variances. Journal of Educational Statistics, 1(2), 113-125.",
    "groemping2007": "Grömping, U. (2007). Estimators of relative importance in linear regression based on variance decomposition. The American Statistician, 61(2), 139-147.",
    "hayes2018": "Hayes, A. F. (2018). Introduction to mediation, moderation, and conditional process analysis (2nd ed.). Guilford Press.",
    "hedges1981": "Hedges, L. V. (1981). Distribution theory for Glass's estimator of effect size and related estimators. Journal of Educational Statistics, 6(2), 107-128.",
    "holm1979": "Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics, 6(2), 65-70.",
    "hu1999": "Hu, L., & Bentler, P. M. (1999). Cutoff criteria for fit indexes in covariance structure analysis: Conventional criteria versus new alternatives. Structural Equation Modeling, 6(1), 1-55.",
    "johnson2000": "Johnson, J. W. (2000). A heuristic method for estimating the relative weight of predictor variables in multiple regression. Multivariate Behavioral Research, 35(1), 1-19.",
    "jonckheere1954": "Jonckheere, A. R. (1954). A distribution-free k-sample test against ordered alternatives. Biometrika, 41(1/2), 133-145.",
    "jones2015": "Jones, J. A., & Waller, N. G. (2015). The normal-theory and asymptotic distribution-free (ADF) covariance matrix of standardized regression coefficients. Psychometrika, 80(2), 365-378.",
    "kendall1945": "Kendall, M. G. (1945). The treatment of ties in ranking problems. Biometrika, 33(3), 239-251.",
    "kruskal1952": "Kruskal, W. H., & Wallis, W. A. (1952). Use of ranks in one-criterion variance analysis. Journal of the American Statistical Association, 47(260), 583-621.",
    "lakens2018": "Lakens, D., Scheel, A. M., & Isager, P. M. (2018). Equivalence testing for psychological research: A tutorial. Advances in Methods and Practices in Psychological Science, 1(2), 259-269.",
    "mackinnon1985": "MacKinnon, J. G., & White, H. (1985). Some heteroskedasticity-consistent covariance matrix estimators with improved finite sample properties. Journal of Econometrics, 29(3), 305-325.",
    "meade2012": "Meade, A. W., & Craig, S. B. (2012). Identifying careless responses in survey data. Psychological Methods, 17(3), 437-455.",
    "murphy1999": "Murphy, K. R., & Myors, B. (1999). Testing the hypothesis that treatments have negligible effects: Minimum-effect tests in the general linear model. Journal of Applied Psychology, 84(2), 234-248.",
    "nunnally1994": "Nunnally, J. C., & Bernstein, I. H. (1994). Psychometric theory (3rd ed.). McGraw-Hill.",
    "olejnik2003": "Olejnik, S., & Algina, J. (2003). Generalized eta and omega squared statistics: Measures of effect size for some common research designs. Psychological Methods, 8(4), 434-447.",
    "reichheld2003": "Reichheld, F. F. (2003). The one number you need to grow. Harvard Business Review, 81(12), 46-54.",
    "simonsohn2020": "Simonsohn, U., Simmons, J. P., & Nelson, L. D. (2020). Specification curve analysis. Nature Human Behaviour, 4(11), 1208-1214.",
    "kitagawa1955": "Kitagawa, E. M. (1955). Components of a difference between two rates. Journal of the American Statistical Association, 50(272), 1168-1194.",
    "little1988": "Little, R. J. A. (1988). A test of missing completely at random for multivariate data with missing values. Journal of the American Statistical Association, 83(404), 1198-1202.",
    "smithson2003": "Smithson, M. (2003). Confidence intervals. Sage.",
    "welch1951": "Welch, B. L. (1951). On the comparison of several mean values: An alternative approach. Biometrika, 38(3/4), 330-336.",
    "wilson1927": "Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference. Journal of the American Statistical Association, 22(158), 209-212.",
    "wu2016": "Wu, H., & Estabrook, R. (2016). Identification of confirmatory factor analysis models of different levels of invariance for ordered categorical outcomes. Psychometrika, 81(4), 1014-1045.",
}

NOTES: tuple[MethodNote, ...] = (
    MethodNote(
        title={"en": "Scores and missing answers", "zh": "得分与缺失值"},
        text={
            "en": (
                "Reverse-worded items are turned so that high answers mean more of the construct. A construct's score is "
                "the mean of the items that the respondent answered, given when at least the declared share of items was "
                "answered. Each analysis uses the respondents who have all the variables it needs; its n says how many."
            ),
            "zh": (
                "反向题先作反向计分，使高分表示构念水平更高。构念得分为受访者已答题项的均值，仅当已答题项达到规定比例时才计算。"
                "每项分析使用所需变量齐全的受访者，其人数以n标明。"
            ),
        },
    ),
    MethodNote(
        title={"en": "What every method does about missing answers", "zh": "各方法对缺失值的处理"},
        text={
            "en": (
                "Nothing is imputed. Scores: mean of the items answered, none below the declared share. Descriptions, shares and "
                "comparisons of groups: respondents who answered the variable and know their group. Alpha and item statistics: "
                "respondents who answered every item of the construct. Correlations: each pair of constructs on the respondents "
                "who have both. Factor model: all pairs of answers where items are ordered categories, complete respondents where they "
                "are numbers. Ladder of invariance: respondents who answered every item of the construct. Structural equation "
                "models of hypotheses: full-information maximum likelihood, which uses every answer; latent means by group: respondents "
                "who answered every item. Regression, drivers, mediation, "
                "moderation and segments: respondents who have all variables of the test. Answers of one "
                "person compared with each other: persons who gave all of them. Options of a multiple-response item: whoever "
                "answered the item. Net promoter score and banner tables: whoever answered the item. Trends between waves: whoever "
                "answered the item in that wave. Little's test says whether respondents with different blanks differ; it "
                "supposes normal answers."
            ),
            "zh": (
                "不作插补。构念得分：已答题项的均值，低于规定比例者不计分。描述统计、比例与组间比较：回答了该变量且组别已知者。"
                "α及题项统计：回答了该构念全部题项者。相关：对每一对构念使用两者均有得分者。因子模型：题项为有序类别时使用所有成对回答，为数值时使用完整作答者。"
                "测量等同检验：回答了该构念全部题项者。假设检验中的结构方程模型：完全信息极大似然，使用全部已有回答；各组潜均值：回答了全部题项者。"
                "回归、驱动因素、中介、调节与分群：该检验所需变量齐全者。"
                "同一人多个回答之间的比较：全部作答者。多选题：回答了该题者。净推荐值与交叉分析总表：回答了该题者。各期趋势：当期回答了该题者。"
                "Little检验考察缺失情况不同的受访者回答是否不同，以正态分布为前提。"
            ),
        },
        cites=("little1988",),
    ),
    MethodNote(
        title={"en": "Screening", "zh": "答卷筛选"},
        text={
            "en": (
                "Rules declared before the analysis set respondents aside: too many missing answers, failed attention "
                "checks, answering too fast, long runs of one answer, repeated answer vectors and multivariate outliers "
                "by the Mahalanobis distance. Nobody is deleted: a ledger keeps every respondent and rule, and every verdict is "
                "computed again without each rule that alone set somebody aside."
            ),
            "zh": (
                "依事先声明的规则将答卷判为无效、不纳入分析：缺失过多、注意力检测未通过、作答过快、连续选择同一答案、答案向量重复以及马氏距离多元离群。"
                "不删除任何受访者：台账记录每位受访者及其触发的规则，并在逐一取消各规则后重新计算全部结论。"
            ),
        },
        cites=("meade2012",),
    ),
    MethodNote(
        title={"en": "Reliability", "zh": "信度"},
        text={
            "en": (
                "Cronbach's alpha is given with Feldt's interval and with item-total statistics. Constructs with an "
                "alpha below 0.50 are not used in tests of hypotheses."
            ),
            "zh": "报告Cronbach α系数及其Feldt置信区间和题项-总分统计量。α低于0.50的构念不用于假设检验。",
        },
        cites=("cronbach1951", "feldt1965", "nunnally1994"),
    ),
    MethodNote(
        title={"en": "Factor model", "zh": "因子模型"},
        text={
            "en": (
                "All constructs of a population stand in one confirmatory factor model with correlated factors, each item on its own "
                "construct. Indices of fit are held against conventional cut-offs, which are rules of thumb; no verdict rests on them."
            ),
            "zh": "同一人群的全部构念纳入一个因子相关的验证性因子模型，每个题项只载荷于所属构念。拟合指数与常用临界值对照；临界值仅为经验法则，假设判断不以此为据。",
        },
        cites=("hu1999",),
        topic="factor_model",
    ),
    MethodNote(
        title={"en": "Comparability of groups", "zh": "组间可比性"},
        text={
            "en": (
                "Whether groups understand the items of a construct alike is tested level by level, from the same structure to equal "
                "thresholds, loadings and intercepts. A level fails by the scaled difference test together with a fall of the fit "
                "index; conventional cut-offs for such changes are given beside the steps."
            ),
            "zh": "各组对同一构念题项的理解是否一致，按结构、阈值、载荷、截距相等逐级检验。差异检验显著且拟合指数下降达到界值时，该级不成立；表注列出拟合指数变化的常用临界值。",
        },
        cites=("wu2016", "cheung2002", "chen2007"),
        topic="comparability",
    ),
    MethodNote(
        title={"en": "Comparisons of groups", "zh": "组间比较"},
        text={
            "en": (
                "Means are compared by Welch's analysis of variance, which does not assume equal variances, with "
                "omega squared and an interval from leaving out one respondent at a time; pairs by Games and Howell's method. The Kruskal-Wallis test and "
                "the Jonckheere-Terpstra test for ordered groups use ranks only. Kendall's tau-b measures the trend, with "
                "an asymptotic interval that does not assume independence. Single questions are tested by the test that the number "
                "of answers, group sizes and skewness call for, never by the smaller p-value: as a rule Welch's, corrected for skewness where groups are of uneven size."
            ),
            "zh": (
                "均值比较采用不要求方差齐性的Welch方差分析，并报告ω²及其刀切法（jackknife）置信区间；两两比较采用Games-Howell法。"
                "Kruskal-Wallis检验和针对有序组的Jonckheere-Terpstra检验为秩检验（非参数检验）。趋势以Kendall tau-b度量，其渐近区间不假定独立。"
                "单个题项的检验方法依选项数、各组人数和偏态选定，而不依p值大小：通常为Welch检验，各组人数悬殊时作偏态校正。"
            ),
        },
        cites=(
            "welch1951",
            "games1976",
            "olejnik2003",
            "kruskal1952",
            "jonckheere1954",
            "kendall1945",
            "brown1977",
        ),
    ),
    MethodNote(
        title={"en": "Shares and multiple responses", "zh": "比例与多选题"},
        text={
            "en": (
                "Intervals of shares are Wilson's. Association in cross-tables is Cramér's V with an interval from the "
                "noncentral chi-square distribution; the bias-corrected value is kept beside it. Hypotheses use an interval from "
                "influence values, which also holds where the association is strong."
            ),
            "zh": (
                "比例的置信区间采用Wilson法。列联表的关联以Cramér V度量，区间由非中心卡方分布求得，并附偏差校正值。"
                "假设检验采用基于影响值的区间，在关联较强时同样成立。"
            ),
        },
        cites=("wilson1927", "smithson2003", "bergsma2013"),
    ),
    MethodNote(
        title={"en": "Differences within and between persons", "zh": "人内与人间差异"},
        text={
            "en": (
                "Standardised differences are d, d_z and Hedges' g with noncentral t intervals; hypotheses, and pairs of groups, use "
                "intervals from influence values, which allow for skewed answers, unequal spreads and staff of one branch answering alike. Several answers of "
                "the same person are compared by Friedman's test or, for yes-no answers, by Cochran's Q."
            ),
            "zh": (
                "标准化差异为d、d_z和Hedges g，区间由非中心t分布求得；假设检验和组间两两比较采用基于影响值的区间，兼顾回答的偏态、各组离散程度的差异和同一网点员工回答的相似性。"
                "同一受访者的多个回答用Friedman检验比较，二分类回答用Cochran Q检验。"
            ),
        },
        cites=("cohen1988", "hedges1981", "friedman1937", "cochran1950"),
    ),
    MethodNote(
        title={"en": "Regression, drivers and indirect associations", "zh": "回归、驱动因素与间接效应"},
        text={
            "en": (
                "Standardised coefficients have distribution-free standard errors that allow for the sampling of the "
                "standard deviations; raw coefficients have HC3 errors. Importance is the average gain in R squared over "
                "all orders of entry (LMG) and Johnson's relative weight. Indirect associations are products of coefficients "
                "with percentile bootstrap intervals."
            ),
            "zh": (
                "标准化系数采用渐近分布自由（ADF）标准误，考虑了标准差的抽样波动；原始系数采用HC3稳健标准误。重要性为各进入顺序下R²增量的平均（LMG）"
                "及Johnson相对权重。间接效应为系数之积，采用百分位自助法区间。"
            ),
        },
        cites=("jones2015", "mackinnon1985", "groemping2007", "johnson2000", "hayes2018"),
    ),
    MethodNote(
        title={"en": "Penalties and rewards; agreement of two views", "zh": "惩罚与奖励；两种看法的一致性"},
        text={
            "en": (
                "Penalties and rewards of drivers come from one regression of the outcome on dummies of low and of high ratings: "
                "single items by their ends, scores of several items by the outer thirds of the scale. Agreement of two views is "
                "described by a quadratic surface; a1 and a2 are its slope and curvature along agreement, a3 and a4 along "
                "disagreement, a5 tells whether both sides of agreement are alike. Errors are robust (HC3), of branches, or of "
                "the sampling design."
            ),
            "zh": (
                "驱动因素的惩罚与奖励来自结果变量对高、低评价虚拟变量的同一回归：单一题项按量表两端划分，多题项得分按量表外侧三分之一划分。"
                "两种看法的一致性以二次曲面描述：a1、a2为一致线上的斜率与曲率，a3、a4为不一致线上的斜率与曲率，a5反映一致线两侧是否对称。"
                "标准误为稳健标准误（HC3）、按网点聚类的标准误或抽样设计下的标准误。"
            ),
        },
        cites=("brandt1987", "matzler2002", "edwards1993", "humberg2019"),
        topic="views",
    ),
    MethodNote(
        title={"en": "Net promoter score", "zh": "净推荐值"},
        text={
            "en": "The share who answer 9 or 10 minus the share who answer 0 to 6, in points from −100 to 100.",
            "zh": "回答9或10者的比例减去回答0至6者的比例，以−100至100的分数表示。",
        },
        cites=("reichheld2003",),
        topic="recommend",
    ),
    MethodNote(
        title={"en": "Segments and rules", "zh": "分群与规则"},
        text={
            "en": (
                "Segments are found by k-means on standardised account records. They are compared with the tier rule by "
                "the weighted kappa of their orders and by the variance of outcomes that each explains; the interval of the gain "
                "holds the segmentation fixed."
            ),
            "zh": "以标准化账户数据的k均值聚类得到分群，与分层规则比较其顺序的加权κ系数及各自解释的结果变量方差；增量的区间以给定分群为条件。",
        },
        cites=("fleiss1969",),
        topic="segments",
    ),
    MethodNote(
        title={"en": "Verdicts", "zh": "结论规则"},
        text={
            "en": (
                "Every test names the smallest effect of interest beforehand. A hypothesis is supported when the effect of "
                "each of its tests lies beyond that bound, after Holm's correction over all confirmatory hypotheses; contradicted "
                "when an interval lies beyond the bound in the opposite direction; not supported when an interval lies wholly short "
                "of the bound; otherwise the data cannot tell. A failed condition (too few respondents, an unreliable measure, "
                "an estimate that does not exist) always gives cannot tell."
            ),
            "zh": (
                "每项检验均事先给定最小关注效应。当某假设的所有检验效应均超过该界值，且经Holm法对全部验证性假设校正后仍成立，判为得到支持；"
                "若有区间在相反方向上超过界值，判为与数据相反；若有区间完全未达到界值，判为未得到支持；其余情形为无法判断。"
                "任一前提条件不满足（人数过少、测量不可靠、估计不存在）时，一律为无法判断。"
            ),
        },
        cites=("murphy1999", "lakens2018", "berger1982", "holm1979"),
    ),
    MethodNote(
        title={"en": "Waves", "zh": "各期比较"},
        text={
            "en": (
                "Every wave is screened and scored by itself, and all chapters but that on changes describe the last one. Means of "
                "waves are compared by Welch's t-test, or with the variance of the sampling design where branches, weights or "
                "respondents who answer again are known. The change of a mean between two waves is the sum of what the "
                "changed shares of the groups do and what changed means within groups do (Kitagawa), each weighed by the average "
                "of the other over both waves, with linearised intervals."
            ),
            "zh": (
                "每一期单独筛选和计分，除各期变化一章外，其余各章均描述最后一期。各期均值以Welch t检验比较；已知网点、权重或重复作答者时，方差按抽样设计估计。"
                "两期间均值的变化分解为各组占比变化与组内均值变化两部分（Kitagawa），各以另一因素在两期的平均值为权，区间为线性化区间。"
            ),
        },
        cites=("kitagawa1955",),
        topic="waves",
    ),
    MethodNote(
        title={"en": "Many tests", "zh": "多重检验"},
        text={
            "en": (
                "The confirmatory hypotheses are one family, corrected by Holm's method. Outside them every table is a family of "
                "its own: differences between groups, of constructs and of single questions, trends, correlations and gaps are "
                "corrected by Holm's method over the lines of their table; options of a multiple-response item over its options; changes between waves over all "
                "changes of their table; steps of invariance by Bonferroni's method over the steps of a construct. Letters of "
                "banner tables are corrected within a row by the method that the study names, and the tests of rows against spans by "
                "Holm's method over the table. Pairs of groups (Games-Howell) are corrected within a variable. Adjusted values stand "
                "beside the plain ones, in results.json as p_adjusted, with the families listed. The analyses of one test under "
                "other choices are not counted as tests."
            ),
            "zh": (
                "全部验证性假设为一个检验族，作Holm校正。除此之外每张表自成一族：构念及各题项的组间差异、趋势、相关及人群差异在其表内各行间作Holm校正；"
                "多选题在其各选项间校正；各期变化在其表的全部变化间校正；测量等同的各级检验在同一构念内作Bonferroni校正。"
                "交叉分析总表的字母在行内按研究指定的方法校正，各行与列变量的检验在全表范围内作Holm校正。两两比较（Games-Howell）在同一变量内校正。"
                "校正值列于原值之旁，results.json中以p_adjusted表示，并列出各检验族。同一检验在不同分析选择下的重做不另计为检验。"
            ),
        },
        cites=("holm1979",),
    ),
    MethodNote(
        title={"en": "Robustness", "zh": "稳健性"},
        text={
            "en": (
                "Every test is carried out under all combinations of the choices that it leaves open: "
                "screening rules left out, means or ranks or latent constructs, scores of answered or of complete items, "
                "controls, the sampling design, errors that count branches. Effects by ranks are translated to the unit of the "
                "declared effect; under a sampling design ranks are those in the population. Effects of one variable on another "
                "among people in branches are also estimated with a random intercept of branches (restricted maximum likelihood "
                "on z-scores, Satterthwaite's degrees of freedom). "
                "Bootstrap intervals use 500 resamples here, those of segments 100 and of drivers 20, because there are many analyses."
            ),
            "zh": (
                "每项检验在其可作选择的各种组合下重做：取消筛选规则，采用均值、秩或潜变量，按已答题项或完整作答计分，是否加入控制变量，"
                "是否采用抽样设计，误差是否计入网点。基于秩的效应换算为所声明效应的单位，有抽样设计时秩为总体中的秩。受访者分属网点时，变量间的影响"
                "另以含网点随机截距的混合模型估计（对标准分作限制性最大似然估计，Satterthwaite自由度）。由于分析数目多，此处自助法重抽样为500次，分群为100次，驱动因素为20次。"
            ),
        },
        cites=("simonsohn2020",),
        topic="robustness",
    ),
    MethodNote(
        title={"en": "Sampling design", "zh": "抽样设计"},
        text={
            "en": (
                "An effect under a sampling design is a function of the weighted sample. Its error is that of the total of its "
                "influence values under the design: strata, clusters in stages and finite populations count, and of raked weights "
                "only what the margins leave unexplained. Unless the study asks for linearised errors, influence values come "
                "from leaving out one sampled unit at a time wherever sums of the answers determine the effect, and intervals "
                "use Student's t with Satterthwaite's degrees of freedom, at most clusters less strata: with strongly unequal "
                "weights or a small tier, linearised intervals are too narrow. Effects that are squared lengths use the "
                "noncentral chi-square, products of coefficients draws from their joint distribution, and segments and "
                "the fields of priority maps bootstrap replicates of the weights."
            ),
            "zh": (
                "抽样设计下的效应是加权样本的函数，其误差为影响值总和在该设计下的误差：计入分层、多阶段整群和有限总体；"
                "对已知边际分布作校准（迭代比例拟合）的权重，只计入边际变量未能解释的残差部分。除非研究声明采用线性化误差，若效应可由各回答的加权总和计算，其影响值由逐一剔除抽样单元的刀切法得到，"
                "区间采用t分布，自由度按Satterthwaite法估计，且不超过群数减层数：权重悬殊或某一等级人数很少时，线性化区间过窄。以平方和度量的效应（如Cramér V、Kendall W）的区间由非中心卡方分布求得，"
                "系数乘积采用其联合分布的抽样，客户分群与优先改进图的区域采用自助法重复权重。"
            ),
        },
        cites=("binder1983", "deville1993", "kish1992", "rao1988", "valliant2010", "wolter2007"),
        topic="design",
    ),
    MethodNote(
        title={"en": "Weighting by value", "zh": "按价值加权"},
        text={
            "en": (
                "The effect by value weights every customer by what they are worth. Its error is that of the total of its influence "
                "values, found by leaving out one respondent at a time wherever sums of the answers determine the effect. The "
                "estimates by customers and by value share their respondents, and so do their influence values, so that the "
                "interval of the difference allows for it. The effective number is that of equally weighted respondents who would "
                "say as much."
            ),
            "zh": (
                "按价值加权的效应以每位客户的价值为权重，其误差为影响值总和的误差；凡效应由答案之和决定者，影响值由逐一剔除受访者得到。"
                "按人数与按价值的两种估计及其影响值来自相同的受访者，差值的区间已计入这一点。有效样本量为信息量相当的等权受访者人数。"
            ),
        },
        cites=("binder1983", "kish1992"),
        topic="value",
    ),
)


def short_reference(reference: str) -> str:
    """``Holm, 1979`` from a full reference.

    >>> short_reference(REFERENCES["fleiss1969"])
    'Fleiss et al., 1969'
    """
    authors, _, rest = reference.partition(" (")
    year = rest[:4]
    surnames = [part.strip(" &") for part in authors.split(",")[::2]]
    surnames = [name for name in surnames if name]
    name = surnames[0] if len(surnames) == 1 else f"{surnames[0]} & {surnames[1]}"
    return f"{name if len(surnames) < 3 else surnames[0] + ' et al.'}, {year}"

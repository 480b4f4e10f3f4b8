"""The formulas that a report may show: Typst source, and words for those who cannot see them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """One formula and its reading."""

    source: str
    alt: Mapping[str, str]


FORMULAS: Mapping[str, Formula] = {
    "cronbach_alpha": Formula(
        source="alpha = k / (k - 1) (1 - (sum_(i=1)^k s_i^2) / s_X^2)",
        alt={
            "en": (
                "alpha is k over k minus 1, times 1 minus the sum of the item variances over the variance "
                "of their sum"
            ),
            "zh": "α等于k除以k减1，乘以1减去各题项方差之和与总分方差之比",
        },
    ),
    "net_promoter_score": Formula(
        source='upright("NPS") = 100 (n_(9,10) - n_(0 dots.c 6)) / n',
        alt={
            "en": "NPS is 100 times the count of answers 9 and 10 minus the count of answers 0 to 6, over n",
            "zh": "净推荐值等于回答9和10的人数减去回答0至6的人数，除以n，再乘以100",
        },
    ),
    "omega_squared": Formula(
        source='hat(omega)^2 = (upright("df")_1 (F - 1)) / (upright("df")_1 (F - 1) + N)',
        alt={
            "en": "omega squared is df1 times F minus 1, over df1 times F minus 1 plus N",
            "zh": "ω平方等于df1乘以F减1，除以df1乘以F减1再加N",
        },
    ),
    "kendall_tau_b": Formula(
        source="tau_b = (C - D) / sqrt((n_0 - n_x) (n_0 - n_y)), quad n_0 = n (n - 1) / 2",
        alt={
            "en": (
                "tau b is concordant minus discordant pairs, over the square root of the pairs untied on x "
                "times the pairs untied on y"
            ),
            "zh": "tau-b等于一致对数减不一致对数，除以x无结对数与y无结对数之积的平方根",
        },
    ),
    "cramer_v": Formula(
        source="V = sqrt(chi^2 / (n (min(r, c) - 1)))",
        alt={
            "en": "V is the square root of chi squared over n times the smaller of rows and columns minus 1",
            "zh": "V等于卡方除以n与行列数较小者减1之积的平方根",
        },
    ),
    "hedges_g": Formula(
        source="g = (1 - 3 / (4 (n_1 + n_2) - 9)) (overline(x)_1 - overline(x)_2) / s_p",
        alt={
            "en": (
                "g is the difference of the means over the pooled standard deviation, corrected for "
                "small samples"
            ),
            "zh": "g等于均值之差除以合并标准差，并作小样本校正",
        },
    ),
    "d_z": Formula(
        source="d_z = overline(d) / s_d",
        alt={
            "en": "d z is the mean of the differences over their standard deviation",
            "zh": "d_z等于差值的均值除以差值的标准差",
        },
    ),
    "wilson": Formula(
        source=(
            "(hat(p) + z^2 / (2 n) plus.minus z sqrt(hat(p) (1 - hat(p)) / n + z^2 / (4 n^2))) "
            "/ (1 + z^2 / n)"
        ),
        alt={
            "en": "Wilson's interval of a share p from n answers, with z the normal quantile",
            "zh": "由n个回答求得的比例p的Wilson区间，z为正态分位数",
        },
    ),
}

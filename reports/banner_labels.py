"""What the rows and columns of a banner table are called, in one language."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.banners.banner import Banner, BannerItemTable, BannerRow
from analysis.banners.counts import BannerColumn
from analysis.banners.letters import LetterRules
from reports.labels import Labels

WORDS = {
    "total": {"en": "Total", "zh": "合计"},
    "item": {"en": "Item", "zh": "题目"},
    "base": {"en": "Base (n)", "zh": "基数（n）"},
    "weighted": {"en": "Weighted base", "zh": "加权基数"},
    "effective": {"en": "Effective base", "zh": "有效基数"},
    "mean": {"en": "Mean", "zh": "均值"},
    "net_promoter_score": {"en": "Net promoter score", "zh": "净推荐值"},
    "promoters": {"en": "Promoters (9–10)", "zh": "推荐者（9–10）"},
    "passives": {"en": "Passives (7–8)", "zh": "被动者（7–8）"},
    "detractors": {"en": "Detractors (0–6)", "zh": "贬损者（0–6）"},
    "top": {"en": "Top {size}", "zh": "最高{size}项"},
    "bottom": {"en": "Bottom {size}", "zh": "最低{size}项"},
    "letters": {
        "en": (
            "Letters name the columns of the same span that a cell exceeds significantly: "
            "capitals at {strict}{loose}. Shares: z test{shares}; means and scores: {means}{correction}."
        ),
        "zh": (
            "字母表示该单元格显著高于同一组内的对应列：大写为{strict}水平{loose}。"
            "比例用z检验{shares}；均值与得分用{means}{correction}。"
        ),
    },
    "loose": {"en": ", small letters at {level}", "zh": "，小写为{level}水平"},
    "unpooled": {"en": " with unpooled variances", "zh": "（方差不合并）"},
    "pooled": {"en": " with pooled variance", "zh": "（合并方差）"},
    "equal_variances": {"en": "t test with pooled variance", "zh": "合并方差t检验"},
    "welch": {"en": "Welch's t test", "zh": "Welch t检验"},
    "bonferroni": {"en": "; Bonferroni's correction within a row", "zh": "；行内Bonferroni校正"},
    "holm": {"en": "; Holm's correction within a row", "zh": "；行内Holm校正"},
    "benjamini_hochberg": {
        "en": "; Benjamini and Hochberg's correction within a row",
        "zh": "；行内Benjamini-Hochberg校正",
    },
    "none": {"en": "", "zh": ""},
    "small": {
        "en": "\\*: base below {minimum}, not tested. –: nobody answered.",
        "zh": "\\*：基数低于{minimum}，不作检验。–：无人作答。",
    },
    "weights": {
        "en": "Weighted; tests use effective bases (Kish).",
        "zh": "数据已加权；检验采用有效基数（Kish）。",
    },
    "marked": {
        "en": "Bold: above the total; italic: below it, at the same level as capitals.",
        "zh": "粗体：显著高于合计；斜体：显著低于合计（水平与大写字母相同）。",
    },
    "sheet_waves": {"en": "Waves", "zh": "各期变化"},
    "row": {"en": "Row", "zh": "行"},
    "column": {"en": "Column", "zh": "列"},
    "previous": {"en": "Previous wave", "zh": "上期"},
    "current": {"en": "This wave", "zh": "本期"},
    "change": {"en": "Change", "zh": "变化"},
    "sheet_table": {"en": "Table", "zh": "交叉表"},
    "sheet_counts": {"en": "Counts", "zh": "频数"},
    "sheet_residuals": {"en": "Residuals", "zh": "残差"},
    "sheet_tests": {"en": "Tests", "zh": "检验"},
    "sheet_cells": {"en": "Cells", "zh": "单元格"},
    "sheet_rules": {"en": "Rules", "zh": "规则"},
    "minimum_base": {"en": "Minimum base", "zh": "最小基数"},
    "residual_limit": {"en": "Residuals beyond", "zh": "残差界限"},
    "span": {"en": "Span", "zh": "列变量"},
    "statistic": {"en": "Statistic", "zh": "统计量"},
    "p": {"en": "p", "zh": "p"},
    "p_holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "method": {"en": "Method", "zh": "方法"},
    "reason": {"en": "Remark", "zh": "备注"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BannerLabels:
    """Names of a banner's parts; without a questionnaire, codes stand for themselves."""

    language: str
    labels: Labels | None = None

    def say(self, word: str, **values: str) -> str:
        """The wording of this language with its blanks filled."""
        return WORDS[word][self.language].format(**values)

    def item(self, name: str) -> str:
        """What an item is called."""
        return name if self.labels is None else self.labels.name(name)

    def row(self, item: BannerItemTable, row: BannerRow) -> str:
        """What a row is called."""
        if row.name in WORDS:
            return self.say(row.name)
        for box in ("top", "bottom"):
            if row.measure == "box" and row.name.removeprefix(box).isdigit():
                return self.say(box, size=row.name.removeprefix(box))
        if item.kind == "closed" and row.measure == "share":
            return self._option(item.name, row.name)
        return self.item(row.name)

    def column(self, column: BannerColumn) -> str:
        """What a column is called under its spanner."""
        if not column.path:
            return self.say("total")
        variable, category = column.path[-1]
        return self._option(variable, category)

    def spanner(self, column: BannerColumn) -> str:
        """What stands over a column: the variable, or the outer categories of a nested span."""
        if len(column.path) < 2:
            return self.item(column.path[0][0]) if column.path else ""
        return " · ".join(self._option(variable, category) for variable, category in column.path[:-1])

    def parts(self, banner: Banner) -> tuple[dict[tuple[str, str], str], dict[str, str]]:
        """Labels of rows by item and row, and of columns by their names."""
        rows = {(item.name, row.name): self.row(item, row) for item in banner.items for row in item.rows}
        columns = {}
        for column in banner.columns:
            over = f"{self.spanner(column)}: " if column.path else ""
            columns[column.name] = over + self.column(column)
        return rows, columns

    def notes(self, rules: LetterRules, *, weighted: bool) -> tuple[str, ...]:
        """How the letters came about, marked up."""
        strict, *rest = (f"{100 * level:g}%" for level in rules.levels)
        letters = self.say(
            "letters",
            strict=strict,
            loose=self.say("loose", level=rest[0]) if rest else "",
            shares=self.say(rules.shares),
            means=self.say(rules.means),
            correction=self.say(rules.correction),
        )
        small = self.say("small", minimum=f"{rules.minimum_base:g}")
        return (letters, small, *((self.say("weights"),) if weighted else ()))

    def _option(self, variable: str, category: str) -> str:
        if self.labels is None:
            return category
        questionnaire = self.labels.questionnaire
        if questionnaire.has_item(variable) and category.lstrip("-").isdigit():
            return self.labels.option(variable, int(category))
        return self.labels.name(category)


def column_letters(banner: Banner) -> tuple[str, ...]:
    """``(A)`` under each column but the total."""
    return tuple(f"({column.letter})" if column.letter else "" for column in banner.columns)

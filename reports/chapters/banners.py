"""Banner tables: what groups answered, side by side, with letters for differences."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.banners.declared import DeclaredBanner
from analysis.population_findings import PopulationFindings
from reports.banner_labels import BannerLabels
from reports.banner_table import banner_tables
from reports.document import Block, Column, Heading, Prose, Table, plain
from reports.telling import Telling

WORDS = {
    "title": {"en": "Banner tables", "zh": "交叉分析总表"},
    "intro": {
        "en": (
            "Banner tables set groups side by side. Below each item stands its base; a cell carries the letters of the columns of "
            "its span that it exceeds. The same tables, with all numbers, stand as workbooks in tables/."
        ),
        "zh": "交叉分析总表将各组并列。每个题目下为其基数；单元格所带字母表示其显著高于同组的哪些列。含全部数字的同名工作簿见tables文件夹。",
    },
    "caption": {"en": "{title} ({population})", "zh": "{title}（{population}）"},
    "untitled": {"en": "Banner {id}", "zh": "总表{id}"},
    "suppressed": {
        "en": "– also marks cells that are suppressed because fewer than {minimum} respondents stand behind them or could be worked out from them.",
        "zh": "–也表示因人数不足{minimum}（或可由其推算出不足{minimum}人的格）而不予列出。",
    },
    "family": {
        "en": "Letters are corrected within a row, not over the rows of the table. {tests} corrects over the whole table.",
        "zh": "字母的校正限于行内，未在各行之间校正；{tests}在全表范围内校正。",
    },
    "family_alone": {
        "en": "Letters are corrected within a row, not over the rows of the table.",
        "zh": "字母的校正限于行内，未在各行之间校正。",
    },
    "uncorrected": {
        "en": "Letters are not corrected for the number of comparisons.",
        "zh": "字母未作多重比较校正。",
    },
    "tests": {
        "en": "Rows against spans: {title} ({population})",
        "zh": "各行与列变量的独立性检验：{title}（{population}）",
    },
    "item": {"en": "Item", "zh": "题目"},
    "span": {"en": "Span", "zh": "列变量"},
    "statistic": {"en": "χ²", "zh": "χ²"},
    "statistic_f": {"en": "F", "zh": "F"},
    "df": {"en": "df", "zh": "自由度"},
    "p": {"en": "p", "zh": "p"},
    "holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "tests_note": {
        "en": "{method} over all answers of an item; p-values corrected by Holm's method over this table.",
        "zh": "{method}，以题目的全部选项计算；p值在本表范围内作Holm校正。",
    },
    "pearson": {"en": "Pearson's chi-square test", "zh": "Pearson卡方检验"},
    "rao_scott": {"en": "Rao and Scott's second-order test", "zh": "Rao-Scott二阶校正检验"},
}


def banners_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter; nothing where no banner is declared."""
    made = [found for found in telling.populations() if found.banners]
    if not made:
        return
    yield Heading(text=telling.say(WORDS["title"]), key="banners")
    yield Prose(telling.say(WORDS["intro"]))
    for found in made:
        yield Heading(text=telling.title(found.id), level=2)
        for banner in found.banners:
            yield from _banner(telling, found, banner)


def banner_key(found: PopulationFindings, banner: DeclaredBanner) -> str:
    """Key of the first table of a banner, and the stem of its files."""
    return f"{found.id}.banner_{banner.plan.id}"


def banner_notes(telling: Telling, banner: DeclaredBanner, tests: str | None) -> tuple[str, ...]:
    """What the letters mean over the whole table, and what is left out, marked up."""
    minimum = str(telling.findings.study.minimum_cell)
    if banner.plan.correction == "none":
        family = telling.say(WORDS["uncorrected"])
    elif tests is None:
        family = telling.say(WORDS["family_alone"])
    else:
        family = telling.say(WORDS["family"], tests=tests)
    return (family, *((telling.say(WORDS["suppressed"], minimum=minimum),) if banner.suppressed else ()))


def banner_title(telling: Telling, banner: DeclaredBanner) -> str:
    """What a banner is called, marked up."""
    if banner.plan.title is None:
        return telling.say(WORDS["untitled"], id=plain(banner.plan.id))
    return plain(banner.plan.title[telling.language])


def banner_labels(telling: Telling, found: PopulationFindings) -> BannerLabels:
    """Names of a banner's rows and columns."""
    return BannerLabels(language=telling.language, labels=telling.labels(found.id))


def _banner(telling: Telling, found: PopulationFindings, banner: DeclaredBanner) -> Iterator[Block]:
    key, title = banner_key(found, banner), banner_title(telling, banner)
    tests = banner.tests()
    notes = banner_notes(telling, banner, f"@tbl:{key}-tests" if tests else None)
    yield from banner_tables(
        banner.table,
        banner_labels(telling, found),
        telling.numbers,
        key=key,
        caption=telling.say(WORDS["caption"], title=title, population=telling.title(found.id)),
        scope=f"{found.id}.banners.{banner.plan.id}",
        further_notes=notes,
    )
    if tests:
        yield _tests(telling, found, banner, f"{key}-tests")


def _tests(telling: Telling, found: PopulationFindings, banner: DeclaredBanner, key: str) -> Table:
    labels, scope = banner_labels(telling, found), f"{found.id}.banners.{banner.plan.id}"
    rows, previous = [], ""
    for entry in banner.tests():
        item = entry.about["item"]
        rows.append(
            (
                labels.item(item) if item != previous else "",
                " × ".join(labels.item(name) for name in entry.about["span"].split(" > ")),
                telling.cite(scope, entry, "statistic"),
                telling.cite(scope, entry, "df.0"),
                telling.cite(scope, entry, "p_value"),
                telling.cite(scope, entry, "more.p_adjusted", "p_value")
                if "p_adjusted" in entry.more
                else "–",
            )
        )
        previous = item
    weighted = banner.table.weighted
    names = ("item", "span", "statistic_f" if weighted else "statistic", "df", "p", "holm")
    title, method = banner_title(telling, banner), "rao_scott" if weighted else "pearson"
    return Table(
        key=key,
        caption=telling.say(WORDS["tests"], title=title, population=telling.title(found.id)),
        columns=tuple(
            Column(
                id=name, label=telling.say(WORDS[name]), align="left" if name in ("item", "span") else "right"
            )
            for name in names
        ),
        rows=tuple(rows),
        notes=(telling.say(WORDS["tests_note"], method=telling.say(WORDS[method])),),
    )

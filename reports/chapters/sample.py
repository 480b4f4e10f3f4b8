"""Who answered, whose answers are analysed, and what the screening did."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.missing.answers import MissingAnswers
from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from reports.chapters.weights import weights_section
from reports.document import Block, Column, Group, Heading, Prose, Table, plain
from reports.figures.screening_flow import RULES as FLOW
from reports.labels import numbered
from reports.small_cells import hidden
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Sample and screening", "zh": "样本与答卷筛选"},
    "intro": {
        "en": (
            "{population}: the answers of {read} were read, and those of {analysed} are analysed; {aside} were set "
            "aside by rules that were declared beforehand."
        ),
        "zh": "{population}共读入{read}份答卷，按事先声明的规则将{aside}份判为无效、不纳入分析，分析其余{analysed}份。",
    },
    "ledger": {
        "en": "Screening of {population}: what each rule did",
        "zh": "{population}答卷筛选：各规则的作用",
    },
    "rule": {"en": "Rule", "zh": "规则"},
    "flagged": {"en": "Flagged", "zh": "标记"},
    "first": {"en": "Set aside in order", "zh": "依次判为无效"},
    "only": {"en": "By this rule alone", "zh": "仅由该规则"},
    "ledger_note": {
        "en": (
            "“Set aside in order” adds up to all set aside. “By this rule alone” counts those who would be analysed if this "
            "rule were not applied. Nobody is deleted: screening.csv lists every respondent and rule."
        ),
        "zh": "“依次判为无效”之和为无效答卷总数；“仅由该规则”指若不采用该规则便会进入分析者。未删除任何答卷：screening.csv列出每位受访者及其触发的规则。",
    },
    "not_applied": {"en": "{rule} was not applied: {reason}.", "zh": "未采用“{rule}”规则：{reason}。"},
    "profile": {"en": "Profile of the {population} analysed", "zh": "参与分析的{population}的构成"},
    "answer": {"en": "Answer", "zh": "选项"},
    "count": {"en": "n", "zh": "人数"},
    "share": {"en": "Share", "zh": "比例"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "profile_note": {
        "en": "Shares of those who answered, with Wilson intervals. Counts below {minimum} are suppressed, and where needed a second one (–), so that they cannot be worked out.",
        "zh": "比例以作答者为基数，区间为Wilson区间。人数不足{minimum}的格不予列出，必要时另隐去一格（–），以免推算得出。",
    },
    "missing_text": {
        "en": "Of the answers that the {population} analysed could give to the {items} items of constructs, {share} are missing; {complete} answered all of them (@tbl:{key}). {test}",
        "zh": "参与分析的{population}对构念的{items}个题项的回答中，缺失占{share}；全部作答者占{complete}（@tbl:{key}）。{test}",
    },
    "mcar": {
        "en": "Little's test of answers missing completely at random: χ² = {chi}, df = {df}, p {p}. {reading}",
        "zh": "Little完全随机缺失检验：χ² = {chi}，自由度{df}，p {p}。{reading}",
    },
    "mcar_small": {
        "en": "Respondents with different blanks differ in their answers, so that leaving out incomplete respondents may mislead.",
        "zh": "缺失情况不同的受访者回答也不同，仅分析完整答卷可能产生偏差。",
    },
    "mcar_large": {
        "en": "Nothing speaks against it; the test cannot see blanks that depend on the missing answer itself.",
        "zh": "没有证据反对完全随机缺失；但该检验无法识别取决于缺失答案本身的缺失。",
    },
    "mcar_none": {
        "en": "Little's test cannot be computed: {reason}.",
        "zh": "无法计算Little检验：{reason}。",
    },
    "missing": {"en": "Patterns of missing answers, {population}", "zh": "缺失模式（{population}）"},
    "blank": {"en": "Items left blank", "zh": "缺失的题项"},
    "blank_none": {"en": "None", "zh": "无"},
    "blank_other": {"en": "{count} other patterns", "zh": "其他{count}种模式"},
    "respondents": {"en": "Respondents", "zh": "人数"},
    "missing_note": {
        "en": "Items of constructs. The most frequent patterns; those of fewer than {minimum} respondents are told together. Scores are means of the items answered (see methods), so one blank rarely costs a score.",
        "zh": "仅计构念题项。列出最常见的模式，不足{minimum}人的模式合并列出。构念得分为已答题项的均值（见方法附录），个别缺失通常不影响得分。",
    },
    "profile_weighted": {
        "en": "Counts are respondents; shares are weighted, of those who answered, with logit intervals of the sampling design. Counts below {minimum} are suppressed, and where needed a second one (–), so that they cannot be worked out.",
        "zh": "人数为受访者人数；比例为加权比例（以作答者为基数），区间为抽样设计下的logit区间。人数不足{minimum}的格不予列出，必要时另隐去一格（–），以免推算得出。",
    },
    "effects": {"en": "What screening does to the verdicts", "zh": "筛选对结论的影响"},
    "effects_none": {
        "en": (
            "The hypotheses were judged again with each rule left out that alone set somebody aside, and with no rule at "
            "all but consent ({count} times). No verdict changes."
        ),
        "zh": "逐一取消单独起作用的规则，并在除知情同意外不作任何筛选的情况下重新检验假设（共{count}次），结论均未改变。",
    },
    "effects_some": {
        "en": "The hypotheses were judged again with each rule left out that alone set somebody aside, and with no rule at all but consent. Verdicts that change are listed.",
        "zh": "逐一取消单独起作用的规则，并在除知情同意外不作任何筛选的情况下重新检验假设。发生变化的结论如下表。",
    },
    "effects_caption": {"en": "Verdicts that depend on a screening rule", "zh": "随筛选规则变化的结论"},
    "population": {"en": "Population", "zh": "人群"},
    "left_out": {"en": "Rule left out", "zh": "取消的规则"},
    "hypothesis": {"en": "Hypothesis", "zh": "假设"},
    "with": {"en": "As declared", "zh": "按声明的规则"},
    "without": {"en": "Without the rule", "zh": "取消该规则后"},
    "n": {"en": "n then", "zh": "此时n"},
}

#: What rules are called in the figure, and in the table before it.
RULES = {**FLOW, "all": {"en": "All but consent", "zh": "除同意外全部规则"}}


def rule_name(rule: str, language: str) -> str:
    """What a screening rule is called; a number tells rules of one kind apart."""
    kind, _, number = (rule, "", "") if rule in RULES else rule.rpartition("_")
    name = RULES.get(kind, {}).get(language, rule)
    return numbered(name, number, language)


def sample_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter."""
    yield Heading(text=telling.say(WORDS["title"]), key="sample")
    for found in telling.populations():
        yield Heading(text=telling.title(found.id), level=2)
        yield from _screening(telling, found)
        yield from weights_section(telling, found)
        if found.profile:
            yield _profile(telling, found)
        if f"{found.id}.profile" in telling.figures:
            yield telling.figures[f"{found.id}.profile"]
        if found.missing is not None and found.missing.patterns.n:
            yield from _missing(telling, found, found.missing)
    yield from _effects(telling)


def _screening(telling: Telling, found: PopulationFindings) -> Iterator[Block]:
    numbers, screening = telling.numbers, found.screening
    read, analysed = found.responses.n, found.sample.n
    yield Prose(
        telling.say(
            WORDS["intro"],
            population=telling.title(found.id),
            read=numbers.count(read),
            analysed=numbers.count(analysed),
            aside=numbers.count(read - analysed),
        )
    )
    if not screening.ledger:
        return
    language = telling.language
    notes = [telling.say(WORDS["ledger_note"])]
    notes += [
        telling.say(
            WORDS["not_applied"], rule=plain(rule_name(rule.name, language)), reason=plain(rule.reason)
        )
        for rule in screening.ledger
        if not rule.applicable
    ]
    yield Table(
        key=f"{found.id}.screening",
        caption=telling.say(WORDS["ledger"], population=telling.title(found.id)),
        columns=(
            Column(id="rule", label=telling.say(WORDS["rule"]), align="left"),
            Column(id="flagged", label=telling.say(WORDS["flagged"])),
            Column(id="first", label=telling.say(WORDS["first"])),
            Column(id="only", label=telling.say(WORDS["only"])),
        ),
        rows=tuple(
            (
                rule_name(rule.name, language),
                *(numbers.count(count) for count in (rule.n_flagged, rule.n_first, rule.n_only_this_rule)),
            )
            for rule in screening.ledger
            if rule.applicable
        ),
        notes=tuple(notes),
    )
    if f"{found.id}.screening" in telling.figures:
        yield telling.figures[f"{found.id}.screening"]


def _profile(telling: Telling, found: PopulationFindings) -> Table:
    labels, minimum = telling.labels(found.id), telling.findings.study.minimum_cell
    rows: list[tuple[str, ...]] = []
    groups: list[Group] = []
    level = ""
    for frequencies in found.profile:
        groups.append(Group(label=labels.name(frequencies.item), start=len(rows)))
        unseen = hidden([category.count for category in frequencies.categories], minimum)
        for at, (category, entry) in enumerate(
            zip(frequencies.categories, frequencies.entries(), strict=True)
        ):
            level = level or telling.numbers.level(entry.interval)
            name = labels.option(frequencies.item, category.code)
            if at in unseen:
                rows.append((name, f"< {minimum}" if category.count < minimum else "–", "–", "–"))
                continue
            scope = f"{found.id}.profile"
            rows.append(
                (
                    name,
                    telling.numbers.count(category.count),
                    telling.cite(scope, entry, "estimate", "percent"),
                    telling.cite(scope, entry, "interval", "percent"),
                )
            )
    return Table(
        key=f"{found.id}.profile",
        caption=telling.say(WORDS["profile"], population=telling.title(found.id)),
        columns=(
            Column(id="answer", label=telling.say(WORDS["answer"]), align="left"),
            Column(id="n", label=telling.say(WORDS["count"])),
            Column(id="share", label=telling.say(WORDS["share"])),
            Column(id="interval", label=telling.say(WORDS["interval"], level=level)),
        ),
        rows=tuple(rows),
        groups=tuple(groups),
        notes=(
            telling.say(
                WORDS["profile_note" if found.sample.design is None else "profile_weighted"],
                minimum=str(minimum),
            ),
        ),
    )


def _missing(telling: Telling, found: PopulationFindings, missing: MissingAnswers) -> Iterator[Block]:
    scope, key, entries = f"{found.id}.missing", f"{found.id}.missing", missing.entries()
    share, complete = pick(entries, "missing_share"), pick(entries, "complete_share")
    yield Prose(
        telling.say(
            WORDS["missing_text"],
            population=telling.title(found.id),
            key=key,
            items=telling.cite(scope, share, "more.items", "count"),
            share=telling.cite(scope, share, "estimate", "percent"),
            complete=telling.cite(scope, complete, "estimate", "percent"),
            test=_mcar(telling, scope, pick(entries, "missing_completely_at_random")),
        )
    )
    rows = []
    for pattern in missing.told:
        entry = pick(entries, "pattern_share", missing=", ".join(pattern.missing))
        name = ", ".join(pattern.missing) or telling.say(WORDS["blank_none"])
        rows.append((name, entry))
    other = pick(entries, "other_patterns_share")
    if missing.other[0]:
        count = telling.cite(scope, other, "more.patterns", "count")
        rows.append((telling.say(WORDS["blank_other"], count=count), other))
    yield Table(
        key=key,
        caption=telling.say(WORDS["missing"], population=telling.title(found.id)),
        columns=(
            Column(id="blank", label=telling.say(WORDS["blank"]), align="left"),
            Column(id="respondents", label=telling.say(WORDS["respondents"])),
            Column(id="share", label=telling.say(WORDS["share"])),
        ),
        rows=tuple(
            (
                name,
                telling.cite(scope, entry, "more.respondents", "count"),
                telling.cite(scope, entry, "estimate", "percent"),
            )
            for name, entry in rows
        ),
        notes=(telling.say(WORDS["missing_note"], minimum=str(telling.findings.study.minimum_cell)),),
    )


def _mcar(telling: Telling, scope: str, test: Entry) -> str:
    if test.p_value is None:
        return telling.say(WORDS["mcar_none"], reason=plain(test.reason))
    level = telling.findings.study.confidence_level
    return telling.say(
        WORDS["mcar"],
        chi=telling.cite(scope, test, "statistic", digits=1),
        df=telling.cite(scope, test, "df.0"),
        p=telling.numbers.p_value(test.p_value, relation=True),
        reading=telling.say(WORDS["mcar_small" if test.p_value < 1 - level else "mcar_large"]),
    )


def _effects(telling: Telling) -> Iterator[Block]:
    from reports.sentences import OUTCOMES

    effects = telling.findings.rule_effects
    if not effects:
        return
    yield Heading(text=telling.say(WORDS["effects"]), level=2, key="screening-effects")
    rows = tuple(
        (
            telling.findings.study.populations[effect.population].title[telling.language],
            rule_name(effect.rule, telling.language),
            telling.numbers.count(effect.n),
            hypothesis,
            telling.say(OUTCOMES[before]),
            telling.say(OUTCOMES[after]),
        )
        for effect in effects
        for hypothesis, (before, after) in effect.changed.items()
    )
    if not rows:
        yield Prose(telling.say(WORDS["effects_none"], count=str(len(effects))))
        return
    yield Prose(telling.say(WORDS["effects_some"]))
    names = ("population", "left_out", "n", "hypothesis", "with", "without")
    yield Table(
        key="screening.effects",
        caption=telling.say(WORDS["effects_caption"]),
        columns=tuple(
            Column(id=name, label=telling.say(WORDS[name]), align="right" if name == "n" else "left")
            for name in names
        ),
        rows=rows,
    )

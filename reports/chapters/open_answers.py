"""Open answers: agreement of coders, themes by group, telling words. No answer's text is printed."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.crosstabs import MultipleResponse
from analysis.keyness import Keyness
from analysis.open_answers import OpenAnswers
from analysis.population_findings import PopulationFindings
from reports.document import Block, Column, Heading, Prose, Table, plain
from reports.figures.naming import group_name
from reports.numbers import ABSENT
from reports.sentences import listed
from reports.small_cells import hidden
from reports.telling import Telling, pick

WORDS = {
    "title": {"en": "Open answers", "zh": "开放题"},
    "intro": {
        "en": "“{item}” ({population}): {answers} respondents wrote an answer.",
        "zh": "“{item}”（{population}）：{answers}名受访者作了回答。",
    },
    "coded": {
        "en": "The answers of {coded} of those analysed were coded by {coders}. The answers themselves are not printed.",
        "zh": "参与分析者中{coded}人的回答由{coders}编码。本报告不列出回答原文。",
    },
    "agreement": {
        "en": "Agreement of coders, {item} ({population})",
        "zh": "编码员一致性：{item}（{population}）",
    },
    "code": {"en": "Code", "zh": "编码"},
    "n": {"en": "Answers", "zh": "答案数"},
    "observed": {"en": "Agreement", "zh": "一致率"},
    "alpha": {"en": "Alpha", "zh": "α"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "agreement_note": {
        "en": "Krippendorff's alpha of each code, given or not, with a jackknife interval over answers coded by at least two. Conventional bounds: .80 to rely on, .667 for tentative conclusions.",
        "zh": "各编码（给出或未给出）的Krippendorff α，区间为对至少两人编码的答案作刀切法求得。常用界限：0.80可靠，0.667仅可作初步结论。",
    },
    "doubt": {"en": "{name}: {reason}.", "zh": "{name}：{reason}。"},
    "themes": {"en": "Themes by group, {item} ({population})", "zh": "各组主题：{item}（{population}）"},
    "theme": {"en": "Theme", "zh": "主题"},
    "all": {"en": "All", "zh": "合计"},
    "v": {"en": "V", "zh": "V"},
    "p": {"en": "p", "zh": "p"},
    "holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "themes_note": {
        "en": "Shares of the respondents whose answers were coded; a theme counts when more than half of the coders of an answer gave one of its codes. V: Cramér's V between theme and group; p-values corrected over the themes of this table. Counts below {minimum} are suppressed (–), and where needed a second one.",
        "zh": "比例以回答已编码者为基数；超过半数编码员给出其编码时计为该主题。V为主题与组别之间的Cramér V，p值在本表各主题间作Holm校正。人数不足{minimum}的格不予列出（–），必要时另隐去一格。",
    },
    "words": {
        "en": "Words that tell groups apart, {item} ({population})",
        "zh": "各组特征词：{item}（{population}）",
    },
    "no_words": {
        "en": "Words are not compared between groups: {reason}.",
        "zh": "未比较各组用词：{reason}。",
    },
    "group": {"en": "Group", "zh": "组别"},
    "word": {"en": "Word", "zh": "词"},
    "here": {"en": "Respondents", "zh": "人数"},
    "others": {"en": "All others", "zh": "其余各组"},
    "log_ratio": {"en": "Log ratio", "zh": "对数比"},
    "bh": {"en": "p (BH)", "zh": "p（BH）"},
    "words_note": {
        "en": "Respondents who use the word, in the group and in all others. Log ratio: binary logarithm of the ratio of their shares, 1 is twice as often. p by the log-likelihood ratio, corrected by Benjamini and Hochberg's method over all words and groups. Words that fewer than {least} respondents use are left out.",
        "zh": "使用该词的人数（本组及其余各组）。对数比为两者比例之比的以2为底的对数，1表示多一倍。p由对数似然比求得，在全部词与组间作Benjamini-Hochberg校正。使用者不足{least}人的词不列出。",
    },
}


def open_answers_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter; nothing where no open question is declared."""
    asked = [(found, answers) for found in telling.populations() for answers in found.open_answers]
    if not asked:
        return
    yield Heading(text=telling.say(WORDS["title"]), key="open-answers")
    for found, answers in asked:
        yield from _question(telling, found, answers)


def _question(telling: Telling, found: PopulationFindings, answers: OpenAnswers) -> Iterator[Block]:
    count, question = telling.numbers.count, answers.question
    item = telling.name(found.id, question.item)
    minimum = telling.findings.study.minimum_cell
    told = [
        telling.say(
            WORDS["intro"],
            item=item,
            population=telling.title(found.id),
            answers=count(answers.n_answers) if answers.n_answers >= minimum else f"< {minimum}",
        )
    ]
    if question.codings is not None:
        coders = listed([plain(name) for name in question.codings.coders], telling.language)
        coded = count(answers.n_coded) if answers.n_coded >= minimum else f"< {minimum}"
        told.append(telling.say(WORDS["coded"], coded=coded, coders=coders))
    yield Prose(("" if telling.language == "zh" else " ").join(told))
    if answers.agreement is not None:
        yield _agreement(telling, found, answers)
    if answers.themes is not None and answers.n_coded >= minimum:
        yield _themes(telling, found, answers, answers.themes)
    if answers.words is not None:
        if answers.words.state == "ok":
            yield _words(telling, found, answers, answers.words)
        else:
            yield Prose(telling.say(WORDS["no_words"], reason=plain(answers.words.reason)))


def _label(telling: Telling, answers: OpenAnswers, name: str) -> str:
    """The label of a code; a theme is called by its name."""
    for code in answers.question.frame.codes:
        if code.id == name:
            return code.label.get(telling.language, name)
    return name


def _caption(telling: Telling, found: PopulationFindings, answers: OpenAnswers, word: str) -> str:
    item = telling.name(found.id, answers.question.item)
    return telling.say(WORDS[word], item=item, population=telling.title(found.id))


def _agreement(telling: Telling, found: PopulationFindings, answers: OpenAnswers) -> Table:
    scope = f"{found.id}.open.{answers.question.item}.agreement"
    rows, notes, level = [], [telling.say(WORDS["agreement_note"])], ABSENT
    for entry in () if answers.agreement is None else answers.agreement.entries():
        name = _label(telling, answers, entry.about["variable"])
        level = telling.numbers.level(entry.interval) if level == ABSENT else level
        rows.append(
            (
                name,
                telling.cite(scope, entry, "n"),
                telling.cite(scope, entry, "more.observed", "percent")
                if "observed" in entry.more
                else ABSENT,
                telling.cite(scope, entry, "estimate", "bounded"),
                telling.cite(scope, entry, "interval", "bounded"),
            )
        )
        if entry.state != "ok":
            notes.append(telling.say(WORDS["doubt"], name=plain(name), reason=plain(entry.reason)))
    names = ("n", "observed", "alpha", "interval")
    return Table(
        key=f"{found.id}.open_{answers.question.item}.agreement",
        caption=_caption(telling, found, answers, "agreement"),
        columns=(
            Column(id="code", label=telling.say(WORDS["code"]), align="left"),
            *(Column(id=name, label=telling.say(WORDS[name], level=level)) for name in names),
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )


def _themes(
    telling: Telling, found: PopulationFindings, answers: OpenAnswers, themes: MultipleResponse
) -> Table:
    scope = f"{found.id}.open.{answers.question.item}.themes"
    minimum = telling.findings.study.minimum_cell
    labels, entries = telling.labels(found.id), themes.entries()
    by_place = {(share.option, share.group): share for share in themes.shares}
    shares = {
        (e.about["option"], e.about.get("group")): e for e in entries if e.measure == "share_of_respondents"
    }
    rows = []
    for option in themes.options:
        cells = [_label(telling, answers, option)]
        counts = [by_place[option, group].count for group in themes.groups]
        unseen = {themes.groups[at] for at in hidden(counts, minimum)}
        for group in (None, *themes.groups):
            share = by_place[option, group]
            small = group in unseen or share.base < minimum or 0 < share.count < minimum
            cells.append(
                ABSENT if small else telling.cite(scope, shares[option, group], "estimate", "percent")
            )
        if themes.tests:
            test = pick(entries, "cramers_v", option=option)
            cells.append(telling.cite(scope, test, "estimate", "bounded"))
            known = "p_adjusted" in test.more
            cells.append(telling.cite(scope, test, "p_value"))
            cells.append(telling.cite(scope, test, "more.p_adjusted", "p_value") if known else ABSENT)
        rows.append(tuple(cells))
    columns = [Column(id="theme", label=telling.say(WORDS["theme"]), align="left")]
    columns.append(Column(id="all", label=telling.say(WORDS["all"])))
    columns += [
        Column(id=f"g{group}", label=plain(group_name(labels, themes.grouping, group)))
        for group in themes.groups
    ]
    if themes.tests:
        columns += [Column(id=name, label=telling.say(WORDS[name])) for name in ("v", "p", "holm")]
    return Table(
        key=f"{found.id}.open_{answers.question.item}.themes",
        caption=_caption(telling, found, answers, "themes"),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=(telling.say(WORDS["themes_note"], minimum=str(minimum)),),
    )


def _words(telling: Telling, found: PopulationFindings, answers: OpenAnswers, words: Keyness) -> Table:
    scope = f"{found.id}.open.{answers.question.item}.words"
    labels = telling.labels(found.id)
    rows, level, previous = [], ABSENT, ""
    for word, entry in zip(words.words, words.entries(), strict=True):
        level = telling.numbers.level(entry.interval) if level == ABSENT else level
        rows.append(
            (
                group_name(labels, words.grouping, word.group) if word.group != previous else "",
                word.word,
                telling.cite(scope, entry, "more.count", "count"),
                telling.cite(scope, entry, "more.others_count", "count"),
                telling.cite(scope, entry, "estimate"),
                telling.cite(scope, entry, "interval"),
                telling.cite(scope, entry, "p_value"),
                telling.cite(scope, entry, "more.p_adjusted", "p_value"),
            )
        )
        previous = word.group
    names = ("group", "word", "here", "others", "log_ratio", "interval", "p", "bh")
    least = max(5, telling.findings.study.minimum_cell)
    return Table(
        key=f"{found.id}.open_{answers.question.item}.words",
        caption=_caption(telling, found, answers, "words"),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name], level=level),
                align="left" if name in ("group", "word") else "right",
            )
            for name in names
        ),
        rows=tuple(rows),
        notes=(telling.say(WORDS["words_note"], least=str(least)),),
    )

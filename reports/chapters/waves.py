"""What changed between waves of the same questionnaire."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from analysis.waves.findings import WaveFindings
from analysis.waves.trends import TrendTable, WaveTrend
from reports.document import Block, Column, Heading, Prose, Spanner, Table, plain
from reports.numbers import ABSENT, Style
from reports.sentences import listed
from reports.telling import Telling

WORDS = {
    "title": {"en": "Changes between waves", "zh": "各期变化"},
    "intro": {
        "en": "{population} were asked in {count} waves: {waves}. All other chapters describe the last one.",
        "zh": "{population}共调查{count}期：{waves}。其余各章均描述最后一期。",
    },
    "wave": {"en": "{name} ({n} respondents)", "zh": "{name}（{n}人）"},
    "left_out": {
        "en": "Left out because fewer than {minimum} respondents are analysed: {waves}.",
        "zh": "因分析人数不足{minimum}而未列出：{waves}。",
    },
    "independent": {
        "en": "The waves are taken as independent samples.",
        "zh": "各期视为相互独立的样本。",
    },
    "clusters": {
        "en": "Errors count that respondents of one branch, in whatever wave, answer alike.",
        "zh": "标准误计入同一网点受访者（不论哪一期）回答的相似性。",
    },
    "panel": {
        "en": "The same respondents answer again; errors count that a person's answers of several waves stand together.",
        "zh": "同一批受访者重复作答；标准误计入同一人各期回答之间的相关。",
    },
    "scores": {"en": "Scores by wave, {population}", "zh": "各期得分（{population}）"},
    "items": {"en": "Rated items by wave, {population}", "zh": "各期题项评分（{population}）"},
    "variable": {"en": "Variable", "zh": "变量"},
    "means": {"en": "Mean", "zh": "均值"},
    "change": {"en": "Change", "zh": "变化"},
    "last": {"en": "{earlier} to {later}", "zh": "{earlier}至{later}"},
    "interval": {"en": "{level} interval", "zh": "{level}置信区间"},
    "p": {"en": "p", "zh": "p"},
    "holm": {"en": "p (Holm)", "zh": "p（Holm）"},
    "overall": {"en": "All waves, p", "zh": "各期总检验p"},
    "trend_note": {
        "en": "Change: later less earlier wave, {test}. p (Holm): corrected over all {changes} changes of this table.",
        "zh": "变化为后一期减前一期，{test}。p（Holm）在本表全部{changes}项变化间校正。",
    },
    "welch": {"en": "Welch's t-test", "zh": "Welch t检验"},
    "design": {"en": "variance of the sampling design", "zh": "方差按抽样设计估计"},
    "nps": {
        "en": "{name}: net promoter score in points.",
        "zh": "{name}为净推荐值（分）。",
    },
    "parts": {"en": "Why scores changed, {population}", "zh": "得分变化的分解（{population}）"},
    "parts_text": {
        "en": "A mean may change because other customers answer or because customers answer otherwise. @tbl:{key} splits the change from {earlier} to {later}: what the changed sizes of the groups of “{group}” do (mix), and what changed answers within groups do.",
        "zh": "均值的变化可能来自受访者构成的变化，也可能来自同类受访者回答的变化。@tbl:{key}将{earlier}至{later}的变化分解为“{group}”各组占比变化（构成）与组内回答变化两部分。",
    },
    "mix": {"en": "Mix of groups", "zh": "构成变化"},
    "within": {"en": "Within groups", "zh": "组内变化"},
    "parts_note": {
        "en": "Kitagawa's decomposition against the average of both waves; the parts add up to the change. Intervals are linearised and count that shares and means are both estimated.",
        "zh": "以两期平均为基准的Kitagawa分解，两部分之和等于总变化；区间为线性化区间，同时计入比例与均值的抽样误差。",
    },
    "doubt": {"en": "{name}: {reason}.", "zh": "{name}：{reason}。"},
}


def waves_chapter(telling: Telling) -> Iterator[Block]:
    """Blocks of the chapter; nothing where no population has waves."""
    with_waves = [(found, found.waves) for found in telling.populations() if found.waves is not None]
    if not with_waves:
        return
    yield Heading(text=telling.say(WORDS["title"]), key="waves")
    for found, waves in with_waves:
        yield Heading(text=telling.title(found.id), level=2)
        yield Prose(_intro(telling, found, waves))
        yield _trends(telling, found, waves, "scores", waves.scores)
        if waves.parts:
            yield from _parts(telling, found, waves)
        if waves.items.trends:
            yield _trends(telling, found, waves, "items", waves.items)


def wave_name(telling: Telling, found: PopulationFindings, wave: str) -> str:
    """What a wave is called, literally: the label of its code, or the name it was given."""
    item = found.population.wave
    if item is None or found.responses.wave_sources:
        return wave
    return telling.labels(found.id).option(item, int(wave))


def _intro(telling: Telling, found: PopulationFindings, waves: WaveFindings) -> str:
    count = telling.numbers.count
    named = [
        telling.say(WORDS["wave"], name=plain(wave_name(telling, found, wave)), n=count(waves.n[wave]))
        for wave in waves.waves
    ]
    told = [
        telling.say(
            WORDS["intro"],
            population=telling.title(found.id),
            count=count(len(waves.waves)),
            waves=listed(named, telling.language),
        ),
        telling.say(WORDS[waves.method]),
    ]
    if waves.left_out:
        left = listed([plain(wave_name(telling, found, wave)) for wave in waves.left_out], telling.language)
        minimum = str(max(2, telling.findings.study.minimum_cell))
        told.append(telling.say(WORDS["left_out"], minimum=minimum, waves=left))
    return ("" if telling.language == "zh" else " ").join(told)


def _trends(
    telling: Telling, found: PopulationFindings, waves: WaveFindings, section: str, table: TrendTable
) -> Table:
    several = len(waves.waves) > 2
    rows, notes, level = [], [], ""
    for trend in table.trends:
        entries = {(e.measure, e.about.get("wave"), e.about.get("against")): e for e in trend.entries()}
        change = entries["mean_change", trend.changes[-1].later, trend.changes[-1].earlier]
        if level in ("", ABSENT):
            level = telling.numbers.level(change.interval)
        rows.append(_trend_row(telling, found, waves, section, trend, entries, change))
        if change.state != "ok":
            name = telling.name(found.id, trend.variable)
            notes.append(telling.say(WORDS["doubt"], name=name, reason=plain(change.reason)))
    changes = sum(change.p_value is not None for trend in table.trends for change in trend.changes)
    test = telling.say(WORDS["welch" if waves.method == "independent" and not _weighted(table) else "design"])
    notes.insert(0, telling.say(WORDS["trend_note"], test=test, changes=telling.numbers.count(changes)))
    score = found.population.recommend
    if section == "scores" and any(trend.variable == score for trend in table.trends):
        notes.append(telling.say(WORDS["nps"], name=telling.name(found.id, str(score))))
    means = [f"wave{i}" for i in range(len(waves.waves))]
    names = [plain(wave_name(telling, found, wave)) for wave in waves.waves]
    last = telling.say(WORDS["last"], earlier=names[-2], later=names[-1])
    columns = [Column(id="variable", label=telling.say(WORDS["variable"]), align="left")]
    columns += [Column(id=id_, label=name) for id_, name in zip(means, names, strict=True)]
    columns.append(Column(id="change", label=last if several else telling.say(WORDS["change"])))
    columns.append(Column(id="interval", label=telling.say(WORDS["interval"], level=level)))
    columns += [Column(id=name, label=telling.say(WORDS[name])) for name in ("p", "holm")]
    if several:
        columns.append(Column(id="overall", label=telling.say(WORDS["overall"])))
    return Table(
        key=f"{found.id}.waves_{section}",
        caption=telling.say(WORDS[section], population=telling.title(found.id)),
        columns=tuple(columns),
        rows=tuple(rows),
        spanners=(Spanner(label=telling.say(WORDS["means"]), first=means[0], last=means[-1]),),
        notes=tuple(notes),
    )


def _weighted(table: TrendTable) -> bool:
    return any("design" in trend.method for trend in table.trends)


def _trend_row(
    telling: Telling,
    found: PopulationFindings,
    waves: WaveFindings,
    section: str,
    trend: WaveTrend,
    entries: dict[tuple[str, str | None, str | None], Entry],
    change: Entry,
) -> tuple[str, ...]:
    scope = f"{found.id}.waves.{section}"

    def told(entry: Entry, what: str, style: Style | None = None) -> str:
        lacking = what.startswith("more.") and what[5:] not in entry.more
        return ABSENT if lacking else telling.cite(scope, entry, what, style, digits)

    digits = 1 if trend.variable == found.population.recommend and section == "scores" else None
    cells = [telling.labels(found.id).name(trend.variable)]
    cells += [told(entries["mean", wave, None], "estimate") for wave in waves.waves]
    cells += [told(change, "estimate"), told(change, "interval"), told(change, "p_value")]
    cells.append(told(change, "more.p_adjusted", "p_value"))
    if len(waves.waves) > 2:
        cells.append(told(entries["mean_differs_between_waves", None, None], "p_value"))
    return tuple(cells)


def _parts(telling: Telling, found: PopulationFindings, waves: WaveFindings) -> Iterator[Block]:
    key, scope = f"{found.id}.waves_change", f"{found.id}.waves.change"
    names = {wave: plain(wave_name(telling, found, wave)) for wave in waves.waves}
    first = waves.parts[0]
    yield Prose(
        telling.say(
            WORDS["parts_text"],
            key=key,
            earlier=names[first.earlier],
            later=names[first.later],
            group=telling.name(found.id, first.grouping),
        )
    )
    rows, notes, level = [], [telling.say(WORDS["parts_note"])], ABSENT
    for part in waves.parts:
        name = telling.labels(found.id).name(part.variable)
        digits = 1 if part.variable == found.population.recommend else None
        if part.change is None or part.mix is None or part.within is None:
            rows.append((name, *[ABSENT] * 6))
            notes.append(
                telling.say(
                    WORDS["doubt"], name=telling.name(found.id, part.variable), reason=plain(part.reason)
                )
            )
            continue
        cells = [name]
        for piece in (part.change, part.mix, part.within):
            (entry,) = piece.entries()
            level = telling.numbers.level(entry.interval) if level == ABSENT else level
            cells += [telling.cite(scope, entry, what, digits=digits) for what in ("estimate", "interval")]
        rows.append(tuple(cells))
    columns = [Column(id="variable", label=telling.say(WORDS["variable"]), align="left")]
    for piece_name in ("change", "mix", "within"):
        columns.append(Column(id=piece_name, label=telling.say(WORDS[piece_name])))
        columns.append(Column(id=f"{piece_name}_interval", label=telling.say(WORDS["interval"], level=level)))
    yield Table(
        key=key,
        caption=telling.say(WORDS["parts"], population=telling.title(found.id)),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=tuple(notes),
    )
    yield from telling.figures_named(f"{found.id}.wave_change")

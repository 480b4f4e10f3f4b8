"""Verdicts in one table, limits, methods, and where every number comes from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from analysis.findings import Findings, specification_scope
from analysis.hypotheses import Evidence, Verdict
from reports.chapters.hypotheses import effect_scope
from reports.chapters.robustness import disagreeing
from reports.chapters.weights import by_value_section
from reports.document import Block, Bullets, Column, Heading, Prose, References, Table, plain
from reports.labels import with_dashes
from reports.method_notes import NOTES, REFERENCES, short_reference
from reports.numbers import ABSENT
from reports.results_file import sources_of
from reports.sentences import OUTCOMES, listed, sentence
from reports.telling import Telling
from surveys.study import TestKind

WORDS = {
    "verdicts": {"en": "Verdicts", "zh": "结论汇总"},
    "verdicts_caption": {"en": "The hypotheses and what became of them", "zh": "各假设的检验结论"},
    "hypothesis": {"en": "Hypothesis", "zh": "假设"},
    "claim": {"en": "Claim", "zh": "内容"},
    "measure": {"en": "Measure", "zh": "效应量"},
    "estimate": {"en": "Estimate", "zh": "估计值"},
    "interval": {"en": "Interval", "zh": "区间"},
    "p": {"en": "p (Holm)", "zh": "p（Holm）"},
    "verdict": {"en": "Verdict", "zh": "结论"},
    "verdicts_note": {
        "en": (
            "One line a test; a hypothesis is supported only if all its tests are. p belongs to the test that the effect exceeds "
            "the smallest effect of interest, corrected by Holm's method over {count} confirmatory hypotheses; exploratory "
            "hypotheses are not corrected (–)."
        ),
        "zh": "每行一项检验；全部检验均成立时假设才得到支持。p对应“效应超过最小关注效应”的检验，在{count}项验证性假设间作Holm校正；探索性假设不作校正（–）。",
    },
    "holds": {"en": "Holds in", "zh": "成立"},
    "of": {"en": "{holding} of {analyses}", "zh": "{holding}/{analyses}"},
    "holds_note": {
        "en": "Holds in: in how many of the analyses of @tbl:robustness the whole interval lies beyond the smallest effect of interest.",
        "zh": "“成立”列为@tbl:robustness所列各种分析中整个区间超过最小关注效应的分析数。",
    },
    "robust": {
        "en": "@sec:robustness-of-findings carries out each of the {tests} tests in {fewest} to {most} ways: {alike} of them come out alike in all, and the result of {doubtful} depends on choices made in the analysis ({names}).",
        "zh": "@sec:robustness-of-findings对{tests}项检验逐一作了{fewest}至{most}种分析：{alike}项在全部分析中结论一致，{doubtful}项随分析选择而变化（{names}）。",
    },
    "robust_all": {
        "en": "@sec:robustness-of-findings carries out each of the {tests} tests in {fewest} to {most} ways, and each comes out alike in all of them.",
        "zh": "@sec:robustness-of-findings对{tests}项检验逐一作了{fewest}至{most}种分析，每项检验在其全部分析中结论一致。",
    },
    "counts": {
        "en": "Of {total} confirmatory hypotheses, {supported} are supported, {not_supported} not supported, {contradicted} contradicted, and for {cannot_tell} the data cannot tell.",
        "zh": "{total}项验证性假设中，{supported}项得到支持，{not_supported}项未得到支持，{contradicted}项与数据相反，{cannot_tell}项无法判断。",
    },
    "counts_exploratory": {
        "en": "Of {total} exploratory hypotheses, which need confirmation on new data, the data are consistent with {supported}, do not support {not_supported}, contradict {contradicted}, and cannot tell for {cannot_tell}.",
        "zh": "{total}项探索性假设（尚需用新数据验证）中，{supported}项与数据一致，{not_supported}项未得到支持，{contradicted}项与数据相反，{cannot_tell}项无法判断。",
    },
    "limits": {"en": "Limits", "zh": "局限"},
    "limit_cross": {
        "en": "All answers are self-reports from one point in time; associations do not show causes.",
        "zh": "全部数据为同一时点的自陈回答，相关关系不能说明因果关系。",
    },
    "limit_invariance": {
        "en": "Whether groups of one population understand the items alike is examined construct by construct where its items and groups allow it (chapter on measurement); so is whether two populations do, wherever they answered the same three items or more. Of single questions it is assumed.",
        "zh": "同一人群内各组对题项的理解是否一致，凡题项数和组内人数允许者，已逐构念检验（见测量质量一章）；两类人群回答相同的三个以上题项时，其测量等同亦已检验；单一题目则系假定。",
    },
    "limit_weighted": {
        "en": "The study declares a sampling design for {names} that cannot be used. Shares, means and tests in this report are not weighted and describe the respondents, not their population; hypotheses that rest on these answers are therefore not judged.",
        "zh": "研究为{names}声明的抽样设计无法采用。本报告的比例、均值和检验均未加权，描述的是受访者而非总体；因此基于这些答卷的假设不作判断。",
    },
    "limit_synthetic": {
        "en": "The answers are synthetic. They were made by a simulation, and nothing in this report is a fact about any bank.",
        "zh": "本报告数据为合成数据，由模拟产生，报告中的任何内容都不是关于任何银行的事实。",
    },
    "methods": {"en": "Methods", "zh": "方法附录"},
    "references": {"en": "References", "zh": "参考文献"},
    "provenance": {"en": "Provenance", "zh": "来源与可复现性"},
    "provenance_text": {
        "en": (
            "Every number in this report is formatted from an entry of results.json, which keeps it unrounded. The same input gives the "
            "same bytes: random numbers come from the seed {seed}, and no clock is read."
        ),
        "zh": "本报告的每个数字均由results.json中的条目格式化而来，该文件保留未取整的数值。相同输入得到相同输出：随机数种子为{seed}，不读取系统时间。",
    },
    "files": {"en": "Files and their SHA-256", "zh": "文件及其SHA-256"},
    "file": {"en": "File", "zh": "文件"},
    "hash": {"en": "SHA-256", "zh": "SHA-256"},
    "software": {"en": "Software", "zh": "软件"},
    "package": {"en": "Package", "zh": "软件包"},
    "version": {"en": "Version", "zh": "版本"},
    "notes": {"en": "What the reader decided on the way", "zh": "读取时的处理"},
}


#: The letters of a test's effect measure, and what they stand for.
MEASURES: Mapping[TestKind, tuple[str, Mapping[str, str]]] = {
    "path": ("β", {"en": "standardised regression coefficient", "zh": "标准化回归系数"}),
    "moderation": ("β(×)", {"en": "standardised coefficient of the product", "zh": "乘积项的标准化系数"}),
    "indirect": ("ab", {"en": "standardised indirect association", "zh": "标准化间接效应"}),
    "trend": ("τ-b", {"en": "Kendall's rank correlation", "zh": "Kendall等级相关"}),
    "association": ("V", {"en": "Cramér's V", "zh": "Cramér V"}),
    "contrast": ("d_z", {"en": "standardised difference within persons", "zh": "个体内标准化差值"}),
    "mean": ("d", {"en": "standardised distance of a mean", "zh": "均值的标准化距离"}),
    "gap": ("g", {"en": "Hedges' g", "zh": "Hedges g"}),
    "drivers": ("R²", {"en": "share of variance", "zh": "解释方差比例"}),
    "correlation": ("r", {"en": "correlation", "zh": "相关系数"}),
    "added_value": ("ΔR²", {"en": "gain in the share of variance", "zh": "解释方差比例的增量"}),
    "repeated": (
        "W",
        {
            "en": "Kendall's W, or the effect size of Cochran's test",
            "zh": "Kendall协调系数W，或Cochran检验的效应量",
        },
    ),
    "segmentation": (
        "Δη²",
        {"en": "gain in the share of variance between groups", "zh": "组间方差比例的增量"},
    ),
    "latent_path": (
        "β*",
        {"en": "standardised path of a structural equation model", "zh": "结构方程模型的标准化路径"},
    ),
    "latent_indirect": (
        "ab*",
        {
            "en": "standardised indirect association in a structural equation model",
            "zh": "结构方程模型的标准化间接效应",
        },
    ),
    "latent_trend": (
        "Δ*",
        {
            "en": "rise of the latent mean from the lowest to the highest group, in standard deviations",
            "zh": "潜均值由最低组至最高组的升幅（标准差）",
        },
    ),
}


def verdicts_chapter(telling: Telling) -> Iterator[Block]:
    """Summary of all hypotheses."""
    verdicts = telling.findings.verdicts
    if not verdicts:
        return
    yield Heading(text=telling.say(WORDS["verdicts"]), key="verdicts")
    for words, confirmatory in (("counts", True), ("counts_exploratory", False)):
        outcomes = [v.outcome for v in verdicts if v.hypothesis.confirmatory == confirmatory]
        if outcomes:
            counts = {outcome: str(outcomes.count(outcome)) for outcome in OUTCOMES}  # type: ignore[arg-type]
            yield Prose(telling.say(WORDS[words], total=str(len(outcomes)), **counts))
    if telling.findings.curves:
        yield Prose(_robust(telling))
    rows: list[tuple[str, ...]] = []
    for verdict in verdicts:
        for evidence in verdict.evidence:
            first = evidence.position == 0
            (entry,) = evidence.entries()
            scope = effect_scope(evidence)
            rows.append(
                (
                    verdict.id,
                    verdict.hypothesis.claim[telling.language] if first else "",
                    MEASURES[evidence.test.kind][0],
                    telling.cite(scope, entry, "estimate"),
                    telling.cite(scope, entry, "interval"),
                    telling.numbers.p_value(verdict.p_adjusted) if first else "",
                    *([_holding(telling, evidence)] if telling.findings.curves else []),
                    sentence(telling.say(OUTCOMES[verdict.outcome])) if first else "",
                )
            )
    family = sum(verdict.hypothesis.confirmatory for verdict in verdicts)
    holds = ("holds",) if telling.findings.curves else ()
    columns = ("hypothesis", "claim", "measure", "estimate", "interval", "p", *holds, "verdict")
    yield Table(
        key="verdicts",
        caption=telling.say(WORDS["verdicts_caption"]),
        columns=tuple(
            Column(
                id=name,
                label=telling.say(WORDS[name]),
                align="left" if name in ("hypothesis", "claim", "measure", "verdict") else "right",
            )
            for name in columns
        ),
        rows=tuple(rows),
        notes=(
            telling.say(WORDS["verdicts_note"], count=str(family)),
            _measures(telling, verdicts),
            *(telling.say(WORDS[f"{name}_note"]) for name in holds),
        ),
    )
    yield from telling.figures_named("effects")
    yield from by_value_section(telling)


def _measures(telling: Telling, verdicts: Iterable[Verdict]) -> str:
    """What the letters of the measures that occur stand for."""
    kinds = dict.fromkeys(e.test.kind for verdict in verdicts for e in verdict.evidence)
    colon, stop, end = ("：", "；", "。") if telling.language == "zh" else (": ", "; ", ".")
    told = dict.fromkeys(
        f"{plain(symbol)}{colon}{telling.say(words)}" for symbol, words in map(MEASURES.__getitem__, kinds)
    )
    return stop.join(told) + end


def _holding(telling: Telling, evidence: Evidence) -> str:
    """In how many of its analyses the effect of one test holds."""
    for curve in telling.findings.curves:
        if (curve.hypothesis, curve.position) == (evidence.hypothesis, evidence.position) and curve.run:
            scope, summary = specification_scope(curve), curve.entries()[0]
            return telling.say(
                WORDS["of"],
                holding=telling.cite(scope, summary, "more.holding", "count"),
                analyses=telling.cite(scope, summary, "more.analyses", "count"),
            )
    return ABSENT


def _robust(telling: Telling) -> str:
    tried = [curve for curve in telling.findings.curves if curve.run]
    doubtful = disagreeing(tried)
    analyses = [len(curve.run) for curve in tried]
    count = telling.numbers.count
    return telling.say(
        WORDS["robust" if doubtful else "robust_all"],
        tests=count(len(tried)),
        fewest=count(min(analyses, default=0)),
        most=count(max(analyses, default=0)),
        alike=count(len(tried) - len(doubtful)),
        doubtful=count(len(doubtful)),
        names=listed(list(dict.fromkeys(plain(curve.hypothesis) for curve in doubtful)), telling.language),
    )


def limits_chapter(telling: Telling) -> Iterator[Block]:
    """What the study cannot show."""
    yield Heading(text=telling.say(WORDS["limits"]), key="limits")
    limits = [plain(limit[telling.language]) for limit in telling.findings.study.limits]
    if not _said(limits, ("cause", "causal", "因果")):
        limits.append(telling.say(WORDS["limit_cross"]))
    limits.append(telling.say(WORDS["limit_invariance"]))
    weighted = [
        found.id
        for found in telling.populations()
        if found.sample.sampling is not None and found.sample.design is None
    ]
    if weighted:
        names = listed([telling.title(id_) for id_ in weighted], telling.language)
        limits.append(telling.say(WORDS["limit_weighted"], names=names))
    if telling.findings.synthetic and not _said(limits, ("synthetic", "合成")):
        limits.insert(0, telling.say(WORDS["limit_synthetic"]))
    yield Bullets(items=tuple(limits))


def _said(limits: list[str], words: tuple[str, ...]) -> bool:
    """Whether the study itself speaks of the matter."""
    return any(word in limit.casefold() for limit in limits for word in words)


def methods_chapter(telling: Telling) -> Iterator[Block]:
    """How everything was computed, and the works cited."""
    yield Heading(text=telling.say(WORDS["methods"]), key="methods")
    cited: dict[str, str] = {}
    topics = topics_of(telling.findings)
    for note in NOTES:
        if note.topic not in topics:
            continue
        yield Heading(text=telling.say(note.title), level=2)
        names = "; ".join(short_reference(REFERENCES[key]) for key in note.cites)
        yield Prose(telling.say(note.text) + (f" ({plain(names)})" if names else ""))
        cited |= {key: REFERENCES[key] for key in note.cites}
    for found in telling.populations():
        questionnaire = found.population.questionnaire
        for construct in questionnaire.constructs:
            if construct.source in questionnaire.references:
                cited[construct.source] = questionnaire.references[construct.source]
    yield Heading(text=telling.say(WORDS["references"]), level=1, numbered=False)
    works = sorted(dict.fromkeys(cited.values()), key=str.casefold)
    yield References(items=tuple(with_dashes(work) for work in works))


def topics_of(findings: Findings) -> frozenset[str]:
    """What the study holds, as the topics of the notes on methods name it."""
    populations = tuple(findings.populations.values())
    kinds = {evidence.test.kind for verdict in findings.verdicts for evidence in verdict.evidence}
    held = {
        "": True,
        "factor_model": any(found.measurement is not None for found in populations),
        "comparability": any(found.comparability for found in populations)
        or any(gap.comparability is not None for gap in findings.gaps),
        "recommend": any(found.recommend is not None for found in populations),
        "views": "drivers" in kinds or any(found.surfaces for found in populations),
        "segments": "segmentation" in kinds or any(found.population.segmentation for found in populations),
        "waves": any(found.waves is not None for found in populations),
        "robustness": bool(findings.curves),
        "design": any(found.sample.design is not None for found in populations),
        "value": bool(findings.by_value),
    }
    return frozenset(topic for topic, holds in held.items() if holds)


def provenance_chapter(telling: Telling, versions: Mapping[str, str]) -> Iterator[Block]:
    """Files, hashes, versions, seed."""
    study = telling.findings.study
    yield Heading(text=telling.say(WORDS["provenance"]), key="provenance")
    yield Prose(telling.say(WORDS["provenance_text"], seed=str(study.seed)))
    files = dict(study.sha256) | {
        source.name: source.sha256 for f in telling.populations() for source in sources_of(f).values()
    }
    yield Table(
        key="provenance.files",
        caption=telling.say(WORDS["files"]),
        columns=(
            Column(id="file", label=telling.say(WORDS["file"]), align="left"),
            Column(id="hash", label=telling.say(WORDS["hash"]), align="left"),
        ),
        rows=tuple(files.items()),
    )
    yield Table(
        key="provenance.software",
        caption=telling.say(WORDS["software"]),
        columns=(
            Column(id="package", label=telling.say(WORDS["package"]), align="left"),
            Column(id="version", label=telling.say(WORDS["version"]), align="left"),
        ),
        rows=tuple(versions.items()),
    )
    notes = [
        f"{source.name}: {note}"
        for found in telling.populations()
        for source in sources_of(found).values()
        for note in source.notes
    ]
    if notes:
        yield Heading(text=telling.say(WORDS["notes"]), level=2)
        yield Bullets(items=tuple(plain(note) for note in notes))

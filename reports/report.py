"""The report as a document: findings in, chapters in the order of the study's outline out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from analysis.findings import Findings
from reports.chapters.banners import banners_chapter
from reports.chapters.closing import limits_chapter, methods_chapter, provenance_chapter, verdicts_chapter
from reports.chapters.descriptives import descriptives_chapter
from reports.chapters.hypotheses import hypotheses_chapter
from reports.chapters.measurement import measurement_chapter
from reports.chapters.open_answers import open_answers_chapter
from reports.chapters.quality import quality_chapter
from reports.chapters.robustness import robustness_chapter
from reports.chapters.sample import sample_chapter
from reports.chapters.waves import waves_chapter
from reports.document import Block, Callout, Document, Figure, Heading, Prose, plain
from reports.figure_leads import with_leads
from reports.numbers import Numbers
from reports.results_file import versions
from reports.telling import Telling
from surveys.quality.population import PopulationQuality

WORDS = {
    "about": {"en": "About this study", "zh": "研究概要"},
    "synthetic_title": {"en": "Synthetic data 合成数据", "zh": "合成数据（synthetic data）"},
    "synthetic": {
        "en": (
            "Every answer in this report was made by a simulation whose parameters are stated in the project. No result is a fact "
            "about any bank or any customer."
        ),
        "zh": "本报告的全部答卷均由参数公开的模拟程序生成。任何结果都不是关于任何银行或客户的事实。",
    },
    "subtitle": {"en": "Empirical report", "zh": "实证分析报告"},
}

Chapter = Callable[[Telling], Iterator[Block]]

CHAPTERS: Mapping[str, Chapter] = {
    "sample": sample_chapter,
    "quality": lambda telling: (
        quality_chapter(telling.quality, telling.numbers, minimum_cell=telling.findings.study.minimum_cell)
        if telling.quality
        else iter(())
    ),
    "measurement": measurement_chapter,
    "descriptives": descriptives_chapter,
    "banners": banners_chapter,
    "open_answers": open_answers_chapter,
    "waves": waves_chapter,
    "hypotheses": hypotheses_chapter,
    "robustness": lambda telling: (
        robustness_chapter(telling, telling.findings.curves) if telling.findings.curves else iter(())
    ),
    "verdicts": verdicts_chapter,
    "limits": limits_chapter,
    "methods": methods_chapter,
    "provenance": lambda telling: provenance_chapter(telling, versions()),
}


def build_report(
    findings: Findings,
    language: str,
    figures: Mapping[str, Figure] | None = None,
    *,
    quality: tuple[PopulationQuality, ...] = (),
) -> tuple[Document, Telling]:
    """Compose the report.

    Parameters
    ----------
    findings : Findings
    language : {"en", "zh"}
    figures : mapping, optional
        Pictures from ``reports.gallery.draw_all``; without them the report has tables and words only.
    quality : tuple of PopulationQuality
        From ``reports.quality_report.look_at``; without it the chapter on quality is left out.

    Returns
    -------
    Document, Telling
        The telling's ``numbers.ledger`` lists the source of every number printed from a result.
    """
    study = findings.study
    telling = Telling(
        findings=findings, numbers=Numbers(language=language), figures=figures or {}, quality=quality
    )
    blocks: list[Block] = []
    if study.abstract is not None:
        blocks += [
            Heading(text=telling.say(WORDS["about"]), key="about"),
            Prose(plain(study.abstract[language])),
        ]
    for name in study.outline:
        blocks.extend(CHAPTERS[name](telling))
    notice = None
    if findings.synthetic:
        notice = Callout(
            title=telling.say(WORDS["synthetic_title"]), text=telling.say(WORDS["synthetic"]), kind="warning"
        )
    document = Document(
        title=study.title[language],
        subtitle=telling.say(WORDS["subtitle"]),
        language=language,
        authors=study.authors,
        notice=notice,
        blocks=with_leads(blocks, language),
    )
    return document, telling

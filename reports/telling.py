"""What every chapter needs at hand: the findings, one language, and a pen that keeps its sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analysis.findings import Findings, entry_id
from analysis.population_findings import PopulationFindings
from analysis.results import Entry
from reports.document import Figure, plain
from reports.labels import Labels
from reports.numbers import Numbers, Style
from surveys.quality.population import PopulationQuality


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """The findings as told in one language.

    ``figures`` holds the pictures drawn beforehand, by key; a chapter places those that are there.
    ``quality`` is what was seen of the answers' quality; without it that chapter is left out.
    """

    findings: Findings
    numbers: Numbers
    figures: Mapping[str, Figure] = field(default_factory=dict)
    quality: tuple[PopulationQuality, ...] = ()

    @property
    def language(self) -> str:
        return self.numbers.language

    def labels(self, population: str) -> Labels:
        """Names of one population's items and constructs."""
        questionnaire = self.findings.study.populations[population].questionnaire
        return Labels(questionnaire=questionnaire, language=self.language)

    def say(self, words: Mapping[str, str], **values: str) -> str:
        """The wording of this language with its blanks filled."""
        return words[self.language].format(**values)

    def name(self, population: str, variable: str, *, short: bool = True) -> str:
        """What a variable is called, safe to stand in marked-up text."""
        return plain(self.labels(population).name(variable, short=short))

    def quoted(self, population: str, variable: str) -> str:
        """Inside a sentence: the name of a construct, the wording of an item in quotation marks.

        The full stop of an item's wording is left out, as the sentence goes on.
        """
        name = self.name(population, variable)
        questionnaire = self.findings.study.populations[population].questionnaire
        if questionnaire.has_construct(variable):
            return name
        return f"“{name if name.endswith('..') else name.rstrip('.。')}”"

    def title(self, population: str) -> str:
        """What a population is called."""
        return plain(self.findings.study.populations[population].title[self.language])

    def cite(
        self,
        scope: str,
        entry: Entry,
        what: str,
        style: Style | None = None,
        digits: int | None = None,
    ) -> str:
        """Write a number of an entry; its address is recorded."""
        return self.numbers.cite(entry_id(scope, entry), entry, what, style=style, digits=digits)

    def listed(self, scope: str, entry: Entry) -> Entry:
        """The entry as the results list it, adjusted p-values included."""
        return self.findings.catalogue.get(entry_id(scope, entry), ("", entry))[1]

    def figures_named(self, key: str) -> tuple[Figure, ...]:
        """The picture of that key, or its parts in their order where it was split."""
        parts = [name for name in self.figures if name == key or name.removeprefix(key).isdigit()]
        return tuple(self.figures[name] for name in parts if name.startswith(key))

    def populations(self) -> tuple[PopulationFindings, ...]:
        return tuple(self.findings.populations.values())


def pick(entries: tuple[Entry, ...], measure: str, **about: str) -> Entry:
    """The one entry of a measure about something."""
    for entry in entries:
        if entry.measure == measure and all(entry.about.get(key) == value for key, value in about.items()):
            return entry
    raise KeyError(f"no {measure} about {about}")

"""How far the answers can be trusted: checks, their agreement, and what speaks for made-up answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.chapters.quality_words import CHECKS, HONEST, INDICATORS, WORDS
from reports.chapters.sample import rule_name
from reports.document import Block, Callout, Column, Group, Heading, Prose, Table, plain
from reports.numbers import Numbers
from reports.sentences import listed
from surveys.quality.population import PopulationQuality
from surveys.quality.report import Agreement, QualityReport
from surveys.quality.traffic import MixAgainstFrame

MOST_PAIRS = 15  #: pairs of rules whose agreement is printed


def quality_chapter(
    populations: tuple[PopulationQuality, ...], numbers: Numbers, *, minimum_cell: int = 5
) -> Iterator[Block]:
    """Blocks of the chapter, in the language of ``numbers``.

    Parameters
    ----------
    populations : tuple of PopulationQuality
    numbers : Numbers
    minimum_cell : int
        Counts of provinces or devices below this are not told.
    """
    language = numbers.language
    yield Heading(text=WORDS["title"][language], key="quality")
    yield Callout(title=WORDS["warning_title"][language], text=WORDS["warning"][language], kind="note")
    for found in populations:
        told = _Told(found, numbers, minimum_cell)
        yield Heading(text=plain(found.title[language]), level=2)
        yield from told.consent()
        yield told.checks()
        yield from told.differences()
        yield from told.agreement()
        yield from told.mixes()
        yield from told.forensics()
        yield from told.privacy()


@dataclass(frozen=True, slots=True)
class _Told:
    """One population in one language."""

    found: PopulationQuality
    numbers: Numbers
    minimum: int

    @property
    def report(self) -> QualityReport:
        return self.found.report

    def say(self, key: str, **values: str) -> str:
        return WORDS[key][self.numbers.language].format(**values)

    def known_as(self, column: str) -> str:
        """The wording of an item, in quotation marks."""
        words = self.found.wordings.get(column)
        return f"“{words[self.numbers.language]}”" if words else column

    def key(self, name: str) -> str:
        return f"{self.report.population}.quality.{name}"

    def columns(self, *names: str) -> tuple[Column, ...]:
        left = ("check", "rule", "first", "second", "category", "indicator", "construct")
        return tuple(
            Column(id=name, label=self.say(f"c_{name}"), align="left" if name in left else "right")
            for name in names
        )

    def named(self, name: str) -> str:
        language = self.numbers.language
        if name.startswith("rule."):
            return self.say("declared", name=rule_name(name.removeprefix("rule."), language))
        return CHECKS[name][language] if name in CHECKS else name

    def consent(self) -> Iterator[Block]:
        count = self.numbers.count
        yield Prose(
            self.say(
                "consent",
                read=count(self.report.responses.n),
                refused=count(self.report.n_without_consent),
                consenting=count(self.report.n_consenting),
            )
        )
        if self.found.purpose is not None:
            yield Prose(self.say("purpose", purpose=plain(self.found.purpose[self.numbers.language])))

    def checks(self) -> Table:
        counts = self.report.counts()
        rows: list[tuple[str, ...]] = []
        groups, notes, last = [], [self.say("checks_note")], ""
        for row in counts:
            if row.state != "ok":
                continue
            if row.family != last:
                groups.append(Group(label=self.say(f"family_{row.family}"), start=len(rows)))
                last = row.family
            rows.append(
                (
                    self.named(row.check),
                    self.numbers.number(row.limit),
                    *(
                        self.numbers.count(n)
                        for n in (row.n_judged, row.n_flagged, row.n_only_this, row.n_with, row.n_without)
                    ),
                )
            )
        absent = [self.named(row.check) for row in counts if row.state != "ok"]
        if absent:
            notes.append(
                self.say(
                    "absent", names=plain(("；" if self.numbers.language == "zh" else "; ").join(absent))
                )
            )
        return Table(
            key=self.key("checks"),
            caption=self.say("checks_caption"),
            columns=self.columns("check", "limit", "judged", "flagged", "only", "with", "without"),
            rows=tuple(rows),
            groups=tuple(groups),
            notes=tuple(notes),
        )

    def differences(self) -> Iterator[Block]:
        found = self.report.rule_differences()
        if not found:
            return
        language, questionnaire = self.numbers.language, self.report.responses.questionnaire
        yield Table(
            key=self.key("rules"),
            caption=self.say("rules_caption"),
            columns=self.columns("rule", "with", "without", "construct", "shift"),
            rows=tuple(
                (
                    rule_name(rule.rule, language),
                    self.numbers.count(rule.n_with),
                    self.numbers.count(rule.n_without),
                    questionnaire.label(rule.construct, language) if rule.construct else "–",
                    self.numbers.number(rule.shift, 3),
                )
                for rule in found
            ),
            notes=(self.say("rules_note"),),
        )

    def agreement(self) -> Iterator[Block]:
        pairs = [pair for pair in self.report.agreement() if pair.phi is not None]
        if not pairs:
            return

        def strength(pair: Agreement) -> float:
            return -abs(pair.phi or 0.0)

        shown = sorted(pairs, key=strength)[:MOST_PAIRS]
        yield Table(
            key=self.key("agreement"),
            caption=self.say("agreement_caption"),
            columns=self.columns("first", "second", "both", "phi", "jaccard"),
            rows=tuple(
                (
                    self.named(pair.first),
                    self.named(pair.second),
                    self.numbers.count(pair.n_both),
                    self.numbers.bounded(pair.phi),
                    self.numbers.bounded(pair.jaccard),
                )
                for pair in shown
            ),
            notes=(self.say("agreement_note", shown=str(len(shown)), all=str(len(pairs))),),
        )

    def mixes(self) -> Iterator[Block]:
        for mix in self.report.mixes:
            if mix.table.empty:
                yield Prose(self.say("mix_absent", column=plain(mix.column)))
                continue
            yield self._mix(mix)

    def _mix(self, mix: MixAgainstFrame) -> Table:
        rows = []
        names = ("category", "n", "share", "frame", "residual")
        for category, n, share, frame, residual in zip(*(mix.table[x].tolist() for x in names), strict=True):
            small = 0 < n < self.minimum
            rows.append(
                (
                    category if category != "other" else self.say("other"),
                    f"< {self.minimum}" if small else self.numbers.count(n),
                    "–" if small else self.numbers.percent(share),
                    self.numbers.percent(frame),
                    "–" if small else self.numbers.number(residual),
                )
            )
        test = self.say("mix_untested", reason=plain(mix.reason))
        if mix.p_value is not None:
            test = self.say(
                "mix_test",
                statistic=self.numbers.number(mix.statistic),
                df=str(mix.df),
                p=self.numbers.p_value(mix.p_value, relation=True),
            )
        return Table(
            key=self.key(f"mix.{mix.column}"),
            caption=self.say("mix_caption", column=plain(mix.column)),
            columns=self.columns("category", "n", "share", "frame", "residual"),
            rows=tuple(rows),
            notes=(test, self.say("mix_note")),
        )

    def forensics(self) -> Iterator[Block]:
        found, language = self.found.forensics, self.numbers.language
        if found is None:
            return
        yield Heading(text=self.say("forensics"), level=3)
        if found.state != "ok":
            yield Prose(self.say("forensics_absent", reason=plain(found.reason)))
            return
        yield Prose(
            self.say("forensics_intro", draws=str(found.draws), populations=str(len(found.populations)))
        )
        for label in ("answers", "all"):
            evidence = found.combined[label]
            yield Prose(
                self.say(
                    f"combined_{label}",
                    p=self.numbers.p_value(evidence.p_value, relation=True),
                    verdict=self.say("surprising" if evidence.p_value <= 0.05 else "ordinary"),
                )
            )
        shown = [e for e in found.indicators if e.state == "ok"]
        yield Table(
            key=self.key("forensics"),
            caption=self.say("forensics_caption"),
            columns=(
                Column(id="indicator", label=self.say("c_indicator"), align="left"),
                Column(id="p", label=self.say("c_p")),
                *(Column(id=name, label=HONEST[name][language]) for name in found.populations),
            ),
            rows=tuple(
                (
                    INDICATORS[e.name][language],
                    self.numbers.p_value(e.p_value),
                    *(self.numbers.p_value(e.by_population[name]) for name in found.populations),
                )
                for e in shown
            ),
            notes=(self.say("forensics_note"),),
        )
        if found.respondents is not None:
            yield Prose(
                self.say(
                    "respondents",
                    flagged=self.numbers.count(int(found.respondents.flagged.sum())),
                    expected=self.numbers.count(found.respondents.expected),
                    rate=self.numbers.percent(found.respondents.rate, 0),
                )
            )
        yield Callout(title=self.say("no_verdict_title"), text=self.say("no_verdict"), kind="warning")

    def privacy(self) -> Iterator[Block]:
        found = self.found
        if found.anonymity is None and not found.identifiers:
            return
        yield Heading(text=self.say("privacy"), level=3)
        if found.identifiers:
            n = sum(identifier.count for identifier in found.identifiers)
            yield Prose(self.say("identifiers", n=self.numbers.count(n)))
        if found.anonymity is not None:
            anonymity, language = found.anonymity, self.numbers.language
            yield Prose(
                self.say(
                    "anonymity",
                    columns=listed([plain(self.known_as(name)) for name in anonymity.columns], language),
                    k=self.numbers.count(anonymity.k),
                    unique=self.numbers.count(anonymity.n_unique),
                    below=self.numbers.count(anonymity.n_below),
                    minimum=str(anonymity.minimum),
                )
            )

"""A plan as a document in two languages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from analysis.hypotheses import Outcome
from analysis.planning.fieldwork import Fieldwork
from analysis.planning.quotas import Quotas
from analysis.planning.simulation import Share, SimulatedPower
from analysis.planning.study_plan import PlannedHypothesis, PlannedTest, StudyPlan
from analysis.planning.truth import LARGE
from analysis.questions import MINIMUM_N
from analysis.results import Interval
from reports.document import (
    Block,
    Callout,
    Cell,
    Column,
    Document,
    Figure,
    Heading,
    Prose,
    Spanner,
    Table,
    plain,
    text_width,
)
from reports.gallery import effect_label
from reports.labels import Labels
from reports.numbers import ABSENT, Numbers
from reports.plan_files import option_label
from reports.plan_words import WORDS
from reports.sentences import listed

WIDE = 18.0  #: ems of the column of tests, so that the others stay together
LONGEST = 34.0  #: ems of a test's name
OUTCOMES: tuple[Outcome, ...] = ("supported", "cannot_tell", "not_supported", "contradicted")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanTelling:
    """A plan told in one language."""

    plan: StudyPlan
    language: str
    figures: Sequence[Figure] = field(default_factory=tuple)

    @property
    def numbers(self) -> Numbers:
        return Numbers(language=self.language)

    def say(self, word: str, **values: str) -> str:
        return WORDS[word][self.language].format(**values)

    def labels(self, population: str) -> Labels:
        questionnaire = self.plan.study.populations[population].questionnaire
        return Labels(questionnaire=questionnaire, language=self.language)

    def title(self, population: str) -> str:
        return self.plan.study.populations[population].title[self.language]

    def test_name(self, test: PlannedTest) -> str:
        """Id and number of a test: ``H4 (2)``."""
        planned = next(p for p in self.plan.hypotheses if p.hypothesis.id == test.hypothesis)
        return test.hypothesis + (f" ({test.position + 1})" if len(planned.tests) > 1 else "")

    def count(self, n: float | None) -> str:
        return ABSENT if n is None else self.numbers.count(n)


def plan_document(plan: StudyPlan, language: str, figures: Sequence[Figure] = ()) -> Document:
    """Premises, fieldwork, power by formula and by simulation, quotas, methods.

    Parameters
    ----------
    plan : StudyPlan
    language : {"en", "zh"}
    figures : sequence of Figure
        Power curves drawn beforehand.
    """
    telling = PlanTelling(plan=plan, language=language, figures=figures)
    notice = None
    if plan.synthetic:
        notice = Callout(title=telling.say("notice_title"), text=telling.say("notice"), kind="warning")
    return Document(
        title=plan.study.title[language],
        subtitle=telling.say("subtitle"),
        language=language,
        authors=plan.study.authors,
        notice=notice,
        blocks=(
            *_premises(telling),
            *_fieldwork(telling),
            *_power(telling),
            *_quotas(telling),
            *_methods(telling),
        ),
        contents=False,
    )


def _premises(telling: PlanTelling) -> Iterator[Block]:
    plan, numbers = telling.plan, telling.numbers
    yield Heading(text=telling.say("premises"), key="premises")
    alpha = numbers.percent(1 - plan.study.confidence_level, 0)
    if plan.family:
        yield Prose(
            telling.say(
                "premise_level",
                power=numbers.percent(plan.choices.power, 0),
                family=numbers.count(plan.family),
                alpha=alpha,
            )
        )
    yield Prose(telling.say("premise_several") + " " + telling.say("premise_minimum", minimum=str(MINIMUM_N)))
    source = (
        telling.say("premise_convention")
        if plan.model is None
        else telling.say("premise_population_file", model=plain(plan.model.title[telling.language]))
    )
    if plan.choices.effects:
        told = [f"{id_} = {numbers.number(value)}" for id_, value in plan.choices.effects.items()]
        source += " " + telling.say("premise_given", effects=plain(listed(told, telling.language)))
    yield Prose(source)
    if plan.simulated is not None:
        half = Share(count=plan.simulated.samples // 2, samples=plan.simulated.samples)
        yield Prose(
            telling.say(
                "premise_simulation",
                samples=numbers.count(plan.simulated.samples),
                seed=str(plan.simulated.seed),
                error=numbers.percent(half.std_error),
            )
        )


def _fieldwork(telling: PlanTelling) -> Iterator[Block]:
    work = telling.plan.fieldwork
    numbers, count = telling.numbers, telling.count
    yield Heading(text=telling.say("fieldwork"), key="fieldwork")
    columns = [Column(id="population", label=telling.say("population"), align="left")]
    names = ("branches", "answers", "aside", "analysed", "invitations")
    columns += [Column(id=f"planned_{name}", label=telling.say(name)) for name in names]
    columns += [
        Column(id=f"needed_{name}", label=telling.say(name))
        for name in ("analysed", "answers", "invitations")
    ]
    columns.append(Column(id="decided", label=telling.say("decided"), align="left"))
    yield Table(
        key="fieldwork",
        caption=telling.say("fieldwork_caption"),
        columns=tuple(columns),
        spanners=(
            Spanner(label=telling.say("planned_over"), first="planned_branches", last="planned_invitations"),
            Spanner(label=telling.say("needed_over"), first="needed_analysed", last="needed_invitations"),
        ),
        rows=tuple(
            (
                telling.title(row.population),
                count(row.branches),
                count(row.answers),
                numbers.percent(row.set_aside),
                count(row.analysed),
                count(row.invitations),
                count(row.needed_analysed),
                count(row.needed_answers),
                count(row.needed_invitations),
                row.decided_by or ABSENT,
            )
            for row in work
        ),
        notes=tuple(_fieldwork_notes(telling, work)),
    )


def _fieldwork_notes(telling: PlanTelling, work: Sequence[Fieldwork]) -> Iterator[str]:
    yield telling.say("decided_note")
    for row in work:
        if row.response_rate is not None:
            rate = telling.numbers.percent(row.response_rate)
            yield telling.say("rate", population=plain(telling.title(row.population)), rate=rate)
    for word, lacking in (
        ("no_rate", [row for row in work if row.response_rate is None]),
        ("no_aside", [row for row in work if row.set_aside is None]),
    ):
        if lacking:
            names = listed([telling.title(row.population) for row in lacking], telling.language)
            yield telling.say(word, populations=plain(names))


def _power(telling: PlanTelling) -> Iterator[Block]:
    plan = telling.plan
    if not plan.hypotheses:
        return
    yield Heading(text=telling.say("power"), key="power")
    yield _needs(telling)
    yield from telling.figures
    if plan.simulated is not None:
        yield _verdicts(telling, plan.simulated)
        yield _widths(telling, plan.simulated)


def _needs(telling: PlanTelling) -> Table:
    numbers, tests = telling.numbers, telling.plan.tests
    level = Interval(low=0, high=0, confidence_level=telling.plan.study.confidence_level)
    labels = [
        ("id", "left", telling.say("id")),
        ("what", "left", telling.say("what")),
        ("smallest", "right", telling.say("smallest")),
        ("expected", "right", telling.say("expected")),
        ("deff", "right", telling.say("deff")),
        ("needed", "right", telling.say("needed")),
        ("planned", "right", telling.say("planned")),
        ("power", "right", telling.say("power_column")),
        ("half", "right", telling.say("half", level=numbers.level(level))),
    ]
    return Table(
        key="needs",
        caption=telling.say("needs_caption"),
        columns=tuple(
            Column(id=id_, align=align, label=label, width=WIDE if id_ == "what" else None)  # type: ignore[arg-type]
            for id_, align, label in labels
        ),
        rows=tuple(
            (
                telling.test_name(test),
                _short(effect_label(test.test, telling.labels(test.test.population)))
                + f" ({telling.title(test.test.population)})",
                numbers.number(test.test.smallest_effect),
                ABSENT if test.expected is None else numbers.number(test.expected),
                numbers.number(test.design_effect),
                telling.count(test.n_needed),
                telling.count(test.n_planned or None),
                ABSENT if test.power is None else numbers.percent(test.power),
                ABSENT if test.half_width is None else numbers.number(test.half_width, 3),
            )
            for test in tests
        ),
        notes=(telling.say("needs_note"), *_chance_note(telling, tests), *_state_notes(telling, tests)),
    )


def _chance_note(telling: PlanTelling, tests: Sequence[PlannedTest]) -> Iterator[str]:
    errors = [test.expected_std_error for test in tests if test.expected_std_error is not None]
    if errors:
        yield telling.say("chance_note", error=telling.numbers.number(max(errors), 3))


def _short(text: str) -> str:
    """At most two lines of a column; items are named by whole questions."""
    if text_width(text) <= LONGEST:
        return text
    while text_width(text) > LONGEST:
        text = text[:-1]
    return text.rstrip(" ，、：；,:;.+–→") + "…"


def _state_notes(telling: PlanTelling, tests: Sequence[PlannedTest]) -> Iterator[str]:
    for word, state in (
        ("only_note", "by_simulation_only"),
        ("inadmissible_note", "inadmissible"),
        ("too_few_note", "too_few"),
    ):
        named = [telling.test_name(test) for test in tests if test.state == state]
        if named:
            yield telling.say(word, tests=plain(listed(named, telling.language)))
    given = [telling.test_name(test) for test in tests if test.source == "given"]
    if given:
        yield telling.say("given_note", tests=plain(listed(given, telling.language)))


def _verdicts(telling: PlanTelling, simulated: SimulatedPower) -> Table:
    numbers = telling.numbers
    columns = [
        Column(id="id", label=telling.say("id"), align="left"),
        Column(id="formula", label=telling.say("formula")),
    ]
    columns += [Column(id=word, label=telling.say(word)) for word in OUTCOMES]
    columns.insert(3, Column(id="error", label=telling.say("error")))

    def row(planned: PlannedHypothesis) -> tuple[str | Cell, ...]:
        outcomes = simulated.outcomes[planned.hypothesis.id]
        shares = [outcomes.get(word, Share(count=0, samples=simulated.samples)) for word in OUTCOMES]
        tag = "" if planned.hypothesis.confirmatory else f" ({telling.say('exploratory')})"
        low, high = planned.power_at_least, planned.power_at_most
        formula = ABSENT
        if low is not None and high is not None:
            ends = [numbers.percent(low), numbers.percent(high)]
            formula = ends[0] if ends[0] == ends[1] else f"{ends[0]}–{ends[1]}"
        written = [numbers.percent(share.estimate) for share in shares]
        return (
            f"{planned.hypothesis.id}{tag}",
            formula,
            written[0],
            numbers.percent(shares[0].std_error),
            *written[1:],
        )

    return Table(
        key="verdicts",
        caption=telling.say("verdicts_caption", samples=numbers.count(simulated.samples)),
        columns=tuple(columns),
        rows=tuple(row(planned) for planned in telling.plan.hypotheses),
        notes=(telling.say("verdicts_note"),),
    )


def _widths(telling: PlanTelling, simulated: SimulatedPower) -> Table:
    numbers = telling.numbers
    columns = [Column(id="id", label=telling.say("id"), align="left")]
    for over in ("beyond", "width"):
        columns += [Column(id=f"{over}_{of}", label=telling.say(of)) for of in ("formula", "simulated")]
    columns.insert(3, Column(id="error", label=telling.say("error")))

    def row(test: PlannedTest) -> tuple[str, ...]:
        found = simulated.tests[test.hypothesis, test.position]
        return (
            telling.test_name(test),
            ABSENT if test.power is None else numbers.percent(test.power),
            numbers.percent(found.beyond.estimate),
            numbers.percent(found.beyond.std_error),
            ABSENT if test.half_width is None else numbers.number(test.half_width, 3),
            ABSENT if found.half_width is None else numbers.number(found.half_width, 3),
        )

    return Table(
        key="widths",
        caption=telling.say("widths_caption"),
        columns=tuple(columns),
        spanners=(
            Spanner(label=telling.say("beyond"), first="beyond_formula", last="error"),
            Spanner(label=telling.say("width"), first="width_formula", last="width_simulated"),
        ),
        rows=tuple(row(test) for test in telling.plan.tests),
    )


def _quotas(telling: PlanTelling) -> Iterator[Block]:
    if not telling.plan.quotas:
        return
    yield Heading(text=telling.say("quotas"), key="quotas")
    for sheet in telling.plan.quotas:
        if not sheet.tiers and not sheet.cells:
            yield Prose(telling.say("no_quotas", population=plain(telling.title(sheet.population))))
            continue
        if sheet.tiers:
            yield _tiers(telling, sheet)
        cluster = telling.plan.study.populations[sheet.population].cluster
        for item in dict.fromkeys(cell.item for cell in sheet.cells):
            if item == cluster:
                yield _branches(telling, sheet, item)
            else:
                yield _cells(telling, sheet, item)


def _tiers(telling: PlanTelling, sheet: Quotas) -> Table:
    labels, numbers = telling.labels(sheet.population), telling.numbers
    needed: dict[str, int] = {}
    for test in telling.plan.tests:
        if test.test.population == sheet.population:
            for tier, n in test.needed_per_tier.items():
                needed[tier] = max(n, needed.get(tier, 0))
    notes = [_weights_note(telling, sheet)]
    if needed:
        notes.append(telling.say("needed_tier_note"))
    group = labels.name(sheet.group or "")
    words = ("tier", "share", "quota", "weight", "per_tier_needed")
    return Table(
        key=f"quotas_{sheet.population}",
        caption=telling.say(
            "tiers_caption", group=plain(group), population=plain(telling.title(sheet.population))
        ),
        columns=tuple(
            Column(id=word, label=telling.say(word), align="left" if word == "tier" else "right")
            for word in words
        ),
        rows=tuple(
            (
                option_label(labels, sheet.group, tier.tier) or tier.tier,
                numbers.percent(tier.share),
                numbers.count(tier.n),
                numbers.number(tier.weight, 3),
                telling.count(needed.get(tier.tier)),
            )
            for tier in sheet.tiers
        ),
        notes=tuple(notes),
    )


def _weights_note(telling: PlanTelling, sheet: Quotas) -> str:
    numbers, labels = telling.numbers, telling.labels(sheet.population)
    least = numbers.count(telling.plan.choices.least_per_tier)
    if sheet.state != "ok":
        reason = telling.say(
            "least_reason", n=numbers.count(sheet.n), least=least, tiers=str(len(sheet.tiers))
        )
        return telling.say("equal_tiers", reason=reason)
    if not sheet.oversampled:
        return telling.say("proportional")
    names = [option_label(labels, sheet.group, tier) or tier for tier in sheet.oversampled]
    return telling.say(
        "oversampled",
        tiers=plain(listed(names, telling.language)),
        least=least,
        deff=numbers.number(sheet.design_effect),
        effective=numbers.count(sheet.effective_n),
    )


def _cells(telling: PlanTelling, sheet: Quotas, item: str) -> Table:
    labels, numbers = telling.labels(sheet.population), telling.numbers
    cells = [cell for cell in sheet.cells if cell.item == item]
    tiers = list(dict.fromkeys(cell.tier for cell in cells))
    by_category: dict[str, dict[str, int]] = {}
    for cell in cells:
        by_category.setdefault(cell.category, {})[cell.tier] = cell.n
    shares = {cell.category: cell.share for cell in cells}
    flat = tiers == [""]
    columns = [
        Column(id="category", label=telling.say("category"), align="left"),
        Column(id="share", label=telling.say("share")),
    ]
    if not flat:
        columns += [
            Column(id=f"tier{tier}", label=plain(option_label(labels, sheet.group, tier) or tier))
            for tier in tiers
        ]
    columns.append(Column(id="all", label=telling.say("all")))
    rows = []
    for category, counts in by_category.items():
        within = [] if flat else [numbers.count(counts[tier]) for tier in tiers]
        name = option_label(labels, item, category) or category
        total = numbers.count(sum(counts.values()))
        rows.append((name, numbers.percent(shares[category]), *within, total))
    values = {"item": plain(labels.name(item)), "population": plain(telling.title(sheet.population))}
    return Table(
        key=f"quotas_{sheet.population}_{item}",
        caption=telling.say("cells_caption_flat" if flat else "cells_caption", **values),
        columns=tuple(columns),
        rows=tuple(rows),
        notes=() if flat else (telling.say("cells_note"),),
    )


def _branches(telling: PlanTelling, sheet: Quotas, item: str) -> Prose:
    cell = next(cell for cell in sheet.cells if cell.item == item)
    return Prose(
        telling.say(
            "branch_prose",
            population=plain(telling.title(sheet.population)),
            branches=telling.numbers.count(round(1 / cell.share)),
            each=telling.numbers.count(cell.n),
        )
    )


def _methods(telling: PlanTelling) -> Iterator[Block]:
    yield Heading(text=telling.say("methods"), key="methods")
    if telling.plan.model is not None:
        yield Prose(telling.say("method_scaled", large=telling.numbers.count(LARGE)))
    else:
        yield Prose(telling.say("method_textbook"))
    yield Prose(telling.say("method_limits"))

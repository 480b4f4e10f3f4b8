"""Answer scales of a draft: codes of the source, shared where options agree, order from wordings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from surveys.drafts.form import FormOption, FormQuestion
from surveys.forms.asking import unused_name
from surveys.questionnaire import ItemKind, Option, Scale, Text

_DEGREES = re.compile(
    r"agree|satisf|important|likely|often|always|never|rarely|sometimes|seldom|\bgood\b|\bpoor\b|excellent|"
    r"familiar|满意|同意|符合|重要|可能|经常|从不|总是|偶尔|很少|很好|较好|一般|认同|了解|频繁|赞成",
    re.IGNORECASE,
)
_SPANS = re.compile(
    r"\d\s*[-–~～至到]\s*\d|\bunder\b|\bover\b|or (?:more|less|older|above)|less than|more than|"
    r"以下|以上|不足|不满|及以",
    re.IGNORECASE,
)
#: Whole labels that give no answer. Coded as one more step they would count as the strongest one.
_NO_ANSWER = re.compile(
    r"(?:i )?(?:do not|don['’]?t|cannot|can['’]?t) (?:know|say|tell|judge)|"
    r"(?:prefer|rather) not to (?:say|answer)|"
    r"not sure|not applicable|n/?a|no answer|no opinion|refused?|"
    r"说不清楚?|不清楚|不知道|不了解|不确定|不好说|难以?说|"
    r"不愿(?:意)?(?:透露|回答)|不便(?:透露|回答)|"
    r"拒绝回答|拒答|不适用|无法(?:回答|判断)",
    re.IGNORECASE,
)
_PREFIXED = re.compile(r"([A-Za-z]+)(\d{1,6})")
_WHOLE = re.compile(r"-?\d{1,9}")


@dataclass(slots=True)
class Scales:
    """The scales drafted so far."""

    found: dict[str, Scale] = field(default_factory=dict)
    remarks: dict[str, tuple[str, ...]] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    def scale_of(
        self,
        question: FormQuestion,
        labelled: Sequence[tuple[FormOption, Text]],
        id_: str,
        kind: ItemKind,
    ) -> tuple[Scale, Mapping[str, int]]:
        """The scale of a question, and its codes by those of the source."""
        codes, why = codes_of(question, labelled)
        unsaid: tuple[str, ...] = ()
        if kind == "single" and not any(option.missing for option, _ in labelled):
            labelled, unsaid = _without_no_answers(labelled)
        told = _options(labelled, codes)
        answers = tuple(told[option.code] for option, _ in labelled if not option.missing)
        missing = tuple(told[option.code] for option, _ in labelled if option.missing)
        several = kind in ("multiple", "ranking")
        numeric = not several and _is_numeric(answers)
        if numeric:
            answers = tuple(
                Option(code=option.code, label=option.label, aliases=(str(option.code),))
                for option in answers
            )
        ordered, interval, guess = (False, False, "") if several else _order(question, answers, numeric)
        wanted = Scale(id="", options=answers, ordered=ordered, interval=interval, missing_codes=missing)
        for scale in self.found.values():
            if _same(scale, wanted):
                return scale, codes
        lead = question.list_name.removesuffix("__options") or f"{id_.lower()}_scale"
        plain = re.sub(r"[^A-Za-z0-9_]+", "_", lead).strip("_")
        name = unused_name(plain if plain[:1].isalpha() else f"scale_{plain}".rstrip("_"), self.taken)
        self.found[name] = Scale(
            id=name, options=answers, ordered=ordered, interval=interval, missing_codes=missing
        )
        doubt = f"Taken for no answer because of the wording; check: {', '.join(unsaid)}." if unsaid else ""
        self.remarks[name] = tuple(words for words in (guess, doubt, why) if words)
        return self.found[name], codes


def _without_no_answers(
    labelled: Sequence[tuple[FormOption, Text]],
) -> tuple[list[tuple[FormOption, Text]], tuple[str, ...]]:
    """Options whose wording gives no answer become missing, if two others remain."""
    found = [
        option
        for option, label in labelled
        if not option.other and any(_NO_ANSWER.fullmatch(words.strip(" .。")) for words in label.values())
    ]
    if not found or len(labelled) - len(found) < 2:
        return list(labelled), ()
    told = [(replace(option, missing=option.missing or option in found), label) for option, label in labelled]
    return told, tuple(next(iter(label.values())) for option, label in labelled if option in found)


def _same(scale: Scale, wanted: Scale) -> bool:
    parts = ("options", "ordered", "interval", "missing_codes")
    return all(getattr(scale, part) == getattr(wanted, part) for part in parts)


def _options(labelled: Sequence[tuple[FormOption, Text]], codes: Mapping[str, int]) -> dict[str, Option]:
    found = {}
    for option, label in labelled:
        code = codes[option.code]
        # a number would be read as the code of another option
        spelt = option.code.strip() and not _WHOLE.fullmatch(option.code) and not option.other
        aliases = (option.code,) if spelt and option.code not in label.values() else ()
        found[option.code] = Option(code=code, label=label, aliases=aliases)
    return found


def codes_of(
    question: FormQuestion, labelled: Sequence[tuple[FormOption, Text]]
) -> tuple[dict[str, int], str]:
    """A whole number for every code of the source, and a remark where it is not the source's own."""
    codes = [option.code for option, _ in labelled]
    own = [code for code, (option, _) in zip(codes, labelled, strict=True) if not option.other]
    numbers = {code: int(code) for code in codes if _WHOLE.fullmatch(code)}
    if len(set(numbers.values())) == len(numbers) and set(own) <= set(numbers):
        told = _with_others(codes, numbers)
        points = _points(labelled)
        if points is not None and question.list_name == "" and points != [told[code] for code in codes]:
            return dict(zip(codes, points, strict=True)), (
                "Codes are the numbers in the labels; the source counts its options from "
                f"{told[codes[0]]}, and so may its download by number."
            )
        return told, ""
    matches = [_PREFIXED.fullmatch(code) for code in own]
    if own and all(matches) and len({match[1] for match in matches if match}) == 1:
        parsed = {code: int(match[2]) for code, match in zip(own, matches, strict=True) if match}
        if {match[1] for match in matches if match} == {"n"}:
            parsed = {code: -number for code, number in parsed.items()}
        if len(set(parsed.values())) == len(parsed):
            return _with_others(codes, parsed), ""
    mixed = {code: _signed(code) for code in own}
    if (
        own
        and all(number is not None for number in mixed.values())
        and len(set(mixed.values())) == len(mixed)
    ):
        return _with_others(codes, {code: number for code, number in mixed.items() if number is not None}), ""
    return {code: at for at, code in enumerate(codes, start=1)}, (
        "The source's codes are no whole numbers; they are aliases here, and the options are numbered."
    )


def _signed(code: str) -> int | None:
    """``n1`` is -1, as a code that allows no sign is written."""
    if re.fullmatch(r"n\d{1,6}", code):
        return -int(code[1:])
    return int(code) if _WHOLE.fullmatch(code) else None


def _with_others(codes: Sequence[str], numbers: Mapping[str, int]) -> dict[str, int]:
    """Codes without a number, such as ``-oth-``, behind the highest."""
    told = dict(numbers)
    for code in codes:
        if code not in told:
            told[code] = max(told.values(), default=0) + 1
    return told


def _points(labelled: Sequence[tuple[FormOption, Text]]) -> list[int] | None:
    """The numbers that the labels count, such as 0 to 10, if that is what they do."""
    found = []
    for option, label in labelled:
        if option.missing:
            return None
        words = next(iter(label.values()))
        match = re.fullmatch(r"(-?\d{1,4})(?:\s+\S.*)?", words)
        if match is None:
            return None
        found.append(int(match[1]))
    inner = [next(iter(label.values())) for _, label in labelled][1:-1]
    counts = found == list(range(found[0], found[0] + len(found))) if found else False
    return found if counts and len(found) > 2 and all(word.lstrip("-").isdigit() for word in inner) else None


def _is_numeric(options: Sequence[Option]) -> bool:
    """Whether the labels are the codes; the two ends may say what they mean behind theirs."""
    codes = [option.code for option in options]
    if len(codes) < 3 or codes != list(range(codes[0], codes[0] + len(codes))):
        return False
    if any(option.aliases for option in options):
        return False
    for at, option in enumerate(options):
        for word in option.label.values():
            end = at in (0, len(options) - 1) and word.startswith(f"{option.code} ")
            if word != str(option.code) and not end:
                return False
    return True


def _order(question: FormQuestion, options: Sequence[Option], numeric: bool) -> tuple[bool, bool, str]:
    """Whether a scale runs from low to high and has equal steps, and a remark on the guess."""
    if numeric:
        return True, True, ""
    labels = [" ".join(option.label.values()) for option in options]
    degrees = sum(_DEGREES.search(label) is not None for label in labels)
    if question.ordered is not None:
        return question.ordered, question.ordered, ""
    if question.rows and len(options) > 2:
        return True, True, "Check the direction: options should run from low to high."
    if len(options) > 2 and degrees >= 2:
        return True, True, "Taken for steps of equal size because of its wordings; check order and direction."
    if len(options) > 2 and sum(_SPANS.search(label) is not None for label in labels) >= 2:
        return True, False, "Taken for ordered because of its wordings; check."
    return False, False, "Taken for options without an order; write `ordered: true` if they have one."

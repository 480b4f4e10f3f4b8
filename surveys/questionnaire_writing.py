"""A questionnaire as the YAML that people edit; ``load_questionnaire`` reads it back equal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from surveys.questionnaire import Construct, Item, Option, Questionnaire, Scale, Text

#: Remarks go by the id of an item, matrix, scale, section or construct; ``""`` is the file's head.
Remarks = Mapping[str, Sequence[str]]

_UNSAFE = re.compile("[\x00-\x1f\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_WORDS_OF_YAML = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null", "none"})
_WIDE = 110  #: characters after which a comment goes on in a new line


def questionnaire_yaml(questionnaire: Questionnaire, *, remarks: Remarks | None = None) -> str:
    """The text of a questionnaire file.

    Parameters
    ----------
    questionnaire : Questionnaire
        Items of one matrix must follow each other and share scale, source and routing, as a file
        can say no other.
    remarks : mapping of id to lines, optional
        Comments for whoever edits the file, each above what it is about.

    Returns
    -------
    str
        ``load_questionnaire`` gives an equal value for it.

    Raises
    ------
    ValueError
        If the questionnaire cannot be written as a file: naming the item and the reason.

    Examples
    --------
    >>> from surveys.questionnaire import Section
    >>> options = tuple(Option(code=code, label={"en": label}) for code, label in ((1, "Yes"), (2, "No")))
    >>> scale = Scale(id="yes_no", options=options)
    >>> item = Item(id="APP", kind="single", scale=scale, section="a", text={"en": "Do you use the app?"})
    >>> asked = Questionnaire(
    ...     id="tiny", title={"en": "Tiny"}, languages=("en",),
    ...     sections=(Section(id="a", title={"en": "A"}),),
    ...     scales={"yes_no": scale}, items=(item,),
    ... )
    >>> print(questionnaire_yaml(asked).splitlines()[-1].strip())
    - {id: APP, kind: single, scale: yes_no, text: {en: "Do you use the app?"}}
    """
    return "\n".join(_lines(questionnaire, remarks or {})) + "\n"


def _lines(questionnaire: Questionnaire, remarks: Remarks) -> Iterator[str]:
    yield from _comment(remarks.get("", ()), "")
    yield "tierstudy: questionnaire/1"
    yield f"id: {_word(questionnaire.id)}"
    yield f"title: {_text(questionnaire.title)}"
    yield f"languages: [{', '.join(questionnaire.languages)}]"
    if questionnaire.respondent_id != ("respondent",):
        yield f"respondent_id: {_list(questionnaire.respondent_id)}"
    if questionnaire.metadata:
        yield "metadata:"
        for role, headers in questionnaire.metadata.items():
            yield f"  {role}: {_list(headers)}"
    if questionnaire.ignored_columns:
        yield f"ignored_columns: {_list(questionnaire.ignored_columns)}"
    if questionnaire.references:
        yield "references:"
        for key, source in questionnaire.references.items():
            yield f"  {_word(key)}: {quoted(source)}"
    if questionnaire.scales:
        yield "scales:"
        for scale in questionnaire.scales.values():
            yield from _comment(remarks.get(scale.id, ()), "  ")
            yield from _scale(scale, questionnaire.languages)
    yield "sections:"
    for section in questionnaire.sections:
        yield from _comment(remarks.get(section.id, ()), "  ")
        yield f"  - id: {_word(section.id)}"
        yield f"    title: {_text(section.title)}"
        yield "    items:"
        items = [item for item in questionnaire.items if item.section == section.id]
        for matrix, rows in groupby(items, key=lambda item: item.matrix):
            if matrix is None:
                for item in rows:
                    yield from _comment(remarks.get(item.id, ()), "      ")
                    yield from _item(item)
            else:
                yield from _comment(remarks.get(matrix, ()), "      ")
                yield from _matrix(matrix, questionnaire.matrices[matrix], list(rows), remarks)
    if questionnaire.constructs:
        yield "constructs:"
        for construct in questionnaire.constructs:
            yield from _comment(remarks.get(construct.id, ()), "  ")
            yield from _construct(construct)


def _comment(lines: Iterable[str], indent: str) -> Iterator[str]:
    """``# `` before every line; a remark may hold anything, so it is cut into safe lines."""
    for line in lines:
        words = _UNSAFE.sub(" ", line).split()
        row = f"{indent}#"
        for word in words:
            if len(row) + len(word) >= _WIDE and row.strip() != "#":
                yield row
                row = f"{indent}#  "
            row += f" {word[:1000]}"
        yield row


def quoted(text: str) -> str:
    """A text between double quotes, as YAML reads it back.

    >>> quoted('say "yes"\\n')
    '"say \\\\"yes\\\\"\\\\n"'
    """
    plain = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return '"' + _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", plain) + '"'


def _word(name: str) -> str:
    """An id, which YAML must not take for something else, such as ``no``."""
    return name if _PLAIN.fullmatch(name) and name.casefold() not in _WORDS_OF_YAML else quoted(name)


def _text(text: Text) -> str:
    return "{" + ", ".join(f"{_word(language)}: {quoted(words)}" for language, words in text.items()) + "}"


def _list(texts: Iterable[str]) -> str:
    return "[" + ", ".join(_word(text) for text in texts) + "]"


def _number(value: float) -> str:
    if float(value).is_integer() and abs(value) < 1e15:
        return str(int(value))
    text = repr(float(value))
    # without a point YAML 1.1 reads 1e+20 as text
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _scale(scale: Scale, languages: Sequence[str]) -> Iterator[str]:
    yield f"  {_word(scale.id)}:"
    if not scale.ordered:
        yield "    ordered: false"
    if scale.interval != scale.ordered:
        yield f"    interval: {str(scale.interval).lower()}"
    numeric = _numeric(scale, languages)
    if numeric is not None:
        yield from numeric
    else:
        yield "    options:"
        for option in scale.options:
            yield f"      {option.code}: {_option(option)}"
    if scale.missing_codes:
        yield "    missing:"
        for option in scale.missing_codes:
            yield f"      {option.code}: {_option(option)}"


def _option(option: Option) -> str:
    words = _text(option.label)
    return f"{words[:-1]}, aliases: {_list(option.aliases)}}}" if option.aliases else words


def _numeric(scale: Scale, languages: Sequence[str]) -> list[str] | None:
    """``numeric`` and ``ends``, if the file's short form says the same as the options."""
    codes = scale.codes
    if len(codes) < 2 or len(codes) > 1001 or codes != tuple(range(codes[0], codes[-1] + 1)):
        return None
    if any(option.aliases != (str(option.code),) for option in scale.options):
        return None
    if any(list(option.label) != list(languages) for option in scale.options):
        return None
    if any(word != str(option.code) for option in scale.options[1:-1] for word in option.label.values()):
        return None
    lines = [f"    numeric: [{codes[0]}, {codes[-1]}]"]
    ends = (scale.options[0], scale.options[-1])
    if all(word == str(option.code) for option in ends for word in option.label.values()):
        return lines
    told = {}
    for name, option in zip(("low", "high"), ends, strict=True):
        lead = f"{option.code} "
        if not all(word.startswith(lead) and len(word) > len(lead) for word in option.label.values()):
            return None
        told[name] = {language: word.removeprefix(lead) for language, word in option.label.items()}
    return [*lines, f"    ends: {{low: {_text(told['low'])}, high: {_text(told['high'])}}}"]


def _facts(item: Item) -> Iterator[str]:
    """What a row of a matrix and an item of its own both say."""
    if item.reverse_keyed:
        yield "reverse_keyed: true"
    if item.required:
        yield "required: true"
    if item.attention is not None:
        yield f"attention: {item.attention}"


def _around(item: Item) -> Iterator[str]:
    """What a matrix says for all its rows."""
    if item.source != "respondent":
        yield f"source: {item.source}"
    if item.show_if is not None:
        yield f"show_if: {quoted(item.show_if)}"


def _item(item: Item) -> Iterator[str]:
    parts = [f"id: {_word(item.id)}", f"kind: {item.kind}"]
    if item.scale is not None:
        parts.append(f"scale: {_word(item.scale.id)}")
    parts += [*_facts(item), *_around(item)]
    if item.low is not None:
        parts.append(f"low: {_number(item.low)}")
    if item.high is not None:
        parts.append(f"high: {_number(item.high)}")
    if item.open_option is not None:
        parts.append(f"open_option: {item.open_option}")
    if item.identifying:
        parts.append("identifying: true")
    parts.append(f"text: {_text(item.text)}")
    yield "      - {" + ", ".join(parts) + "}"


def _matrix(matrix: str, stem: Text, rows: list[Item], remarks: Remarks) -> Iterator[str]:
    first = rows[0]
    for row in rows:
        if (row.scale, row.source, row.show_if, row.kind) != (
            first.scale,
            first.source,
            first.show_if,
            "single",
        ):
            raise ValueError(
                f"matrix {matrix}: {row.id} differs from {first.id} in kind, scale, source or routing; "
                "a questionnaire file gives all rows of a matrix the same. Take it out of the matrix."
            )
    yield f"      - id: {_word(matrix)}"
    yield "        kind: matrix"
    if first.scale is not None:
        yield f"        scale: {_word(first.scale.id)}"
    for part in _around(first):
        yield f"        {part}"
    yield f"        text: {_text(stem)}"
    yield "        rows:"
    for row in rows:
        yield from _comment(remarks.get(row.id, ()), "          ")
        yield (
            "          - {"
            + ", ".join([f"id: {_word(row.id)}", *_facts(row), f"text: {_text(row.text)}"])
            + "}"
        )


def _construct(construct: Construct) -> Iterator[str]:
    yield f"  - id: {_word(construct.id)}"
    yield f"    label: {_text(construct.label)}"
    if construct.short is not None:
        yield f"    short: {_text(construct.short)}"
    if construct.source:
        yield f"    source: {_word(construct.source)}"
    yield f"    items: {_list(construct.items)}"
    if construct.valid_share != 0.5:
        yield f"    valid_share: {_number(construct.valid_share)}"

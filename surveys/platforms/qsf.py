"""Qualtrics survey definitions (``.qsf``): what was asked, with choices, recodes and types."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from surveys.errors import AnswersError, Fault
from surveys.platforms.definitions import definition, list_of, mapping_of, plain_text
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.platforms.wordings import is_other

_SINGLE = ("SAVR", "SAHR", "SACOL", "DL", "SB", "NPS")
_MULTIPLE = ("MAVR", "MAHR", "MACOL", "MSB")


def is_qsf(document: object) -> bool:
    """Whether a JSON document is a Qualtrics survey."""
    return isinstance(document, dict) and "SurveyElements" in document


def parse_qsf(document: object, *, file: str, raw: bytes) -> Export:
    """The questions of a survey in the order of its blocks; those in the trash are left out."""
    payloads: dict[str, Mapping[str, object]] = {}
    order: list[str] = []
    trash: set[str] = set()
    for element in list_of(mapping_of(document).get("SurveyElements")):
        part = mapping_of(element)
        if part.get("Element") == "SQ":
            payload = mapping_of(part.get("Payload"))
            payloads[str(part.get("PrimaryAttribute") or payload.get("QuestionID") or "")] = payload
        elif part.get("Element") == "BL":
            for block in list_of(part.get("Payload")):
                ids = [
                    str(mapping_of(entry).get("QuestionID"))
                    for entry in list_of(mapping_of(block).get("BlockElements"))
                    if mapping_of(entry).get("Type") == "Question"
                ]
                if mapping_of(block).get("Type") == "Trash":
                    trash.update(ids)
                else:
                    order += ids
    if not payloads:
        raise AnswersError(
            Fault(
                file=file,
                seen="no questions",
                expected="a Qualtrics survey (.qsf)",
                remedy="Export it again.",
            )
        )
    # A question that stands in no block was thrown away too, unless no block names any.
    kept = [id_ for id_ in order if id_ in payloads and id_ not in trash] or list(payloads)
    questions = [question for id_ in kept for question in _questions(id_, payloads[id_])]
    n = len(payloads) - len(kept)
    notes = (f"{n} questions in the trash left out",) if n else ()
    asking = sum(payload.get("QuestionType") != "DB" for payload in payloads.values())
    return definition(
        "qualtrics",
        "QSF survey definition",
        tuple(questions),
        file=file,
        raw=raw,
        notes=(f"{asking} questions in the file", *notes),
    )


def _questions(id_: str, payload: Mapping[str, object]) -> Iterator[ExportQuestion]:
    tag = str(payload.get("DataExportTag") or id_)
    text = plain_text(payload.get("QuestionText"))
    kind = str(payload.get("QuestionType") or "")
    if kind == "DB":
        return
    if kind == "SBS":
        rows = _rows(payload)
        for part, column in mapping_of(payload.get("AdditionalQuestions")).items():
            inner = mapping_of(column)
            label = plain_text(inner.get("QuestionText"))
            yield ExportQuestion(
                id=f"{tag}#{part}",
                number=f"{id_}#{part}",
                text=f"{text} : {label}" if label else text,
                kind=_matrix_kind(inner),
                rows=rows,
                choices=_choices(inner, "Answers"),
            )
        return
    required = mapping_of(mapping_of(payload.get("Validation")).get("Settings")).get("ForceResponse") == "ON"
    show_if = "display logic" if payload.get("DisplayLogic") else None
    if kind == "Matrix":
        yield ExportQuestion(
            id=tag,
            number=id_,
            text=text,
            kind=_matrix_kind(payload),
            rows=_rows(payload),
            choices=_choices(payload, "Answers"),
            required=required,
            show_if=show_if,
        )
        return
    yield ExportQuestion(
        id=tag,
        number=id_,
        text=text,
        kind=_kind(kind, str(payload.get("Selector") or "")),
        choices=_choices(payload, "Choices") if kind in ("MC", "RO") else (),
        rows=_rows(payload) if kind in ("Slider", "CS") or payload.get("Selector") == "FORM" else (),
        required=required,
        show_if=show_if,
    )


def _kind(kind: str, selector: str) -> QuestionKind:
    if kind == "MC":
        return "multiple" if selector in _MULTIPLE else "single"
    kinds: Mapping[str, QuestionKind] = {
        "TE": "text",
        "RO": "ranking",
        "Slider": "number",
        "CS": "number",
        "FileUpload": "file",
    }
    return kinds.get(kind, "unknown")


def _matrix_kind(payload: Mapping[str, object]) -> QuestionKind:
    selector = str(payload.get("Selector") or "")
    told = str(payload.get("SubSelector") or "")
    if selector == "TE":
        return "text"
    if selector == "RO":
        return "ranking"
    return "multiple" if told in ("MultipleAnswer", *_MULTIPLE) else "single"


def _ordered(payload: Mapping[str, object], name: str) -> Iterator[tuple[str, Mapping[str, object]]]:
    items = mapping_of(payload.get(name))
    order = [str(key) for key in list_of(payload.get(name.removesuffix("s") + "Order"))]
    for key in (*[key for key in order if key in items], *[key for key in items if key not in order]):
        yield key, mapping_of(items[key])


def _rows(payload: Mapping[str, object]) -> tuple[SubRow, ...]:
    return tuple(
        SubRow(id=key, text=plain_text(choice.get("Display"))) for key, choice in _ordered(payload, "Choices")
    )


def _choices(payload: Mapping[str, object], name: str) -> tuple[Choice, ...]:
    """Choices by the code that the data hold: the recode value where there is one."""
    codes = mapping_of(payload.get("RecodeValues"))
    return tuple(
        Choice(
            label=plain_text(choice.get("Display")) or key,
            code=str(codes.get(key, key)),
            other=bool(choice.get("TextEntry")) or is_other(plain_text(choice.get("Display"))),
        )
        for key, choice in _ordered(payload, name)
    )

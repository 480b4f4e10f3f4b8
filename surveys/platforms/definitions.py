"""Files that say what was asked and hold no answers: safe steps into JSON and XML that others wrote."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pandas as pd
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from surveys.errors import AnswersError, Fault
from surveys.platforms.export import Export, ExportQuestion, Platform
from surveys.reading.encoding import decode
from surveys.reading.tables import Format, Table

_TAG = re.compile(r"<[^<>]{0,2000}>")
DEEPEST = 100  #: levels of nesting that a definition may have


def plain_text(text: object) -> str:
    """Text without HTML, on one line.

    >>> plain_text("<b>How</b> old&nbsp;are<br>you?")
    'How old are you?'
    """
    if not isinstance(text, str):
        return "" if text is None or isinstance(text, bool | dict | list) else str(text)
    return " ".join(html.unescape(_TAG.sub(" ", text)).split())


def mapping_of(value: object) -> Mapping[str, object]:
    """A JSON object, or a list as an object by position; empty for anything else."""
    if isinstance(value, dict):
        return {str(key): item for key, item in value.items()}
    if isinstance(value, list):
        return {str(at): item for at, item in enumerate(value, start=1)}
    return {}


def list_of(value: object) -> list[object]:
    """A JSON array, or the values of an object; empty for anything else."""
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []


def load_json(raw: bytes, *, file: str) -> object:
    """A JSON document, or a fault that says in which line it breaks."""
    text = decode(raw, file=file).text.lstrip("\ufeff")
    if _depth(text) > DEEPEST:
        raise _fault(file, f"JSON nested deeper than {DEEPEST} levels", "a survey definition")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise AnswersError(
            Fault(
                file=file,
                line=line,
                seen="JSON that breaks off or is damaged",
                expected="a whole JSON document",
                remedy="Export it again.",
            )
        ) from None


def _depth(text: str) -> int:
    """How deep brackets nest, counted without building anything; strings are passed over."""
    depth = deepest = 0
    for bracket in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text):
        character = bracket[0]
        if character in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > DEEPEST:
                break
        elif character in "]}":
            depth -= 1
    return deepest


def load_xml(raw: bytes, *, file: str) -> ElementTree.Element:
    """The root of an XML document; entities and external references are refused."""
    try:
        return ElementTree.fromstring(raw, forbid_dtd=True)
    except DefusedXmlException:
        raise _fault(
            file, "XML with a document type or entities", "XML as the survey platform writes it"
        ) from None
    except (ElementTree.ParseError, ValueError, LookupError, RecursionError) as error:
        position = getattr(error, "position", None)
        raise AnswersError(
            Fault(
                file=file,
                line=position[0] if position else None,
                seen="XML that breaks off or is damaged",
                expected="a whole XML document",
                remedy="Export it again.",
            )
        ) from None


def _fault(file: str, seen: str, expected: str) -> AnswersError:
    return AnswersError(Fault(file=file, seen=seen, expected=expected, remedy="Export it again."))


def definition(
    platform: Platform,
    flavour: str,
    questions: tuple[ExportQuestion, ...],
    *,
    file: Path | str,
    raw: bytes,
    encoding: str | None = "utf-8",
    notes: tuple[str, ...] = (),
    kind: Format = "delimited",
    sheet: str | None = None,
) -> Export:
    """An export that asks and answers nothing."""
    table = Table(
        file=Path(file).name,
        format=kind,
        sha256=hashlib.sha256(raw).hexdigest(),
        header=(),
        header_row=1,
        rows=pd.DataFrame(index=pd.Index([], name="row", dtype="int64")),
        encoding=encoding,
        sheet=sheet,
    )
    return as_definition(table, platform, flavour, questions, notes)


def as_definition(
    table: Table,
    platform: Platform,
    flavour: str,
    questions: tuple[ExportQuestion, ...],
    notes: tuple[str, ...] = (),
) -> Export:
    """A table that holds a definition, as an export of no respondents."""
    from dataclasses import replace

    import numpy as np

    emptied = replace(table, header=(), rows=table.rows.iloc[:0, :0])
    return Export(
        platform=platform,
        flavour=flavour,
        table=emptied,
        columns=(),
        questions=questions,
        states=np.zeros((0, 0), dtype=np.int8),
        notes=(*table.notes, *notes),
        definition=True,
    )

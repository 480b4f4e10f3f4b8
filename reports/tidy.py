"""Answers as tidy coded data with a codebook, safe to open in a spreadsheet."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import pandas as pd

from surveys.questionnaire import Questionnaire
from surveys.responses import Responses
from surveys.simulation import SYNTHETIC, neutralised


def tidy_frame(responses: Responses) -> pd.DataFrame:
    """One row a respondent: id, metadata, then the coded answers.

    Text that a spreadsheet would take for a formula begins with an apostrophe; numbers stay
    numbers, negative ones too.
    """
    frame = pd.concat([responses.metadata.drop(columns="row"), responses.answers], axis="columns")
    if responses.synthetic:
        frame.insert(1, "synthetic", SYNTHETIC)
    for name in frame:
        if not pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_datetime64_any_dtype(
            frame[name]
        ):
            frame[name] = [None if pd.isna(cell) else neutralised(str(cell)) for cell in frame[name]]
    return frame


def codebook(questionnaire: Questionnaire) -> pd.DataFrame:
    """One row a code of every column: item, wording, code, label, in every language."""
    rows = []
    construct_of = {item: c.id for c in questionnaire.constructs for item in c.items}
    for item in questionnaire.items:
        shared: dict[str, object] = {"item": item.id, "kind": item.kind}
        shared |= {f"text_{language}": neutralised(text) for language, text in item.text.items()}
        shared |= {"construct": construct_of.get(item.id), "reverse_keyed": item.reverse_keyed}
        options = () if item.scale is None else (*item.scale.options, *item.scale.missing_codes)
        missing = () if item.scale is None else item.scale.missing_codes
        if not options:
            rows.append({**shared, "column": item.id})
        for option in options:
            several = item.kind in ("multiple", "ranking")
            column = f"{item.id}_{option.code}" if several else item.id
            labels = {f"label_{language}": neutralised(text) for language, text in option.label.items()}
            code = None if several else option.code
            rows.append({**shared, "column": column, "code": code, **labels, "missing": option in missing})
    return pd.DataFrame(rows)


def write_tidy(responses: Responses, path: Path) -> tuple[Path, Path]:
    """Write the data as CSV or XLSX, by the name's ending, and the codebook as CSV beside it.

    Returns
    -------
    tuple of Path
        Data and codebook. Each appears whole or not at all.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    frame, book = tidy_frame(responses), path.with_suffix(".codebook.csv")
    if path.suffix == ".xlsx":
        packed = io.BytesIO()
        frame.to_excel(packed, index=False, sheet_name="data", engine="openpyxl")
        content = packed.getvalue()
    else:
        content = frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    _write(path, content)
    _write(
        book, codebook(responses.questionnaire).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")
    )
    return path, book


def _write(path: Path, content: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        draft.replace(path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise

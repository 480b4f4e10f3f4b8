"""Answers as tidy coded data with a codebook, safe to open in a spreadsheet."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd

from reports.whole_files import write_whole
from surveys.neutral_cells import neutralised
from surveys.questionnaire import Questionnaire
from surveys.responses import Responses
from surveys.simulation import SYNTHETIC

#: Formats of data files, by the ending of their names.
ENDINGS = (".parquet", ".csv", ".xlsx")


def tidy_frame(responses: Responses, *, for_spreadsheets: bool = True) -> pd.DataFrame:
    """One row a respondent: id, metadata, then the coded answers.

    Text that a spreadsheet would take for a formula begins with an apostrophe, unless no
    spreadsheet will open it; numbers stay numbers, negative ones too.
    """
    frame = pd.concat([responses.metadata.drop(columns="row"), responses.answers], axis="columns")
    if responses.synthetic:
        frame.insert(1, "synthetic", SYNTHETIC)
    for name in frame:
        if not pd.api.types.is_numeric_dtype(frame[name]) and not pd.api.types.is_datetime64_any_dtype(
            frame[name]
        ):
            frame[name] = [
                None if pd.isna(cell) else neutralised(str(cell)) if for_spreadsheets else str(cell)
                for cell in frame[name]
            ]
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
    """Write the data as Parquet, CSV or XLSX, by the name's ending, and the codebook as CSV beside it.

    Returns
    -------
    tuple of Path
        Data and codebook. Each appears whole or not at all.
    """
    frame = tidy_frame(responses, for_spreadsheets=path.suffix != ".parquet")
    if path.suffix == ".csv":
        content = _as_csv(frame)
    else:
        packed = io.BytesIO()
        if path.suffix == ".xlsx":
            frame.to_excel(packed, index=False, sheet_name="data", engine="openpyxl")
        else:
            texts = [name for name in frame if frame[name].dtype == object]
            # without a type of its own, a column that nobody filled in would have none in the file
            frame.astype(dict.fromkeys(texts, "str")).to_parquet(packed, index=False, engine="pyarrow")
        content = packed.getvalue()
    write_whole(path, content)
    book = path.with_suffix(".codebook.csv")
    write_whole(book, _as_csv(codebook(responses.questionnaire)))
    return path, book


def write_decisions(responses: Responses, path: Path, *, corrections: int = 0) -> Path:
    """Write what was decided between the export and the data file, as JSON beside it."""
    source, place = responses.source, path.with_suffix(".log.json")
    told = {
        "data": path.name,
        "file": source.name,
        "sha256": source.sha256,
        "encoding": source.encoding,
        "sheet": source.sheet,
        "questionnaire": responses.questionnaire.id,
        "respondents": responses.n,
        "answer_columns": responses.answers.shape[1],
        "synthetic": responses.synthetic,
        "corrections": corrections,
        "decided": [*source.notes, *responses.notes],
    }
    write_whole(place, (json.dumps(told, ensure_ascii=False, indent=2) + "\n").encode("utf-8"))
    return place


def _as_csv(frame: pd.DataFrame) -> bytes:
    return frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")

"""Well-formed delimited text, parsed by columns: for files of many rows.

Whatever this lane is not sure to read as the careful reader does (stray quotation marks, blank
lines, rows of other widths) it leaves to that one, which says what is wrong.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from pyarrow import csv

from surveys.reading.distinct import Distinct
from surveys.reading.limits import Limits

ENOUGH = 2**20  #: characters from which on the fast lane is worth it
_QUOTE, _NEWLINE = ord('"'), ord("\n")
_BLOCK = 2**22  #: bytes parsed at a time


def read_columns(text: str, delimiter: str, *, width: int, limits: Limits) -> list[Distinct] | None:
    r"""The columns of a delimited text below its first row; None when the careful reader must look.

    Parameters
    ----------
    text : str
        Lines that end in ``\n``.
    delimiter : str
    width : int
        Cells of the first row.
    limits : Limits

    Examples
    --------
    >>> columns = read_columns("id,tier\n1,Gold\n2,\n3,Gold\n", ",", width=2, limits=Limits())
    >>> [(column.values, column.places.tolist()) for column in columns]
    [(['1', '2', '3'], [0, 1, 2]), (['Gold'], [0, -1, 0])]
    """
    text = text.rstrip("\n")
    raw = text.encode("utf-8", "surrogatepass")
    if not _is_regular(raw, ord(delimiter), width, limits):
        return None
    names = [str(at) for at in range(width)]
    kind = pa.dictionary(pa.int32(), pa.string())
    try:
        table = csv.read_csv(
            pa.BufferReader(raw),
            read_options=csv.ReadOptions(column_names=names, block_size=_BLOCK),
            parse_options=csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=b'"' in raw, ignore_empty_lines=False
            ),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, kind), strings_can_be_null=False, check_utf8=True
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError, pa.ArrowTypeError):
        return None
    del raw
    table = table.unify_dictionaries()
    return [_distinct(table.column(at)) for at in range(width)]


def _is_regular(raw: bytes, delimiter: int, width: int, limits: Limits) -> bool:
    """No blank lines, no line too long, every quotation mark at the edge of a cell and none doubled."""
    if b"\n\n" in raw or raw[:1] == b"\n" or b"\r" in raw or b"\0" in raw or b'""' in raw:
        return False
    if (raw.count(b"\n") + 1) * width > limits.max_cells:
        return False
    if b'"' not in raw:
        return True
    codes = np.frombuffer(raw, dtype=np.uint8)
    marks = np.flatnonzero(codes == _QUOTE)
    if len(marks) % 2:
        return False
    opening, closing = marks[::2], marks[1::2]
    edges = (delimiter, _NEWLINE)
    before = codes[np.maximum(opening - 1, 0)]
    after = codes[np.minimum(closing + 1, len(codes) - 1)]
    return bool(
        (np.isin(before, edges) | (opening == 0)).all()
        and (np.isin(after, edges) | (closing == len(codes) - 1)).all()
    )


def _distinct(column: pa.ChunkedArray) -> Distinct:
    """The cells below the header, which is the first."""
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # of no or of several chunks
        array = array.chunk(0)
    places = array.indices.to_numpy(zero_copy_only=False).astype(np.intp)
    values: list[object] = array.dictionary.to_pylist()
    places = places[1:]
    if not (places == 0).any():
        values, places = values[1:], places - 1
    if "" in values:
        empty = values.index("")
        values = [value for value in values if value != ""]
        places = np.where(places == empty, -1, np.where(places > empty, places - 1, places))
    return Distinct(values, places)

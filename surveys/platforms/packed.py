"""Answers in a zip: the tables that a platform packs together, such as 问卷网's codes, texts and codebook."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace

from surveys.errors import AnswersError, Fault
from surveys.platforms import wenjuan
from surveys.reading.archives import packed_tables
from surveys.reading.cells import shown
from surveys.reading.grids import Known
from surveys.reading.limits import Limits
from surveys.reading.tables import Table, read_packed_table


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """The answers in a zip, and the codebook beside them."""

    answers: Table
    codebook: Table | None = None


def read_packed(
    raw: bytes,
    *,
    file: str,
    limits: Limits,
    encoding: str | None = None,
    known: Known | None = None,
) -> Packed | None:
    """The one table of answers in a zip of text tables; None for any other file.

    With a codebook beside them, codes are read and not texts: codes lose nothing.

    Raises
    ------
    AnswersError
        If the zip is not safe to unpack, or holds several tables that may be the answers.
    """
    contents = packed_tables(raw, file=file, limits=limits) if raw.startswith(b"PK") else None
    if contents is None:
        return None
    digest = hashlib.sha256(raw).hexdigest()
    tables = {
        name: read_packed_table(
            content, file=f"{file}: {name}", digest=digest, encoding=encoding, limits=limits, known=known
        )
        for name, content in contents.items()
        if not name.casefold().endswith(".txt")
    }
    books = {name: table for name, table in tables.items() if wenjuan.is_codebook(table)}
    codebook = next(iter(books.values()), None)
    candidates = {name: table for name, table in tables.items() if name not in books}
    name = _chosen(candidates, file, by_code=codebook is not None)
    others = ", ".join(shown(other) for other in contents if other != name and other not in books)
    notes = [f"read {shown(name)} of the archive" + (f"; not read: {others}" if others else "")]
    notes += [f"options explained by {shown(book)} of the archive" for book in books]
    answers = replace(candidates[name], file=file)
    return Packed(answers=replace(answers, notes=(*notes, *answers.notes)), codebook=codebook)


def _chosen(candidates: Mapping[str, Table], file: str, *, by_code: bool) -> str:
    if len(candidates) == 1:
        return next(iter(candidates))
    told = [
        name
        for name, table in candidates.items()
        if wenjuan.likelihood(table) >= 0.8 and wenjuan.has_codes(table) == by_code
    ]
    if len(told) == 1:
        return told[0]
    some = ", ".join(shown(name) for name in list(candidates)[:5])
    raise AnswersError(
        Fault(
            file=file,
            seen=f"an archive with {len(candidates)} tables of answers" + (f": {some}" if some else ""),
            expected="one",
            remedy="Unpack it and hand in the one that is meant.",
        )
    )

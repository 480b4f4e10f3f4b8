"""A document as PDF: typeset by Typst from one template, tagged, archivable, the same bytes every time."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from reports import fonts
from reports.document import Document, Figure, check, picture_name, to_json

if TYPE_CHECKING:
    from typst import PDFStandard

#: PDF/A-2a for archives, PDF/UA-1 for readers who listen. Under both of them Typst refuses a missing glyph,
#: a missing alternative text and a missing title instead of printing boxes.
STANDARDS: list[PDFStandard] = ["a-2a", "ua-1"]
#: The date that PDF/A demands, in seconds since 1970 (2026-01-01): the same in every file, as no clock is
#: asked.
TIMESTAMP = 1_767_225_600


class PdfError(RuntimeError):
    """The document is in order, but could not be typeset."""


def write_pdf(document: Document, path: Path | str) -> Path:
    """Write a document as PDF; the same document gives the same bytes.

    The file appears whole or not at all, and an older one of that name is replaced.

    Parameters
    ----------
    document : Document
    path : Path or str
        The file to write; its folder must exist.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    DocumentError
        The document cannot be printed as it is; all reasons at once.
    PdfError
        Typst refused it or had something to remark.
    """
    path = Path(path)
    content = pdf_bytes(document)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(name).chmod(0o666 & ~_umask())  # mkstemp's files are its owner's alone
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    return path


def pdf_bytes(document: Document) -> bytes:
    """The PDF of a document; errors as for :func:`write_pdf`."""
    check(document)
    with tempfile.TemporaryDirectory(prefix="tierstudy-") as name:
        folder = Path(name)
        _lay_out(document, folder)
        return _typeset(folder)


def _lay_out(document: Document, folder: Path) -> None:
    """Put everything that the template reads into one folder, out of which Typst cannot reach."""
    template = resources.files("reports") / "templates" / "report.typ"
    (folder / "report.typ").write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    _link_fonts(folder / "fonts")
    (folder / "document.json").write_text(to_json(document), encoding="utf-8")
    for block in document.blocks:
        if isinstance(block, Figure):
            (folder / picture_name(block)).write_bytes(block.svg)


def _typeset(folder: Path) -> bytes:
    import typst

    try:
        content, remarks = typst.compile_with_warnings(
            folder / "report.typ",
            root=folder,
            font_paths=[folder / "fonts"],
            ignore_system_fonts=True,
            format="pdf",
            pdf_standards=STANDARDS,
            timestamp=TIMESTAMP,
            sys_inputs=_families(),
        )
    except typst.TypstError as error:
        raise PdfError(f"the PDF could not be typeset: {error.diagnostic or error.message}") from error
    if remarks:
        raise PdfError("the PDF was typeset with remarks: " + "; ".join(w.message for w in remarks))
    if not isinstance(content, bytes):
        raise PdfError("the PDF could not be typeset: Typst returned nothing")
    return content


def _families() -> dict[str, str]:
    names = ("sans", "serif", "symbols")
    return {name: fonts.family(path) for name, path in zip(names, fonts.font_files(), strict=True)}


def _link_fonts(folder: Path) -> None:
    """Bring our font files, and nothing else, into a folder: Typst takes folders only."""
    folder.mkdir()
    for path in fonts.font_files():
        try:
            (folder / path.name).symlink_to(path)
        except OSError:  # where links are not allowed
            shutil.copy(path, folder)


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

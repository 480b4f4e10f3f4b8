"""The text from which 问卷星 imports a questionnaire: a stem with a tag, then one option a line."""

from __future__ import annotations

import re
from collections.abc import Mapping

from surveys.platforms.definitions import definition
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.platforms.wordings import is_other
from surveys.reading.encoding import decode

_TAG = re.compile(
    r"[\[【]\s*((?:矩阵)?(?:单选|多选|填空|量表|排序|打分|评分|滑动条?|下拉|判断|简答|比重|文件|上传)题?)\s*[\]】]\s*$"
)
_TAG_BYTES = tuple(
    word.encode(code)
    for word in ("单选题]", "多选题]", "量表题]", "填空题]")
    for code in ("utf-8", "gb18030")
)
_NUMBERED = re.compile(r"(\d{1,4})\s*[.、．]\s*(.*)", re.DOTALL)
_KINDS: Mapping[str, QuestionKind] = {
    "单选": "single",
    "下拉": "single",
    "判断": "single",
    "量表": "single",
    "打分": "single",
    "评分": "single",
    "多选": "multiple",
    "排序": "ranking",
    "填空": "text",
    "简答": "text",
    "滑动": "number",
    "滑动条": "number",
    "比重": "number",
    "文件": "file",
    "上传": "file",
}


def is_import_text(raw: bytes) -> bool:
    """Whether a text tags its questions as 问卷星 does, at the ends of at least two lines."""
    if len(raw) > 2_000_000 or raw.startswith((b"PK", b"\xd0\xcf")):
        return False
    tagged = sum(line.rstrip().endswith(_TAG_BYTES) and b"," not in line[:1] for line in raw.splitlines())
    lines = [line for line in raw.splitlines() if line.strip()]
    return tagged >= 2 and tagged >= 0.05 * len(lines)


def parse_import_text(raw: bytes, *, file: str, encoding: str | None = None) -> Export:
    """The questions; rows of a matrix stand before its scale only in other layouts, so lines are options."""
    decoded = decode(raw, file=file, encoding=encoding)
    questions: list[ExportQuestion] = []
    stem, tag, lines, number = "", "", list[str](), 0

    def close() -> None:
        if tag:
            questions.append(_question(stem, tag, lines, number))

    for line in re.sub(r"\r+\n?", "\n", decoded.text).split("\n"):
        text = line.strip()
        match = _TAG.search(text)
        if match:
            close()
            number += 1
            stem, tag, lines = text[: match.start()].strip(), match[1], []
        elif text and tag:
            lines.append(text)
    close()
    return definition(
        "wenjuanxing",
        "import text",
        tuple(questions),
        file=file,
        raw=raw,
        encoding=decoded.encoding,
        notes=decoded.notes,
    )


def _question(stem: str, tag: str, lines: list[str], place: int) -> ExportQuestion:
    match = _NUMBERED.fullmatch(stem)
    number, text = (match[1], match[2]) if match else (str(place), stem)
    required = "*" in text
    text = text.replace("*", "").strip()
    bare = tag.removesuffix("题")
    matrix = bare.startswith("矩阵")
    kind = _KINDS.get(bare.removeprefix("矩阵"), "unknown")
    rows: tuple[SubRow, ...] = ()
    if matrix and lines:
        # The first line holds the scale, apart by white space; the rows follow.
        head, *rest = lines
        rows = tuple(SubRow(id=str(at), text=line) for at, line in enumerate(rest, start=1))
        lines = head.split()
    choices = tuple(
        Choice(label=line, code=str(at), other=is_other(line)) for at, line in enumerate(lines, start=1)
    )
    if kind in ("text", "number", "file"):
        choices = ()
    return ExportQuestion(
        id=f"Q{number}", text=text, kind=kind, number=number, choices=choices, rows=rows, required=required
    )

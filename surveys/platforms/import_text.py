"""The text from which 问卷星 imports a questionnaire: a stem with a tag, then one option a line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveys.platforms.definitions import definition
from surveys.platforms.export import Choice, Export, ExportQuestion, QuestionKind, SubRow
from surveys.platforms.wordings import is_other
from surveys.reading.encoding import decode

_TYPES = "单选|多选|填空|多项填空|量表|排序|打分|评分|滑动条?|下拉框?|判断|简答|问答|比重|文件|上传"
_TAG = re.compile(
    rf"[\[【]\s*((?:矩阵)?(?:反向)?(?:{_TYPES})题?|段落说明|分页栏|矩阵题)\s*[\]】]\s*(（选填）)?\s*$"
)
_TAG_ANYWHERE = re.compile(rf"[\[【(（]\s*(?:矩阵)?(?:{_TYPES})题")
_NUMBERED = re.compile(r"(\d{1,4})\s*[.、．]\s*(.*)", re.DOTALL)
_PAGE = re.compile(r"=+\s*(?:第\s*\d+\s*页)?\s*=+")
_KINDS: Mapping[str, QuestionKind] = {
    "单选": "single", "下拉": "single", "下拉框": "single", "判断": "single", "量表": "single",
    "打分": "single", "评分": "single", "多选": "multiple", "排序": "ranking", "填空": "text",
    "多项填空": "text", "简答": "text", "问答": "text", "滑动": "number", "滑动条": "number",
    "比重": "number", "文件": "file", "上传": "file",
    "": "single",
}  # fmt: skip

_LONGEST = 2_000_000  #: bytes; no questionnaire is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportQuestion:
    """One question as the text tells it. Options are numbered from 1, rows too."""

    number: str
    text: str
    kind: QuestionKind
    section: str
    options: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()
    required: bool = False
    ordered: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportText:
    """The whole text: what stands above the questions, the sections by id, the questions."""

    title: tuple[str, ...]
    sections: Mapping[str, str]  #: id to title, which is empty for questions that stand under none
    questions: tuple[ImportQuestion, ...]
    encoding: str
    notes: tuple[str, ...]


def is_import_text(raw: bytes) -> bool:
    """Whether a text tags its questions as 问卷星 does, one at the end of a line.

    >>> is_import_text("调查\\n1. 您的性别[单选题]\\n男\\n女".encode("gb18030")), is_import_text(b"a,b\\n1,2")
    (True, False)
    >>> is_import_text("序号,1. 您的性别[单选题]\\n1,男\\n2,女".encode())
    False
    """
    if len(raw) > _LONGEST or raw.startswith((b"PK", b"\xd0\xcf", b"$FL", b"{", b"<")):
        return False
    for encoding in ("utf-16", "utf-8-sig", "gb18030"):
        if encoding == "utf-16" and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            continue
        try:
            lines = [line.strip() for line in raw.decode(encoding).splitlines() if line.strip()]
        except UnicodeDecodeError:
            continue
        tagged = [line for line in lines if _TAG.search(line)]
        # a row of headers may end in a tag too, but it holds others before
        alone = not any("\t" in line or _TAG_ANYWHERE.search(_TAG.sub("", line)) for line in tagged)
        return bool(tagged) and alone and len(tagged) >= 0.05 * len(lines) and not _is_table(lines)
    return False


def _is_table(lines: Sequence[str]) -> bool:
    """Whether the first line and all below it hold the same number of separators."""
    return any(lines[0].count(mark) and len({line.count(mark) for line in lines}) == 1 for mark in ",;")


@dataclass(slots=True)
class _Reading:
    """The text, line by line."""

    title: list[str] = field(default_factory=list)
    questions: list[ImportQuestion] = field(default_factory=list)
    sections: dict[str, str] = field(default_factory=dict)
    stem: str = ""
    tag: str = ""
    lines: list[str] = field(default_factory=list)

    def take_in(self, line: str) -> None:
        match = _TAG.search(line)
        if match is None:
            if self.tag:
                if line and not _PAGE.fullmatch(line):
                    self.lines.append(line)
            elif line:
                self.title.append(line)
            return
        self.close()
        words = line[: match.start()].strip()
        if match[1] in ("段落说明", "分页栏"):
            numbered = _NUMBERED.fullmatch(words)
            words = numbered[2] if numbered else words
            if words:
                self.sections[f"section{len(self.sections) + 1}"] = words
            return
        self.stem, self.tag = words, match[1]

    def close(self) -> None:
        if self.tag:
            if not self.sections:
                self.sections["section1"] = ""
            place = next(reversed(self.sections))
            self.questions.append(_question(self.stem, self.tag, self.lines, len(self.questions) + 1, place))
        self.stem, self.tag, self.lines = "", "", []


def read_import_text(raw: bytes, *, file: str, encoding: str | None = None) -> ImportText:
    """The questions of an import text; a section's title stands for what follows it."""
    decoded = decode(raw, file=file, encoding=encoding)
    reading = _Reading()
    for line in re.sub(r"\r+\n?", "\n", decoded.text.lstrip("\ufeff")).split("\n"):
        reading.take_in(line.strip())
    reading.close()
    return ImportText(
        title=tuple(reading.title),
        sections=reading.sections,
        questions=tuple(reading.questions),
        encoding=decoded.encoding,
        notes=decoded.notes,
    )


def _question(stem: str, tag: str, lines: Sequence[str], place: int, section: str) -> ImportQuestion:
    match = _NUMBERED.fullmatch(stem)
    number, text = (match[1], match[2]) if match else (str(place), stem)
    # the star stands at the end of the stem, or before a hint in brackets
    starred = re.sub(r"\*\s*(?=$|【[^】]*】$)", "", text)
    bare = tag.removesuffix("题").removeprefix("矩阵").removeprefix("反向")
    kind = _KINDS.get(bare, "unknown")
    options, rows = tuple(lines), tuple[str, ...]()
    if tag.startswith("矩阵") and lines:
        # the first line holds the scale, apart by white space; the rows follow
        options, rows = tuple(lines[0].split()), tuple(lines[1:])
    return ImportQuestion(
        number=number,
        text=starred.strip(),
        kind=kind,
        section=section,
        options=() if kind in ("text", "number", "file") else options,
        rows=rows,
        required=starred != text,
        ordered=True if bare == "量表" else None,
    )


def parse_import_text(raw: bytes, *, file: str, encoding: str | None = None) -> Export:
    """What was asked, as an export without answers."""
    found = read_import_text(raw, file=file, encoding=encoding)
    return definition(
        "wenjuanxing",
        "import text",
        tuple(map(_exported, found.questions)),
        file=file,
        raw=raw,
        encoding=found.encoding,
        notes=found.notes,
    )


def _exported(asked: ImportQuestion) -> ExportQuestion:
    return ExportQuestion(
        id=f"Q{asked.number}",
        text=asked.text,
        kind=asked.kind,
        number=asked.number,
        choices=tuple(
            Choice(label=line, code=str(at), other=is_other(line))
            for at, line in enumerate(asked.options, start=1)
        ),
        rows=tuple(SubRow(id=str(at), text=line) for at, line in enumerate(asked.rows, start=1)),
        required=asked.required,
        ordered=asked.ordered,
    )

"""Drafts from the text that 问卷星 imports: stems with their types, options a line, sections between."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from surveys.drafts.form import Form, FormOption, FormQuestion, FormRow
from surveys.platforms.export import QuestionKind
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


def is_form_text(raw: bytes) -> bool:
    """Whether a text tags its questions as 问卷星 does, one at the end of a line.

    >>> is_form_text("调查\\n1. 您的性别[单选题]\\n男\\n女".encode("gb18030")), is_form_text(b"a,b\\n1,2")
    (True, False)
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
        return bool(tagged) and alone and len(tagged) >= 0.05 * len(lines)
    return False


@dataclass(slots=True)
class _Reading:
    """The text, line by line."""

    title: list[str] = field(default_factory=list)
    questions: list[FormQuestion] = field(default_factory=list)
    sections: dict[str, Mapping[str, str]] = field(default_factory=dict)
    stem: str = ""
    tag: str = ""
    optional: bool = False
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
                self.sections[f"section{len(self.sections) + 1}"] = {"": words}
            return
        self.stem, self.tag, self.optional = words, match[1], match[2] is not None

    def close(self) -> None:
        if self.tag:
            if not self.sections:
                self.sections["section1"] = {}
            place = next(reversed(self.sections))
            self.questions.append(_question(self.stem, self.tag, self.lines, len(self.questions) + 1, place))
        self.stem, self.tag, self.lines = "", "", []


def form_of_text(raw: bytes, *, file: str, encoding: str | None = None) -> Form:
    """The questions of an import text; a section's title stands for what follows it."""
    decoded = decode(raw, file=file, encoding=encoding)
    reading = _Reading()
    for line in re.sub(r"\r+\n?", "\n", decoded.text.lstrip("\ufeff")).split("\n"):
        reading.take_in(line.strip())
    reading.close()
    return Form(
        id="questionnaire",
        titles={"": reading.title[0]} if reading.title else {"": file},
        questions=tuple(reading.questions),
        sections=tuple(reading.sections.items()),
        source=f"{file} (问卷星 import text)",
        remarks=tuple(f"Under the title: {line}" for line in reading.title[1:4]),
    )


def _question(stem: str, tag: str, lines: Sequence[str], place: int, section: str) -> FormQuestion:
    match = _NUMBERED.fullmatch(stem)
    number, text = (match[1], match[2]) if match else (str(place), stem)
    # the star stands at the end of the stem, or before a hint in brackets
    starred = re.sub(r"\*\s*(?=$|【[^】]*】$)", "", text)
    bare = tag.removesuffix("题").removeprefix("矩阵").removeprefix("反向")
    kind = _KINDS.get(bare, "unknown")
    rows: tuple[FormRow, ...] = ()
    options = list(lines)
    if tag.startswith("矩阵") and lines:
        # the first line holds the scale, apart by white space; the rows follow
        head, *rest = lines
        rows = tuple(FormRow(id=f"Q{number}_{at}", texts={"": line}) for at, line in enumerate(rest, start=1))
        options = head.split()
    if kind in ("text", "number", "file"):
        options = []
    return FormQuestion(
        id=f"Q{number}",
        kind=kind,
        texts={"": starred.strip()},
        section=section,
        options=tuple(
            FormOption(texts={"": line}, code=str(at), other=is_other(line))
            for at, line in enumerate(options, start=1)
        ),
        rows=rows,
        required=starred != text,
        ordered=True if bare == "量表" else None,
    )

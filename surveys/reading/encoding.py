"""Bytes to text. The whole file decides, and the decision is reported."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from surveys.errors import AnswersError, Fault

_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16 LE, whose mark is its beginning
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (b"\x84\x31\x95\x33", "gb18030"),
)
_PIECE = 2**22  #: characters counted at a time
_CONTROL = bytes([*range(1, 9), *range(14, 32), 127])
#: Shares above which a reading is believed. GB2312 covers over 99 % of running Chinese text, while
#: Western letters misread as GB18030 turn into rare characters outside it.
COMMON_CHINESE = 0.7
#: Korean read as Korean is Hangul throughout, with its endings and particles; Chinese misread as
#: Korean is half Hanja. Answers repeat the same few words, so distinct syllables are counted.
HANGUL = 0.98
ENOUGH_HANGUL = 20
ENDINGS = frozenset("이는다가을를에의하고지")
ENOUGH_ENDINGS = 4
ENOUGH_GOOD = 20  #: UTF-8 characters beyond ASCII that make a stray bad byte look like damage


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoded:
    """A text, the encoding it was in, and why that one."""

    text: str
    encoding: str
    notes: tuple[str, ...] = ()


def decode(raw: bytes, *, file: str, encoding: str | None = None) -> Decoded:
    """The text of a file.

    An encoding handed in is obeyed. Otherwise a byte order mark decides, then UTF-8 if the whole
    file is valid UTF-8, then the most plausible of GB18030 (which contains GBK and GB2312), CP949
    and Windows-1252.

    Raises
    ------
    AnswersError
        If the bytes are not text, or not text in the encoding asked for.

    Examples
    --------
    >>> decode("姓名,满意度".encode("gbk"), file="a.csv").encoding
    'gb18030'
    """
    found = _as_told(raw, encoding, file) if encoding is not None else _by_content(raw, file)
    _refuse_binary(found.text, file)
    lost = found.text.count("�")
    if lost:
        note = f"{lost} characters were already lost (�) when the file was saved"
        return Decoded(text=found.text, encoding=found.encoding, notes=(*found.notes, note))
    return found


def _fault(file: str, seen: str, expected: str, remedy: str, line: int | None = None) -> AnswersError:
    return AnswersError(Fault(file=file, seen=seen, expected=expected, remedy=remedy, line=line))


def _as_told(raw: bytes, encoding: str, file: str) -> Decoded:
    try:
        name = codecs.lookup(encoding).name
        text = raw.decode(name)
    except LookupError:
        raise _fault(
            file,
            f'the encoding "{encoding}"',
            "the name of an encoding",
            "Use utf-8, gb18030, utf-16, cp949 or cp1252, or leave it out.",
        ) from None
    except UnicodeDecodeError as error:
        raise _fault(
            file,
            f"the byte 0x{raw[error.start]:02X}",
            f"text in {name} throughout, as asked for",
            "Leave the encoding out, or name the one the file was saved in.",
            line=raw.count(b"\n", 0, error.start) + 1,
        ) from None
    except (UnicodeError, AttributeError, TypeError, AssertionError, ValueError):
        raise _fault(
            file, f'the encoding "{encoding}"', "an encoding of text", "Use utf-8 or gb18030."
        ) from None
    return Decoded(
        text=text.removeprefix("\ufeff"), encoding=name, notes=(f"text read as {name}, as asked for",)
    )


def _by_content(raw: bytes, file: str) -> Decoded:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return _by_mark(raw, mark, name, file)
    try:
        return Decoded(text=raw.decode("utf-8"), encoding="utf-8")
    except UnicodeDecodeError:
        pass
    if b"\0" in raw:
        raise _nul(file, raw.count(b"\n", 0, raw.index(b"\0")) + 1)
    return _most_plausible(raw, file)


def _by_mark(raw: bytes, mark: bytes, name: str, file: str) -> Decoded:
    try:
        text = raw[len(mark) :].decode(name)
    except UnicodeDecodeError as error:
        raise _fault(
            file,
            f"a byte order mark of {name.upper()}, but other bytes after {error.start + len(mark)} bytes",
            "one encoding throughout",
            "Save the file again as UTF-8; it may be cut off.",
        ) from None
    note = f"text read as {name}, by its byte order mark"
    return Decoded(text=text, encoding=name, notes=() if name == "utf-8" else (note,))


def _refuse_damaged_utf8(raw: bytes, file: str) -> None:
    """A few bad bytes in a file that is UTF-8 otherwise are damage, not another encoding."""
    text = raw.decode("utf-8", errors="replace")
    counts = _beyond_ascii(text)
    bad = counts.pop("\ufffd", 0)
    good = sum(counts.values())
    if good >= ENOUGH_GOOD and bad * 10 <= good:
        raise _fault(
            file,
            f"UTF-8 with {bad} damaged characters",
            "UTF-8 throughout",
            "The file may be cut off or pasted together; export it again.",
            line=_first_bad_line(raw),
        )


def _most_plausible(raw: bytes, file: str) -> Decoded:
    _refuse_damaged_utf8(raw, file)
    chinese, korean, western = (_try(raw, name) for name in ("gb18030", "cp949", "cp1252"))
    if korean is not None:
        counts = _beyond_ascii(korean)
        share = _share(counts, _is_hangul)
        distinct = set(filter(_is_hangul, counts))
        if share >= HANGUL and len(distinct) >= ENOUGH_HANGUL and len(distinct & ENDINGS) >= ENOUGH_ENDINGS:
            return _chosen(korean, "cp949", f"{share:.0%} of the characters beyond ASCII are Hangul")
    if chinese is not None:
        share = _share(_beyond_ascii(chinese), _is_common_chinese)
        if share >= COMMON_CHINESE or western is None:
            return _chosen(
                chinese, "gb18030", f"{share:.0%} of the characters beyond ASCII are common Chinese ones"
            )
    if western is not None:
        return _chosen(western, "cp1252", "not plausible as Chinese or Korean")
    line = _first_bad_line(raw)
    raise _fault(
        file,
        "bytes that are text in none of UTF-8, GB18030, CP949 and Windows-1252",
        "a text file, a workbook (.xlsx, .xls) or an SPSS file",
        "Save the file again as CSV in UTF-8, or name its encoding.",
        line=line,
    )


def _try(raw: bytes, encoding: str) -> str | None:
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError:
        return None


def _first_bad_line(raw: bytes) -> int:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return raw.count(b"\n", 0, error.start) + 1
    return 1


def _beyond_ascii(text: str) -> dict[str, int]:
    """How often each character beyond ASCII occurs."""
    counts = np.zeros(0x110000, dtype=np.int64)
    for start in range(0, len(text), _PIECE):
        codes = np.frombuffer(text[start : start + _PIECE].encode("utf-32-le", "surrogatepass"), dtype="<u4")
        counts += np.bincount(codes, minlength=len(counts))
    counts[:128] = 0
    return {chr(code): int(counts[code]) for code in np.flatnonzero(counts)}


def _share(counts: Mapping[str, int], belongs: Callable[[str], bool]) -> float:
    """Share of the characters that belong to a set."""
    total = sum(counts.values())
    return sum(n for character, n in counts.items() if belongs(character)) / total if total else 0.0


def _is_hangul(character: str) -> bool:
    return "가" <= character <= "힣" or "ㄱ" <= character <= "ㆎ"


def _is_common_chinese(character: str) -> bool:
    """In GB2312, or so rare that it takes four bytes of a pattern that no Western text has."""
    if character >= "\U00020000":
        return True
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _chosen(text: str, name: str, reason: str) -> Decoded:
    note = f"text read as {name}: no byte order mark, not UTF-8, {reason}; name the encoding if it is another"
    return Decoded(text=text, encoding=name, notes=(note,))


def _nul(file: str, line: int) -> AnswersError:
    return _fault(
        file,
        "a NUL byte",
        "text",
        "The file is damaged, not text, or UTF-16 without a mark (then name the encoding, utf-16-le).",
        line=line,
    )


def _refuse_binary(text: str, file: str) -> None:
    if "\0" in text:
        raise _nul(file, text.count("\n", 0, text.index("\0")) + 1)
    raw = text.encode("utf-8", "surrogatepass")
    control = len(raw) - len(raw.translate(None, _CONTROL))
    if control > max(8, len(text) // 100):
        raise _fault(
            file,
            f"{control} control characters",
            "text",
            "The file is damaged or not a text file; export it from the survey platform again.",
        )

"""What names a person: found in answers and metadata, masked, and small counts held back.

Values that identify somebody are never repeated, neither in a result nor in a note: what is found
is reported by its kind and its place.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from ipaddress import IPv6Address
from typing import Literal

import pandas as pd

from surveys.responses import Responses

IdentifierKind = Literal["email", "id_number", "bank_card", "ip", "phone", "qq", "wechat", "name"]

#: Roles of metadata columns that name a person whatever they hold.
PERSONAL_ROLES: dict[str, IdentifierKind] = {
    "ip": "ip",
    "name": "name",
    "phone": "phone",
    "email": "email",
    "id_number": "id_number",
    "bank_card": "bank_card",
    "qq": "qq",
    "wechat": "wechat",
}

# Full-width forms, as Chinese keyboards write them, become ASCII one for one: places stay the same.
HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: ord(" ")}

TAKEN = "]"  #: stands for what was found; no identifier holds it
EMAIL = re.compile(r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}")
ID_NUMBER = re.compile(r"(?<!\d)\d{6}[ -]?\d{8}[ -]?\d{3}[\dXx](?!\d)")
BANK_CARD = re.compile(r"(?<!\d)[2-69](?:[ -]?\d){15,18}(?!\d)")
MOBILE = re.compile(r"(?<!\d)(?:(?:\+|00)?86[ -]?)?1[3-9]\d(?:[ -]?\d){8}(?!\d)")
LANDLINE = re.compile(
    r"(?<!\d)(?:(?:\+|00)86[ -]?)?\(?0?(?:10|2\d|[3-9]\d{2})\)?[ -]?[2-9]\d{2,3}[ -]?\d{4}(?!\d)"
    r"(?:(?:转|-|ext\.?) ?\d{1,6}(?!\d))?",
    re.IGNORECASE,
)
SHORT_LANDLINE = re.compile(
    r"(?:电话|座机|固话|(?<![A-Za-z])tel|phone)[:\s是为]{0,3}([2-9]\d{2,3}[ -]?\d{4})(?!\d)", re.IGNORECASE
)
IPV4 = re.compile(r"(?<![\d.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\d|\.\d)")
IPV6 = re.compile(r"(?<![0-9A-Za-z:.])[0-9A-Fa-f:]{4,39}(?:\.\d{1,3}){0,3}(?![0-9A-Za-z:])")
QQ = re.compile(r"(?:(?<![A-Za-z])qq|扣扣)(?:号码|号)?[:\s是为]{0,3}([1-9]\d{4,10})(?!\d)", re.IGNORECASE)
WECHAT = re.compile(
    r"(?:微信|薇信|v信|(?<![A-Za-z])(?:wechat|weixin|vx|wx))"
    r"(?P<told>\s{0,2}(?:号码|号|(?<![A-Za-z])id(?![A-Za-z]))?[是为]?\s?[:是为]?)\s{0,2}"
    r"(?P<handle>[A-Za-z0-9][-_A-Za-z0-9]{5,19})(?![-_A-Za-z0-9])(?!\s?[元万次年月%])",
    re.IGNORECASE,
)
#: Numbers of other countries, written with a plus; social security numbers of the United States.
ABROAD = re.compile(r"(?<![\d+])\+(?!86)[1-9]\d{0,2}(?:[ .-]?\(?\d{1,4}\)?){2,5}(?!\d)")
SOCIAL_SECURITY = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
#: Surnames of nine in ten people in China; the two-character ones first.
SURNAMES = (
    "欧阳|司马|上官|诸葛|司徒|东方|皇甫|尉迟|公孙|慕容|令狐|"
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤]"
)
#: Words of banks that begin with a surname's character and end before a title.
NO_NAMES = frozenset(
    {
        "高级",
        "高管",
        "金牌",
        "金融",
        "方面",
        "白金",
        "万能",
        "任何",
        "任职",
        "严格",
        "向导",
        "何种",
        "向",
        "任",
        "何",
        "方",
        "严",
        "本",
    }
)
TITLES = "先生|女士|小姐|经理|行长|主任|老师|主管|柜员|师傅|总监|顾问"
NAMED = re.compile(
    rf"(?:我叫|我是|本人叫|名叫|姓名|名字|联系人|署名)[:\s是叫为]{{0,3}}(?P<name>(?:{SURNAMES})[\u4e00-\u9fff]{{1,2}}?)"
    r"(?=$|[\s,，。.;；、:!！?？()（）]|电话|手机|的|，|是)"
)
TITLED = re.compile(rf"(?P<name>(?:{SURNAMES})[\u4e00-\u9fff]{{0,2}}?)(?={TITLES})")
ENGLISH_NAMED = re.compile(
    r"(?:(?i:my name is|i am called|signed|name:)\s+)(?P<name>[A-Z][a-z'-]+(?:\s+[A-Z][a-z'-]+){0,2})"
)
ENGLISH_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr)\.?\s+(?P<name>[A-Z][a-z'-]+(?:\s+[A-Z][a-z'-]+)?)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """That something in one cell identifies a person; never what it is."""

    kind: IdentifierKind
    column: str
    row: int  #: row of the data file, as a spreadsheet counts
    count: int = 1  #: how many of this kind the cell holds


def find(text: str) -> tuple[tuple[int, int, IdentifierKind], ...]:
    """Places in a text that identify a person, as (start, end, kind) from left to right.

    E-mail addresses; resident identity numbers (18 characters with a possible date of birth and
    a right check character, GB 11643); bank cards (16 to 19 digits that pass Luhn's check); IPv4
    and IPv6 addresses; mobile and landline numbers of mainland China, numbers of other countries
    that begin with a plus, social security numbers of the United States; QQ numbers and WeChat
    handles after the words that announce them. Names where something announces them: a common
    Chinese surname before a title ("王经理") or after "我叫", "姓名", an English name after a title or
    "my name is". Other names, and addresses, in prose are not found: read open answers before
    you pass them on.

    Examples
    --------
    >>> find("打我电话 13812345678")
    ((5, 16, 'phone'),)
    """
    plain = text.translate(HALF_WIDTH)
    found: list[tuple[int, int, IdentifierKind]] = []
    n_before = -1
    # what is taken out of a text may lay bare what was glued to it, so we look until nothing is left
    while n_before < len(found):
        n_before = len(found)
        for kind, spans in FINDERS:
            for start, end in tuple(spans(plain)):
                found.append((start, end, kind))
                plain = plain[:start] + TAKEN * (end - start) + plain[end:]
    return tuple(sorted(found))


def mask(text: str) -> str:
    """The text with everything that identifies a person replaced by its kind.

    Examples
    --------
    >>> mask("Write to li.lei@example.com, 我的QQ号是 1234567")
    'Write to [email], 我的QQ号是 [qq]'
    >>> len(mask("110105194912310021"))  # a wrong check character: any 18 digits
    18
    """
    parts, last = [], 0
    for start, end, kind in find(text):
        parts += [text[last:start], f"[{kind}]"]
        last = end
    return "".join([*parts, text[last:]])


def find_identifiers(responses: Responses) -> tuple[Identifier, ...]:
    """Every cell of the answers and metadata that identifies a person.

    Text answers, other columns of text (the respondent's id among them), and every filled cell of
    a metadata column whose role is a name, phone, e-mail or IP address.
    """
    rows = responses.metadata["row"]
    found: list[Identifier] = []
    personal = dict(_personal_columns(responses))
    for column, kind in personal.items():
        filled = rows[responses.metadata[column].notna()]
        found += [Identifier(kind=kind, column=column, row=int(row)) for row in filled]
    for frame in (responses.metadata, responses.answers):
        for name in _text_columns(frame):
            if frame is responses.metadata and name in personal:
                continue
            for text, row in zip(frame[name], rows, strict=True):
                if isinstance(text, str):
                    counts = Counter(kind for _, _, kind in find(text))
                    found += [
                        Identifier(kind=kind, column=name, row=int(row), count=count)
                        for kind, count in counts.items()
                    ]
    return tuple(found)


def without_identifiers(responses: Responses) -> Responses:
    """The same answers without what identifies a person, and a note of what was taken out.

    Metadata columns that name a person are dropped. Identifiers inside texts become their kind in
    brackets (:func:`mask`). A respondent whose id holds an identifier is named after the row of the
    data file instead. The notes give counts by column, never a value.
    """
    found = find_identifiers(responses)
    personal = [column for column, _ in _personal_columns(responses)]
    if not found and not personal:
        return responses
    metadata = responses.metadata.drop(columns=personal)
    answers = responses.answers.copy()
    touched = {identifier.column for identifier in found}
    for frame in (metadata, answers):
        for name in touched & set(_text_columns(frame)):
            masked = [mask(text) if isinstance(text, str) else text for text in frame[name]]
            if frame is metadata and name == "respondent":
                masked = [
                    new if new == old else f"row {row}"
                    for new, old, row in zip(masked, frame[name], metadata["row"], strict=True)
                ]
            frame[name] = pd.Series(masked, index=frame.index, dtype=frame[name].dtype)
    return replace(
        responses,
        answers=answers,
        metadata=metadata,
        notes=(*responses.notes, *_notes(found, personal)),
    )


def suppress(count: int, minimum: int) -> int | None:
    """The count, or None if so few people stand behind it that they might be recognised.

    Zero is nobody, so it stays.

    Parameters
    ----------
    count : int
        People in a cell.
    minimum : int
        Smallest count that may be told.

    Raises
    ------
    ValueError
        If the count is negative.

    Examples
    --------
    >>> [suppress(count, minimum=5) for count in (0, 1, 4, 5, 12)]
    [0, None, None, 5, 12]
    """
    if count < 0:
        raise ValueError(f"a count of people is {count}, expected 0 or more")
    return None if 0 < count < minimum else count


def _notes(found: tuple[Identifier, ...], personal: list[str]) -> Iterator[str]:
    if personal:
        yield f"dropped, because they name a person: {', '.join(personal)}"
    counts: Counter[tuple[str, str]] = Counter()
    for identifier in found:
        if identifier.column not in personal:
            counts[identifier.column, identifier.kind] += identifier.count
    for (column, kind), count in counts.items():
        yield f"masked in {column}: {kind} ({count})"


def _personal_columns(responses: Responses) -> Iterator[tuple[str, IdentifierKind]]:
    for column in responses.metadata:
        if str(column) in PERSONAL_ROLES:
            yield str(column), PERSONAL_ROLES[str(column)]


def _text_columns(frame: pd.DataFrame) -> list[str]:
    return [
        str(name)
        for name, dtype in frame.dtypes.items()
        if pd.api.types.is_object_dtype(dtype) or pd.api.types.is_string_dtype(dtype)
    ]


# -- one finder a kind ---------------------------------------------------------------------------

Spans = Iterator[tuple[int, int]]


def _digits(text: str) -> str:
    return re.sub(r"[ -]", "", text)


def is_id_number(number: str) -> bool:
    """Whether 18 characters are a resident identity number: a date of birth, and ISO 7064 MOD 11-2."""
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * pow(2, 17 - i, 11) for i, digit in enumerate(number[:17]))
    return born.year >= 1850 and number[17].upper() == "10X98765432"[total % 11]


def passes_luhn(number: str) -> bool:
    """Whether digits pass the check of ISO/IEC 7812, and are not one digit repeated."""
    doubled = [int(digit) * (1 + i % 2) for i, digit in enumerate(reversed(number))]
    return len(set(number)) > 1 and sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _matches(pattern: re.Pattern[str], *, group: int = 0) -> Callable[[str], Spans]:
    def spans(text: str) -> Spans:
        for match in pattern.finditer(text):
            yield match.span(group)

    return spans


def _checked(pattern: re.Pattern[str], check: Callable[[str], bool]) -> Callable[[str], Spans]:
    def spans(text: str) -> Spans:
        for match in pattern.finditer(text):
            if check(_digits(match[0])):
                yield match.span()

    return spans


def _landlines(text: str) -> Spans:
    for match in LANDLINE.finditer(text):
        # without its leading 0 an area code is known only by the country code before it
        if match[0].lstrip("(").startswith("0") or match[0].startswith("+86"):
            yield match.span()


def _ipv6(text: str) -> Spans:
    for match in IPV6.finditer(text):
        candidate = match[0]
        while candidate and not _is_ipv6(candidate) and candidate[-1] in ":.":
            candidate = candidate[:-1]
        if _is_ipv6(candidate):
            yield match.start(), match.start() + len(candidate)


def _is_ipv6(text: str) -> bool:
    try:
        IPv6Address(text)
    except ValueError:
        return False
    # "::1" is every computer itself, and a lone "ab::" may be an abbreviation
    return len([group for group in text.split(":") if group]) > 1 and any(map(str.isdigit, text))


def _wechat(text: str) -> Spans:
    for match in WECHAT.finditer(text):
        handle = match["handle"]
        # "WeChat banking" announces no handle; "微信号: zhangsan" and "wx zhang_san88" do
        if match["told"].strip() or re.search(r"[\d_-]", handle):
            yield match.span("handle")


def _names(pattern: re.Pattern[str]) -> Callable[[str], Spans]:
    def spans(text: str) -> Spans:
        for match in pattern.finditer(text):
            if match["name"] not in NO_NAMES:
                yield match.span("name")

    return spans


#: In this order: what one finder takes, the next do not see.
FINDERS: tuple[tuple[IdentifierKind, Callable[[str], Spans]], ...] = (
    ("email", _matches(EMAIL)),
    ("id_number", _checked(ID_NUMBER, is_id_number)),
    ("bank_card", _checked(BANK_CARD, passes_luhn)),
    ("ip", _ipv6),
    ("ip", _matches(IPV4)),
    ("phone", _matches(MOBILE)),
    ("phone", _landlines),
    ("phone", _matches(SHORT_LANDLINE, group=1)),
    ("qq", _matches(QQ, group=1)),
    ("wechat", _wechat),
    ("id_number", _matches(SOCIAL_SECURITY)),
    ("phone", _matches(ABROAD)),
    ("name", _names(NAMED)),
    ("name", _names(TITLED)),
    ("name", _names(ENGLISH_NAMED)),
    ("name", _names(ENGLISH_TITLED)),
)

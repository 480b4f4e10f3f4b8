"""The one place where a number meets a format.

Conventions, decided once:

* a minus sign is U+2212; a value that rounds to zero has no sign;
* rounding is half up on the shortest decimal form of the number, the form in which ``results.json``
  shows it, so that a reader who rounds that file by hand gets the printed report;
* digits are grouped by commas from 10,000 upwards (a four-digit number stays in one piece);
* what cannot lie beyond 1 (p, r, alpha, beta, shares of variance) is printed without the zero before
  the point in English, as the APA does, and with it in Chinese, as Chinese journals do;
* p has three decimals; below 0.001 and above 0.999 it is printed as a bound;
* what there is no number for is printed as an en dash.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Literal

from analysis.results import Entry, Interval

ABSENT = "–"
MINUS = "−"
GROUP_FROM = 10_000
LANGUAGES = ("en", "zh")

Style = Literal["number", "bounded", "percent", "count", "p_value", "df"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One number as printed, and the entry of ``results.json`` that it was printed from."""

    id: str
    field: str  #: ``estimate``, ``low``, ``df.0``, ``more.tau``, ...
    text: str


@dataclass(slots=True)
class Ledger:
    """Keeps where each printed number came from, in the order of printing."""

    citations: list[Citation] = field(default_factory=list)

    def record(self, id: str, field: str, text: str) -> str:
        """Note one printed number and hand its text back."""
        self.citations.append(Citation(id=id, field=field, text=text))
        return text

    def ids(self) -> tuple[str, ...]:
        """Addresses of all entries cited, each once, in order of first citation."""
        return tuple(dict.fromkeys(citation.id for citation in self.citations))


def value_of(entry: Entry, field: str) -> float | None:
    """One number of an entry by its name.

    Parameters
    ----------
    entry : Entry
    field : str
        ``estimate``, ``std_error``, ``statistic``, ``p_value``, ``n``, ``low``, ``high``,
        ``confidence_level``, ``df.0`` (the first of the degrees of freedom) or ``more.NAME``.

    Returns
    -------
    float or None
        None when this entry has no such number.

    Raises
    ------
    KeyError
        No entry can have such a field, or an entry in good order lacks a number asked for by name.

    Examples
    --------
    >>> value_of(Entry(measure="F", method="Welch ANOVA", df=(2.0, 31.4)), "df.1")
    31.4
    """
    if field in ("estimate", "std_error", "statistic", "p_value", "n"):
        value: float | None = getattr(entry, field)
        return value
    if field in ("low", "high", "confidence_level"):
        return None if entry.interval is None else float(getattr(entry.interval, field))
    kind, _, name = field.partition(".")
    if kind == "df" and name.isdigit():
        if int(name) < len(entry.df):
            return entry.df[int(name)]
    elif kind == "more" and name:
        if name in entry.more:
            return entry.more[name]
    else:
        raise KeyError(f"an entry has no field {field!r}")
    if entry.state != "ok":
        return None
    raise KeyError(f"{entry.method}, {dict(entry.about)}: there is no {field}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """Writes numbers in one language, and keeps a ledger of those taken from results.

    Parameters
    ----------
    language : {"en", "zh"}
    ledger : Ledger, optional
        Where :meth:`cite` records; a new one unless given.

    Examples
    --------
    >>> en, zh = Numbers(language="en"), Numbers(language="zh")
    >>> en.number(-0.004), en.number(-1.005), en.count(12345)
    ('0.00', '−1.01', '12,345')
    >>> en.bounded(-0.456), zh.bounded(-0.456)
    ('−.46', '−0.46')
    >>> en.p_value(0.0004), zh.p_value(0.0321)
    ('< .001', '0.032')
    """

    language: str
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"numbers are written in one of {LANGUAGES}, not in {self.language!r}")

    def number(self, x: float | None, digits: int = 2) -> str:
        """A number with a fixed count of decimals.

        >>> Numbers(language="en").number(1234567.891, digits=1)
        '1,234,567.9'
        """
        if x is None or math.isnan(x):
            return ABSENT
        if math.isinf(x):
            return "∞" if x > 0 else MINUS + "∞"
        rounded = _rounded(x, digits)
        sign = MINUS if rounded < 0 else ""
        grouping = "," if abs(rounded) >= GROUP_FROM else ""
        return sign + format(abs(rounded), f"{grouping}.{digits}f")

    def bounded(self, x: float | None, digits: int = 2) -> str:
        """A number that cannot lie beyond 1: a correlation, an alpha, a standardised coefficient."""
        text = self.number(x, digits)
        if self.language == "en":
            return text.replace("0.", ".", 1) if text.lstrip(MINUS).startswith("0.") else text
        return text

    def percent(self, share: float | None, digits: int = 1) -> str:
        """A share between 0 and 1 in per cent.

        >>> Numbers(language="zh").percent(0.12345)
        '12.3%'
        """
        if share is None or math.isnan(share):
            return ABSENT
        return self.number(float(Decimal(repr(float(share))) * 100), digits) + "%"

    def count(self, n: float | None) -> str:
        """How many, without decimals."""
        return self.number(n, 0)

    def df(self, x: float | None) -> str:
        """Degrees of freedom: whole ones without decimals, others with two."""
        return self.number(x, 0 if x is None or float(x).is_integer() else 2)

    def p_value(self, p: float | None, *, relation: bool = False) -> str:
        """A p-value with three decimals, or the bound it lies beyond.

        Parameters
        ----------
        p : float or None
        relation : bool, default False
            Put ``=`` before a plain value, so that it can follow the letter p.

        Examples
        --------
        >>> english = Numbers(language="en")
        >>> "p " + english.p_value(0.0321, relation=True), "p " + english.p_value(1e-9, relation=True)
        ('p = .032', 'p < .001')
        """
        if p is None or math.isnan(p):
            return ABSENT
        if not 0 <= p <= 1:
            raise ValueError(f"a p-value lies between 0 and 1, not at {p}")
        if p < 0.001:
            return "< " + self.bounded(0.001, 3)
        if p > 0.999:
            return "> " + self.bounded(0.999, 3)
        return ("= " if relation else "") + self.bounded(p, 3)

    def interval(
        self, interval: Interval | None, digits: int | None = None, *, style: Style = "number"
    ) -> str:
        """Both ends of an interval in brackets; 2 decimals, or 1 for percentages, unless given.

        >>> Numbers(language="en").interval(Interval(low=-0.1, high=0.25), style="bounded")
        '[−.10, .25]'
        """
        if interval is None:
            return ABSENT
        low, high = (self.styled(end, style, digits) for end in (interval.low, interval.high))
        return f"[{low}, {high}]"

    def level(self, interval: Interval | None) -> str:
        """The confidence level of an interval, ``95%``."""
        if interval is None:
            return ABSENT
        percent = Decimal(repr(float(interval.confidence_level))) * 100
        return format(percent.normalize(), "f") + "%"

    def styled(self, x: float | None, style: Style, digits: int | None = None) -> str:
        """A number in a style named by a word; ``digits`` is for styles that leave it open."""
        fixed: dict[str, Callable[[float | None], str]] = {
            "count": self.count,
            "p_value": self.p_value,
            "df": self.df,
        }
        if style in fixed:
            return fixed[style](x)
        chosen: dict[str, Callable[..., str]] = {
            "number": self.number,
            "bounded": self.bounded,
            "percent": self.percent,
        }
        return chosen[style](x) if digits is None else chosen[style](x, digits)

    def cite(
        self, id: str, entry: Entry, field: str, *, style: Style | None = None, digits: int | None = None
    ) -> str:
        """Write a number of an entry and record where it came from.

        Parameters
        ----------
        id : str
            Address of the entry, the key of ``results.json``.
        entry : Entry
        field : str
            As for :func:`value_of`; ``interval`` writes both ends and records each.
        style : str, optional
            By default ``count`` for n, ``p_value`` for p_value, ``df`` for degrees of freedom and
            ``number`` for everything else.
        digits : int, optional
            Decimals; 2, or 1 for percentages, unless given.

        Examples
        --------
        >>> numbers = Numbers(language="en")
        >>> numbers.cite("customers.loyalty.alpha", Entry(measure="alpha", method="", estimate=0.871),
        ...              "estimate", style="bounded")
        '.87'
        >>> numbers.ledger.citations
        [Citation(id='customers.loyalty.alpha', field='estimate', text='.87')]
        """
        if field == "interval":
            if entry.interval is None:
                return self.ledger.record(id, field, ABSENT)
            ends = (self.cite(id, entry, end, style=style, digits=digits) for end in ("low", "high"))
            return "[" + ", ".join(ends) + "]"
        text = self.styled(value_of(entry, field), style or _usual_style(field), digits)
        return self.ledger.record(id, field, text)


def _rounded(x: float, digits: int) -> Decimal:
    return Decimal(repr(float(x))).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)


def _usual_style(field: str) -> Style:
    if field == "n":
        return "count"
    if field == "p_value":
        return "p_value"
    return "df" if field.startswith("df.") else "number"

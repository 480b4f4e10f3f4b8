"""Which words one tier uses more than the others."""

from __future__ import annotations

import importlib
import math
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri, xlogy

from analysis.adjust import benjamini_hochberg, holm
from analysis.counted_rows import Counts, checked_counts, written_out
from analysis.results import Entry, Interval, Tabular
from analysis.weighting import no_estimate, refuses_weights

Language = Literal["en", "zh"]
#: ``respondents``: how many use a word, each counted once. ``words``: how often it is used.
Unit = Literal["respondents", "words"]
Adjust = Literal["benjamini_hochberg", "holm"]

_ENGLISH = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_WORD = re.compile(r"[^\W\d_]")
SMALL = 5.0  #: expected counts below which chi-square is only a rough guide


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyWord:
    """One word in one group against the others."""

    word: str
    group: str
    count: int  #: in the group: respondents who use it, or uses
    size: int  #: respondents, or words, of the group
    others_count: int
    others_size: int
    g2: float  #: log-likelihood ratio
    p_value: float
    p_adjusted: float
    log_ratio: float  #: binary logarithm of the ratio of the shares: 1 is twice as often, -1 half as often
    std_error: float | None
    interval: Interval | None  #: of the log ratio
    state: str = "ok"
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyness(Tabular):
    """Words by group, the most telling first."""

    grouping: str
    unit: Unit
    adjust: Adjust
    n: int  #: respondents with a group and at least one word
    n_missing: int
    n_rare: int  #: different words left out because hardly anybody uses them
    words: tuple[KeyWord, ...]  #: group by group, the largest G2 first
    state: str = "ok"
    reason: str = ""

    def of(self, group: str) -> tuple[KeyWord, ...]:
        """The words of one group."""
        return tuple(word for word in self.words if word.group == group)

    def entries(self) -> tuple[Entry, ...]:
        """The log ratio of every word in every group, with G2 as its test."""
        method = f"keyness in {self.unit}: G2 against the other groups"
        if self.state != "ok":
            about = {"grouping": self.grouping}
            return (
                Entry(
                    measure="log_ratio",
                    method=method,
                    about=about,
                    n=self.n,
                    state=self.state,
                    reason=self.reason,
                ),
            )
        return tuple(
            Entry(
                measure="log_ratio",
                method=method,
                about={"grouping": self.grouping, "group": key.group, "word": key.word},
                n=self.n,
                estimate=key.log_ratio,
                std_error=key.std_error,
                statistic=key.g2,
                df=(1.0,),
                p_value=key.p_value,
                interval=key.interval,
                more={
                    "p_adjusted": key.p_adjusted,
                    "count": key.count,
                    "size": key.size,
                    "others_count": key.others_count,
                    "others_size": key.others_size,
                },
                state=key.state,
                reason=key.reason,
            )
            for key in self.words
        )


@no_estimate("text")
def words_of(
    texts: pd.Series,
    *,
    language: Language,
    own_words: Collection[str] = (),
    stop_words: Collection[str] = (),
) -> tuple[tuple[str, ...], ...]:
    """The words of each text, in lower case; numbers and punctuation are left out.

    English words are runs of letters, with inner apostrophes and hyphens. Chinese is cut by jieba with its
    own dictionary and its model of unknown words; words in Latin letters stay. Full-width letters count as
    ordinary ones.

    Parameters
    ----------
    texts : Series, shape (n_respondents,)
        NaN or None for no answer, which has no words.
    language : {"en", "zh"}
    own_words : collection of str
        Chinese words that jieba does not know, such as names of products and tiers.
    stop_words : collection of str
        Words to leave out. The choice belongs to the study, so there is no list of them here.

    Examples
    --------
    >>> words_of(pd.Series(["The fees aren't low!", None]), language="en", stop_words=["the"])
    (('fees', "aren't", 'low'), ())
    >>> words_of(pd.Series(["手续费太高，App不好用"]), language="zh")[0][0]
    '手续费'
    """
    left_out = {_plain(word) for word in stop_words}
    cut = _cutter(tuple(sorted({_plain(word) for word in own_words}))) if language == "zh" else None
    found = []
    for text in texts:
        if not isinstance(text, str):
            if not pd.isna(text):
                raise TypeError(f"{texts.name}: {text!r} is {type(text).__name__}, a text is expected")
            found.append(())
            continue
        plain = _plain(text)
        words = _ENGLISH.findall(plain) if cut is None else [w for w in cut.lcut(plain) if _WORD.search(w)]
        found.append(tuple(word for word in words if word not in left_out))
    return tuple(found)


@refuses_weights(
    "its log-likelihood ratio has no theory for them",
    instead="analysis.design.proportions.weighted_share of those who use a word",
    counts="rows",
)
def keyness(
    words: Sequence[Sequence[str]],
    groups: pd.Series,
    *,
    unit: Unit = "respondents",
    adjust: Adjust = "benjamini_hochberg",
    least: int = 5,
    counts: Counts | None = None,
    confidence_level: float = 0.95,
) -> Keyness:
    """Words that a group uses more or less than all other groups.

    The test is the log-likelihood ratio of the fourfold table of word by group, ``G2 = 2 sum O log(O / E)``
    [1]_, against chi-square on 1; the size of the difference is the log ratio,
    ``log2((a / n) / (b / m))`` [2]_, with the delta method's interval. Where one side never uses the word,
    half a use is taken for none, and there is no interval (``state`` is ``empty_cell``).

    By default a respondent used once for a word. Counting uses supposes that they are independent, but one
    angry customer repeats a word; the test then rejects far too often.

    Parameters
    ----------
    words : sequence of sequences of str, shape (n_respondents,)
        As :func:`words_of` gives them.
    groups : Series of category dtype, shape (n_respondents,)
        Respondents without a group or without any word are left out.
    unit : {"respondents", "words"}
    adjust : {"benjamini_hochberg", "holm"}
        Correction of the p-values over all words and groups.
    least : int
        Words that fewer respondents use are left out.
    counts : array-like, shape (n_respondents,), optional
        Respondents that a row stands for; rows are written out.

    Returns
    -------
    Keyness
        A word's ``state`` is ``small_expected`` where an expected count lies below 5. The whole is
        ``too_few`` with fewer than 2 groups or no word that enough respondents use. There are no weights:
        G2 has no theory for them; give each code its weighted share instead.

    References
    ----------
    .. [1] Dunning, T. (1993). Accurate methods for the statistics of surprise and coincidence. Computational
       Linguistics, 19, 61-74.
    .. [2] Hardie, A. (2014). Log Ratio: An informal introduction. ESRC Centre for Corpus Approaches to Social
       Science.

    Examples
    --------
    >>> texts = ["fees too high", "high fees", "fees", "fees again", "fees, slow app", "slow app", "slow",
    ...          "nice app", "slow again", "app crashes"]
    >>> tiers = pd.Series(pd.Categorical(["basic"] * 5 + ["gold"] * 5), name="TIER")
    >>> found = keyness(words_of(pd.Series(texts), language="en"), tiers, least=3)
    >>> key = found.of("basic")[0]
    >>> key.word, key.count, key.others_count, round(key.g2, 4), round(key.log_ratio, 4)
    ('fees', 5, 0, 13.8629, 3.3219)
    """
    if not isinstance(groups.dtype, pd.CategoricalDtype):
        raise TypeError(f"groups is {groups.dtype}, categories are expected: use pd.Categorical")
    if len(words) != len(groups):
        raise ValueError(f"there are words of {len(words)} respondents and groups of {len(groups)}")
    if any(isinstance(own, str) for own in words):
        raise TypeError("words holds texts, not lists of words; cut them with words_of first")
    if counts is not None:
        times = checked_counts(counts, len(words)).astype(int)
        words = [own for own, k in zip(words, times, strict=True) for _ in range(k)]
        groups = written_out(groups, counts)
    names = [str(name) for name in groups.cat.categories]
    codes = groups.cat.codes.to_numpy()
    rows = [(int(code), own) for code, own in zip(codes, words, strict=True) if code >= 0 and own]
    users: Counter[str] = Counter(word for _, own in rows for word in set(own))
    kept = sorted(word for word, count in users.items() if count >= least)
    shared: dict[str, Any] = {
        "grouping": str(groups.name),
        "unit": unit,
        "adjust": adjust,
        "n": len(rows),
        "n_missing": len(groups) - len(rows),
        "n_rare": len(users) - len(kept),
    }
    sizes = np.zeros(len(names), dtype=np.int64)
    used: list[Counter[str]] = [Counter() for _ in names]
    for code, own in rows:
        counted = set(own) if unit == "respondents" else own
        used[code].update(counted)
        sizes[code] += 1 if unit == "respondents" else len(own)
    present = [g for g in range(len(names)) if sizes[g] > 0]
    if len(present) < 2 or not kept:
        reason = f"{len(present)} groups with words, {len(kept)} words that {least} respondents use"
        return Keyness(**shared, words=(), state="too_few", reason=reason)
    found = [
        _key_word(word, names[g], used[g][word], int(sizes[g]), total, int(sizes.sum()), confidence_level)
        for g in present
        for word, total in ((word, sum(own[word] for own in used)) for word in kept)
    ]
    correct = holm if adjust == "holm" else benjamini_hochberg
    adjusted = correct([key.p_value for key in found])
    found = [replace(key, p_adjusted=float(p or 0.0)) for key, p in zip(found, adjusted, strict=True)]
    place = {name: i for i, name in enumerate(names)}
    return Keyness(
        **shared, words=tuple(sorted(found, key=lambda key: (place[key.group], -key.g2, key.word)))
    )


def _key_word(word: str, group: str, count: int, size: int, total: int, whole: int, level: float) -> KeyWord:
    others_count, others_size = total - count, whole - size
    observed = np.array([[count, size - count], [others_count, others_size - others_count]], dtype=float)
    expected = np.outer(observed.sum(axis=1), observed.sum(axis=0)) / whole
    # A column without anybody has no expected counts and adds nothing.
    parts = xlogy(observed, observed / np.where(expected > 0, expected, 1.0))
    g2 = max(0.0, 2 * float(parts.sum()))
    log_ratio = math.log2(((count or 0.5) / size) / ((others_count or 0.5) / others_size))
    error, interval, state, reason = None, None, "ok", ""
    if count == 0 or others_count == 0:
        who = group if count == 0 else "any other group"
        state, reason = "empty_cell", f"nobody in {who} uses the word; half a use is taken for none"
    else:
        spread = 1 / count - 1 / size + 1 / others_count - 1 / others_size
        error = math.sqrt(max(spread, 0.0)) / math.log(2)
        reach = float(ndtri((1 + level) / 2)) * error
        interval = Interval(low=log_ratio - reach, high=log_ratio + reach, confidence_level=level)
        if expected.min() < SMALL:
            state = "small_expected"
            reason = f"an expected count of {expected.min():.2g}: the p-value is a rough guide"
    return KeyWord(
        word=word,
        group=group,
        count=count,
        size=size,
        others_count=others_count,
        others_size=others_size,
        g2=g2,
        p_value=float(chdtrc(1, g2)),
        p_adjusted=1.0,
        log_ratio=log_ratio,
        std_error=error,
        interval=interval,
        state=state,
        reason=reason,
    )


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).replace("’", "'").casefold()


@cache
def _cutter(own_words: tuple[str, ...]) -> Any:
    """A jieba of our own: its dictionary is read here, since its own start writes a cache file and logs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import compiles old patterns, about which Python complains
        jieba = importlib.import_module("jieba")
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    tokenizer.initialized = True
    for word in own_words:
        tokenizer.add_word(word)
    return tokenizer

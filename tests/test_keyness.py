import tempfile

import numpy as np
import pandas as pd
import pytest

from analysis.keyness import _cutter, keyness, words_of

TIERS = ["basic", "silver", "gold"]


@pytest.fixture
def answers(reference):
    frame = reference("keyness_small")
    frame["TIER"] = pd.Categorical(frame["TIER"], categories=TIERS, ordered=True)
    return frame


@pytest.mark.parametrize("adjust", ["holm", "benjamini_hochberg"])
@pytest.mark.parametrize("unit", ["respondents", "words"])
def test_keyness_equals_r(unit, adjust, answers, reference):
    table = reference("keyness").pivot_table(index="case", columns="quantity", values="value")
    found = keyness(words_of(answers["TEXT"], language="en"), answers["TIER"], unit=unit, adjust=adjust)
    assert (found.n, found.n_missing, found.n_rare) == (158, 2, 0)
    assert len(found.words) == 30
    for key in found.words:
        wanted = table.loc[f"{unit} {key.group} {key.word}"]
        for name in ("count", "size", "others_count", "others_size"):
            assert getattr(key, name) == wanted[name]
        assert key.g2 == pytest.approx(wanted["g2"], rel=1e-9, abs=1e-12)
        assert key.p_value == pytest.approx(wanted["p_value"], rel=1e-9)
        assert key.p_adjusted == pytest.approx(wanted[adjust], rel=1e-9)
        assert key.log_ratio == pytest.approx(wanted["log_ratio"], rel=1e-9, abs=1e-14)
        assert key.std_error == pytest.approx(wanted["std_error"], rel=1e-9)
        assert (key.interval.low, key.interval.high) == pytest.approx(
            (wanted["low"], wanted["high"]), rel=1e-9
        )


def test_the_most_telling_word_comes_first_and_tiers_keep_their_order(answers):
    found = keyness(words_of(answers["TEXT"], language="en"), answers["TIER"])
    assert list(dict.fromkeys(key.group for key in found.words)) == TIERS
    for tier in TIERS:
        sizes = [key.g2 for key in found.of(tier)]
        assert sizes == sorted(sizes, reverse=True)
    told = {key.word: key.log_ratio > 0 for key in found.of("gold")[:3]}
    assert told["advice"]
    assert not told["queue"]


def test_of_two_groups_one_is_the_mirror_of_the_other(answers):
    two = answers[answers["TIER"] != "gold"]
    groups = two["TIER"].cat.remove_unused_categories()
    found = keyness(words_of(two["TEXT"], language="en"), groups)
    first = {key.word: key for key in found.of("basic")}
    for key in found.of("silver"):
        assert key.g2 == pytest.approx(first[key.word].g2, rel=1e-9, abs=1e-12)
        assert key.log_ratio == pytest.approx(-first[key.word].log_ratio, rel=1e-9, abs=1e-14)


def test_a_word_of_one_group_only_and_rare_words():
    words = [["fees"]] * 20 + [["app", "fees"]] * 10 + [["app"]] * 10 + [["once"]]
    groups = pd.Series(pd.Categorical(["a"] * 30 + ["b"] * 11), name="TIER")
    found = keyness(words, groups)
    fees = next(key for key in found.of("a") if key.word == "fees")
    assert (fees.state, fees.interval, fees.others_count) == ("empty_cell", None, 0)
    assert fees.log_ratio == pytest.approx(np.log2((30 / 30) / (0.5 / 11)))
    assert "nobody in any other group uses the word" in fees.reason
    assert found.n_rare == 1
    frame = found.to_frame()
    assert set(frame["word"]) == {"fees", "app"}
    assert keyness(words, groups, least=1).n_rare == 0


def test_small_expected_counts_are_said():
    words = [["fees", "app"]] * 4 + [["app"]] * 40
    groups = pd.Series(pd.Categorical(["a", "a", "b", "b"] + ["a", "b"] * 20), name="TIER")
    states = {key.word: key.state for key in keyness(words, groups, least=2).of("a")}
    assert states["fees"] == "small_expected"


@pytest.mark.parametrize(
    ("words", "groups"),
    [([], []), ([["fees"]] * 6, ["a"] * 6), ([["x"], ["y"]], ["a", "b"]), ([[], []], ["a", "b"])],
)
def test_without_words_or_groups_the_result_says_so(words, groups):
    found = keyness(words, pd.Series(pd.Categorical(groups, categories=["a", "b"]), name="TIER"))
    assert (found.state, found.words) == ("too_few", ())
    assert found.entries()[0].state == "too_few"


def test_repeating_a_word_makes_nobody_count_twice():
    """Counting uses rejects far too often when a respondent repeats words; counting respondents does not."""
    rng = np.random.default_rng(6)
    rejected = {"respondents": 0, "words": 0}
    cases = 200
    groups = pd.Series(pd.Categorical(["a"] * 60 + ["b"] * 60), name="TIER")
    for _ in range(cases):
        words = [
            (["fees"] * int(rng.integers(1, 9)) if rng.random() < 0.3 else []) + ["other"] * 10
            for _ in range(120)
        ]
        for unit in rejected:
            key = next(k for k in keyness(words, groups, unit=unit).of("a") if k.word == "fees")
            rejected[unit] += key.p_value < 0.05
    assert rejected["respondents"] <= 0.085 * cases
    assert rejected["words"] > 0.2 * cases


def test_english_words():
    texts = pd.Series(
        ["Fees: TOO high!! (2% p.a.)", "It’s a well-known e-mail", "", None, np.nan], dtype=object
    )
    assert words_of(texts, language="en") == (
        ("fees", "too", "high", "p", "a"),
        ("it's", "a", "well-known", "e-mail"),
        (),
        (),
        (),
    )


def test_chinese_words_own_words_and_stop_words():
    texts = pd.Series(["客户经理的服务很好，ＡＰＰ很慢！", "钻石卡年费100元"])
    first, second = words_of(texts, language="zh", stop_words=["的", "很"])
    assert {"客户经理", "服务", "app", "很慢"} <= set(first)
    assert not {"的", "很", "，", "100"} & set(first + second)
    own = words_of(texts, language="zh", own_words=["钻石卡", "年费"])[1]
    assert own[:2] == ("钻石卡", "年费")


def test_cutting_chinese_writes_no_file_and_says_nothing(tmp_path, monkeypatch, capfd, caplog):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    _cutter.cache_clear()
    assert words_of(pd.Series(["手续费太高"]), language="zh")[0][0] == "手续费"
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_bad_input_is_refused_in_words():
    groups = pd.Series(pd.Categorical(["a", "b"]), name="TIER")
    with pytest.raises(TypeError, match="cut them with words_of first"):
        keyness(["fees high", "app"], groups)
    with pytest.raises(TypeError, match=r"groups is .*, categories are expected"):
        keyness([["a"], ["b"]], pd.Series(["a", "b"]))
    with pytest.raises(ValueError, match="words of 1 respondents and groups of 2"):
        keyness([["a"]], groups)
    with pytest.raises(TypeError, match="WHY: 5 is int, a text is expected"):
        words_of(pd.Series(["x", 5], name="WHY", dtype=object), language="en")

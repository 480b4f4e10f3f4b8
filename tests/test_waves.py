import numpy as np
import pandas as pd
import pytest

from analysis.design.design import survey_design
from analysis.design.replicates import jackknife
from analysis.waves.change import decompose_change
from analysis.waves.trends import mean_trend, share_trend, trend_table

WAVES = ["2023", "2024", "2025"]


@pytest.fixture
def data(reference):
    frame = reference("waves_small")
    frame["WAVE"] = pd.Categorical(frame["WAVE"].astype(str), categories=WAVES, ordered=True)
    frame["TIER"] = pd.Categorical(frame["TIER"], categories=[1, 2, 3], ordered=True)
    return frame


@pytest.fixture
def panel(data):
    return survey_design(data["W"], clusters=data["ID"])


def check_waves(trend, case, measure, computed_by_r):
    for wave in trend.waves:
        wanted = computed_by_r("waves", f"{case} {measure} {wave.wave}")
        assert wave.estimate == pytest.approx(wanted["estimate"], rel=1e-9)
        assert (wave.interval.low, wave.interval.high) == pytest.approx(
            (wanted["low"], wanted["high"]), rel=1e-9
        )
        if "n" in wanted:
            assert wave.n == wanted["n"]
        if "std_error" in wanted:
            assert wave.std_error == pytest.approx(wanted["std_error"], rel=1e-9)


def check_overall(trend, case, measure, computed_by_r):
    wanted = computed_by_r("waves", f"{case} {measure} overall")
    assert trend.overall.statistic == pytest.approx(wanted["statistic"], rel=1e-9)
    assert trend.overall.p_value == pytest.approx(wanted["p_value"], rel=1e-9)
    assert trend.overall.df == pytest.approx([wanted[k] for k in ("df1", "df2") if k in wanted], rel=1e-9)


@pytest.mark.parametrize("against", ["previous", "first"])
@pytest.mark.parametrize("item", ["SAT", "LOY"])
def test_means_and_welch_tests_equal_r(item, against, data, computed_by_r):
    trend = mean_trend(data[item], data["WAVE"], against=against)
    check_waves(trend, item, "mean", computed_by_r)
    check_overall(trend, item, "mean", computed_by_r)
    for change in trend.changes:
        wanted = computed_by_r("waves", f"{item} mean {change.earlier} {change.later}")
        for name in ("estimate", "std_error", "statistic", "df", "p_value"):
            assert getattr(change, name) == pytest.approx(wanted[name], rel=1e-9)
        assert change.interval.low == pytest.approx(wanted["low"], rel=1e-9)
        assert change.interval.high == pytest.approx(wanted["high"], rel=1e-9)
    assert trend.n + sum(wave.n_missing for wave in trend.waves) == 180


@pytest.mark.parametrize("against", ["previous", "first"])
@pytest.mark.parametrize("item", ["SAT", "LOY"])
def test_shares_and_their_tests_equal_r(item, against, data, computed_by_r):
    trend = share_trend(data[item], data["WAVE"], codes=(4, 5), against=against)
    check_waves(trend, item, "share", computed_by_r)
    check_overall(trend, item, "share", computed_by_r)
    for change in trend.changes:
        wanted = computed_by_r("waves", f"{item} share {change.earlier} {change.later}")
        assert change.estimate == pytest.approx(wanted["estimate"], rel=1e-9)
        assert change.statistic**2 == pytest.approx(wanted["chi_square"], rel=1e-9)
        assert change.p_value == pytest.approx(wanted["p_value"], rel=1e-9)
        assert change.interval.low == pytest.approx(wanted["low"], rel=1e-9)
        assert change.interval.high == pytest.approx(wanted["high"], rel=1e-9)


@pytest.mark.parametrize("measure", ["mean", "share"])
@pytest.mark.parametrize("item", ["SAT", "LOY"])
def test_weights_and_repeated_respondents_equal_survey(item, measure, data, panel, computed_by_r):
    if measure == "mean":
        trend = mean_trend(data[item], data["WAVE"], design=panel)
    else:
        trend = share_trend(data[item], data["WAVE"], codes=(4, 5), design=panel)
    check_waves(trend, f"panel {item}", measure, computed_by_r)
    check_overall(trend, f"panel {item}", measure, computed_by_r)
    for change in trend.changes:
        wanted = computed_by_r("waves", f"panel {item} {measure} {change.earlier} {change.later}")
        for name in ("estimate", "std_error", "df", "p_value"):
            assert getattr(change, name) == pytest.approx(wanted[name], rel=1e-9)


def check_parts(found, case, prefix, computed_by_r):
    parts = {"change": found.change, "mix": found.mix, "within": found.within}
    for number, tier in enumerate(found.tiers, 1):
        parts |= {f"mix{number}": tier.mix, f"within{number}": tier.within}
    if prefix:
        parts = {"mix": found.mix, "within": found.within, "interaction": found.interaction}
        parts["interaction2"] = found.tiers[1].interaction
    for name, part in parts.items():
        wanted = computed_by_r("waves", f"{case} {prefix}{name}")
        assert part.estimate == pytest.approx(wanted["estimate"], rel=1e-9, abs=1e-14)
        assert part.std_error == pytest.approx(wanted["std_error"], rel=1e-9)
        assert part.interval.low < part.estimate < part.interval.high


@pytest.mark.parametrize(("weighed", "prefix"), [("average", ""), ("earlier", "earlier_")])
@pytest.mark.parametrize("item", ["SAT", "LOY"])
def test_decomposition_equals_the_delta_method_of_survey(item, weighed, prefix, data, panel, computed_by_r):
    found = decompose_change(
        data[item],
        data["TIER"],
        data["WAVE"],
        earlier="2023",
        later="2025",
        design=panel,
        reference=weighed,
    )
    check_parts(found, f"split panel {item}", prefix, computed_by_r)


@pytest.mark.parametrize(("weighed", "prefix"), [("average", ""), ("earlier", "earlier_")])
def test_decomposition_without_design_equals_survey(weighed, prefix, data, computed_by_r):
    found = decompose_change(
        data["SAT"], data["TIER"], data["WAVE"], earlier="2024", later="2025", reference=weighed
    )
    check_parts(found, "split plain SAT", prefix, computed_by_r)


def test_the_parts_are_the_change(data, panel):
    rows = {"earlier": "2023", "later": "2024", "design": panel}
    two = decompose_change(data["SAT"], data["TIER"], data["WAVE"], **rows)
    three = decompose_change(data["SAT"], data["TIER"], data["WAVE"], reference="earlier", **rows)
    change = two.change.estimate
    assert two.mix.estimate + two.within.estimate == pytest.approx(change, rel=1e-12)
    parts = (three.mix, three.within, three.interaction)
    assert sum(part.estimate for part in parts) == pytest.approx(change, rel=1e-12)
    assert two.mix.estimate == pytest.approx(three.mix.estimate + three.interaction.estimate / 2, rel=1e-12)
    assert sum(tier.mix.estimate for tier in two.tiers) == pytest.approx(two.mix.estimate, rel=1e-12)


def test_the_change_is_that_of_the_trend(data):
    whole = data.dropna(subset=["TIER"])
    trend = mean_trend(whole["SAT"], whole["WAVE"])
    found = decompose_change(whole["SAT"], whole["TIER"], whole["WAVE"], earlier="2023", later="2024")
    assert found.change.estimate == pytest.approx(trend.changes[0].estimate, rel=1e-12)
    assert found.change.std_error == pytest.approx(trend.changes[0].std_error, rel=1e-12)


def test_a_shifted_scale_moves_no_part_and_swapped_waves_turn_signs(data):
    args = data["TIER"], data["WAVE"]
    one = decompose_change(data["SAT"], *args, earlier="2023", later="2024")
    other = decompose_change(data["SAT"] + 100, *args, earlier="2023", later="2024")
    back = decompose_change(data["SAT"], *args, earlier="2024", later="2023")
    for a, b, c in zip(one.entries(), other.entries(), back.entries(), strict=True):
        assert b.estimate == pytest.approx(a.estimate, rel=1e-7, abs=1e-10)
        assert b.std_error == pytest.approx(a.std_error, rel=1e-7)
        assert c.estimate == pytest.approx(-a.estimate, rel=1e-9, abs=1e-14)


def test_linearised_errors_are_close_to_the_jackknife(data):
    whole = data.dropna(subset=["SAT", "TIER"])
    whole = whole[whole["WAVE"] != "2023"].reset_index(drop=True)
    plain = survey_design(n_rows=len(whole), strata=whole["WAVE"].cat.codes)
    rows = {"earlier": "2024", "later": "2025"}
    args = whole["SAT"], whole["TIER"], whole["WAVE"]
    linear = decompose_change(*args, **rows, design=plain)
    again = decompose_change(*args, **rows, design=jackknife(plain))
    for a, b in zip(linear.entries(), again.entries(), strict=True):
        assert a.estimate == pytest.approx(b.estimate, rel=1e-12)
        assert a.std_error == pytest.approx(b.std_error, rel=0.15)  # two first-order approximations


def test_intervals_of_the_parts_cover():
    rng = np.random.default_rng(8)
    tiers, shares, means = np.arange(3), ([0.6, 0.3, 0.1], [0.4, 0.35, 0.25]), ([3, 3.4, 4], [3.1, 3.3, 4.2])
    truth = {
        "mix": float(np.dot(np.subtract(*shares[::-1]), np.add(*means) / 2)),
        "within": float(np.dot(np.subtract(*means[::-1]), np.add(*shares) / 2)),
    }
    covered = dict.fromkeys(truth, 0)
    cases, size = 250, 150
    for _ in range(cases):
        group = np.concatenate([rng.choice(tiers, size, p=p) for p in shares])
        wave = np.repeat([0, 1], size)
        y = np.array(means)[wave, group] + rng.normal(size=2 * size)
        found = decompose_change(
            pd.Series(y, name="SAT"),
            pd.Series(pd.Categorical(group)),
            pd.Series(pd.Categorical(wave)),
            earlier="0",
            later="1",
        )
        for part, value in truth.items():
            interval = getattr(found, part).interval
            covered[part] += interval.low <= value <= interval.high
    assert all(0.91 <= hits / cases <= 0.98 for hits in covered.values()), covered


def small(values, waves):
    return pd.Series(values, name="SAT", dtype=float), pd.Series(
        pd.Categorical(waves, categories=["a", "b", "c"])
    )


def test_thin_and_constant_waves_say_so():
    values, waves = small([1, 2, 3, 4, 4, 4, np.nan], ["a", "a", "a", "b", "b", "b", "c"])
    trend = mean_trend(values, waves)
    assert [wave.state for wave in trend.waves] == ["ok", "constant", "too_few"]
    assert trend.waves[1].estimate == 4
    assert trend.waves[2].n_missing == 1
    assert [change.state for change in trend.changes] == ["ok", "too_few"]
    assert trend.overall.state == "too_few"
    shares = share_trend(values, waves, codes=[9])
    assert [change.state for change in shares.changes] == ["constant", "too_few"]
    assert shares.changes[0].interval is not None
    design = survey_design(n_rows=7)
    for measure in (
        mean_trend(values, waves, design=design),
        share_trend(values, waves, codes=[4], design=design),
    ):
        assert measure.waves[2].state == measure.changes[1].state == measure.overall.state == "too_few"
        measure.to_frame()


def test_replicates_that_empty_a_wave_or_tier_give_no_error():
    values, waves = small([1, 2, 3, 4, 5, 4, 2], ["a", "a", "a", "b", "b", "b", "c"])
    design = jackknife(survey_design(n_rows=7))
    trend = mean_trend(values, waves, design=design)
    assert [wave.state for wave in trend.waves] == ["ok", "ok", "too_few"]
    assert [change.state for change in trend.changes] == ["ok", "too_few"]
    assert "leaves a wave without" in trend.overall.reason
    tiers = pd.Series(pd.Categorical(list("xxyyxxyy")))
    answers, times = small([1, 2, 3, 4, 5, 4, 2, 3], list("aaaabbbb"))
    pairs = jackknife(survey_design(clusters=[0, 0, 1, 2, 3, 4, 5, 6]))
    found = decompose_change(answers, tiers, times, earlier="a", later="b", design=pairs)
    assert (found.mix.state, found.mix.std_error) == ("too_few", None)
    assert "leaves a tier" in found.mix.reason


def test_a_tier_that_one_wave_lacks_is_named(data):
    lacking = data[~((data["WAVE"] == "2023") & (data["TIER"] == 3))]
    found = decompose_change(lacking["SAT"], lacking["TIER"], lacking["WAVE"], earlier="2023", later="2025")
    assert found.state == "empty_cell"
    assert "3 has 0 in 2023 and" in found.reason
    assert found.entries()[0].estimate is None
    empty = data.iloc[:0]
    assert (
        decompose_change(empty["SAT"], empty["TIER"], empty["WAVE"], earlier="2023", later="2025").state
        == "empty_cell"
    )


def test_table_corrects_over_all_items(data):
    table = trend_table(data[["SAT", "LOY"]], data["WAVE"], codes=(4, 5))
    raw = [c.p_value for trend in table.trends for c in trend.changes]
    corrected = [c.p_adjusted for trend in table.trends for c in trend.changes]
    assert min(corrected) == pytest.approx(min(1, 4 * min(raw)))
    frame = table.to_frame()
    assert frame["codes"].unique().tolist() == ["4, 5"]
    assert (frame["measure"] == "share_change").sum() == 4


def test_bad_input_is_refused_in_words(data, panel):
    with pytest.raises(TypeError, match=r"waves is .*, categories in the order"):
        mean_trend(data["SAT"], data["WAVE"].astype(str))
    with pytest.raises(ValueError, match="different indexes"):
        mean_trend(data["SAT"], data["WAVE"].iloc[::-1])
    with pytest.raises(ValueError, match="codes names no answer"):
        share_trend(data["SAT"], data["WAVE"], codes=())
    with pytest.raises(ValueError, match="the design has 180 rows"):
        mean_trend(data["SAT"].iloc[1:], data["WAVE"].iloc[1:], design=panel)
    with pytest.raises(ValueError, match="got 2023 and 2026"):
        decompose_change(data["SAT"], data["TIER"], data["WAVE"], earlier="2023", later="2026")

import time

import numpy as np
import pandas as pd
import pytest

from analysis.bootstrap import resampled_counts
from analysis.mediation import mediate


def sample(n=200, seed=3):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=n)
    m1 = 0.5 * x + rng.normal(size=n)
    m2 = 0.4 * m1 + 0.2 * x + rng.normal(size=n)
    y = 0.4 * m2 + 0.2 * m1 + 0.1 * x + rng.normal(size=n)
    return pd.DataFrame({"x": x, "m1": m1, "m2": m2, "y": y})


def run(d, mediators, resamples=200, **options):
    return mediate(
        d.iloc[:, 0],
        d[mediators],
        d.iloc[:, -1],
        rng=np.random.default_rng(1),
        resamples=resamples,
        **options,
    )


# lavaan's optimiser stops near 1e-7
@pytest.mark.parametrize("case", ["small", "bank"])
def test_serial_mediation_equals_lavaan(case, survey, computed_by_r, request):
    if case == "small":
        d = survey[["SAT1", "SAT2", "NPS", "LOY"]]
    else:
        bank = pd.read_csv(request.getfixturevalue("shared_data") / "bank" / "service_quality_SQ.csv")
        d = bank[["a01", "a05", "a09", "sat"]]
    x, m1, m2, y = d.columns
    r, result = computed_by_r("associations", f"serial {case}"), run(d, [m1, m2])
    assert result.n == r["n"]
    for name, ends in {
        "a1": (x, m1),
        "a2": (x, m2),
        "d": (m1, m2),
        "b1": (m1, y),
        "b2": (m2, y),
        "cp": (x, y),
    }.items():
        assert result.path(*ends).estimate == pytest.approx(r[name], rel=1e-5, abs=1e-7), name
    assert (result.estimate, result.total, result.direct) == pytest.approx(
        (r["serial"], r["total"], r["cp"]), rel=1e-5, abs=1e-7
    )
    ways = {way.through: way.estimate for way in result.indirect}
    assert ways == pytest.approx(
        {(m1,): r["first"], (m2,): r["second"], (m1, m2): r["serial"]}, rel=1e-5, abs=1e-7
    )


def test_simple_mediation_equals_lavaan(survey, computed_by_r):
    r, result = computed_by_r("associations", "mediation small"), run(survey[["SAT1", "NPS", "LOY"]], ["NPS"])
    assert (result.n, result.n_missing) == (r["n"], 64 - r["n"])
    assert (result.estimate, result.total) == pytest.approx((r["indirect"], r["total"]), rel=1e-5)
    assert result.indirect[0].interval == result.interval


def ols(y, *xs):
    z = [(v - v.mean()) / v.std() for v in (y, *xs)]
    return np.linalg.lstsq(np.column_stack(z[1:]), z[0], rcond=None)[0]


def serial(d):
    x, m1, m2, y = d.T
    return ols(m1, x)[0] * ols(m2, x, m1)[1] * ols(y, x, m1, m2)[2]


@pytest.mark.parametrize("clustered", [False, True])
def test_draws_are_those_of_fitting_every_resample(clustered):
    d = sample()
    codes = np.repeat(np.arange(40), 5)
    result = run(d, ["m1", "m2"], resamples=60, clusters=pd.Series(codes) if clustered else None)
    counts = np.concatenate(list(resampled_counts(np.random.default_rng(1), 40 if clustered else 200, 60)))
    values = d.to_numpy()
    drawn = [
        serial(np.repeat(values, (row[codes] if clustered else row).astype(int), axis=0)) for row in counts
    ]
    assert result.distribution.draws == pytest.approx(np.sort(drawn), rel=1e-10)
    assert result.interval.low == pytest.approx(np.quantile(drawn, 0.025), rel=1e-10)
    below = np.sum(np.array(drawn) <= 0.05)
    assert result.distribution.tail(0.05, upper=True) == pytest.approx((below + 1) / 61)


@pytest.mark.parametrize("mediators", [["m1"], ["m1", "m2"]])
def test_all_ways_and_the_direct_one_sum_to_the_total(mediators):
    result = run(sample(), mediators)
    ways = sum(way.estimate for way in result.indirect)
    assert ways + result.direct == pytest.approx(result.total, rel=1e-12)
    assert len(result.indirect) == 2 ** len(mediators) - 1
    assert {"specific_indirect", "path", "direct"} <= set(result.to_frame()["measure"])


def test_units_do_not_matter_and_missing_answers_are_counted():
    d = sample()
    plain, moved = run(d, ["m1"]), run(3 * d - 7, ["m1"])
    assert moved.estimate == pytest.approx(plain.estimate, rel=1e-10)
    assert moved.interval.high == pytest.approx(plain.interval.high, rel=1e-9)
    d.loc[[3, 5], "m1"] = np.nan
    assert (run(d, ["m1"]).n, run(d, ["m1"]).n_missing) == (198, 2)


def test_what_cannot_be_mediated_says_why():
    d = sample(50)
    assert run(d.assign(m1=0.1), ["m1"]).state == "constant"
    assert run(d.assign(m2=2 * d["m1"]), ["m1", "m2"]).state == "inadmissible"
    assert run(d[:4], ["m1"]).reason == "4 respondents for 3 variables"
    with pytest.raises(ValueError, match="0 mediators; one to four"):
        run(d, [])


def test_five_thousand_resamples_take_little_time():
    d = sample(800)
    begin = time.process_time()
    run(d, ["m1", "m2"], resamples=5000)
    assert time.process_time() - begin < 3  # about half a second; a busy machine must not fail it

"""Histograms instead of stored paths: exact counts and moments, the same whatever the parts, never far from the truth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from sim.analysis.estimate import PERCENTILES, describe, describe_tally
from sim.run.result import Tally
from sim.run.simulate import CHUNK, Simulator
from sim.run.tallies import Tallies
from tests.run.conftest import TOY

N = 3 * CHUNK + 321
Count = Callable[..., None]


def columns() -> dict[str, np.ndarray]:
    """Shapes that summaries must not get wrong."""
    rng = np.random.default_rng(11)
    normal = rng.normal(size=N)
    shapes = {
        "normal": normal,
        "far from zero": 1e9 + 1e-3 * normal,
        "lognormal": np.exp(2 * normal),
        "cauchy": normal / rng.normal(size=N),
        "indicator": (normal > 1).astype(float),
        "rare": (normal > 3.5).astype(float),
        "constant": np.full(N, 0.1),
        "atom and tail": np.maximum(normal, 0.0),
        "whole numbers": rng.poisson(3, N).astype(float),
        "drifting": normal + np.arange(N) / N * 100,  # leaves the bins that the first chunk placed
        "tiny": 1e-300 * normal,
        "huge": 1e150 * normal,
        "some invalid": np.where(normal > 2, np.nan, np.where(normal < -2, -np.inf, normal)),
        "all invalid": np.full(N, np.nan),
        "one valid": np.where(np.arange(N) == 5, 7.0, np.nan),
        "valid later": np.where(np.arange(N) < CHUNK, np.nan, normal),
    }
    return {name: np.asarray(values, np.float64) for name, values in shapes.items()}


COLUMNS = columns()
VALUES = np.stack(list(COLUMNS.values()))


@pytest.fixture(scope="module")
def count(simulator: Callable[..., Simulator]) -> Count:
    return simulator(TOY).tally


def tallied(count: Count, parts: list[slice] | None = None) -> dict[str, Tally]:
    """Chunks counted in the order given, each in a tally of its own, merged as threads' tallies are."""
    whole = Tallies.placed(VALUES[:, :CHUNK])
    for part in parts or [slice(i, min(i + CHUNK, N)) for i in range(0, N, CHUNK)]:
        mine = whole.alike()
        mine.count(count, part.start, np.ascontiguousarray(VALUES[:, part]))
        whole.merge(mine)
    return dict(whole.by_output(list(COLUMNS), N))


@pytest.fixture(scope="module")
def tallies(count: Count) -> dict[str, Tally]:
    return tallied(count)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_counts_and_moments_are_exact(tallies: dict[str, Tally], name: str) -> None:
    tally, column = tallies[name], COLUMNS[name]
    valid = column[np.isfinite(column)]
    assert tally.paths == valid.size
    assert tally.invalid == N - valid.size
    assert tally.counts.sum() == valid.size
    if valid.size:
        assert tally.mean == pytest.approx(valid.mean(), rel=1e-13, abs=1e-13 * np.abs(valid).max())
        assert tally.squares == pytest.approx(((valid - valid.mean()) ** 2).sum(), rel=1e-9, abs=0)
        assert tally.smallest[0] == valid.min()
        assert tally.largest[-1] == valid.max()


@pytest.mark.parametrize("name", list(COLUMNS))
def test_bins_rise_and_hold_what_they_say(tallies: dict[str, Tally], name: str) -> None:
    """Bins do not overlap, and each holds exactly as many values as lie between its bounds."""
    tally, column = tallies[name], np.sort(COLUMNS[name][np.isfinite(COLUMNS[name])])
    assert (tally.smallest <= tally.largest).all()
    assert (tally.largest[:-1] < tally.smallest[1:]).all()
    inside = np.searchsorted(column, tally.largest, "right") - np.searchsorted(column, tally.smallest, "left")
    assert np.array_equal(inside, tally.counts)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_percentiles_lie_in_the_bin_of_the_true_one(tallies: dict[str, Tally], name: str) -> None:
    """Between the bounds of the bin that holds the exact order statistic; exact where the bin holds one value."""
    tally, valid = tallies[name], np.sort(COLUMNS[name][np.isfinite(COLUMNS[name])])
    if not valid.size:
        assert describe_tally(tally).percentiles == {}
        return
    found = describe_tally(tally).percentiles
    for p in PERCENTILES:
        below = int(np.floor(p / 100 * (valid.size - 1)))
        above = min(below + 1, valid.size - 1)
        low = tally.smallest[np.searchsorted(tally.largest, valid[below])]
        high = tally.largest[np.searchsorted(tally.largest, valid[above])]
        assert low <= found[p] <= high, p
    assert found == dict(sorted(found.items(), key=lambda item: item[1])), "percentiles rise"


@pytest.mark.parametrize(
    "name", ["normal", "far from zero", "lognormal", "whole numbers", "indicator", "atom and tail"]
)
def test_percentiles_are_within_a_hundredth_of_their_error(tallies: dict[str, Tally], name: str) -> None:
    """What the histogram adds to the Monte Carlo error of a percentile does not count."""
    exact, found = describe(COLUMNS[name]), describe_tally(tallies[name])
    for p in PERCENTILES:
        assert abs(found.percentiles[p] - exact.percentiles[p]) <= 0.05 * exact.percentile_errors[p] + 1e-12
        assert found.percentile_errors[p] == pytest.approx(exact.percentile_errors[p], rel=0.1, abs=1e-12)
    assert found.sd == pytest.approx(exact.sd, rel=1e-9)
    assert found.standard_error == pytest.approx(exact.standard_error, rel=1e-9)


def test_parts_merge_to_the_same_bits_in_any_order(count: Count, tallies: dict[str, Tally]) -> None:
    starts = list(range(0, N, CHUNK))
    for order in (starts[::-1], [starts[2], starts[0], starts[3], starts[1]]):
        again = tallied(count, [slice(i, min(i + CHUNK, N)) for i in order])
        for name, tally in tallies.items():
            other = again[name]
            for field in ("counts", "smallest", "largest"):
                assert np.array_equal(getattr(tally, field), getattr(other, field)), (name, field)
            one, two = (np.array([t.mean, t.squares]) for t in (tally, other))
            assert np.array_equal(one.view(np.uint64), two.view(np.uint64)), name


def test_moments_survive_cancellation(count: Count) -> None:
    """A spread of a thousandth around a billion: naive sums of squares would give nonsense or less than nothing."""
    column = COLUMNS["far from zero"]
    naive = float((column**2).sum() - column.size * column.mean() ** 2)
    exact = float(((column - column.mean()) ** 2).sum())
    assert not naive == pytest.approx(exact, rel=0.5)
    assert tallied(count)["far from zero"].squares == pytest.approx(exact, rel=1e-9)


def test_no_value_is_too_far_out(count: Count) -> None:
    """Every magnitude a float can have, on either side, with bins placed by ordinary ones."""
    rng = np.random.default_rng(2)
    far = np.concatenate([s * np.ldexp(1.0, np.arange(-1074, 1024)) for s in (-1, 1)])
    whole = Tallies.placed(rng.normal(size=(1, CHUNK)))
    whole.count(count, 0, far[None, :])
    tally = whole.by_output(["far"], far.size)["far"]
    assert tally.counts.sum() == far.size
    assert (tally.smallest[0], tally.largest[-1]) == (far.min(), far.max())
    assert (tally.largest[:-1] < tally.smallest[1:]).all()

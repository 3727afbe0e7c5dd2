"""Histograms instead of stored paths: exact counts and moments, the same whatever the parts, close percentiles."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from sim.analysis.estimate import PERCENTILES, describe, describe_tally
from sim.run.result import Tally
from sim.run.simulate import CHUNK, Simulator
from sim.run.tallies import CORE_SHARE, Moments, Tallies
from sim.run.tally import ABOVE, TAIL
from tests.run.conftest import TOY

N = 3 * CHUNK + 321
PARTS = [slice(i, min(i + CHUNK, N)) for i in range(0, N, CHUNK)]
Count = Callable[..., None]


def columns() -> dict[str, np.ndarray]:
    """Shapes that summaries must not get wrong."""
    rng = np.random.default_rng(11)
    normal = rng.normal(size=N)
    shapes = {
        "normal": normal,
        "far from zero": 1e9 + 1e-3 * normal,
        "lognormal": np.exp(0.5 * normal),
        "skewed": np.exp(2 * normal),
        "cauchy": normal / rng.normal(size=N),
        "indicator": (normal > 1).astype(float),
        "rare": (normal > 3.5).astype(float),
        "constant": np.full(N, 0.1),
        "atom and tail": np.maximum(normal, 0.0),
        "cap and tail": np.minimum(normal, 1.0),
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
THRESHOLDS = [(name, x) for name in COLUMNS for x in (0.0, 1.0)] + [("lognormal", 3.5), ("normal", 9.0)]
VALUES = np.stack(list(COLUMNS.values()))


@pytest.fixture(scope="module")
def count(simulator: Callable[..., Simulator]) -> Count:
    return simulator(TOY).tally


def tallied(count: Count, parts: list[slice] | None = None, replicated: bool = False) -> dict[str, Tally]:
    """Chunks counted in the order given, each in a tally of its own, merged as threads' tallies are."""
    whole = Tallies.placed(VALUES[:, :CHUNK], [(list(COLUMNS).index(name), x) for name, x in THRESHOLDS])
    first = np.ascontiguousarray(VALUES[:, :CHUNK])
    whole.count(count, 0, first)
    whole.classify()
    chunks: dict[tuple[int, int], np.ndarray] = {}
    for part in parts or PARTS:
        mine = whole.alike()
        mine.count(count, part.start, np.ascontiguousarray(VALUES[:, part]))
        chunks[part.start, part.stop] = mine.moments.pop(part.start)
        whole.merge(mine)
    moments = Moments.none(len(COLUMNS))
    for start, stop in sorted(chunks):
        moments.take(chunks[start, stop], stop - start)
    return dict(whole.by_output(list(COLUMNS), moments, replicated=replicated))


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
        rounding = valid.size * (1e-15 * np.abs(valid).max()) ** 2
        assert tally.squares == pytest.approx(((valid - valid.mean()) ** 2).sum(), rel=1e-9, abs=rounding)
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
    "name", ["normal", "far from zero", "lognormal", "whole numbers", "indicator", "rare", "constant"]
)
def test_percentiles_are_within_a_fifth_of_their_error(tallies: dict[str, Tally], name: str) -> None:
    """What the histogram adds to the Monte Carlo error of a percentile hardly counts, even on few paths."""
    exact, found = describe(COLUMNS[name]), describe_tally(tallies[name])
    for p in PERCENTILES:
        assert abs(found.percentiles[p] - exact.percentiles[p]) <= 0.2 * exact.percentile_errors[p], p
        assert found.percentile_errors[p] == pytest.approx(exact.percentile_errors[p], rel=0.2, abs=1e-15), p
    assert found.sd == pytest.approx(exact.sd, rel=1e-9, abs=1e-15)
    assert found.standard_error == pytest.approx(exact.standard_error, rel=1e-9, abs=1e-15)


@pytest.mark.parametrize("at", ["below", "above"])
def test_an_atom_beside_a_continuous_part_stays_exact(count: Count, at: str) -> None:
    """Two thirds of the paths exactly at a bound, as demand that is never unmet: their percentiles are the bound."""
    normal = COLUMNS["normal"] - 0.43
    column = np.maximum(normal, 0.0) if at == "below" else np.minimum(-normal, 0.0) + 5.0
    whole = Tallies.placed(column[None, :CHUNK])
    moments = Moments.none(1)
    for first in range(0, N, CHUNK):
        part = np.ascontiguousarray(column[None, first : first + CHUNK])
        whole.count(count, first, part)
        moments.take(whole.moments.pop(first), part.shape[1])
    exact, found = describe(column), describe_tally(whole.by_output(["y"], moments, replicated=False)["y"])
    bound = column.min() if at == "below" else column.max()
    held = [p for p in PERCENTILES if exact.percentiles[p] == bound and exact.percentile_errors[p] == 0]
    assert len(held) >= 12
    for p in held:
        assert found.percentiles[p] == bound, p
        assert found.percentile_errors[p] == 0, p


def test_parts_merge_to_the_same_bits_in_any_order(count: Count, tallies: dict[str, Tally]) -> None:
    starts = list(range(0, N, CHUNK))
    for order in (starts[::-1], [starts[2], starts[0], starts[3], starts[1]]):
        again = tallied(count, [slice(i, min(i + CHUNK, N)) for i in order])
        for name, tally in tallies.items():
            other = again[name]
            for field in ("counts", "smallest", "largest", "valid"):
                assert np.array_equal(getattr(tally, field), getattr(other, field)), (name, field)
            assert tally.reached.keys() == other.reached.keys()
            assert all(np.array_equal(tally.reached[x], other.reached[x]) for x in tally.reached), name
            one, two = (np.array([t.mean, t.squares]) for t in (tally, other))
            assert np.array_equal(one.view(np.uint64), two.view(np.uint64)), name


def test_moments_survive_cancellation(count: Count) -> None:
    """A spread of a thousandth around a billion: naive sums of squares would give nonsense or less than nothing."""
    column = COLUMNS["far from zero"]
    naive = float((column**2).sum() - column.size * column.mean() ** 2)
    values = [Fraction(float(x)) for x in column]
    mean = sum(values) / len(values)
    exact = float(sum((x - mean) ** 2 for x in values))
    assert naive != pytest.approx(exact, rel=0.5)
    assert tallied(count)["far from zero"].squares == pytest.approx(exact, rel=1e-9)


def test_no_value_is_too_far_out(count: Count) -> None:
    """Every magnitude a float can have, on either side, with bins placed by ordinary ones."""
    rng = np.random.default_rng(2)
    far = np.concatenate([s * np.ldexp(1.0, np.arange(-1074, 1024)) for s in (-1, 1)])
    whole = Tallies.placed(rng.normal(size=(1, CHUNK)))
    whole.count(count, 0, far[None, :])
    moments = Moments.none(1)
    moments.take(whole.moments[0], far.size)
    tally = whole.by_output(["far"], moments, replicated=False)["far"]
    assert tally.counts.sum() == far.size
    assert (tally.smallest[0], tally.largest[-1]) == (far.min(), far.max())
    assert (tally.largest[:-1] < tally.smallest[1:]).all()


@pytest.mark.parametrize("name", ["indicator", "cap and tail"])
def test_what_lies_at_a_cap_is_in_the_core(count: Count, name: str) -> None:
    """Beyond it each value takes several times as long: there are at most the rare ones of a tail."""
    column = np.ascontiguousarray(COLUMNS[name][None, :CHUNK])
    whole = Tallies.placed(column)
    whole.count(count, 0, column)
    assert whole.counts[0, ABOVE:].sum() == 0
    assert whole.counts[0, :TAIL].sum() <= CHUNK // 100


@pytest.mark.parametrize("what", ["a core wider than any number", "ends nearer to a wide core than its widths tell"])
def test_extremes_are_exact_however_odd_the_spread(count: Count, what: str) -> None:
    """Where no value can be told to lie beyond the core, every bin knows its bounds."""
    rng = np.random.default_rng(3)
    near = -5e-324 * np.arange(1, int(CORE_SHARE * (CHUNK - 1)) + 1)
    nearby = np.concatenate([near, 1e300 * np.arange(CHUNK - near.size)])
    column = 1.7e308 * rng.uniform(-1, 1, CHUNK) if what.startswith("a core") else nearby
    values = rng.permutation(column)[None, :]
    whole = Tallies.placed(values)
    whole.count(count, 0, values)
    moments = Moments.none(1)
    moments.take(whole.moments.pop(0), CHUNK)
    tally = whole.by_output(["y"], moments, replicated=False)["y"]
    assert tally.counts.sum() == CHUNK
    assert (tally.smallest[0], tally.largest[-1]) == (values.min(), values.max())


def test_errors_are_those_of_the_replicates(count: Count) -> None:
    """Means and ranks of paths r, r + 16, ...: their spread over 4, as computed from the whole columns."""
    tallies = tallied(count, replicated=True)
    for name in ("normal", "lognormal", "indicator", "atom and tail", "some invalid"):
        tally, column = tallies[name], COLUMNS[name]
        parts = [column[r::16][np.isfinite(column[r::16])] for r in range(16)]
        assert tally.mean_error == pytest.approx(np.std([p.mean() for p in parts], ddof=1) / 4, rel=1e-9)
        assert tally.rank_errors is not None
        valid = column[np.isfinite(column)]
        for p in (5, 50, 95) if name in ("normal", "lognormal") else ():
            mark = np.quantile(valid, p / 100)
            expected = np.std([np.mean(part <= mark) for part in parts], ddof=1) / 4
            # Ranks are taken at the edge of a bin near the percentile, so errors agree about, not exactly.
            assert tally.rank_errors[PERCENTILES.index(p)] == pytest.approx(expected, rel=0.35), (name, p)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_what_reaches_a_threshold_is_counted_exactly(tallies: dict[str, Tally], name: str) -> None:
    """By replicate, the threshold itself included, an infinite value left out as everywhere."""
    tally, column = tallies[name], COLUMNS[name]
    asked = [x for each, x in THRESHOLDS if each == name]
    assert list(tally.reached) == asked
    assert tally.valid is not None
    for r in range(16):
        part = column[r::16]
        valid = part[np.isfinite(part)]
        assert tally.valid[r] == valid.size
        for x in asked:
            assert tally.reached[x][r] == np.count_nonzero(valid >= x)


@pytest.mark.parametrize("name", list(COLUMNS))
def test_the_rank_of_a_percentile_is_within_the_stated_error(tallies: dict[str, Tally], name: str) -> None:
    """The share of paths below the value told, the value itself counting as any rank it holds."""
    found, column = describe_tally(tallies[name]), np.sort(COLUMNS[name][np.isfinite(COLUMNS[name])])
    for p, value in found.percentiles.items():
        below, up_to = (np.searchsorted(column, value, side) for side in ("left", "right"))
        place = p / 100 * (column.size - 1)
        away = max(below - place, place - up_to, 0.0) / column.size
        assert away <= found.rank_error + 1.0 / column.size, p
    if name in ("normal", "lognormal", "skewed", "far from zero"):
        assert found.rank_error <= 1 / 500
    if name in ("constant", "indicator", "rare", "whole numbers"):
        assert found.rank_error == 0.0

"""Quantile tables: the stated error is the true one, and the shape is right."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim.sampling import laws, tables
from tests.sampling.test_sampling_marginals import PAIRS, drawn_as, law_of

TABLED = [name for name, (given, _) in PAIRS.items() if not law_of(given).closed]


@pytest.mark.parametrize("name", TABLED)
def test_stated_error_bounds_a_finer_search(name: str) -> None:
    law = law_of(PAIRS[name][0])
    table = tables.build(law)
    assert table.error <= tables.TOLERANCE
    z = np.linspace(-8.29, 8.29, 40_001)
    exact, found = tables.quantiles(law, z), drawn_as(law, z)
    p5, median, p95 = tables.quantiles(law, np.array([-1.6448536269514722, 0.0, 1.6448536269514722]))
    error = np.abs(found - exact) / np.maximum(np.abs(exact - median), p95 - p5)
    assert error.max() <= 1.1 * table.error + 1e-14


@pytest.mark.parametrize("name", TABLED)
def test_tables_rise(name: str) -> None:
    table = tables.build(law_of(PAIRS[name][0]))
    s = np.linspace(-0.5, 0.5, 11)[:, None]
    c0, c1, c2, c3 = table.coefficients
    values = (c0 + s * (c1 + s * (c2 + s * c3))).T.ravel()
    assert (np.diff(values) >= -4e-16 * np.abs(values).max()).all()


def test_a_kink_lies_between_two_intervals() -> None:
    law = laws.triangular(1.0, 3.0, 8.0)
    table = tables.build(law)
    position = (law.z_of(3.0) - table.origin) * table.per_unit + 0.5
    assert position == pytest.approx(round(position), abs=1e-9)
    # Blind to the kink, the same table would be a thousand times worse.
    assert tables._with(replace(law, kinks=()), 256).error > 1000 * table.error


def test_harder_laws_get_more_intervals() -> None:
    assert tables.build(laws.pert(1.0, 3.0, 8.0)).intervals == 256
    assert tables.build(laws.beta(0.1, 0.1, 0.0, 1.0)).intervals > 256


def test_an_interval_that_would_fall_is_a_line() -> None:
    ends = np.array([0.0, 0.0]), np.array([1e-9, 1.0])
    coefficients = tables.cubics(ends[0], np.array([0.9e-9, 0.2]), np.array([1e-10, 0.7]), ends[1])
    assert coefficients[:, 0] == pytest.approx([5e-10, 1e-9, 0.0, 0.0])
    assert coefficients[3, 1] != 0.0

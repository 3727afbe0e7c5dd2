"""Inverse normal and Box-Muller: the reference against published values, the kernel against the reference."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from scipy.special import ndtri

from sim import kernel
from sim.sampling import as241, normal
from tests.statistical import assert_mean, assert_sd, assert_uniform, mean_caught, sd_caught

TAILS = 10.0 ** np.linspace(-300, -1, 500)
CENTRE = np.linspace(0.001, 0.999, 999)


def test_published_values() -> None:
    # Wichura (1988), Applied Statistics 37, page 478: the checks of PPND16.
    assert as241.inverse_normal(0.25) == pytest.approx(-0.6744897501960817, rel=1e-15, abs=0)
    assert as241.inverse_normal(0.001) == pytest.approx(-3.090232306167814, rel=1e-15, abs=0)
    assert as241.inverse_normal(1e-20) == pytest.approx(-9.262340089798408, rel=1e-15, abs=0)


@pytest.mark.parametrize("p", [*TAILS[::25], *CENTRE[::50], 1.0 - 1e-16, 1.0 - 1e-9])
def test_reference_is_the_published_algorithm(p: float) -> None:
    assert as241.inverse_normal(p) == pytest.approx(NormalDist().inv_cdf(p), rel=1e-15, abs=0)


def test_reference_at_the_edges() -> None:
    assert as241.inverse_normal(0.0) == -math.inf
    assert as241.inverse_normal(1.0) == math.inf
    assert as241.inverse_normal(0.5) == 0.0
    assert math.isnan(as241.inverse_normal(-0.1))
    assert math.isnan(as241.inverse_normal(math.nan))
    assert as241.from_tails(1.0, 1e-30) == -as241.inverse_normal(1e-30)


def uniforms() -> np.ndarray:
    """Values of the stream's form (2k + 1) 2**-53, thick where the two regions meet and far out."""
    k = np.unique(
        np.concatenate(
            [
                np.arange(2000),
                (2.0 ** np.linspace(0, 51, 5000)).astype(np.int64),
                (2**52 * np.linspace(0.0749, 0.0751, 2000)).astype(np.int64),
                (2**52 * np.linspace(0.001, 0.499999, 5000)).astype(np.int64),
                2**51 - 1 - np.arange(100),
            ]
        )
    )
    return (2.0 * k + 1.0) * 2.0**-53


def inverse_normals(sampling: kernel.Kernel, u: np.ndarray, z: np.ndarray) -> None:
    place, (row, apart) = np.empty(kernel.BLOCK, np.uint64), np.empty((2, kernel.BLOCK))
    sampling.each_inverse_normal(u, row, place, apart, z)


def test_kernel_within_its_stated_error(sampling: kernel.Kernel) -> None:
    u = uniforms()
    z = np.empty_like(u)
    inverse_normals(sampling, u, z)
    reference = np.array([as241.inverse_normal(p) for p in u.tolist()])
    assert np.abs(z / reference - 1.0).max() < 2e-15
    assert np.abs(z / ndtri(u) - 1.0).max() < 4e-15  # SciPy's own error included


def test_blocks_of_tails_alone_and_mixed_blocks_agree(sampling: kernel.Kernel) -> None:
    """Tails are collected in each block: what else is in it changes nothing."""
    u = uniforms()  # in rising order: whole blocks lie in a tail, or in the centre
    order = np.random.default_rng(1).permutation(u.size)
    z, mixed = np.empty_like(u), np.empty_like(u)
    inverse_normals(sampling, u, z)
    inverse_normals(sampling, u[order], mixed)
    assert np.array_equal(mixed, z[order])


def test_kernel_is_odd_and_rises(sampling: kernel.Kernel) -> None:
    u = uniforms()
    z, mirrored = np.empty_like(u), np.empty_like(u)
    inverse_normals(sampling, u, z)
    inverse_normals(sampling, 1.0 - u, mirrored)
    assert np.array_equal(mirrored, -z)
    assert (np.diff(z) >= -4e-15 * np.abs(z[1:])).all()


def test_plain_python_gives_the_same_bits(sampling: kernel.Kernel) -> None:
    u = uniforms()[::97].copy()
    z, x, y = np.empty_like(u), np.empty_like(u), np.empty_like(u)
    inverse_normals(sampling, u, z)
    sampling.each_box_muller(u, u[::-1].copy(), x, y)
    centre = [normal.in_centre(p) for p in u]
    assert 0.2 < np.mean(centre) < 0.95
    assert [normal.central_normal(p) if c else normal.tail_normal(p) for p, c in zip(u, centre, strict=True)] == list(z)
    assert [normal.box_muller(p, q) for p, q in zip(u, u[::-1], strict=True)] == list(
        zip(x.tolist(), y.tolist(), strict=True)
    )


def test_box_muller_against_the_formula(sampling: kernel.Kernel) -> None:
    u, v = np.random.default_rng(1).random((2, 2000))
    x, y = np.empty_like(u), np.empty_like(u)
    sampling.each_box_muller(u, v, x, y)
    radius = np.sqrt(-2.0 * np.log(u))
    assert np.abs(x - radius * np.cos(2 * np.pi * v)).max() < 5e-15
    assert np.abs(y - radius * np.sin(2 * np.pi * v)).max() < 5e-15


def test_box_muller_is_normal(sampling: kernel.Kernel) -> None:
    """A shift of the mean of 0.014 or of the standard deviation of 0.01 would surely be caught."""
    n = 500_000
    assert mean_caught(n, 1.0) < 0.014
    assert sd_caught(n, 1.0, 3.0) < 0.01
    u, v = np.random.default_rng(2).random((2, n))
    x, y = np.empty_like(u), np.empty_like(u)
    sampling.each_box_muller(u, v, x, y)
    for z in (x, y, (x + y) / math.sqrt(2.0), (x - y) / math.sqrt(2.0)):
        assert_mean(z, 0.0, 1.0)
        assert_sd(z, 0.0, 1.0, 3.0)
        assert_uniform([0.5 * math.erfc(-value / math.sqrt(2.0)) for value in z[:50_000]])

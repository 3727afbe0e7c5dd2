"""The nearest correlation matrix to one that is none; only messages need it."""

from __future__ import annotations

import numpy as np

_SMALLEST_EIGENVALUE = 1e-4
_STEPS = 500


def nearest(matrix: list[list[float]]) -> list[list[float]]:
    """The correlation matrix nearest in the Frobenius norm whose eigenvalues are at least 1e-4.

    Alternating projections with Dykstra's correction: Higham (2002), "Computing the nearest correlation matrix: a
    problem from finance", IMA Journal of Numerical Analysis 22, 329-343, algorithm 3.3.
    """
    y = np.array(matrix)
    correction = np.zeros_like(y)
    for _ in range(_STEPS):
        r = y - correction
        values, vectors = np.linalg.eigh(r)
        x = (vectors * np.maximum(values, _SMALLEST_EIGENVALUE)) @ vectors.T
        correction = x - r
        before = y
        y = (x + x.T) / 2.0
        np.fill_diagonal(y, 1.0)
        if np.abs(y - before).max() < 1e-10:
            break
    return [[float(v) for v in row] for row in y]

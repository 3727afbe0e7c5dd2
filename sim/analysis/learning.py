"""What would be expected of an output once something is known: E[output | known], by regression on paths.

The known quantities (drivers, or a disclosed figure) enter through natural cubic splines and, if several, through the
products of each pair: an additive model with interactions (Hastie and Tibshirani 1990; for the value of information
Strong, Oakley and Brennan 2014, Medical Decision Making 34, p. 311). What is expected on a path is always fitted to
other paths than its own, so that the noise of the fit cannot pass for knowledge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.analysis.estimate import Floats

KNOTS = (0.01, 0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 0.99)  # shares of paths below each
FEW_KNOTS = (0.02, 0.15, 0.35, 0.65, 0.85, 0.98)  # of each of several: pairs take most regressors then
ATOMS = 12  # a column with at most so many values has one mean for each of them
_LOOKED_AT = 16_384  # paths that knots are taken from
_ROWS = 8_192  # paths whose regressors are held at once: they stay in the processor's cache


@dataclass(frozen=True)
class Term:
    """How one column enters: ``knots`` of its natural spline in standard units, or its ``atoms`` if it has few."""

    centre: float
    scale: float
    knots: Floats
    atoms: Floats

    @classmethod
    def of(cls, column: Floats, shares: Sequence[float]) -> Term:
        """From float64[n], finite. A constant column has one atom and no regressor."""
        seen = np.sort(column[:: max(column.size // _LOOKED_AT, 1)])
        values = np.unique(seen)
        if values.size <= ATOMS:
            values = np.unique(column)
            if values.size <= ATOMS:
                return cls(float(values[0]), 1.0, np.empty(0), values)
        low, centre, high = np.quantile(seen, (0.16, 0.5, 0.84))
        scale = float(high - low) / 2 or float(column.std()) or 1.0
        return cls(float(centre), scale, np.unique(np.quantile((seen - centre) / scale, shares)), np.empty(0))

    def alone(self, column: Floats) -> Floats:
        """Regressors of the column by itself, float64[p, n]: with fewer than three knots the line."""
        if self.atoms.size:
            # Nearest atom: a value that the fit has not seen counts as its neighbour.
            place = np.searchsorted((self.atoms[1:] + self.atoms[:-1]) / 2, column)
            return np.asarray(place[None, :] == np.arange(1, self.atoms.size)[:, None], np.float64)
        x, k = self.line(column), self.knots
        if k.size < 3:
            return x[None, :]
        # Restricted cubic spline: linear beyond the outer knots (Harrell 2015, Regression Modeling Strategies, p. 24).
        over = np.maximum(x[None, :] - k[:, None], 0.0)
        cubes = over * over * over / (k[-1] - k[0]) ** 2
        inner, last = k[:-2, None], k[-1] - k[-2]
        bends = cubes[:-2] - (cubes[-2] * (k[-1] - inner) - cubes[-1] * (k[-2] - inner)) / last
        return np.concatenate((x[None, :], bends))

    def line(self, column: Floats) -> Floats:
        """The column in standard units, for products with others."""
        return np.asarray((column - self.centre) / self.scale)


class Regression:
    """An output regressed on columns, float64[n] each and finite, with one fold held out at a time.

    ``folds`` cut the paths 0..n into stretches without a gap; independent of each other. The sums over paths are taken
    once; then what is expected given all columns, or any choice of them, costs one more walk over the paths.
    """

    def __init__(self, known: Sequence[Floats], output: Floats, folds: Sequence[slice]):
        self._known, self._folds = known, folds
        shares = KNOTS if len(known) == 1 else FEW_KNOTS
        self._terms = [Term.of(column, shares) for column in known]
        # Which columns a regressor speaks of: those alone (twice), and pairs.
        widths = [term.alone(column[:1]).shape[0] for term, column in zip(self._terms, known, strict=True)]
        self._about = [(i, i) for i, width in enumerate(widths) for _ in range(width)]
        self._about += [(i, j) for i in range(len(known)) for j in range(i)]
        size = 1 + len(self._about)
        self._gram, self._moment = np.zeros((len(folds), size, size)), np.zeros((len(folds), size))
        for number, fold in enumerate(folds):
            for rows in _stretches(fold):
                x = self._regressors(range(len(known)), [column[rows] for column in known])
                self._gram[number] += x @ x.T
                self._moment[number] += x @ output[rows]

    def expected(self, members: Sequence[int] | None = None) -> Floats:
        """E[output | columns ``members``] on each path, fitted without the path's own fold: float64[n]."""
        chosen = range(len(self._known)) if members is None else sorted(members)
        found = np.empty(self._known[0].size)
        for number, fold in enumerate(self._folds):
            others = [k for k in range(len(self._folds)) if k != number]  # summed, not subtracted: nothing is left over
            fit = self._fit(self._gram[others].sum(axis=0), self._moment[others].sum(axis=0), chosen)
            for rows in _stretches(fold):
                found[rows] = fit @ self._regressors(chosen, [self._known[i][rows] for i in chosen])
        return found

    def curve(self, column: Floats) -> Floats:
        """E[output | the first column alone] at values float64[m] of it, fitted to all paths."""
        fit = self._fit(self._gram.sum(axis=0), self._moment.sum(axis=0), (0,))
        return np.asarray(fit @ self._regressors((0,), [column]))

    def _fit(self, gram: Floats, moment: Floats, chosen: Sequence[int]) -> Floats:
        rows = [0, *(r for r, (i, j) in enumerate(self._about, start=1) if i in chosen and j in chosen)]
        return solved(gram[np.ix_(rows, rows)], moment[rows])

    def _regressors(self, chosen: Sequence[int], columns: Sequence[Floats]) -> Floats:
        """float64[p, n] in the order of ``_about``: a constant, each column alone, the products of pairs."""
        terms = [self._terms[i] for i in chosen]
        parts = [np.ones((1, columns[0].size))]
        parts += [term.alone(column) for term, column in zip(terms, columns, strict=True)]
        if len(terms) > 1:
            lines = np.stack([term.line(column) for term, column in zip(terms, columns, strict=True)])
            parts += [lines[i] * lines[:i] for i in range(1, len(terms))]
        return np.concatenate(parts)


def solved(gram: Floats, moment: Floats) -> Floats:
    """Least squares from normal equations; regressors that repeat others share their coefficient."""
    scale = np.sqrt(np.diag(gram))
    scale[scale == 0] = 1.0
    coefficients, *_ = np.linalg.lstsq(gram / np.outer(scale, scale), moment / scale, rcond=1e-11)
    return np.asarray(coefficients / scale)


def _stretches(fold: slice) -> list[slice]:
    return [slice(first, min(first + _ROWS, fold.stop)) for first in range(fold.start, fold.stop, _ROWS)]

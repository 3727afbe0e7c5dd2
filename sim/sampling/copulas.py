"""How a measure of dependence becomes the correlation behind a copula, Gaussian or t.

Both copulas are those of an elliptical law, so that a correlation matrix is what they are made of. ``df`` are the
degrees of freedom of the t copula; with infinitely many it is the Gaussian one. Rank correlations survive any rising
transformation, so they hold for the drivers whatever their marginals are.

Kendall's is 2 / pi asin(r) under both (Lindskog, McNeil and Schmock 2003, "Kendall's tau for elliptical distributions",
in Credit Risk, Physica, 149-156, theorem 2). Spearman's is 6 / pi asin(r / 2) under the Gaussian one (Kruskal 1958,
"Ordinal measures of association", Journal of the American Statistical Association 53, pages 823 and 827). Under the t
copula it has no closed form: see `spearman`.
"""

from __future__ import annotations

from functools import cache
from math import asin, inf, pi, sin
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_REACH, _STEP = 8.0, 0.4  # trapezoid rule over the normal scores of a chi-square
_HALVINGS = 50


def correlation_of(measure: str, value: float, df: float = inf) -> float:
    """Correlation behind a copula, of Spearman's, Kendall's or (as it is) Pearson's."""
    if measure == "kendall":
        return sin(pi * value / 2.0)
    if measure == "spearman":
        return 2.0 * sin(pi * value / 6.0) if df == inf else _inverse(value, df)
    return value


def in_measure(measure: str, correlation: float, df: float = inf) -> float:
    """The inverse of `correlation_of`: what a correlation is in a measure."""
    correlation = min(1.0, max(-1.0, correlation))
    if measure == "kendall":
        return 2.0 / pi * asin(correlation)
    if measure == "spearman":
        return 6.0 / pi * asin(correlation / 2.0) if df == inf else spearman(correlation, df)
    return correlation


def spearman(correlation: float, df: float) -> float:
    """Spearman's rank correlation of a t copula, within 1e-9 (1e-7 below 2 degrees of freedom).

    Three independent chi-squares W scale the pair and the two strangers it is compared with; given them the normals
    differ as normals do: 6 / pi E asin(r sqrt(W2 W3 / ((W1 + W2) (W1 + W3)))). (As Heinen and Valdesogo 2020, "Spearman
    rank correlation of the bivariate Student t and scale mixtures of normal distributions", Journal of Multivariate
    Analysis 179.)
    """
    import numpy as np  # not at the top: `sim check` of a study without t copula does without

    cosines, weights = _scales(df)
    return float(6.0 / pi * (weights @ np.arcsin(correlation * cosines)))


def _inverse(value: float, df: float) -> float:
    if abs(value) == 1.0:
        return value
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if spearman(middle, df) < value else (low, middle)
    return 0.5 * (low + high)


@cache
def _scales(df: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The cosines in `spearman` and their probabilities, at the nodes of a trapezoid rule in three normal scores."""
    import numpy as np
    from scipy.special import gammainccinv, gammaincinv, ndtr

    z = np.arange(-round(_REACH / _STEP), round(_REACH / _STEP) + 1) * _STEP
    w = np.where(z < 0.0, gammaincinv(df / 2.0, ndtr(z)), gammainccinv(df / 2.0, ndtr(-z)))
    p = np.exp(-0.5 * z * z)
    p /= p.sum()
    roots = np.sqrt(w / (w[:, None] + w))  # [W1, W2]
    first, second = np.triu_indices(z.size)  # W2 and W3 change places freely
    twice = np.where(first == second, 1.0, 2.0)
    cosines = roots[:, first] * roots[:, second]
    weights = p[:, None] * (twice * p[first] * p[second])
    kept = weights > 1e-16
    return cosines[kept], weights[kept]

"""The Gaussian copula: how a rank correlation becomes the correlation of the normals behind the drivers.

Rank correlations survive any rising transformation, so they hold for the drivers whatever their marginals are.
Formulas: Kruskal (1958), "Ordinal measures of association", Journal of the American Statistical Association 53,
814-861, pages 823 and 827.
"""

from __future__ import annotations

from math import asin, pi, sin


def normal_correlation(measure: str, value: float) -> float:
    """Correlation of the two normals, of Spearman's (2 sin(pi s / 6)), Kendall's (sin(pi t / 2)) or Pearson's."""
    if measure == "spearman":
        return 2.0 * sin(pi * value / 6.0)
    if measure == "kendall":
        return sin(pi * value / 2.0)
    return value


def in_measure(measure: str, correlation: float) -> float:
    """The inverse of `normal_correlation`: what a correlation of two normals is in a measure."""
    correlation = min(1.0, max(-1.0, correlation))
    if measure == "spearman":
        return 6.0 / pi * asin(correlation / 2.0)
    if measure == "kendall":
        return 2.0 / pi * asin(correlation)
    return correlation

"""Percentiles to parameters: the distribution of two parameters through two given points."""

from __future__ import annotations

from math import exp, isfinite, lgamma, log, log1p

from sim.sampling.as241 import inverse_normal

Points = tuple[tuple[float, float], ...]  # two (probability, value) pairs, both rising

_SMALLEST_SHAPE, _LARGEST_SHAPE = 1e-2, 1e7
_STEPS = 200


class NoFit(ValueError):
    """No distribution of the kind has the given percentiles."""


def normal(points: Points) -> tuple[float, float]:
    """Mean and standard deviation: the line through the values over the normal scores."""
    return _line([(inverse_normal(p), value) for p, value in points])


def lognormal(points: Points) -> tuple[float, float]:
    """Mean and standard deviation of the logarithm."""
    return normal(tuple((p, log(value)) for p, value in points))


def gumbel(points: Points) -> tuple[float, float]:
    """Location and scale: value = location - scale log(-log(p))."""
    return _line([(-log(-log(p)), value) for p, value in points])


def weibull(points: Points) -> tuple[float, float]:
    """Shape and scale: log(value) = log(scale) + log(-log(1 - p)) / shape."""
    log_scale, slope = _line([(log(-log1p(-p)), log(value)) for p, value in points])
    return 1.0 / slope, exp(log_scale)


def gamma(points: Points) -> tuple[float, float]:
    """Shape and scale: the ratio of the two percentiles falls as the shape grows, so bisection finds it."""
    (p, low), (q, high) = points
    wanted = log(high / low)

    def log_ratio(shape: float) -> float:
        return _log_gamma_quantile(shape, q) - _log_gamma_quantile(shape, p)

    below, above = log(_SMALLEST_SHAPE), log(_LARGEST_SHAPE)
    if not log_ratio(exp(above)) <= wanted <= log_ratio(exp(below)):
        raise NoFit(f"no gamma distribution has percentiles whose ratio is {high / low:.6g}")
    for _ in range(_STEPS):
        middle = 0.5 * (below + above)
        if not below < middle < above:
            break
        below, above = (middle, above) if log_ratio(exp(middle)) > wanted else (below, middle)
    shape = exp(0.5 * (below + above))
    return shape, exp(log(low) - _log_gamma_quantile(shape, p))


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """Intercept and slope of the line through two points."""
    (x, y), (u, v) = points
    slope = (v - y) / (u - x)
    if not (isfinite(slope) and slope > 0.0):
        raise NoFit("the percentiles are too close to each other")
    return y - slope * x, slope


def _log_gamma_quantile(shape: float, p: float) -> float:
    from scipy.special import gammaincinv

    x = float(gammaincinv(shape, p))
    if x < 1e-250:  # about to underflow: the leading term of the series, P = x**shape / Gamma(shape + 1)
        return (log(p) + lgamma(shape + 1.0)) / shape
    return log(x)

"""The rival's random inputs: correlated drivers by a Gaussian copula and independent innovations, in plain numpy.

Normals come from SFC64 and numpy's ziggurat, the fastest normals numpy has (Box-Muller in numpy is slower, because
its float64 sine and cosine cost 8 ns each). Correlated drivers are one matrix product. Normal and lognormal marginals
are closed forms; every other one is a table of its quantile function at equal steps of z, read by index: np.interp
searches the table for each value and costs 4 to 8 times as much.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from sim.config.drivers import Distribution
from sim.config.schema import Study

Floats = NDArray[np.float64]

REACH = 8.3  # in standard deviations; a normal lies outside once in 1e16 draws
INTERVALS = 4096  # linear interpolation is then right to about 1e-6 of a standard deviation


class Inputs:
    """Drivers and innovations of a study, for chunks of paths.

    ``fixed`` are the certain drivers, ``names`` the uncertain ones in the order of the rows that `draw` fills:
    correlated ones first; within each part those with a table stand where the two parts meet, so that one set of
    array operations serves all tables.
    """

    def __init__(self, study: Study):
        marginals = {name: driver.marginal for name, driver in study.drivers.items()}
        pairs = [(c.between, _pearson(c.measure, c.value)) for c in study.dependence.correlations]
        paired = {name for between, _ in pairs for name in between}
        self.fixed = {n: float(m.value) for n, m in marginals.items() if m.kind == "fixed"}
        uncertain = sorted(set(marginals) - set(self.fixed))
        tabled = {n for n in uncertain if marginals[n].kind not in ("normal", "lognormal") or marginals[n].truncate}
        self.names = tuple(sorted(uncertain, key=lambda n: (n not in paired, (n in tabled) == (n in paired), n)))
        self.correlated = sum(name in paired for name in self.names)
        rows = {name: row for row, name in enumerate(self.names)}
        matrix = np.eye(self.correlated)
        for (a, b), value in pairs:
            matrix[rows[a], rows[b]] = matrix[rows[b], rows[a]] = value
        self.factor = np.linalg.cholesky(matrix)
        table_rows = sorted(rows[name] for name in tabled)
        self.tables = slice(table_rows[0], table_rows[-1] + 1) if tabled else slice(0, 0)
        assert len(tabled) == self.tables.stop - self.tables.start
        nodes = np.linspace(-REACH, REACH, INTERVALS + 1)
        values = np.array([_quantiles(marginals[name], nodes) for name in self.names[self.tables]])
        # On interval i the quantile is intercept[i] + slope[i] z: two reads and no subtraction.
        slopes = np.diff(values, axis=1) / np.diff(nodes)
        self.slopes = np.ascontiguousarray(slopes)
        self.intercepts = np.ascontiguousarray(values[:, :-1] - slopes * nodes[:-1])
        self.closed = [
            (row, marginals[name].kind == "lognormal", *_normal(marginals[name]))
            for name, row in rows.items()
            if name not in tabled
        ]
        self.innovations = tuple(sorted(study.innovations))

    def work(self, n: int) -> dict[str, NDArray[np.generic]]:
        """Arrays that `draw` needs for chunks of n paths."""
        count = self.tables.stop - self.tables.start
        return {
            "drivers": np.empty((len(self.names), n)),
            "normals": np.empty((self.correlated, n)),
            "position": np.empty((count, n)),
            "index": np.empty((count, n), np.intp),
        }

    def draw(self, random: np.random.Generator, work: Mapping[str, NDArray[np.generic]]) -> Floats:
        """Draw the uncertain drivers: float64[len(names), n], which is ``work["drivers"]``."""
        drivers, normals = work["drivers"], work["normals"]
        random.standard_normal(out=normals)
        random.standard_normal(out=drivers[self.correlated :])
        np.matmul(self.factor, normals, out=drivers[: self.correlated])
        for row, is_log, centre, spread in self.closed:
            z = drivers[row]
            np.multiply(z, spread, out=z)
            np.add(z, centre, out=z)
            if is_log:
                np.exp(z, out=z)
        z, position, index = drivers[self.tables], work["position"], work["index"]
        np.multiply(z, INTERVALS / (2.0 * REACH), out=position)
        np.add(position, INTERVALS / 2.0, out=position)
        np.copyto(index, position, casting="unsafe")
        for row in range(len(index)):
            self.slopes[row].take(index[row], out=position[row], mode="clip")
        np.multiply(z, position, out=z)
        for row in range(len(index)):
            self.intercepts[row].take(index[row], out=position[row], mode="clip")
        np.add(z, position, out=z)
        return drivers


def _pearson(measure: str, value: float) -> float:
    """Correlation of the normals behind a rank correlation (Kruskal 1958)."""
    if measure == "spearman":
        return 2.0 * math.sin(math.pi / 6.0 * value)
    return math.sin(math.pi / 2.0 * value) if measure == "kendall" else value


def _normal(marginal: Distribution) -> tuple[float, float]:
    """Mean and sd of a normal marginal, or of the logarithm of a lognormal one."""
    given, is_log = marginal.given, marginal.kind == "lognormal"
    if marginal.percentiles:
        (p, low), (q, high) = marginal.percentiles
        low, high = (math.log(low), math.log(high)) if is_log else (low, high)
        spread = (high - low) / float(special.ndtri(q) - special.ndtri(p))
        return low - spread * float(special.ndtri(p)), spread
    if not is_log:
        return given["mean"], given["sd"]
    if "median" in given:
        return math.log(given["median"]), given["sd_log"]
    if "mu" in given:
        return given["mu"], given["sigma"]
    spread = math.sqrt(math.log1p((given["sd"] / given["mean"]) ** 2))
    return math.log(given["mean"]) - spread**2 / 2.0, spread


def _quantiles(marginal: Distribution, z: Floats) -> Floats:
    """Quantiles of a marginal at the probabilities of standard normal values; the kinds that the base study uses."""
    low, high = getattr(marginal, "low", 0.0), getattr(marginal, "high", 1.0)
    if marginal.kind == "pert":
        alpha = 1.0 + 4.0 * (marginal.mode - low) / (high - low)
        frozen = stats.beta(alpha, 6.0 - alpha, low, high - low)
    elif marginal.kind == "beta":
        frozen = stats.beta(marginal.alpha, marginal.beta, low, high - low)
    elif marginal.kind == "triangular":
        frozen = stats.triang((marginal.mode - low) / (high - low), low, high - low)
    elif marginal.kind == "uniform":
        frozen = stats.uniform(low, high - low)
    elif marginal.kind == "normal":
        frozen = stats.norm(*_normal(marginal))
    elif marginal.kind == "lognormal":
        centre, spread = _normal(marginal)
        frozen = stats.lognorm(spread, scale=math.exp(centre))
    else:
        raise NotImplementedError(f"the rival has no table for a {marginal.kind} marginal")
    cut = marginal.truncate
    first = float(frozen.cdf(cut.low)) if cut and cut.low is not None else 0.0
    last = float(frozen.cdf(cut.high)) if cut and cut.high is not None else 1.0
    if (first, last) != (0.0, 1.0):
        return np.asarray(frozen.ppf(first + (last - first) * special.ndtr(z)))
    # Above the median the complement keeps the digits that a probability near 1 has lost.
    return np.where(z < 0.0, frozen.ppf(special.ndtr(z)), frozen.isf(special.ndtr(-z)))

"""The reference workload in OpenTURNS: its joint distribution with a normal copula, and a function of whole samples."""

from __future__ import annotations

import numpy as np
import openturns as ot
from reference_inputs import COLUMNS, QUARTERS, Floats, Inputs
from reference_numpy import NumpyRival

CHUNK = 8_192


class OpenturnsRival:
    """As `reference_numpy.NumpyRival`. The function handed to OpenTURNS is numpy's, its fastest kind (func_sample)."""

    def __init__(self, inputs: Inputs, threads: int = 2):
        ot.TBB.SetThreadsNumber(threads)
        numbers = zip(inputs.location.tolist(), inputs.scale.tolist(), strict=True)
        kinds = [ot.LogNormal if k < inputs.logs else ot.Normal for k in range(16)]
        marginals = [kind(*each) for kind, each in zip(kinds, numbers, strict=True)]
        copula = ot.NormalCopula(ot.CorrelationMatrix(inputs.correlations.tolist()))
        self.drivers, self.innovations = ot.JointDistribution(marginals, copula), ot.Normal(3 * QUARTERS)
        self.numpy = NumpyRival(inputs)
        self.function = ot.PythonFunction(16 + 3 * QUARTERS, len(COLUMNS), func_sample=self._of_sample)

    def simulate(self, paths: int, seed: int = 1) -> Floats:
        """Outputs float64[5, paths]."""
        ot.RandomGenerator.SetSeed(seed)
        outputs = np.empty((paths, len(COLUMNS)))
        for first in range(0, paths, CHUNK):
            n = min(CHUNK, paths - first)
            sample = self.drivers.getSample(n)
            sample.stack(self.innovations.getSample(n))
            outputs[first : first + n] = self.function(sample)
        return outputs.T

    def evaluate(self, drivers: Floats, innovations: Floats) -> Floats:
        sample = np.concatenate([drivers, innovations.reshape(3 * QUARTERS, -1)]).T
        return np.asarray(self.function(sample)).T

    def _of_sample(self, sample: object) -> Floats:
        columns = np.ascontiguousarray(np.asarray(sample).T)
        return self.numpy.evaluate(columns[:16], columns[16:].reshape(3, QUARTERS, -1)).T

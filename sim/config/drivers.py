"""Drivers and their marginals: one closed class for each kind of distribution."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from sim.config.leaves import Closed, Text
from sim.config.sources import Grade, Sourced

PERCENTILES = {
    "p1": 0.01,
    "p5": 0.05,
    "p10": 0.10,
    "p25": 0.25,
    "p50": 0.50,
    "p75": 0.75,
    "p90": 0.90,
    "p95": 0.95,
    "p99": 0.99,
}


class Truncate(Closed):
    """Cuts a marginal off; what remains is scaled up to probability one."""

    low: float | None = Field(None, description="Nothing below this.")
    high: float | None = Field(None, description="Nothing above this.")


class Distribution(Closed):
    """What all marginals share. ``ways`` are the sets of keys that each determine the distribution fully."""

    ways: ClassVar[tuple[tuple[str, ...], ...]]
    positive: ClassVar[tuple[str, ...]] = ()  # keys that must lie above zero

    truncate: Truncate | None = Field(None, description="Cut the distribution off at low, high or both.")

    @property
    def given(self) -> dict[str, float]:
        """The numbers that were given, by key: ``{"mean": 0.3, "sd": 0.1}`` or ``{"p10": 0.2, "p90": 0.5}``."""
        every = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in every.items() if isinstance(value, int | float)}

    @property
    def percentiles(self) -> tuple[tuple[float, float], ...]:
        """(probability, value) pairs in rising probability; empty if given by parameters."""
        return tuple((PERCENTILES[name], value) for name, value in self.given.items() if name in PERCENTILES)


class Percentiles(Distribution):
    """What takes percentiles."""

    p1: float | None = Field(None, description="1% lie below.")
    p5: float | None = Field(None, description="5% lie below.")
    p10: float | None = Field(None, description="10% lie below.")
    p25: float | None = Field(None, description="25% lie below.")
    p50: float | None = Field(None, description="Half lie below: the median.")
    p75: float | None = Field(None, description="75% lie below.")
    p90: float | None = Field(None, description="90% lie below.")
    p95: float | None = Field(None, description="95% lie below.")
    p99: float | None = Field(None, description="99% lie below.")


class ByPercentiles(Percentiles):
    """A distribution of two parameters, which two percentiles may replace."""


class Fixed(Distribution):
    """One certain value."""

    ways = (("value",),)
    kind: Literal["fixed"]
    value: float = Field(description="The value.", examples=[1.0])


class Normal(ByPercentiles):
    """Normal distribution, by mean and sd or by two percentiles."""

    ways = (("mean", "sd"),)
    positive = ("sd",)
    kind: Literal["normal"]
    mean: float | None = Field(None, description="Mean.")
    sd: float | None = Field(None, description="Standard deviation, above 0.")


class Lognormal(ByPercentiles):
    """Lognormal distribution of positive values: exp of a normal one."""

    ways = (("mean", "sd"), ("mu", "sigma"), ("median", "sd_log"))
    positive = ("sigma", "mean", "sd", "median", "sd_log", *PERCENTILES)
    kind: Literal["lognormal"]
    mu: float | None = Field(None, description="Mean of the logarithm.")
    sigma: float | None = Field(None, description="Standard deviation of the logarithm, above 0.")
    mean: float | None = Field(None, description="Mean of the value itself.")
    sd: float | None = Field(None, description="Standard deviation of the value itself.")
    median: float | None = Field(None, description="Median of the value itself.")
    sd_log: float | None = Field(None, description="Standard deviation of the logarithm: 0.05 is about 5%.")


class Uniform(Distribution):
    """Every value between low and high equally likely."""

    ways = (("low", "high"),)
    kind: Literal["uniform"]
    low: float = Field(description="Lowest value.", examples=[0.1])
    high: float = Field(description="Highest value.", examples=[0.3])


class Triangular(Distribution):
    """Density rises in a straight line from low to mode and falls to high."""

    ways = (("low", "mode", "high"),)
    kind: Literal["triangular"]
    low: float = Field(description="Lowest value.", examples=[0.1])
    mode: float = Field(description="Most likely value.", examples=[0.2])
    high: float = Field(description="Highest value.", examples=[0.3])


class Pert(Distribution):
    """Beta distribution with mean (low + 4 mode + high) / 6 (Malcolm et al. 1959, Operations Research 7, 646-669)."""

    ways = (("low", "mode", "high"),)
    kind: Literal["pert"]
    low: float = Field(description="Lowest value.", examples=[0.1])
    mode: float = Field(description="Most likely value.", examples=[0.2])
    high: float = Field(description="Highest value.", examples=[0.3])


class Beta(Distribution):
    """Beta distribution on low to high."""

    ways = (("alpha", "beta", "low", "high"),)
    positive = ("alpha", "beta")
    kind: Literal["beta"]
    alpha: float = Field(description="First shape, above 0.", examples=[2.0])
    beta: float = Field(description="Second shape, above 0.", examples=[2.0])
    low: float = Field(0.0, description="Lowest value.")
    high: float = Field(1.0, description="Highest value.")


class Gamma(ByPercentiles):
    """Gamma distribution of positive values."""

    ways = (("mean", "sd"), ("shape", "scale"))
    positive = ("shape", "scale", "mean", "sd", *PERCENTILES)
    kind: Literal["gamma"]
    shape: float | None = Field(None, description="Shape, above 0.")
    scale: float | None = Field(None, description="Scale, above 0; the mean is shape x scale.")
    mean: float | None = Field(None, description="Mean.")
    sd: float | None = Field(None, description="Standard deviation.")


class Weibull(ByPercentiles):
    """Weibull distribution of positive values."""

    ways = (("shape", "scale"),)
    positive = ("shape", "scale", *PERCENTILES)
    kind: Literal["weibull"]
    shape: float | None = Field(None, description="Shape, above 0.")
    scale: float | None = Field(None, description="Scale, above 0; 63% lie below it.")


class StudentT(Distribution):
    """Student's t: like a normal one with heavier tails."""

    ways = (("df", "location", "scale"),)
    positive = ("df", "scale")
    kind: Literal["student_t"]
    df: float = Field(description="Degrees of freedom, above 0; smaller is heavier-tailed.", examples=[4])
    location: float = Field(0.0, description="Centre.")
    scale: float = Field(1.0, description="Scale, above 0; not the standard deviation.")


class Gumbel(ByPercentiles):
    """Gumbel distribution of maxima: the right tail is the long one."""

    ways = (("location", "scale"),)
    positive = ("scale",)
    kind: Literal["gumbel"]
    location: float | None = Field(None, description="Mode.")
    scale: float | None = Field(None, description="Scale, above 0.")


class Metalog(Percentiles):
    """Metalog distribution through three or four percentiles; between `low` and `high`, if they are given.

    Keelin (2016), "The metalog distributions", Decision Analysis 13, 243-277.
    """

    ways = ()
    kind: Literal["metalog"]
    low: float | None = Field(None, description="Lowest value, if there is one.")
    high: float | None = Field(None, description="Highest value, if there is one.")


class Discrete(Distribution):
    """Some values, each with its probability."""

    ways = (("values", "probabilities"),)
    kind: Literal["discrete"]
    values: list[float] = Field(description="The values.", examples=["[0, 1.5]"])
    probabilities: list[float] = Field(description="Their probabilities, which sum to 1.", examples=["[0.3, 0.7]"])


class Empirical(Distribution):
    """Observed values, each as likely as any other.

    `how: step` draws one of them, `how: linear` also what lies between neighbours: the quantile function runs straight
    from each to the next (Hyndman and Fan 1996, American Statistician 50, 361-365, definition 7).
    """

    ways = (("values",), ("file",))
    kind: Literal["empirical"]
    how: Literal["linear", "step"] = Field(
        description="Values between those observed, or those alone.", examples=["linear"]
    )
    values: list[float] | None = Field(None, description="The observed values, in any order.")
    file: Text | None = Field(None, description="A CSV file beside this one that holds them, with a line of headings.")
    column: Text | None = Field(None, description="The heading of their column; not needed where there is but one.")
    read_from: Text | None = Field(None, description="Where values were read; `sim` writes it when it stores a study.")


_Simple = (
    Fixed | Normal | Lognormal | Uniform | Triangular | Pert | Beta | Gamma | Weibull | StudentT | Gumbel | Metalog
    | Discrete
)  # fmt: skip
Simple = Annotated[_Simple, Field(discriminator="kind")]


class Component(Closed):
    """One of the distributions of a mixture."""

    weight: float = Field(description="The probability that it is this one.", examples=[0.7])
    marginal: Simple = Field(
        description="Its distribution, by `kind`.", examples=["{kind: normal, mean: 0.1, sd: 0.02}"]
    )


class Mixture(Distribution):
    """One of several distributions, by their weights: two regimes, or a value that is 0 unless something happens."""

    ways = (("components",),)
    kind: Literal["mixture"]
    components: list[Component] = Field(
        description="The distributions and their weights, which sum to 1.",
        examples=["[{weight: 0.7, marginal: {...}}, {weight: 0.3, marginal: {...}}]"],
    )


Marginal = Annotated[_Simple | Mixture | Empirical, Field(discriminator="kind")]

KINDS: dict[str, type[Distribution]] = {
    "fixed": Fixed,
    "normal": Normal,
    "lognormal": Lognormal,
    "uniform": Uniform,
    "triangular": Triangular,
    "pert": Pert,
    "beta": Beta,
    "gamma": Gamma,
    "weibull": Weibull,
    "student_t": StudentT,
    "gumbel": Gumbel,
    "metalog": Metalog,
    "discrete": Discrete,
    "mixture": Mixture,
    "empirical": Empirical,
}


class Driver(Sourced):
    """An uncertain input with one value per path."""

    dimension: int | None = Field(None, ge=1, description="Its own dimension of a low-discrepancy sampler; unique.")
    marginal: Marginal = Field(
        description="Its distribution, by `kind`.", examples=["{kind: pert, low: 0.1, mode: 0.2, high: 0.3}"]
    )
    unit: Text = Field(
        description='What one of it is measured in: RMB bn, 1/year, or "1" for a ratio.', examples=['"1"']
    )
    label: str = Field("", description="Its name in tables and figures; the key with spaces if not given.")
    grade: Grade | None = Field(
        None, description="A filed, B company guidance, C broker or market research, D judgement."
    )
    note: Text | None = Field(None, description="Why this value and this width.")

"""Business, multiples, method: which driver is which, and Shapley shares against closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from sim.analysis import classes, split
from sim.errors import ModelFailure
from tests.analysis.studies_of_functions import FunctionStudy, Law
from tests.statistical import assert_replicates


def study(law: Law, value=None, **more) -> FunctionStudy:
    """Revenue is reported by period, so what moves it is business; ``value`` adds the rest."""
    return FunctionStudy(law, {"value": value, "revenue": lambda growth: growth, **more})


def run_of(made: FunctionStudy, paths: int = 2048, **target):
    """The run of a study whose revenue is reported by fiscal year."""
    columns = [{"name": n, "cell": n, "period": "FY2027" if n == "revenue" else ""} for n in made.outputs]
    goal = {"output": "value", "at_least": 0.0, "alternatives": {}, **target}
    return made.run(paths, goal, columns=columns, units={"stake": "RMB bn", "fx": "RMB/US$", "price": "US$ per ADS"})


def test_which_driver_is_which() -> None:
    law = Law(
        dict.fromkeys(("growth", "multiple", "weight", "stake", "fx", "price"), (0.0, 1.0)), innovations=("shock",)
    )
    made = study(
        law,
        lambda growth, multiple, weight, stake, fx, price, shock: growth,
        by_multiple=lambda growth, multiple, stake, fx, price, shock: growth,
        by_dcf=lambda growth, stake, fx, price, shock: growth,
    )
    run = run_of(made, alternatives={"multiple": "by_multiple", "DCF": "by_dcf"})
    assert classes.analyse(run, made.model(("revenue",)), "value") == {
        "growth": "business", "shock": "business", "stake": "business", "price": "business",
        "multiple": "multiples", "fx": "multiples", "weight": "method",
    }  # fmt: skip
    assert set(classes.analyse(run, made.model(("revenue",)), "by_dcf").values()) == {"business", "multiples"}
    blend = study(law, lambda weight, fx: fx, part=lambda weight, fx: weight, alone=lambda fx: fx)
    found = classes.analyse(run_of(blend, alternatives={"alone": "alone"}), blend.model(("revenue",)), "part")
    assert found == {"weight": "method", "fx": "multiples"}


def test_drivers_are_followed_through_windows_openings_and_carried_lines() -> None:
    model = {
        "opening": [{"name": "start", "arguments": [{"kind": "driver", "of": "", "targets": ["level"]}]}],
        "period": [
            {"name": "sales", "arguments": [{"kind": "prev", "of": "", "targets": ["sales"]},
                                            {"kind": "group", "of": "driver", "targets": ["g[a]", "g[b]"]},
                                            {"kind": "time", "of": "", "targets": []}]},
        ],
        "horizon": [{"name": "total", "arguments": [{"kind": "window", "of": "", "targets": ["ntm"]}]}],
        "carried": [{"cell": "sales", "source": "start"}],
        "windows": {"ntm": "sales"},
    }  # fmt: skip
    assert classes.feeding(model)["total"] == {"level", "g[a]", "g[b]"}


def test_dependent_shapley_of_owen_and_prieur() -> None:
    """Y = X1 + X2, sd 1 and 2, rho 0.5: shares 0.3392857 and 0.6607143 (2017, section 4); 24 seeds, Student's t.

    A right estimate fails once in a million; a bias of more than 1.5% of the variance is surely caught.
    """
    law = Law({"growth": (0.0, 1.0), "multiple": (0.0, 2.0)}, np.array([[1.0, 0.5], [0.5, 1.0]]))
    estimates, errors = [], []
    for seed in range(24):
        outputs = {"value": lambda growth, multiple: growth + multiple, "revenue": lambda growth: growth}
        made = FunctionStudy(law, outputs, seed, 1 << 16)
        found = split.analyse(run_of(made), made.value, law, made.model(("revenue",)), "value", 0.0, 8192)
        assert found.variance is not None
        shares = [share.value for share in found.variance.values()]
        assert sum(shares) == pytest.approx(1.0, abs=1e-12)
        estimates.append(found.variance["business"].value)
        errors.append(found.variance["business"].error)
    assert_replicates(estimates, 0.3392857142857143)
    assert np.mean(errors) == pytest.approx(np.std(estimates, ddof=1), rel=0.45)
    assert np.std(estimates) < 0.01


def test_independent_classes_and_an_innovation() -> None:
    """Variance 1 + 4 of the business (driver and innovation), 9 of the multiples, 2 of the method."""
    scales = {"growth": (0.0, 1.0), "multiple": (0.0, 3.0), "weight": (0.0, 2**0.5)}
    law = Law(scales, innovations=("shock",))
    made = study(
        law,
        lambda growth, multiple, weight, shock: growth + 2 * shock + multiple + weight,
        alone=lambda growth, multiple, shock: growth + multiple + shock,
    )
    run = run_of(made, alternatives={"alone": "alone"})
    found = split.analyse(run, made.value, law, made.model(("revenue",)), "value", 0.0, 32_768)
    assert found.variance is not None
    assert found.reaching is not None
    for name, share in (("business", 5 / 16), ("multiples", 9 / 16), ("method", 2 / 16)):
        assert abs(found.variance[name].value - share) < 5 * found.variance[name].error
        assert found.variance[name].error < 0.02
    assert sum(share.value for share in found.reaching.values()) == pytest.approx(1.0, abs=1e-12)
    assert found.members["business"] == ("growth", "shock")


def test_what_it_refuses() -> None:
    law = Law({"growth": (0.0, 1.0), "multiple": (0.0, 1.0)})
    made = study(law, lambda growth, multiple: growth + multiple)
    model, run = made.model(("revenue",)), run_of(made)
    with pytest.raises(ModelFailure, match="the business alone"):
        split.analyse(run, made.value, law, model, "revenue", 0.0, 1024)
    with pytest.raises(ModelFailure, match="Gaussian copula"):
        split.analyse(run, made.value, Law(law.drivers, copula="t"), model, "value", 0.0, 1024)
    rare = split.analyse(run, made.value, law, model, "value", 10.0, 1024)
    assert rare.reaching is None
    assert rare.variance is not None
    heavy = study(law, lambda growth, multiple: multiple / growth)
    found = split.analyse(run_of(heavy), heavy.value, law, heavy.model(("revenue",)), "value", 1.0, 16_384)
    assert found.variance is None
    assert found.reaching is not None

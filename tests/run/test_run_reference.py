"""The committed run of base.yaml repeats bit for bit on this machine, and is what base.yaml gives today."""

from __future__ import annotations

import json

from sim.run import store
from sim.run.simulate import Simulator
from sim.run.verify import verify
from tests.conftest import CONFIGS, HOME, set_up

REFERENCE = HOME / "results" / "reference"


def test_the_reference_run_repeats_from_its_own_kernel_and_set_up() -> None:
    run = store.open_run(REFERENCE)
    found = verify(run, Simulator(store.open_setup(run)))
    assert found.agrees, found
    assert found.columns == len(run.drivers) + len(run.outputs)


def test_the_reference_run_is_what_base_gives_today() -> None:
    """A change of model, stream or kernel must be meant: then make the reference anew, as results/README.md says."""
    run = store.open_run(REFERENCE)
    setup = set_up(CONFIGS / "base.yaml", ["run.paths=1024"])
    assert setup.kernel_name == run.manifest["hashes"]["kernel"]


def test_the_summary_is_that_of_the_paths() -> None:
    from sim.analysis.estimate import describe

    run = store.open_run(REFERENCE)
    summary = json.loads((REFERENCE / "run" / "summary.json").read_text(encoding="utf-8"))
    found = describe(run.column("value_per_ads"))
    leaf = summary["outputs"]["value_per_ads"]
    assert abs(found.mean - leaf["mean"]) < 1e-9 * found.mean
    assert abs(found.percentiles[50] - leaf["percentiles"]["50"]) < leaf["percentile_errors"]["50"] / 100

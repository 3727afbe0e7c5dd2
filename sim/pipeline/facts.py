"""What a run's manifest says about its study."""

from __future__ import annotations

from typing import Any

from sim import config
from sim.config.columns import Column
from sim.config.schema import Study
from sim.pipeline.checking import Checked


def study_facts(checked: Checked, scenario: str | None) -> dict[str, Any]:
    """What the manifest says about the study, as plain data."""
    from sim.run import store
    from sim.sampling import marginals

    study = checked.study
    goal = study.target
    return {
        "study": study.study,
        "config": checked.reading.path.name,
        "config_hash": store.digest(config.resolved_text(checked.reading)),
        "scenario": scenario,
        "set": _set_by_hand(checked),
        "model": study.model,
        "as_of": study.as_of.isoformat(),
        "seed": study.run.seed,
        "paths": study.run.paths,
        "sampler": study.run.sampler,
        "target": None
        if goal is None
        else {
            "output": goal.output,
            "at_least": goal.at_least,
            "previous": goal.previous,
            "price": goal.price,
            "alternatives": dict(goal.alternatives),
            "sources": list(goal.sources),
        },
        "warnings": [
            {"output": warning.output, "mean_above": warning.mean_above, "say": warning.say}
            for warning in study.warnings.values()
        ],
        "heavy_drivers": [said for _, said in marginals.heavy(study)],
        "columns": [
            {"name": c.name, "cell": c.cell, "period": c.period, "shown": _shown(study, c)} for c in checked.columns
        ],
    }


def _set_by_hand(checked: Checked) -> list[str]:
    """The leaves that ``--set`` gave, in their order; how many paths and which seed are said anyway."""
    origins = checked.reading.origins
    given = [
        leaf
        for leaf in origins
        if (place := origins.place(leaf)) and place.file == "--set" and leaf.split(".")[0] != "run"
    ]
    return [leaf for leaf in given if not any(other.startswith(f"{leaf}.") for other in given)]


def _shown(study: Study, column: Column) -> bool:
    """Whether the screen shows a column: what `show` lists; the target's output always."""
    show = study.outputs[column.output_index].show
    if study.target is not None and column.name == study.target.output:
        return True
    return show is not None and column.period in show

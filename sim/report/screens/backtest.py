"""What `sim backtest` says: whether the intervals held what they promised, and whether the model beat naive rivals."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_SHORT = {
    "last_year": "last year",
    "last_quarter": "last quarter",
    "drift": "drift",
    "airline": "ARIMA 011",
    "arima": "ARIMA 110",
    "ets": "ETS",
}


def answer(result: Mapping[str, Any]) -> str:
    """The finding in one sentence, with its numbers."""
    parts = []
    for h, share in result["bars"]["coverage_80"].items():
        n = next(each["vintages"] for each in result["horizons"] if each["horizon"] == int(h))
        parts.append(f"{round(share * n)} of {n} outcomes {_ahead(int(h))}")
    held = " and ".join(parts) or "no outcome one or four quarters ahead"
    skills = result["bars"]["skill_against_best"]
    best = max(skills, key=lambda h: skills[h])
    gain = skills[best]
    found = next(each for each in result["horizons"] if each["horizon"] == int(best))
    low, high = found["skill"][found["best_rival"]]["interval"]
    words = f"CRPS {abs(gain):.0%} {'below' if gain >= 0 else 'above'} the best rival's {_ahead(int(best))}"
    words += ", within chance" if low <= 0.0 <= high else ""
    return f"80% intervals held {held}; {words}"


def judgement(result: Mapping[str, Any]) -> str:
    """Whether the intervals are of the right width, by what factor not, and what a study should make of it."""
    off = [each for each in result["horizons"] if each["correction"] != 1.0]
    if not off:
        factors = [each["width_factor"]["estimate"] for each in result["horizons"]]
        return (
            f"Intervals should have been {min(factors):.2f} to {max(factors):.2f} times as wide, within chance of 1 at "
            "every horizon: no correction is called for"
        )
    said = [f"{each['correction']:.2f} times as wide {_ahead(each['horizon'])}" for each in off]
    return (
        f"Intervals should have been {', '.join(said)}, more than chance explains: give it to a study with "
        "`sim calibrate STUDY --backtest FILE`"
    )


def lines(result: Mapping[str, Any], width: int) -> list[str]:
    """``result`` as `sim.pipeline.backtesting.Done.as_dict` gives it."""
    vintages = result["vintages"]
    bars = result["bars"]
    found = [
        answer(result),
        f"{len(vintages)} vintages {vintages[0]} to {vintages[-1]}, each fitted on what was reported by then; "
        f"{result['paths']:,} paths each; brackets are {result['confidence']:.0%} intervals for overlapping vintages",
        f"{'quarters ahead':22}" + "".join(f"{each['horizon']:>20}" for each in result["horizons"]),
    ]
    for share in ("50", "80", "90"):
        cells = [_interval(each["coverage"][share], "{:.0%}") for each in result["horizons"]]
        found.append(f"{'in the ' + share + '% interval':22}" + "".join(f"{cell:>20}" for cell in cells))
    cells = [_interval(each["width_factor"], "{:.2f}") for each in result["horizons"]]
    found.append(f"{'width needed / given':22}" + "".join(f"{cell:>20}" for cell in cells))
    cells = [_interval(each["mean_error"], "{:+.0%}", "{:+.1%}") for each in result["horizons"]]
    found.append(f"{'outcome - forecast':22}" + "".join(f"{cell:>20}" for cell in cells))
    found.append(
        f"{'CRPS, % of revenue':22}" + "".join(f"{100 * e['crps']['model']:>20.2f}" for e in result["horizons"])
    )
    found.append(f"{'best rival, CRPS':22}" + "".join(f"{_best(each):>20}" for each in result["horizons"]))
    cells = [_interval(each["skill"][each["best_rival"]], "{:+.0%}") for each in result["horizons"]]
    found.append(f"{'saved against it':22}" + "".join(f"{cell:>20}" for cell in cells))
    cells = [_verified(each["verified_only"]) for each in result["horizons"]]
    found.append(f"{'verified ends only':22}" + "".join(f"{cell:>20}" for cell in cells))
    logs = [
        each["log_score"]["model"] - min(v for k, v in each["log_score"].items() if k != "model")
        for each in result["horizons"]
    ]
    found.append(f"{'log score - best':22}" + "".join(f"{value:>+20.2f}" for value in logs))
    marked = sum(row["unverified"] for row in result["forecasts"])
    found.append(
        f"{marked} of {len(result['forecasts'])} forecasts begin or end in a quarter that is recalled, not verified; "
        "all are fitted on some"
    )
    found.append(judgement(result))
    found.append(
        f"Bars: 80% coverage within 70-90% at one and four quarters {_met(bars['coverage_met'])}; CRPS 10% below the "
        f"best rival somewhere and nowhere 5% above {_met(bars['skill_met'])}"
    )
    if result["directory"] is not None:
        found.append(f"Figures and every forecast: {result['directory']}")
    return found


def _ahead(h: int) -> str:
    return f"{h} quarter{'' if h == 1 else 's'} ahead"


def _interval(entry: Mapping[str, Any], form: str, precise: str = "") -> str:
    low, high = entry["interval"]
    return f"{(precise or form).format(entry['estimate'])} [{form.format(low)}, {form.format(high)}]"


def _best(horizon: Mapping[str, Any]) -> str:
    name = horizon["best_rival"]
    return f"{_SHORT.get(name, name)} {100 * horizon['crps'][name]:.2f}"


def _verified(entry: Mapping[str, Any]) -> str:
    if not entry["vintages"]:
        return "none"
    return f"{entry['coverage_80']:.0%}, {entry['skill']:+.0%} of {entry['vintages']:.0f}"


def _met(met: bool) -> str:
    return "met" if met else "NOT met"

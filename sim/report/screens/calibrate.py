"""What `sim calibrate` says: the fit beside the fit without recalled rows, and the width it gives a study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.screens import layout

_WORDS = {
    "growth_persistence": "persistence of growth shocks",
    "growth_volatility": "volatility of growth shocks",
    "seasonal_volatility": "volatility of the season",
    "irregular_volatility": "irregular of a quarter",
    "long_run_growth": "long-run growth a quarter",
    "growth_half_life": "half-life of excess growth",
}


def lines(result: Mapping[str, Any], width: int, file: str | None) -> list[str]:
    """``result`` as `sim.pipeline.calibrating.Calibration.as_dict` gives it; ``file`` is where the fragment went."""
    data = result["history"]
    by_name = {entry["name"]: entry for entry in result["quantities"]}
    rho, sigma = by_name["growth_persistence"], by_name["growth_volatility"]
    found = [
        f"Growth shocks: persistence {rho['mean']:.2f} ± {rho['sd']:.2f}, volatility {sigma['mean'] * 100:.1f}% ± "
        f"{sigma['sd'] * 100:.1f}% a quarter",
        f"{data['rows']} quarters {data['first']} to {data['last']}, {data['by_status']['unverified']} of them "
        f"unverified; {data['filed_totals']} filed totals agree",
        f"{'':30}{'posterior':>10}{'± s.e.':>9}{'likeliest':>11}{'without recalled rows':>24}",
    ]
    for name, words in _WORDS.items():
        entry = by_name[name]
        other = entry["without_recalled"]
        beside = "" if other is None else f"{other[0]:.4f} ± {other[1]:.4f}"
        found.append(f"{words:30}{entry['mean']:10.4f}{entry['sd']:9.4f}{entry['likeliest']:11.4f}{beside:>24}")
    widths = result["widths"]
    if widths is not None:
        ahead = " / ".join(map(str, widths["horizons"]))
        factors, before, after = widths["factors"], widths["uncorrected"], widths["corrected"]
        found.append(
            f"Spread {ahead} quarters ahead: record {_percents(widths['record'])}, study with the fit as it is "
            f"{_percents(before['sd'])}"
        )
        found.append(
            f"growth shocks x {factors['shocks']:.2f} and season and irregular x {factors['noise']:.2f} make it "
            f"{_percents(after['sd'])}, 80% of paths within {_percents(after['half_width_80'])} of the median"
        )
        found.append(_backtest(widths["backtest"]))
        if after["target"] is not None:
            found.append(
                f"P(target reached) {layout.chance(after['target'])} with the correction, "
                f"{layout.chance(before['target'])} with the fit as it is"
            )
    if file is None:
        found.append("Write it as drivers of a study with --out FILE")
    else:
        found.append(f"Written to {file}, {len(result['drivers'])} drivers")
    return found


def _backtest(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "Whether these widths held in the past: `sim backtest` the growth model, then --backtest FILE"
    factors = " / ".join(f"{factor:.2f}" for factor in found["width_factors"])
    applied = " / ".join(f"{each:.2f}" for each in found["corrections"])
    made = "within chance of 1: none applied" if set(found["corrections"]) == {1.0} else f"record taken times {applied}"
    return f"Backtest, {found['vintages']} vintages: intervals should have been {factors} times as wide, {made}"


def _percents(values: list[float]) -> str:
    return " / ".join(f"{100 * value:.1f}" for value in values) + "%"

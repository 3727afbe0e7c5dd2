"""A calibration as a YAML fragment that a study extends: numbers, standard errors, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_DIGITS = 3  # of what is said in comments; the marginals carry four


def text(result: Mapping[str, Any]) -> str:
    """The fragment of `sim.pipeline.calibrating.Calibration.as_dict`; the same for the same result."""
    lines = [*_head(result), "", "drivers:"]
    fitted = {entry["name"]: entry for entry in result["quantities"]}
    for name, marginal in result["drivers"].items():
        lines += [f"  {name}:", *(f"    # {words}" for words in _about(name, fitted, result))]
        lines.append(f"    marginal: {_flow(marginal)}")
    if result["correlations"]:
        lines += ["", "# Correlations of the posterior: between the normals behind the drivers.", "dependence:"]
        lines.append("  correlations:")
        for pair in result["correlations"]:
            a, b = pair["between"]
            lines.append(f"    - {{between: [{a}, {b}], pearson: {pair['pearson']:g}, source: cloud_history}}")
    return "\n".join(lines) + "\n"


def _head(result: Mapping[str, Any]) -> list[str]:
    data = result["history"]
    status = ", ".join(f"{count} {name}" for name, count in data["by_status"].items() if count)
    head = [
        f"# Written by `sim calibrate` for {result['source']} (sim {result['version']}). Not to be edited: repeat it.",
        f"# Data: {data['file']}, {data['rows']} quarters {data['first']} to {data['last']} ({status});",
        f"# sha256 {data['sha256'][:16]}, {data['filed_totals']} filed totals agree; bases joined by stated growth.",
        "# Model and priors: sim/analysis/growth_fit.py (state space, evolving season; importance sampling, "
        f"{result['effective_draws']:.0f} effective draws).",
    ]
    if result["rows_without_recalled"] is not None:
        head.append(
            f"# Without recalled rows {result['rows_without_recalled']} quarters remain; their fit is beside each one."
        )
    for entry in result["quantities"]:
        if result["kind"] == "study" and entry["likeliest"] is not None:
            head.append(f"#   {entry['name']}: {_posterior(entry)}")
    return head if result["widths"] is None else [*head, *_widths(result["widths"])]


def _widths(widths: Mapping[str, Any]) -> list[str]:
    """How wide the study is, why, and what it would be with the fit as it is."""
    factors, before, after = widths["factors"], widths["uncorrected"], widths["corrected"]
    head = [
        f"# Width (sd of log revenue) {_listed(widths['horizons'], '')} quarters ahead: record "
        f"{_listed(widths['record'])}; with the fit as it is {_listed(before['sd'])};",
        f"# with growth shocks x {factors['shocks']:g}, season and irregular x {factors['noise']:g}, as here, "
        f"{_listed(after['sd'])}, drivers and noise together:",
        f"# 80% of paths within {_percents(after['half_width_80'])} of the median (with the fit as it is "
        f"{_percents(before['half_width_80'])}).",
    ]
    if widths["backtest"] is not None:
        head += [f"# {line}" for line in _backtest(widths["backtest"])]
    if after["target"] is not None:
        reached, plain = after["target"]["value"], before["target"]["value"]
        head.append(f"# P(target reached) {reached:.1%} as here, {plain:.1%} with the fit as it is.")
    return head


def _backtest(found: Mapping[str, Any]) -> list[str]:
    """The widths' own record, and what was made of it."""
    factors = " / ".join(
        f"{factor:.2f} ({low:.2f} to {high:.2f})"
        for factor, (low, high) in zip(found["width_factors"], found["intervals"], strict=True)
    )
    applied = any(each != 1.0 for each in found["corrections"])
    made = f"record x {_listed(found['corrections'], '.2f')}" if applied else "within chance of 1, none applied"
    return [f"Backtest, {found['vintages']} vintages: width needed / given {factors};", f"{made}."]


def _about(name: str, fitted: Mapping[str, Mapping[str, Any]], result: Mapping[str, Any]) -> list[str]:
    """What a driver's comment says: the posterior, or what it was before the width was corrected."""
    if result["kind"] == "growth":
        if name in fitted:
            return [_posterior(fitted[name])]
        return [f"revenue of {result['history']['last']}, as reported"]
    before = result["uncorrected"][name]
    return [f"uncorrected: {_flow(before)}"] if before != result["drivers"][name] else []


def _posterior(entry: Mapping[str, Any]) -> str:
    parts = [f"{_digits(entry['mean'])}, standard error {_digits(entry['sd'])}"]
    if entry["likeliest"] is not None:
        parts.append(f"maximum likelihood {_digits(entry['likeliest'])}")
    if entry["without_recalled"] is not None:
        mean, sd = entry["without_recalled"]
        parts.append(f"without recalled rows {_digits(mean)} ({_digits(sd)})")
    return "; ".join(parts)


def _digits(value: float) -> str:
    return f"{value:.{_DIGITS}g}" if abs(value) >= 1e-4 else "0"


def _listed(values: list[float], form: str = ".3f") -> str:
    return " / ".join(format(value, form) for value in values)


def _percents(values: list[float]) -> str:
    return " / ".join(f"{100 * value:.1f}" for value in values) + "%"


def _flow(marginal: Mapping[str, Any]) -> str:
    return f"{{{', '.join(f'{key}: {_value(value)}' for key, value in marginal.items())}}}"


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return _flow(value)
    return value if isinstance(value, str) else format(value, ".6g")

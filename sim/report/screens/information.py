"""What `sim information` says: what to research first and what it is worth, then the table behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report.numbers import NONE, Unit, amount, bare, count, given, percent, precise, threshold
from sim.report.text import plain, shortened

Facts = Mapping[str, Any]
SHOWN = 8  # drivers
_NARROWEST = 20  # of the column of names


def lines(result: Facts, width: int = 100) -> list[str]:
    """The screen of `sim.analysis.information.Information.as_dict`."""
    said = [headline(result), *_order(result), _today(result), ""]
    said += _table(result, max(width, 60))
    said += ["", *_notes(result)]
    return said


def headline(result: Facts) -> str:
    """The answer in words: ``Research X first: to know it before deciding is worth $12.41 ±0.05 per ADS.``"""
    perfect, first = result["perfect"], leader(result)
    if perfect["worth"]["value"] == 0:
        today = plain(result["today_label"])
        return f"No research is worth paying for: to {today} is best on all {count(result['paths'])} paths."
    if first is None:
        most = worth(perfect, result["unit"])
        return f"No driver open to research changes the decision by itself; to know the value would be worth {most}."
    names = [first["name"], *result["tied"][:2]]
    labels = [plain(entry["label"]) for entry in result["drivers"] if entry["name"] in names]
    what = labels[0] if len(labels) == 1 else f"{', '.join(labels[:-1])} or {labels[-1]}"
    return f"Research {what} first: to know it before deciding is worth {worth(first, result['unit'])}."


def leader(result: Facts) -> Facts | None:
    """The driver to research first."""
    return next((entry for entry in result["drivers"] if entry["name"] == result["first"]), None)


def measurable(entry: Facts) -> bool:
    """Whether a worth stands out of its Monte Carlo error."""
    return bool(entry["worth"]["value"] > 2 * (entry["worth"]["standard_error"] or 0.0))


def worth(entry: Facts, unit: str, per: bool = True) -> str:
    """``$12.41 ±0.05 per ADS``; ``nothing`` where the decision stays the same."""
    estimate = entry.get("worth", entry)
    if estimate["value"] == 0:
        return "nothing"
    each = f" per {each}" if per and (each := Unit.of(unit).words.partition(" per ")[2]) else ""
    return _around(precise(estimate["value"], estimate["standard_error"]), unit) + each


def rule(entry: Facts, result: Facts) -> str:
    """What to do other than today's decision: ``buy above 11.5x``; a stretch between two others only if it is alone."""
    unit, today = entry["unit"], result["today"]
    said = [
        [result["action_labels"][stretch["action"]], *(stretch[end] for end in ("from", "to"))]
        for stretch in entry["rule"]
        if stretch["action"] != today
    ]
    ends = [each for each in said if each[1] is None or each[2] is None]
    written = []
    for action, low, high in (ends or said)[:3]:
        at = [_bare_threshold(place, unit) for place in (low, high) if place is not None]
        where = f"{'below' if low is None else 'above'} {at[0]}" if len(at) == 1 else f"from {at[0]} to {at[-1]}"
        written.append(f"{plain(action)} {where}" if at else plain(action))
    return ", ".join(written)


def _bare_threshold(value: float, unit: str) -> str:
    """A value of a driver with its sign or %, but no long unit: ``11.52x``, ``0.0627``."""
    rounded = float(f"{value:.3g}") if abs(value) < 1 else value
    return bare(unit).around(given(rounded))


def _around(number: str, unit: str) -> str:
    if number == NONE:
        return number
    value, _, error = number.partition(" ")
    return f"{Unit.of(unit).around(value)} {error}".strip()


def _order(result: Facts) -> list[str]:
    """What to do about it, what it comes to in money, and what to research then."""
    first, unit = leader(result), result["unit"]
    if first is None:
        return []
    said: list[str] = []
    todo, today = rule(first, result), plain(result["today_label"])
    share = f"t changes the decision on {percent(first['changes'])} of paths."
    said.append(f"{todo[:1].upper()}{todo[1:]}, else {today}: i{share}" if todo else f"I{share}")
    parts = Unit.of(unit)
    if result["quantity"] and parts.before and not parts.after:
        total = first["worth"]["value"] * result["quantity"]
        written = f"{amount(total / 1e6)} m" if total >= 1e6 else count(total)
        said[0] += f" On {count(result['quantity'])} that is {parts.before}{written}."
    then = [
        f"{plain(step['label'])} (adds {worth(step['adds'], unit, per=False)})"
        for step in result["plan"][1:]
        if step["adds"]["value"] > 0
    ]
    if then:
        said.append(f"Then {', then '.join(then)}.")
    return said


def _today(result: Facts) -> str:
    """``As things stand: sell short, which pays $9.55 ±0.06 per ADS; buy −$10.71; stay out 0.``"""
    unit = result["unit"]
    of = {action["name"]: action for action in result["actions"]}
    best = of[result["today"]]
    others = [
        f"{plain(action['label'])} {_around(precise(action['pays']['value'], 0.005).partition(' ')[0], unit)}"
        if action["pays"]["value"]
        else f"{plain(action['label'])} nothing"
        for action in result["actions"]
        if action is not best
    ]
    pays = worth({"worth": best["pays"]}, unit) if best["pays"]["value"] else "nothing"
    on = f"best on {percent(best['best_on'])} of paths"
    said = f"As things stand: {plain(best['label'])}, which pays {pays} on average ({on}); {', '.join(others)}."
    if not result["lead"]["value"] > 2 * (result["lead"]["standard_error"] or 0.0):
        said += " The next best pays as much within the Monte Carlo error."
    return said


def _table(result: Facts, width: int) -> list[str]:
    """One row for each piece of knowledge; ceilings first, what is worth nothing measurable counted below."""
    unit = result["unit"]
    shown = [entry for entry in result["drivers"] if measurable(entry)][:SHOWN]
    sections = [
        ("", [result["perfect"], result["all_drivers"]]),
        ("one driver", shown),
        ("correlated drivers together", [entry for entry in result["groups"] if measurable(entry)]),
        ("drivers together, as asked", result["sets"]),
        ("a disclosure", result["disclosures"]),
    ]
    rows: list[tuple[str, ...]] = []
    for title, entries in sections:
        if title and entries:
            rows.append((title,))
        for entry in entries:
            mark = "*" if entry["beyond_research"] else ""
            said = measurable(entry)
            paid = worth(entry, unit, per=False) if said or not entry["worth"]["value"] else "about nothing"
            changes = percent(entry["changes"]) if entry["worth"]["value"] else "never"
            rows.append((name(entry) + mark, paid, changes, rule(entry, result) if said else ""))
    head = ("to know", "is worth", "changes it", "do instead")
    full = [row for row in rows if len(row) > 1]
    middle = [max(len(row[i]) for row in [head, *full]) for i in (1, 2)]
    last = min(max(len(row[3]) for row in [head, *full]), 46)
    longest = max(len(row[0]) for row in full) + 2
    first = min(longest, max(width - sum(middle) - last - 6, _NARROWEST))
    lines = []
    for row in [head, *rows]:
        if len(row) == 1:
            lines.append(row[0])
            continue
        label = row[0] if row is head else f"  {shortened(row[0], first - 2)}"
        todo = shortened(row[3], max(width - first - sum(middle) - 6, 12))
        lines.append(f"{label:<{first}}  {row[1]:>{middle[0]}}  {row[2]:>{middle[1]}}  {todo}".rstrip())
    return lines


def name(entry: Facts) -> str:
    """What is known, short: of several drivers the first and how many more."""
    label = plain(entry["label"])
    if entry["kind"] in {"group", "set"}:
        first, *others = label.split(" + ")
        more = len(entry["members"]) - 1
        return f"{first} + {others[0]}" if more == 1 else f"{first} + {more} more"
    return {"perfect": "the value itself (EVPI)", "drivers": "every driver, no shock"}.get(entry["kind"], label)


def _notes(result: Facts) -> list[str]:
    unit, nested = result["unit"], result["nested"]
    silent = [entry for entry in result["drivers"] if not measurable(entry)]
    said = []
    if silent:
        others = "The other" if len(silent) < len(result["drivers"]) else "All"
        said.append(f"{others} {len(silent)} drivers are worth nothing measurable to this decision, each by itself.")
    if any(entry["beyond_research"] for entry in result["drivers"]):
        said.append("* said to be beyond research by the decision file.")
    if result["disclosures"]:
        said.append("A disclosure is worth this only to who sees it before the price has moved.")
    price, years = threshold(result["price"], unit), given(result["months"])
    terms = f"Price {price}, value in {years} months, discounted at {percent(result['required_return'], 1)} a year"
    draws = f"; shocks drawn {nested['draws']} times on {count(nested['paths'])}" if nested["draws"] else ""
    said.append(f"{terms}; risk neutral. ± is the Monte Carlo standard error ({count(result['paths'])} paths{draws}).")
    if result["invalid"]:
        said.append(f"{count(result['invalid'])} invalid paths are left out.")
    return said

"""Says the schema's complaints in plain words, each with what to do about it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from sim.config.drivers import KINDS, PERCENTILES, ByPercentiles, Metalog, Percentiles
from sim.config.keys import fields, group_at, listing
from sim.config.leaves import shown
from sim.config.origins import Origins
from sim.config.schema import Study
from sim.config.yaml import resolve
from sim.errors import Problem, did_you_mean

DISTRIBUTION = "write for example {kind: pert, low: 0.1, mode: 0.2, high: 0.3}, or {kind: fixed, value: 0.2}"


def problem(error: ErrorDetails, document: dict[str, Any], origins: Origins, root: type[BaseModel] = Study) -> Problem:
    """One complaint of pydantic as a problem with its leaf; its place is that of the key or of the value at fault."""
    kind = error["type"]
    keys, value = locate(error["loc"], document, absent=kind == "missing")
    leaf = ".".join(keys)
    if kind == "missing":
        return Problem(leaf, "is missing", _example(keys, document, root), origins.place(leaf))
    if kind == "extra_forbidden":
        what, advice = _unknown(keys, value, document, origins, root)
        return Problem(leaf, what, advice, origins.key_place(leaf))
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _kind(leaf, value, origins)
    what, advice = _value(error, value, keys, document, root)
    return Problem(leaf, what, advice, origins.place(leaf))


def problems(
    errors: list[ErrorDetails], document: dict[str, Any], origins: Origins, root: type[BaseModel] = Study
) -> list[Problem]:
    """All complaints of pydantic; a key that is missing because it was misspelt is reported once, as misspelt."""
    found = [problem(error, document, origins, root) for error in errors]
    meant = {
        f"{each.path.rpartition('.')[0]}:{each.advice}" for each in found if each.advice.startswith("did you mean")
    }
    kept: list[Problem] = []
    for error, each in zip(errors, found, strict=True):
        above, _, name = each.path.rpartition(".")
        if error["type"] != "missing" or f'{above}:did you mean "{name}"?' not in meant:
            kept.append(each)
    return kept


def locate(loc: tuple[Any, ...], document: Any, absent: bool = False) -> tuple[tuple[str, ...], Any]:
    """Keys and value of a complaint's location; the marks pydantic adds for the members of a union are dropped."""
    keys: list[str] = []
    value: Any = document
    for part in loc[:-1] if absent else loc:
        listed = isinstance(value, list) and isinstance(part, int) and part < len(value)
        if listed or (isinstance(value, dict) and part in value):
            value = value[part]
            keys.append(str(part))
    if absent:
        keys.append(str(loc[-1]))
    return tuple(keys), value


def _example(keys: tuple[str, ...], document: Any, root: type[BaseModel]) -> str:
    group = group_at(keys[:-1], document, root)
    info = fields(group)[keys[-1]] if group is not None and keys[-1] in fields(group) else None
    if info is None or not info.examples:
        return "add it"
    return f"add it, for example `{keys[-1]}: {info.examples[0]}`"


def _unknown(
    keys: tuple[str, ...], value: Any, document: Any, origins: Origins, root: type[BaseModel]
) -> tuple[str, str]:
    *above, name = keys
    group = group_at(above, document, root)
    known = list(fields(group)) if group is not None else []
    guess = did_you_mean(name, known)
    if re.fullmatch(r"[\d.]+%?", name):
        # `{paths: 1,048,576}` is three keys to YAML.
        return f'unknown key "{name}"', "if it belongs to the number before it, write that without a comma"
    if name.endswith(":"):
        return f'unknown key "{name}"', f"write a value after `{name}`"
    if value is None and not guess and origins.place(".".join(keys)) == origins.key_place(".".join(keys)):
        # `{note: fast, cheap}` is two keys to YAML.
        return f'unknown key "{name}"', "if it belongs to the text before it, put that text in quotes"
    if group is not None and group in KINDS.values():
        marginal = ".".join(above)
        what = f'a {_kind_name(document, above)} marginal takes no "{name}"'
        mine, kinds = origins.place(".".join(keys)), origins.place(f"{marginal}.kind")
        if mine and kinds and mine.file != kinds.file and not guess:
            return what, "to change the kind, replace the whole marginal: write `marginal: !reset {kind: ...}`"
        percentile = re.fullmatch(r"p\d+", name)
        if percentile and issubclass(group, Percentiles):
            return what, f"the percentiles are {listing(PERCENTILES)}"
        takes = [n for n in known if n not in ("kind", "truncate", *PERCENTILES)]
        takes += ["two percentiles"] if issubclass(group, ByPercentiles) else []
        takes += ["three or four percentiles"] if issubclass(group, Metalog) else []
        return what, ("" if percentile else guess) or f"it takes {listing([*takes, 'truncate'])}"
    return f'unknown key "{name}"', guess or f"the keys here are {listing(known, most=20)}"


def _kind_name(document: Any, above: list[str]) -> str:
    for key in above:
        document = document[int(key)] if isinstance(document, list) else document[key]
    return str(document["kind"])


def _kind(leaf: str, value: Any, origins: Origins) -> Problem:
    if isinstance(value, dict) and "kind" in value:
        given = value["kind"]
        if given in ("mixture", "empirical"):  # known, and yet not among the choices: within a mixture
            what = f"a component of a mixture cannot be {'a mixture' if given == 'mixture' else given}"
            advice = "write its components beside the others" if given == "mixture" else "give it another kind"
            return Problem(f"{leaf}.kind", what, advice, origins.place(f"{leaf}.kind"))
        guess = did_you_mean(given, KINDS) if isinstance(given, str) else ""
        what = (
            f'unknown kind "{given}"' if isinstance(given, str | int | float) else f"must be a kind, not {shown(given)}"
        )
        return Problem(
            f"{leaf}.kind",
            what,
            guess or f"the kinds are {listing(KINDS, most=len(KINDS))}",
            origins.place(f"{leaf}.kind"),
        )
    if isinstance(value, dict):
        advice = f"add `kind: ` and one of {listing(KINDS, most=len(KINDS))}"
        return Problem(f"{leaf}.kind", "is missing", advice, origins.place(leaf))
    return Problem(leaf, f"must be a distribution, not {shown(value)}", DISTRIBUTION, origins.place(leaf))


def _value(
    error: ErrorDetails, value: Any, keys: tuple[str, ...], document: Any, root: type[BaseModel]
) -> tuple[str, str]:
    kind, bounds = error["type"], error.get("ctx", {})
    what, advice = f"cannot be {shown(value)}", "correct it"
    if kind == "plain":
        what, advice = str(bounds["what"]), str(bounds["advice"])
    elif kind == "float_type":
        what, advice = f"must be a number, not {shown(value)}", number_advice(value)
    elif kind == "finite_number":
        what, advice = f"must be a finite number, not {value}", "write an ordinary number"
    elif kind.startswith("int_"):
        what, advice = f"must be a whole number, not {_bare(value)}", _whole_advice(value)
    elif kind == "string_type":
        what, advice = f"must be text, not {shown(value)}", _text_advice(value)
    elif kind == "string_too_short":
        what, advice = "is empty", "write some text"
    elif kind == "literal_error":
        choices = re.findall(r"'([^']*)'", str(bounds["expected"]))
        only = f"must be {choices[0]}" if len(choices) == 1 else f"must be one of {', '.join(choices)}"
        guess = did_you_mean(value, choices) if isinstance(value, str) else ""
        what, advice = f"{only}, not {shown(value)}", guess or f"write {choices[0]}"
        if len(choices) > 1 and not guess:
            advice = "choose one of them"
    elif kind in ("greater_than_equal", "less_than_equal"):
        side, bound = ("at least", bounds.get("ge")) if kind[0] == "g" else ("at most", bounds.get("le"))
        what, advice = f"must be {side} {bound:g}, not {_bare(value)}", "correct the number"
    elif kind in ("model_type", "model_attributes_type") and keys[-1] == "marginal":
        what, advice = f"must be a distribution, not {shown(value)}", DISTRIBUTION
    elif kind in ("model_type", "model_attributes_type", "dict_type"):
        what, advice = f"must be a group of keys, not {shown(value)}", _group_advice(keys, document, root)
        what = "is empty" if value is None else what
    elif kind in ("list_type", "tuple_type"):
        what, advice = f"must be a list, not {shown(value)}", 'write [a, b], or one line with "- " for each item'
    elif kind in ("too_short", "too_long"):
        wanted = bounds.get("min_length") if kind == "too_short" else bounds.get("max_length")
        count = f"{bounds.get('actual_length')} item{'' if bounds.get('actual_length') == 1 else 's'}"
        what, advice = f"has {count} where {wanted} are needed", "correct the list"
        if wanted == 1:
            what, advice = "is an empty list", "write at least one name"
    return what, advice


def _bare(value: Any) -> str:
    return shown(value).removeprefix("the number ") if not isinstance(value, float) else str(value)


def number_advice(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if percent := re.fullmatch(r"([-+]?\d+(?:\.\d+)?)\s*%", text):
        return f"write {float(percent[1]) / 100:.10g}"
    if re.fullmatch(r"[-+]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", text):
        return f"write {text.replace(',', '')}, without commas"
    if re.fullmatch(r"[-+]?\d+,\d+", text):
        return f"write {text.replace(',', '.')}, with a point"
    if text and isinstance(resolve(text), int | float) and not isinstance(resolve(text), bool):
        return "remove the quotes"
    if re.fullmatch(r"[-+]?[\d_]*\d(?:\.\d+)?", text):
        return f"write {text.replace('_', '')}: underscores group digits by threes"
    if found := re.fullmatch(r"(?:US|RMB|HK)?\s*[$€¥]?\s*([-+]?\d+(?:\.\d+)?)\s*(?:[A-Za-z]\w*|[$€¥x])?", text):
        return f"write {found[1]}, without its unit"
    return "write a plain number such as 0.35"


def _group_advice(keys: tuple[str, ...], document: Any, root: type[BaseModel]) -> str:
    group = group_at(keys, document, root)
    if group is None:
        return "write lines of the form `name: ...`, indented below it"
    required = [name for name, info in fields(group).items() if info.is_required()]
    return f"write its keys indented below it: {listing(required or fields(group))}"


def _whole_advice(value: Any) -> str:
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e18:
        return f"write {int(value)}"
    return "write a number without a decimal point, such as 10"


def _text_advice(value: Any) -> str:
    if isinstance(value, bool):
        return f'write it in quotes: "{str(value).lower()}"'
    if isinstance(value, int | float):
        return f'write it in quotes: "{value}"'
    return "write some text"

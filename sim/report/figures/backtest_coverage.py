"""Coverage: how many outcomes lay in the 50, 80 and 90% intervals, horizon by horizon."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from sim.report import style
from sim.report.style import Drawing
from sim.report.text import plain

SHARES = ("50", "80", "90")
_OFFSETS = (-0.3, 0.0, 0.3)
_COLOURS = (style.GREY, style.BLUE, style.BLACK)
_MARKERS = ("s", "o", "D")


def source(result: Mapping[str, Any]) -> str:
    """The foot line of all figures of a backtest."""
    return (
        f"Source: sim {plain(result['version'], 20)} · backtest {result['hash'][:8]} · {plain(result['config'], 30)} · "
        f"{plain(result['history'], 30)} · seed {result['seed']} · {result['paths']:,} paths a vintage"
    )


def span(result: Mapping[str, Any]) -> str:
    """``30 vintages, Dec-17Q to Mar-25Q``."""
    from sim.report.numbers import period

    names = result["vintages"]
    return f"{len(names)} vintages, {period(names[0])} to {period(names[-1])}"


def headline(result: Mapping[str, Any]) -> str:
    """The finding about the 80% interval, the one that decides; a departure within its own error is called chance."""
    found = {each["horizon"]: each["coverage"]["80"] for each in result["horizons"]}
    off = {h: c for h, c in found.items() if not c["interval"][0] <= 0.8 <= c["interval"][1]}
    if off:
        h = max(off, key=lambda h: abs(off[h]["estimate"] - 0.8))
        side = "narrow" if off[h]["estimate"] < 0.8 else "wide"
        return f"80% intervals are too {side}: they held {off[h]['estimate']:.0%} at {h} quarters"
    shares = [each["estimate"] for each in found.values()]
    return f"80% intervals held {min(shares):.0%} to {max(shares):.0%}, within chance of what they promised"


def draw(result: Mapping[str, Any]) -> Drawing:
    """Share of outcomes inside with its 90% interval; dashes mark what was promised."""
    horizons = result["horizons"]
    notes = [
        "Bars are 90% intervals that allow for overlapping vintages",
    ]
    with style.committee():
        title = headline(result)
        subtitle = f"Share of outcomes inside the central 50, 80 and 90% intervals, by horizon; {span(result)}"
        figure = style.canvas(title, subtitle, notes, source(result))
        low = style.floor(notes) + 0.3
        axes = style.panel(figure, 0.55, low, style.WIDTH - 1.62, style.HEIGHT - 0.6 - low)
        data = []
        for share, offset, colour, marker in zip(SHARES, _OFFSETS, _COLOURS, _MARKERS, strict=True):
            promised = int(share) / 100
            axes.axhline(promised, color=colour, lw=0.8, ls=(0, (4, 3)), zorder=1)
            axes.annotate(
                f"{share}% promised",
                (1.0, promised),
                (4, 0),
                ("axes fraction", "data"),
                "offset points",
                fontsize=style.TICK,
                va="center",
                color=style.INK,
                annotation_clip=False,
            )
            for i, each in enumerate(horizons):
                found = each["coverage"][share]
                a, b = found["interval"]
                axes.plot([i + offset] * 2, [a, b], color=colour, ls="-", lw=1.4, zorder=3)
                axes.plot([i + offset], [found["estimate"]], marker, color=colour, ms=5, zorder=4)
                data.append(
                    {
                        "horizon": each["horizon"],
                        "vintages": each["vintages"],
                        "promised": promised,
                        "inside": found["estimate"],
                        "low": a,
                        "high": b,
                    }
                )
                axes.annotate(
                    f"{found['estimate']:.0%}",
                    (i + offset, found["estimate"]),
                    (5, 0),
                    textcoords="offset points",
                    fontsize=7.5,
                    va="center",
                    color=style.INK,
                    bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.8},
                )
        axes.set_xlim(-0.5, len(horizons) - 0.5)
        axes.set_ylim(0, 1.04)
        axes.set_xticks(range(len(horizons)), [_under(each) for each in horizons])
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1.0], ["0%", "25%", "50%", "75%", "100%"])
    at = {each["horizon"]: each["coverage"]["80"]["estimate"] for each in horizons}
    alt = f"{title}. " + "; ".join(f"{h} quarters ahead {share:.0%}" for h, share in at.items()) + "."
    return Drawing("backtest_coverage", title, subtitle, alt, figure, pd.DataFrame(data))


def _under(horizon: Mapping[str, Any]) -> str:
    h = horizon["horizon"]
    return f"{h} quarter{'' if h == 1 else 's'} ahead\n{horizon['vintages']} vintages"

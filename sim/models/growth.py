"""Quarterly revenue of a growing business, and nothing else: the model that a record can honestly test.

A trend whose growth fades to the long run, with a persistent growth shock; a season that evolves; an irregular undone
in the next quarter. The same equations are fitted to history in sim/analysis/growth_fit.py, which gives every driver
its distribution; `sim backtest` runs it from the end of each quarter of the past.
"""

from sim.cells.mark import cell
from sim.cells.maths import exp
from sim.models.finance import kept_per_period


@cell(at="opening")
def opening_underlying_revenue(opening_revenue: float, opening_season: float, opening_irregular: float) -> float:
    """Revenue of the last reported quarter without its season and irregular. [RMB bn/quarter]"""
    return opening_revenue / exp(opening_season + opening_irregular)


@cell(at="opening")
def starting_fading_growth(opening_fading_growth: float) -> float:
    """Growth above the long run that is left in the last reported quarter. [1/quarter]"""
    return opening_fading_growth


@cell(at="opening")
def starting_growth_shock(opening_growth_state: float) -> float:
    """Growth shock under way in the last reported quarter. [1/quarter]"""
    return opening_growth_state


@cell(at="opening")
def starting_season(opening_season: float) -> float:
    """Log seasonal factor of the last reported quarter. [1]"""
    return opening_season


@cell(at="opening")
def starting_season_1(opening_season_1: float) -> float:
    """Log seasonal factor of the quarter before it. [1]"""
    return opening_season_1


@cell(at="opening")
def starting_season_2(opening_season_2: float) -> float:
    """Log seasonal factor of the quarter before that. [1]"""
    return opening_season_2


@cell(at="opening")
def growth_kept(growth_half_life: float) -> float:
    """Share of the growth above the long run that survives a quarter. [1]"""
    return kept_per_period(growth_half_life)


@cell
def fading_growth(prev_fading_growth: float, growth_kept: float) -> float:
    """Growth above the long run, fading. [1/quarter]"""
    return prev_fading_growth * growth_kept


@cell
def growth_shock(
    prev_growth_shock: float, growth_persistence: float, growth_volatility: float, growth_innovation: float
) -> float:
    """Surprise in underlying log growth, AR(1). [1/quarter]"""
    return growth_persistence * prev_growth_shock + growth_volatility * growth_innovation


@cell
def underlying_growth(long_run_growth: float, fading_growth: float, growth_shock: float) -> float:
    """Underlying log growth of the quarter. [1/quarter]"""
    return long_run_growth + fading_growth + growth_shock


@cell
def underlying_revenue(prev_underlying_revenue: float, underlying_growth: float) -> float:
    """Revenue without season and irregular. [RMB bn]"""
    return prev_underlying_revenue * exp(underlying_growth)


@cell
def season(
    prev_season: float,
    prev_season_1: float,
    prev_season_2: float,
    seasonal_volatility: float,
    seasonal_innovation: float,
) -> float:
    """Log seasonal factor: four quarters in a row add up to nothing but a surprise (Harvey 1989, section 2.3.4). [1]"""
    return seasonal_volatility * seasonal_innovation - prev_season - prev_season_1 - prev_season_2


@cell
def season_1(prev_season: float) -> float:
    """Log seasonal factor one quarter earlier. [1]"""
    return prev_season


@cell
def season_2(prev_season_1: float) -> float:
    """Log seasonal factor two quarters earlier. [1]"""
    return prev_season_1


@cell
def cloud_revenue(
    underlying_revenue: float, season: float, irregular_volatility: float, irregular_innovation: float
) -> float:
    """Revenue as reported: with season and an irregular that is not carried. [RMB bn]"""
    return underlying_revenue * exp(season + irregular_volatility * irregular_innovation)

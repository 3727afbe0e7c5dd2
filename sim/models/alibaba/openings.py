"""Openings that are a driver as it stands: carried lines start from opening cells, and these pass the number on."""

from sim.cells.mark import cell


@cell(at="opening")
def starting_efficiency_gain(initial_efficiency_gain: float) -> float:
    """Efficiency gain in the June quarter of 2025. [1/year]"""
    return initial_efficiency_gain


@cell(at="opening")
def starting_token_price(opening_token_price: float) -> float:
    """Revenue per million tokens in the June quarter of 2025. [RMB]"""
    return opening_token_price


@cell(at="opening")
def starting_infrastructure_growth(infra_underlying_growth: float) -> float:
    """Growth of AI infrastructure spend apart from tokens in the June quarter of 2025. [1/year]"""
    return infra_underlying_growth


@cell(at="opening")
def starting_cloud_share(opening_cloud_share: float) -> float:
    """Share of the AI cloud market in the first half of 2025. [1]"""
    return opening_cloud_share


@cell(at="opening")
def starting_chip_availability(opening_chip_availability: float) -> float:
    """Chip availability in the middle of 2025. [1]"""
    return opening_chip_availability


@cell(at="opening")
def starting_ai_capital(opening_ai_capital: float) -> float:
    """Installed AI capital on 30 June 2025. [RMB bn]"""
    return opening_ai_capital


@cell(at="opening")
def starting_other_capital(opening_other_capital: float) -> float:
    """Installed cloud capital other than AI on 30 June 2025. [RMB bn]"""
    return opening_other_capital


@cell(at="opening")
def starting_growth_shock(opening_growth_state: float) -> float:
    """Growth shock already under way in the June quarter of 2025. [1/quarter]"""
    return opening_growth_state


@cell(at="opening")
def starting_non_ai_growth(initial_non_ai_growth: float) -> float:
    """Trend growth of non-AI cloud revenue in the June quarter of 2025. [1/year]"""
    return initial_non_ai_growth


@cell(at="opening")
def starting_net_cash(opening_net_cash: float) -> float:
    """Net cash on 30 June 2025. [RMB bn]"""
    return opening_net_cash

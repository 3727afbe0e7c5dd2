"""Demand: tokens and their price, the AI cloud market they pull along, and Alibaba's share of it.

Money is RMB bn a quarter, rates are logarithmic and by the year unless their unit says otherwise. "AI cloud market"
is Omdia's: infrastructure, platform and model services for AI in China. It is built as token spend, which is counted,
plus infrastructure spend (training, self-hosted inference, platforms), which tokens pull along only in part.
"""

from sim.cells.mark import cell
from sim.cells.maths import exp, log
from sim.models.finance import kept_per_period, later_half, revert, within

# One trillion tokens a day for the 91.25 days of a mean quarter, at RMB 1 per million tokens, in RMB bn.
BILLIONS_PER_TRILLION_TOKENS_A_DAY = 0.09125


# --- opening: what the last reported quarter (April-June 2025) looked like ---


@cell(at="opening")
def opening_token_growth(half_year_token_growth: float) -> float:
    """Log growth of enterprise tokens a quarter around mid 2025. [1/quarter]

    The half-year average grew by 363% on the half-year before: two quarters of ln(4.63)/2 = 0.766 each.
    """
    return log(1.0 + half_year_token_growth) / 2.0


@cell(at="opening")
def opening_tokens(half_year_tokens: float, opening_token_growth: float) -> float:
    """Enterprise tokens in April-June 2025, from the half-year average and its growth. [trn/day]

    10.2 is the mean of two quarters of which the second is exp(0.766) times the first: 13.9.
    """
    return later_half(2.0 * half_year_tokens, opening_token_growth)


@cell(at="opening")
def long_run_token_growth(
    long_run_spend_growth: float, price_pass_through: float, long_run_efficiency_gain: float
) -> float:
    """Log growth of tokens once momentum has faded: that of spend plus that of passed-through efficiency. [1/quarter]

    Spend = tokens x price and the price falls by pass-through x efficiency, so this keeps long-run *spend* growth at
    its driver whatever efficiency does: cheap tokens are used up in volume (Jevons), neither more nor less.
    """
    return (long_run_spend_growth + price_pass_through * long_run_efficiency_gain) / 4.0


@cell(at="opening")
def token_momentum_kept(momentum_half_life: float) -> float:
    """Share of the excess token growth that survives a quarter. [1]"""
    return kept_per_period(momentum_half_life)


@cell(at="opening")
def efficiency_gain_kept(efficiency_half_life: float) -> float:
    """Share of the excess efficiency gain that survives a quarter. [1]"""
    return kept_per_period(efficiency_half_life)


@cell(at="opening")
def infrastructure_growth_kept(infrastructure_half_life: float) -> float:
    """Share of the excess infrastructure growth that survives a quarter. [1]"""
    return kept_per_period(infrastructure_half_life)


@cell(at="opening")
def share_gap_kept(share_half_life: float) -> float:
    """Share of the distance to the long-run market share that survives a quarter. [1]"""
    return kept_per_period(share_half_life)


@cell(at="opening")
def opening_ai_market(half_year_ai_market: float, half_year_market_growth: float) -> float:
    """AI cloud market in April-June 2025, from Omdia's half-year figure and its growth. [RMB bn/quarter]

    22.3 over two quarters growing by 0.19: 12.2.
    """
    return later_half(half_year_ai_market, half_year_market_growth)


@cell(at="opening")
def opening_infrastructure_spend(opening_ai_market: float, opening_tokens: float, opening_token_price: float) -> float:
    """Infrastructure part of the opening AI cloud market: what token spend leaves over. [RMB bn/quarter]"""
    return opening_ai_market - opening_tokens * opening_token_price * BILLIONS_PER_TRILLION_TOKENS_A_DAY


@cell(at="opening")
def scope(opening_ai_revenue: float, opening_cloud_share: float, opening_ai_market: float) -> float:
    """Alibaba's AI revenue as it counts it, over Omdia's share of Omdia's market. [1]

    The company's "AI-related products" (more than 20% of external cloud revenue) and Omdia's AI cloud (35.8% of
    12.2) are different definitions; the ratio, held constant, carries the gap instead of hiding it in the share.
    """
    return opening_ai_revenue / (opening_cloud_share * opening_ai_market)


# --- period: tokens and their price ---


@cell
def token_growth_trend(
    prev_token_growth_trend: float, long_run_token_growth: float, token_momentum_kept: float
) -> float:
    """Log growth of enterprise tokens before shocks, fading from its momentum to the long run. [1/quarter]"""
    return revert(prev_token_growth_trend, long_run_token_growth, token_momentum_kept)


@cell
def demand_shock(
    prev_demand_shock: float, demand_persistence: float, demand_volatility: float, demand_innovation: float
) -> float:
    """Surprise in token growth, lasting a few quarters: AR(1), its level never undone. [1/quarter]"""
    return demand_persistence * prev_demand_shock + demand_volatility * demand_innovation


@cell
def token_growth(token_growth_trend: float, demand_shock: float) -> float:
    """Log growth of enterprise tokens this quarter. [1/quarter]"""
    return token_growth_trend + demand_shock


@cell
def enterprise_tokens(prev_enterprise_tokens: float, token_growth: float) -> float:
    """Enterprise large-model tokens a day in China (Frost & Sullivan's definition). [trn/day]

    Reported far out for completeness; no conclusion rests on a token count beyond a few years.
    """
    return prev_enterprise_tokens * exp(token_growth)


@cell
def efficiency_gain(prev_efficiency_gain: float, long_run_efficiency_gain: float, efficiency_gain_kept: float) -> float:
    """Log fall of the compute a token needs, fading as the easy gains are taken. [1/year]"""
    return revert(prev_efficiency_gain, long_run_efficiency_gain, efficiency_gain_kept)


@cell
def revenue_per_million_tokens(
    prev_revenue_per_million_tokens: float, price_pass_through: float, efficiency_gain: float
) -> float:
    """Average revenue per million tokens over all enterprise tokens, paid and unpaid. [RMB]

    Competition hands the share `price_pass_through` of each efficiency gain to customers.
    """
    return prev_revenue_per_million_tokens * exp(-price_pass_through * efficiency_gain / 4.0)


@cell
def token_spend(enterprise_tokens: float, revenue_per_million_tokens: float) -> float:
    """What enterprises pay for tokens. [RMB bn/quarter]"""
    return enterprise_tokens * revenue_per_million_tokens * BILLIONS_PER_TRILLION_TOKENS_A_DAY


# --- period: the AI cloud market and Alibaba's share ---


@cell
def infrastructure_growth_trend(
    prev_infrastructure_growth_trend: float, long_run_spend_growth: float, infrastructure_growth_kept: float
) -> float:
    """Log growth of AI infrastructure spend apart from token momentum, fading to long-run spend growth. [1/year]"""
    return revert(prev_infrastructure_growth_trend, long_run_spend_growth, infrastructure_growth_kept)


@cell
def infrastructure_growth(
    infrastructure_growth_trend: float, compute_pull: float, token_growth: float, long_run_token_growth: float
) -> float:
    """Log growth of AI infrastructure spend: its own trend plus what excess token growth pulls along. [1/quarter]

    At the most likely drivers about 0.19 in the first quarter, inside the 0.15-0.22 that Omdia's half-years imply
    (22.3 in H1 2025 within 51.8 for the year is 0.14; 20.83 for all of 2024 puts the past year nearer 0.25).
    """
    return infrastructure_growth_trend / 4.0 + compute_pull * (token_growth - long_run_token_growth)


@cell
def infrastructure_spend(prev_infrastructure_spend: float, infrastructure_growth: float) -> float:
    """China's AI cloud spend on training, self-hosted inference and platforms. [RMB bn/quarter]"""
    return prev_infrastructure_spend * exp(infrastructure_growth)


@cell
def ai_cloud_market(token_spend: float, infrastructure_spend: float) -> float:
    """China's AI cloud market (Omdia's definition at the opening). [RMB bn/quarter]"""
    return token_spend + infrastructure_spend


@cell
def cloud_share(
    prev_cloud_share: float,
    long_run_share: float,
    share_gap_kept: float,
    competition_volatility: float,
    competition_innovation: float,
) -> float:
    """Alibaba's share of the AI cloud market: drifts to its long-run level, jolted by competition. [1]

    Kept in [0, 1]; ByteDance, Huawei, Baidu and Tencent are the other two thirds of the story.
    """
    drift = revert(prev_cloud_share, long_run_share, share_gap_kept)
    return within(drift + competition_volatility * competition_innovation, 0.0, 1.0)


@cell
def ai_demand(ai_cloud_market: float, cloud_share: float, scope: float, growth_level: float) -> float:
    """AI cloud revenue that customers would buy from Alibaba if capacity were no limit. [RMB bn/quarter]

    `growth_level` is the cumulated growth shock that AI and non-AI revenue share (see cloud.py).
    """
    return ai_cloud_market * cloud_share * scope * growth_level

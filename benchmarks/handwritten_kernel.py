"""Kernel text written by hand for the base study alone: what a patient engineer would write who knew every number.

It is joined to the engine's drawing text and to constants of the study (`handwritten_alibaba.constants`): certain
drivers and powers of certain half-lives are literals, D_x is the row of a driver, everything else a row of ``work``.

What the hand does that the cells' text does not say: lines that fade at a certain rate are ``long run + gap * kept^t``
with one scalar power a quarter, so they are no state; tokens times price is carried as one line with one exponential;
short exponentials skip their range reduction; sums that are known in closed form are never accumulated; fiscal years
that are also windows are summed once; two divisions share one reciprocal; and six versions of the quarter are
compiled, each without what its quarters are not asked for.
"""

# ruff: noqa: F821  (constants and the drawing text stand before this text)

import numpy as np

from sim.kernel import BLOCK, compiled, fma, inlined

B = BLOCK

# Rows of ``work``, W_x: invariants of a path, state, totals, what single quarters show.
(
    W_SPEND_STEP, W_PRICE_STEP, W_TOKEN_LONG, W_TOKEN_KEPT, W_PRICE_GAP, W_INFRA_GAP, W_SHARE_PULL, W_SCOPE,
    W_PLAN_START, W_PLAN_RAMP, W_WEAR, W_SERVED_LONG, W_SERVED_GAP, W_LEFT_LONG, W_LEFT_GAP, W_MARGIN_GAP,
    W_GROWTH_LONG, W_GROWTH_GAP, W_TAX_KEPT, W_CASH_KEPT, W_USES, W_STEP, W_Q, W_FOUR_OVER_EXTERNAL, W_GROWTH_SHOCK,
    W_GROWTH_LEVEL, W_TOKEN_GAP, W_DEMAND_SHOCK, W_SPEND, W_INFRA, W_MARKET, W_SHARE, W_PATH, W_CAPEX, W_TRANSIT,
    W_OTHER_CAPEX, W_CAPITAL, W_OTHER_CAPITAL, W_CASH, W_DEEPEST, W_NET, W_LOW_NET, W_DISCOUNT, W_ECOMMERCE,
    W_TOKEN_LOG, W_AI_SUM, W_CLOUD_SUM, W_EBITA_SUM, W_CAPEX_SUM, W_MARKET_SUM, W_RETURN_SUM, W_BINDS_SUM,
    W_UNMET_SUM, W_YEAR, W_NOPAT_SUM, W_AI_CAPEX_SUM, W_VALUE_SUM, W_SALES_SUM, W_TERMINAL_NOPAT, W_CLOUD, W_DEMAND,
    W_SUPPLY, W_LTM, W_FIRST_NOPAT, W_NET_AT, W_AFTER_PLAN, W_NTM,
) = [np.uint64(row) * B for row in range(67)]  # fmt: skip
ROWS = 67
FIRST_SUM, SUMS = np.uint64(45), np.uint64(8)


@inlined
def short_exp(r):
    """exp(r) for abs(r) below ln(2) / 2: irregulars (8.3 sd reach 0.18) and non-AI trend growth (0.06)."""
    return 1.0 + exp_tail(r)


@inlined
def open_block(d, w):
    """Invariants and opening state of a block. d: drivers' rows, w: work rows."""
    for j in range(B):
        i = np.uint64(j)
        spend_step = 0.25 * d[D_LONG_RUN_SPEND_GROWTH + i]
        pass_step = 0.25 * d[D_PRICE_PASS_THROUGH + i]
        price_step = pass_step * d[D_LONG_RUN_EFFICIENCY_GAIN + i]
        revenue, external = d[D_OPENING_AI_REVENUE + i], d[D_EXTERNAL_SHARE_OF_AI_CAPITAL + i]
        capital, wear = d[D_OPENING_AI_CAPITAL + i], 0.25 * d[D_AI_DEPRECIATION_RATE + i]
        share, tax_kept = d[D_AI_SHARE_OF_CAPEX + i], 1.0 - d[D_TAX_RATE + i]
        token_long = spend_step + price_step
        w[W_SPEND_STEP + i], w[W_PRICE_STEP + i], w[W_TOKEN_LONG + i] = spend_step, price_step, token_long
        w[W_TOKEN_KEPT + i] = exp2(-1.0 / d[D_MOMENTUM_HALF_LIFE + i])
        w[W_PRICE_GAP + i] = pass_step * d[D_INITIAL_EFFICIENCY_GAIN + i] - price_step
        w[W_INFRA_GAP + i] = 0.25 * d[D_INFRA_UNDERLYING_GROWTH + i] - spend_step
        w[W_SHARE_PULL + i] = d[D_LONG_RUN_SHARE + i] * (1.0 - SHARE_KEPT)
        w[W_SCOPE + i] = revenue * ONE_OVER_OPENING_SHARE_OF_MARKET
        ramp = d[D_CAPEX_GROWTH + i] * RAMP_PER_GROWTH
        left = PLAN_BUDGET * d[D_PLAN_MULTIPLE + i] - PLAN_SPENT
        start = (left if left > 0.0 else 0.0) / fma(ramp, UNFADED_QUARTERS, PLAN_QUARTERS)
        w[W_PLAN_START + i], w[W_PLAN_RAMP + i] = start, start * ramp
        served = 0.25 * d[D_LONG_RUN_REVENUE_YIELD + i] * external
        w[W_WEAR + i], w[W_SERVED_LONG + i] = wear, served
        w[W_SERVED_GAP + i] = SERVED_AT_OPENING * revenue / capital - served
        left_long = 1.0 - d[D_LONG_RUN_AI_CASH_COST_SHARE + i]
        w[W_LEFT_LONG + i] = left_long
        w[W_LEFT_GAP + i] = OPENING_AI_MARGIN + external * capital * wear / revenue - left_long
        non_ai = OPENING_CLOUD_REVENUE - revenue
        w[W_MARGIN_GAP + i] = (OPENING_CLOUD_EBITA - OPENING_AI_MARGIN * revenue) / non_ai - d[
            D_LONG_RUN_NON_AI_MARGIN + i
        ]
        w[W_GROWTH_LONG + i] = 0.25 * d[D_LONG_RUN_NON_AI_GROWTH + i]
        w[W_GROWTH_GAP + i] = 0.25 * (d[D_INITIAL_NON_AI_GROWTH + i] - d[D_LONG_RUN_NON_AI_GROWTH + i])
        w[W_TAX_KEPT + i], w[W_CASH_KEPT + i] = tax_kept, 0.93 * tax_kept
        w[W_USES + i] = 0.2 * (OTHER_PAYOUTS + d[D_BUYBACKS + i])
        w[W_STEP + i] = exp(0.25 * log_of_normal(1.0 + d[D_CORE_ECOMMERCE_GROWTH + i]))
        w[W_Q + i] = exp(-0.25 * log_of_normal(1.0 + d[D_WACC + i]))
        w[W_FOUR_OVER_EXTERNAL + i] = 4.0 / external
        w[W_GROWTH_SHOCK + i], w[W_GROWTH_LEVEL + i] = d[D_OPENING_GROWTH_STATE + i], 1.0
        w[W_TOKEN_GAP + i], w[W_DEMAND_SHOCK + i] = OPENING_TOKEN_GROWTH - token_long, 0.0
        spend = d[D_OPENING_TOKEN_PRICE + i] * OPENING_TOKENS_IN_BILLIONS
        w[W_SPEND + i], w[W_INFRA + i], w[W_MARKET + i] = spend, OPENING_MARKET - spend, OPENING_MARKET
        w[W_SHARE + i] = OPENING_CLOUD_SHARE
        w[W_PATH + i] = non_ai / d[D_SEASONAL_FACTOR_JUNE + i] * short_exp(-d[D_OPENING_IRREGULAR + i])
        w[W_CAPEX + i], w[W_TRANSIT + i] = PLAN_SPENT * share, MARCH_QUARTER_CAPEX * share
        w[W_OTHER_CAPEX + i] = PLAN_SPENT * (1.0 - share)
        w[W_CAPITAL + i], w[W_OTHER_CAPITAL + i] = capital, OPENING_OTHER_CAPITAL
        w[W_CASH + i], w[W_DEEPEST + i], w[W_NET + i], w[W_LOW_NET + i] = 0.0, 0.0, OPENING_NET_CASH, OPENING_NET_CASH
        w[W_DISCOUNT + i], w[W_ECOMMERCE + i], w[W_TOKEN_LOG + i] = 1.0, 0.25 * CORE_ECOMMERCE_EBITA, 0.0
        w[W_AI_SUM + i], w[W_CLOUD_SUM + i], w[W_EBITA_SUM + i] = revenue, OPENING_CLOUD_REVENUE, OPENING_CLOUD_EBITA
        w[W_CAPEX_SUM + i], w[W_MARKET_SUM + i], w[W_RETURN_SUM + i] = REPORTED_CAPEX, REPORTED_MARKET, REPORTED_RETURN
        w[W_BINDS_SUM + i], w[W_UNMET_SUM + i] = 0.0, 0.0
        w[W_NOPAT_SUM + i], w[W_AI_CAPEX_SUM + i], w[W_VALUE_SUM + i], w[W_SALES_SUM + i] = 0.0, 0.0, 0.0, 0.0
        w[W_YEAR + i], w[W_TERMINAL_NOPAT + i] = 0.0, 0.0


@inlined
def quarter(d, w, t, fading, season, n0, n1, n2, n3, plan, nopat_wanted, capex_wanted, explicit, terminal, shown):
    """One quarter. fading: float64[7, periods + 1], kept^t; n0 to n3: the innovations' rows; the rest literals."""
    chip_kept, yield_kept, margin_kept = fading[0, t], fading[1, t], fading[2, t]
    growth_kept, efficiency_kept, infra_kept, ramped = fading[3, t], fading[4, t], fading[5, t], 1.0 - fading[6, t]
    for j in range(B):
        i = np.uint64(j)
        # --- the market, Alibaba's share, demand ---
        shock = fma(d[D_GROWTH_PERSISTENCE + i], w[W_GROWTH_SHOCK + i], d[D_GROWTH_VOLATILITY + i] * d[n2 + i])
        level = w[W_GROWTH_LEVEL + i] * exp(shock)
        gap = w[W_TOKEN_GAP + i] * w[W_TOKEN_KEPT + i]
        surprise = fma(DEMAND_PERSISTENCE, w[W_DEMAND_SHOCK + i], DEMAND_VOLATILITY * d[n1 + i])
        excess = gap + surprise
        w[W_GROWTH_SHOCK + i], w[W_GROWTH_LEVEL + i], w[W_TOKEN_GAP + i], w[W_DEMAND_SHOCK + i] = (
            shock,
            level,
            gap,
            surprise,
        )
        step = w[W_SPEND_STEP + i]
        spend = w[W_SPEND + i] * exp(step + fma(-efficiency_kept, w[W_PRICE_GAP + i], excess))
        pulled = fma(d[D_COMPUTE_PULL + i], excess, fma(infra_kept, w[W_INFRA_GAP + i], step))
        infra = w[W_INFRA + i] * exp(pulled)
        w[W_SPEND + i], w[W_INFRA + i] = spend, infra
        if plan:
            w[W_TOKEN_LOG + i] = w[W_TOKEN_LOG + i] + (excess + w[W_TOKEN_LONG + i])
        market, before = spend + infra, w[W_MARKET + i]
        share = fma(SHARE_KEPT, w[W_SHARE + i], fma(COMPETITION_VOLATILITY, d[n0 + i], w[W_SHARE_PULL + i]))
        share = share if share > 0.0 else 0.0
        share = share if share < 1.0 else 1.0
        w[W_MARKET + i], w[W_SHARE + i] = market, share
        demand = market * share * w[W_SCOPE + i] * level
        # --- supply, two quarters behind the cash ---
        was, transit, last = w[W_CAPITAL + i], w[W_TRANSIT + i], w[W_CAPEX + i]
        wear_step = w[W_WEAR + i]
        wear = was * wear_step
        capital = was - wear + transit
        served = fma(yield_kept, w[W_SERVED_GAP + i], w[W_SERVED_LONG + i])
        supply = capital * served
        ai = demand if demand < supply else supply
        w[W_CAPITAL + i], w[W_TRANSIT + i] = capital, last
        # --- non-AI revenue ---
        path = w[W_PATH + i] * short_exp(fma(growth_kept, w[W_GROWTH_GAP + i], w[W_GROWTH_LONG + i]))
        trend = path * level
        non_ai = trend * d[season + i] * short_exp(IRREGULAR_VOLATILITY * d[n3 + i])
        cloud = ai + non_ai
        w[W_PATH + i] = path
        # --- capex paid ---
        chips = fma(1.0 - chip_kept, fma(d[D_LONG_RUN_CHIP_AVAILABILITY + i], ONE_OVER_OPENING_CHIPS, -1.0), 1.0)
        if plan:
            planned = fma(ramped, w[W_PLAN_RAMP + i], w[W_PLAN_START + i])
            planned = planned if planned > 0.0 else 0.0
            by_plan = planned * d[D_AI_SHARE_OF_CAPEX + i]
            other_capex = planned - by_plan
            capex = by_plan * (chips if chips < 1.25 else 1.25)
        else:
            inverse = 1.0 / (before * served)
            growth = market * served * inverse - 1.0
            wanted = demand * fma(2.0, growth, 1.0) * before * inverse
            needed = fma(capital, wear_step + growth, 0.25 * (wanted - capital - last))
            needed = needed * (chips if chips < 1.0 else 1.0)
            needed = needed if needed > 0.85 * last else 0.85 * last
            needed = needed if needed < 1.15 * last else 1.15 * last
            least = 0.35 * capital * wear_step
            capex = needed if needed > least else least
            other_last = w[W_OTHER_CAPEX + i]
            other_capex = d[D_OTHER_CAPEX_INTENSITY + i] * trend
            other_capex = other_capex if other_capex > 0.85 * other_last else 0.85 * other_last
            other_capex = other_capex if other_capex < 1.15 * other_last else 1.15 * other_last
        paid = capex + other_capex
        other_was = w[W_OTHER_CAPITAL + i]
        other_wear = other_was * OTHER_WEAR
        w[W_CAPEX + i], w[W_OTHER_CAPEX + i] = capex, other_capex
        w[W_OTHER_CAPITAL + i] = other_was - other_wear + other_capex
        # --- margins and cash ---
        pay, tax_kept = d[D_SHARE_BASED_PAY_RATE + i], w[W_TAX_KEPT + i]
        left = fma(margin_kept, w[W_LEFT_GAP + i], w[W_LEFT_LONG + i])
        ai_ebita = fma(-wear, d[D_EXTERNAL_SHARE_OF_AI_CAPITAL + i], ai * left)
        ebita = fma(non_ai, fma(margin_kept, w[W_MARGIN_GAP + i], d[D_LONG_RUN_NON_AI_MARGIN + i]), ai_ebita)
        nopat = fma(-pay, cloud, ebita) * tax_kept
        ai_nopat = fma(-pay, ai, ai_ebita) * tax_kept
        flow = nopat + wear + other_wear - paid
        cash = w[W_CASH + i] + flow
        deepest = w[W_DEEPEST + i]
        w[W_CASH + i], w[W_DEEPEST + i] = cash, deepest if deepest < cash else cash
        ecommerce = w[W_ECOMMERCE + i] * w[W_STEP + i]
        net = w[W_NET + i] + (fma(ecommerce, w[W_CASH_KEPT + i], flow) - w[W_USES + i])
        lowest = w[W_LOW_NET + i]
        w[W_ECOMMERCE + i], w[W_NET + i], w[W_LOW_NET + i] = ecommerce, net, lowest if lowest < net else net
        # --- fiscal years and windows ---
        w[W_AI_SUM + i] += ai
        w[W_CLOUD_SUM + i] += cloud
        w[W_EBITA_SUM + i] += ebita
        w[W_CAPEX_SUM + i] += paid
        w[W_MARKET_SUM + i] += market
        w[W_RETURN_SUM + i] += ai_nopat * w[W_FOUR_OVER_EXTERNAL + i] / capital
        w[W_BINDS_SUM + i] += 1.0 if demand > supply else 0.0
        w[W_UNMET_SUM + i] += demand - ai
        if plan:
            w[W_YEAR + i] += cloud
        if nopat_wanted:
            w[W_NOPAT_SUM + i] += ai_nopat
        if capex_wanted:
            w[W_AI_CAPEX_SUM + i] += capex
        if explicit:
            discount = w[W_DISCOUNT + i] * w[W_Q + i]
            w[W_DISCOUNT + i] = discount
            w[W_VALUE_SUM + i] += flow * discount
            w[W_SALES_SUM + i] += cloud * discount
        if terminal:
            w[W_TERMINAL_NOPAT + i] += nopat
        if shown:
            w[W_CLOUD + i], w[W_DEMAND + i], w[W_SUPPLY + i] = cloud, demand, supply


@inlined
def put(w, row, target, first, count, factor):
    """A row, times a factor, into an output column."""
    if count == B:
        for i in range(B):
            target[first + np.uint64(i)] = w[row + np.uint64(i)] * factor
    else:
        for i in range(count):
            target[first + np.uint64(i)] = w[row + np.uint64(i)] * factor


@inlined
def move(w, source, target):
    """Copies a row and empties its source."""
    for j in range(B):
        w[target + np.uint64(j)] = w[source + np.uint64(j)]
        w[source + np.uint64(j)] = 0.0


@inlined
def close_year(w, year, columns, out, first, count):
    """Writes the eight totals of fiscal year ``year`` (from 0) and begins them anew."""
    for k in range(SUMS):
        row = (FIRST_SUM + np.uint64(k)) * B
        mean = k == 5 or k == 6
        put(w, row, out[columns[k] + np.uint64(year)], first, count, 0.25 if mean else 1.0)
        if mean and k == 5 and (year == 3 or year == 4):
            for j in range(B):
                i = np.uint64(j)
                w[W_AFTER_PLAN + i] = w[row + i] + (w[W_AFTER_PLAN + i] if year == 4 else 0.0)
        if year < 9:
            for j in range(B):
                w[row + np.uint64(j)] = 0.0


@inlined
def show_quarter(d, w, t, fading, single, out, first, count):
    """Columns of single quarters; single: their numbers in the order in which they are written here."""
    for i in range(count):
        at, j = first + np.uint64(i), np.uint64(i)
        demand, supply = w[W_DEMAND + j], w[W_SUPPLY + j]
        if t <= 3:
            out[single[t - 1], at] = w[W_CLOUD + j]
        if t == 3 or t == 11 or t == 19:
            unmet = demand - (demand if demand < supply else supply)
            out[single[3 + t // 8], at] = unmet / demand if demand > 0.0 else 0.0
        if t == 5 or t == 19:
            out[single[6 + t // 19], at] = w[W_SHARE + j]
        if t == 4 or t == 11:
            saved = float(t) * w[W_PRICE_STEP + j] + fading[7, t] * w[W_PRICE_GAP + j]
            out[single[8 + t // 11], at] = OPENING_TOKENS * exp(w[W_TOKEN_LOG + j])
            out[single[10 + t // 11], at] = d[D_OPENING_TOKEN_PRICE + j] * exp(-saved)
        if t == 4:
            out[single[12], at] = w[W_SPEND + j]
        if t == 5:
            out[single[13], at] = w[W_NET + j]
        if t == 11:
            out[single[14], at], out[single[15], at], out[single[16], at] = demand, supply, w[W_CAPITAL + j]
        if t == 19:
            served = fma(fading[1, t], w[W_SERVED_GAP + j], w[W_SERVED_LONG + j])
            out[single[17], at] = served * w[W_FOUR_OVER_EXTERNAL + j]


@inlined
def horizon(d, w, ends, out, first, count):
    """Values per ADS and what they imply, into columns ``ends`` in the order of `handwritten_alibaba.ENDS`."""
    for j in range(count):
        i, at = np.uint64(j), first + np.uint64(j)
        tax_kept, wacc, fx = w[W_TAX_KEPT + i], d[D_WACC + i], d[D_RMB_PER_USD + i]
        ntm, growth_for_ever, roic = w[W_NTM + i], d[D_TERMINAL_GROWTH + i], d[D_TERMINAL_RETURN_ON_CAPITAL + i]
        growth = ntm / w[W_LTM + i] - 1.0
        multiple = d[D_CLOUD_EV_TO_SALES + i] * exp(MULTIPLE_GROWTH_SENSITIVITY * (growth - 0.20))
        by_multiple = multiple * ntm
        possible = wacc > growth_for_ever and roic > 0.0
        terminal = (1.0 + growth_for_ever) * (1.0 - growth_for_ever / roic) / (wacc - growth_for_ever)
        terminal = (terminal if possible else np.nan) * w[W_DISCOUNT + i]
        by_dcf = w[W_VALUE_SUM + i] + w[W_TERMINAL_NOPAT + i] * terminal
        step = w[W_STEP + i]
        to_valuation = step * step * step * step * step * step
        year = 0.25 * CORE_ECOMMERCE_EBITA * to_valuation * (1.0 + step * (1.0 + step * (1.0 + step)))
        quick = -QUICK_COMMERCE_TAX_KEPT * d[D_QUICK_COMMERCE_BURN + i]
        ant, others, net = ANT_STAKE * d[D_ANT_MARK + i], d[D_OTHER_INVESTMENTS + i], w[W_NET_AT + i]
        held = -d[D_HOLDING_DISCOUNT + i] * ((net if net > 0.0 else 0.0) + ant + others)
        ads = ADS - d[D_BUYBACKS + i] / (fx * 165.0)
        in_rmb = fx * ads
        per_ads = 1.0 / in_rmb
        cloud_by_multiple, cloud_by_dcf, weight = by_multiple * per_ads, by_dcf * per_ads, d[D_DCF_WEIGHT + i]
        cloud = cloud_by_multiple + weight * (cloud_by_dcf - cloud_by_multiple)
        ecommerce = (year * tax_kept * d[D_ECOMMERCE_PE + i] + quick) * per_ads
        aidc = REVENUE_AIDC * d[D_SEGMENT_MULTIPLE_AIDC + i] * per_ads
        rest_of_them = REVENUE_OTHERS * d[D_SEGMENT_MULTIPLE_OTHERS + i] * per_ads
        cash, stakes, holding = net * per_ads, (ant + others) * per_ads, held * per_ads
        office, minorities = HEAD_OFFICE_VALUE * per_ads, -d[D_NON_CONTROLLING_INTERESTS + i] * per_ads
        rest = ecommerce + aidc + rest_of_them + cash + stakes + holding + office + minorities
        value = cloud + rest
        sales_to_margin = 1.0 / w[W_CLOUD_SUM + i]
        margin = w[W_EBITA_SUM + i] * sales_to_margin
        of_margin = 1.0 / ((w[W_SALES_SUM + i] + w[W_CLOUD_SUM + i] * terminal) * tax_kept)
        at_price, at_target, per_sales = PRICE - rest, TARGET - rest, in_rmb / ntm
        returned = 0.125 * w[W_AFTER_PLAN + i]
        later = w[W_NOPAT_SUM + i] - w[W_FIRST_NOPAT + i]
        out[ends[0], at], out[ends[1], at], out[ends[2], at] = value, cloud_by_multiple + rest, cloud_by_dcf + rest
        out[ends[3], at], out[ends[4], at] = value / (1.0 + d[D_COST_OF_EQUITY + i]), value * (1.0 / PRICE) - 1.0
        out[ends[5], at], out[ends[6], at], out[ends[7], at] = cloud, ecommerce, aidc
        out[ends[8], at], out[ends[9], at], out[ends[10], at] = rest_of_them, cash, stakes
        out[ends[11], at], out[ends[12], at], out[ends[13], at] = holding, office, minorities
        out[ends[14], at], out[ends[15], at], out[ends[16], at] = cloud_by_multiple, cloud_by_dcf, ads
        out[ends[17], at], out[ends[18], at] = at_price, at_target
        out[ends[19], at], out[ends[20], at] = at_price * per_sales, at_target * per_sales
        out[ends[21], at] = margin + (at_price * in_rmb - by_dcf) * of_margin
        out[ends[22], at] = margin + (at_target * in_rmb - by_dcf) * of_margin
        out[ends[23], at], out[ends[24], at], out[ends[25], at] = multiple, growth, margin
        kept = 1.0 - d[D_LONG_RUN_AI_CASH_COST_SHARE + i] - d[D_SHARE_BASED_PAY_RATE + i]
        out[ends[26], at] = (d[D_AI_DEPRECIATION_RATE + i] + AI_RETURN_HURDLE / tax_kept) / kept
        out[ends[27], at] = returned
        out[ends[28], at] = later / (w[W_AI_CAPEX_SUM + i] * d[D_EXTERNAL_SHARE_OF_AI_CAPITAL + i])
        out[ends[29], at] = 1.0 if returned < wacc else 0.0
        out[ends[30], at], out[ends[31], at] = -w[W_DEEPEST + i], w[W_LOW_NET + i] + quick


@compiled
def simulate_by_hand(
    first_path, paths, drawing, noising, first_noise, fading, seasons, columns, single, ends, block_paths, d, w, out
):
    """Paths ``first_path`` and on into out: float64[128, paths]. drawing, noising: the engine's own draw arguments,
    their scratch included; block_paths: uint64[B], scratch.

    d: the drawn rows and w: the work rows of a block; fading: float64[8, 40]; seasons: rows of the seasonal factors by
    quarter; columns, single, ends: int64, the numbers of the output columns.
    """
    total = np.uint64(paths)
    for block in range((total + B - np.uint64(1)) // B):
        first = np.uint64(block) * B
        count = min(B, total - first)
        for i in range(B):
            block_paths[i] = np.uint64(first_path) + first + min(np.uint64(i), count - np.uint64(1))
        draw_drivers(block_paths, *drawing, d)
        for k in range(4):
            draw_innovation(block_paths, k, *noising, 39, d, first_noise + 39 * k)
        open_block(d, w)
        year = 0
        for t in range(1, 40):
            n0 = (np.uint64(first_noise) + np.uint64(t) - np.uint64(1)) * B
            n1, n2, n3 = n0 + np.uint64(39) * B, n0 + np.uint64(78) * B, n0 + np.uint64(117) * B
            season = np.uint64(seasons[t - 1]) * B
            if t <= 5:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, True, True, True, False, False, True)
            elif t <= 11:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, True, False, True, True, False, True)
            elif t <= 16:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, False, False, True, True, False, False)
            elif t <= 20:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, False, True, False, True, False, True)
            elif t <= 35:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, False, False, False, True, False, False)
            else:
                quarter(d, w, t, fading, season, n0, n1, n2, n3, False, False, False, True, True, False)
            if t <= 5 or t == 11 or t == 19:
                show_quarter(d, w, t, fading, single, out, first, count)
            if t == 1:
                move(w, W_YEAR, W_LTM)  # the year before the valuation date begins with the second quarter
            elif t == 4:
                move(w, W_NOPAT_SUM, W_FIRST_NOPAT)
            elif t == 5:
                move(w, W_YEAR, W_LTM)
                for j in range(B):
                    w[W_NET_AT + np.uint64(j)] = w[W_NET + np.uint64(j)]
            elif t == 9:
                move(w, W_YEAR, W_NTM)
            elif t == 16:
                for j in range(B):
                    w[W_NOPAT_SUM + np.uint64(j)] = 0.0  # the fifth quarter is in neither year
            if t % 4 == 3:
                if year == 9:
                    horizon(d, w, ends, out, first, count)
                close_year(w, year, columns, out, first, count)
                year += 1

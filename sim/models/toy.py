"""A toy whose answer is known in closed form: revenue grows by random rates and is valued at a random multiple.

With T periods (8 in toy.yaml), g ~ N(m, s) and ln multiple ~ N(ln q, v), the two joined by a Gaussian copula with
normal correlation r, and independent shocks of standard deviation w:

    growth of a period    g + w x innovation
    total growth          G = T g + w x (sum of T standard normals)   ~ N(T m, T^2 s^2 + T w^2)
    value per share       V = R0 exp(G) x multiple / shares, lognormal with
                          mu      = ln(R0 q / shares) + T m
                          sigma^2 = T^2 s^2 + T w^2 + v^2 + 2 T s v r

so mean(V) = exp(mu + sigma^2 / 2), sd(V) = mean x sqrt(exp(sigma^2) - 1), percentile p = exp(mu + sigma z_p) and
P(V >= x) = Phi((mu - ln x) / sigma). A rank correlation rho is the normal correlation r = 2 sin(pi rho / 6)
(Pearson 1907). configs/toy.yaml states the numbers.
"""

from sim.cells.mark import cell
from sim.cells.maths import exp


@cell
def growth(mean_growth: float, growth_volatility: float, growth_innovation: float) -> float:
    """Log growth of revenue in this quarter. [1/quarter]"""
    return mean_growth + growth_volatility * growth_innovation


@cell
def revenue(prev_revenue: float, growth: float) -> float:
    """Revenue of the quarter. [US$ m]"""
    return prev_revenue * exp(growth)


@cell(at="horizon")
def growth_a_year(total_growth: float) -> float:
    """Log growth a year, over the two years of the study. [1/year]"""
    return total_growth / 2.0


@cell(at="horizon")
def company_value(valuation_revenue: float, ev_to_sales: float) -> float:
    """Value of the company: last quarter's revenue times the multiple. [US$ m]"""
    return valuation_revenue * ev_to_sales


@cell(at="horizon")
def value_per_share(company_value: float, shares: float) -> float:
    """Value of one share. [US$]"""
    return company_value / shares

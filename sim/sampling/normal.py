"""Standard normals from uniforms: the inverse distribution function, and Box and Muller's pairs.

A kernel module. The inverse follows the method of Wichura (1988), "Algorithm AS 241", Applied Statistics 37, 477-484:
a rational function of q^2 in the centre, one of sqrt(-log(p)) in the tails. The centre has his coefficients; the one
tail, which here ends at p = 2^-54, is our own minimax fit. Their relative error is below 2e-15, and both are odd about
1/2. `sim.sampling.as241` is the published algorithm; `sim.sampling.draw.to_normals` takes each number to its region.
"""

import numpy as np

from sim.elementary import bits_of, cos_sin_2pi, float_of, log_of_normal
from sim.kernel import fma, inlined

SIGN_BIT = np.uint64(0x8000000000000000)


@inlined
def in_centre(u: float) -> bool:
    """Whether `central_normal` serves u; else `tail_normal` does."""
    return abs(u - 0.5) <= 0.425


@inlined
def central_normal(u: float) -> float:
    """The z with P(Z <= z) = u, for u in [0.075, 0.925]."""
    q = u - 0.5
    x = fma(-q, q, 0.180625)
    a = fma(x, 2509.0809287301226727, 33430.575583588128105)
    a = fma(x, a, 67265.770927008700853)
    a = fma(x, a, 45921.953931549871457)
    a = fma(x, a, 13731.693765509461125)
    a = fma(x, a, 1971.5909503065514427)
    a = fma(x, a, 133.14166789178437745)
    a = fma(x, a, 3.3871328727963666080)
    b = fma(x, 5226.4952788528545610, 28729.085735721942674)
    b = fma(x, b, 39307.895800092710610)
    b = fma(x, b, 21213.794301586595867)
    b = fma(x, b, 5394.1960214247511077)
    b = fma(x, b, 687.18700749205790830)
    b = fma(x, b, 42.313330701600911252)
    b = fma(x, b, 1.0)
    return q * (a / b)


@inlined
def tail_normal(u: float) -> float:
    """The z with P(Z <= z) = u, for u in [2**-54, 1 - 2**-53] outside the centre."""
    p = u if u < 0.5 else 1.0 - u
    x = np.sqrt(-log_of_normal(p)) - 1.6
    a = fma(x, 0.0010432612016323002, 0.03075269384606336)
    a = fma(x, a, 0.31723652203933145)
    a = fma(x, a, 1.5778359260580335)
    a = fma(x, a, 4.244615711013167)
    a = fma(x, a, 6.304815488870354)
    a = fma(x, a, 4.804529595250891)
    a = fma(x, a, 1.423437110749685)
    b = fma(x, 1.1020341844736556e-09, 0.0007375888047243036)
    b = fma(x, b, 0.02057379497329437)
    b = fma(x, b, 0.1933752681309248)
    b = fma(x, b, 0.8445424887609435)
    b = fma(x, b, 1.9056427015182518)
    b = fma(x, b, 2.1755656660519427)
    b = fma(x, b, 1.0)
    side = float_of(bits_of(1.0) | (bits_of(u - 0.5) & SIGN_BIT))
    return side * (a / b)


@inlined
def box_muller(u1: float, u2: float) -> tuple[float, float]:
    """Two independent standard normals of two uniforms in [2**-53, 1 - 2**-53]; each within 4 ulp of the larger."""
    radius = np.sqrt(-2.0 * log_of_normal(u1))
    cosine, sine = cos_sin_2pi(u2)
    return radius * cosine, radius * sine

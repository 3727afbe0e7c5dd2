"""Elementary functions for kernels: plain arithmetic, no branches, the same bits on every CPU.

A kernel module. Every function takes and returns float64 scalars, is inlined into its caller, and consists of
``+ - * /``, square roots, explicit fused multiply-adds, integer operations on the bits and selections only, so that
LLVM turns a loop over paths into vector code. A fused multiply-add rounds once on every CPU, by a library where there
is no instruction for it; none is left for a compiler to choose, and no fast-math flag can make two CPUs disagree.
Errors are stated in units in the last place (ulp) of the correctly rounded result, as measured against 40-digit
arithmetic. Special values follow IEEE 754. In plain Python the functions run on `numpy.float64` scalars and give the
same bits.

Polynomials are minimax fits (Remez) to the functions named beside them. The reductions are those of fdlibm (Sun
Microsystems, 1993; e_exp.c, e_log.c, k_sin.c, k_cos.c); the normal tail is Shepherd and Laframboise (1981),
Mathematics of Computation 36, 249-253, in the variable (x - 4) / (x + 4).
"""

import numpy as np

from sim.kernel import fma, inlined

ROUND = 6755399441055744.0  # 1.5 * 2**52: adding it rounds to an integer, left in the low bits of the sum
ROUND_BIASED = 6755399441056767.0  # the same plus 1023, so that the low bits are the exponent field of 2**n
ROUND_LESS_ONE = 6755399441056766.0  # plus 1022: the exponent field of 2**(n - 1)
LOWEST_EXPONENT = -707.7  # below it 2**(n - 1) is no normal number
TWO_52_BIASED = 4503599627371519.0  # 2**52 + 1023
INVERSE_LN2 = 1.4426950408889634
LN2 = 0.6931471805599453
LN2_HIGH = 0.693147180559663  # 41 bits: exact when multiplied by an exponent
LN2_LOW = 2.8235290563031577e-13
LN2_TIMES_54 = 37.42994775023705
HALF_PI = 1.5707963267948966
SMALLEST_NORMAL = 2.2250738585072014e-308
TWO_54 = 18014398509481984.0
EXPONENT_SHIFT = np.uint64(52)
MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
SIGN = np.uint64(0x8000000000000000)
HIGH_HALF = np.uint64(0xFFFFFFFFF8000000)  # keeps 26 significant bits: the square is exact
TWO_52_BITS = np.uint64(0x4330000000000000)
ROOT_HALF_BITS = np.uint64(0x3FE6A09E667F3BCD)
ROOT_HALF_TO_ONE = np.uint64(0x00095F619980C433)  # bits of 1 less bits of sqrt(1/2)


@inlined
def bits_of(x: float) -> np.uint64:
    """The 64 bits of a float64. (Numba wants the conversion beside the view.)"""
    return np.float64(x).view(np.uint64)


@inlined
def float_of(bits: np.uint64) -> float:
    """The float64 with these 64 bits."""
    return np.uint64(bits).view(np.float64)


@inlined
def power_of_two(biased: float) -> float:
    """2**n for an integer n in [-1022, 1023], given as ``n + ROUND_BIASED``. Exact."""
    return float_of(bits_of(biased) << EXPONENT_SHIFT)


@inlined
def exp_tail(r: float) -> float:
    """exp(r) - 1 for abs(r) <= ln(2) / 2."""
    s = r * r
    a = fma(r, 0.16666666666666413, 0.5000000000000011)
    b = fma(r, 0.008333333333494466, 0.041666666666530155)
    c = fma(r, 0.00019841269506567762, 0.001388888894363019)
    d = fma(r, 2.75575863837113e-06, 2.4801493098813566e-05)
    e = fma(r, 2.5000058438796046e-08, 2.763024841440852e-07)
    q = s * s
    return fma(s, fma(q, fma(q, e, fma(s, d, c)), fma(s, b, a)), r)


@inlined
def exp(x: float) -> float:
    """e**x within 1 ulp; inf above 709.78, 0 below -707.7 (where e**x < 5e-308), nan for nan."""
    x = np.float64(x)
    bounded = 710.0 if x > 710.0 else x
    less_one = fma(bounded, INVERSE_LN2, ROUND_LESS_ONE)
    n = less_one - ROUND_LESS_ONE
    tail = exp_tail(fma(n, -LN2_LOW, fma(n, -LN2_HIGH, bounded)))
    scale = power_of_two(less_one)  # 2**(n - 1), which is normal where 2**n would overflow
    return 0.0 if x < LOWEST_EXPONENT else 2.0 * fma(tail, scale, scale)


@inlined
def exp2(x: float) -> float:
    """2**x within 1 ulp, exact for integers; inf from 1024, 0 below -1021 (where 2**x < 5e-308), nan for nan."""
    x = np.float64(x)
    bounded = 1024.0 if x > 1024.0 else x
    less_one = bounded + ROUND_LESS_ONE
    n = less_one - ROUND_LESS_ONE
    tail = exp_tail((bounded - n) * LN2)
    scale = power_of_two(less_one)
    return 0.0 if x < -1021.0 else 2.0 * fma(tail, scale, scale)


@inlined
def expm1(x: float) -> float:
    """e**x - 1 within 2.5 ulp, also near 0; inf above 709.78, -1 below -37.4, nan for nan."""
    x = np.float64(x)
    x = 710.0 if x > 710.0 else x
    x = -60.0 if x < -60.0 else x
    n = fma(x, INVERSE_LN2, ROUND) - ROUND
    tail = exp_tail(fma(n, -LN2_LOW, fma(n, -LN2_HIGH, x)))
    half = fma(0.5, n, ROUND_BIASED)
    whole = half - ROUND_BIASED
    rest = power_of_two(n - whole + ROUND_BIASED)
    return fma(tail, rest, rest - power_of_two(ROUND_BIASED - whole)) * power_of_two(half)


@inlined
def log_of_normal(x: float) -> float:
    """log(x) within 1 ulp for positive normal x; anything for others, which `log` guards against."""
    bits = bits_of(x) + ROOT_HALF_TO_ONE
    k = float_of((bits >> EXPONENT_SHIFT) | TWO_52_BITS) - TWO_52_BIASED
    f = float_of((bits & MANTISSA) + ROOT_HALF_BITS) - 1.0  # in [sqrt(1/2) - 1, sqrt(2) - 1)
    s = f / (2.0 + f)
    z = s * s
    r = fma(z, 0.1479610550704898, 0.1531403582888628)
    r = fma(z, r, 0.18183564866916455)
    r = fma(z, r, 0.222221985634808)
    r = fma(z, r, 0.28571428742474925)
    r = fma(z, r, 0.3999999999941432)
    r = z * fma(z, r, 0.6666666666666734)
    h = 0.5 * f * f
    return fma(k, LN2_HIGH, f - (h - fma(s, h + r, k * LN2_LOW)))


@inlined
def log(x: float) -> float:
    """Natural logarithm within 1 ulp; -inf for 0, nan below 0, inf for inf, nan for nan."""
    x = np.float64(x)
    tiny = x < SMALLEST_NORMAL
    scaled = x * TWO_54 if tiny else x
    safe: float = (scaled if scaled < np.inf else 1.0) if scaled > 0.0 else 1.0
    value = log_of_normal(safe)
    value = value - LN2_TIMES_54 if tiny else value
    value = value if x < np.inf else np.inf
    return value if x > 0.0 else (-np.inf if x == 0.0 else np.nan)


@inlined
def log1p(x: float) -> float:
    """log(1 + x) within 1.5 ulp, also near 0; -inf for -1, nan below -1, inf for inf, nan for nan."""
    x = np.float64(x)
    u = 1.0 + x
    inside: float = (u if u < np.inf else 1.0) if u > 0.0 else 1.0
    lost: float = (inside - 1.0) - x  # what rounding put into u
    lost = (lost if u < np.inf else 0.0) if u > 0.0 else 0.0
    return log(u) - lost / inside


@inlined
def sqrt(x: float) -> float:
    """Square root, correctly rounded; nan below 0."""
    root: float = np.sqrt(np.float64(x))
    return root


@inlined
def tanh(x: float) -> float:
    """Hyperbolic tangent within 3 ulp; nan for nan."""
    x = np.float64(x)
    a: float = abs(x)
    a = 22.0 if a > 22.0 else a
    e = expm1(2.0 * a)
    return float_of(bits_of(e / (e + 2.0)) | (bits_of(x) & SIGN))


@inlined
def normal_cdf(x: float) -> float:
    """Standard normal distribution function within 7 ulp in both tails; 0 at -inf, 1 at inf, nan for nan."""
    x = np.float64(x)
    a: float = abs(x)
    a = 39.0 if a > 39.0 else a
    high = float_of(bits_of(a) & HIGH_HALF)
    d = -0.5 * (a - high) * (a + high)
    density = exp(-0.5 * high * high) * fma(d, fma(d, fma(d, 0.16666666666666666, 0.5), 1.0), 1.0)
    inverse = 1.0 / (a + 4.0)
    t = (a - 4.0) * inverse
    u = t * t
    even = fma(u, -1.196539722532363e-09, 1.4619019061420284e-08)
    even = fma(u, even, -7.721041317222973e-08)
    even = fma(u, even, 2.641545490638856e-07)
    even = fma(u, even, -6.252284334640107e-07)
    even = fma(u, even, 7.149755229538842e-07)
    even = fma(u, even, -1.9078439739474664e-06)
    even = fma(u, even, 0.00013334424852398015)
    even = fma(u, even, -0.0034796923616068794)
    even = fma(u, even, 0.06039657489066627)
    even = fma(u, even, 0.3871374007422195)
    even = fma(u, even, 0.7552851304157515)
    odd = fma(u, -3.3905121469392784e-10, 1.6069275273408876e-08)
    odd = fma(u, odd, -1.56592137533452e-07)
    odd = fma(u, odd, 1.0218572297520908e-06)
    odd = fma(u, odd, -5.92001127592918e-06)
    odd = fma(u, odd, 3.5144569674374996e-05)
    odd = fma(u, odd, -0.00023109490371695386)
    odd = fma(u, odd, 0.0016308184532800214)
    odd = fma(u, odd, -0.0075401889664351825)
    odd = fma(u, odd, -0.18652185795966542)
    odd = fma(u, odd, -0.6078966419718921)
    tail = density * (fma(t, odd, even) * inverse)
    return 1.0 - tail if x > 0.0 else tail


@inlined
def cos_sin_2pi(u: float) -> tuple[float, float]:
    """(cos, sin) of 2 pi u, each within 2 ulp for abs(u) < 2**49; nan for nan and infinities."""
    u = np.float64(u)
    turned = fma(4.0, u, ROUND)
    d = fma(4.0, u, -(turned - ROUND))  # exact, in [-1/2, 1/2] quarter turns
    quadrant = bits_of(turned)
    a = d * HALF_PI
    z = a * a
    s = fma(z, 1.589679564125889e-10, -2.5050758115096173e-08)
    s = fma(z, s, 2.755731369191728e-06)
    s = fma(z, s, -0.00019841269829807808)
    s = fma(z, s, 0.008333333333322413)
    s = fma(z, s, -0.16666666666666632)
    sine = fma(a * z, s, a)
    c = fma(z, -1.135964777186791e-11, 2.087572327266591e-09)
    c = fma(z, c, -2.7557314352329133e-07)
    c = fma(z, c, 2.4801587289482174e-05)
    c = fma(z, c, -0.0013888888888874125)
    c = fma(z, c, 0.0416666666666666)
    h = 0.5 * z
    w = 1.0 - h
    cosine = w + fma(z * z, c, (1.0 - w) - h)
    odd = (quadrant & np.uint64(1)) != np.uint64(0)
    x = bits_of(sine if odd else cosine)
    y = bits_of(cosine if odd else sine)
    x = x ^ (((quadrant + np.uint64(1)) & np.uint64(2)) << np.uint64(62))
    y = y ^ ((quadrant & np.uint64(2)) << np.uint64(62))
    return float_of(x), float_of(y)


@inlined
def minimum(a: float, b: float) -> float:
    """The smaller of two values, a if they are equal; nan if either is nan."""
    return b if b != b else (b if b < a else a)  # the inner choice is one instruction, which keeps a's nan


@inlined
def maximum(a: float, b: float) -> float:
    """The larger of two values, a if they are equal; nan if either is nan."""
    return b if b != b else (b if b > a else a)


@inlined
def select(condition: bool, a: float, b: float) -> float:
    """``a if condition else b``, both already computed."""
    return a if condition else b


@inlined
def power(x: float, y: float) -> float:
    """x**y as exp(y log(x)): relative error below 2 ulp + abs(y log(x)) * 2.5e-16.

    As IEEE pow: 1 for y = 0 or x = 1 (also against nan), nan for x < 0 unless y is an integer, 0**y is 0 or inf.
    Zero is taken as positive. Writers of kernels use repeated multiplication for small constant integers y.
    """
    x = np.float64(x)
    y = np.float64(y)
    a: float = abs(x)
    bounded = 1.0e15 if y > 1.0e15 else y
    bounded = -1.0e15 if bounded < -1.0e15 else bounded
    whole = (bounded + ROUND) - ROUND
    half = 0.5 * bounded
    even = (half + ROUND) - ROUND == half
    value = exp(y * log(a))
    signed = (value if even else -value) if whole == bounded else np.nan
    value = signed if x < 0.0 else value
    value = 1.0 if y == 0.0 else value
    return 1.0 if x == 1.0 else value

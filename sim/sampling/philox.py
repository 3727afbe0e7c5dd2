"""Philox4x32-10, and what each 128-bit draw is used for.

A kernel module. Philox is a counter-based generator: a keyed bijection of 128-bit counters (Salmon, Moraes, Dror and
Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3", SC'11). Any number is computed from its name alone, so no
state is carried, and threads, blocks and resumed runs cannot disagree.

The stream, version 3, fixed for ever
-------------------------------------
This is the sampler ``philox``; what Sobol points and Latin hypercubes put in place of its uniforms is said in
`sim.sampling.points`. (Version 1 had the same words and rounded its normals otherwise; version 2
led its shocks by other Sobol coordinates.)

*Key*: the first 8 bytes of SHA-256 of the UTF-8 text ``{seed}/{kind}/{name}``, where kind is ``driver`` or
``innovation``, as two little-endian 32-bit words.

*Counter*, as four 32-bit words, lowest first:
driver, path i: ``(i >> 1, i >> 33, 0, 0)``; an even path takes the first 64 bits of the result, an odd one the second.
innovation, path i, period t = 1, 2, ...: ``(i, i >> 32, (t - 1) >> 1, 1)``; both halves are used, for two periods.

*Halves*: the four 32-bit results r0 r1 r2 r3 make ``r0 + r1 * 2**32`` and ``r2 + r3 * 2**32``.

*Uniform*: the upper 52 bits b of a half make ``(b + 1/2) * 2**-52``, never 0 or 1, symmetric about 1/2, exact.

*Normal*: a driver's is the inverse normal distribution function of its uniform (`sim.sampling.normal`). An
innovation's are, by Box and Muller (1958), ``sqrt(-2 log(u1))`` times cos and sin of ``2 pi u2``: the cosine for the
odd period t = 2k + 1, the sine for the even one, t = 2k + 2.
"""

import numpy as np

from sim.elementary import float_of
from sim.kernel import inlined

STREAM_VERSION = 3
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
KEY_STEP_0 = np.uint64(0x9E3779B9)
KEY_STEP_1 = np.uint64(0xBB67AE85)
LOW_WORD = np.uint64(0xFFFFFFFF)
WORD_BITS = np.uint64(32)
ONE_BITS = np.uint64(0x3FF0000000000000)
ONE_LESS_HALF_STEP = 0.9999999999999999  # 1 - 2**-53
UNUSED_BITS = np.uint64(12)


@inlined
def philox_round(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """One round. A word is the lower half of its uint64; what is above it is left over and never read.

    So the product of two words never overflows, and vector instructions that multiply lower halves need no masks.
    """
    a = MULTIPLIER_0 * (c0 & LOW_WORD)
    b = MULTIPLIER_1 * (c2 & LOW_WORD)
    return (b >> WORD_BITS) ^ c1 ^ k0, b, (a >> WORD_BITS) ^ c3 ^ k1, a


@inlined
def philox(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    """Four random 32-bit words of a counter and a key, after ten rounds; all are 32-bit words in uint64."""
    c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    for _ in range(9):
        k0 += KEY_STEP_0
        k1 += KEY_STEP_1
        c0, c1, c2, c3 = philox_round(c0, c1, c2, c3, k0, k1)
    return c0 & LOW_WORD, c1 & LOW_WORD, c2 & LOW_WORD, c3 & LOW_WORD


@inlined
def philox_halves(
    c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64
) -> tuple[np.uint64, np.uint64]:
    """The two 64-bit halves of a draw."""
    r0, r1, r2, r3 = philox(c0, c1, c2, c3, k0, k1)
    return r0 | (r1 << WORD_BITS), r2 | (r3 << WORD_BITS)


@inlined
def uniform(bits: np.uint64) -> float:
    """The uniform number of a 64-bit half: an odd multiple of 2**-53 in (0, 1), exact."""
    return float_of((bits >> UNUSED_BITS) | ONE_BITS) - ONE_LESS_HALF_STEP

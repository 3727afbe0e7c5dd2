"""Points of low discrepancy for a block of paths: scrambled Sobol points, and Latin hypercubes.

A kernel module. Path i is point i // 16 of replicate i % 16: sixteen independently scrambled point sets run side by
side, so that the spread between them is the error of their mean. Both kinds give uniforms in place of Philox's; what
becomes of a uniform is the same for all.

*Sobol*: the Gray-code order of Antonov and Saleev (1979), USSR Computational Mathematics 19, 252-256; point n is the
exclusive or of the directions at the set bits of n ^ (n >> 1), so that each point differs from the last by one
direction, and any point is had directly. Directions and shifts are scrambled already (`sim.sampling.sobol`).
From path 2**36 on paths are not Sobol points but independent draws: see `sim.run.result.INDEPENDENT`.

*Latin hypercube*: in each replicate, one value in each of M equal strata, M being the replicate's number of paths, in
an order that is a hash of the path (Kensler 2013, "Correlated Multi-Jittered Sampling", Pixar Technical Memo 13-01,
listing of `permute`), with Philox's uniform for the place within the stratum.
"""

import numpy as np

from sim.kernel import BLOCK, inlined
from sim.sampling.philox import uniform

PHILOX = 0
SOBOL = 1
LATIN = 2
REPLICATES = np.uint64(16)
REPLICATE_BITS = np.uint64(4)
LAST_REPLICATE = np.uint64(15)
DIRECTION_BITS = 32
FIRST_INDEPENDENT = np.uint64(1 << 36)
WORD = np.uint64(0xFFFFFFFF)

Words = np.ndarray[tuple[int], np.dtype[np.uint64]]
WordTable = np.ndarray[tuple[int, int], np.dtype[np.uint64]]
Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@inlined
def in_points(paths: Words) -> bool:
    """Whether the block is whole points, one after the other: then each takes one direction for all replicates."""
    first = paths[np.uint64(0)]
    differing = (first & LAST_REPLICATE) | (BLOCK & LAST_REPLICATE)
    for i in range(BLOCK):
        differing |= paths[np.uint64(i)] ^ (first + np.uint64(i))
    return bool(differing == np.uint64(0) and first + BLOCK <= FIRST_INDEPENDENT)


@inlined
def sobol_word(path: np.uint64, words: WordTable) -> np.uint64:
    """A path's coordinate, in the upper 52 bits. words: uint64[33, 16], the shift and 32 directions by replicate."""
    replicate, point = path & LAST_REPLICATE, path >> REPLICATE_BITS
    gray = point ^ (point >> np.uint64(1))
    word, row = words[np.uint64(0), replicate], np.uint64(1)
    while gray != np.uint64(0):
        if gray & np.uint64(1):
            word ^= words[row, replicate]
        gray >>= np.uint64(1)
        row += np.uint64(1)
    return word  # type: ignore[no-any-return]


@inlined
def first_words(point: np.uint64, words: WordTable, state: Words) -> None:
    """A point's coordinate in every replicate, `sobol_word` of its sixteen paths, into state: uint64[16]."""
    for r in range(REPLICATES):
        state[r] = words[np.uint64(0), r]
    gray, row = point ^ (point >> np.uint64(1)), np.uint64(1)
    while gray != np.uint64(0):
        if gray & np.uint64(1):
            for r in range(REPLICATES):
                state[r] ^= words[row, r]
        gray >>= np.uint64(1)
        row += np.uint64(1)


@inlined
def sobol_row(paths: Words, whole: bool, words: WordTable, state: Words, base: np.uint64, buffer: Floats) -> None:
    """Uniforms of a dimension into the row at ``base``; independent paths are left as they are. state: uint64[16]."""
    if whole:
        point = paths[np.uint64(0)] >> REPLICATE_BITS
        first_words(point, words, state)
        for r in range(REPLICATES):
            buffer[base + np.uint64(r)] = uniform(state[r])
        for start in range(REPLICATES, BLOCK, REPLICATES):
            point += np.uint64(1)
            changed, row = point, np.uint64(1)
            while changed & np.uint64(1) == np.uint64(0):
                changed >>= np.uint64(1)
                row += np.uint64(1)
            for r in range(REPLICATES):
                word = state[r] ^ words[row, r]
                state[r] = word
                buffer[base + np.uint64(start) + np.uint64(r)] = uniform(word)
    else:
        for i in range(BLOCK):
            if paths[np.uint64(i)] < FIRST_INDEPENDENT:
                buffer[base + np.uint64(i)] = uniform(sobol_word(paths[np.uint64(i)], words))


@inlined
def permuted(i: np.uint64, length: np.uint64, key: np.uint64) -> np.uint64:
    """The place of i among ``length`` (at most 2**32) in an order chosen by ``key``, a 32-bit word."""
    mask = length - np.uint64(1)
    for shift in (1, 2, 4, 8, 16):
        mask |= mask >> np.uint64(shift)
    while True:
        i ^= key
        i = (i * np.uint64(0xE170893D)) & WORD
        i ^= key >> np.uint64(16)
        i ^= (i & mask) >> np.uint64(4)
        i ^= key >> np.uint64(8)
        i = (i * np.uint64(0x0929EB3F)) & WORD
        i ^= key >> np.uint64(23)
        i ^= (i & mask) >> np.uint64(1)
        i = (i * (np.uint64(1) | (key >> np.uint64(27)))) & WORD
        i = (i * np.uint64(0x6935FA69)) & WORD
        i ^= (i & mask) >> np.uint64(11)
        i = (i * np.uint64(0x74DCB303)) & WORD
        i ^= (i & mask) >> np.uint64(2)
        i = (i * np.uint64(0x9E501CC3)) & WORD
        i ^= (i & mask) >> np.uint64(2)
        i = (i * np.uint64(0xC860A3DF)) & WORD
        i &= mask
        i ^= i >> np.uint64(5)
        if i < length:
            break
    return (i + key) % length


@inlined
def latin_row(paths: Words, total: np.uint64, keys: Words, base: np.uint64, buffer: Floats) -> None:
    """Puts the uniforms of the row at ``base`` into strata of ``total`` paths; later paths stay. keys: uint64[16]."""
    for i in range(BLOCK):
        path = paths[np.uint64(i)]
        if path < total:
            replicate = path & LAST_REPLICATE
            strata = (total - replicate + LAST_REPLICATE) >> REPLICATE_BITS
            stratum = permuted(path >> REPLICATE_BITS, strata, keys[replicate] & WORD)
            buffer[base + np.uint64(i)] = (np.float64(stratum) + buffer[base + np.uint64(i)]) / np.float64(strata)

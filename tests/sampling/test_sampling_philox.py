"""Philox: Random123's known answers, and the stream definition written out a second time in plain integers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim import kernel
from sim.sampling import as241, philox, streams
from tests.sampling.conftest import study
from tests.statistical import assert_uniform

# Random123 1.14, tests/kat_vectors, "philox4x32 10": counter, key, result.
KNOWN_ANSWERS = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    c0, c1, c2, c3 = counter
    for turn in range(10):
        k0, k1 = (key[0] + turn * 0x9E3779B9) % 2**32, (key[1] + turn * 0xBB67AE85) % 2**32
        a, b = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (b >> 32) ^ c1 ^ k0, b % 2**32, (a >> 32) ^ c3 ^ k1, a % 2**32
    return [c0, c1, c2, c3]


def plain_uniforms(seed: int, kind: str, name: str, counter: list[int]) -> tuple[float, float]:
    digest = hashlib.sha256(f"{seed}/{kind}/{name}".encode()).digest()
    r = plain_philox(counter, [int.from_bytes(digest[i : i + 4], "little") for i in (0, 4)])
    halves = (r[0] + (r[1] << 32), r[2] + (r[3] << 32))
    first, second = (((half >> 12) + 0.5) / 2**52 for half in halves)
    return first, second


def test_known_answers(sampling: kernel.Kernel) -> None:
    counters, keys, expected = (
        np.array([words(row[column]) for row in KNOWN_ANSWERS], np.uint64) for column in range(3)
    )
    found = np.zeros((3, 4), np.uint64)
    sampling.each_philox(counters, keys, found)
    assert np.array_equal(found, expected)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN_ANSWERS)
def test_known_answers_in_plain_python(counter: str, key: str, expected: str) -> None:
    found = philox.philox(*map(np.uint64, words(counter)), *map(np.uint64, words(key)))
    assert [int(word) for word in found] == words(expected)
    assert plain_philox(words(counter), words(key)) == words(expected)


def test_uniforms_are_exact_odd_multiples(sampling: kernel.Kernel) -> None:
    bits = np.array([0, 2**12 - 1, 2**12, 2**63, 2**64 - 1, 0x0123456789ABCDEF], np.uint64)
    found = np.empty(bits.size)
    sampling.each_uniform(bits, found)
    assert found.tolist() == [((int(b) >> 12) + 0.5) / 2**52 for b in bits]
    assert found.min() == 2.0**-53
    assert found.max() == 1.0 - 2.0**-53


def test_key_is_the_first_eight_bytes_of_the_hash() -> None:
    digest = hashlib.sha256(b"179/driver/cloud_share").hexdigest()
    k0, k1 = streams.key(179, "driver", "cloud_share")
    assert (k0.to_bytes(4, "little") + k1.to_bytes(4, "little")).hex() == digest[:16]
    assert streams.key(179, "innovation", "cloud_share") != (k0, k1)


PATHS = np.array([0, 1, 2, 3, 1000, 1001, 2**32 - 1, 2**32, 2**33 + 5, 2**40 + 1, 2**53 - 1], np.uint64)


def test_drivers_follow_the_stream_definition(draw_study: Callable) -> None:
    found = draw_study(study({"x": {"kind": "normal", "mean": 0.0, "sd": 1.0}}, seed=2**62 + 7), PATHS)["x"]
    for path, z in zip(PATHS.tolist(), found.tolist(), strict=True):
        halves = plain_uniforms(2**62 + 7, "driver", "x", [(path >> 1) % 2**32, path >> 33, 0, 0])
        assert z == pytest.approx(as241.inverse_normal(halves[path % 2]), rel=4e-15, abs=0)


@pytest.mark.parametrize("periods", [1, 2, 7])
def test_innovations_follow_the_stream_definition(draw_shocks: Callable, periods: int) -> None:
    found = draw_shocks(study({}, innovations=["b", "a"], seed=3), PATHS, periods)
    assert list(found) == ["a", "b"]
    for name, shocks in found.items():
        for t in range(1, periods + 1):
            for lane, path in enumerate(PATHS.tolist()):
                u, v = plain_uniforms(3, "innovation", name, [path % 2**32, path >> 32, (t - 1) >> 1, 1])
                turn = math.cos(2 * math.pi * v) if t % 2 else math.sin(2 * math.pi * v)
                assert shocks[t - 1, lane] == pytest.approx(math.sqrt(-2 * math.log(u)) * turn, rel=1e-14, abs=1e-14)


def test_version_2_is_fixed_for_ever(draw_study: Callable, draw_shocks: Callable) -> None:
    assert philox.STREAM_VERSION == 3
    made = study({"x": {"kind": "normal", "mean": 0.0, "sd": 1.0}}, innovations=["x"])
    driver = draw_study(made, 4)["x"]
    shocks = draw_shocks(made, 2, 2)["x"]
    assert [v.hex() for v in driver.tolist()] == GOLDEN_DRIVER
    assert [v.hex() for v in shocks.ravel().tolist()] == GOLDEN_SHOCKS


GOLDEN_DRIVER = ["0x1.35ab7786d9e18p-4", "-0x1.dc40d0d2d66afp+0", "-0x1.1ae2e8ba11f83p+0", "0x1.2873913b088d2p+0"]
GOLDEN_SHOCKS = ["0x1.979710671aa6dp-4", "0x1.0a39c715d1ab1p-2", "0x1.0d2f098b37d2bp-2", "0x1.a498d37ef9925p+0"]


def test_halves_of_a_draw_are_uniform_and_unrelated(sampling: kernel.Kernel) -> None:
    """2**17 counters of one key. A distance of the distribution function of 0.014 would surely be caught."""
    n = 2**17
    counters = np.zeros((n, 4), np.uint64)
    counters[:, 0] = np.arange(n)
    found = np.zeros((n, 4), np.uint64)
    sampling.each_philox(counters, np.tile(np.array([1, 2], np.uint64), (n, 1)), found)
    first, second = (found[:, i] / 2**32 + found[:, i + 1] / 2**64 for i in (0, 2))
    assert_uniform(first)
    assert_uniform(second)
    assert_uniform((first + second) % 1.0)  # uniform only if the two are unrelated
    assert_uniform((first[1:] - first[:-1])[::2] % 1.0)  # neighbouring counters

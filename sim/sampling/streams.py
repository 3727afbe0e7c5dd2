"""Keys of the random streams: what a driver's or an innovation's numbers depend on (`sim.sampling.philox`).

A group of drivers under a t copula has a stream of its own for the chi-square that they share, by its first name.
"""

from __future__ import annotations

import hashlib
from typing import Literal


def key(seed: int, kind: Literal["driver", "innovation", "copula"], name: str) -> tuple[int, int]:
    """The two 32-bit key words of a driver, an innovation or a group under a seed."""
    digest = hashlib.sha256(f"{seed}/{kind}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")

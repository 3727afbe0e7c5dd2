"""Keys of the random streams: what a driver's or an innovation's numbers depend on (`sim.sampling.philox`)."""

from __future__ import annotations

import hashlib
from typing import Literal


def key(seed: int, kind: Literal["driver", "innovation"], name: str) -> tuple[int, int]:
    """The two 32-bit key words of a driver or an innovation under a seed."""
    digest = hashlib.sha256(f"{seed}/{kind}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "little"), int.from_bytes(digest[4:8], "little")

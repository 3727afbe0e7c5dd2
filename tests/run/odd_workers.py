"""Work as a cluster's worse days have it: slow, and with the first paths ready last. Imported by worker processes."""

from __future__ import annotations

import time
from typing import Any

from distributed import get_worker

from sim.run import worker

done = worker.work


def slow(job: worker.Job, first: int, stop: int, **wanted: Any) -> worker.Done:
    """A task that can be caught at work."""
    time.sleep(0.1)
    return done(job, first, stop, **wanted)


def first_last(job: worker.Job, first: int, stop: int, **wanted: Any) -> worker.Done:
    """The first paths take longest; each task leaves an event when it is ready."""
    result = done(job, first, stop, **wanted)
    time.sleep(1.0 if first == 0 else 0.0)
    get_worker().log_event("ready", first)
    return result

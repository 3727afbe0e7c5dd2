"""``python -m sim`` and the ``sim`` command."""

import gc

# What a command imports and reads stays to its end. By default Python looks for garbage in it some 300 times while it
# comes in: 0.1 s of a run's start, and 5% of the work of a pack. Looking that much more seldom takes no more memory.
gc.set_threshold(200_000, 10, 10)

from sim.cli import main  # noqa: E402

if __name__ == "__main__":
    main()

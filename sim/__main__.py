"""``python -m sim`` and the ``sim`` command."""

import atexit
import gc

# What a command imports and reads stays to its end. By default Python would look for garbage in it 200 times before the
# first path, 0.06 s in all; a run or a pack that is looked through more seldom takes no more memory.
gc.set_threshold(200_000, 10, 10)
atexit.register(gc.freeze)  # nor is it looked for at the end, when all memory goes back at once: 0.13 s

from sim.cli import main  # noqa: E402

if __name__ == "__main__":
    main()

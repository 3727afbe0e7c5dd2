"""How much memory does a run take, by its number of paths and what is kept of them?

    python benchmarks/memory.py                              # 1e5, 1e6 and 4e6 paths
    python benchmarks/memory.py --paths 1000000 --keep none  # with options that `sim run` has, passed on

Each row is a process of its own, `sim run configs/base.yaml --no-pack`, warm; its peak is the kernel's account of it
(ru_maxrss of the child). The time is that of the whole process.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
BASE = ROOT / "configs" / "base.yaml"


def of_run(paths: int, options: list[str]) -> dict[str, Any]:
    """Peak in MB, seconds, and MB written by one run in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory() as out:
        command = [sys.executable, "-m", "sim", "run", str(BASE), "--no-pack", "--quiet", "--paths", str(paths)]
        began = time.perf_counter()
        child = subprocess.Popen([*command, "--out", out, *options], stdout=subprocess.DEVNULL, cwd=ROOT)
        _, status, used = os.wait4(child.pid, 0)
        seconds = time.perf_counter() - began
        if status != 0:
            raise SystemExit(f"`{' '.join(command)}` failed")
        written = sum(file.stat().st_size for file in Path(out).rglob("*") if file.is_file())
    return {"paths": paths, "peak_mb": used.ru_maxrss / 1024, "seconds": seconds, "written_mb": written / 2**20}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--paths", type=int, nargs="+", default=[100_000, 1_000_000, 4_000_000])
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    arguments, options = parser.parse_known_args()
    of_run(1_000, options)  # fills the caches
    found = [of_run(paths, options) for paths in arguments.paths]
    if arguments.json:
        print(json.dumps({"options": options, "runs": found}))
        return
    print(f"sim run configs/base.yaml --no-pack {' '.join(options)}")
    print(f"{'paths':>13}{'peak, MB':>10}{'s':>8}{'written, MB':>13}")
    for row in found:
        print(f"{row['paths']:13,}{row['peak_mb']:10.0f}{row['seconds']:8.1f}{row['written_mb']:13.0f}")


if __name__ == "__main__":
    main()

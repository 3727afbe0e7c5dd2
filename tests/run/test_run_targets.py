"""The same bits from the same set-up whatever the CPU: a stored run, repeated by `sim verify` on other targets."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.run.result import Run
from tests.run.conftest import TOY, simulate

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64") or os.environ.get("NUMBA_DISABLE_JIT") == "1",
    reason="compiles for x86-64 targets",
)
_CPU = Path("/proc/cpuinfo")
_FLAGS = (
    set(next((x for x in _CPU.read_text().splitlines() if x.startswith("flags")), "").split())
    if _CPU.exists()
    else set()
)
HOME = Path(__file__).parents[2]
AVX2 = "+sse4.2,+avx,+avx2,+fma,+bmi,+bmi2"
# Name and features together: Numba takes the features of this machine unless both are set.
TARGETS = {
    "x86-64": ("", set()),
    "haswell": (AVX2, {"avx2", "fma"}),
    "skylake-avx512": (
        f"{AVX2},+avx512f,+avx512cd,+avx512bw,+avx512dq,+avx512vl,-prefer-256-bit",
        {"avx512f", "avx512vl"},
    ),
}
WIDEST = {"x86-64": "xmm", "haswell": "ymm", "skylake-avx512": "zmm"}
# Prints the widest registers in the machine code of the two loops that take the time.
REGISTERS = """
import sys
from pathlib import Path
from sim.run import store
from sim.run.simulate import Simulator

run = store.open_run(Path(sys.argv[1]))
simulator = Simulator(store.open_setup(run))
for name in ("draw_innovation", "period_block"):
    entry, arguments = simulator.parts[name]
    print(entry.assembly(*arguments))
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return simulate(TOY, tmp_path_factory.mktemp("out"), "--paths", 4096)


def python(cache: Path, environment: dict[str, str], *arguments: object) -> str:
    """What another Python prints, with a kernel cache of its own."""
    done = subprocess.run(
        [sys.executable, *map(str, arguments)],
        env={**os.environ, "SIM_CACHE_DIR": str(cache), "PYTHONPATH": str(HOME), **environment},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("target", TARGETS)
def test_another_cpu_repeats_the_run(stored: Run, tmp_path: Path, target: str) -> None:
    """Every stored bit, on vectors of 128, 256 and 512 bits, with and without instructions that multiply and add."""
    features, needed = TARGETS[target]
    if not needed <= _FLAGS:
        pytest.skip(f"this machine cannot run {target}")
    environment = {"NUMBA_CPU_NAME": target, "NUMBA_CPU_FEATURES": features}
    assembly = python(tmp_path, environment, "-c", REGISTERS, stored.directory)
    assert re.search(rf"%{WIDEST[target]}\d", assembly), "the target was not used"
    wider = [register for register in ("ymm", "zmm") if register > WIDEST[target]]
    assert not [register for register in wider if re.search(rf"%{register}\d", assembly)]
    said = json.loads(python(tmp_path, environment, "-m", "sim", "verify", stored.directory, "--json"))
    assert said["agrees"] is True


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="tells glibc what to hide")
def test_a_library_without_fused_multiply_add_repeats_the_run(stored: Run, tmp_path: Path) -> None:
    """glibc's exp, log and pow change their last bit with this; nothing that reaches a path may come from them."""
    hidden = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-FMA,-FMA4,-AVX2"}
    assert python(tmp_path, hidden, "-c", "import math; print(math.exp(1.0))").strip()
    assert json.loads(python(tmp_path, hidden, "-m", "sim", "verify", stored.directory, "--json"))["agrees"] is True

"""Where the paths of a run are simulated: in this process, in worker processes beside it, or on a running cluster."""

from __future__ import annotations

import importlib.util
import ipaddress
import re
from dataclasses import dataclass

from sim.errors import InputError, Problem

_ADDRESS = re.compile(r"^(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/\[\]@]+):(?P<port>[0-9]{1,5})/?$")


@dataclass(frozen=True)
class Place:
    """``workers`` processes on this machine, or the scheduler at ``address``; neither: the threads of this process."""

    workers: int = 0
    address: str = ""

    @property
    def here(self) -> bool:
        return not self.workers and not self.address


def parse(workers: int | None, address: str | None, *, insecure: bool = False) -> Place:
    """The place that ``--workers``, ``--cluster`` and ``--insecure`` name. InputError for one that cannot be used.

    A dask worker runs whatever reaches it. Plain tcp has neither encryption nor proof of who is at the other end, so
    it is taken only to this machine itself, or where ``insecure`` accepts it.
    """
    if workers is not None and address is not None:
        raise _refused("--cluster", "--workers starts processes here, --cluster uses others", "give one of them")
    if insecure and address is None:
        raise _refused("--insecure", "it belongs to --cluster tcp://host:port", "leave it out")
    if workers is None and address is None:
        return Place()
    found = _ADDRESS.match(address) if address is not None else None
    if address is not None:
        if found is None or int(found["port"]) > 65_535:
            raise _refused("--cluster", f'"{address}" is no address', "write tls://host:port, such as tls://node1:8786")
        if found["scheme"] not in ("tls", "tcp"):
            raise _refused("--cluster", f"{found['scheme']}:// is not known here", "write tls://host:port")
        if found["scheme"] == "tcp" and not insecure and not _loopback(found["host"]):
            raise _refused(
                "--cluster",
                f"plain tcp to {found['host']} is neither encrypted nor authenticated: who reaches the scheduler runs"
                " code on its workers",
                "use tls://, or add --insecure if only people you trust can reach that network",
            )
    _extra(("distributed",) if workers is None else ("distributed", "cryptography"))
    return Place(workers or 0, (address or "").rstrip("/"))


def _refused(option: str, what: str, advice: str) -> InputError:
    return InputError(Problem(option, what, advice))


def _loopback(host: str) -> bool:
    """Whether an address is this machine's own; a name is not looked up, and only ``localhost`` is taken for it."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def _extra(needed: tuple[str, ...]) -> None:
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if missing:
        raise _refused(
            "--workers, --cluster",
            f"other processes are reached through dask, and {' and '.join(missing)} cannot be found",
            "install the extra in sim's own folder: pip install --editable '.[cluster]'",
        )

"""The door: how a program in a sandbox without a network reaches the proxy on the host.

In the sandbox's own network there is only its loopback. A small process beside the program listens
there and passes every connection on to a unix socket of the host that is mounted inside.
`ohgw_tools.isolation.connect_proxy` answers at the other end.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

PORT = 3128
SOCKET = "/run/ohgw/door"
# Certificates of public authorities, where distributions keep them; never private keys.
CERTIFICATES = ("/etc/ssl/certs", "/etc/pki/tls/certs", "/etc/pki/ca-trust/extracted")


def command(executable: str, program: Sequence[str]) -> list[str]:
    """Return the command that opens the door and then becomes the program."""
    return [executable, "-I", "-S", "-c", _text(), SOCKET, str(PORT), *program]


def variables() -> dict[str, str]:
    """Return what tells HTTP libraries to use the door."""
    address = f"http://127.0.0.1:{PORT}"
    names = ("http_proxy", "https_proxy", "all_proxy")
    proxies = {spelling: address for name in names for spelling in (name, name.upper())}
    return {**proxies, "no_proxy": "localhost,127.0.0.1", "NO_PROXY": "localhost,127.0.0.1"}


def certificates() -> tuple[str, ...]:
    """Return the directories of certificates that this machine has."""
    return tuple(path for path in CERTIFICATES if Path(path).is_dir())


@cache
def _text() -> str:
    source = Path(__file__).with_name("door_keeper.py").read_text(encoding="utf-8")
    return f"{source}\nmain()\n"

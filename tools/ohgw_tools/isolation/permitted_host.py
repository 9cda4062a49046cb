"""Which hosts a program may reach, and whether an address is one of them."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass

from ohgw_tools.errors import InputError

_LABEL = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(\.{_LABEL})*")
_DEFAULT_PORT = 443


@dataclass(frozen=True)
class PermittedHost:
    """One host and port. `subdomains` extends it to every name beneath, not to itself.

    A `local` one was named by its address, or as localhost: only such may be on this machine or in
    its private network; a public name that resolves there is refused (DNS rebinding).
    """

    name: str
    port: int
    subdomains: bool
    local: bool

    def covers(self, host: str, port: int) -> bool:
        """Whether a connection to `host`, in lower case, is meant."""
        if port != self.port:
            return False
        return host.endswith("." + self.name) if self.subdomains else host == self.name


def permitted(text: str) -> PermittedHost:
    """Read `host`, `host:port`, `*.domain` or an address; the port is 443 if none is given.

    Raises InputError for anything else.
    """
    host, colon, port = text.lower().strip().rpartition(":")
    if not colon:
        host, port = text.lower().strip(), str(_DEFAULT_PORT)
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"allowed host {text!r}: {port!r} is not a port. Give host or host:port.")
    subdomains = host.startswith("*.")
    name = host.removeprefix("*.").rstrip(".")
    if not _NAME.fullmatch(name) or (subdomains and "." not in name):
        raise InputError(
            f"allowed host {text!r} is not a host name. Give host, host:port or *.domain.example."
        )
    return PermittedHost(name, int(port), subdomains, name == "localhost" or is_address(name))


def is_address(text: str) -> bool:
    """Whether `text` is an IP address rather than a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True

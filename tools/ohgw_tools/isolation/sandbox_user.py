"""A throw-away user for one run: a number that no account has and no other run holds."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager

from ohgw_tools.errors import SandboxFailed

# The range that systemd reserves for dynamic users: never given to people or services.
FIRST, LAST = 61184, 65519


@contextmanager
def throwaway_user() -> Iterator[int]:
    """Hold a user number for the length of the block, on this machine alone.

    The hold is an abstract socket's name: it goes when the process does, however that ends.
    Raises SandboxFailed when all numbers are held.
    """
    count = LAST + 1 - FIRST
    start = random.randrange(count)
    for offset in range(count):
        number = FIRST + (start + offset) % count
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as hold:
            try:
                hold.bind(f"\0ohgw-sandbox-user-{number}")
            except OSError:
                continue
            yield number
            return
    raise SandboxFailed(f"all {count} sandbox users are in use", "Run fewer at once.")

"""Frames to and from the host."""

from __future__ import annotations

import os
import struct
import sys


def read_exactly(handle: int, size: int) -> bytes:
    """Read `size` bytes; end the whole container if the host is gone."""
    parts = []
    while size:
        part = os.read(handle, min(size, 1 << 20))
        if not part:
            sys.exit(3)
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def send(kind: bytes, payload: bytes) -> None:
    """Write one frame to the host."""
    data = memoryview(struct.pack(">cI", kind, len(payload)) + payload)
    while data:
        data = data[os.write(1, data) :]


def named(path: bytes, rest: bytes) -> bytes:
    """Join a path and what belongs to it."""
    return struct.pack(">H", len(path)) + path + rest

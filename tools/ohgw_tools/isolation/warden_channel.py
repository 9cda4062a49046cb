"""The host's side of the conversation with `ohgw_tools.isolation.warden` in a container."""

from __future__ import annotations

import io
import json
import struct
from collections.abc import Mapping
from typing import Any

from ohgw_tools.errors import SandboxFailed
from ohgw_tools.isolation.artifact import Basket
from ohgw_tools.isolation.supervision import Streams

_ENGINE_HEADER = struct.Struct(">BxxxI")
_FRAME_HEADER = struct.Struct(">cI")
_STDOUT = 1
_MAX_COMPLAINT = 4096


def order(settings: Mapping[str, Any], files: Mapping[str, bytes]) -> bytes:
    """Encode what the warden is to do."""
    listed = [[path, len(content)] for path, content in files.items()]
    text = json.dumps({**settings, "files": listed}).encode()
    return b"".join((struct.pack(">I", len(text)), text, *files.values()))


class Channel:
    """Takes the bytes of the engine's attach stream and sorts them.

    The engine multiplexes the container's standard output and error (8-byte headers); standard
    output holds the warden's frames; standard error holds its own last words if it breaks.
    """

    def __init__(self, streams: Streams, basket: Basket, largest: int) -> None:
        self._streams = streams
        self._basket = basket
        self._largest = largest
        self._raw = bytearray()
        self._frames = bytearray()
        self._complaint = bytearray()
        self.report: dict[str, Any] | None = None
        self.finished = False
        self.closed = False

    def feed(self, data: bytes) -> None:
        """Take bytes from the engine; none mean that it closed the stream."""
        if not data:
            self.closed = True
        self._raw += data
        while len(self._raw) >= _ENGINE_HEADER.size:
            stream, size = _ENGINE_HEADER.unpack_from(self._raw)
            end = _ENGINE_HEADER.size + size
            if len(self._raw) < end:
                return
            payload = self._raw[_ENGINE_HEADER.size : end]
            del self._raw[:end]
            if stream == _STDOUT:
                self._frames += payload
                self._take_frames()
            else:
                self._complaint += payload[:_MAX_COMPLAINT]

    def _take_frames(self) -> None:
        start = 0
        while len(self._frames) - start >= _FRAME_HEADER.size:
            kind, size = _FRAME_HEADER.unpack_from(self._frames, start)
            if size > self._largest:
                raise SandboxFailed("the container's first process sent a frame that is too large")
            end = start + _FRAME_HEADER.size + size
            if len(self._frames) < end:
                break
            self._take(kind, bytes(self._frames[start + _FRAME_HEADER.size : end]))
            start = end
        del self._frames[:start]

    def _take(self, kind: bytes, payload: bytes) -> None:
        if kind == b"o":
            self._streams.stdout.feed(payload)
        elif kind == b"e":
            self._streams.stderr.feed(payload)
        elif kind == b"r":
            self.report = json.loads(payload)
        elif kind == b"f":
            path, content = _named(payload)
            self._basket.put(path, len(content), io.BytesIO(content))
        elif kind == b"x":
            path, reason = _named(payload)
            self._basket.refuse(path, reason.decode())
        elif kind == b"z":
            self.finished = True

    @property
    def complaint(self) -> bytes:
        """What the warden said on standard error: nothing, unless it broke."""
        return bytes(self._complaint)


def _named(payload: bytes) -> tuple[bytes, bytes]:
    (size,) = struct.unpack_from(">H", payload)
    return payload[2 : 2 + size], payload[2 + size :]

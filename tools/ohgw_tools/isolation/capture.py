"""Capture: the head and tail of an unbounded stream, in bounded memory, made safe to show."""

from __future__ import annotations

import re

from ohgw_tools.sandbox import Output

# C0 but tab and newline, DEL, C1, and the invisible characters that reorder or hide text.
_HARMFUL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)


def harmless(raw: bytes) -> str:
    """Decode what a program wrote so that no terminal, log or prompt can be steered by it.

    Bytes that are not UTF-8 and control characters become visible escapes (`\\x1b`); a carriage
    return, as progress bars write it, becomes a line break.
    """
    text = raw.decode("utf-8", "backslashreplace").replace("\r\n", "\n").replace("\r", "\n")
    return _HARMFUL.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


class Capture:
    """Takes any number of bytes and keeps the first and last `limit // 2` of them."""

    def __init__(self, limit: int) -> None:
        self._half = max(limit // 2, 1)
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        self.total += len(data)
        room = self._half - len(self._head)
        if room > 0:
            self._head += data[:room]
            data = data[room:]
        self._tail += data
        # Cutting at twice the size keeps the cost of a byte constant.
        if len(self._tail) > 2 * self._half:
            del self._tail[: -self._half]

    def output(self) -> Output:
        """Return what was kept, with a line that says how much was cut between head and tail."""
        tail = bytes(self._tail[-self._half :])
        cut = self.total - len(self._head) - len(tail)
        if not cut:
            return Output(text=harmless(bytes(self._head) + tail), total_bytes=self.total)
        middle = f"\n[... {cut} bytes cut here ...]\n"
        text = harmless(_whole_end(bytes(self._head))) + middle + harmless(_whole_start(tail))
        return Output(text=text, total_bytes=self.total, cut_bytes=cut)


def _whole_end(head: bytes) -> bytes:
    """Drop a UTF-8 character that the cut went through."""
    for back in range(1, min(4, len(head)) + 1):
        byte = head[-back]
        if byte & 0xC0 != 0x80:
            length = 4 if byte >= 0xF0 else 3 if byte >= 0xE0 else 2 if byte >= 0xC0 else 1
            return head[:-back] if length > back else head
    return head


def _whole_start(tail: bytes) -> bytes:
    start = 0
    while start < min(3, len(tail)) and tail[start] & 0xC0 == 0x80:
        start += 1
    return tail[start:]

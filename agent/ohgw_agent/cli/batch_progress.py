"""BatchProgress: a line on stderr: throughput, the end in sight, spend."""

from __future__ import annotations

import sys
import time
from typing import Any

WINDOW_SECONDS = 60.0


class BatchProgress:
    """Told each row; writes a line five times a second on a terminal, else every five seconds."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._began = time.monotonic()
        self._recent: list[float] = []
        self._done = 0
        self._ready = 0
        self._tokens = 0
        self._micro_usd = 0
        self._last = 0.0

    def __call__(self, row: dict[str, Any], left: int) -> None:
        """Take a row up; `left` bundles are still to do."""
        self._done += 1
        self._ready += bool(row.get("ready"))
        spend = row.get("spend") or {}
        self._tokens += int(spend.get("input_tokens", 0)) + int(spend.get("output_tokens", 0))
        self._micro_usd += int(spend.get("micro_usd", 0))
        now = time.monotonic()
        self._recent = [t for t in self._recent if t > now - WINDOW_SECONDS] + [now]
        live = sys.stderr.isatty()
        if self._quiet or (now - self._last < (0.2 if live else 5.0) and left):
            return
        self._last = now
        end = "\r" if live and left else "\n"
        print(f"{self._text(now, left):90}", end=end, file=sys.stderr, flush=True)

    def _text(self, now: float, left: int) -> str:
        rate = len(self._recent) / max(min(now - self._began, WINDOW_SECONDS), 1e-9)
        return (
            f"{self._done} done, {self._ready} ready, {left} left, {rate:.1f}/s, about"
            f" {_span(left / rate)} to go, {self._tokens} tokens, ${self._micro_usd / 1e6:.2f}"
        )


def _span(seconds: float) -> str:
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"

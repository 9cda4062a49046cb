"""ArtifactJson: JSON that a sandboxed program left behind, read without trusting it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from typing import Any

MAX_BYTES = 16 << 20
MAX_DEPTH = 64
MAX_VALUES = 2_000_000
MAX_DIGITS = 400
_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[\]{}]', re.DOTALL)


class NotJson(ValueError):
    """Says in its message why bytes are not JSON that we read."""


class NonFinite(float):
    """A number that was written as NaN, Infinity or -Infinity, which JSON does not have."""


def read(content: bytes) -> Any:
    """Read JSON (RFC 8259) that may also hold NaN and infinities, as Python writes them.

    Raises NotJson for anything else, for more than 16 MiB, 64 levels or 2 million values, and for
    integers of more than 400 digits.
    """
    if len(content) > MAX_BYTES:
        raise NotJson(f"more than {MAX_BYTES >> 20} MiB")
    if not content.strip():
        raise NotJson("empty")
    _check_depth(content)
    try:
        return json.loads(content.decode("utf-8"), parse_constant=NonFinite, parse_int=_parse_int)
    except UnicodeDecodeError as error:
        raise NotJson(f"not UTF-8 at byte {error.start}") from error
    except (ValueError, RecursionError) as error:
        raise NotJson(str(error)[:200]) from error


def numbers(value: object) -> Iterator[tuple[str, float]]:
    """Yield every number below `value` with its key path (`a.b[0]`), in order; true and false are
    none. Stops after 2 million values.
    """
    stack: list[tuple[str, object]] = [("", value)]
    for _ in range(MAX_VALUES):
        if not stack:
            return
        path, item = stack.pop()
        if isinstance(item, dict):
            stack += [(f"{path}.{k}" if path else str(k), v) for k, v in reversed(item.items())]
        elif isinstance(item, list):
            stack += [(f"{path}[{i}]", v) for i, v in reversed(list(enumerate(item)))]
        elif isinstance(item, int | float) and not isinstance(item, bool):
            yield path, _as_float(item)


def _as_float(number: float) -> float:
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def _parse_int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson(f"an integer of {len(digits)} digits")
    return int(digits)


def _check_depth(content: bytes) -> None:
    """Refuse deep nesting before the reader recurses; brackets within strings do not count."""
    depth = 0
    for match in _TOKEN.finditer(content):
        if match[0] in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise NotJson(f"more than {MAX_DEPTH} levels deep")
        elif match[0] in b"]}":
            depth -= 1

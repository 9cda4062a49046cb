"""Fields: event data read by key and type; what is missing or of another type is empty."""

from __future__ import annotations

from collections.abc import Mapping

from ohgw_agent.trace.event import Json


def text(data: Mapping[str, Json], key: str) -> str:
    """A string of event data; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, str) else ""


def number(data: Mapping[str, Json], key: str) -> int:
    """An integer of event data; 0 where there is none."""
    value = data.get(key)
    return value if isinstance(value, int) else 0


def mapping(data: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    """A mapping of event data; empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def strings(data: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """A list of strings of event data; empty where there is none."""
    value = data.get(key)
    return tuple(str(item) for item in value) if isinstance(value, list) else ()

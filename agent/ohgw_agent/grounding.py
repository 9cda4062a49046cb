"""Grounding: whether what a reviewer quotes stands where it says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from ohgw_tools.bundle import Bundle
from ohgw_tools.finding import Region

BASE = "base/"
NEAR = 5
LEAST = 8
_NUMBERED = re.compile(r"^\s*\d+\|\s?")


@dataclass(frozen=True)
class Place:
    """Where a quote stands: in the derived code (`source`) or in the base."""

    kind: Literal["source", "base"]
    path: str
    region: Region
    quote: str


def locate(bundle: Bundle, path: str, line: int, quote: str) -> Place | None:
    """Return where `quote` stands in the file, or None. Blanks may differ, nothing else; a quote
    that stands in several places must stand near the line that was named; one too short to mean
    anything must be a whole line.
    """
    kind: Literal["source", "base"] = "base" if path.startswith(BASE) else "source"
    tree = bundle.base if kind == "base" else bundle.derived
    name = path.removeprefix(BASE)
    if name not in tree:
        return None
    lines = tree[name].splitlines()
    wanted = [_flat(_NUMBERED.sub("", part)) for part in quote.splitlines()]
    wanted = [part for part in wanted if part]
    if not wanted or len(wanted) > 60:
        return None
    starts = [n for n in range(len(lines)) if _matches(lines, n, wanted)]
    if not starts:
        return None
    best = min(starts, key=lambda n: abs(n + 1 - line))
    if len(starts) > 1 and abs(best + 1 - line) > NEAR:
        return None
    last = best + len(wanted) - 1
    region = Region(
        start_line=best + 1, end_line=last + 1, end_column=len(lines[last].rstrip("\r")) + 1
    )
    return Place(kind, name, region, "\n".join(lines[best : last + 1]))


def _matches(lines: list[str], start: int, wanted: list[str]) -> bool:
    """Whether the quote's lines stand one after the other from `start`: the first may begin inside
    its line, the last may end inside its own, those between are whole.
    """
    if start + len(wanted) > len(lines):
        return False
    here = [_flat(line) for line in lines[start : start + len(wanted)]]
    if len(wanted) == 1:
        whole = here[0] == wanted[0]
        return whole or (len(wanted[0]) >= LEAST and wanted[0] in here[0])
    return (
        here[0].endswith(wanted[0])
        and here[1:-1] == wanted[1:-1]
        and here[-1].startswith(wanted[-1])
    )


def _flat(text: str) -> str:
    return " ".join(text.split())

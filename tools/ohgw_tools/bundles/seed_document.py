"""SeedDocument: a logged validation, as the original pipeline wrote it, read back as a bundle."""

from __future__ import annotations

import ast
import json

from pydantic import JsonValue

from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles import strict_json
from ohgw_tools.bundles.bundle_file import parse
from ohgw_tools.errors import BundleError

_HEADINGS = (
    "# Current Research Method",
    "# Experimental Design",
    "# Base Code (Reference Foundation)",
    "# Current Experiment (To be validated)",
    "# Derived Experiment Code (To be validated)",
)


def read_document(text: str) -> Bundle:
    """Read a logged validation prompt. Raises BundleError, naming the section at fault."""
    method, design, base, current, derived = _sections(text.replace("\r\n", "\n"))
    data: dict[str, JsonValue] = {
        "new_method": {
            "method": _json(method, _HEADINGS[0]),
            "experimental_design": {
                "experiment_strategy": design.removeprefix("## Experiment Strategy\n"),
                "base_code": _json(base, _HEADINGS[2]),
            },
        },
        "current_experiment": {**_experiment(current), "code": _json(derived, _HEADINGS[4])},
    }
    return parse(json.dumps(data), "document")


def _sections(text: str) -> list[str]:
    """Return the text below each heading, up to the next one."""
    lines = text.split("\n")
    places = []
    for heading in _HEADINGS:
        found = [i for i, line in enumerate(lines) if line.strip() == heading]
        if len(found) != 1:
            problem = f"the heading stands {len(found)} times"
            raise BundleError(heading, problem, "Give a logged validation with each heading once")
        places.append(found[0])
    if places != sorted(places):
        raise BundleError("document", "the headings are out of order", "Give the log as written")
    ends = [*places[1:], len(lines)]
    return ["\n".join(lines[a + 1 : b]) for a, b in zip(places, ends, strict=True)]


def _json(section: str, heading: str) -> JsonValue:
    """Read the JSON object that a section begins with; what follows it is prose."""
    start = section.find("{")
    if start < 0:
        raise BundleError(heading, "no JSON object below it", "Give the log as written")
    try:
        _, end = json.JSONDecoder(strict=True).raw_decode(section, start)
    except (ValueError, RecursionError) as error:
        raise BundleError(heading, f"not JSON: {error}", "Give the log as written") from None
    return strict_json.loads(section[start:end], heading)


def _experiment(section: str) -> dict[str, JsonValue]:
    """Read the three bullet points; the description may have many lines."""
    first, rest = _after(section, "- Experiment ID:")
    identifier, rest = rest.split("\n", 1) if "\n" in rest else (rest, "")
    _, rest = _after(rest, "- Description:")
    description, marker, variations = rest.rpartition("\n- Run Variations:")
    if first.strip() or not marker:
        raise BundleError(_HEADINGS[3], "id, description or run variations missing", "See the log")
    try:
        names = ast.literal_eval(variations.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        raise BundleError("Run Variations", "not a list of names", "Write ['a', 'b']") from None
    return {
        "experiment_id": identifier.strip(),
        "description": description.strip("\n").removeprefix(" "),
        "run_variations": names if isinstance(names, list) else None,
    }


def _after(text: str, marker: str) -> tuple[str, str]:
    before, found, after = text.partition(marker)
    if not found:
        raise BundleError(_HEADINGS[3], f"no line {marker!r}", "Give the log as written")
    return before, after

"""Checkout: judgements of many bundles as one SARIF log whose places are files of a checkout.

Code scanning shows results at files of the repository, takes at most twenty runs of a file and
refuses two of one category: so there is one run, whose places are the unpacked bundle's own files
or, for a bundle in one JSON file, the line on which the code's key stands.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from ohgw_tools.bundles.bundle_path import MAX_PATH_BYTES, key_of
from ohgw_tools.render import sarif_format
from ohgw_tools.report import Report

UNREADABLE = "unreadable-bundle"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_COLON = re.compile(r"\s*:\s*")


class Judged(NamedTuple):
    """One bundle: where it was read from, and what was found or why it could not be read."""

    place: Path
    outcome: Report | str


def sarif(judged: Iterable[Judged], checkout: Path, contract: str) -> str:
    """Return one SARIF 2.1.0 log with one run. `checkout` is the folder that places start at."""
    rules: dict[str, Any] = {}
    results: list[dict[str, Any]] = []
    notices: list[dict[str, Any]] = []
    driver: dict[str, Any] = {}
    for place, outcome in judged:
        uri = _uri(place, checkout)
        if isinstance(outcome, str):
            rules[UNREADABLE] = _unreadable_rule()
            results.append(_unreadable(uri, outcome))
            continue
        run = json.loads(sarif_format.render(outcome._replace(root=None)))["runs"][0]
        driver = run["tool"]["driver"]
        rules |= {rule["id"]: rule for rule in driver["rules"]}
        places = _Places(place, uri, outcome)
        results += [places.moved(result) for result in run["results"]]
        for notice in run["invocations"][0]["toolExecutionNotifications"]:
            notices.append({**notice, "message": {"text": f"{uri}: {notice['message']['text']}"}})
    return _log(driver or sarif_format.driver(), rules, results, notices, contract)


def _log(
    driver: Mapping[str, Any],
    rules: Mapping[str, Any],
    results: list[dict[str, Any]],
    notices: list[dict[str, Any]],
    contract: str,
) -> str:
    names = sorted(rules)
    for result in results:
        result["ruleIndex"] = names.index(result["ruleId"])
    readable = UNREADABLE not in rules
    run = {
        "tool": {"driver": {**driver, "rules": [rules[name] for name in names]}},
        "automationDetails": {"id": f"ohgw/{quote(Path(contract).stem, safe='')}/"},
        "columnKind": "unicodeCodePoints",
        "invocations": [
            {
                "executionSuccessful": readable and not notices,
                "toolExecutionNotifications": notices,
            }
        ],
        "results": results,
    }
    log = {"$schema": sarif_format.SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


class _Places:
    """Moves places from a bundle's own files to files of the checkout."""

    def __init__(self, place: Path, uri: str, report: Report) -> None:
        self._uri = uri
        self._report = report
        self._folder = place.is_dir()
        self._text = "" if self._folder else place.read_text(encoding="utf-8-sig")

    def moved(self, result: dict[str, Any]) -> dict[str, Any]:
        """Return a result of this bundle at its place in the checkout."""
        prints = result["partialFingerprints"]
        # Bundles in one file share it: lines alike in two of its codes are still two alerts.
        prints["primaryLocationLineHash"] = f"{prints['ohgw/v1']}:1"
        if not self._folder:
            (first,) = result["locations"]
            place = first["physicalLocation"]
            line = place["region"]["startLine"]
            path = place["artifactLocation"]["uri"]
            result["message"]["text"] = f"{path}:{line}: {result['message']['text']}"
        for location in (*result["locations"], *result.get("relatedLocations", ())):
            location["physicalLocation"] = self._physical(location["physicalLocation"])
        return result

    def _physical(self, given: dict[str, Any]) -> dict[str, Any]:
        path = given["artifactLocation"]["uri"]
        if self._folder:
            return {**given, "artifactLocation": {"uri": f"{self._uri}/derived/{path}"}}
        known = {quote(name): name for name in self._report.bundle.derived}
        region = self._key_region(known[path]) if path in known else _line(1, 1, 1)
        return {"artifactLocation": {"uri": self._uri}, "region": region}

    def _key_region(self, path: str) -> dict[str, int]:
        """Return where the key of a derived file stands in the JSON text; its start if unknown."""
        names = {path, key_of(path)}
        wanted = self._report.bundle.derived[path]
        found = None
        for match in _STRING.finditer(self._text):
            colon = _COLON.match(self._text, match.end())
            if colon and match.end() - match.start() < MAX_PATH_BYTES and _read(match[0]) in names:
                value = _STRING.match(self._text, colon.end())
                if value and _read(value[0]) == wanted:
                    found = match  # the base's may be the same: the derived code's comes later
        if found is None:
            return _line(1, 1, 1)
        start = self._text.rfind("\n", 0, found.start()) + 1
        number = self._text.count("\n", 0, found.start()) + 1
        return _line(number, found.start() - start + 1, found.end() - start + 1)


def _read(string: str) -> str:
    value: str = json.loads(string, strict=False)
    return value


def _line(number: int, start: int, end: int) -> dict[str, int]:
    return {"startLine": number, "startColumn": start, "endLine": number, "endColumn": end}


def _uri(place: Path, checkout: Path) -> str:
    resolved, top = place.resolve(), checkout.resolve()
    if resolved.is_relative_to(top):
        return quote(resolved.relative_to(top).as_posix())
    return resolved.as_uri()


def _unreadable_rule() -> dict[str, Any]:
    text = "The bundle cannot be read."
    return {
        "id": UNREADABLE,
        "shortDescription": {"text": text},
        "fullDescription": {"text": text},
        "help": {"text": text, "markdown": text},
        "defaultConfiguration": {"level": "error"},
    }


def _unreadable(uri: str, reason: str) -> dict[str, Any]:
    return {
        "ruleId": UNREADABLE,
        "level": "error",
        "message": {"text": reason},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": uri},
                    "region": _line(1, 1, 1),
                }
            }
        ],
        "partialFingerprints": {"primaryLocationLineHash": f"{UNREADABLE}:1"},
    }

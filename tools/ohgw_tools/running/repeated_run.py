"""RepeatedRun: the same smoke test again, and once with other seeds: what does not repeat?"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml
from pydantic import JsonValue

from ohgw_tools.finding import Evidence
from ohgw_tools.running.run_artifacts import RunArtifacts, command_of
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.running.run_outcome import how_it_ended
from ohgw_tools.running.staged_run import StagedRun
from ohgw_tools.sandbox import Execution
from ohgw_tools.source.run_list import config_paths
from ohgw_tools.source.yaml_file import YamlFile

# Measures of the machine, which differ from run to run in any program.
_MACHINE = re.compile(
    r"time|sec(?:ond)?s?\b|elapsed|duration|latency|throughput|per_s|speed|memory|mem_|vram|rss"
    r"|date|stamp|pid|hours?\b|wall|overhead",
    re.IGNORECASE,
)
_SEED = re.compile(r"(?:^|_)seeds?$", re.IGNORECASE)
_SHIFT = 1_000_003
_MAX_NAMED = 5


def run_repeated(
    findings: RunFindings,
    staged: StagedRun,
    files: Mapping[str, bytes],
    first: Execution,
    times: int,
) -> dict[str, JsonValue]:
    """Run the smoke test until it ran `times` times, and once more with other seeds, add what
    differs, and return counts for the verdict's facts. Raises CouldNotLook.
    """
    program = findings.contract.smoke
    argv = command_of(program.argv)
    ends = [first]
    for number in range(2, times + 1):
        ends.append(staged.run(f"smoke-{number}", files, argv, program.limits))
    failed = [execution for execution in ends if not execution.ok]
    facts: dict[str, JsonValue] = {"runs": len(ends), "failed": len(failed)}
    if 0 < len(failed) < len(ends):
        findings.add(
            "flaky",
            f"the smoke test {how_it_ended(failed[0])} in {len(failed)} of {len(ends)} runs",
            about="smoke test",
            evidence=[Evidence(kind="log", path="stderr", quote=failed[0].stderr.text[-1500:])],
        )
    if failed:
        return facts
    results = [_results(findings, execution) for execution in ends]
    changed = sorted({key for other in results[1:] for key in _differing(results[0], other)})
    facts["differing"] = [*changed[:20]]
    if changed:
        findings.add(
            "result-not-repeatable",
            f"with the same seed, {_named(changed)} differ from run to run",
            about="repeat",
            evidence=[_evidence(changed)],
        )
    elif results[0]:
        _try_other_seeds(findings, staged, files, results[0])
    return facts


def _try_other_seeds(
    findings: RunFindings, staged: StagedRun, files: Mapping[str, bytes], before: dict[str, float]
) -> None:
    program = findings.contract.smoke
    paths = config_paths(findings.subject, "smoke")
    shifted = {**files, **{path: shift_seeds(files[path]) for path in paths}}
    if shifted == dict(files):
        return
    other = staged.run("smoke-other-seed", shifted, command_of(program.argv), program.limits)
    after = _results(findings, other)
    real = {key for key, number in before.items() if not float(number).is_integer()}
    if other.ok and real and not _differing(before, after):
        findings.add(
            "result-ignores-seed",
            f"with other seeds, all {len(real)} results are the same to the last digit",
            paths[0],
            1,
            about="seed",
            evidence=[_evidence(sorted(real))],
        )


def shift_seeds(content: bytes) -> bytes:
    """Return YAML with another number for every seed; the same bytes where there is none."""
    data = YamlFile(content.decode("utf-8", "replace")).data
    shifted = _shifted(data)
    return content if shifted == data else yaml.safe_dump(shifted, sort_keys=False).encode()


def _shifted(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _shifted(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        return [_shifted(item, key) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and _SEED.search(key):
        return value + _SHIFT
    return value


def _results(findings: RunFindings, execution: Execution) -> dict[str, float]:
    """The numbers that a program should repeat: all but measures of the machine and seeds."""
    found = RunArtifacts(RunFindings(findings.subject), execution).numbers()
    return {k: n for k, n in found.items() if not _MACHINE.search(k) and not _SEED.search(k)}


def _differing(one: dict[str, float], other: dict[str, float]) -> list[str]:
    keys = one.keys() | other.keys()
    return [key for key in keys if not _same(one.get(key), other.get(key))]


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return one == other or (math.isnan(one) and math.isnan(other))


def _named(keys: list[str]) -> str:
    more = f" and {len(keys) - _MAX_NAMED} more" if len(keys) > _MAX_NAMED else ""
    return ", ".join(keys[:_MAX_NAMED]) + more


def _evidence(keys: list[str]) -> Evidence:
    return Evidence(kind="artifact", path="results", quote="\n".join(keys[:40]))

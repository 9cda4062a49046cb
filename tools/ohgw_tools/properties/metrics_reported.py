"""metrics-reported: the metrics that the description asks for stand among the results."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools import catalogue
from ohgw_tools.catalogue import MetricEntry
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.running import artifact_json
from ohgw_tools.running.probe import Prober
from ohgw_tools.sandbox import Execution
from ohgw_tools.source.run_list import plain, words
from ohgw_tools.subject import Subject

NAME = "metrics-reported"
CRITERION = "enhancement"
KIND: IssueKind = "omission"
SEVERITY: Severity = "error"
SUMMARY = "A metric that the description asks for stands in no result of the smoke test."

_ABOUT = re.compile(r"\b(?:metrics?|evaluat\w+|primary|secondary|calibration|statistical)\b", re.I)
_KEY = re.compile(r"['\"]?([A-Za-z][\w@.-]{1,60})['\"]?\s{0,3}[:=]")
_MAX_OUTPUT = 400_000
# What results call a metric beside the catalogue's spellings.
_ALSO = {
    "wilcoxon": ("p_value", "pvalue"),
    "adversarial-robustness": ("adversarial", "attack", "robustness"),
    "peak-memory": ("peak_memory", "memory_bytes", "vram"),
    "flops-overhead": ("overhead",),
    "time-to-target": ("time_to", "hours_to", "t_at"),
}


def applies(subject: Subject) -> bool:
    """Whether the description asks for a metric that the catalogue knows."""
    return bool(asked(subject))


def check(prober: Prober) -> Iterator[Finding]:
    """Look for each metric among the keys of what the whole smoke test writes and prints."""
    keys = _keys(prober.whole())
    for entry, line in asked(prober.subject).items():
        names = (entry.name, *entry.aliases, *_ALSO.get(entry.name, ()))
        if any(_named(name, keys) for name in names):
            continue
        yield prober.subject.finding(
            __name__,
            f"the description asks for {entry.name} ({entry.definition.rstrip('.')}), and no key "
            "of the smoke test's results or output is called so",
            subject=entry.name,
            evidence=(Evidence(kind="text", path="description", quote=line.strip()[:240]),),
            data={"metric": entry.name},
        )


def asked(subject: Subject) -> dict[MetricEntry, str]:
    """The metrics named in lines of the description that are about metrics, and those lines.

    Of a line that says what an experiment is to reach (`until 93 % accuracy`) only what it measures
    counts as asked for.
    """
    found: dict[MetricEntry, str] = {}
    about = False
    for line in subject.bundle.experiment.description.splitlines():
        # What follows a heading belongs to it, up to an empty line.
        about = bool(_ABOUT.search(line)) or (about and bool(line.strip()))
        for entry in catalogue.named_in(line, catalogue.metrics()) if about else ():
            found.setdefault(entry, line)
    return found


def _keys(execution: Execution) -> frozenset[str]:
    found: set[str] = set()
    for path, content in execution.artifacts.items():
        if path.endswith(".json") and not path.startswith("."):
            try:
                found |= set(_json_keys(artifact_json.read(content)))
            except ValueError:
                continue
        elif path.endswith(".csv"):
            found |= set(content[:4096].decode("utf-8", "replace").partition("\n")[0].split(","))
    printed = execution.stdout.text[-_MAX_OUTPUT:] + execution.stderr.text[-_MAX_OUTPUT:]
    return frozenset(found | set(_KEY.findall(printed)))


def _json_keys(value: object) -> Iterator[str]:
    queue = [value]
    while queue:
        item = queue.pop()
        if isinstance(item, dict):
            yield from map(str, item)
            queue += item.values()
        elif isinstance(item, list):
            queue += item


def _named(name: str, keys: frozenset[str]) -> bool:
    wanted, short = words(name), plain(name)
    return any(
        (wanted and wanted <= words(key)) or (len(short) > 4 and short in plain(key))
        for key in keys
    )

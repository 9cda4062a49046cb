"""RepairFocus: which findings the next patch is asked for, and how much code is shown for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ohgw_agent.excerpt import Breadth, Excerpt, excerpts
from ohgw_agent.mention import Place, counterpart, everything, mentions, neighbours
from ohgw_agent.proposer import Situation
from ohgw_agent.tried_before import failures
from ohgw_tools.contract import Contract
from ohgw_tools.finding import Finding, Region
from ohgw_tools.tree import Tree

WIDEN_AFTER = 2
LAST_RESORT_AFTER = 4
MAX_FINDINGS = 24
# Characters of code, by how wide the view is: about 4k, 8k and 16k tokens.
ROOM: dict[Breadth, int] = {"region": 16_000, "definition": 32_000, "file": 64_000}
COMPANION = 4000
NOWHERE = 14_000
# A crash comes of what other modules handed over; a name that is not there does not.
_CRASH = re.compile(r"\b(?!Name|Syntax|Import|ModuleNotFound)[A-Z][a-z]\w*Error\b")


@dataclass(frozen=True)
class RepairFocus:
    """The findings asked about, those left for later, the code shown, and the failures so far of
    the most stubborn of the findings asked about.
    """

    findings: tuple[Finding, ...]
    later: int
    breadth: Breadth
    shown: tuple[Excerpt, ...]
    stubborn: str
    failures: int


def focus(situation: Situation) -> RepairFocus | None:
    """Return what to ask about, or None if nothing decides. Findings whose cause another finding
    hides come last. Once a finding has resisted, the view widens; in the end it is asked alone.
    Candidates after the first are asked about one file at a time, where several have findings.
    """
    errors = tuple(f for f in situation.judgement.errors)
    if not errors:
        return None
    counts = failures(situation.history, errors)
    ordered = sorted(
        errors, key=lambda f: (f.hidden_by is not None, counts[f.fingerprint], f.path is None)
    )
    worst = max(ordered, key=lambda f: counts[f.fingerprint])
    most = counts[worst.fingerprint]
    breadth: Breadth = "region"
    if most >= LAST_RESORT_AFTER:
        breadth, ordered = "file", [f for f in ordered if _same_place(f, worst)]
    elif most >= WIDEN_AFTER:
        breadth = "definition"
    ordered = _of_one_file(ordered, situation.slot)
    view = _View(situation.bundle.derived, situation.contract, breadth)
    chosen, shown = _fitting(ordered, view)
    return RepairFocus(
        findings=chosen,
        later=len(errors) - len(chosen),
        breadth=breadth,
        shown=shown,
        stubborn=worst.fingerprint,
        failures=most,
    )


@dataclass(frozen=True)
class _View:
    tree: Tree
    contract: Contract
    breadth: Breadth


def _of_one_file(ordered: list[Finding], slot: int) -> list[Finding]:
    """The findings for a candidate: all of them for the first, then those of each file in turn."""
    files = list(dict.fromkeys(f.path for f in ordered))
    turn = slot % (len(files) + 1)
    if turn == 0 or len(files) == 1:
        return ordered
    return [f for f in ordered if f.path == files[turn - 1]]


def _same_place(finding: Finding, other: Finding) -> bool:
    return finding.path == other.path and finding.rule == other.rule


def _fitting(
    ordered: list[Finding], view: _View
) -> tuple[tuple[Finding, ...], tuple[Excerpt, ...]]:
    """Take findings in order while their code fits; the first always, however much it needs. One
    that points nowhere, and so needs much of everything, is left for a patch of its own.
    """
    chosen: list[Finding] = []
    places: list[Place] = []
    shown: tuple[Excerpt, ...] = ()
    for finding in ordered[:MAX_FINDINGS]:
        own = _places(finding, view)
        more = _shown([*places, *own], view)
        size, before = (sum(len(e.text) for e in each) for each in (more, shown))
        nowhere = finding.path is None and size - before > NOWHERE // 4
        if chosen and (size > ROOM[view.breadth] or nowhere):
            continue
        chosen.append(finding)
        places += own
        shown = more
    return tuple(chosen), shown


def _shown(places: list[Place], view: _View) -> tuple[Excerpt, ...]:
    regions: dict[str, list[Region | None]] = {}
    for path, region in places:
        if path in view.tree:
            regions.setdefault(path, []).append(region)
    found: list[Excerpt] = []
    for path in sorted(regions):
        found.extend(excerpts(path, view.tree[path], regions[path], view.breadth))
    return tuple(found)


def _places(finding: Finding, view: _View) -> list[Place]:
    """Where a finding points: its own place, its evidence in files, and, once it has resisted, the
    places in other files that name what it is about.
    """
    places: list[Place] = []
    if finding.path is not None:
        places.append((finding.path, finding.region))
    # The callers on the way to a crash are named with the finding; their code seldom is at fault.
    kinds = ("source",) if view.breadth == "region" else ("source", "trace")
    places += [(e.path, e.region) for e in finding.evidence if e.kind in kinds]
    places += [(path, None) for path in _companions(finding, view)]
    if view.breadth != "region":
        places += mentions(finding.subject, view.tree, without=finding.path)
    if "KeyError" in finding.message and finding.path is not None:
        places += counterpart(finding.path, view.tree)
    if finding.path is not None and _CRASH.search(finding.message):
        places += neighbours(finding.path, view.tree)
    if finding.path not in view.tree and all(path in _configs(view) for path, _ in places):
        places += everything(f"{finding.subject} {finding.message}", view.tree, NOWHERE)
    return places


def _configs(view: _View) -> tuple[str, ...]:
    configs = view.contract.configs
    return (configs.smoke, configs.full) if configs is not None else ()


def _companions(finding: Finding, view: _View) -> list[str]:
    """The configurations that a finding cannot be mended without: the other one for a finding in
    one, the full one for code that is to take the place of a placeholder.
    """
    configs = view.contract.configs
    if configs is None:
        return []
    if finding.path is None:
        # What a run as a whole does wrong (memory, time, a missing figure) hangs on its sizes.
        wanted = configs.smoke
    elif finding.path == configs.smoke or finding.kind == "incomplete-replacement":
        wanted = configs.full
    elif finding.path == configs.full:
        wanted = configs.smoke
    else:
        return []
    return [wanted] if len(view.tree.get(wanted, "")) <= COMPANION else []

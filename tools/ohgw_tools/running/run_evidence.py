"""RunEvidence: what the observation of a run says that its files do not.

All of it is a warning: the observer lives in the program's own processes and can miss things. What
is never claimed is that something did not happen where the record is not complete.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable

from ohgw_tools.finding import Evidence
from ohgw_tools.running.observation import Observation
from ohgw_tools.running.run_finding import RunFindings
from ohgw_tools.source.run_list import leaves, runs
from ohgw_tools.source.yaml_file import KeyPath
from ohgw_tools.subject import Subject

_WORD = re.compile(r"[A-Za-z_]\w*")
_EVALUATION = re.compile(r"(?:^|/)(?:evaluate|evaluation|eval)\.py$")
# Keys that name a run or are read by the runner alone.
_PLAIN_KEYS = frozenset({"run_id", "id", "name", "description", "notes", "comment"})


def report_evidence(findings: RunFindings, seen: Observation, *, finished: bool) -> None:
    """Add what the observation shows. `finished` says whether the program ended well."""
    if seen.doubts:
        findings.add(
            "observation-tampered",
            f"the record of the run does not hold: {seen.doubts[0]}",
            about="observation",
            evidence=[_evidence("\n".join(seen.doubts[:10]))],
        )
    if not finished:
        return
    _report_training(findings, seen)
    if findings.contract.evaluate is None:
        _report_evaluation(findings, seen)
    _report_seeds(findings, seen)
    if seen.complete:
        report_unread_keys(findings, "smoke", _words_that_ran(findings.subject, seen))


def report_unread_keys(findings: RunFindings, role: str, words: frozenset[str]) -> None:
    """Add a finding for each configured key that no word of the code at hand names.

    A key whose whole group is passed on unnamed (`Model(**config["kwargs"])`) may be read by a
    library: only keys with a sibling that is named are reported.
    """
    subject = findings.subject
    reported: set[tuple[str, ...]] = set()
    for run in runs(subject, "full" if role == "full" else "smoke"):
        keys = [key for key, _ in leaves(run.config)]
        named_groups = {key[:-1] for key in keys if str(key[-1]) in words}
        for key in keys:
            names = tuple(part for part in key if isinstance(part, str))
            named_sibling = key[:-1] in named_groups or len(key) == 1
            last = str(key[-1])
            if last in words or last in _PLAIN_KEYS or not named_sibling or names in reported:
                continue
            reported.add(names)
            _report_key(findings, run.path, (*run.key, *key), run.id, role)


def _report_key(findings: RunFindings, path: str, key: KeyPath, run: str, role: str) -> None:
    last = str(key[-1])
    what = "no code that ran" if role == "smoke" else "no code of the bundle"
    dotted = ".".join(map(str, key))
    findings.add(
        "config-key-never-read",
        f"{what} names `{last}`, which is set for {run}",
        path,
        key,
        about=f"{role} {last}",
        evidence=[_evidence(f"{dotted} is named by {what}")],
        data={"key": last, "run": run},
    )


def words_of(subject: Subject) -> frozenset[str]:
    """Every name and every word of a string in the bundle's code."""
    found: set[str] = set()
    for _, file in subject.python_files():
        if file.tree is not None:
            found.update(_words(ast.walk(file.tree)))
    return frozenset(found)


def _words_that_ran(subject: Subject, seen: Observation) -> frozenset[str]:
    """The same, of the functions that ran alone. Default values run with the enclosing code."""
    ran = {(f.path, f.line) for f in seen.functions}
    modules = {f.path for f in seen.functions if f.name == "<module>"}
    found: set[str] = set()
    for path, file in subject.python_files():
        if file.tree is None or path not in modules:
            continue
        found.update(_words(_outside_functions(file.tree)))
        for node in ast.walk(file.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
                if (path, first) in ran or (path, node.lineno) in ran:
                    found.update(_words(ast.walk(node)))
    return frozenset(found)


def _outside_functions(tree: ast.AST) -> Iterable[ast.AST]:
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        yield node
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                stack.append(child)


def _words(nodes: Iterable[ast.AST]) -> Iterable[str]:
    for node in nodes:
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.arg | ast.keyword):
            yield node.arg or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from _WORD.findall(node.value)
            yield node.value


def _report_training(findings: RunFindings, seen: Observation) -> None:
    uses_torch = any(
        re.search(r"\bimport torch\b|\bfrom torch\b", text) for text in _code(findings)
    )
    trains = any(".backward(" in text or ".step(" in text for text in _code(findings))
    if uses_torch and trains and seen.complete and not seen.optimizers:
        findings.add(
            "not-trained",
            "results were written, but no optimizer took a step",
            about="optimizer",
            evidence=[_evidence(f"{seen.processes} processes, no optimizer step")],
        )


def _report_evaluation(findings: RunFindings, seen: Observation) -> None:
    files = [p for p in findings.contract.files if _EVALUATION.search(p)]
    ran = {f.path for f in seen.functions}
    for path in files:
        if seen.complete and path in findings.subject.files and path not in ran:
            findings.add(
                "evaluation-not-run",
                f"the smoke test ended well, but nothing of {path} ran",
                path,
                1,
                about=path,
                evidence=[_evidence(", ".join(sorted(ran)))],
            )


def _report_seeds(findings: RunFindings, seen: Observation) -> None:
    configured = [r for r in runs(findings.subject, "smoke") if "seed" in map(str, r.config)]
    if configured and seen.complete and not seen.seeds:
        findings.add(
            "seed-never-set",
            "the configuration gives seeds, but no random generator was seeded",
            configured[0].path,
            (*configured[0].key, "seed"),
            about="seed",
            evidence=[_evidence("no global seed was set in any process")],
        )


def _code(findings: RunFindings) -> list[str]:
    return [text for path, text in findings.subject.files.items() if path.endswith(".py")]


def _evidence(quote: str) -> Evidence:
    return Evidence(kind="observation", path="observation", quote=quote[:2000])

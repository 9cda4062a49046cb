"""restore-body: a function of which lines were only taken away gets those of the base code back."""

from __future__ import annotations

import ast
import re

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceDefinition
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.base_definition import needs_met, source, unfinished
from ohgw_tools.source.definition_table import Defined, definitions
from ohgw_tools.subject import Subject

NAME = "restore-body"
ANSWERS = (
    "lost-flag",
    "lost-figure",
    "lost-call",
    "lost-feature",
    "shrunken-definition",
    "missing-return",
    "stub-body",
    "elided-code",
    "lost-entry-point",
)
ORDER = 22
SUMMARY = "Restores the base code's body of a function from which lines were only taken away."

_FILLER = re.compile(r"\s*(?:#.*|pass|\.\.\.|raise NotImplementedError.*|return(?: None)?)?\s*")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Replace each function that is the base code's with lines missing and none added, where a
    finding is about what is missing. What was changed on purpose has other lines, and stays.
    """
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers = []
    done: dict[tuple[str, str], bool] = {}
    for finding in findings:
        if finding.rule == "lost-entry-point":
            block = _entry_point(subject, finding.path or "")
            edits += [block] if block and block not in edits else []
            answers += [finding.fingerprint] if block else []
            continue
        for path, name in _candidates(subject, finding):
            if (path, name) not in done:
                edit = _restored(subject, path, name)
                done[path, name] = edit is not None
                edits += [edit] if edit else []
            if done[path, name]:
                answers.append(finding.fingerprint)
    if not edits:
        return None
    names = ", ".join(sorted(name for (_, name), good in done.items() if good)) or "entry point"
    return Patch(
        edits=tuple(edits),
        answers=tuple(dict.fromkeys(answers)),
        note=f"lines of the base code restored: {names}",
    )


def _candidates(subject: Subject, finding: Finding) -> list[tuple[str, str]]:
    """The functions that a finding is about: by name, by place, or by what the base's holds."""
    path = finding.path or ""
    symbol = finding.data.get("symbol")
    base = definitions(subject.python(path, base=True))
    if isinstance(symbol, str):
        return [(path, symbol)] if symbol in base else []
    if finding.rule == "elided-code":
        line = finding.region.start_line if finding.region else 0
        return [(path, name) for name, d in _have(subject, path) if _holds(d, line)][-1:]
    wanted = str(finding.data.get("flag") or finding.data.get("figure") or "")
    feature = str(finding.data.get("feature") or "")
    found = []
    for name, defined in base.items():
        text = ast.unparse(defined.node)
        if (wanted and wanted in text) or (feature and feature in defined.called()):
            found.append((path, name))
    return [(p, n) for p, n in found if not any(o.startswith(f"{n}.") for _, o in found)]


def _have(subject: Subject, path: str) -> list[tuple[str, Defined]]:
    return list(definitions(subject.python(path)).items())


def _holds(defined: Defined, line: int) -> bool:
    return defined.node.lineno <= line <= (defined.node.end_lineno or 0)


def _restored(subject: Subject, path: str, name: str) -> ReplaceDefinition | None:
    file, base = subject.python(path), subject.python(path, base=True)
    old, new = definitions(base).get(name), definitions(file).get(name)
    if file is None or base is None or old is None or new is None:
        return None
    mine = [x for x in source(file, new.node).split("\n") if not _FILLER.fullmatch(x)]
    theirs = source(base, old.node).split("\n")
    real = [x for x in theirs if x.strip() and not x.lstrip().startswith("#")]
    if len(mine) >= len(real) or not _is_subsequence(mine, real):
        return None
    if unfinished(base, old.node) or not needs_met(file, base, old.node):
        return None
    return ReplaceDefinition(path=path, name=name, code="\n".join(theirs))


def _is_subsequence(short: list[str], long: list[str]) -> bool:
    rest = iter(line.rstrip() for line in long)
    return all(line.rstrip() in rest for line in short)


def _entry_point(subject: Subject, path: str) -> InsertDefinition | None:
    """The base code's `if __name__ == "__main__":`, if what it calls is there."""
    file, base = subject.python(path), subject.python(path, base=True)
    for node in base.tree.body if base and base.tree else ():
        is_main = isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)
        if is_main and file and base and needs_met(file, base, node):
            return InsertDefinition(path=path, code=source(base, node))
    return None

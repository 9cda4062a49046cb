"""dependency-array: dependencies in a table, where PEP 621 wants an array of requirement lines."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch, WriteFile
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.project_rewrite import with_dependency_array
from ohgw_tools.source.project_table import PATH
from ohgw_tools.tree import sha256

NAME = "dependency-array"
ANSWERS = ("project-metadata", "environment")
ORDER = 15
SUMMARY = "Rewrites a table of dependencies in pyproject.toml as the array that PEP 621 wants."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Turn `[project.dependencies]` into `dependencies = [...]`, comments and order kept; every
    version that the table asks for stays asked for.
    """
    text = bundle.derived.get(PATH)
    about = [
        f
        for f in findings
        if "dependencies" in str(f.data.get("key", ""))
        or "project.dependencies" in f.subject
        or "project.dependencies" in f.message
    ]
    if text is None or not about:
        return None
    rewritten = with_dependency_array(text)
    if rewritten is None:
        return None
    return Patch(
        edits=(WriteFile(path=PATH, content=rewritten, over=sha256(text.encode())),),
        answers=tuple(f.fingerprint for f in about),
        note="dependencies written as an array of requirement lines (PEP 621)",
    )

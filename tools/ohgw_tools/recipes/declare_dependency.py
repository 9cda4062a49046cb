"""declare-dependency: a module is imported that pyproject.toml does not declare."""

from __future__ import annotations

import tomllib

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import AppendItem, Edit, Patch
from ohgw_tools.environments.distribution import PROVIDERS, is_standard, normal
from ohgw_tools.environments.known_distribution import DEFAULT, KNOWN
from ohgw_tools.finding import Finding
from ohgw_tools.source.project_table import PATH, declared, named, requirements, table
from ohgw_tools.source.toml_file import TomlFile

NAME = "declare-dependency"
ANSWERS = ("undeclared-import", "dependency-missing")
ORDER = 50
SUMMARY = "Declares the distribution of a well-known module that is imported without one."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Append a requirement line for each module whose distribution is known for certain: from the
    base code's own pyproject, else from a fixed list. A name that is on no list is never declared,
    for anybody may have registered it.
    """
    text = bundle.derived.get(PATH)
    file = TomlFile(text) if text is not None else None
    if file is None or file.error or not _is_array(file):
        return None
    lines: dict[str, str] = {}
    answers = []
    for finding in findings:
        module = str(finding.data.get("symbol") or finding.data.get("module") or finding.subject)
        line = _requirement(bundle, module.split(".")[0])
        if line is None or finding.severity == "info":
            continue
        if named(line) not in declared(file):
            lines.setdefault(named(line), line)
        answers.append(finding.fingerprint)
    edits: list[Edit] = [
        AppendItem(path=PATH, key=("project", "dependencies"), value=line)
        for line in lines.values()
    ]
    if not edits:
        return None
    note = f"declared {', '.join(lines.values())}"
    return Patch(edits=tuple(edits), answers=tuple(answers), note=note)


def _is_array(file: TomlFile) -> bool:
    return isinstance(table(file.data, "project").get("dependencies"), list)


def _requirement(bundle: Bundle, module: str) -> str | None:
    """The requirement line for a module: as the base code declares it, else by the fixed list."""
    if not module or is_standard(module):
        return None
    fits = {normal(name) for name in PROVIDERS.get(module, (module,))}
    try:
        base = TomlFile(bundle.base.get(PATH, ""))
        for requirement in requirements(base):
            if requirement.key[0] == "project" and named(requirement.text) in fits:
                return str(requirement.text)
    except tomllib.TOMLDecodeError:
        pass
    if module in PROVIDERS:
        chosen = DEFAULT.get(module) or (fits.copy().pop() if len(fits) == 1 else None)
        return chosen if chosen in KNOWN else None
    return normal(module) if normal(module) in KNOWN else None

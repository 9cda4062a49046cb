"""registry-entry: a class that exists, but is not in the registry that the configuration asks."""

from __future__ import annotations

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.source.name_registry import Registry, configured_names, registries, unregistered
from ohgw_tools.source.run_list import plain
from ohgw_tools.subject import Subject

NAME = "registry-entry"
ANSWERS = ("registry-gap", "certain-crash", "smoke-crash", "full-crash", "import-failed")
ORDER = 40
SUMMARY = "Registers a class or function that a configuration names and nobody registered."


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add an entry where a configured name is in no registry, one class or function is called so
    (case and underscores aside), and one registry of its file holds others of its kind.
    """
    subject = Subject(bundle, contract)
    edits: list[Edit] = []
    answers: list[str] = []
    entries = []
    changed: set[str] = set()
    for name in configured_names(subject):
        about = [f for f in findings if _mentions(f, name)]
        found = [
            (path, registry, target)
            for path, file in subject.python_files()
            for registry in registries(file)
            for target in unregistered(file, registry)
            if plain(target) == plain(name)
        ]
        known = any(
            plain(key) == plain(name)
            for _, file in subject.python_files()
            for registry in registries(file)
            for key in registry.keys
        )
        if not about or known or len(found) != 1 or found[0][0] in changed:
            continue
        path, registry, target = found[0]
        edit = _with_entry(subject.files[path], path, registry, name, target)
        if edit is None:
            continue
        changed.add(path)
        edits.append(edit)
        entries.append(f"{registry.name}[{registry.spelt(name)!r}]")
        answers += [f.fingerprint for f in about]
    if not edits:
        return None
    return Patch(
        edits=tuple(edits),
        answers=tuple(dict.fromkeys(answers)),
        note=f"registered {', '.join(entries)}",
    )


def _mentions(finding: Finding, name: str) -> bool:
    said = [finding.message, finding.subject, str(finding.data)]
    said += [evidence.quote for evidence in finding.evidence]
    return any(name.casefold() in text.casefold() for text in said)


def _with_entry(
    text: str, path: str, registry: Registry, name: str, target: str
) -> ReplaceText | None:
    """The edit that adds one entry as the registry's last, in its style."""
    lines = text.split("\n")[registry.first_line - 1 : registry.last_line]
    old = "\n".join(lines) + "\n"
    if text.count(old) != 1:
        return None
    entry = f'"{registry.spelt(name)}": {target}'
    if len(lines) == 1:
        head, brace, tail = lines[0].rpartition("}")
        comma = "" if head.rstrip().endswith((",", "{")) else ","
        gap = "" if head.endswith("{") else " "
        new = [f"{head.rstrip()}{comma}{gap}{entry}{brace}{tail}"]
    else:
        last = registry.last_entry_line - registry.first_line
        indent = lines[last][: len(lines[last]) - len(lines[last].lstrip())]
        code, hash_mark, comment = lines[last].partition("  #")
        comma = "" if code.rstrip().endswith(",") else ","
        ended = f"{code.rstrip()}{comma}{hash_mark}{comment}"
        new = [*lines[:last], ended, f"{indent}{entry},", *lines[last + 1 :]]
    return ReplaceText(path=path, search=old, replace="\n".join(new) + "\n")

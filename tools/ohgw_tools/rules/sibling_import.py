"""sibling-import: an import from a module of the bundle that lacks the module or the name."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.environments.distribution import is_standard
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.siblings import ImportedName, exports, guarded, imported_names
from ohgw_tools.subject import Subject

NAME = "sibling-import"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "error"
SUMMARY = "A module or name imported from within the bundle does not exist."


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an error for each, an info where the import is guarded."""
    for path, file in subject.python_files():
        for wanted in imported_names(subject, path, file):
            problem = _problem(subject, path, wanted)
            if problem is None:
                continue
            symbol = wanted.name or wanted.module.rsplit(".", 1)[-1]
            yield subject.finding(
                __name__,
                problem,
                path,
                wanted.node,
                severity="info" if guarded(file, wanted.node) else "error",
                subject=f"{wanted.module}:{wanted.name}",
                inherited=subject.inherited(path, wanted.node.lineno),
                data={
                    "symbol": symbol,
                    "module": wanted.module,
                    "target": wanted.path,
                    "elsewhere": list(_elsewhere(subject, symbol, wanted.path)),
                },
            )


def _problem(subject: Subject, path: str, wanted: ImportedName) -> str | None:
    if wanted.path is None:
        if not wanted.local and _is_flat(subject, path, wanted):
            package = path.rsplit("/", 1)[0].replace("/", ".")
            return (
                f"{wanted.module!r} is not on the path when the program is started with -m: "
                f"it is {package}.{wanted.module}"
            )
        if not wanted.local or _is_package(subject, wanted):
            return None
        return f"the bundle has no module {wanted.module!r}" + (
            f" to import {wanted.name!r} from" if wanted.name else ""
        )
    target = subject.python(wanted.path)
    if not wanted.name or wanted.name == "*" or target is None or wanted.path == path:
        return None
    known = exports(target)
    if known.open or wanted.name in known.names or wanted.name.startswith("__"):
        return None
    return f"{wanted.path} does not define {wanted.name!r}"


def _is_flat(subject: Subject, path: str, wanted: ImportedName) -> bool:
    """Whether an absolute import can only mean a module beside this one, in a package whose folder
    is not on the path: everything is started with `-m` from the bundle's root.
    """
    folder = path.rpartition("/")[0].replace("/", ".")
    if not folder or f"{folder}.{wanted.module}" not in subject.modules:
        return False
    if is_standard(wanted.module.split(".")[0]) or "-m" not in subject.contract.smoke.argv:
        return False
    return not subject.once(_sets_path)


def _sets_path(subject: Subject) -> bool:
    """Whether any code changes the module path, or starts a file rather than a module."""
    texts = [text for path, text in subject.files.items() if path.endswith(".py")]
    return any(
        "sys.path" in text or "PYTHONPATH" in text or "runpy" in text or '.py"' in text
        for text in texts
    )


def _is_package(subject: Subject, wanted: ImportedName) -> bool:
    """Whether the import names a folder of the bundle alone, as in `import src`."""
    inside = f"{wanted.module}."
    return not wanted.name and any(name.startswith(inside) for name in subject.modules)


def _elsewhere(subject: Subject, symbol: str, target: str | None) -> Iterator[str]:
    """Yield the modules of the bundle that do define the symbol."""
    for path, file in subject.python_files():
        if path != target and symbol in _defined(file):
            yield path


def _defined(file: PythonFile) -> frozenset[str]:
    return frozenset(
        node.name for node in (file.tree.body if file.tree else ()) if hasattr(node, "name")
    )

"""unused-definition: a definition that nothing uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.class_table import last_name
from ohgw_tools.source.definition_table import Defined, definitions
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.subject import Subject

NAME = "unused-definition"
CRITERION = "preservation"
KIND: IssueKind = "omission"
SEVERITY: Severity = "warning"
SUMMARY = "A function or class that is new, or that the base code uses, is used by nothing."


_HOOKS = frozenset(
    [
        *("main", "forward", "training_step", "validation_step", "test_step", "collate_fn"),
        *("configure_optimizers", "extra_repr", "state_dict", "load_state_dict", "backward"),
        *("step", "reset", "emit", "write", "flush", "isatty", "setup", "teardown", "close"),
        *("train_dataloader", "val_dataloader", "test_dataloader", "predict_step", "render"),
    ]
)
_PLAIN = {"staticmethod", "classmethod", "property", "no_grad", "inference_mode", "dataclass"}
_LARGE = 40


def check(subject: Subject) -> Iterator[Finding]:
    """Yield a warning for each: the method of an experiment may be there and never called."""
    if any(file.tree is None for _, file in subject.python_files()):
        return
    used = subject.once(_used)
    used_before = subject.once(_used_in_base)
    for path, file in subject.python_files():
        base = definitions(subject.python(path, base=True))
        for name, defined in definitions(file).items():
            if defined.last_name in used or not _is_own(file, defined) or defined.size < _LARGE:
                continue
            before = base.get(name)
            if before is not None and before.last_name not in used_before:
                continue
            what = "class" if defined.is_class else "function"
            yield subject.finding(
                __name__,
                f"the {what} {name} is used by nothing in the bundle",
                path,
                defined.node,
                subject=name,
                data={"symbol": name, "module": path, "in_base": before is not None},
            )


def _is_own(file: PythonFile, defined: Defined) -> bool:
    """Whether only the bundle's own code could use it: no hook, decorated or overriding method."""
    if defined.last_name.startswith("__") or defined.last_name in _HOOKS:
        return False
    if {last_name(d) for d in defined.node.decorator_list} - _PLAIN:
        return False
    owner = file.parent(defined.node)
    if isinstance(owner, ast.ClassDef):
        return not owner.bases or all(last_name(b) in ("object", "Module") for b in owner.bases)
    return isinstance(owner, ast.Module)


def _used(subject: Subject) -> frozenset[str]:
    return _names(subject, base=False)


def _used_in_base(subject: Subject) -> frozenset[str]:
    return _names(subject, base=True)


def _names(subject: Subject, base: bool) -> frozenset[str]:
    found: set[str] = set()
    for _, file in subject.python_files(base):
        found |= file.derive(_mentions)
    for _, config in subject.yaml_files(base):
        found.update(str(v.value) for _, v in config.places.values() if isinstance(v.value, str))
    return frozenset(found)


def _mentions(file: PythonFile) -> frozenset[str]:
    found = {node.id for node in file.nodes(ast.Name)}
    found |= {node.attr for node in file.nodes(ast.Attribute)}
    found |= {a.name for node in file.nodes(ast.ImportFrom) for a in node.names}
    for node in file.nodes(ast.Constant):
        if isinstance(node.value, str) and len(node.value) < 120:
            found.add(node.value.rsplit(".", 1)[-1])
    return frozenset(found)

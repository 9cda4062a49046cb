"""swapped-name: another dataset, model, method or metric stands in place of the named one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called, is_placeholder
from ohgw_tools.editing.held_value import constants
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.name_registry import NAME_KEYS
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.run_list import ROLES, leaves, plain, words

NAME = "guard-swapped-name"
CRITERION = "preservation"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A patch puts another dataset, model, method or metric in place of the named one."

_KINDS = ("dataset", "model", "method", "task", "metric", "tokenizer", "algorithm", "subset")
_LOADERS = (
    "load_dataset",
    "from_pretrained",
    "create_model",
    "hub.load",
    "get_model",
    "fetch_openml",
    "load_metric",
)
# Names of file formats, not of data.
_FORMATS = {"parquet", "json", "csv", "text", "arrow", "imagefolder", "audiofolder", "webdataset"}


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse other names in the configurations and in calls that load something by its name.

    A name that says the same in another spelling (`wikitext` and `Salesforce/wikitext`) may pass,
    but is shown to the reviewer.
    """
    yield from _in_configs(change)
    yield from _in_calls(change)
    yield from _put_in(change)
    yield from _other_split(change)
    yield from _other_entry(change)


def _in_configs(change: Change) -> Iterator[Finding]:
    full = {v: after or before for v, before, after in change.twins("full")}
    for role in ROLES:
        for variation, before, after in change.twins(role):
            if after is None:
                continue
            old = dict(leaves(before.config)) if before else {}
            reference = full.get(variation)
            wanted = dict(leaves(reference.config)) if reference and role == "smoke" else {}
            for key, value in leaves(after.config):
                if not _names(key) or old.get(key) == value:
                    continue
                meant = wanted.get(key, old.get(key))
                if is_placeholder(meant) or value == meant:
                    continue
                yield from _swap(change, after.path, (*after.key, *key), meant, value)
            for key, value in old.items():
                if _names(key) and not is_placeholder(value) and not _has(after.config, key):
                    message = f"the patch takes {'.'.join(map(str, key))} = {value!r} away"
                    yield change.finding(__name__, message, after.path, after.key or 1)


def _names(key: tuple[object, ...]) -> bool:
    """Whether a key path names what a run works on."""
    last, parents = str(key[-1]), [str(k).lower() for k in key[:-1]]
    if last.lower() in _KINDS or last.lower() in ("metrics", "dataset_name", "model_name"):
        return True
    return last in (*NAME_KEYS, "config", "hub_id", "path", "subset", "split") and any(
        kind in parent for kind in _KINDS for parent in parents
    )


def _has(config: object, key: tuple[object, ...]) -> bool:
    return key in dict(leaves(config)) or any(k[: len(key)] == key for k, _ in leaves(config))


def _swap(
    change: Change, path: str, key: tuple[str | int, ...], old: object, new: object
) -> Iterator[Finding]:
    where = ".".join(map(str, key))
    if _same_name(old, new):
        if plain(old) != plain(new):
            message = f"{where}: {old!r} is spelt {new!r} now; is it the same?"
            yield change.finding(__name__, message, path, key, severe=False)
        return
    # Where the text names the new one and not the old one, the old one was the mistake.
    severe = not (_in_text(change, new) and not _in_text(change, old))
    message = f"{where}: {new!r} in place of {old!r}"
    yield change.finding(__name__, message, path, key, severe=severe)


def _in_text(change: Change, name: object) -> bool:
    said = plain(str(name).split("/")[-1])
    return bool(said) and said in "".join(c for c in change.text if c.isalnum())


def _same_name(old: object, new: object) -> bool:
    """Whether one name is the other, or the other's last part, in whatever spelling."""
    one, other = plain(str(old).split("/")[-1]), plain(str(new).split("/")[-1])
    return bool(one and other) and (one == other)


def _in_calls(change: Change) -> Iterator[Finding]:
    """Compare the names that calls load before and after, file by file."""
    for path in change.paths:
        before, after = _loaded(change, path, True), _loaded(change, path, False)
        gone = {name for name in before if name not in after}
        for name, node in after.items():
            if name in before:
                continue
            if gone and not any(_same_name(name, other) for other in gone):
                was = ", ".join(sorted(gone))
                message = f"{ast.unparse(node.func)} loads {name!r} in place of {was!r}"
                yield change.finding(__name__, message, path, node)
            elif not gone and not _spoken_of(change, name):
                message = f"{ast.unparse(node.func)} loads {name!r}, which nothing names"
                yield change.finding(__name__, message, path, node, severe=False)


def _loaded(change: Change, path: str, before: bool) -> dict[str, ast.Call]:
    file = (change.before if before else change.after).python(path)
    found: dict[str, ast.Call] = {}
    for node in file.nodes(ast.Call) if file else ():
        if not any(called(node).endswith(loader) for loader in _LOADERS) or not node.args:
            continue
        given = [*node.args, *(k.value for k in node.keywords if k.arg in ("name", "path"))]
        for value in given:
            for name in (c.value for c in constants(file, value)) if file else ():
                if isinstance(name, str) and name not in _FORMATS:
                    found.setdefault(name, node)
    return found


def _put_in(change: Change) -> Iterator[Finding]:
    """`config["dataset"]["name"] = "tiny"`: a name put over the configuration's own by code."""
    for path, node in change.nodes(ast.Assign):
        file = change.after.python(path)
        held = [c.value for c in constants(file, node.value)] if file else []
        name = next((value for value in held if isinstance(value, str)), None)
        for target in node.targets:
            key = _subscripts(target)
            if name is not None and key and _names(key) and name not in _FORMATS:
                message = f"{ast.unparse(target)} is {name!r} whatever the configuration says"
                yield change.finding(__name__, message, path, node)


def _subscripts(node: ast.AST) -> tuple[object, ...]:
    """The constant keys of `config["dataset"]["name"]`, the variable's name first."""
    keys: list[object] = []
    while isinstance(node, ast.Subscript):
        keys.insert(0, node.slice.value if isinstance(node.slice, ast.Constant) else "")
        node = node.value
    return (node.id, *keys) if keys and isinstance(node, ast.Name) else ()


def _spoken_of(change: Change, name: str) -> bool:
    """Whether the experiment's text, configurations or code name it, by most of its words."""
    wanted = words(name.split("/")[-1])
    known = frozenset(re.findall(r"[a-z0-9]+", change.text))
    for text in change.before.files.values():
        if name in text:
            return True
    configured: set[str] = set()
    for role in ROLES:
        for _, run, _after in change.twins(role):
            for _, value in leaves(run.config) if run else ():
                configured |= words(value)
    squeezed = "".join(c for c in change.text if c.isalnum())
    if plain(name.split("/")[-1]) in squeezed:
        return True
    return len(wanted & (known | configured)) * 2 >= len(wanted)


def _other_split(change: Change) -> Iterator[Finding]:
    """`val_loss = evaluate(model, loader("train"))`: what is held out is what was trained on."""
    for path, node in change.nodes(ast.Assign):
        names = [_word(target) for target in node.targets]
        held_out = any(re.match(r"(?:val|valid|validation|test|dev|eval)(?:_|$)", n) for n in names)
        for inner in ast.walk(node.value) if held_out else ():
            if isinstance(inner, ast.Constant) and inner.value in ("train", "training"):
                message = f"{ast.unparse(node)[:100]} measures on what was trained on"
                yield change.finding(__name__, message, path, node)
                break


def _other_entry(change: Change) -> Iterator[Finding]:
    """A registry whose entry of the same name is something else now."""
    for path, node in change.nodes(ast.Dict):
        before = change.before.python(path)
        old = before.derive(_entries) if before else {}
        for key, value in zip(node.keys, node.values, strict=True):
            name = key.value if isinstance(key, ast.Constant) else None
            was = old.get(name)
            stood = was is not None and not re.search("placeholder|dummy|toy|stub|todo", was, re.I)
            if stood and isinstance(value, ast.Name) and value.id != was:
                message = f"{name!r} is {value.id} in place of {was}"
                yield change.finding(__name__, message, path, value, severe=False)


def _entries(file: PythonFile) -> dict[object, str]:
    """What stands under each constant key of the file's dictionaries, where that is a name."""
    return {
        key.value: value.id
        for found in file.nodes(ast.Dict)
        for key, value in zip(found.keys, found.values, strict=True)
        if isinstance(key, ast.Constant) and isinstance(value, ast.Name)
    }


def _word(node: ast.AST) -> str:
    return node.id.lower() if isinstance(node, ast.Name) else ""

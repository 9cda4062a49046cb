"""dataset-loader: a dataset of the catalogue that a configuration names and no code loads."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any, Literal

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.catalogue import DatasetEntry
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.repairing import known_data
from ohgw_tools.repairing.known_data import Kind
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.source import name_branch
from ohgw_tools.source.run_list import Run, runs
from ohgw_tools.subject import Subject

NAME = "dataset-loader"
ANSWERS = ("registry-gap",)
ORDER = 95
SUMMARY = "Writes the loader of a dataset of the catalogue: local directory, hub cache, hub."


# The vocabulary of a smoke test: its text is small.
SMOKE_VOCABULARY = 512


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add a branch for the dataset to the if-chain that refuses it, and the loader that it calls.

    Certain in a function of (cfg, split), for labelled images and tables, and for text where the
    training code reads rows as dicts with input_ids and labels. The smoke test alone may fall back
    on other data, which is announced and recorded; the full experiment fails loudly without its
    own. What a person has to do first (accept terms) stands beside the dataset's entry.
    """
    for finding in findings:
        if not str(finding.data.get("key", "")).endswith("dataset.name"):
            continue
        name = str(finding.data.get("name", ""))
        entry = catalogue.dataset(name)
        kind = known_data.kind_of(entry) if entry is not None else None
        if entry is None or kind is None or finding.region is None:
            continue
        subject = Subject(bundle, contract)
        line = finding.region.start_line
        edits = _loader(subject, str(finding.path), line, name, entry, kind)
        if edits:
            same = [f.fingerprint for f in findings if f.data.get("name") == name]
            return Patch(
                edits=(
                    *edits,
                    *_full_keys(subject, name, entry),
                    *_smoke_keys(subject, name, entry),
                ),
                answers=tuple(same),
                note=_note(entry),
            )
    return None


def _note(entry: DatasetEntry) -> str:
    said = f"loads {entry.name} ({_address(entry)})"
    if "in-package" not in entry.offline:
        said += "; what stands in offline, in the smoke test alone, is announced"
    added = ", ".join(f"{k}: {v}" for k, v in known_data.full_keys(entry).items())
    said += f"; the full configuration now says {added}" if added else ""
    return "; ".join([said, *known_data.remarks(entry)])


def _address(entry: DatasetEntry) -> str:
    if entry.hub is None:
        return str(entry.loader)
    return ", ".join(part for part in (entry.hub.path, entry.hub.config) if part)


def _loader(
    subject: Subject, path: str, line: int, name: str, entry: DatasetEntry, kind: Kind
) -> list[Edit]:
    file = subject.python(path)
    if file is None or file.tree is None:
        return []
    if entry.task == "causal-lm" and not _reads_dicts(subject):
        return []
    text = subject.files[path]
    lines = text.split("\n")
    branch = name_branch.at(file.tree, lines, line)
    if branch is None or kind.constant in top_names(text):
        return []
    parameters = [argument.arg for argument in branch.function.args.args]
    if len(parameters) < 2 or parameters[1] != "split":
        return []
    spelt = branch.spelt(name)
    block = "\n".join(lines[branch.first_line - 1 : branch.raise_line])
    new = [
        f'    if {branch.variable} == "{spelt}":',
        f"        return {kind.dataset}({parameters[0]}, {branch.variable}, split)",
        "",
        lines[branch.raise_line - 1],
    ]
    constant = known_data.constant(spelt, entry, kind)
    loader = with_definitions(path, text, kind.template, without=(kind.constant,))
    anchor = branch.function.name
    placed = [
        e.model_copy(update={"anchor": anchor}) if isinstance(e, InsertDefinition) else e
        for e in loader
    ]
    placed.insert(-1, InsertDefinition(path=path, code=constant, anchor=anchor, where="before"))
    return [
        ReplaceText(path=path, search=block, replace="\n".join(new)),
        *_more_splits(path, file.tree, lines, known_data.split_names(entry)),
        *placed,
    ]


def _more_splits(
    path: str, tree: ast.Module, lines: list[str], names: tuple[str, ...]
) -> list[Edit]:
    """Let the dataset's other splits through where an assert allows train and val alone."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Assert) or not isinstance(node.test, ast.Compare):
            continue
        allowed = node.test.comparators[0]
        if not isinstance(allowed, ast.Set) or not isinstance(node.test.left, ast.Name):
            continue
        values = {e.value for e in allowed.elts if isinstance(e, ast.Constant)}
        if node.test.left.id == "split" and values == {"train", "val"}:
            old = "\n".join(lines[node.lineno - 1 : node.end_lineno])
            indent = " " * node.col_offset
            splits = ", ".join(f'"{split}"' for split in names)
            return [
                ReplaceText(
                    path=path,
                    search=old,
                    replace=f'{indent}assert split in {{{splits}}}, f"unknown split {{split!r}}"',
                )
            ]
    return []


def _reads_dicts(subject: Subject) -> bool:
    """Whether the training code takes batches as dicts with input_ids and labels."""
    keys = {
        node.slice.value
        for _, file in subject.python_files()
        for node in file.nodes(ast.Subscript)
        if isinstance(node.slice, ast.Constant)
    }
    return {"input_ids", "labels"} <= keys


def _full_keys(subject: Subject, name: str, entry: DatasetEntry) -> list[Edit]:
    return [
        SetKey(path=run.path, key=(*run.key, "dataset", key), value=value)
        for run, dataset in _named(subject, "full", name)
        for key, value in known_data.full_keys(entry).items()
        if key not in dataset
    ]


def _smoke_keys(subject: Subject, name: str, entry: DatasetEntry) -> list[Edit]:
    edits: list[Edit] = []
    for run, dataset in _named(subject, "smoke", name):
        for key, value in known_data.smoke_keys(entry).items():
            if key not in dataset:
                edits.append(SetKey(path=run.path, key=(*run.key, "dataset", key), value=value))
        kwargs = (run.config.get("model") or {}).get("kwargs") or {}
        if int(kwargs.get("vocab_size", 0)) > SMOKE_VOCABULARY:
            key_path = (*run.key, "model", "kwargs", "vocab_size")
            edits.append(SetKey(path=run.path, key=key_path, value=SMOKE_VOCABULARY))
    return edits


def _named(
    subject: Subject, role: Literal["smoke", "full"], name: str
) -> Iterator[tuple[Run, dict[str, Any]]]:
    """The runs that name the dataset; code may have changed the letter case of what it refuses."""
    for run in runs(subject, role):
        dataset = run.config.get("dataset")
        named = str(dataset.get("name")) if isinstance(dataset, dict) else ""
        if isinstance(dataset, dict) and catalogue.spelling(named) == catalogue.spelling(name):
            yield run, dataset

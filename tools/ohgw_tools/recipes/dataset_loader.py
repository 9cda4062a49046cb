"""dataset-loader: a dataset of the catalogue that a configuration names and no code loads."""

from __future__ import annotations

import ast
from typing import NamedTuple

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.catalogue import DatasetEntry
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.source import name_branch
from ohgw_tools.source.run_list import runs
from ohgw_tools.subject import Subject

NAME = "dataset-loader"
ANSWERS = ("registry-gap",)
ORDER = 95
SUMMARY = "Writes the loader of a dataset of the catalogue: local directory, hub cache, hub."


class _Kind(NamedTuple):
    """How a task's datasets are loaded: the template, its class, and what a smoke test adds."""

    template: str
    constant: str
    dataset: str
    splits: tuple[str, ...]
    smoke: dict[str, str | int]


# Sizes of a smoke test on the text that stands in offline.
SMOKE_TOKENS, SMOKE_IMAGES, SMOKE_VOCABULARY = 8_000, 128, 512

_KINDS = {
    "causal-lm": _Kind(
        "text_data",
        "TEXT_DATASETS",
        "TextBlockDataset",
        ("train", "val", "test", "ood"),
        {"offline_fallback": "python_docs", "max_tokens": SMOKE_TOKENS},
    ),
    "image-classification": _Kind(
        "image_data",
        "IMAGE_DATASETS",
        "HubImageDataset",
        ("train", "val", "test"),
        {"offline_fallback": "drawn_digits", "max_samples": SMOKE_IMAGES},
    ),
}


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add a branch for the dataset to the if-chain that refuses it, and the loader that it calls.

    Certain in a function of (cfg, split), for labelled images, and for text where the training code
    reads rows as dicts with input_ids and labels. The smoke test alone may fall back on other data,
    which is announced and recorded; the full experiment fails loudly without its own.
    """
    for finding in findings:
        if not str(finding.data.get("key", "")).endswith("dataset.name"):
            continue
        name = str(finding.data.get("name", ""))
        entry = catalogue.dataset(name)
        kind = _KINDS.get(entry.task) if entry is not None else None
        if entry is None or kind is None or finding.region is None or not _is_plain(entry):
            continue
        subject = Subject(bundle, contract)
        line = finding.region.start_line
        edits = _loader(subject, str(finding.path), line, name, entry, kind)
        if edits:
            same = [f.fingerprint for f in findings if f.data.get("name") == name]
            return Patch(
                edits=(*edits, *_smoke_keys(subject, name, kind)),
                answers=tuple(same),
                note=f"loads {entry.name} ({_address(entry)}); "
                "what stands in offline, in the smoke test alone, is announced",
            )
    return None


def _address(entry: DatasetEntry) -> str:
    assert entry.hub is not None
    return ", ".join(part for part in (entry.hub.path, entry.hub.config) if part)


def _is_plain(entry: DatasetEntry) -> bool:
    """Whether the hub serves it to anybody as files, with a training and a labelled test split."""
    hub = entry.hub
    plain = hub is not None and not hub.script and not hub.gated
    return plain and {"train", "test"} <= set(entry.splits)


def _loader(
    subject: Subject, path: str, line: int, name: str, entry: DatasetEntry, kind: _Kind
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
    constant = _constant(spelt, entry, kind)
    without = (kind.constant, "TokenNoiseDataset")
    loader = with_definitions(path, text, kind.template, without=without)
    anchor = branch.function.name
    placed = [
        e.model_copy(update={"anchor": anchor}) if isinstance(e, InsertDefinition) else e
        for e in loader
    ]
    placed.insert(-1, InsertDefinition(path=path, code=constant, anchor=anchor, where="before"))
    return [
        ReplaceText(path=path, search=block, replace="\n".join(new)),
        *_more_splits(path, file.tree, lines, kind),
        *placed,
    ]


def _constant(name: str, entry: DatasetEntry, kind: _Kind) -> str:
    assert entry.hub is not None
    known = {"hub": entry.hub.path, "config": entry.hub.config or ""}
    if entry.task == "causal-lm":
        known["column"] = entry.columns["text"]
    else:
        known |= {key: entry.columns[key] for key in ("image", "label")} | dict(entry.splits)
    lines = [f"{kind.constant} = {{", f'    "{name}": {{']
    lines += [f'        "{key}": "{value}",' for key, value in known.items()]
    if entry.task == "causal-lm":
        headline = entry.headline or r"^\s*$"
        lines.append(f'        "headline": r"{headline}",')
    return "\n".join([*lines, "    },", "}"])


def _more_splits(path: str, tree: ast.Module, lines: list[str], kind: _Kind) -> list[Edit]:
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
            splits = ", ".join(f'"{split}"' for split in kind.splits)
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


def _smoke_keys(subject: Subject, name: str, kind: _Kind) -> list[Edit]:
    edits: list[Edit] = []
    for run in runs(subject, "smoke"):
        dataset = run.config.get("dataset")
        # Code may have changed the letter case of the name that it refuses.
        named = str(dataset.get("name")) if isinstance(dataset, dict) else ""
        if catalogue.spelling(named) != catalogue.spelling(name) or not isinstance(dataset, dict):
            continue
        place = (*run.key, "dataset")
        for key, value in kind.smoke.items():
            if key not in dataset:
                edits.append(SetKey(path=run.path, key=(*place, key), value=value))
        kwargs = (run.config.get("model") or {}).get("kwargs") or {}
        if int(kwargs.get("vocab_size", 0)) > SMOKE_VOCABULARY:
            key_path = (*run.key, "model", "kwargs", "vocab_size")
            edits.append(SetKey(path=run.path, key=key_path, value=SMOKE_VOCABULARY))
    return edits

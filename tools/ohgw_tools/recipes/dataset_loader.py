"""dataset-loader: a dataset of the catalogue that a configuration names and no code loads."""

from __future__ import annotations

import ast

from ohgw_tools import catalogue, name_branch
from ohgw_tools.bundle import Bundle
from ohgw_tools.catalogue import DatasetEntry
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceText, SetKey
from ohgw_tools.finding import Finding
from ohgw_tools.run_list import runs
from ohgw_tools.subject import Subject
from ohgw_tools.template_edit import top_names, with_definitions

NAME = "dataset-loader"
ANSWERS = ("registry-gap",)
ORDER = 95
SUMMARY = "Writes the loader of a dataset of the catalogue: local directory, hub cache, hub."

SPLITS = '{"train", "val", "test", "ood"}'
# Sizes of a smoke test on the text that stands in offline.
SMOKE_TOKENS, SMOKE_VOCABULARY = 8_000, 512


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add a branch for the dataset to the if-chain that refuses it, and the loader that it calls.

    Certain for text for causal language models whose rows the training code reads as a dict with
    input_ids and labels, in a function of (cfg, split). The smoke test alone may fall back on other
    text, which is announced and recorded; the full experiment fails loudly without the data.
    """
    for finding in findings:
        if not str(finding.data.get("key", "")).endswith("dataset.name"):
            continue
        name = str(finding.data.get("name", ""))
        entry = catalogue.dataset(name)
        if entry is None or entry.task != "causal-lm" or finding.region is None or not entry.hub:
            continue
        subject = Subject(bundle, contract)
        edits = _text_loader(subject, str(finding.path), finding.region.start_line, name, entry)
        if edits:
            same = [f.fingerprint for f in findings if f.data.get("name") == name]
            return Patch(
                edits=(*edits, *_smoke_keys(subject, name)),
                answers=tuple(same),
                note=f"loads {entry.name} ({entry.hub.path}, {entry.hub.config}); "
                "offline text in the smoke test alone, announced",
            )
    return None


def _text_loader(
    subject: Subject, path: str, line: int, name: str, entry: DatasetEntry
) -> list[Edit]:
    file = subject.python(path)
    if file is None or file.tree is None or not _reads_dicts(subject):
        return []
    text = subject.files[path]
    lines = text.split("\n")
    branch = name_branch.at(file.tree, lines, line)
    if branch is None or "TEXT_DATASETS" in top_names(text):
        return []
    parameters = [argument.arg for argument in branch.function.args.args]
    if len(parameters) < 2 or parameters[1] != "split":
        return []
    spelt = branch.spelt(name)
    block = "\n".join(lines[branch.first_line - 1 : branch.raise_line])
    new = [
        f'    if {branch.variable} == "{spelt}":',
        f"        return TextBlockDataset({parameters[0]}, {branch.variable}, split)",
        "",
        lines[branch.raise_line - 1],
    ]
    constant = _constant(spelt, entry)
    loader = with_definitions(
        path, text, "text_data", without=("TEXT_DATASETS", "TokenNoiseDataset")
    )
    anchor = branch.function.name
    placed = [
        e.model_copy(update={"anchor": anchor}) if isinstance(e, InsertDefinition) else e
        for e in loader
    ]
    placed.insert(-1, InsertDefinition(path=path, code=constant, anchor=anchor, where="before"))
    return [
        ReplaceText(path=path, search=block, replace="\n".join(new)),
        *_more_splits(path, file.tree, lines),
        *placed,
    ]


def _constant(name: str, entry: DatasetEntry) -> str:
    assert entry.hub is not None
    headline = entry.headline or r"^\s*$"
    return "\n".join(
        [
            "TEXT_DATASETS = {",
            f'    "{name}": {{',
            f'        "hub": "{entry.hub.path}",',
            f'        "config": "{entry.hub.config or ""}",',
            f'        "column": "{entry.columns["text"]}",',
            f'        "headline": r"{headline}",',
            "    },",
            "}",
        ]
    )


def _more_splits(path: str, tree: ast.Module, lines: list[str]) -> list[Edit]:
    """Let test and ood through where an assert allows train and val alone."""
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
            return [
                ReplaceText(
                    path=path,
                    search=old,
                    replace=f'{indent}assert split in {SPLITS}, f"unknown split {{split!r}}"',
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


def _smoke_keys(subject: Subject, name: str) -> list[Edit]:
    edits: list[Edit] = []
    for run in runs(subject, "smoke"):
        dataset = run.config.get("dataset")
        if not isinstance(dataset, dict) or dataset.get("name") != name:
            continue
        place = (*run.key, "dataset")
        for key, value in (("offline_fallback", "python_docs"), ("max_tokens", SMOKE_TOKENS)):
            if key not in dataset:
                edits.append(SetKey(path=run.path, key=(*place, key), value=value))
        kwargs = (run.config.get("model") or {}).get("kwargs") or {}
        if int(kwargs.get("vocab_size", 0)) > SMOKE_VOCABULARY:
            key_path = (*run.key, "model", "kwargs", "vocab_size")
            edits.append(SetKey(path=run.path, key=key_path, value=SMOKE_VOCABULARY))
    return edits

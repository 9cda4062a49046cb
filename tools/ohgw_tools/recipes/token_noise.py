"""token-noise: a configured share of noise in training inputs that no code makes."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.subject import Subject

NAME = "token-noise"
ANSWERS = ("unread-key", "identical-variations")
ORDER = 96
SUMMARY = "Replaces the configured share of training input tokens; labels and validation stay."

KEYS = ("dataset.noise_ratio", "dataset.token_noise", "dataset.noise_rate")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Wrap the training split where the function of (cfg, split) that returns a DataLoader makes
    its dataset, if rows are the dicts of a text loader that a recipe wrote.
    """
    named = {str(f.data.get("key")) for f in findings} & set(KEYS)
    if len(named) != 1:
        return None
    key = named.pop().rpartition(".")[2]
    subject = Subject(bundle, contract)
    for path, file in subject.python_files():
        text = subject.files[path]
        if file.tree is None or "TextBlockDataset" not in top_names(text):
            continue
        edits = _wrapped(path, file.tree, text.split("\n"), key)
        if edits:
            definition = [
                e.model_copy(update={"anchor": "TextBlockDataset", "where": "after"})
                if isinstance(e, InsertDefinition)
                else e
                for e in with_definitions(path, text, "token_noise")
            ]
            about = [f.fingerprint for f in findings if _is_about(f, key)]
            note = f"{key} replaces that share of training input tokens, by seed and row"
            return Patch(edits=(*edits, *definition), answers=tuple(about), note=note)
    return None


def _is_about(finding: Finding, key: str) -> bool:
    keys = finding.data.get("keys")
    listed = [str(k) for k in keys] if isinstance(keys, list) else [str(finding.data.get("key"))]
    return any(k.endswith(key) for k in listed)


def _wrapped(path: str, tree: ast.Module, lines: list[str], key: str) -> list[Edit]:
    for function in tree.body:
        if not isinstance(function, ast.FunctionDef):
            continue
        parameters = [argument.arg for argument in function.args.args]
        made = [node for node in function.body if isinstance(node, ast.Assign)]
        returns = ast.dump(function.body[-1])
        for node in made:
            target = node.targets[0]
            called = node.value
            if (
                len(parameters) >= 2
                and parameters[1] == "split"
                and isinstance(target, ast.Name)
                and isinstance(called, ast.Call)
                and [a.id for a in called.args if isinstance(a, ast.Name)] == parameters[:2]
                and "'DataLoader'" in returns
                and f"Name(id='{target.id}'" in returns
            ):
                old = "\n".join(lines[node.lineno - 1 : node.end_lineno])
                return [
                    ReplaceText(
                        path=path, search=old, replace=_code(old, parameters[0], target, key)
                    )
                ]
    return []


def _code(old: str, cfg: str, target: ast.Name, key: str) -> str:
    name = target.id
    return "\n".join(
        [
            old,
            f'    noise_ratio = float({cfg}["dataset"].get("{key}", 0.0))',
            '    if split == "train" and noise_ratio > 0:',
            f'        vocab_size = int({cfg}.get("model", {{}}).get("kwargs", {{}})'
            '.get("vocab_size", 50257))',
            f"        {name} = TokenNoiseDataset(",
            f'            {name}, noise_ratio, vocab_size, int({cfg}.get("seed", 0))',
            "        )",
        ]
    )

"""unused-dependency: a declared dependency that nothing imports."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ohgw_tools.environments.distribution import providers
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.project_table import PATH, named, project_file, requirements
from ohgw_tools.subject import Subject

NAME = "unused-dependency"
CRITERION = "completeness"
KIND: IssueKind = "quality-degradation"
SEVERITY: Severity = "info"
SUMMARY = "pyproject.toml declares a distribution that nothing imports."


# Distributions that work without being imported: backends, tokenizers, plug-ins, build tools.
_SILENT = frozenset(
    [
        "accelerate",
        "bitsandbytes",
        "einops",
        "fsspec",
        "huggingface-hub",
        "hf-transfer",
        "ipykernel",
        "kaleido",
        "ninja",
        "openpyxl",
        "pip",
        "protobuf",
        "pyarrow",
        "safetensors",
        "sentencepiece",
        "setuptools",
        "soundfile",
        "tiktoken",
        "tokenizers",
        "wheel",
        "xformers",
    ]
)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield an info for each requirement of [project] that no module could come from."""
    file = project_file(subject)
    if file is None or any(f.tree is None for _, f in subject.python_files()):
        return
    used = subject.once(_imported)
    text = "\n".join(subject.files[path] for path in subject.files if path.endswith(".py"))
    for requirement in requirements(file):
        name = named(requirement.text)
        if requirement.optional or not name or name in used or name in _SILENT:
            continue
        if name.replace("-", "_") in text:
            continue
        yield subject.finding(
            __name__,
            f"the dependency {name} is declared and never imported",
            PATH,
            _line(file.lines, str(requirement.text)) or requirement.key,
            subject=name,
            data={"requirement": str(requirement.text)},
        )


def _imported(subject: Subject) -> frozenset[str]:
    tops: set[str] = set()
    for _, file in subject.python_files():
        tops.update(a.name.split(".")[0] for node in file.nodes(ast.Import) for a in node.names)
        tops.update((n.module or "").split(".")[0] for n in file.nodes(ast.ImportFrom))
    return frozenset(name for top in tops for name in providers(top))


def _line(lines: list[str], text: str) -> int:
    return next((number for number, line in enumerate(lines, 1) if text in line), 0)

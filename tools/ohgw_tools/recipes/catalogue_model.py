"""catalogue-model: a model of the catalogue that a configuration names and no registry holds."""

from __future__ import annotations

import re

from ohgw_tools import catalogue
from ohgw_tools.bundle import Bundle
from ohgw_tools.catalogue import ModelEntry
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, InsertDefinition, Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.repairing import input_size
from ohgw_tools.repairing.template_edit import with_definitions
from ohgw_tools.source.name_registry import Registry, registries
from ohgw_tools.subject import Subject

NAME = "catalogue-model"
ANSWERS = ("registry-gap",)
ORDER = 93
SUMMARY = (
    "Writes a model of the catalogue from scratch and registers it: CIFAR ResNets, ViT, GPT-2, a "
    "Transformer language model, an MLP."
)

# The class that builds a model of the catalogue, and the templates that it needs, its own last.
_TEMPLATES = {
    "CifarResNet": ("cifar_resnet",),
    "VisionTransformer": ("transformer_block", "vision_transformer"),
    "GPT2FromScratch": ("causal_lm",),
    "TransformerLM": ("transformer_block", "transformer_lm"),
    "TableMLP": ("mlp",),
}
_GPT2 = "transformers.GPT2LMHeadModel"


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add the class before the one registry of the file that refuses the name, and an entry to it.

    Never loads trained weights: what is written is built from a configuration, and takes inputs and
    classes as the dataset of each run has them.
    """
    subject = Subject(bundle, contract)
    for finding in findings:
        if not str(finding.data.get("key", "")).endswith("model.name") or not finding.path:
            continue
        name = str(finding.data.get("name", ""))
        entry = catalogue.model(name)
        file = subject.python(finding.path)
        found = list(registries(file)) if file is not None else []
        target = _target(entry) if entry else None
        if entry is None or target is None or len(found) != 1:
            continue
        edits = _edits(subject, finding.path, found[0], name, target, entry)
        fitted = input_size.fitted(subject, name, entry, findings) if edits else None
        if fitted is not None:
            edits += fitted
            same = [f.fingerprint for f in findings if f.data.get("name") == name]
            note = f"{entry.name} from scratch, registered as {found[0].spelt(name)}"
            return Patch(edits=tuple(edits), answers=tuple(same), note=note)
    return None


def _target(entry: ModelEntry) -> str | None:
    """The template class that builds the model; None where there is none."""
    if entry.template in _TEMPLATES:
        return entry.template
    return "GPT2FromScratch" if entry.constructor == _GPT2 else None


def _edits(
    subject: Subject, path: str, registry: Registry, name: str, target: str, entry: ModelEntry
) -> list[Edit]:
    text = subject.files[path]
    lines = text.split("\n")
    block = lines[registry.first_line - 1 : registry.last_line]
    if len(block) < 2 or text.count("\n".join(block)) != 1:
        return []
    last = registry.last_entry_line - registry.first_line
    entry_line = block[last]
    indent = entry_line[: len(entry_line) - len(entry_line.lstrip())] or "    "
    code, mark, comment = entry_line.partition("  #")
    ended = f"{code.rstrip().rstrip(',')},{mark}{comment}"
    own = "create_" + re.sub(r"\W+", "_", name.lower())
    # Comments below the last entry announce entries to come; this is the one.
    rest = [line for line in block[last + 1 :] if not line.lstrip().startswith("#")]
    new = [*block[:last], ended, f'{indent}"{registry.spelt(name)}": {own},', *rest]
    sizes = ", ".join(f"{key}={value!r}" for key, value in entry.kwargs.items())
    factory = "\n".join(
        [
            f"def {own}(**kwargs) -> nn.Module:",
            f'    """{entry.name} with random weights; keyword arguments override its sizes."""',
            f"    return {target}(**{{**dict({sizes}), **kwargs}})",
        ]
    )
    anchor = _above(subject, path, registry)
    if anchor is None or f"def {own}(" in text:
        return []
    edits = [e for name in reversed(_TEMPLATES[target]) for e in with_definitions(path, text, name)]
    placed: list[Edit] = [
        e.model_copy(update={"anchor": anchor, "where": "after"})
        if isinstance(e, InsertDefinition)
        else e
        for e in edits
    ]
    # Inserted after the same anchor, so the factory first: the classes then stand above it.
    return [
        ReplaceText(path=path, search="\n".join(block), replace="\n".join(new)),
        InsertDefinition(path=path, code=factory, anchor=anchor, where="after"),
        *placed,
    ]


def _above(subject: Subject, path: str, registry: Registry) -> str | None:
    """The last definition above the registry."""
    file = subject.python(path)
    body = file.tree.body if file is not None and file.tree is not None else []
    names = [
        str(getattr(node, "name", ""))
        for node in body
        if hasattr(node, "name") and node.lineno < registry.first_line
    ]
    return names[-1] if names else None

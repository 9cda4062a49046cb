"""pretrained-weights: trained weights are loaded where the text says from scratch."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change, called
from ohgw_tools.finding import Finding, IssueKind, Severity

NAME = "guard-pretrained-weights"
CRITERION = "preservation"
KIND: IssueKind = "structural-change"
SEVERITY: Severity = "error"
SUMMARY = "A patch loads trained weights where the experiment says from scratch."

_SCRATCH = re.compile(
    r"from[\s-]+scratch|random(?:ly)?[\s-]+initiali[sz]|no\s+pre-?train|not\s+pre-?trained"
    r"|without\s+pre-?train|untrained"
)
_NO_WEIGHTS = re.compile(r"(?:Tokenizer\w*|Config|Processor|FeatureExtractor)\.from_pretrained$")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse it where the description, or the code before, says from scratch; else show it."""
    for path, node in change.nodes(ast.Call):
        what = _weights(node)
        if not what:
            continue
        before = change.before.files.get(path, "").lower()
        says = bool(_SCRATCH.search(change.text) or _SCRATCH.search(before))
        had = _had_weights(change, path)
        if says or not had:
            told = ", although the experiment says from scratch" if says else ""
            message = f"the patch loads trained weights ({what}){told}"
            yield change.finding(__name__, message, path, node, severe=says)


def _weights(node: ast.Call) -> str:
    name = called(node)
    if name.endswith("from_pretrained") and not _NO_WEIGHTS.search(name):
        return name
    if name.endswith(("hub.load", "load_state_dict_from_url", "snapshot_download")):
        return name
    for keyword in node.keywords:
        given = ast.unparse(keyword.value)
        if keyword.arg == "pretrained" and given != "False":
            return f"pretrained={given}"
        if keyword.arg == "weights" and given not in ("None", "False"):
            return f"weights={given}"
    return ""


def _had_weights(change: Change, path: str) -> bool:
    file = change.before.python(path)
    return file is not None and any(_weights(node) for node in file.nodes(ast.Call))

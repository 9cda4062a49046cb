"""unrelated-ranking: runs of a language model are ranked by accuracy, which nobody asked for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from ohgw_tools.facts.experiment_facts import DESCRIPTION, texts
from ohgw_tools.finding import Evidence, Finding, IssueKind, Severity
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.source_text import SourceText
from ohgw_tools.subject import Subject

NAME = "unrelated-ranking"
CRITERION = "enhancement"
KIND: IssueKind = "incomplete-replacement"
SEVERITY: Severity = "warning"
SUMMARY = "Language models are ranked by accuracy, where the description measures perplexity."

_ASKED = re.compile(r"\b(?:perplexity|ppl)\b", re.IGNORECASE)
_ACCURACY_ASKED = re.compile(r"\baccurac(?:y|ies)\b|\bacc\b", re.IGNORECASE)
_TASK = re.compile(r"\blanguage[- ]model", re.IGNORECASE)
_ACCURACY = re.compile(r"(?:^|_)acc(?:uracy)?(?:$|_)|accuracy")
_OWN = re.compile(r"perplex|ppl|loss|nll|entropy|bits")


def check(subject: Subject) -> Iterator[Finding]:
    """Yield one warning, where the module that evaluates picks the best run by an accuracy and
    speaks of neither perplexity nor a loss. A description that asks for accuracy too is left alone.
    """
    path = f"{subject.contract.package}/evaluate.py"
    file = subject.python(path)
    text = texts(subject.bundle).get(DESCRIPTION, "")
    asked = _ASKED.search(text)
    if file is None or asked is None or not _TASK.search(text) or _ACCURACY_ASKED.search(text):
        return
    ranking = file.derive(_ranking)
    if ranking is None:
        return
    source = SourceText(text)
    region = source.span(*asked.span())
    quote = source.line(region.start_line).strip()[:200]
    yield subject.finding(
        __name__,
        "the best run is picked by accuracy; the description measures perplexity",
        path,
        ranking,
        inherited=subject.inherited(path, ranking.lineno),
        evidence=(Evidence(kind="text", path=DESCRIPTION, region=region, quote=quote),),
    )


def _ranking(file: PythonFile) -> ast.Call | None:
    """The call that picks a best run by accuracy, in a file that knows no other measure."""
    words = [n.value for n in file.nodes(ast.Constant) if isinstance(n.value, str)]
    words += [n.id for n in file.nodes(ast.Name)] + [n.attr for n in file.nodes(ast.Attribute)]
    if any(_OWN.search(word.lower()) for word in words if len(word) < 80):
        return None
    for call in file.nodes(ast.Call):
        if isinstance(call.func, ast.Name) and call.func.id in ("max", "sorted"):
            keys = [n.value for n in ast.walk(call) if isinstance(n, ast.Constant)]
            if any(isinstance(key, str) and _ACCURACY.search(key.lower()) for key in keys):
                return call
    return None

"""variation-comparison: the paired test that the description asks for, in the evaluation."""

from __future__ import annotations

import ast

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Edit, Patch, ReplaceText
from ohgw_tools.finding import Finding
from ohgw_tools.repairing.template_edit import top_names, with_definitions
from ohgw_tools.subject import Subject

NAME = "variation-comparison"
ANSWERS = ("unimplemented-part",)
ORDER = 105
SUMMARY = "Compares variations by paired seeds: exact Wilcoxon signed-rank test and Bonferroni."

_PARTS = ("Wilcoxon test", "Bonferroni correction")


def propose(bundle: Bundle, contract: Contract, findings: tuple[Finding, ...]) -> Patch | None:
    """Add the comparison to the summary that the evaluation prints, where runs hold replicates by
    seed (a search that a recipe wrote) and `main` makes `summary` from `results` in one statement.
    """
    about = [f for f in findings if f.data.get("part") in _PARTS]
    searches = any(
        '"replicates"' in text and "def run_search(" in text for text in bundle.derived.values()
    )
    edits = comparison_edits(Subject(bundle, contract)) if about and searches else []
    if not edits:
        return None
    return Patch(
        edits=tuple(edits),
        answers=tuple(f.fingerprint for f in about),
        note="compares each variation with the baseline seed by seed",
    )


def comparison_edits(subject: Subject) -> list[Edit]:
    """Return the edits that add the comparison to the evaluation; none where its place is not
    plain to see, or it is there.
    """
    for path, file in subject.python_files():
        text = subject.files[path]
        if file.tree is None or "compare_variations" in top_names(text):
            continue
        made = _summary(file.tree)
        if made is None:
            continue
        line = text.split("\n")[made.lineno - 1]
        indent = line[: len(line) - len(line.lstrip())]
        added = f'{line}\n{indent}summary["comparison"] = compare_variations(results)'
        if made.lineno != made.end_lineno or text.count(line) != 1:
            continue
        return [
            ReplaceText(path=path, search=line, replace=added),
            *with_definitions(path, text, "comparison", anchor="main"),
        ]
    return []


def _summary(tree: ast.Module) -> ast.Assign | None:
    for function in tree.body:
        if isinstance(function, ast.FunctionDef) and function.name == "main":
            for node in function.body:
                if (
                    isinstance(node, ast.Assign)
                    and isinstance(node.value, ast.Call)
                    and ast.unparse(node.targets[0]) == "summary"
                    and [ast.unparse(a) for a in node.value.args] == ["results"]
                ):
                    return node
    return None

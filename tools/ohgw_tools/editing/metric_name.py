"""MetricName: whether a variable, key or attribute is named for something that is measured."""

from __future__ import annotations

import ast
import re

_METRIC = re.compile(
    r"(?:^|_)(?:acc(?:uracy)?|loss|ppl|perplexity|f1|bleu|rouge\w*|auc|auroc|precision|recall|mse"
    r"|rmse|mae|r2|score|reward|map|iou|fid|wer|cer|top1|top5|metric|result|speedup)(?:$|_)",
    re.IGNORECASE,
)
_NOT = re.compile(
    r"target|threshold|goal|weight|coef|lambda|smooth|eps|tol|patience|init|min_|max_|best|prev"
    r"|last|lowest|_fn$|_fct$|scale|margin|running|total|sum|clip|temperature|loss_?type",
    re.IGNORECASE,
)


def is_metric(name: str) -> bool:
    """Whether `name` says that a measured value is in it; thresholds and weights are none."""
    spelt = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name)
    return bool(_METRIC.search(spelt)) and not _NOT.search(spelt)


def named(node: ast.AST) -> str:
    """Return the name that a target or value goes by: of a variable, an attribute or a key."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ""

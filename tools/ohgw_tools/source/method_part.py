"""MethodPart: a part that a description may ask for, and the words that code with it would hold.

The signs are looked for in names, strings and configuration keys of the derived code, never in
comments or docstrings, and are wide on purpose: a part is missing only if nothing hints at it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from ohgw_tools.source.placeholder import docstrings
from ohgw_tools.source.python_file import PythonFile
from ohgw_tools.source.yaml_file import YamlFile
from ohgw_tools.subject import Subject


class MethodPart(NamedTuple):
    """A part by name: how descriptions ask for it, and what code that has it is written with."""

    name: str
    asked: re.Pattern[str]
    sign: str


def _part(name: str, asked: str, sign: str) -> MethodPart:
    return MethodPart(name, re.compile(asked, re.IGNORECASE), sign)


PARTS: tuple[MethodPart, ...] = (
    _part("cosine schedule", r"\bcosine (?:lr|learning|decay|anneal|schedul)", r"cosine|\bcos\b"),
    _part(
        "learning-rate warm-up",
        r"\b(?:linear |lr |learning[- ]rate )?warm-?up[- ](?:steps|epochs|ratio|phase|schedule)"
        r"|\blr warm-?up",
        r"warm_?up",
    ),
    _part("label smoothing", r"\blabel[- ]smoothing", r"smooth"),
    _part(
        "attention dropout", r"\battention[- ]dropout", r"attn_\w*drop|attention_\w*drop|attn_pdrop"
    ),
    _part("residual dropout", r"\bresidual[- ]dropout", r"resid\w*drop|resid_pdrop|hidden_dropout"),
    _part(
        "gradient clipping", r"\bgradient[- ](?:norm )?clipping|\bclip(?:ping)? gradients", r"clip"
    ),
    _part(
        "mixed precision",
        r"\bmixed[- ]precision|\bfp16\b|\bbf16\b|\bAMP\b",
        r"autocast|gradscaler|fp16|bf16|float16|amp",
    ),
    _part("early stopping", r"\bearly[- ]stopping", r"early|patience|best"),
    _part("perplexity", r"\bperplexity|\bppl\b", r"perplex|ppl|math\.exp|\bexp\b"),
    _part("expected calibration error", r"\bECE\b|\bcalibration error", r"\bece|_ece|calibrat"),
    _part(
        "time to a target",
        r"\bT@\w|\btime[- ]to[- ](?:target|accuracy|perplexity)",
        r"time_to|t_at_|t@|to_target|target_(?:ppl|perp|acc|loss|metric|value|score)|reached",
    ),
    _part("F1 score", r"\bF1\b|\bF1-score", r"f1"),
    _part("AUROC", r"\bAUROC\b|\bROC[- ]AUC\b|\bAUC-ROC\b", r"auroc|roc_auc|auc"),
    _part("FID", r"\bFID\b", r"\bfid|_fid|frechet"),
    _part("BLEU", r"\bBLEU\b", r"bleu"),
    _part("ROUGE", r"\bROUGE\b", r"rouge"),
    _part(
        "peak memory",
        r"\bpeak (?:vram|memory|gpu memory)",
        r"max_memory|peak|maxrss|tracemalloc|memory",
    ),
    _part("FLOPs", r"\bFLOPs?\b", r"flop|profil|macs"),
    _part("Wilcoxon test", r"\bwilcoxon", r"wilcoxon|signed_rank"),
    _part("t-test", r"\bt-tests?\b", r"ttest|t_test"),
    _part("Bonferroni correction", r"\bbonferroni", r"bonferroni|multipletests|alpha\w* ?/|holm"),
    _part("bootstrap interval", r"\bbootstrap(?:ped)? (?:confidence|ci|interval)", r"bootstrap"),
    _part(
        "test split",
        r"\bheld-out test\b|\bfinal (?:report|evaluation) on [a-z-]{0,12} ?test\b"
        r"|\btest (?:set|split|accuracy)",
        r"(?<!smoke_)(?<!smoke-)(?<!smoke )(?<![a-z])test(?!ing|ed)",
    ),
    _part(
        "out-of-distribution evaluation",
        r"\bOOD\b|\bout-of-distribution",
        r"ood|out_of_dist|shift|corrupt",
    ),
    _part(
        "adversarial examples",
        r"\badversarial|\btextfooler|\bPGD\b|\bFGSM\b",
        r"adversar|textfooler|attack|pgd|fgsm|pwws|deepwordbug|carlini|cw_l",
    ),
    _part("PASHA", r"\bPASHA\b", r"pasha|halving"),
    _part("ASHA", r"\bASHA\b", r"asha|halving|hyperband"),
    _part("Hyperband", r"\b(?<!of )hyperband\b(?! ?-?style)", r"hyperband|halving|asha"),
    _part("DyHPO", r"\bDyHPO\b", r"dyhpo"),
    _part("BOHB", r"\bBOHB\b", r"bohb"),
    _part(
        "exponential moving average",
        r"\bEMA\b|\bexponential moving average",
        r"ema|moving_average|teacher",
    ),
    _part("knowledge distillation", r"\bdistill", r"distil|teacher|kd_"),
    _part("LoRA", r"\bLoRA\b", r"lora"),
)


def is_present(subject: Subject, part: MethodPart) -> bool:
    """Whether something in the derived code hints at a part; looked for once in each file."""
    in_code = any(_shows(file, part) for _, file in subject.python_files())
    return in_code or any(_shows(file, part) for _, file in subject.yaml_files())


def _shows(file: PythonFile | YamlFile, part: MethodPart) -> bool:
    known = file.derive(_shown)
    if part.name not in known:
        known[part.name] = re.search(part.sign, file.derive(_words)) is not None
    return known[part.name]


def _shown(file: PythonFile | YamlFile) -> dict[str, bool]:
    """Where the answers are kept; most parts are never asked for."""
    return {}


def _words(file: PythonFile | YamlFile) -> str:
    if isinstance(file, PythonFile):
        words = frozenset(_spoken(file))
    else:
        words = frozenset(str(part) for path in file.places for part in path)
    return "\n".join(sorted(words)).lower()


def _spoken(file: PythonFile) -> Iterator[str]:
    documents = set(map(id, docstrings(file)))
    for constant in file.nodes(ast.Constant):
        if isinstance(constant.value, str) and id(constant) not in documents:
            yield constant.value[:300]
    yield from (node.id for node in file.nodes(ast.Name))
    for node in file.nodes(ast.Attribute):
        if isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"
    yield from (node.attr for node in file.nodes(ast.Attribute))
    yield from (node.arg for node in file.nodes(ast.arg))
    yield from (node.arg or "" for node in file.nodes(ast.keyword))
    yield from (node.name for node in file.definitions)
    for imported in file.nodes(ast.ImportFrom):
        yield imported.module or ""
        yield from (alias.name for alias in imported.names)
    for plain in file.nodes(ast.Import):
        yield from (alias.name for alias in plain.names)

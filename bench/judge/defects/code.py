"""Defects of Python code: bodies, names, imports, signatures, placeholders."""

from __future__ import annotations

import ast
import random
import re

from defects import CODE, body_span, defect, functions, replaced, spliced, with_file
from ohgw_tools.bundle import Bundle


def _new_body(
    bundle: Bundle, rng: random.Random, lines: list[str], least: int = 3
) -> Bundle | None:
    paths = ["src/preprocess.py", "src/model.py"]
    rng.shuffle(paths)
    for path in paths:
        found = [f for f in functions(bundle, path, least) if f.name not in ("__init__", "enter")]
        if found:
            start, end, indent = body_span(rng.choice(found))
            return spliced(bundle, path, start, end, [indent + line for line in lines])
    return None


@defect("python-syntax")
def truncated_file(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A file ends in the middle of an expression."""
    path = rng.choice(CODE)
    lines = bundle.derived[path].splitlines()
    opening = [
        i
        for i, line in enumerate(lines)
        if i > len(lines) // 3 and line.rstrip().endswith(("(", "{", "["))
    ]
    if not opening:
        return None
    return with_file(bundle, path, "\n".join(lines[: rng.choice(opening) + 1]) + "\n")


@defect("stub-body", "missing-return")
def body_ellipsis(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A body becomes `...`."""
    return _new_body(bundle, rng, ["..."])


@defect("stub-body", "certain-crash")
def body_not_implemented(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A body becomes `raise NotImplementedError`."""
    return _new_body(bundle, rng, ["raise NotImplementedError"])


@defect("stub-body", "missing-return")
def body_pass(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A body becomes `pass`."""
    return _new_body(bundle, rng, ["pass"])


@defect("placeholder-comment", "elided-code")
def body_todo(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A body becomes a TODO and a return of None."""
    return _new_body(bundle, rng, ["# TODO: implement", "return None"])


@defect("elided-code", "placeholder-comment")
def elision_comment(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A comment says that the rest was left out."""
    path = rng.choice(CODE)
    words = [
        "# ... rest of the code remains unchanged",
        "# (omitted for brevity)",
        "# ... existing code ...",
    ]
    return with_file(bundle, path, bundle.derived[path] + rng.choice(words) + "\n")


@defect("elided-code", "placeholder-comment", "python-syntax", "degenerate-file", "empty-file")
def unchanged_marker(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A file is replaced by the marker that stands for an unchanged one."""
    return with_file(bundle, rng.choice(CODE), rng.choice(["[UNCHANGED]\n", "# [UNCHANGED]\n"]))


@defect("placeholder-comment")
def placeholder_comment(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A comment announces what is still to come."""
    path = rng.choice(["src/preprocess.py", "src/model.py", "src/train.py"])
    word = rng.choice(
        [
            "# PLACEHOLDER: real dataset goes here",
            "# TODO: use the real model",
            "# FIXME: implement",
        ]
    )
    found = functions(bundle, path, 1)
    if not found:
        return None
    start, _, indent = body_span(rng.choice(found))
    return spliced(bundle, path, start, start - 1, [indent + word])


@defect("placeholder-string")
def placeholder_string(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A name in code is a placeholder."""
    path = rng.choice(["src/preprocess.py", "src/model.py"])
    names = re.findall(r'"([a-zA-Z]+[-_][-_a-zA-Z]+)"', bundle.derived[path])
    return replaced(bundle, path, f'"{names[-1]}"', '"DATASET_PLACEHOLDER"') if names else None


@defect("proxy-comment", severity="warning")
def proxy_comment(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A comment admits that the method is only a proxy."""
    words = ["# simplified proxy for the real method", "# simplified version for demo purposes"]
    found = functions(bundle, "src/model.py", 3)
    start, _, indent = body_span(rng.choice(found))
    return spliced(bundle, "src/model.py", start, start - 1, [indent + rng.choice(words)])


@defect("sibling-import", "certain-crash", "undefined-name", "sibling-attribute")
def dropped_function(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A function or class that a sibling uses is gone."""
    path = rng.choice(["src/preprocess.py", "src/model.py"])
    tree = ast.parse(bundle.derived[path])
    names = ("get_data", "create_model", "build", "LOADERS", "DATASETS", "MODELS")
    for node in tree.body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        name = getattr(node, "name", None) or getattr(targets[0], "id", None)
        if name in names:
            start = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
            return spliced(bundle, path, start, node.end_lineno or start, [])
    return None


@defect("sibling-import", "sibling-attribute", "certain-crash")
def renamed_import(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """An import of a sibling's name is misspelt."""
    text = bundle.derived["src/train.py"]
    names = [
        n
        for n in (
            "LOADERS",
            "DATASETS",
            "MODELS",
            "build",
            "models.create_model",
            "preprocess.get_data",
        )
        if n in text
    ]
    name = rng.choice(names)
    return with_file(bundle, "src/train.py", re.sub(rf"\b{re.escape(name)}\b", f"{name}_v2", text))


@defect("undefined-name", "certain-crash")
def dropped_import(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """An import of the standard library is gone."""
    path = rng.choice(CODE)
    found = re.findall(r"^import (json|yaml|subprocess|sys|torch)$", bundle.derived[path], re.M)
    used = [n for n in found if f"{n}." in bundle.derived[path].replace(f"import {n}", "")]
    return replaced(bundle, path, f"import {rng.choice(used)}\n", "") if used else None


@defect("undefined-name")
def misspelt_name(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A local variable is read under a wrong name."""
    path = rng.choice(["src/train.py", "src/evaluate.py", "src/model.py"])
    loads = [
        n for f in functions(bundle, path, 3) for n in ast.walk(f)
        if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load) and len(n.id) > 4
    ]  # fmt: skip
    if not loads:
        return None
    node = rng.choice(loads)
    line = bundle.derived[path].splitlines()[node.lineno - 1]
    column = len(line.encode()[: node.col_offset].decode())
    end = column + len(node.id)
    return spliced(
        bundle, path, node.lineno, node.lineno, [f"{line[:column]}{node.id}_x{line[end:]}"]
    )


@defect("missing-super-init", "certain-crash")
def dropped_super_init(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A module never initialises its base class."""
    return replaced(bundle, "src/model.py", "        super().__init__()\n", "")


@defect("call-signature", "certain-crash")
def extra_parameter(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A function that others call wants one more argument."""
    changes = [
        (
            "src/preprocess.py",
            "(options: dict, seed: int)",
            "(options: dict, seed: int, split: str)",
        ),
        ("src/model.py", "(self, data, lr):", "(self, data, lr, scheduler):"),
        ("src/model.py", "(cfg, data):", "(cfg, data, device):"),
        ("src/model.py", "n_outputs, method, seed, ", "n_outputs, method, device, seed, "),
    ]
    rng.shuffle(changes)
    results = (replaced(bundle, path, old, new) for path, old, new in changes)
    return next((r for r in results if r is not None), None)


@defect("missing-attribute", "certain-crash")
def misspelt_method(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A method is called under a wrong name."""
    calls = ["self._episode(", "self._probabilities(", "self._predict(", "self._loss(",
             "self._minimise_entropy(", "self.features("]  # fmt: skip
    found = [c for c in calls if c in bundle.derived["src/model.py"]]
    if not found:
        return None
    call = rng.choice(found)
    return replaced(bundle, "src/model.py", f" {call}", f" {call[:-1]}_all(")


@defect("missing-file", "sibling-import", "certain-crash")
def missing_file(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A file of the contract is missing."""
    return bundle.with_derived(bundle.derived.without(rng.choice(CODE)))


@defect("restored-base-file")
def restored_file(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A derived file is the base file again, with its placeholder."""
    path = rng.choice(["src/preprocess.py", "src/model.py", "config/smoke_test.yaml"])
    return with_file(bundle, path, bundle.base[path])


@defect("empty-file", "degenerate-file")
def empty_file(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A file holds nothing."""
    return with_file(bundle, rng.choice(CODE), rng.choice(["", "\n\n", "# evaluation\n"]))


@defect("lost-definition", "lost-feature", "undefined-name", severity="warning")
def dropped_base_function(bundle: Bundle, rng: random.Random) -> Bundle | None:
    """A function that base had is gone, with its call."""
    pairs = [
        ("set_seed", r"    set_seed\(.*\)\n"),
        ("save_curve", r"    save_curve\(.*\)\n"),
        ("plot", r"    plot\(.*\)\n"),
        ("save_checkpoint", r"            save_checkpoint\(.*\)\n"),
    ]
    text = bundle.derived["src/train.py"]
    found = [(n, c) for n, c in pairs if f"def {n}(" in text]
    if not found:
        return None
    name, call = rng.choice(found)
    text = re.sub(call, "", text)
    text = re.sub(rf"def {name}\(.*?\n\n\n", "", text, flags=re.S)
    return with_file(bundle, "src/train.py", text)

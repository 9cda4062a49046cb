"""Rewrites that keep the meaning: no new error may come of them."""

from __future__ import annotations

import ast
import random
import re
import subprocess
import sys
from collections.abc import Callable

import yaml
from defects import FULL, SMOKE

from ohgw_tools.bundle import Bundle

Rewrite = Callable[[Bundle, random.Random], Bundle]


def _python(bundle: Bundle, change: Callable[[str], str]) -> Bundle:
    files = {p: change(t) if p.endswith(".py") else t for p, t in bundle.derived.items()}
    return bundle.with_derived(type(bundle.derived)(files))


def unparsed(bundle: Bundle, rng: random.Random) -> Bundle:
    """Every Python file through ast.unparse: no comment, other quotes, other lines."""
    return _python(bundle, lambda text: ast.unparse(ast.parse(text)) + "\n")


def formatted(bundle: Bundle, rng: random.Random) -> Bundle:
    """Every Python file through a formatter, at 72 columns."""
    command = [sys.executable, "-m", "ruff", "format", "--line-length", "72", "-"]

    def change(text: str) -> str:
        done = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        return done.stdout

    return _python(bundle, change)


def yaml_sorted(bundle: Bundle, rng: random.Random) -> Bundle:
    """Both configurations dumped again, with sorted keys and in flow style where short."""
    tree = bundle.derived
    for path in (FULL, SMOKE):
        data = yaml.safe_load(tree[path])
        tree = tree.with_file(path, yaml.safe_dump(data, sort_keys=True, default_flow_style=None))
    return bundle.with_derived(tree)


def comments(bundle: Bundle, rng: random.Random) -> Bundle:
    """Harmless comments that speak of placeholders and tests."""
    lines = [
        "# No placeholders remain in this module.",
        "# The smoke test uses a dummy amount of data on purpose.",
        "# This replaces the former TODO list; nothing is left to do.",
    ]
    return _python(bundle, lambda text: text + "\n\n" + rng.choice(lines) + "\n")


def renamed_locals(bundle: Bundle, rng: random.Random) -> Bundle:
    """Local variables under other names."""
    names = {"history": "trajectory", "run_dir": "target_dir", "loss": "objective",
             "results": "outcomes", "folder": "directory", "log": "journal"}  # fmt: skip

    def change(text: str) -> str:
        tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                _rename(node, names)
        return ast.unparse(ast.fix_missing_locations(tree)) + "\n"

    return _python(bundle, change)


def _rename(function: ast.FunctionDef, names: dict[str, str]) -> None:
    arguments = {a.arg for a in ast.walk(function) if isinstance(a, ast.arg)}
    stored = {
        n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Name) and node.id in stored - arguments and node.id in names:
            node.id = names[node.id]


def reordered(bundle: Bundle, rng: random.Random) -> Bundle:
    """Functions and classes that nothing at module level uses, in another order."""

    def change(text: str) -> str:
        tree = ast.parse(text)
        kinds = (ast.FunctionDef, ast.ClassDef)
        places = [i for i, n in enumerate(tree.body) if isinstance(n, ast.FunctionDef)]
        used = {n.id for node in tree.body if not isinstance(node, ast.FunctionDef)
                for n in ast.walk(node) if isinstance(n, ast.Name)}  # fmt: skip
        wrappers = [d for n in tree.body if isinstance(n, kinds) for d in n.decorator_list]
        decorators = {n.id for d in wrappers for n in ast.walk(d) if isinstance(n, ast.Name)}
        free = [i for i in places if not tree.body[i].decorator_list
                and tree.body[i].name not in used | decorators]  # fmt: skip
        shuffled = [tree.body[i] for i in free]
        rng.shuffle(shuffled)
        for place, node in zip(free, shuffled, strict=True):
            tree.body[place] = node
        return ast.unparse(tree) + "\n"

    return _python(bundle, change)


def added_helper(bundle: Bundle, rng: random.Random) -> Bundle:
    """A helper in a file of its own, imported and used."""
    tree = bundle.derived.with_file(
        "src/timing.py",
        "import time\n\n\ndef stamp(label: str) -> str:\n"
        '    """Return the time with a label."""\n    return f"{label} {time.time():.0f}"\n',
    )
    text = tree["src/evaluate.py"]
    if "from __future__" in text:
        text = text.replace("import argparse", "from src.timing import stamp\nimport argparse", 1)
    else:
        text = re.sub(
            r"^(import argparse)", r"from src.timing import stamp\n\1", text, count=1, flags=re.M
        )
    text = text.replace("def main():\n", 'def main():\n    print(stamp("evaluation"))\n', 1)
    text = text.replace(
        "def main() -> None:\n", 'def main() -> None:\n    print(stamp("evaluation"))\n', 1
    )
    return bundle.with_derived(tree.with_file("src/evaluate.py", text))


def chain_to_registry(bundle: Bundle, rng: random.Random) -> Bundle:
    """An if-chain over names becomes a dict, a dict an if-chain."""
    text = bundle.derived["src/preprocess.py"]
    chain = re.compile(
        r'    if name == "([^"]+)":\n        return (\w+)\((.*)\)\n'
        r"    raise NotImplementedError\((.*)\)\n"
    )
    text = chain.sub(
        r'    registry = {"\1": \2}\n    if name not in registry:\n'
        r"        raise NotImplementedError(\4)\n    return registry[name](\3)\n",
        text,
    )
    model = bundle.derived["src/model.py"].replace(
        """    try:
        make = _BUILDERS[spec["type"]]
    except KeyError:
        raise NotImplementedError(f"no builder for {spec['type']}") from None
""",
        """    for known, make in _BUILDERS.items():
        if known == spec["type"]:
            break
    else:
        raise NotImplementedError(f"no builder for {spec['type']}")
""",
    )
    tree = bundle.derived.with_file("src/preprocess.py", text).with_file("src/model.py", model)
    return bundle.with_derived(tree)


def looser_dependencies(bundle: Bundle, rng: random.Random) -> Bundle:
    """Requirements with upper bounds and extras."""
    text = re.sub(r'"(\w+)>=([\d.]+)"', r'"\1>=\2,<99"', bundle.derived["pyproject.toml"])
    return bundle.with_derived(bundle.derived.with_file("pyproject.toml", text))


REWRITES: tuple[Rewrite, ...] = (
    unparsed, formatted, yaml_sorted, comments, renamed_locals, reordered, added_helper,
    chain_to_registry, looser_dependencies,
)  # fmt: skip

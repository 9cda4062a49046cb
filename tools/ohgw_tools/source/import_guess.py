"""ImportGuess: the one import statement that a name which nothing binds can come from."""

from __future__ import annotations

import ast
import sys

from ohgw_tools.source.python_file import Definition, PythonFile
from ohgw_tools.source.python_parse import parse_python
from ohgw_tools.source.siblings import absolute
from ohgw_tools.subject import Subject

# Names whose import is the same wherever they are used so. Conventions of the libraries' own
# documentation; nothing that two libraries share (`Dataset`, `load_model`) is here.
_KNOWN: dict[str, str] = {
    "np": "import numpy as np",
    "numpy": "import numpy",
    "pd": "import pandas as pd",
    "plt": "import matplotlib.pyplot as plt",
    "mpl": "import matplotlib as mpl",
    "matplotlib": "import matplotlib",
    "sns": "import seaborn as sns",
    "sp": "import scipy as sp",
    "yaml": "import yaml",
    "tqdm": "from tqdm import tqdm",
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "optim": "import torch.optim as optim",
    "torchvision": "import torchvision",
    "transformers": "import transformers",
    "datasets": "import datasets",
    "optuna": "import optuna",
    "DataLoader": "from torch.utils.data import DataLoader",
    "TensorDataset": "from torch.utils.data import TensorDataset",
    "random_split": "from torch.utils.data import random_split",
    "load_dataset": "from datasets import load_dataset",
    "AutoTokenizer": "from transformers import AutoTokenizer",
    "AutoModel": "from transformers import AutoModel",
    "AutoModelForCausalLM": "from transformers import AutoModelForCausalLM",
    "GPT2Config": "from transformers import GPT2Config",
    "GPT2LMHeadModel": "from transformers import GPT2LMHeadModel",
    "GPT2Tokenizer": "from transformers import GPT2Tokenizer",
    "GPT2TokenizerFast": "from transformers import GPT2TokenizerFast",
    "Path": "from pathlib import Path",
    "PurePath": "from pathlib import PurePath",
    "defaultdict": "from collections import defaultdict",
    "OrderedDict": "from collections import OrderedDict",
    "deque": "from collections import deque",
    "namedtuple": "from collections import namedtuple",
    "partial": "from functools import partial",
    "lru_cache": "from functools import lru_cache",
    "dataclass": "from dataclasses import dataclass",
    "asdict": "from dataclasses import asdict",
    "contextmanager": "from contextlib import contextmanager",
    "deepcopy": "from copy import deepcopy",
    "Enum": "from enum import Enum",
    "ABC": "from abc import ABC",
    "abstractmethod": "from abc import abstractmethod",
    "ThreadPoolExecutor": "from concurrent.futures import ThreadPoolExecutor",
}
_TYPING = (
    "Any Callable ClassVar Dict Final FrozenSet Generator Generic Iterable Iterator List Literal "
    "Mapping NamedTuple Optional Protocol Sequence Set Tuple Type TypeVar Union"
)
_KNOWN |= {name: f"from typing import {name}" for name in _TYPING.split()}
_BY_METHOD = {
    ("datetime", "datetime"): "import datetime",
    ("datetime", "now"): "from datetime import datetime",
    ("datetime", "utcnow"): "from datetime import datetime",
    ("datetime", "fromtimestamp"): "from datetime import datetime",
    ("datetime", "timedelta"): "import datetime",
    ("F", "cross_entropy"): "import torch.nn.functional as F",
    ("F", "softmax"): "import torch.nn.functional as F",
    ("F", "log_softmax"): "import torch.nn.functional as F",
    ("F", "relu"): "import torch.nn.functional as F",
    ("F", "gelu"): "import torch.nn.functional as F",
    ("F", "mse_loss"): "import torch.nn.functional as F",
    ("F", "pad"): "import torch.nn.functional as F",
    ("F", "kl_div"): "import torch.nn.functional as F",
    ("F", "nll_loss"): "import torch.nn.functional as F",
    ("F", "dropout"): "import torch.nn.functional as F",
    ("F", "interpolate"): "import torch.nn.functional as F",
    ("F", "one_hot"): "import torch.nn.functional as F",
    ("F", "normalize"): "import torch.nn.functional as F",
    ("transforms", "Compose"): "from torchvision import transforms",
    ("transforms", "ToTensor"): "from torchvision import transforms",
    ("Counter", "()"): "from collections import Counter",
    ("tqdm", "tqdm"): "import tqdm",
    ("time", "()"): "",
    ("copy", "()"): "",
}


def import_of(subject: Subject, path: str, name: str) -> str | None:
    """Return the import statement that binds `name` in the file at `path`, or None.

    Evidence is asked in this order, and the first that speaks decides: how the base file imports
    it, which one sibling defines it, how other files of the bundle import it (all the same way),
    what the standard library and convention make of it and of how it is used.
    """
    file, base = subject.python(path), subject.python(path, base=True)
    if file is None or file.tree is None:
        return None
    if base is not None and name in _definitions(base):
        return None
    if base is not None and (own := _imports(base).get(name)):
        return own if _resolves(subject, path, own) else None
    definers = [
        p for p, other in subject.python_files() if p != path and name in _definitions(other)
    ]
    if definers:
        return _from_sibling(subject, path, file, definers, name)
    ways = {
        statement
        for p, other in subject.python_files()
        if p != path and (statement := _imports(other).get(name))
    }
    if ways:
        return ways.pop() if len(ways) == 1 and "from ." not in next(iter(ways)) else None
    return _by_convention(file, name)


def _by_convention(file: PythonFile, name: str) -> str | None:
    uses = _uses(file, name)
    for use in uses:
        if (name, use) in _BY_METHOD:
            return _BY_METHOD[name, use] or None
    if name in _KNOWN:
        return _KNOWN[name]
    # A module is used by its attributes; one that is called or passed on may be anything.
    if name in sys.stdlib_module_names and uses and "()" not in uses and "" not in uses:
        return f"import {name}" if _has_all(name, uses) else None
    return None


def _uses(file: PythonFile, name: str) -> list[str]:
    """How a name is used: the attributes taken from it, `()` for a call, else an empty text."""
    found = []
    for node in file.nodes(ast.Name):
        if node.id != name or not isinstance(node.ctx, ast.Load):
            continue
        parent = file.parent(node)
        if isinstance(parent, ast.Attribute):
            found.append(parent.attr)
        else:
            found.append("()" if isinstance(parent, ast.Call) and parent.func is node else "")
    return found


def _has_all(module: str, attributes: list[str]) -> bool:
    """Whether a module of the standard library has these attributes; submodules count."""
    from importlib import import_module
    from importlib.util import find_spec

    if module.startswith("_") or module in ("this", "antigravity", "idlelib", "turtle", "tkinter"):
        return False
    loaded = import_module(module)
    return all(
        hasattr(loaded, a) or (hasattr(loaded, "__path__") and find_spec(f"{module}.{a}"))
        for a in attributes
    )


def _imports(file: PythonFile) -> dict[str, str]:
    """The import statements at the top of a file, one name each, by the name that they bind."""
    found = {}
    for node in file.tree.body if file.tree else ():
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname or "." not in alias.name:
                    found[alias.asname or alias.name] = ast.unparse(ast.Import(names=[alias]))
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                one = ast.ImportFrom(module=node.module, names=[alias], level=node.level)
                found[alias.asname or alias.name] = ast.unparse(one)
    return found


def _resolves(subject: Subject, path: str, statement: str) -> bool:
    """Whether an import from a sibling still finds its name there; others are not looked up."""
    node = parse_python(statement).body[0]
    if not isinstance(node, ast.ImportFrom):
        return True
    target = subject.modules.get(absolute(path, node))
    other = subject.python(target) if target else None
    if other is None:
        return not node.level
    return node.names[0].name in {*_definitions(other), *_imports(other)}


def _definitions(file: PythonFile) -> set[str]:
    names = set()
    for node in file.tree.body if file.tree else ():
        if isinstance(node, Definition):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return names


def _from_sibling(
    subject: Subject, path: str, file: PythonFile, definers: list[str], name: str
) -> str | None:
    """An import in the style of the file's others, unless it would be a circle."""
    if len(definers) != 1:
        return None
    target = definers[0]
    module = next((m for m, p in subject.modules.items() if p == target), None)
    if module is None or _reaches(subject, target, path):
        return None
    folder, stem = path.rpartition("/")[0], target.rpartition("/")[2].removesuffix(".py")
    relative = [
        n.level for n in file.nodes(ast.ImportFrom) if n.level or (n.module or "").startswith("src")
    ]
    same_folder = folder == target.rpartition("/")[0]
    if same_folder and folder and (not relative or any(relative)):
        return f"from .{stem} import {name}"
    return f"from {module} import {name}"


def _reaches(subject: Subject, start: str, goal: str) -> bool:
    """Whether importing the module at `start` imports the one at `goal`."""
    from ohgw_tools.source.siblings import imported_names

    stack, seen = [start], set()
    while stack:
        path = stack.pop()
        if path == goal:
            return True
        file = subject.python(path)
        if path in seen or file is None:
            continue
        seen.add(path)
        stack += [w.path for w in imported_names(subject, path, file) if w.path]
    return False

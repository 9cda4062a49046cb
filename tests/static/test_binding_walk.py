"""The quick pass over names never says that all are bound where pyflakes finds one that is not."""

import ast
import random
from pathlib import Path

import pytest
from pyflakes import checker, messages

from ohgw_tools.source.binding_walk import all_bound
from ohgw_tools.source.python_file import PythonFile

ROOT = Path(__file__).parents[2]
UNDEFINED = (messages.UndefinedName, messages.UndefinedLocal, messages.UndefinedExport)
OWN = sorted((ROOT / "tools" / "ohgw_tools").rglob("*.py"))

CLEAR = {
    "a function after its use": "def f():\n    return g()\ndef g():\n    return len(f.__name__)\n",
    "loops, contexts and handlers": (
        "import os as o\nfor a, *b in o.environ:\n    with open(a) as c:\n        print(b, c)\n"
        "try:\n    pass\nexcept OSError as e:\n    print(e)\n"
    ),
    "comprehensions and lambdas": (
        "r = [x + y for x in 'ab' for y in x if x]\nf = lambda q, *a: (q, a, r)\n"
    ),
    "a class": (
        "class A:\n    n: int = 1\n    m = n\n    def f(self) -> int:\n        return self.m\nA()\n"
    ),
    "typing": (
        "from typing import Optional\n"
        "def f(x: Optional[int] = None):\n    y: Optional[int] = x\n    return y\n"
    ),
}
UNCLEAR = {
    "a name of nothing": "print(gone)\n",
    "a use before": "print(x)\nx = 1\n",
    "a local use before": "x = 1\ndef f():\n    print(x)\n    x = 2\n",
    "a built-in made local later": "def f():\n    print(input)\n    input = 2\n",
    "augmented first": "def f():\n    n += 1\n",
    "a class in its own body": "class A:\n    b = A\n",
    "a class's name in a method": "class A:\n    n = 1\n    def f(self):\n        return n\n",
    "caught, after": "try:\n    pass\nexcept OSError as e:\n    pass\nprint(e)\n",
    "caught, later called": "try:\n    pass\nexcept OSError as e:\n    f = lambda: e\n",
    "deleted": "x = 1\ndel x\nprint(x)\n",
    "the second loop's name in its own iterable": "r = [y for x in 'ab' for y in y]\n",
    "a comprehension's name outside": "r = [x for x in 'ab']\nprint(x)\n",
    "declared alone": "x: int\nprint(x)\n",
    "an annotation in a string": "def f(x: 'Gone'):\n    return x\n",
    "a type in a string": "from typing import Optional as O\nx = O['Gone']\n",
    "a cast to a string": "import typing as t\nx = t.cast('Gone', 1)\n",
    "an alias in a string": "from typing import TypeAlias\nX: TypeAlias = 'Gone'\n",
    "exported": "__all__ = ['gone']\n",
    "a default of its own name": "def f(a=f):\n    return a\n",
}


def undefined(file):
    found = checker.Checker(file.tree, withDoctest=False).messages
    return [str(message) for message in found if isinstance(message, UNDEFINED)]


@pytest.mark.parametrize("text", CLEAR.values(), ids=CLEAR)
def test_plain_ways_of_binding_are_known(text):
    assert all_bound(PythonFile(text))
    assert not undefined(PythonFile(text))


@pytest.mark.parametrize("text", UNCLEAR.values(), ids=UNCLEAR)
def test_what_is_not_bound_is_never_passed(text):
    assert undefined(PythonFile(text))
    assert not all_bound(PythonFile(text))


def mutated(text, rng):
    """Rename, delete, reorder or mix names: most of the results lack a name."""
    tree = ast.parse(text)
    names = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    bodies = [n.body for n in ast.walk(tree) if isinstance(getattr(n, "body", 0), list) and n.body]
    kind = rng.randrange(4)
    if kind == 0 and names:
        rng.choice(names).id = "gone"
    elif kind == 1 and names:
        rng.choice(names).id = rng.choice(names).id
    elif bodies:
        body = rng.choice(bodies)
        body.pop(rng.randrange(len(body))) if kind == 2 else rng.shuffle(body)
    return ast.unparse(tree)


def test_of_many_files_and_their_mutants_none_is_passed_that_lacks_a_name():
    rng = random.Random(3)
    passed = lacking = 0
    for path in rng.sample(OWN, 60):
        text = path.read_text()
        for version in (text, mutated(text, rng), mutated(text, rng)):
            file = PythonFile(version)
            if file.tree is None:
                continue
            faults = undefined(file)
            lacking += bool(faults)
            if all_bound(PythonFile(version)):
                passed += 1
                assert not faults, path
    assert passed > 60
    assert lacking > 20

# ruff: noqa: E501 -- each case is one program on one line
"""What the interpreter calls certain happens when Python runs the same code, at the same line."""

import contextlib
import io
import traceback

import pytest
from interpreted import raised, run

# Programs of plain Python that end in an exception: the interpreter must say which, and where.
ENDING = {
    "key": 'd = {"a": 1}\nd["b"]',
    "nested key": 'd = {"a": {"b": 1}}\nx = d["a"]\nx["c"]',
    "index": "history = []\nfor epoch in range(0):\n    history.append(epoch)\nhistory[-1]",
    "index after rounds": "h = []\nfor e in range(2):\n    h.append(e)\nh[2]",
    "arity": "def pair():\n    return 1, 2\na, b, c = pair()",
    "missing argument": "def f(a, b):\n    return a\nf(1)",
    "keyword": "def f(a):\n    return a\nf(1, b=2)",
    "twice": "def f(a):\n    return a\nf(1, a=2)",
    "none": "def f():\n    x = 1\nf()['a']",
    "none arithmetic": 'd = {"a": 1}\nd.get("b") * 2.0',
    "text times float": 'lr = "1e-3"\nstep = 0.5 * lr',
    "text compared": 'limit = "3"\nif limit > 2:\n    pass',
    "range of text": 'for i in range("3"):\n    pass',
    "attribute": "class A:\n    def __init__(self):\n        self.x = 1\nA().y",
    "method": "class A:\n    def f(self):\n        return 1\nA().g()",
    "not callable": 'f = {"a": 1}\nf("a")',
    "int of text": 'int("a few")',
    "sum of text": 'sum(["a", 1])',
    "join of numbers": '",".join([1, 2])',
    "division": "rate = 1 / 0",
    "concatenation": '"epochs: " + 3',
    "assertion": 'name = "b"\nassert name in ("a", "c"), name',
    "registry": 'R = {"A": int}\nname = "b"\nif name.upper() not in R:\n    raise ValueError(name)',
    "chain": "def load(n):\n    if n == 'x':\n        return 1\n    raise NotImplementedError(n)\nload('y')",
    "class registry": "R = {}\ndef reg(n):\n    def wrap(c):\n        R[n] = c\n        return c\n"
    "    return wrap\n@reg('a')\nclass A:\n    pass\nR['b']",
    "dataclass": "from dataclasses import dataclass\n@dataclass\nclass C:\n    a: int\nC(b=1)",
    "partial": "from functools import partial\ndef f(a, b):\n    return a\npartial(f, 1)()",
    "one arm raises too": "import random\ndef f(x):\n    if random.random() > 2:\n        x['b']\n"
    "    return x['b']\nf({})",
    "match": "kind = 'c'\nmatch kind:\n    case 'a' | 'b':\n        x = 1\n    case _:\n"
    "        raise ValueError(kind)",
    "min of nothing": "min([])",
    "unhashable use": "len(5)",
    "lambda": "f = lambda a: a['x']\nf({})",
    "comprehension": "rows = [{'a': 1}]\n[r['b'] for r in rows]",
    "inheritance": "class B:\n    def go(self):\n        return self.step(1)\nclass A(B):\n"
    "    def step(self):\n        return 1\nA().go()",
    "super": "class B:\n    def __init__(self, x):\n        self.x = x\nclass A(B):\n"
    "    def __init__(self):\n        super().__init__()\nA()",
    "closure": "def outer():\n    n = {}\n    def inner():\n        return n['k']\n    return inner()\nouter()",
    "unknown data": "import random\nvalue = random.random()\nd = {'v': value}\nd['w']",
    "decorator that is none": "def reg(n):\n    pass\n@reg('a')\ndef f():\n    pass",
    "with": "import contextlib\nwith contextlib.nullcontext():\n    {}['a']",
    "finally": "try:\n    x = 1\nfinally:\n    {}['a']",
    "handler of another kind": "try:\n    {}['a']\nexcept ValueError:\n    pass",
}  # fmt: skip

# Programs that end well: nothing at all may be said of them.
RUNNING = {
    "guarded": "d = {}\ntry:\n    d['a']\nexcept KeyError:\n    pass",
    "random arm": "import random\nif random.random() > 2:\n    {}['a']",
    "membership": "d = {}\nif 'a' in d:\n    d['a']",
    "set in a loop": "d = {}\nfor k in ['a', 'b']:\n    d[k] = 1\nd['b']",
    "set by a callee": "def fill(d):\n    d['a'] = 1\nx = {}\nfill(x)\nx['a']",
    "set by unknown arm": "import random\nd = {}\nif random.random() < 2:\n    d['a'] = 1\nd['a']",
    "set by zip": "d = dict(zip(['a', 'b'], [1, 2]))\nd['a']",
    "default": "d = {}\nd.get('a', 0) + 1",
    "later global": "x = None\ndef set_x():\n    global x\n    x = {'a': 1}\nset_x()\nx['a']",
    "nonlocal": "def f():\n    n = 0\n    def g():\n        nonlocal n\n        n = {'a': 1}\n    g()\n    return n['a']\nf()",
    "early return": "def f(d):\n    if not d:\n        return None\n    return d['a']\nf({})",
    "loop that breaks": "import random\nfor i in range(100):\n    if random.random() < 2:\n        break\nelse:\n    raise ValueError",
    "counter": "n = 0\nfor i in range(50):\n    n += 1\nassert n == 50",
    "attribute in a loop": "class A:\n    n = 0\na = A()\nfor i in range(50):\n    a.n += 1\nassert a.n == 50",
    "history grows": "h = []\nfor i in range(40):\n    h.append(i)\nh[30]",
    "first differs": "h = []\nfor i in range(9):\n    r = {'i': i}\n    if i > 3:\n        r['late'] = 1\n    h.append(r)\nh[-1]['late']",
    "while": "n = 3\nwhile n:\n    n -= 1\nassert n == 0",
    "property": "class A:\n    @property\n    def x(self):\n        return {'a': 1}\nA().x['a']",
    "setattr": "class A:\n    def __init__(self, **kw):\n        for k, v in kw.items():\n            setattr(self, k, v)\nA(lr=1).lr",
    "getattr hook": "class A:\n    def __getattr__(self, name):\n        return 1\nA().anything",
    "default dict": "from collections import defaultdict\nd = defaultdict(list)\nd['a'].append(1)",
    "setdefault": "d = {}\nd.setdefault('a', []).append(1)\nd['a'][0]",
    "star": "def f(*args, **kwargs):\n    return kwargs.get('a'), args[0]\nf(1, 2, a=3)",
    "keyword only": "def f(*, a, b=1):\n    return a\nf(a=1)",
    "generator": "def g():\n    yield 1\nfor x in g():\n    assert x == 1",
    "sorted key": "rows = [{'a': 2}, {'a': 1}]\nsorted(rows, key=lambda r: r['a'])[0]['a']",
    "slot": "rows = [1, 2, 3]\na, *b = rows\nassert len(b) == 2",
    "walrus": "if (n := len([1])) == 1:\n    assert n == 1",
    "chained": "assert 1 < 2 < 3",
    "enum": "from enum import Enum\nclass K(Enum):\n    A = 'a'\nK('a')\nK['A']",
    "named tuple": "from typing import NamedTuple\nclass P(NamedTuple):\n    a: int\nP(1).a",
    "wrapped": "import functools\ndef deco(f):\n    @functools.wraps(f)\n    def inner(*a, **k):\n        return f(*a, **k)\n    return inner\n@deco\ndef g(x):\n    return x['a']\ng({'a': 1})",
    "context manager": "import contextlib\n@contextlib.contextmanager\ndef cm():\n    yield {'a': 1}\nwith cm() as d:\n    d['a']",
    "suppressed": "import contextlib\nwith contextlib.suppress(KeyError):\n    {}['a']",
    "both handlers": "import json\ntry:\n    x = json.loads('{')\nexcept ValueError:\n    x = {'a': 1}\nx['a']",
    "return in try": "def f():\n    try:\n        return int('3')\n    except ValueError:\n        return None\nassert f() == 3",
    "text methods": "assert 'a-b'.replace('-', '_').upper().split('_')[1] == 'B'",
    "aliasing": "a = []\nb = a\nb.append(1)\na[0]",
    "popped": "d = {'a': 1}\nv = d.pop('a')\nassert v == 1 and 'a' not in d",
    "deleted": "d = {'a': 1, 'b': 2}\ndel d['a']\nassert len(d) == 1",
    "class attribute": "class A:\n    R = {}\n    @classmethod\n    def add(cls, k):\n        cls.R[k] = 1\nA.add('x')\nA.R['x']",
    "optional": "x = None\nx = x or {'a': 1}\nx['a']",
    "continue": "out = []\nfor i in [1, 2, 3]:\n    if i == 2:\n        continue\n    out.append(i)\nassert out == [1, 3]",
    "stop iteration": "it = iter([1])\nnext(it)\nassert next(it, None) is None",
    "print of anything": "print({}, None, [1][0])",
    "memo": "log = []\ndef note(x):\n    log.append(x)\ndef a():\n    b()\ndef b():\n    c()\ndef c():\n    note(1)\n    note(1)\na()\nlog[1]",
}  # fmt: skip


def really(code: str) -> tuple[str, int] | None:
    """Run code of this file with Python; return the exception and its line, None if it ends well."""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(code, "<case>", "exec"), {"__name__": "__main__"})
        except Exception as error:  # noqa: BLE001 -- whatever the case raises is what is asked
            frames = traceback.extract_tb(error.__traceback__)
            lines = [f.lineno for f in frames if f.filename == "<case>"]
            return type(error).__name__, lines[-1] or 0
    return None


@pytest.mark.parametrize("name", ENDING)
def test_an_exception_on_every_path_is_reported_where_python_raises_it(name):
    expected = really(ENDING[name])
    assert expected is not None
    assert expected in raised(ENDING[name])


@pytest.mark.parametrize("name", RUNNING)
def test_nothing_is_said_of_a_program_that_ends_well(name):
    assert really(RUNNING[name]) is None
    assert raised(RUNNING[name]) == set()


def test_a_condition_of_a_library_makes_both_arms_possible():
    code = """
        import torch
        if torch.cuda.is_available():
            device = {"name": "cuda"}
        else:
            device = {"name": "cpu"}
        device["name"]
        device["memory"]
    """
    assert raised(code) == {("KeyError", 8)}


def test_after_a_crash_the_next_is_reported_as_behind_it():
    found = run("def f():\n    {}['a']\ndef g():\n    [][0]\nf()\ng()\n").exceptions
    full = [e for e in found if e.launch.program == "full"]
    assert [(e.exception, e.first) for e in full] == [("KeyError", True), ("IndexError", False)]

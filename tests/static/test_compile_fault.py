"""What only the compiler refuses is found statement by statement exactly where it is as a whole."""

import itertools

import pytest

from ohgw_tools.rules.python_syntax import _compile_fault
from ohgw_tools.source.python_file import PythonFile

FAULTS = [
    "return 5",
    "a = 1; return 5",
    "for i in []:\n    pass\nbreak",
    "def f(x, x): pass",
    "def f():\n    nonlocal y",
    "def f():\n    y = 1\n    global y",
    "y = 1\nglobal y",
    "def f():\n    from os import *",
    "g(x=1, x=2)",
    "@g(x=1, x=2)\ndef f(): pass",
    "def f():\n    await g()",
    "*a, *b = c",
    "try:\n    pass\nexcept:\n    pass\nexcept OSError:\n    pass",
    "match x:\n    case _:\n        pass\n    case 1:\n        pass",
    "import os\nfrom __future__ import annotations",
    "from __future__ import annotations, nonsense",
    "x = 1\nfrom __future__ import annotations",
    "from __future__ import annotations\ndef f(x: (yield)): pass",
    "class A:\n    def f(self):\n        yield\n        [(yield) for i in []]",
    "__debug__ = 1",
    "async def f():\n    pass\nasync with f(): pass",
]
GOOD = [
    '"""Text."""\nfrom __future__ import annotations\nimport os\ndef f(x: int):\n    return x',
    "from __future__ import annotations\nfrom __future__ import division\nx: int = 1",
    "from __future__ import division\nx = 1",
    "global y\ny = 1",
    '"""T."""\nfrom __future__ import annotations\nfrom __future__ import annotations\nx: int = 1',
    "a = 1; b = 2",
    "def f():\n    a = 1; return 5",
    "@g(x=1)\n@g(x=2)\nclass A:\n    pass",
]


def whole(text):
    try:
        compile(text, "<bundle>", "exec", dont_inherit=True)
    except SyntaxError as error:
        return error.lineno, error.msg
    return None


def found(text):
    fault = _compile_fault(PythonFile(text))
    return fault and (fault.line, fault.message)


@pytest.mark.parametrize("text", FAULTS)
def test_a_fault_is_that_of_the_whole_file(text):
    assert whole(text) is not None
    assert found(text) == whole(text)


@pytest.mark.parametrize("text", GOOD)
def test_what_compiles_has_none(text):
    assert whole(text) is None
    assert found(text) is None


def test_what_was_compiled_before_hides_nothing():
    for first, second in itertools.product([*GOOD, *FAULTS], repeat=2):
        text = f"{first}\n{second}\n"
        found(f"{first}\n")
        assert found(text) == whole(text), text

"""Code made to hang, blow up or confuse: the interpreter ends, says nothing false, runs nothing."""

import time
from pathlib import Path

import pytest
from interpreted import run

HOSTILE = {
    "endless loop": "while True:\n    x = 1",
    "endless recursion": "def f():\n    return f()\nf()",
    "mutual recursion": "def f(n):\n    return g(n + 1)\ndef g(n):\n    return f(n) + f(n)\nf(0)",
    "nested loops": "".join("    " * i + f"for v{i} in range(2):\n" for i in range(18))
    + "    " * 18 + "pass",
    "loops over lists": "x = list(range(90))\nfor a in x:\n    for b in x:\n        for c in x:\n"
    "            for d in x:\n                a + b",
    "long list": "x = [0] * 10**12",
    "long text": "x = 'a' * 10**12",
    "doubling text": "x = 'ab'\n" + "x = x + x\n" * 60,
    "doubling list": "x = [1]\n" + "x = x + x\n" * 60,
    "doubling tuple": "x = (1,)\n" + "x = x + x\n" * 60,
    "doubling pair": "x = (1,)\n" + "x = (x, x)\n" * 60 + "x == x\n[x] == [x]\nx in [x]",
    "shared dicts": "import json\nx = {}\n" + "x = {'a': x, 'b': x}\n" * 60
    + "y = json.loads(json.dumps(x))\nimport copy\ncopy.deepcopy(y)\nz.f(y)\nx == y",
    "shared lists": "import json\nx = []\n" + "x = [x, x]\n" * 60 + "json.loads(json.dumps(x))\n"
    + "for i in range(50):\n    x.append(x)\nprint(x[0])",
    "tower": "x = 9 ** 9 ** 9 ** 9",
    "shift": "x = 1 << 10**9",
    "big range": "x = [i for i in range(10**15)]",
    "wide format": "x = f'{1:>999999999}'",
    "justified": "x = 'a'.ljust(10**10)",
    "self in itself": "x = []\nx.append(x)\nd = {}\nd['d'] = d\nimport json\njson.dumps(d)\nx[0]",
    "cycle of bases": "class A: pass\nclass B(A): pass\nA.__bases__ = (B,)\nB().x",
    "deep attribute": "import a\nx = a" + ".b" * 900,
    "deep calls": "x = " + "f(" * 80 + ")" * 80,
    "deep lists": "x = " + "[" * 90 + "]" * 90,
    "deep sum": "x = " + " + ".join(["1"] * 900),
    "many branches": "import a\nx = 0\n" + "if a.b:\n    x = x + 1\n" * 400,
    "many arms": "import a\n" + "".join("    " * i + "if a.b:\n" for i in range(30))
    + "    " * 30 + "x = 1",
    "forged numbers": "class int: pass\nint.x",
    "strange names": "é = {}\nprint(é)\n𝒳 = 1\nprint(X)",
    "many processes": "import subprocess\nfor i in range(90):\n"
    "    subprocess.run(['python', '-m', 'src.main', str(i)])",
    "process starts itself": "import subprocess\nsubprocess.run(['python', '-m', 'src.main'])",
    "module imports itself": "import src.main\nfrom src.main import x",
    "print of a billion": "print('x' * 10**9 * 10)",
    "regular expression": "import re\nre.sub('(a+)+b', '', 'a' * 5000)",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_it_ends_within_its_budget(name):
    start = time.process_time()
    found = run(HOSTILE[name])
    assert time.process_time() - start < 30, "the interpreter has a budget of six seconds"
    assert not [reason for _, reason in found.aborted if reason.startswith("fault")]


def test_no_code_of_a_bundle_is_ever_run(tmp_path: Path):
    marker = tmp_path / "ran"
    run(f"""
        import os
        open({str(marker)!r}, "w").write("x")
        os.system("touch {marker}")
        eval("open({str(marker)!r}, 'w')")
        class Trap(str):
            def lower(self):
                open({str(marker)!r}, "w")
        Trap("x").lower()
        __import__("subprocess").run(["touch", {str(marker)!r}])
    """)
    assert not marker.exists()


def test_files_outside_the_bundle_are_never_read():
    found = run("x = open('/etc/passwd').read()\nassert 'root' not in x\nx['a']")
    assert all("root:" not in e.message for e in found.exceptions)

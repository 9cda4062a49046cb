"""Idioms of Python that end well: whatever the interpreter cannot follow, it must be silent on."""

import subprocess
import sys
from pathlib import Path

import pytest
from interpreted import raised

LINES = Path(__file__).with_name("idioms.txt").read_text("utf-8").splitlines()
PROGRAMS = [line for line in LINES if not line.startswith(("#", "---"))]
PLAIN = PROGRAMS[: LINES.index("---") - sum(line.startswith("#") for line in LINES)]
RUN_ALL = """
import os, sys, types
for program in sys.stdin.read().splitlines():
    main = sys.modules["__main__"] = types.ModuleType("__main__")
    main.__file__ = os.path.abspath("program.py")
    try:
        exec(compile(program.replace("\\\\n", "\\n"), "program", "exec"), main.__dict__)
    except BaseException as error:
        print(program, repr(error))
"""


@pytest.mark.parametrize("program", PROGRAMS)
def test_nothing_is_certain_of_an_idiom_that_ends_well(program):
    assert raised(program.replace("\\n", "\n")) == set()


def test_python_runs_them_without_an_error(tmp_path):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RUN_ALL],
        input="\n".join(PLAIN),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=100,
    )
    failed = [line for line in done.stdout.splitlines() if line.startswith(tuple(PLAIN))]
    assert done.returncode == 0, done.stderr
    assert not failed, "\n".join(failed)

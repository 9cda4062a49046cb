"""Programs that end in an exception: what is said of them is what Python does, at the same line."""

import contextlib
import io
import traceback
from pathlib import Path

import pytest
from interpreted import raised

LINES = Path(__file__).with_name("endings.txt").read_text("utf-8").splitlines()
PROGRAMS = [line for line in LINES if not line.startswith(("#", "---"))]
PLAIN = PROGRAMS[: LINES.index("---") - sum(line.startswith("#") for line in LINES)]


def as_python_ends(code):
    """Return the exception and line with which Python ends the program."""
    with contextlib.redirect_stdout(io.StringIO()), pytest.raises(Exception) as caught:  # noqa: PT011 -- any
        exec(compile(code, "program", "exec"), {"__name__": "__main__"})
    frames = traceback.extract_tb(caught.value.__traceback__)
    line = [f.lineno for f in frames if f.filename == "program"][-1]
    return type(caught.value).__name__, line


@pytest.mark.parametrize("program", PLAIN)
def test_the_exception_that_python_raises_is_certain(program):
    code = program.replace("\\n", "\n")
    assert raised(code) == {as_python_ends(code)}


@pytest.mark.parametrize("program", PROGRAMS[len(PLAIN) :])
def test_an_exception_of_a_library_is_certain(program):
    ending, _, code = program.partition(" <- ")
    exception, _, line = ending.partition(" ")
    assert raised(code.replace("\\n", "\n")) == {(exception, int(line))}

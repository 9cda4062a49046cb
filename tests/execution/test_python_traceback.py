"""Tracebacks in text: found, chained, and placed at the bundle's deepest line."""

import subprocess
import sys
import traceback as standard

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohgw_tools.running.python_traceback import MAX_TRACEBACKS, find_tracebacks

FILES = {"src/train.py", "src/model.py", "src/main.py"}


def printed(code):
    """What Python itself prints for a program below the work directory."""
    text = f"exec(compile({code!r}, '/work/src/train.py', 'exec'), {{'__name__': 'src.train'}})"
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True).stderr


def test_the_deepest_line_of_the_bundle():
    (found,) = find_tracebacks(printed("import json\n\ndef f():\n    json.loads('{')\n\nf()\n"))
    assert (found.short_type, found.line_in(FILES)) == ("JSONDecodeError", ("src/train.py", 4))
    assert found.type == "json.decoder.JSONDecodeError"


def test_a_syntax_error_has_its_own_line():
    code = "compile('x = (\\n', '/work/src/model.py', 'exec')"
    (found,) = find_tracebacks(printed(code))
    assert found.line_in(FILES) == ("src/model.py", 1)


@pytest.mark.parametrize(("how", "same"), [("from error", True), ("", True), ("from None", False)])
def test_a_chain_leads_to_its_root(how, same):
    code = f"try:\n    {{}}['a']\nexcept KeyError as error:\n    raise RuntimeError('b') {how}\n"
    (found,) = find_tracebacks(printed(code))
    assert found.type == "RuntimeError"
    assert (found.root.type == "KeyError") is same


def test_messages_of_several_lines_are_kept():
    code = "raise RuntimeError('Error(s) in loading:\\n\\tMissing key: w\\n\\tsize mismatch')"
    (found,) = find_tracebacks(printed(code))
    assert found.message == "Error(s) in loading:\n\tMissing key: w\n\tsize mismatch"


def test_a_crash_of_the_interpreter_has_a_place():
    text = printed("import faulthandler, os\nfaulthandler.enable()\n\nos.abort()\n")
    (found,) = find_tracebacks(text)
    assert (found.message, found.line_in(FILES)) == ("Aborted", ("src/train.py", 4))


def test_lines_with_a_prefix_as_launchers_write_them():
    plain = printed("raise ValueError('x')")
    text = "".join(f"[rank0]: {line}" for line in plain.splitlines(keepends=True))
    assert [t.type for t in find_tracebacks(text)] == ["ValueError"]


def test_several_tracebacks_among_other_lines():
    text = "start\n" + printed("1 / 0") + "more\n" + printed("[][1]") + "end"
    assert [t.type for t in find_tracebacks(text)] == ["ZeroDivisionError", "IndexError"]


def test_a_flood_of_them_is_bounded():
    text = "Traceback (most recent call last):\nValueError: x\n" * 5000
    assert len(find_tracebacks(text)) == MAX_TRACEBACKS


def test_a_deep_recursion_is_one_traceback():
    (found,) = find_tracebacks(printed("def f():\n    f()\nf()\n"))
    assert (found.type, found.line_in(FILES)) == ("RecursionError", ("src/train.py", 2))
    assert len(found.excerpt) < 4000


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(text):
    head = "Traceback (most recent call last):\n"
    for candidate in (text, head + text, head + '  File "x", line 3\n' + text):
        find_tracebacks(candidate)


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "Zs"]), max_size=80))
def test_any_message_of_one_line_comes_back(message):
    try:
        raise ValueError(message)
    except ValueError as error:
        text = "".join(standard.format_exception(error))
    (found,) = find_tracebacks(text)
    assert found.message == (message if message else "")

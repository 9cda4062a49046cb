"""JSON that a program left behind: bombs are refused, and every number is found."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohgw_tools.running.artifact_json import MAX_BYTES, MAX_DEPTH, NotJson, numbers, read


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b"{", "Expecting"),
        (b"\xff\xfe1", "not UTF-8"),
        (b"[" * 100_000, "levels deep"),
        (b'{"a":' * 100_000, "levels deep"),
        (b"9" * 5000, "digits"),
        (b"1" * (MAX_BYTES + 1), "MiB"),
        (b"nan", "Expecting"),
    ],
)
def test_what_is_not_read(content, words):
    with pytest.raises(NotJson, match=words):
        read(content)


def test_brackets_in_strings_are_not_depth():
    text = json.dumps({"log": '[{"' * 10_000, "x": 1})
    assert list(numbers(read(text.encode()))) == [("x", 1.0)]
    assert read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)


def test_numbers_that_json_does_not_have_are_seen():
    value = read(b'{"a": NaN, "b": [Infinity, -Infinity, 1e999], "c": true}')
    found = dict(numbers(value))
    assert math.isnan(found["a"])
    assert [found[f"b[{i}]"] for i in range(3)] == [math.inf, -math.inf, math.inf]
    assert "c" not in found


def test_a_huge_integer_is_not_an_error():
    assert list(numbers(read(b"[" + b"9" * 390 + b"]"))) == [("[0]", math.inf)]


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers(-(2**60), 2**60) | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=20,
    )
)
def test_whatever_python_writes_is_read(value):
    again = read(json.dumps(value).encode())
    assert len(list(numbers(again))) == len(list(numbers(value)))

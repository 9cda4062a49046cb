from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ohgw_agent.trace.alignment import kept

LINES = st.lists(st.sampled_from(["a\n", "b\n", "\n", "  c\n", "    d\n", "}\n"]), max_size=30)


@given(LINES, LINES)
def test_kept_lines_are_equal_and_in_order(old: list[str], new: list[str]) -> None:
    found = kept(old, new)
    assert len(found) == len(new)
    there = [(origin, line) for origin, line in zip(found, new, strict=True) if origin is not None]
    assert all(old[origin] == line for origin, line in there)
    origins = [origin for origin, _ in there]
    assert origins == sorted(set(origins))


@given(LINES)
def test_equal_texts_keep_every_line(lines: list[str]) -> None:
    assert kept(lines, lines) == list(range(len(lines)))


def test_new_function_takes_the_blank_lines_before_it() -> None:
    old = ["def a():\n", "    return 1\n", "\n", "def c():\n", "    return 3\n"]
    new = [*old[:3], "def b():\n", "    return 2\n", "\n", *old[3:]]
    assert kept(old, new) == [0, 1, 2, None, None, None, 3, 4]


def test_text_without_anything_in_common() -> None:
    assert kept(["a\n"], ["b\n", "c\n"]) == [None, None]
    assert kept([], ["b\n"]) == [None]
    assert kept(["a\n"], []) == []

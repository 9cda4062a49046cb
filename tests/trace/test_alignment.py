from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohgw_agent.trace import edit_path
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


def longest_common(a: list[str], b: list[str]) -> int:
    """By the table of all beginnings."""
    row = [0] * (len(b) + 1)
    for x in a:
        last = 0
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], last + 1 if x == y else max(row[j], row[j - 1])
    return row[-1]


@pytest.mark.parametrize("letters", ["ab", "abcd", "abcdefghijklmnop"])
def test_edit_paths_are_the_shortest(letters: str) -> None:
    rng = random.Random(len(letters))
    for _ in range(300):
        a = [rng.choice(letters) for _ in range(rng.randrange(14))]
        b = [rng.choice(letters) for _ in range(rng.randrange(14))]
        runs = edit_path._Search(list(a), list(b)).common()
        assert runs is not None
        for i, j, size in runs:
            assert a[i : i + size] == b[j : j + size]
        assert sum(size for _, _, size in runs) == longest_common(a, b)


def test_what_stays_is_the_same_in_both_texts() -> None:
    rng = random.Random(5)
    for _ in range(200):
        a = [rng.choice(["", "", "", "x", "y", "z", "1", "2"]) for _ in range(rng.randrange(60))]
        b = [rng.choice(["", "", "", "x", "y", "w", "1", "3"]) for _ in range(rng.randrange(60))]
        found = edit_path.changed(a, b)
        assert found is not None
        gone, come = found
        assert [x for x, g in zip(a, gone, strict=True) if not g] == [
            y for y, c in zip(b, come, strict=True) if not c
        ]


def test_texts_far_apart_are_aligned_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edit_path, "MOST_STEPS", 50)
    lines = [str(n) for n in range(200)]
    mixed = random.Random(3).sample(lines, 200)
    assert edit_path.changed(lines, mixed) is None
    origins = [origin for origin in kept(lines, mixed) if origin is not None]
    assert len(origins) > 5
    assert origins == sorted(origins)

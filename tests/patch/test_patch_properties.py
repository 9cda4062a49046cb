from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from slip_corpus import right_edits, tree

from ohgw_tools.edit import Edit, Patch, RemoveKey, ReplaceText, SetKey, WriteFile
from ohgw_tools.editing import key_path, toml_edit, yaml_edit
from ohgw_tools.editing.patch import Applied, apply
from ohgw_tools.editing.patch_text import read_patch
from ohgw_tools.editing.refusal import reasons_of
from ohgw_tools.errors import PatchRejected
from ohgw_tools.tree import Tree

FILES = tree()
RIGHT = [ReplaceText(path=r.path, search=r.old, replace=r.new) for r in right_edits(FILES)]
FULL = "config/full_experiment.yaml"
BAD: list[Edit] = [
    ReplaceText(path="src/train.py", search="no such line\n", replace="x\n"),
    ReplaceText(path="src/train.py", search="import yaml\n", replace="import (\n"),
    ReplaceText(path="src/train.py", search="import yaml\n", replace="# ... rest unchanged\n"),
    ReplaceText(path="../train.py", search="import yaml\n", replace="x\n"),
    SetKey(path=FULL, key=("runs", 99, "seed"), value=1),
    RemoveKey(path=FULL, key=("nothing",)),
    WriteFile(path="src/train.py", content="x = 1\n"),
    WriteFile(path="src/new.py", content="x = (\n"),
]


@given(
    good=st.lists(st.sampled_from(RIGHT), unique_by=lambda e: e.path, max_size=5),
    bad=st.sampled_from(BAD),
    at=st.integers(0, 5),
)
@settings(max_examples=60, deadline=None)
def test_one_bad_edit_refuses_them_all(good: list[Edit], bad: Edit, at: int) -> None:
    edits = [*good[:at], bad, *good[at:]]
    before = FILES.digest
    with pytest.raises(PatchRejected) as caught:
        apply(FILES, Patch(edits=tuple(edits)))
    assert edits.index(bad) in {reason.edit for reason in reasons_of(caught.value)}
    assert Tree(dict(FILES)).digest == before


@given(st.lists(st.sampled_from(RIGHT), unique_by=lambda e: e.path, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None)
def test_good_edits_change_their_lines_and_nothing_else(edits: list[ReplaceText]) -> None:
    wanted = dict(FILES)
    for edit in edits:
        wanted[edit.path] = wanted[edit.path].replace(edit.search, edit.replace)
    applied = apply(FILES, Patch(edits=tuple(edits)))
    assert dict(applied.tree) == wanted
    assert applied.notes == ()
    assert _rebuilt(applied) == wanted


def _rebuilt(applied: Applied) -> dict[str, str]:
    """The old files with the hunks' lines taken from the new ones."""
    files = dict(FILES)
    for path in files:
        old, new = files[path].splitlines(True), applied.tree[path].splitlines(True)
        for hunk in reversed([h for h in applied.hunks if h.path == path]):
            start = hunk.old_start - (hunk.old_lines > 0)
            fresh = hunk.new_start - (hunk.new_lines > 0)
            old[start : start + hunk.old_lines] = new[fresh : fresh + hunk.new_lines]
        files[path] = "".join(old)
    return files


KEYS = st.text("abcdef_", min_size=1, max_size=6)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12).filter(lambda t: all(c.isprintable() or c == "\n" for c in t)),
    st.sampled_from(
        ["1e-3", "yes", "null", "~", "- x", "a: b", "# c", "'", '"', "{", "2020-01-01"]
    ),
)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(KEYS, DATA, min_size=1, max_size=4)


def _paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key, inner in value.items():
            found += _paths(inner, (*path, key))
    if isinstance(value, list):
        for index, inner in enumerate(value):
            found += _paths(inner, (*path, index))
    return found


def _text(data: dict[str, Any], flow: bool | None, comments: bool) -> str:
    text: str = yaml.safe_dump(data, default_flow_style=flow, sort_keys=False, allow_unicode=True)
    if not comments or "\n\n" in text:
        return text
    commented = "".join(f"# {n}\n{x}" for n, x in enumerate(text.splitlines(True)))
    return commented if _loads(commented) == data else text


def _loads(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return object()


@given(DOCUMENTS, st.data(), DATA, st.sampled_from([None, True, False]), st.booleans())
@settings(max_examples=250, deadline=None)
def test_yaml_set_then_get(
    data: dict[str, Any], draw: st.DataObject, value: Any, flow: bool | None, comments: bool
) -> None:
    text = _text(data, flow, comments)
    key = draw.draw(st.sampled_from(_paths(data)))
    try:
        changed = yaml_edit.set_key(text, key, value)
    except PatchRejected:
        return
    assert key_path.same(
        yaml.safe_load(changed), key_path.with_value(yaml.safe_load(text), key, value)
    )


@given(DOCUMENTS, st.sampled_from([None, False]), st.booleans(), st.integers(0, 9))
@settings(max_examples=150, deadline=None)
def test_yaml_new_key_and_its_removal_leave_no_trace(
    data: dict[str, Any], flow: bool | None, comments: bool, value: int
) -> None:
    text = _text(data, flow, comments)
    added = yaml_edit.set_key(text, ("zz_new",), value)
    assert added.startswith(text.rstrip("\n")) or f"zz_new: {value}" in added
    assert yaml_edit.remove_key(added, ("zz_new",)) == text


def test_yaml_edits_are_seldom_refused() -> None:
    """On plain documents (no anchors) every key that is there can be set."""
    data = yaml.safe_load(FILES[FULL])
    for key in _paths(data):
        assert key_path.value_at(yaml.safe_load(yaml_edit.set_key(FILES[FULL], key, 7)), key) == 7


@given(KEYS, st.one_of(st.integers(), st.booleans(), st.text("abc \"'\\#", max_size=9)))
@settings(max_examples=60, deadline=None)
def test_toml_set_keeps_all_other_lines(key: str, value: Any) -> None:
    text = FILES["pyproject.toml"]
    changed = toml_edit.set_key(text, ("tool", "x", key), value)
    assert changed.startswith(text.rstrip("\n"))


PIECES = st.sampled_from(
    [
        "FILE: src/train.py\n",
        "src/model.py\n",
        "<<<<<<< SEARCH\n",
        "=======\n",
        ">>>>>>> REPLACE\n",
        "```python\n",
        "```\n",
        "~~~\n",
        "REPLACE DEFINITION src/model.py create_model\n",
        "INSERT DEFINITION src/model.py AFTER x\n",
        "REMOVE DEFINITION src/model.py x.y\n",
        "SET KEY config/full_experiment.yaml runs[0].seed = 1\n",
        "SET KEY pyproject.toml a[\n",
        "ADD IMPORT src/train.py\n",
        "NEW FILE src/n.py\n",
        "--- a/src/train.py\n+++ b/src/train.py\n",
        "--- a/x\n+++ /dev/null\n",
        "diff --git a b\n",
        "@@ -1 +1 @@\n",
        "-import yaml\n",
        "+import json\n",
        " x\n",
        "import os\n",
        "x = 1\n",
        "\n",
        '{"edits": [\n',
        "ANSWERS: 0123456789abcdef\n",
        "\x00\ufeff\u2028\n",
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=20)), max_size=14))
@settings(max_examples=500, deadline=None)
def test_any_answer_is_read_or_refused(pieces: list[str]) -> None:
    try:
        applied = apply(FILES, read_patch("".join(pieces), FILES))
    except PatchRejected:
        return
    assert applied.tree != FILES


BOMB = (
    "{a0: &a0 [x, x, x, x, x, x, x, x, x, x]"
    + "".join(f", a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12))
    + "}"
)


@pytest.mark.parametrize("value", [BOMB, "&a [*a]", "{a: &a {b: *a}}"])
@pytest.mark.parametrize("verb", ["SET KEY {} runs[0].x = {}", "APPEND ITEM {} runs = {}"])
def test_a_value_that_no_memory_holds_is_refused(verb: str, value: str) -> None:
    """Aliases of aliases: thirteen short lists stand for a million million values."""
    with pytest.raises(PatchRejected, match="the value is not YAML"):
        read_patch(verb.format(FULL, value), FILES)


@pytest.mark.parametrize(
    "text",
    [
        "FILE: src/marked.py\n<<<<<<< SEARCH\ny = 2\n=======\ny = 3\n>>>>>>> REPLACE\n",
        "FILE: src/marked.py\n<<<<<<< SEARCH\nx = 1\n=======\nx = 3\n>>>>>>> REPLACE\n",
        "REPLACE DEFINITION src/marked.py f\n```python\ndef f():\n    return 3\n```\n",
        "ADD IMPORT src/marked.py: import os\n",
    ],
)
def test_a_file_with_a_byte_order_mark_can_be_edited_and_keeps_it(text: str) -> None:
    before = FILES.with_file("src/marked.py", "\ufeffx = 1\ny = 2\n\n\ndef f():\n    return 1\n")
    after = apply(before, read_patch(text, before)).tree["src/marked.py"]
    assert after.startswith("\ufeff")
    assert after.count("\ufeff") == 1
    assert len(after.splitlines()) >= 6
    compile(after.encode(), "marked.py", "exec")

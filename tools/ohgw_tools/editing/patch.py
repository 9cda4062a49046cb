"""Patch: apply edits to a tree, whole or not at all, with the lines that each edit changed.

Each refusal is an `ohgw_tools.editing.refusal.Refusal`; `PatchRejected` carries all of them.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

from ohgw_tools.bundles.bundle_file import MAX_BUNDLE_BYTES, MAX_FILE_BYTES, MAX_FILES
from ohgw_tools.edit import (
    AddImport,
    AppendItem,
    Edit,
    InsertDefinition,
    Patch,
    RemoveDefinition,
    RemoveKey,
    ReplaceDefinition,
    ReplaceText,
    SetKey,
    WriteFile,
)
from ohgw_tools.editing import edit_path
from ohgw_tools.editing.hunk import Hunk, LineHistory
from ohgw_tools.editing.lazy_text import new_lazy_lines
from ohgw_tools.editing.line_ending import restored, to_lf
from ohgw_tools.editing.refusal import Refusal, reasons_of, refused
from ohgw_tools.errors import PatchRejected
from ohgw_tools.frozen import FROZEN
from ohgw_tools.source.syntax import fault_of
from ohgw_tools.tree import Tree, sha256

__all__ = ["Applied", "Hunk", "Note", "PatchRejected", "Refusal", "apply"]

MAX_EDITS = 200
BOM = "\ufeff"


class Note(BaseModel):
    """A slip in an edit that left no doubt, and was repaired."""

    model_config = FROZEN

    edit: int
    text: str


class Applied(BaseModel):
    """The tree with the patch in it, the lines changed, and the slips repaired on the way."""

    model_config = ConfigDict(**FROZEN, arbitrary_types_allowed=True)

    tree: Tree
    hunks: tuple[Hunk, ...] = ()
    notes: tuple[Note, ...] = ()


def apply(tree: Tree, patch: Patch) -> Applied:
    """Apply all edits in their order, each to what the ones before it left.

    Raises PatchRejected with a Refusal for every edit at fault; the tree is then as it was. Files
    that an edit touched must parse afterwards, and no elision (`...`, `rest unchanged`) gets in.
    """
    if len(patch.edits) > MAX_EDITS:
        raise refused("too-large", f"{len(patch.edits)} edits; at most {MAX_EDITS} apply at once")
    files: dict[str, LineHistory] = {}
    current = tree
    reasons: list[Refusal] = []
    notes: list[Note] = []
    touched: dict[str, list[tuple[int, str]]] = {}
    for number, edit in enumerate(patch.edits):
        try:
            path, text, said = _edited(edit, current, tree)
        except PatchRejected as error:
            reasons += reasons_of(error, number, edit.path)
            continue
        notes += [Note(edit=number, text=note) for note in said]
        history = files.setdefault(path, LineHistory(path, tree.get(path, "")))
        history.record(number, text)
        touched.setdefault(path, []).append((number, text))
        current = current.with_file(path, text)
    reasons += _faults(tree, current, touched) if not reasons else []
    if reasons:
        raise PatchRejected(tuple(reasons))
    if current == tree:
        raise refused("no-change", "the patch changes nothing; every edit is in the files already")
    hunks = [hunk for path in sorted(files) for hunk in files[path].hunks()]
    return Applied(tree=current, hunks=tuple(hunks), notes=tuple(notes))


def _edited(edit: Edit, current: Tree, before: Tree) -> tuple[str, str, tuple[str, ...]]:
    """The path, the file's new text, and the slips repaired. Raises PatchRejected."""
    if isinstance(edit, WriteFile):
        return _written(edit, current)
    path = edit_path.existing(edit.path, current)
    said = () if path == edit.path else (f"path {edit.path!r} read as {path!r}",)
    old = current[path]
    mark = BOM if old.startswith(BOM) else ""
    plain = to_lf(old.removeprefix(BOM))
    new, slips = _changed(edit, path, plain)
    if new == plain and not isinstance(edit, AddImport):
        raise refused("no-change", "the edit changes nothing; the file holds that already")
    text = old if new == plain else mark + restored(old.removeprefix(BOM), new)
    return path, text, (*said, *slips)


def _changed(edit: Edit, path: str, text: str) -> tuple[str, tuple[str, ...]]:
    """The new text (LF) and the slips repaired. Editors are imported when they are needed."""
    if isinstance(edit, ReplaceText):
        from ohgw_tools.editing.text_match import locate

        match = locate(to_lf(edit.search), to_lf(edit.replace), text)
        return text[: match.start] + match.replacement + text[match.end :], match.notes
    if isinstance(edit, AddImport):
        return _with_imports(text, (edit.statement,))
    if isinstance(edit, SetKey | RemoveKey | AppendItem):
        return _rekeyed(edit, path, text), ()
    if isinstance(edit, WriteFile):
        raise AssertionError("whole files are written by _written")
    return _redefined(edit, path, text)


def _redefined(
    edit: ReplaceDefinition | InsertDefinition | RemoveDefinition, path: str, text: str
) -> tuple[str, tuple[str, ...]]:
    from ohgw_tools.editing import definition_edit

    if not path.endswith(".py"):
        raise refused("bad-code", "only Python files hold definitions; use SEARCH/REPLACE")
    if isinstance(edit, ReplaceDefinition):
        outcome = definition_edit.replace(text, edit.name, to_lf(edit.code))
    elif isinstance(edit, InsertDefinition):
        outcome = definition_edit.insert(text, to_lf(edit.code), edit.anchor, edit.where)
    else:
        outcome = definition_edit.remove(text, edit.name)
    new, said = _with_imports(outcome.text, outcome.imports)
    return new, (*outcome.notes, *said)


def _with_imports(text: str, statements: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    from ohgw_tools.editing.import_edit import add

    said = []
    for statement in statements:
        new = add(text, statement)
        if new is None:
            said.append(f"{statement.strip()!r} is there already")
        else:
            text = new
    return text, tuple(said)


def _rekeyed(edit: SetKey | RemoveKey | AppendItem, path: str, text: str) -> str:
    if path.endswith((".yaml", ".yml")):
        from ohgw_tools.editing import yaml_edit as editor
    elif path.endswith(".toml"):
        from ohgw_tools.editing import toml_edit as editor  # type: ignore[no-redef]
    else:
        raise refused("bad-code", "only YAML and TOML files hold keys; use SEARCH/REPLACE")
    if isinstance(edit, SetKey):
        return editor.set_key(text, edit.key, edit.value)
    if isinstance(edit, RemoveKey):
        return editor.remove_key(text, edit.key)
    return editor.append_item(text, edit.key, edit.value)


def _written(edit: WriteFile, current: Tree) -> tuple[str, str, tuple[str, ...]]:
    if edit.over is None:
        path = edit_path.new(edit.path, current)
    else:
        path = edit_path.existing(edit.path, current)
        present = sha256(current[path].encode())
        if edit.over != present:
            advice = f"the file's digest is {present} now; look at it again"
            raise refused("stale-file", advice)
    said = () if path == edit.path else (f"path {edit.path!r} read as {path!r}",)
    if current.get(path) == edit.content:
        raise refused("no-change", "the file holds that already")
    return path, edit.content, said


def _faults(before: Tree, after: Tree, touched: dict[str, list[tuple[int, str]]]) -> list[Refusal]:
    """What is wrong with the files that were touched, now that all edits are in them."""
    found = []
    for path, states in touched.items():
        last, text = states[-1][0], after[path]
        size = len(text.encode(errors="replace"))
        if size > MAX_FILE_BYTES:
            found.append(_fault(last, path, "too-large", f"the file would have {size} bytes"))
            continue
        try:
            text.encode()
        except UnicodeEncodeError:
            found.append(_fault(last, path, "bad-code", "the text holds a lone surrogate"))
            continue
        old = to_lf(before.get(path, ""))
        lazy = new_lazy_lines(path, old, to_lf(text))
        if lazy:
            last = next(n for n, t in states if new_lazy_lines(path, old, to_lf(t)))
            shown = "; ".join(f"line {n}: {line[:100]!r}" for n, line in lazy[:5])
            advice = "send the code itself, in full; leave lines that stay out of the block"
            found.append(_fault(last, path, "lazy-text", f"{shown} stands for code; {advice}"))
            continue
        fault = fault_of(path, text)
        if fault:
            last = _breaker(path, before.get(path, ""), states)
            advice = "as the file would stand after the patch; send the block again, whole"
            found.append(_fault(last, path, "does-not-parse", f"{fault} ({advice})"))
    total = sum(len(text.encode(errors="replace")) for text in after.values())
    if total > MAX_BUNDLE_BYTES or len(after) > MAX_FILES:
        found.append(Refusal(code="too-large", message="the bundle would pass its limits"))
    return found


def _breaker(path: str, before: str, states: list[tuple[int, str]]) -> int:
    """The last edit that found the file readable and left it otherwise; else the last of all."""
    texts = [before, *(text for _, text in states)]
    for at in range(len(states) - 1, -1, -1):
        if fault_of(path, texts[at + 1]) and not fault_of(path, texts[at]):
            return states[at][0]
    return states[-1][0]


def _fault(edit: int, path: str, code: str, message: str) -> Refusal:
    return Refusal.model_validate({"edit": edit, "path": path, "code": code, "message": message})

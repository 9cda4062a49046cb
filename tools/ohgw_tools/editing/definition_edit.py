"""DefinitionEdit: replace, insert or remove a function or class by qualified name, by libcst.

Everything outside the definition keeps its bytes: libcst's tree is lossless.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ohgw_tools.editing.definition_lookup import Found, definitions, find, parsed
from ohgw_tools.editing.refusal import refused

if TYPE_CHECKING:
    import libcst as cst


class Outcome(NamedTuple):
    """The file's new text, the slips repaired, and import statements that came with the code."""

    text: str
    notes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


def replace(text: str, name: str, code: str) -> Outcome:
    """Put `code`, the new source of definition `name`, in place of the old one. Comments above the
    old one stay unless the code brings its own.

    Raises PatchRejected: does-not-parse, unknown-definition, ambiguous, bad-code.
    """
    module = parsed(text)
    found, renamed = find(module, name)
    sent, notes, imports = _sent(code, found.path[-1], found.path[:-1])
    if len(sent) != 1:
        names = ", ".join(_name(node) or "a statement" for node in sent)
        raise refused(
            "bad-code",
            f"the code holds {len(sent)} statements ({names}); send the one definition of "
            f"{name!r}, and others as INSERT DEFINITION",
        )
    new = sent[0]
    if _name(new) != found.path[-1]:
        raise refused(
            "bad-code",
            f"the code defines {_name(new)!r}, not {name!r}; to rename, insert the new one and "
            "remove the old one",
        )
    fresh = new.with_changes(leading_lines=_leading(found.node, new))
    return Outcome(_swapped(module, found, [fresh]), renamed + notes, imports)


def insert(text: str, code: str, anchor: str | None, where: str) -> Outcome:
    """Insert the statements in `code` after or before definition `anchor`, or, without one, at the
    end of the module, before an `if __name__ == "__main__"` block.

    Raises PatchRejected like `replace`; `no-change` where a name is defined already.
    """
    module = parsed(text)
    if anchor is None:
        sent, notes, imports = _sent(code, None, ())
        _refuse_defined(module, sent, ())
        body = list(module.body)
        at = next((i for i, s in enumerate(body) if _is_main_block(s)), len(body))
        spaced = [_spaced(s, 2 if i == 0 and at else None) for i, s in enumerate(sent)]
        rest = [_spaced(body[at], 2), *body[at + 1 :]] if at < len(body) else []
        return Outcome(module.with_changes(body=[*body[:at], *spaced, *rest]).code, notes, imports)
    found, renamed = find(module, anchor)
    sent, notes, imports = _sent(code, None, found.path[:-1])
    _refuse_defined(module, sent, found.path[:-1])
    gap = 1 if len(found.path) > 1 else 2
    if where == "before":
        # The anchor keeps its comments; what is inserted takes over the gap above it.
        new = [_spaced(s, gap if i == 0 else None) for i, s in enumerate(sent)]
        pieces = [*new, _spaced(found.node, gap)]
        if found.holder.body[0] is found.node:
            pieces[0] = _spaced(sent[0], 0)
    else:
        pieces = [found.node, *(_spaced(s, gap if i == 0 else None) for i, s in enumerate(sent))]
    return Outcome(_swapped(module, found, pieces), renamed + notes, imports)


def remove(text: str, name: str) -> Outcome:
    """Remove definition `name` with the comments right above it. Raises PatchRejected like
    `replace`; `bad-code` where nothing would be left in its block.
    """
    module = parsed(text)
    found, renamed = find(module, name)
    if len(found.holder.body) == 1 and found.holder is not module:
        raise refused("bad-code", f"{name!r} is all that its block holds; replace that instead")
    return Outcome(_swapped(module, found, []), renamed)


def names(text: str) -> tuple[str, ...]:
    """Return the qualified names of all definitions, in order. Raises PatchRejected."""
    return tuple(".".join(found.path) for found in definitions(parsed(text)))


def _sent(
    code: str, name: str | None, owners: tuple[str, ...]
) -> tuple[list[cst.BaseStatement], tuple[str, ...], tuple[str, ...]]:
    """The statements of `code`, slips undone: a fence, a uniform indent, the class around a member,
    import statements on top (given back apart).
    """
    import libcst as cst

    from ohgw_tools.editing.slip import without_fence

    notes = []
    unfenced = without_fence(code)
    if unfenced is not None:
        code = unfenced
        notes.append("code fence removed")
    plain = textwrap.dedent(code.expandtabs(4) if code.startswith("\t") else code)
    plain = plain.strip("\n") + "\n"
    try:
        module = cst.parse_module(plain)
    except (cst.ParserSyntaxError, RecursionError) as error:
        place = " ".join(str(error).split())[:200]
        raise refused("does-not-parse", f"the code sent is not valid Python: {place}") from None
    body: list[cst.BaseStatement] = [s for s in module.body if isinstance(s, cst.BaseStatement)]
    imports, body = _split_imports(module, body)
    if imports and body:
        notes.append("import statements moved to the top of the file")
    elif not body:
        raise refused("bad-code", "the code holds no definition")
    if owners and len(body) == 1 and isinstance(body[0], cst.ClassDef):
        inner = list(body[0].body.body)
        if body[0].name.value == owners[-1] and len(inner) == 1 and name in (None, _name(inner[0])):
            body = inner  # type: ignore[assignment]
            notes.append(f"class {owners[-1]} around the member taken away")
    head = [line for line in module.header if line.comment]
    if head and hasattr(body[0], "leading_lines"):
        body[0] = body[0].with_changes(leading_lines=[*head, *body[0].leading_lines])
    return body, tuple(notes), tuple(imports)


def _split_imports(
    module: cst.Module, body: Sequence[cst.BaseStatement]
) -> tuple[list[str], list[cst.BaseStatement]]:
    import libcst as cst

    imports: list[str] = []
    rest: list[cst.BaseStatement] = []
    for statement in body:
        small = statement.body if isinstance(statement, cst.SimpleStatementLine) else ()
        if not rest and small and all(isinstance(s, cst.Import | cst.ImportFrom) for s in small):
            imports += [module.code_for_node(s).strip() for s in small]
        else:
            rest.append(statement)
    return imports, rest


def _refuse_defined(
    module: cst.Module, sent: Sequence[cst.CSTNode], owners: tuple[str, ...]
) -> None:
    present = {found.path for found in definitions(module)}
    for node in sent:
        name = _name(node)
        if name and (*owners, name) in present:
            raise refused(
                "bad-code", f"{'.'.join((*owners, name))!r} is defined already; REPLACE it instead"
            )


def _leading(old: cst.FunctionDef | cst.ClassDef, new: cst.CSTNode) -> Sequence[cst.EmptyLine]:
    mine = [line for line in getattr(new, "leading_lines", ()) if line.comment]
    if not mine:
        return old.leading_lines
    gap = []
    for line in old.leading_lines:
        if line.comment:
            break
        gap.append(line)
    return [*gap, *mine]


def _spaced(node: cst.BaseStatement, gap: int | None) -> cst.BaseStatement:
    """The statement with `gap` blank lines above its comments; None leaves its own."""
    import libcst as cst

    if gap is None or not hasattr(node, "leading_lines"):
        return node
    lines = list(node.leading_lines)
    while lines and not lines[0].comment:
        lines.pop(0)
    blank = [cst.EmptyLine(indent=False) for _ in range(gap)]
    return node.with_changes(leading_lines=[*blank, *lines])


def _swapped(module: cst.Module, found: Found, new: Sequence[cst.BaseStatement]) -> str:
    """The module's code with `new` statements in place of the definition."""
    body: list[object] = []
    for statement in found.holder.body:
        body += new if statement is found.node else [statement]
    if found.holder is module:
        return module.with_changes(body=body).code
    code: str = module.with_deep_changes(found.holder, body=body).code
    return code


def _name(node: cst.CSTNode) -> str | None:
    import libcst as cst

    return node.name.value if isinstance(node, cst.FunctionDef | cst.ClassDef) else None


def _is_main_block(node: cst.CSTNode) -> bool:
    import libcst as cst

    if not isinstance(node, cst.If) or not isinstance(node.test, cst.Comparison):
        return False
    return isinstance(node.test.left, cst.Name) and node.test.left.value == "__name__"

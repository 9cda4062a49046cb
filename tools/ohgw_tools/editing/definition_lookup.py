"""DefinitionLookup: the functions and classes of a module by qualified name, in a libcst tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING, NamedTuple

from ohgw_tools.editing.refusal import refused
from ohgw_tools.source.syntax import MAX_EDITED

if TYPE_CHECKING:
    import libcst as cst


class Found(NamedTuple):
    """A definition, its dotted path in parts, and the module or block whose body holds it."""

    path: tuple[str, ...]
    node: cst.FunctionDef | cst.ClassDef
    holder: cst.Module | cst.IndentedBlock


def parsed(text: str) -> cst.Module:
    """Return the tree of a file. Raises PatchRejected: does-not-parse."""
    import libcst as cst

    if len(text) > MAX_EDITED:
        raise refused("too-large", "the file is too large for definition edits; use SEARCH/REPLACE")
    try:
        return cst.parse_module(text)
    except (cst.ParserSyntaxError, RecursionError) as error:
        place = " ".join(str(error).split())[:200]
        raise refused(
            "does-not-parse",
            f"the file as it stands is not valid Python ({place}); mend it with SEARCH/REPLACE",
        ) from None


def definitions(node: cst.CSTNode, path: tuple[str, ...] = ()) -> Iterator[Found]:
    """Yield all functions and classes below `node`, whatever blocks they stand in."""
    import libcst as cst

    for child in node.children:
        if isinstance(child, cst.FunctionDef | cst.ClassDef):
            here = (*path, child.name.value)
            if isinstance(node, cst.Module | cst.IndentedBlock):
                yield Found(here, child, node)
            yield from definitions(child.body, here)
        elif isinstance(
            child,
            cst.BaseCompoundStatement
            | cst.BaseSuite
            | cst.Else
            | cst.Finally
            | cst.ExceptHandler
            | cst.MatchCase,
        ):
            yield from definitions(child, path)


def find(module: cst.Module, name: str) -> tuple[Found, tuple[str, ...]]:
    """Return the definition that `name` means, and a note if it is written otherwise: a bare or an
    overlong name will do where one alone fits. Raises PatchRejected: unknown-definition, ambiguous.
    """
    wanted = tuple(part for part in _cleaned(name).split(".") if part)
    every = list(definitions(module))
    exact = [found for found in every if found.path == wanted]
    tails = [f for f in every if f.path[-len(wanted) :] == wanted] if wanted else []
    longer = [f for f in every if wanted[-len(f.path) :] == f.path and len(f.path) < len(wanted)]
    for candidates in (exact, tails, longer):
        if len(candidates) > 1:
            raise refused(
                "ambiguous",
                f"{len(candidates)} definitions fit {name!r}; use SEARCH/REPLACE on the right one",
            )
        if candidates:
            real = ".".join(candidates[0].path)
            note = () if real == name else (f"{name!r} read as {real!r}",)
            return candidates[0], note
    known = [".".join(found.path) for found in every]
    close = get_close_matches(".".join(wanted), known, 5, 0.5)
    hint = (
        f"nearest: {', '.join(close)}" if close else f"defined: {', '.join(known[:30]) or 'none'}"
    )
    raise refused("unknown-definition", f"no definition {name!r} in the file; {hint}")


def _cleaned(name: str) -> str:
    text = re.sub(
        r"^\s*(?:async\s+)?(?:def|class|function|method)\s+", "", name.strip().strip("`'\"")
    )
    return re.sub(r"\(.*\)?:?$|:$", "", text, flags=re.DOTALL).replace("::", ".").strip()

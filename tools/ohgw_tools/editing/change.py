"""Change: a bundle before and after a patch, with what is new in it."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.edit import Patch
from ohgw_tools.finding import Finding
from ohgw_tools.source.line_diff import spans
from ohgw_tools.source.run_list import Role, Run, matches, runs
from ohgw_tools.subject import ParseCache, Subject, Where

# Patterns are matched against this much of a line: none of them may take long on a hostile one.
MAX_LINE = 1000
_PLACEHOLDER = re.compile(r"PLACEHOLDER|TODO|FIXME|\?\?\?|<[^>]*>|^$|\.\.\.")


class Change:
    """What guards look at. Lines that merely moved, within a file or between files, are not new."""

    def __init__(
        self,
        before: Bundle,
        after: Bundle,
        patch: Patch | None,
        contract: Contract,
        cache: ParseCache | None = None,
    ) -> None:
        shared = cache or ParseCache()  # most files are the same before and after
        self.before = Subject(before, contract, shared)
        self.after = Subject(after, contract, shared)
        self.patch = patch
        self.contract = contract

    @cached_property
    def paths(self) -> tuple[str, ...]:
        """The files that differ, gone ones included."""
        old, new = self.before.files, self.after.files
        return tuple(p for p in sorted({*old, *new}) if old.get(p) != new.get(p))

    @cached_property
    def text(self) -> str:
        """What the experiment says of itself, in lower case: description, method, strategy."""
        bundle = self.before.bundle
        return f"{bundle.experiment.description}\n{bundle.strategy}\n{bundle.method}".lower()

    def added(self, path: str) -> dict[int, str]:
        """The new lines of a file, by number from 1."""
        return self._added.get(path, {})

    @cached_property
    def _added(self) -> dict[str, dict[int, str]]:
        found: dict[str, dict[int, str]] = {}
        removed: Counter[str] = Counter()
        for path in self.paths:
            old = self.before.files.get(path, "").replace("\r\n", "\n").split("\n")
            new = self.after.files.get(path, "").replace("\r\n", "\n").split("\n")
            found[path] = {}
            for span in spans(old, new):
                if not span.same:
                    removed.update(line.strip() for line in old[span.old_start : span.old_end])
                    fresh = range(span.new_start, span.new_end)
                    found[path].update({n + 1: new[n][:MAX_LINE] for n in fresh})
        for lines in found.values():
            for number, line in list(lines.items()):
                if removed[line.strip()] > 0:
                    removed[line.strip()] -= 1
                    del lines[number]
        return found

    def nodes(self, *types: type[ast.AST]) -> Iterator[tuple[str, Any]]:
        """Yield the new nodes of these types with their files: those that begin on a new line."""
        for path in self.paths:
            file, lines = self.after.python(path), self.added(path)
            for node in file.nodes(*types) if file and lines else ():
                if getattr(node, "lineno", 0) in lines:
                    yield path, node

    def around(self, path: str, node: ast.AST) -> tuple[ast.AST, ...]:
        """The nodes around a node of the file after the change, innermost first."""
        file = self.after.python(path)
        return tuple(file.ancestors(node)) if file else ()

    def in_smoke_branch(self, path: str, node: ast.AST) -> bool:
        """Whether a node runs only where something with `smoke` in its name says so."""
        below = node
        for above in self.around(path, node):
            if isinstance(above, ast.If | ast.IfExp) and "smoke" in ast.unparse(above.test).lower():
                return below is not above.test
            if isinstance(above, ast.FunctionDef) and "smoke" in above.name.lower():
                return True
            below = above
        return False

    def twins(self, role: Role) -> Iterator[tuple[str, Run | None, Run | None]]:
        """Yield each variation with its run before and after, in the configuration of a role."""
        variations = self.before.bundle.experiment.run_variations
        suffixes = self.contract.variations.smoke_suffixes if role == "smoke" else ()
        by_variation = []
        for subject in (self.before, self.after):
            found = runs(subject, role)
            chosen: dict[str, tuple[float, Run]] = {}
            for index, match in matches(variations, found, suffixes).items():
                if match.score > chosen.get(match.variation, (0.0,))[0]:
                    chosen[match.variation] = (match.score, found[index])
            by_variation.append({v: run for v, (_, run) in chosen.items()})
        for variation in variations:
            yield variation, by_variation[0].get(variation), by_variation[1].get(variation)

    def finding(
        self,
        guard: str,
        message: str,
        path: str | None,
        where: Where = None,
        *,
        severe: bool = True,
        subject: str | None = None,
    ) -> Finding:
        """Make a finding of the guard whose module is called `guard` (its `__name__`)."""
        present = path if path is not None and path in self.after.files else None
        found = self.after.finding(
            guard,
            message,
            present,
            where,
            subject=subject,
            severity="error" if severe else "warning",
        )
        return found if present == path else found.model_copy(update={"path": path})


def is_placeholder(value: object) -> bool:
    """Whether a configured value says nothing yet."""
    return value is None or (isinstance(value, str) and bool(_PLACEHOLDER.search(value)))


def called(node: ast.AST) -> str:
    """Return the dotted name that a call calls, or an empty text."""
    if not isinstance(node, ast.Call):
        return ""
    parts: list[str] = []
    target: ast.AST = node.func
    while isinstance(target, ast.Attribute):
        parts.append(target.attr)
        target = target.value
    if isinstance(target, ast.Name):
        parts.append(target.id)
    return ".".join(reversed(parts))

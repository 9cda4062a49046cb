"""Root causes: which finding explains which, so that a reader starts with the fault itself.

A base file put back brings its placeholders, the runs that it lacks and the names that it refuses;
a file that does not parse, all that is missed in it; a lost definition, every use of it. The cause
is written `rule:path` or `rule:path:subject` of the finding that explains, which carries it too.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

from ohgw_tools.finding import Finding


class Explanation(NamedTuple):
    """A rule whose findings may be causes: of one file or one subject, and of what."""

    rule: str
    whole_file: bool
    explains: Callable[[Finding, Finding], bool]

    def name(self, root: Finding) -> str:
        """Return the cause that a root stands for."""
        return f"{root.rule}:{root.path}" + ("" if self.whole_file else f":{root.subject}")


Roots = list[tuple[Explanation, Finding]]


def grouped(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings with `cause` set where another finding explains them, the first of the
    table below that does. A rule's own `cause` is kept.
    """
    roots = [
        (explanation, root)
        for explanation in _TABLE
        for root in findings
        if root.rule == explanation.rule and root.waived is None
    ]
    if not roots:
        return findings
    causes = [finding.cause or _cause(finding, roots) for finding in findings]
    used = set(causes)
    named = [
        cause or _own(finding, roots, used) for finding, cause in zip(findings, causes, strict=True)
    ]
    return tuple(
        finding if finding.cause == name else finding.model_copy(update={"cause": name})
        for finding, name in zip(findings, named, strict=True)
    )


def _cause(finding: Finding, roots: Roots) -> str | None:
    """The name of the first finding that explains this one."""
    for explanation, root in roots:
        if root is not finding and explanation.explains(root, finding):
            return explanation.name(root)
    return None


def _own(finding: Finding, roots: Roots, used: Collection[str | None]) -> str | None:
    """The name that this finding stands for as a cause, if others follow from it."""
    names = (explanation.name(root) for explanation, root in roots if root is finding)
    return next((name for name in names if name in used), None)


def _places(finding: Finding) -> set[str | None]:
    found = {e.path for e in finding.evidence if e.kind in ("source", "trace")}
    return {finding.path, *found}


def _same_file(root: Finding, other: Finding) -> bool:
    return root.path in _places(other) and other.rule not in _ROOTS_OF_FILES


def _uses_it(root: Finding, other: Finding) -> bool:
    """Whether a finding is about the symbol that a definition lost, or the output lost with it."""
    symbol = str(root.data.get("symbol", "")).rsplit(".", 1)[-1]
    if not symbol or root.severity != "warning":
        return False
    if other.rule in ("undefined-name", "sibling-import", "sibling-attribute"):
        return other.data.get("symbol") == symbol
    if other.rule == "certain-crash":
        return f"'{symbol}'" in other.message
    return other.rule in ("lost-figure", "lost-feature", "lost-call") and other.path == root.path


def _fails_there(root: Finding, other: Finding) -> bool:
    """Whether a predicted crash is the fault that a simpler rule reports at its line."""
    if other.rule not in ("certain-crash", "thread-crash") or other.path != root.path:
        return False
    symbol = str(root.data.get("symbol", ""))
    same_line = root.region is not None and other.region is not None
    return f"'{symbol}'" in other.message or (
        same_line
        and root.region is not None
        and other.region is not None
        and root.region.start_line == other.region.start_line
    )


def _leaves_equal(root: Finding, other: Finding) -> bool:
    """Whether two variations are identical because of a key that nothing reads."""
    keys = other.data.get("keys")
    return other.rule == "identical-variations" and keys == [root.data.get("key")]


_ROOTS_OF_FILES = ("restored-base-file", "template-tag")
_TABLE: tuple[Explanation, ...] = (
    Explanation("restored-base-file", True, _same_file),
    Explanation("template-tag", True, _same_file),
    Explanation("python-syntax", True, _same_file),
    Explanation("yaml-syntax", True, _same_file),
    Explanation("toml-syntax", True, _same_file),
    Explanation("lost-definition", False, _uses_it),
    Explanation("unread-key", False, _leaves_equal),
    Explanation("undefined-name", False, _fails_there),
    Explanation("sibling-import", False, _fails_there),
    Explanation("sibling-attribute", False, _fails_there),
    Explanation("call-signature", False, _fails_there),
)

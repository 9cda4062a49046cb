"""Root causes: findings that come from one fault are told apart from those that do not."""

from __future__ import annotations

from ohgw_tools.finding import Finding

# What a base file put back in place of derived code brings with it, apart from itself.
RESTORED = "restored-base-file"
SYNTAX = ("python-syntax", "yaml-syntax", "toml-syntax")


def grouped(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return the findings with `cause` set where another finding explains them.

    The cause is written `rule:path` of the finding that explains; that finding carries it too, so
    that a reader may group by it. A rule's own `cause` is kept.
    """
    roots = {f.path: f"{f.rule}:{f.path}" for f in findings if f.rule == RESTORED}
    roots |= {f.path: f"{f.rule}:{f.path}" for f in findings if f.rule in SYNTAX}
    if not roots:
        return findings
    return tuple(_with_cause(finding, roots) for finding in findings)


def _with_cause(finding: Finding, roots: dict[str | None, str]) -> Finding:
    if finding.cause is not None:
        return finding
    places = [finding.path, *(e.path for e in finding.evidence if e.kind in ("source", "trace"))]
    cause = next((roots[place] for place in places if place in roots), None)
    return finding.model_copy(update={"cause": cause}) if cause else finding

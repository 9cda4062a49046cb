"""unknown-dependency: a package that nobody vouches for, or a build step of the patch's own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ohgw_tools.editing.change import Change
from ohgw_tools.environments.known_distribution import KNOWN
from ohgw_tools.finding import Finding, IssueKind, Severity
from ohgw_tools.source.project_table import PATH, declared, named, requirements
from ohgw_tools.source.toml_file import TomlFile

NAME = "guard-unknown-dependency"
CRITERION = "completeness"
KIND: IssueKind = "not-executable"
SEVERITY: Severity = "warning"
SUMMARY = "A patch declares a package that is on no list, a URL, or another build backend."

_DIRECT = re.compile(r"@\s*\S+|^\s*(?:git\+|https?:|file:|\.{0,2}/)|^\s*-")


def inspect(change: Change) -> Iterator[Finding]:
    """Refuse requirements that are URLs, paths or options; show unknown names and build changes."""
    if PATH not in change.paths or PATH not in change.after.files:
        return
    old, new = TomlFile(change.before.files.get(PATH, "")), TomlFile(change.after.files[PATH])
    base = TomlFile(change.after.base.get(PATH, ""))
    known = declared(old) | declared(base) | KNOWN
    before = {str(r.text) for r in requirements(old)}
    for requirement in requirements(new):
        text = str(requirement.text)
        if text in before:
            continue
        if _DIRECT.search(text):
            message = f"{text!r} is no package of the registry"
            yield change.finding(__name__, message, PATH, requirement.key, subject=text)
        elif named(text) not in known:
            message = (
                f"{named(text)!r} is on no list of known packages; does it exist, and is it meant?"
            )
            yield change.finding(
                __name__, message, PATH, requirement.key, severe=False, subject=text
            )
    was, now = old.data.get("build-system"), new.data.get("build-system")
    if was is not None and not old.error and was != now:
        message = "the patch changes how the project is built"
        yield change.finding(__name__, message, PATH, 1, severe=False, subject="build-system")

"""ProjectRewrite: a pyproject's table of dependencies as the array of requirement lines of PEP 621.

Versions are read as Poetry writes them too (`^1.2`, `~1.2`, `*`), by its documentation's table.
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ohgw_tools.source.project_table import table

_HEADER = re.compile(r"\s*\[")
_ENTRY = re.compile(r"""\s*(?:"([^"]+)"|'([^']+)'|([A-Za-z0-9_.-]+))\s*=""")
_COMMENT = re.compile(r"""(?:"[^"]*"|'[^']*'|[^#"'])*(#.*)$""")


def with_dependency_array(text: str) -> str | None:
    """Return the text with `[project].dependencies` as an array, or None where it is none already
    or an entry cannot be said as one requirement line (a path, a URL).
    """
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    project = table(data, "project")
    asked = project.get("dependencies")
    if not isinstance(asked, dict) or any(
        isinstance(v, dict) and "." in k for k, v in asked.items()
    ):
        return None
    lines = {name: requirement(name, value) for name, value in asked.items()}
    python = lines.pop("python", None)
    if any(line is None for line in lines.values()):
        return None
    wanted = [str(line) for line in lines.values()]
    body, comments = _without_table(text)
    if body is None:
        return None
    entries = [f"    {_quoted(str(line))},{comments.get(name, '')}" for name, line in lines.items()]
    array = ["dependencies = [", *entries, "]"] if entries else ["dependencies = []"]
    if python is not None and "requires-python" not in project:
        specifier = str(python).removeprefix("python")
        array = [f"requires-python = {_quoted(specifier or '>=3.8')}", *array]
    rewritten = _into_project(body, array)
    return rewritten if rewritten and _holds(rewritten, data, wanted) else None


def requirement(name: str, value: Any) -> str | None:
    """Return `name = value` of a dependency table as one requirement line (PEP 508), or None."""
    from packaging.requirements import InvalidRequirement, Requirement

    extras, marker = "", ""
    if isinstance(value, dict):
        if not set(value) <= {"version", "extras", "markers", "optional"} or value.get("optional"):
            return None
        extras = f"[{','.join(map(str, value.get('extras', ())))}]" if value.get("extras") else ""
        marker = f"; {value['markers']}" if value.get("markers") else ""
        value = value.get("version", "*")
    if not isinstance(value, str):
        return None
    line = f"{name}{extras}{_specifier(value.strip())}{marker}"
    try:
        Requirement(line)
    except InvalidRequirement:
        return None
    return line


def _specifier(version: str) -> str:
    """A version as PEP 440 has it: Poetry's caret and tilde spelt out, a bare one as `==`."""
    if version in ("", "*", "latest"):
        return ""
    caret = re.fullmatch(r"\^\s*v?(\d+(?:\.\d+)*)", version)
    tilde = re.fullmatch(r"~\s*v?(\d+(?:\.\d+)*)", version)
    if caret:
        parts = [int(p) for p in caret.group(1).split(".")]
        at = next((i for i, p in enumerate(parts) if p), len(parts) - 1)
        upper = [*parts[:at], parts[at] + 1]
        return f">={caret.group(1)},<{'.'.join(map(str, upper))}"
    if tilde:
        parts = [int(p) for p in tilde.group(1).split(".")]
        upper = [parts[0] + 1] if len(parts) == 1 else [parts[0], parts[1] + 1]
        return f">={tilde.group(1)},<{'.'.join(map(str, upper))}"
    if re.fullmatch(r"v?\d+(?:\.\d+)*(?:\.\*)?", version):
        return f"=={version.removeprefix('v')}"
    return version


def _without_table(text: str) -> tuple[str | None, dict[str, str]]:
    """The text without `[project.dependencies]`, and the comments that stood behind its entries."""
    lines = text.splitlines(keepends=True)
    start = _line_of(lines, r"\s*\[\s*project\s*\.\s*[\"']?dependencies[\"']?\s*\]\s*(?:#.*)?$")
    if start is None:
        return _without_inline(text), {}
    end = next((i for i in range(start + 1, len(lines)) if _HEADER.match(lines[i])), len(lines))
    # Blank lines and comments right above the next header belong to that header.
    while end > start + 1 and lines[end - 1].lstrip().startswith("#") and end < len(lines):
        end -= 1
    comments = {}
    for line in lines[start + 1 : end]:
        entry, comment = _ENTRY.match(line), _COMMENT.match(line.rstrip("\r\n"))
        if entry and comment:
            name = next(g for g in entry.groups() if g)
            comments[name] = f"  {comment.group(1)}"
    return "".join(lines[:start] + lines[end:]), comments


def _without_inline(text: str) -> str | None:
    match = re.search(r"(?m)^\s*dependencies\s*=\s*\{[^{}]*\}[ \t]*(?:#.*)?\n?", text)
    return text[: match.start()] + text[match.end() :] if match else None


def _into_project(text: str, array: list[str]) -> str | None:
    """Put lines at the end of what stands under `[project]` itself."""
    newline = "\r\n" if "\r\n" in text else "\n"
    lines = text.splitlines(keepends=True)
    start = _line_of(lines, r"\s*\[\s*project\s*\]\s*(?:#.*)?$")
    new = [f"{line}{newline}" for line in array]
    if start is None:
        return "".join([f"[project]{newline}", *new, newline, *lines])
    end = next((i for i in range(start + 1, len(lines)) if _HEADER.match(lines[i])), len(lines))
    at = end
    # Comments right above the next header belong to that header.
    while end < len(lines) and at > start + 1 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
    while at > start + 1 and not lines[at - 1].strip():
        at -= 1
    if not lines[at - 1].endswith("\n"):
        lines[at - 1] += newline
    return "".join([*lines[:at], *new, *lines[at:]])


def _line_of(lines: list[str], pattern: str) -> int | None:
    return next((i for i, line in enumerate(lines) if re.match(pattern, line)), None)


def _holds(text: str, before: dict[str, Any], wanted: list[str]) -> bool:
    """Whether the new text asks for the same, and for nothing else."""
    try:
        after = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return False
    project = dict(before["project"])
    project["dependencies"] = wanted
    project.setdefault("requires-python", after["project"].get("requires-python"))
    if project["requires-python"] is None:
        del project["requires-python"]
    return bool(after == {**before, "project": project})


def _quoted(text: str) -> str:
    return f'"{text}"' if '"' not in text else f"'{text}'"

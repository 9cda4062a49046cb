"""Virtual files: what the bundle's processes write and read again, and paths."""

from __future__ import annotations

import ast
import posixpath
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import (
    MISSING,
    UNKNOWN,
    UNKNOWN_TEXT,
    Dict,
    External,
    FileValue,
    List,
    PathValue,
    Serialised,
    Unknown,
    Value,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

ROOT = "/bundle"


def normal(path: str) -> str:
    """Return a path relative to the bundle's root, in its one spelling."""
    path = posixpath.normpath(str(path))
    for prefix in (ROOT + "/", "./"):
        path = path.removeprefix(prefix)
    return path


def text_of(value: Value) -> str | None:
    """Return the text of a path-like value, None if it is not known."""
    if isinstance(value, PathValue):
        return value.text
    return str(value) if isinstance(value, str) else None


def open_file(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    """Return a file, as `open` does."""
    target = positional[0] if positional else keywords.get("file", UNKNOWN)
    if target is None or isinstance(target, (Dict, List, float)):
        name = type_name(target)
        message = f"expected str, bytes or os.PathLike object, not {name}"
        raise process.error("TypeError", message, node)
    mode = positional[1] if len(positional) > 1 else keywords.get("mode", "r")
    path = text_of(target)
    if path is not None and isinstance(mode, str):
        _check_readable(process, path, mode, node)
    return FileValue(path, mode)


def _check_readable(process: Process, path: str, mode: str, node: ast.AST) -> None:
    name = normal(path)
    if "r" in mode and "+" not in mode:
        process.world.interpretation.read.add(name)
        if process.world.surely_absent(name):
            message = f"[Errno 2] No such file or directory: '{path}'"
            raised = process.error("FileNotFoundError", message, node)
            raised.detail["absent"] = name
            raise raised
    else:
        process.world.interpretation.written.add(name)
        if name not in process.world.files:
            process.journal.put(process.world.files, name, UNKNOWN_TEXT)


def write(process: Process, path: str | None, content: Value) -> None:
    """Remember what a file holds."""
    if path is None:
        process.world.interpretation.blind_writes = True
        return
    name = normal(path)
    process.world.interpretation.written.add(name)
    process.journal.put(process.world.files, name, content)


def note_path(process: Process, value: Value) -> None:
    """Code that is not seen was given a path below the results: it may write there."""
    text = text_of(value)
    if text is not None and text.startswith(process.world.results) and "." in text[-6:]:
        process.world.interpretation.written.add(normal(text))


def file_method(
    process: Process, owner: FileValue, name: str, positional: list[Value], node: ast.AST
) -> Value:
    """Call a method of an open file."""
    if name == "read":
        return process.world.content(owner.path)
    if name == "__enter__":
        return owner
    if name == "write" and positional:
        value = positional[0]
        known = isinstance(value, Serialised)
        write(process, owner.path, value if known else UNKNOWN_TEXT)
        text = isinstance(value, (str, Serialised)) or value is UNKNOWN_TEXT
        if "b" in str(owner.mode) and text:
            raise process.error("TypeError", "a bytes-like object is required, not 'str'", node)
        return Unknown(int)
    return UNKNOWN if name not in ("close", "flush", "seek") else None


def path_method(
    process: Process,
    owner: PathValue,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Call a method of a path."""
    first = text_of(positional[0]) if positional else None
    if name == "joinpath":
        parts = [text_of(p) for p in positional]
        known = all(p is not None for p in parts)
        return PathValue(posixpath.join(owner.text, *map(str, parts))) if known else UNKNOWN
    if name in ("resolve", "absolute", "expanduser"):
        return owner
    if name in ("as_posix", "__str__", "__fspath__"):
        return owner.text
    if name == "with_suffix" and first is not None:
        return PathValue(posixpath.splitext(owner.text)[0] + first)
    if name == "with_name" and first is not None:
        return PathValue(posixpath.join(posixpath.dirname(owner.text), first))
    if name in ("exists", "is_file", "is_dir"):
        return exists(process, owner.text, name)
    if name in ("unlink", "rmdir", "rename", "replace"):
        return move(process, owner.text, first)
    if name == "open":
        return open_file(process, [owner, *positional], keywords, node)
    if name in ("read_text", "read_bytes"):
        open_file(process, [owner, "r"], {}, node)
        return process.world.content(owner.text)
    if name in ("write_text", "write_bytes") and positional:
        value = positional[0]
        write(process, owner.text, value if isinstance(value, Serialised) else UNKNOWN_TEXT)
        return Unknown(int)
    if name in ("glob", "rglob"):
        return matching(process, owner.text, first, deep=name == "rglob")
    return None if name in ("mkdir", "touch") else Unknown(maybe_empty=True)


def exists(process: Process, path: str, question: str = "exists") -> Value:
    """Return whether a path exists, as a file or folder if that is asked, as far as certain."""
    name = normal(path)
    if name in process.world.files:
        if process.world.files[name] is UNKNOWN:  # written in one of two ways that were taken
            return UNKNOWN
        return question not in ("is_dir", "isdir")
    if name in process.world.folders:
        return question not in ("is_file", "isfile")
    return False if process.world.surely_absent(name) else UNKNOWN


def move(process: Process, source: str, target: str | None) -> Value:
    """Take files away, to another place if there is one."""
    files, name = process.world.files, normal(source)
    for each in [f for f in files if f == name or f.startswith(name + "/")]:
        content = files[each]
        process.journal.put(files, each, MISSING)
        if target is not None:
            write(process, target + each.removeprefix(name), content)
    process.world.folders -= {name}
    return None if target is None else PathValue(target)


def _moving(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    places = [text_of(p) for p in positional[:2]]
    if not places or None in places:
        process.world.interpretation.blind_writes = True
        return UNKNOWN
    move(process, str(places[0]), None if len(places) < 2 else str(places[1]))
    return UNKNOWN


def matching(process: Process, folder: str, pattern: str | None, deep: bool = False) -> Value:
    """Return what a glob finds: files that were written, if none can have been missed."""
    if pattern is None or not process.world.all_writes_seen() or "**" in pattern:
        return Unknown(maybe_empty=True)
    full = normal(posixpath.join(folder, pattern))
    parts = full.split("/")
    found = []
    for name in sorted(process.world.files):
        pieces = name.split("/")
        if deep:
            fits = fnmatchcase(pieces[-1], parts[-1]) and name.startswith(normal(folder))
        else:
            fits = len(pieces) == len(parts) and all(map(fnmatchcase, pieces, parts))
        found += [name] if fits else []
    if any(process.world.files[f] is UNKNOWN for f in found):
        return Unknown(maybe_empty=True)
    if not found and not full.startswith(process.world.results):
        return Unknown(maybe_empty=True)
    return List([PathValue(f) for f in found])


def listing(process: Process, folder: Value) -> Value:
    """Return the names in a folder of results, if all that was written there is known."""
    name = text_of(folder)
    world = process.world
    if name is None or not normal(name).startswith(world.results) or not world.all_writes_seen():
        return Unknown(maybe_empty=True)
    below = normal(name) + "/"
    names = {f[len(below) :].split("/")[0] for f in world.files if f.startswith(below)}
    return List(sorted(names))


def glob(process: Process, positional: list[Value]) -> Value:
    """Return what `glob.glob` finds, as strings."""
    pattern = text_of(positional[0]) if positional else None
    found = matching(process, "", pattern)
    return List([p.text for p in found.items]) if isinstance(found, List) else found


def os_path(process: Process, name: str, positional: list[Value], node: ast.AST) -> Value:
    """Call a function of `os.path`."""
    parts = [text_of(p) for p in positional]
    for value in positional:
        if value is None or isinstance(value, (int, float, Dict, List)):
            wanted = "expected str, bytes or os.PathLike object"
            raise process.error("TypeError", f"{wanted}, not {type_name(value)}", node)
    if not parts or any(p is None for p in parts):
        return UNKNOWN
    known = [p for p in parts if p is not None]
    if name == "join":
        return posixpath.join(*known)
    if name in ("exists", "isfile", "isdir"):
        return exists(process, known[0], name)
    if name in ("basename", "dirname", "splitext", "normpath"):
        result: Value = getattr(posixpath, name)(known[0])
        return result
    return known[0] if name in ("abspath", "realpath", "expanduser") else UNKNOWN


FUNCTIONS = dict.fromkeys(
    ("os.remove", "os.unlink", "os.rmdir", "os.rename", "os.replace", "shutil.move",
     "shutil.rmtree"),
    _moving,
)  # fmt: skip

__all__ = [
    "FUNCTIONS",
    "External",
    "exists",
    "glob",
    "listing",
    "normal",
    "open_file",
    "os_path",
    "path_method",
    "write",
]

"""Runs inside a sandbox, as text: lays out writable views of read-only data, and becomes the
program. Never imported by the project; uses the standard library alone.
"""

from __future__ import annotations

import json
import os
import sys

# Links and directories that one view may cost; what is beyond is linked as whole directories.
_ROOM = 4000


def main() -> None:
    """Arguments: a plan as JSON, and the program's command line."""
    plan, program = json.loads(sys.argv[1]), sys.argv[2:]
    for source, target in plan["views"].items():
        _view(source, target, [_ROOM])
    for path, target in plan["links"].items():
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)  # noqa: PTH103, PTH120
        if not os.path.lexists(path):
            os.symlink(target, path)  # noqa: PTH211
    if program[0] == "python":
        program[0] = sys.executable
    try:
        os.execvp(program[0], program)
    except OSError as error:
        os.write(2, f"{program[0]}: {error.strerror}\n".encode())
        os._exit(127)


def _view(source: str, target: str, room: list[int]) -> None:
    """Real directories with links to the files. Locks of others are left out: they are held on
    files that cannot be written here.
    """
    os.makedirs(target, exist_ok=True)  # noqa: PTH103
    with os.scandir(source) as found:
        entries = sorted(found, key=lambda entry: entry.name)
    for entry in entries:
        if entry.name.endswith(".lock") or entry.name == ".locks":
            continue
        room[0] -= 1
        inner = f"{target}/{entry.name}"
        if entry.is_dir(follow_symlinks=False) and room[0] > 0:
            _view(entry.path, inner, room)
        else:
            os.symlink(entry.path, inner)  # noqa: PTH211

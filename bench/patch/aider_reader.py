"""Applies answers as aider does, by its own code; run by bench/patch/slips.py with aider's Python.

Reads a JSON list of {"answer", "files"} from stdin; writes a list of the files afterwards, null
where nothing changed, and the CPU seconds that reading and applying took. Blocks that match are
applied also where others of the same answer fail, as in aider itself.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path

from aider.coders.editblock_coder import EditBlockCoder


class Io:
    """Files as they are, no words."""

    def read_text(self, path):
        return Path(path).read_text(encoding="utf-8") if Path(path).is_file() else None

    def write_text(self, path, text):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, encoding="utf-8")

    def __getattr__(self, name):
        return lambda *_, **__: None


def after(answer, files, folder):
    """The files below `folder` once the answer has been applied."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8", newline="")
    coder = EditBlockCoder.__new__(EditBlockCoder)
    coder.root = str(folder)
    coder.io = Io()
    coder.abs_root_path_cache = {}
    coder.abs_fnames = {str(folder / path) for path in files}
    coder.abs_read_only_fnames = set()
    coder.shell_commands = []
    coder.partial_response_content = answer
    began = time.process_time()
    try:
        edits = coder.apply_edits_dry_run(coder.get_edits())
        coder.apply_edits(edits)
    except (ValueError, OSError):
        pass
    seconds = time.process_time() - began
    found = {str(p.relative_to(folder)): p for p in folder.rglob("*") if p.is_file()}
    now = {path: place.read_bytes().decode("utf-8") for path, place in found.items()}
    return (None if now == files else now), seconds


def main():
    """Answer all cases."""
    results, total = [], 0.0
    for case in json.load(sys.stdin):
        with tempfile.TemporaryDirectory() as folder:
            files, seconds = after(case["answer"], case["files"], Path(folder))
        results.append(files)
        total += seconds
    json.dump({"results": results, "seconds": total}, sys.stdout)


if __name__ == "__main__":
    main()

"""Runs a bundle for real, as its own user would, to hold predictions against what happens.

The bundles are this benchmark's own: nothing hostile is run here.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ohgw_tools.bundle import Bundle

FRAME = re.compile(r'File "([^"]+)", line (\d+), in ')
LAST = re.compile(r"^([\w.]*(?:Error|Exception|Exit|Interrupt|NotFound\w*)): ?(.*)$")


@dataclass(frozen=True)
class Crash:
    """One traceback: the exception and the last line of the bundle's own code."""

    exception: str
    path: str
    line: int


@dataclass(frozen=True)
class Run:
    """How the two programs of a bundle ended."""

    codes: tuple[int, int]
    crashes: frozenset[Crash]
    usage_errors: int
    missing_modules: int


def run(bundle: Bundle, python: str, seconds: float = 300) -> Run:
    """Run the smoke test and the full experiment of a bundle in a fresh folder each."""
    codes, crashes, usage, missing = [], set(), 0, 0
    for flag in ("--smoke-test", "--full-experiment"):
        folder = Path(tempfile.mkdtemp(prefix="judge-"))
        try:
            for path, text in bundle.derived.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(text, encoding="utf-8")
            command = [python, "-m", "src.main", flag, "--results-dir", "results"]
            environment = {**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
            done = subprocess.run(
                command,
                cwd=folder,
                env=environment,
                capture_output=True,
                timeout=seconds,
                check=False,
            )
            codes.append(done.returncode)
            logs = [p.read_text(errors="replace") for p in folder.glob("results/**/*.log")]
            for text in (done.stdout.decode(), done.stderr.decode(), *logs):
                crashes |= set(tracebacks(text, folder))
                usage += text.count("error: unrecognized") + text.count("error: the following")
                missing += len(re.findall(r": No module named src[\w.]*$", text, re.M))
        finally:
            shutil.rmtree(folder)
    return Run((codes[0], codes[1]), frozenset(crashes), usage, missing)


def tracebacks(text: str, folder: Path) -> list[Crash]:
    """Return the crashes that a log tells of."""
    found, place = [], None
    for line in text.splitlines():
        frame = FRAME.search(line)
        if line.startswith("Traceback "):
            place = None
        if frame and Path(frame[1]).is_relative_to(folder):
            place = (str(Path(frame[1]).relative_to(folder)), int(frame[2]))
        last = LAST.match(line) or re.match(
            r"^(NotImplementedError|AssertionError|KeyError)()$", line
        )
        if last and place:
            found.append(Crash(last[1].split(".")[-1], *place))
            place = None
    return found

"""ImportProbe: imports each module of the bundle in one fresh process and says which fail."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from ohgw_tools.running.python_traceback import PythonTraceback, find_tracebacks
from ohgw_tools.running.run_finding import RunFindings, log
from ohgw_tools.running.run_outcome import how_it_ended, report_traceback
from ohgw_tools.sandbox import Execution, Limits

WALL_SECONDS = 180.0
_REPORT = ".ohgw-imports.jsonl"

# Heavy modules are loaded once for all. A module that ends the process leaves its `try` unanswered.
_SCRIPT = f"""
import importlib, json, os, sys, traceback
out = os.open({_REPORT!r}, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
def say(kind, name, text=""):
    os.write(out, (json.dumps([kind, name, text]) + "\\n").encode())
sys.path.insert(0, os.getcwd())
names, sys.argv = sys.argv[1:], ["probe"]
for name in names:
    say("try", name)
    try:
        importlib.import_module(name)
    except KeyboardInterrupt:
        raise
    except BaseException:
        say("fail", name, traceback.format_exc()[-20000:])
    else:
        say("ok", name)
say("end", "")
os._exit(0)
"""


@dataclass(frozen=True)
class FailedImport:
    """A module that could not be imported, and why; no traceback where it ended the process."""

    module: str
    traceback: PythonTraceback | None


def command(modules: tuple[str, ...]) -> tuple[str, ...]:
    """The program that imports `modules`, given by their dotted names."""
    return ("python", "-c", _SCRIPT, *modules)


def limits_of(limits: Limits) -> Limits:
    """The limits of the smoke test, with less time."""
    return limits.model_copy(update={"wall_seconds": min(limits.wall_seconds, WALL_SECONDS)})


def failed_imports(execution: Execution) -> tuple[FailedImport, ...]:
    """Read the probe's own record, in order of modules."""
    failed = []
    open_name = ""
    for kind, name, text in _records(execution.artifacts.get(_REPORT, b"")):
        if kind == "fail":
            tracebacks = find_tracebacks(text)
            failed.append(FailedImport(name, tracebacks[-1] if tracebacks else None))
        open_name = name if kind == "try" else ""
    if open_name:
        failed.append(FailedImport(open_name, None))
    return tuple(failed)


def report(
    findings: RunFindings, execution: Execution, failed: FailedImport, paths: Mapping[str, str]
) -> None:
    """Add a finding for a module that cannot be imported. `paths` gives the file of each module."""
    program = f"import {failed.module}"
    if failed.traceback is not None:
        report_traceback(findings, "import-failed", failed.traceback, "stderr", program)
        return
    ending = "did not end in time" if execution.outcome == "timeout" else "ends the process"
    if execution.outcome not in ("exited", "timeout"):
        ending = how_it_ended(execution)
    findings.add(
        "import-failed",
        f"{program}: {ending}",
        paths.get(failed.module),
        1,
        about=program,
        evidence=[log("stderr", execution.stderr.text)] if execution.stderr.text else [],
    )


def missing_module(traceback: PythonTraceback) -> str:
    """The top-level module that an exception says is not there; empty for other exceptions."""
    if traceback.short_type != "ModuleNotFoundError":
        return ""
    match = re.match(r"No module named '([^'.]+)", traceback.message)
    return match[1] if match else ""


def _records(content: bytes) -> list[tuple[str, str, str]]:
    found = []
    for line in content.decode("utf-8", "replace").splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, list) and len(value) == 3 and all(isinstance(v, str) for v in value):
            found.append((value[0], value[1], value[2]))
    return found

"""RunOutcome: how a program ended, as findings at the bundle's lines.

What the sandbox saw from outside decides; tracebacks, which a program could print as it likes, only
say where. A program that failed is reported at the exception that came first: an orchestrator that
raises because its child failed is a consequence, not a cause.
"""

from __future__ import annotations

import re
import signal as signals
from collections.abc import Iterable

from ohgw_tools.finding import Evidence
from ohgw_tools.observe import RECORDS
from ohgw_tools.running.python_traceback import PythonTraceback, find_stacks, find_tracebacks
from ohgw_tools.running.run_finding import RunFindings, log
from ohgw_tools.sandbox import Execution, Limits

LOG_ENDINGS = (".log", ".txt", ".err", ".out")
_MAX_LOG = 1 << 20
_MAX_LOGS = 16 << 20
_MAX_REPORTED = 20
_CONSEQUENCE = re.compile(
    r"exit(?:ed)?[ _-]?(?:code|status)|return ?code|non-zero|subprocess|failed|CalledProcessError",
    re.IGNORECASE,
)
_NO_PROCESS = ("[Errno 11] Resource temporarily unavailable", "can't start new thread")
_USAGE = re.compile(r"^(?P<program>\S+): error: (?P<message>.+)$", re.MULTILINE)

_WAITING = ("/subprocess.py", "/threading.py", "/selectors.py", "/queue.py", "/popen_fork.py")
_OUTCOMES = {
    "memory": ("out-of-memory", "ran out of memory: the limit is {memory} MiB"),
    "processes": ("too-many-processes", "died at the limit of {processes} processes"),
    "disk": ("disk-full", "filled its work directory: the limit is {disk} MiB"),
    "output": ("output-flood", "printed without end: the limit is {output} MiB"),
    "seccomp": ("killed-by-filter", "made a system call that the sandbox does not allow"),
}


def report_outcome(
    findings: RunFindings, execution: Execution, limits: Limits, *, program: str, crash: str
) -> None:
    """Add what the end of `program` (its name for messages) amounts to; `crash` is the rule for an
    error, and `crash` with `-timeout` for `-crash` the one for time.
    """
    tracebacks = root_tracebacks(execution)
    if execution.ok:
        _report_errors_in_logs(findings, tracebacks, program)
    elif execution.outcome == "timeout":
        rule = f"{crash.rpartition('-')[0]}-timeout"
        message = f"{program} did not end within {limits.wall_seconds:g} s"
        _at_deepest(findings, rule, message, _busy_stacks(findings, execution), execution)
    elif execution.outcome in _OUTCOMES:
        rule, words = _OUTCOMES[execution.outcome]
        message = f"{program} {words.format(**_sizes(limits))}"
        _at_deepest(findings, rule, message, tracebacks[-1:], execution)
    else:
        _report_crash(findings, execution, tracebacks, program, crash)


def root_tracebacks(execution: Execution) -> list[tuple[str, PythonTraceback]]:
    """Each exception that came first, with the stream or log that it stands in, without repeats."""
    found: dict[tuple[object, ...], tuple[str, PythonTraceback]] = {}
    for name, text in _texts(execution):
        for traceback in find_tracebacks(text):
            found.setdefault(_identity(traceback), (name, traceback))
    return list(found.values())


def fatal_tracebacks(execution: Execution) -> list[tuple[str, PythonTraceback]]:
    """Those that a failed program can have died of: the last cause in each stream and log. What
    stands before it was caught, or belongs to another process, whose own log has it last.
    """
    every = root_tracebacks(execution)
    last: set[tuple[object, ...]] = set()
    for _, text in _texts(execution):
        causes = [t for t in find_tracebacks(text) if not _is_consequence(t, every)]
        last.update(_identity(traceback) for traceback in causes[-1:])
    return [pair for pair in every if _identity(pair[1]) in last]


def _identity(traceback: PythonTraceback) -> tuple[object, ...]:
    return (traceback.root.frames[-1:], traceback.type, traceback.message)


def _texts(execution: Execution) -> Iterable[tuple[str, str]]:
    yield "stderr", execution.stderr.text
    yield "stdout", execution.stdout.text
    left = _MAX_LOGS
    for path, content in execution.artifacts.items():
        if path.endswith(LOG_ENDINGS) and left > 0:
            text = content[-min(_MAX_LOG, left) :].decode("utf-8", "replace")
            left -= len(text)
            yield path, text


def _report_crash(
    findings: RunFindings,
    execution: Execution,
    tracebacks: list[tuple[str, PythonTraceback]],
    program: str,
    rule: str,
) -> None:
    causes = fatal_tracebacks(execution)
    located = [pair for pair in causes if _place(findings, pair[1])]
    caught = [p for p in tracebacks if p not in causes and not _is_consequence(p[1], tracebacks)]
    _report_errors_in_logs(findings, caught, program)
    for name, traceback in (located or causes)[:_MAX_REPORTED]:
        report_traceback(findings, rule, traceback, name, program)
    if causes:
        return
    ending = how_it_ended(execution)
    usage = _USAGE.search(execution.stderr.text)
    if usage is not None:
        ending = f"{ending}: {usage['message'][:300]}"
    evidence = [log("stderr", execution.stderr.text), log("stdout", execution.stdout.text)]
    findings.add(
        rule,
        f"{program} {ending}",
        about=f"{program}: {ending}",
        evidence=[item for item in evidence if item.quote],
        data={"exit_code": execution.exit_code, "signal": execution.signal},
    )


def report_traceback(
    findings: RunFindings, rule: str, traceback: PythonTraceback, source: str, program: str
) -> None:
    """Add an exception at the deepest line that belongs to the bundle."""
    root = traceback.root
    rule = _limit_met(root) or rule
    place = root.line_in(findings.subject.files) or traceback.line_in(findings.subject.files)
    words = f"{root.short_type}: {root.message}".strip().rstrip(":")
    path, line = place or (None, None)
    findings.add(
        rule,
        f"{program}: {words}",
        path,
        line,
        about=f"{root.short_type}: {_line_text(findings, path, line) or root.message}",
        evidence=[log(source, item.excerpt) for item in _chain(traceback)],
        data={"exception": root.type, "message": root.message},
    )


def _limit_met(error: PythonTraceback) -> str:
    """The rule of the limit that a program learnt of by itself, before the sandbox had to act."""
    if error.short_type == "MemoryError" or "can't allocate memory" in error.message:
        return "out-of-memory"
    # What fork(2) and thread creation say at the limit of processes (EAGAIN).
    if error.message.startswith(_NO_PROCESS):
        return "too-many-processes"
    full = error.short_type == "OSError" and error.message.startswith(("[Errno 27]", "[Errno 28]"))
    return "disk-full" if full else ""


def how_it_ended(execution: Execution) -> str:
    """`ended with exit code 1`, `was killed by SIGSEGV`."""
    if execution.outcome == "signal" and execution.signal:
        try:
            name = signals.Signals(execution.signal).name
        except ValueError:
            name = f"signal {execution.signal}"
        return f"was killed by {name}"
    return f"ended with exit code {execution.exit_code}"


def _report_errors_in_logs(
    findings: RunFindings, tracebacks: list[tuple[str, PythonTraceback]], program: str
) -> None:
    for name, traceback in tracebacks[:_MAX_REPORTED]:
        if _place(findings, traceback):
            report_traceback(findings, "error-in-log", traceback, name, f"{program} went on after")


def _at_deepest(
    findings: RunFindings,
    rule: str,
    message: str,
    tracebacks: list[tuple[str, PythonTraceback]],
    execution: Execution,
) -> None:
    """Add a finding about a program that was stopped, at its last traceback's line if any."""
    for name, traceback in tracebacks:
        place = _place(findings, traceback)
        if place is not None:
            excerpt = [log(name, traceback.excerpt)]
            findings.add(rule, message, *place, about=rule, evidence=excerpt)
            return
    tail: list[Evidence] = [log("stderr", execution.stderr.text[-1500:])]
    tail.append(log("stdout", execution.stdout.text[-1500:]))
    findings.add(rule, message, about=rule, evidence=[item for item in tail if item.quote])


def _busy_stacks(findings: RunFindings, execution: Execution) -> list[tuple[str, PythonTraceback]]:
    """Where the program stood when its time was nearly up; first those that do not only wait."""
    found = [
        (path, stack)
        for path, content in execution.artifacts.items()
        if path.startswith(f"{RECORDS}/") and path.endswith(".stack")
        for stack in find_stacks(content.decode("utf-8", "replace"))
        if _place(findings, stack)
    ]
    return sorted(found, key=lambda pair: pair[1].frames[-1].path.endswith(_WAITING))


def _is_consequence(traceback: PythonTraceback, among: list[tuple[str, PythonTraceback]]) -> bool:
    """Whether an exception only says that another program failed, and that one's is here too."""
    if not _CONSEQUENCE.search(f"{traceback.type}: {traceback.message}"):
        return False
    others = [other for _, other in among if other is not traceback]
    return any(not _CONSEQUENCE.search(f"{other.type}: {other.message}") for other in others)


def _place(findings: RunFindings, traceback: PythonTraceback) -> tuple[str, int] | None:
    files = findings.subject.files
    return traceback.root.line_in(files) or traceback.line_in(files)


def _line_text(findings: RunFindings, path: str | None, line: int | None) -> str:
    region = findings.subject.region(path, line) if path else None
    return findings.subject.line(path, region).strip()


def _chain(traceback: PythonTraceback) -> list[PythonTraceback]:
    """The first and the last exception of a chain."""
    return [traceback] if traceback.earlier is None else [traceback.root, traceback]


def _sizes(limits: Limits) -> dict[str, int]:
    return {
        "memory": limits.memory_bytes >> 20,
        "processes": limits.processes,
        "disk": limits.work_bytes >> 20,
        "output": max(1, limits.output_bytes >> 20),
    }

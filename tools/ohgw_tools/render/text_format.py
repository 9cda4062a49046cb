"""Text for people: findings by file, each with its source line and a caret, root causes first."""

from __future__ import annotations

from collections.abc import Iterator

from ohgw_tools.finding import Evidence, Finding
from ohgw_tools.printable import printable, window
from ohgw_tools.report import Report, is_root

NAME = "text"
SUMMARY = "for people: source lines with carets, grouped by file"

_MOST = 100
_TRACE = 8
_COLORS = {"error": "31", "warning": "33", "info": "36", "path": "1", "dim": "2", "ready": "32"}


def render(report: Report) -> str:
    """Return the findings by file, then one line that says what decides."""
    groups = report.by_path().items()
    lines = [line for path, findings in groups for line in _file(report, path, findings)]
    lines += _reasons(report)
    lines.append(_summary(report))
    return "\n".join(lines) + "\n"


def _file(report: Report, path: str | None, findings: list[Finding]) -> Iterator[str]:
    yield _paint(report, "path", printable(path) if path else "(bundle)")
    for finding in findings:
        follows = finding.cause is not None and not is_root(finding)
        yield from _finding(report, finding, "    " if follows else "  ")
    yield ""


def _finding(report: Report, finding: Finding, indent: str) -> Iterator[str]:
    tone = "dim" if finding.waived is not None else finding.severity
    head = _paint(report, tone, f"{finding.severity}[{finding.rule}]")
    yield f"{indent}{head} {printable(finding.message)}"
    if finding.region is not None and finding.path is not None:
        yield from _source(report, finding, indent)
    for item in _more(finding)[:_TRACE]:
        yield f"{indent}    = {_evidence(item)}"
    if finding.cause is not None and not is_root(finding):
        yield f"{indent}    = follows from {printable(finding.cause)}"
    if finding.hidden_by is not None:
        yield f"{indent}    = hidden behind an earlier fault: {printable(finding.hidden_by)}"
    if finding.waived is not None:
        yield f"{indent}    = waived: {printable(finding.waived)}"


def _source(report: Report, finding: Finding, indent: str) -> Iterator[str]:
    region = finding.region
    assert region is not None
    text = report.line(finding.path, region.start_line)
    if not text.strip():
        yield f"{indent}  at {region.start_line}:{region.start_column}"
        return
    end = region.end_column - 1 if region.end_line == region.start_line else len(text)
    shown, start, stop = window(text, region.start_column - 1, end, _MOST)
    number = str(region.start_line)
    gutter = " " * len(number)
    yield f"{indent}  {_paint(report, 'dim', number + ' |')} {shown}"
    caret = _paint(report, finding.severity, "^" * max(1, min(stop, _MOST + 6) - start))
    yield f"{indent}  {_paint(report, 'dim', gutter + ' |')} {' ' * start}{caret}"


def _more(finding: Finding) -> list[Evidence]:
    """The evidence that is not the line shown already."""
    return [e for e in finding.evidence if (e.path, e.region) != (finding.path, finding.region)]


def _evidence(item: Evidence) -> str:
    place = printable(item.path)
    if item.region is not None:
        place += f":{item.region.start_line}"
    words = " ".join(printable(part) for part in (item.note, item.quote) if part)
    origin = "" if item.kind == "source" else f"{item.kind} "
    return f"{origin}{place}: {words}"[:200] if words else f"{origin}{place}"


def _reasons(report: Report) -> Iterator[str]:
    for verdict in report.judgement.verdicts:
        if verdict.status == "undecided":
            yield f"{verdict.stage}: undecided: {printable(verdict.reason)}"
    missing = set(report.judgement.required) - {v.stage for v in report.judgement.verdicts}
    for stage in sorted(missing):
        yield f"{stage}: not looked at"


def _summary(report: Report) -> str:
    counts = report.counts()
    status = _paint(report, "ready" if report.status == "ready" else "error", report.status)
    errors = _counted(counts["error"], "error")
    verb = "decides" if counts["error"] == 1 else "decide"
    parts = [f"{errors} {verb}"] if counts["error"] else ["no errors"]
    rest = [_counted(counts[k], k) for k in ("warning", "info") if counts[k]]
    if rest:
        parts.append(f"{' and '.join(rest)} do not")
    if counts["waived"]:
        parts.append(f"{counts['waived']} waived")
    return f"{status}: {', '.join(parts)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _paint(report: Report, tone: str, text: str) -> str:
    return f"\x1b[{_COLORS[tone]}m{text}\x1b[0m" if report.color else text

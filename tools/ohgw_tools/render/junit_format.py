"""JUnit XML for CI: one test case for each stage and file; errors fail, `undecided` is skipped."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from ohgw_tools.finding import Finding
from ohgw_tools.printable import printable
from ohgw_tools.report import Report
from ohgw_tools.verdict import Verdict

NAME = "junit"
SUMMARY = "for CI: one test case for each stage and file"

# What XML 1.0 cannot hold, even escaped.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report) -> str:
    """Return a `testsuites` document; warnings, infos and waived findings are in `system-out`."""
    root = Element("testsuites", name="ohgw-agent")
    totals = [0, 0, 0]
    for verdict in report.judgement.verdicts:
        counts = _suite(root, report, verdict)
        totals = [a + b for a, b in zip(totals, counts, strict=True)]
    for name, value in zip(("tests", "failures", "skipped"), totals, strict=True):
        root.set(name, str(value))
    indent(root)
    declaration = '<?xml version="1.0" encoding="utf-8"?>\n'
    return declaration + tostring(root, encoding="unicode") + "\n"


def _suite(root: Element, report: Report, verdict: Verdict) -> tuple[int, int, int]:
    suite = SubElement(root, "testsuite", name=_safe(f"{report.contract}.{verdict.stage}"))
    paths: dict[str, list[Finding]] = {path: [] for path in report.bundle.derived}
    for finding in verdict.findings:
        paths.setdefault(finding.path or "(bundle)", []).append(finding)
    failures = 0
    for path, findings in paths.items():
        failures += _case(suite, verdict, path, findings)
    skipped = 0
    if verdict.status == "undecided":
        case = SubElement(suite, "testcase", name="undecided", classname=verdict.stage)
        SubElement(case, "skipped", message=_safe(verdict.reason))
        skipped = 1
    tests = len(paths) + skipped
    for name, value in (("tests", tests), ("failures", failures), ("skipped", skipped)):
        suite.set(name, str(value))
    suite.set("errors", "0")
    return tests, failures, skipped


def _case(suite: Element, verdict: Verdict, path: str, findings: list[Finding]) -> int:
    case = SubElement(suite, "testcase", name=_safe(path), classname=verdict.stage)
    deciding = [f for f in findings if f.severity == "error" and f.waived is None]
    if deciding:
        first = deciding[0]
        message = _safe(f"{len(deciding)} errors; first: {first.message}")
        failure = SubElement(case, "failure", message=message, type=first.rule)
        failure.text = "\n".join(_line(finding) for finding in deciding)
    others = [finding for finding in findings if finding not in deciding]
    if others:
        SubElement(case, "system-out").text = "\n".join(_line(finding) for finding in others)
    return 1 if deciding else 0


def _line(finding: Finding) -> str:
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    text = f"{finding.place}: {finding.severity}: {finding.rule}: {finding.message}{waived}"
    return _safe(text)


def _safe(text: str) -> str:
    return _FORBIDDEN.sub("\ufffd", printable(text))

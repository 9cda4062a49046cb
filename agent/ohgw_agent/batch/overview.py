"""Overview: the results of a batch as a table, and as one page that links the reports."""

from __future__ import annotations

import html
import os
from pathlib import Path
from urllib.parse import quote

from ohgw_agent.batch.batch import Summary
from ohgw_agent.batch.results import Row
from ohgw_agent.cli.terminal import harmless

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #bbb;"
    "overflow-wrap:anywhere}a{color:#0645ad}"
    "@media(prefers-color-scheme:dark){body{color:#eee;background:#161616}a{color:#8ab4f8}}"
)


def table(summary: Summary) -> str:
    """Return how many bundles ended how, what was left most often, and what it cost."""
    lines = [f"{count:6}  {stop}" for stop, count in sorted(summary.stops.items())]
    lines.append(f"{summary.bundles:6}  bundles, {summary.ready} ready")
    if summary.skipped or summary.twins:
        lines.append(f"        {summary.skipped} finished before, {summary.twins} twins of others")
    if summary.calls or summary.shared_answers:
        lines.append(
            f"        {summary.calls} model calls, {summary.shared_answers} answered from the"
            f" record, {summary.tokens} tokens, ${summary.micro_usd / 1e6:.4f}"
        )
    if summary.earlier_tokens:
        lines.append(
            f"        before: {summary.earlier_tokens} tokens,"
            f" ${summary.earlier_micro_usd / 1e6:.4f}"
        )
    if summary.rules:
        most = list(summary.rules.items())[:8]
        lines.append("left most often: " + ", ".join(f"{r} {n}" for r, n in most))
    return "\n".join(lines)


def page(summary: Summary, rows: list[Row], runs_dir: Path, folder: Path) -> str:
    """Return one HTML page without scripts that links the reports, relative to `folder`."""
    body = "".join(_row(row, runs_dir, folder) for row in rows)
    counts = ", ".join(f"{count} {html.escape(stop)}" for stop, count in summary.stops.items())
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Batch: {summary.ready} of {summary.bundles} ready</title>"
        f"<style>{_STYLE}</style></head><body>"
        f"<h1>{summary.ready} of {summary.bundles} bundles are ready</h1><p>{counts}</p>"
        "<table><thead><tr><th>bundle</th><th>ended</th><th>patches</th><th>to mend</th>"
        f"<th>why</th></tr></thead><tbody>{body}</tbody></table></body></html>\n"
    )


def _row(row: Row, runs_dir: Path, folder: Path) -> str:
    name = html.escape(harmless(str(row["bundle"]), limit=200))
    report = runs_dir / str(row["run"]) / "report.html" if row.get("run") else None
    if report is not None and report.exists():
        name = f'<a href="{html.escape(_relative(report, folder))}">{name}</a>'
    cells = [name]
    for key in ("stop", "attempts", "errors", "why"):
        value = row.get(key)
        cells.append(html.escape(harmless("" if value is None else str(value), limit=300)))
    return "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"


def _relative(path: Path, folder: Path) -> str:
    return quote(os.path.relpath(path.resolve(), folder.resolve()))

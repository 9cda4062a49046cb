"""`ohgw-agent report`: a run as one HTML file that opens from disk."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import options

HELP = "write the report of a run: one HTML file, no server, no scripts"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run_id", metavar="RUN", help="a run's id, part of it, `last`, or a path")
    parser.add_argument(
        "-o", "--output", type=Path, help="where to (default: report.html in the run's folder)"
    )
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_agent.trace.blobs import replace_synced
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader, find_run
    from ohgw_agent.trace.report.page import page
    from ohgw_tools.errors import InputError

    folder = find_run(arguments.runs_dir, arguments.run_id)
    target = arguments.output or folder / "report.html"
    content = page(History(Reader(folder))).encode("utf-8")
    try:
        replace_synced(target, content)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error}; give another --output") from error
    print(target)
    return 0

"""`ohgw-agent export`: a run in the formats of other tools."""

from __future__ import annotations

import argparse
from pathlib import Path

from ohgw_agent.cli import options

HELP = "write a run as SARIF, JUnit, OTLP, ATIF, Agent Trace or an in-toto statement"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run_id", metavar="RUN", nargs="?", help="id, part of it, `last` or a path")
    parser.add_argument("--to", metavar="FORMAT", help="without it, all formats are listed")
    parser.add_argument("-o", "--output", type=Path, help="where to (default: standard output)")
    parser.add_argument(
        "--content", action="store_true", help="prompts and answers too (otlp); left out otherwise"
    )
    parser.add_argument(
        "--checkout",
        type=Path,
        metavar="FOLDER",
        help="write the judged files there, so that viewers open them (sarif, sarif-all)",
    )
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    from ohgw_agent.trace.blobs import replace_synced
    from ohgw_agent.trace.export import export, exports
    from ohgw_agent.trace.export_options import ExportOptions
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader, find_run
    from ohgw_tools.errors import InputError

    if arguments.to is None or arguments.run_id is None:
        print("\n".join(f"{name:12} {found.SUMMARY}" for name, found in exports().items()))
        if arguments.to is None and arguments.run_id is None:
            return 0
        raise InputError("give RUN and --to FORMAT; the formats are listed above")
    folder = find_run(arguments.runs_dir, arguments.run_id)
    asked = ExportOptions(content=arguments.content, checkout=arguments.checkout)
    content = export(History(Reader(folder)), arguments.to, asked)
    if arguments.output is None:
        print(content, end="")
        return 0
    try:
        replace_synced(arguments.output, content.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise InputError(f"cannot write {arguments.output}: {error}") from error
    return 0

"""`ohgw-agent runs`: list recorded runs, look at one, compare two, clean up."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ohgw_agent.cli import options

if TYPE_CHECKING:
    from ohgw_agent.trace.listing import Listed

HELP = "list recorded runs, look at one, compare two, take secrets or old contents out"

RUN_HELP = "a run's id, enough of its beginning or end, `last`, or a path"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    _configure_ls(actions.add_parser("ls", help="list runs, newest first"))
    _configure_show(actions.add_parser("show", help="one run: attempts, verdicts, what it cost"))
    _configure_diff(actions.add_parser("diff", help="two runs: where they part, what each mended"))
    _configure_redact(actions.add_parser("redact", help="take a secret out of a record"))
    _configure_prune(actions.add_parser("prune", help="drop the contents of old runs"))
    browser = actions.add_parser("ui", help="look through runs on the terminal, by keys")
    options.add_runs_dir(browser)
    browser.set_defaults(action=_ui)


def run(arguments: argparse.Namespace) -> int:
    """Run the chosen action and return its exit code."""
    code: int = arguments.action(arguments)
    return code


def _configure_ls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--status", help="ready, not ready, undecided, open, or a stop reason")
    parser.add_argument("--rule", help="runs in which a rule of this name found something")
    parser.add_argument("--model", help="runs that asked, or could ask, this model")
    parser.add_argument("--since", help="a time (2026-11-22T15:00) or an age (90m, 12h, 7d)")
    parser.add_argument("--bundle", help="experiment, label, or the beginning of a bundle's digest")
    parser.add_argument("--text", help="words anywhere in the record, prompts and logs included")
    parser.add_argument("--limit", type=int, default=0, metavar="N", help="no more than N lines")
    parser.add_argument("--rebuild", action="store_true", help="write missing run.json files anew")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)
    parser.set_defaults(action=_ls)


def _ls(arguments: argparse.Namespace) -> int:
    import json
    from itertools import islice

    from ohgw_agent.trace.listing import Filter, list_runs, rebuild

    names = ("status", "rule", "model", "since", "bundle", "text")
    wanted = Filter(**{name: getattr(arguments, name) for name in names})
    found = list(islice(list_runs(arguments.runs_dir, wanted), arguments.limit or None))
    if arguments.rebuild:
        for listed in found:
            rebuild(listed.folder)
    if arguments.json:
        rows = [{"id": r.id, "problem": r.problem or None, **r.header} for r in found]
        print(json.dumps({"runs": rows}, indent=1))
    else:
        print("\n".join(_ls_lines(found)) if found else "no runs")
    return 0


def _ls_lines(found: list[Listed]) -> list[str]:
    from ohgw_agent.cli.columns import columns
    from ohgw_agent.trace.measure import duration, money

    rows = []
    for listed in found:
        header = listed.header
        spend = header.get("spend")
        cost = spend.get("micro_usd", 0) if isinstance(spend, dict) else 0
        elapsed = header.get("elapsed_ms")
        rows.append(
            (
                listed.id,
                listed.text("status") or "unreadable",
                listed.text("stop") or listed.problem,
                listed.text("attempts"),
                listed.text("errors_left"),
                duration(elapsed) if isinstance(elapsed, int) else "",
                money(cost) if isinstance(cost, int) else "",
                listed.text("experiment"),
            )
        )
    heads = ("RUN", "STATUS", "STOP", "TRIES", "LEFT", "TIME", "COST", "EXPERIMENT")
    return columns(rows, heads)


def _configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--verdict", type=int, metavar="N", help="one verdict with its evidence")
    parser.add_argument("--events", action="store_true", help="the raw record, line by line")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)
    parser.set_defaults(action=_show)


def _show(arguments: argparse.Namespace) -> int:
    import json

    from ohgw_agent.cli import run_lines
    from ohgw_agent.cli.terminal import harmless
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import EVENTS, Reader, find_run
    from ohgw_tools.errors import InputError

    reader = Reader(find_run(arguments.runs_dir, arguments.run_id))
    history = History(reader)
    if arguments.events:
        # ASCII by its form, but an altered record may hold anything.
        raw = (reader.folder / EVENTS).read_bytes().decode("ascii", "backslashreplace")
        print(harmless(raw, lines=True, limit=len(raw)), end="")
        return 0
    if arguments.verdict is None:
        whole = run_lines.as_json(history) if arguments.json else None
        print(json.dumps(whole, indent=1) if whole else "\n".join(run_lines.overview(history)))
        return 0
    count = len(history.verdicts)
    if not 1 <= arguments.verdict <= count:
        raise InputError(f"run {history.id} has verdicts 1 to {count}, no {arguments.verdict}")
    said = history.verdicts[arguments.verdict - 1]
    if arguments.json:
        print(json.dumps(run_lines.verdict_json(said), indent=1))
    else:
        print("\n".join(run_lines.verdict(said)))
    return 0


def _configure_diff(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "exit codes: 0 the same way to the same tree, 1 different"
    parser.add_argument("a", metavar="A", help=RUN_HELP)
    parser.add_argument("b", metavar="B", help=RUN_HELP)
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)
    parser.set_defaults(action=_diff)


def _diff(arguments: argparse.Namespace) -> int:
    import json

    from ohgw_agent.cli import difference_lines
    from ohgw_agent.trace.difference import compare
    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader, find_run

    a, b = (
        History(Reader(find_run(arguments.runs_dir, name))) for name in (arguments.a, arguments.b)
    )
    found = compare(a, b)
    if arguments.json:
        print(json.dumps(difference_lines.as_json(a, b, found), indent=1))
    else:
        print("\n".join(difference_lines.lines(a, b, found)))
    return 0 if found.same else 1


def _configure_redact(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_id", metavar="RUN", help=RUN_HELP)
    parser.add_argument("--from-env", metavar="NAME", help="the secret is this variable's value;"
                        " without it, the secret is read from standard input")  # fmt: skip
    parser.add_argument("--reason", default="held a secret", help="goes into the record")
    _add_doing(parser)
    parser.set_defaults(action=_redact)


def _redact(arguments: argparse.Namespace) -> int:
    from ohgw_agent.cli.cleaning import redact

    return redact(arguments)


def _configure_prune(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--keep", type=int, metavar="N", help="leave the newest N runs alone")
    parser.add_argument("--older-than", metavar="AGE", help="only runs older than 90d, 12w, a date")
    parser.add_argument("--reason", default="pruned", help="goes into the record")
    _add_doing(parser)
    parser.set_defaults(action=_prune)


def _prune(arguments: argparse.Namespace) -> int:
    from ohgw_agent.cli.cleaning import prune

    return prune(arguments)


def _ui(arguments: argparse.Namespace) -> int:
    from ohgw_agent.cli.run_browser import browse

    browse(arguments.runs_dir)
    return 0


def _add_doing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--author", help="goes into the record (default: your login name)")
    parser.add_argument("--yes", action="store_true", help="do it; without this, only say what")
    options.add_runs_dir(parser)

"""`ohgw-agent replay`: do a recorded run again, without any model, and compare."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ohgw_agent.cli import options

if TYPE_CHECKING:
    from ohgw_agent.trace.replay import Replayed

HELP = "rebuild every tree of a run from its input and patches, judge again, compare"

EPILOG = """\
exit codes: 0 every tree came out byte for byte and nothing was judged differently; 1 something did
not, or was; 3 something could not be looked at now"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = EPILOG
    parser.add_argument("run_id", metavar="RUN", help="a run's id, part of it, `last`, or a path")
    parser.add_argument("--trees", action="store_true", help="rebuild trees only, judge nothing")
    parser.add_argument("--dynamic", action="store_true", help="run the smoke tests again too")
    parser.add_argument("--sandbox", help="where, with --dynamic (default: as the run did)")
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout")
    options.add_runs_dir(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    import dataclasses
    import json

    from ohgw_agent.trace.history import History
    from ohgw_agent.trace.reader import Reader, find_run
    from ohgw_agent.trace.replay import Judge, execution, replay, sandbox_judge, static_judge
    from ohgw_tools.errors import InputError

    history = History(Reader(find_run(arguments.runs_dir, arguments.run_id)))
    judges: dict[str, Judge] = {}
    if not arguments.trees:
        judges["static"] = static_judge(history)
    if arguments.sandbox and not arguments.dynamic:
        raise InputError("--sandbox says where --dynamic runs the smoke tests: give both")
    if arguments.dynamic:
        judges["sandbox"] = sandbox_judge(history, execution(history, arguments.sandbox))
    done = replay(history, judges)
    if arguments.json:
        body = {"run": history.id, "faithful": done.faithful, **dataclasses.asdict(done)}
        print(json.dumps({**body, "counts": dict(done.counts)}, indent=1))
    else:
        print("\n".join(_lines(done)))
        _say_if_rules_changed(history.start.get("rules_digest"))
    return done.exit_code


def _lines(done: Replayed) -> list[str]:
    from ohgw_agent.cli.terminal import harmless

    lines = [
        f"{s.name:4} {s.outcome}  {harmless(s.detail, limit=300)}".rstrip() for s in done.steps
    ]
    lines.append(f"{done.trees} of {done.trees_recorded} trees rebuilt byte for byte")
    lines.append(", ".join(f"{count} {name}" for name, count in sorted(done.counts.items())))
    return lines


def _say_if_rules_changed(recorded: object) -> None:
    from ohgw_tools import ruleset

    if isinstance(recorded, str) and recorded != ruleset.digest():
        print("the rules have changed since this run: other findings are to be expected")

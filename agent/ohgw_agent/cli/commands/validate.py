"""`ohgw-agent validate`: one verdict on a bundle; nothing is changed."""

from __future__ import annotations

import argparse
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.cli import options
from ohgw_agent.cli.discretion import discreet, discreet_tree

if TYPE_CHECKING:
    from ohgw_tools.bundle import Bundle
    from ohgw_tools.contract import Contract
    from ohgw_tools.subject import ParseCache
    from ohgw_tools.verdict import Judgement

HELP = "judge a bundle and change nothing"

POLL_SECONDS = 0.5


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "bundle", nargs="+", help="a bundle's JSON file, or a folder made by `bundle unpack`"
    )
    parser.add_argument(
        "--format", default="text", help="text, json, sarif, junit or seed (default: text)"
    )
    parser.add_argument(
        "--json", dest="format", action="store_const", const="json", help="same as --format json"
    )
    parser.add_argument("-o", "--output", type=Path, help="write the report there")
    parser.add_argument(
        "--sarif-file",
        type=Path,
        metavar="FILE",
        help="also write one SARIF log there whose places are files below the current folder",
    )
    parser.add_argument(
        "--select", action="append", default=[], metavar="RULE", help="ask these rules alone"
    )
    parser.add_argument("--ignore", action="append", default=[], metavar="RULE")
    parser.add_argument("--watch", action="store_true", help="judge again whenever it changes")
    parser.add_argument("-q", "--quiet", action="store_true", help="no progress on stderr")
    options.add_judging(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if not arguments.static_only or arguments.watch:
        return _run(arguments)
    import atexit
    import gc

    from ohgw_tools import collector

    # A process this short ends before garbage counts, and what it holds dies with it.
    atexit.register(gc.freeze)
    with collector.at_rest():
        return _run(arguments)


def _run(arguments: argparse.Namespace) -> int:
    from ohgw_tools.contract import Contract
    from ohgw_tools.errors import InputError
    from ohgw_tools.render import format_names
    from ohgw_tools.rule import narrowed
    from ohgw_tools.subject import ParseCache

    if arguments.format not in format_names():
        raise InputError(f"--format {arguments.format}: use one of {', '.join(format_names())}")
    contract = Contract.load(arguments.contract)
    if arguments.select or arguments.ignore:
        contract = narrowed(contract, tuple(arguments.select), tuple(arguments.ignore))
    cache = ParseCache()
    if len(arguments.bundle) > 1 or arguments.sarif_file:
        return _many(arguments, contract, cache)
    (arguments.bundle,) = arguments.bundle
    code = _once(arguments, contract, cache)
    while arguments.watch:
        _wait_for_change(Path(arguments.bundle))
        try:
            code = _once(arguments, contract, cache)
        except InputError as error:
            from ohgw_agent.cli.terminal import harmless

            print(f"ohgw-agent: {harmless(discreet(str(error)), lines=True)}", file=sys.stderr)
    return code


def _many(arguments: argparse.Namespace, contract: Contract, cache: ParseCache) -> int:
    from ohgw_agent.cli import many_bundles
    from ohgw_tools.errors import InputError

    if arguments.watch:
        raise InputError("--watch is for one bundle, without --sarif-file")
    return many_bundles.report(
        arguments.bundle,
        lambda bundle: _judge(arguments, bundle, contract, cache),
        contract,
        form=arguments.format,
        output=arguments.output,
        sarif_file=arguments.sarif_file,
    )


def _once(arguments: argparse.Namespace, contract: Contract, cache: ParseCache) -> int:
    from ohgw_tools.bundles.bundle_file import load
    from ohgw_tools.render import render
    from ohgw_tools.report import Report

    bundle = load(arguments.bundle)
    judgement = _judge(arguments, bundle, contract, cache)
    folder = Path(arguments.bundle)
    root = (folder / "derived").resolve() if folder.is_dir() else None
    color = arguments.output is None and sys.stdout.isatty() and arguments.format == "text"
    if arguments.format == "text":  # shows parts of lines: what tells a secret may be cut off
        bundle = bundle.with_derived(discreet_tree(bundle.derived))
    report = Report(judgement, bundle, contract.name, root, color)
    text = discreet(render(arguments.format, report))
    if arguments.output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        arguments.output.write_text(text, encoding="utf-8")
    return {"ready": 0, "not ready": 1, "undecided": 3}[judgement.status]


def _judge(
    arguments: argparse.Namespace, bundle: Bundle, contract: Contract, cache: ParseCache
) -> Judgement:
    from ohgw_tools.judging import judge

    if arguments.static_only:
        return judge(bundle, contract, static_only=True, cache=cache)

    from ohgw_agent.cli.stopping import stopping
    from ohgw_tools.environments.data_cache import DataCache
    from ohgw_tools.environments.environment import EnvironmentOptions
    from ohgw_tools.errors import RunCancelled

    DataCache(arguments.data)  # a directory that is not there is bad input now, not in a minute
    with stopping() as cancel, contextlib.suppress(RunCancelled):
        judgement = judge(
            bundle,
            contract,
            sandbox=arguments.sandbox,
            environment_options=EnvironmentOptions(
                python=arguments.python,
                installer=arguments.installer,
                constraints=tuple(arguments.constraint),
                index=arguments.index,
                allow_build=tuple(arguments.allow_build),
                allow_packages=tuple(arguments.allow_package),
                cache_dir=Path(arguments.cache_dir) if arguments.cache_dir else None,
            ),
            allow_hosts=tuple(arguments.allow_host),
            data=tuple(arguments.data),
            observe=arguments.observe,
            deep=arguments.deep,
            repeat=arguments.repeat,
            on_progress=None if arguments.quiet else _progress,
            cache=cache,
            cancel=cancel,
        )
    if cancel.is_set():
        raise KeyboardInterrupt
    return judgement


def _progress(text: str) -> None:
    from ohgw_agent.cli.terminal import harmless

    print(f"  sandbox  ... {harmless(text, limit=200)}", file=sys.stderr, flush=True)


def _wait_for_change(place: Path) -> None:
    """Return when a file of the bundle has changed."""
    import time

    before = _state(place)
    while _state(place) == before:
        time.sleep(POLL_SECONDS)


def _state(place: Path) -> tuple[tuple[str, int, int], ...]:
    files = sorted(p for p in place.rglob("*") if p.is_file()) if place.is_dir() else [place]
    found = []
    for path in files:
        try:
            status = path.stat()
        except OSError:
            continue
        found.append((str(path), status.st_mtime_ns, status.st_size))
    return tuple(found)

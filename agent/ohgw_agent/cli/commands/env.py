"""`ohgw-agent env`: what bundles run with: cached environments, and data fetched beforehand."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.cli import options

if TYPE_CHECKING:
    import threading

    from ohgw_tools.bundle import Bundle
    from ohgw_tools.environments.data_fetch import DataFetcher
    from ohgw_tools.environments.named_data import NamedData
    from ohgw_tools.sandbox import Interpreter

HELP = "list or prune cached environments; fetch a bundle's datasets and models beforehand"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True, dest="action")
    listing = actions.add_parser("ls", help="list environments, the one used last first")
    listing.add_argument("--json", action="store_true", help="one object on stdout")
    pruning = actions.add_parser("prune", help="remove environments that were not used lately")
    pruning.add_argument("--unused-days", type=float, default=30, metavar="DAYS")
    pruning.add_argument("--all", action="store_true", help="remove every environment")
    _configure_fetch(actions.add_parser("fetch", help="fetch the data that a bundle names"))


def _configure_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("bundle", help="a bundle's JSON file, or a folder made by `bundle unpack`")
    parser.add_argument(
        "--into",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="filled as HF_HOME is; show it to runs with --data HF_HOME=FOLDER",
    )
    parser.add_argument(
        "--dataset", action="append", default=[], metavar="OWNER/NAME[:CONFIG]", help="this too"
    )
    parser.add_argument("--model", action="append", default=[], metavar="OWNER/NAME")
    parser.add_argument("--only-given", action="store_true", help="not what the bundle names")
    parser.add_argument("--dry-run", action="store_true", help="say what would be fetched")
    parser.add_argument("--hub", metavar="URL", help="a mirror of the hub (https)")
    parser.add_argument(
        "--most-gb", type=float, default=4, metavar="N", help="for each (default: 4)"
    )
    parser.add_argument("--contract", default="base-derived", help="as for validate")
    parser.add_argument("--sandbox", default="auto", metavar="auto|docker|bubblewrap")
    options.add_environment(parser.add_argument_group("environment"))


def run(arguments: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    if arguments.action == "fetch":
        return _fetch(arguments)
    import json

    from ohgw_tools.environments.environment import list_environments, prune

    if arguments.action == "prune":
        facts = prune(unused_days=arguments.unused_days, everything=arguments.all)
        print(json.dumps(facts))
        return 0
    found = list_environments()
    if arguments.json:
        print(json.dumps({"environments": list(found)}))
        return 0
    for row in found:
        size = int(str(row["size_bytes"])) >> 20
        wanted = row.get("requirements")
        lines = ", ".join(map(str, wanted)) if isinstance(wanted, list) else ""
        print(f"{str(row['key'])[:16]}  {size:6} MiB  {lines}")
    return 0


def _fetch(arguments: argparse.Namespace) -> int:
    """Announce, fetch one after the other, and say what came. Returns 3 if any is missing."""
    from ohgw_agent.cli.stopping import stopping
    from ohgw_agent.cli.terminal import harmless
    from ohgw_tools.bundles.bundle_file import load

    bundle = load(arguments.bundle)
    wanted = _wanted(arguments, bundle)
    for item in wanted:
        print(harmless(f"{item.words}: named by {item.where}", limit=300))
    if not wanted:
        print("the bundle names no dataset or model of a hub")
    if arguments.dry_run or not wanted:
        return 0
    with stopping() as cancel:
        fetcher = _fetcher(arguments, bundle, cancel)
        missing = sum(not _fetched(fetcher, item, cancel) for item in wanted)
    if cancel.is_set():
        raise KeyboardInterrupt
    if missing < len(wanted):
        print(f"show it to runs with --data HF_HOME={arguments.into.absolute()}")
    return 3 if missing else 0


def _fetched(fetcher: DataFetcher, item: NamedData, cancel: threading.Event) -> bool:
    from ohgw_agent.cli.terminal import harmless
    from ohgw_tools.errors import CouldNotLook

    if cancel.is_set():
        return False
    _tell(f"fetching {item.words}")
    try:
        done = fetcher.fetch(item, cancel)
    except CouldNotLook as error:
        _tell(str(error))
        return False
    size = f"{done.size / 1e6:.1f} MB, {done.files} files"
    print(harmless(f"{item.words}: {size}, from {_hosts(done.hosts)}", limit=500))
    return True


def _wanted(arguments: argparse.Namespace, bundle: Bundle) -> tuple[NamedData, ...]:
    from ohgw_tools.contract import Contract
    from ohgw_tools.environments.named_data import given, named_data
    from ohgw_tools.subject import Subject

    by_hand = [
        *(given("dataset", text) for text in arguments.dataset),
        *(given("model", text) for text in arguments.model),
    ]
    if arguments.only_given:
        return tuple(by_hand)
    found = named_data(Subject(bundle, Contract.load(arguments.contract)))
    return (*by_hand, *(item for item in found if item[:3] not in {x[:3] for x in by_hand}))


def _fetcher(arguments: argparse.Namespace, bundle: Bundle, cancel: threading.Event) -> DataFetcher:
    from ohgw_tools.contract import Contract
    from ohgw_tools.environments.data_fetch import DataFetcher
    from ohgw_tools.sandbox import MIB
    from ohgw_tools.sandbox_choice import choose

    contract = Contract.load(arguments.contract)
    return DataFetcher(
        arguments.into.absolute(),
        choose(arguments.sandbox),
        _interpreter(arguments, bundle, cancel),
        (*contract.allow_hosts, *arguments.allow_host),
        most_bytes=int(arguments.most_gb * 1024 * MIB),
        endpoint=arguments.hub,
        data=tuple(arguments.data),
    )


def _interpreter(
    arguments: argparse.Namespace, bundle: Bundle, cancel: threading.Event
) -> Interpreter:
    from ohgw_tools.environments.environment import ensure
    from ohgw_tools.environments.lock_file import LOCK_NAMES

    return ensure(
        bundle.derived.get("pyproject.toml", ""),
        python=arguments.python,
        installer=arguments.installer,
        cache_dir=Path(arguments.cache_dir) if arguments.cache_dir else None,
        constraints=tuple(arguments.constraint),
        index=arguments.index,
        allow_build=tuple(arguments.allow_build),
        allow_packages=tuple(arguments.allow_package),
        locks={name: bundle.derived[name] for name in LOCK_NAMES if name in bundle.derived},
        on_progress=_tell,
        cancel=cancel,
    )


def _hosts(rows: Sequence[object]) -> str:
    allowed = [
        f"{row['host']}:{row['port']}"
        for row in rows
        if isinstance(row, dict) and row.get("result") == "allowed"
    ]
    return ", ".join(dict.fromkeys(allowed)) or "no host"


def _tell(text: str) -> None:
    from ohgw_agent.cli.terminal import harmless

    print(f"  {harmless(text, limit=500)}", file=sys.stderr, flush=True)

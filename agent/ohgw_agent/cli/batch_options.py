"""BatchOptions: the arguments of `ohgw-agent batch`, and the plan that they make."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from ohgw_agent.cli import options

if TYPE_CHECKING:
    from ohgw_agent.batch.item import BatchPlan


# Fields of the plan whose options have other names.
_OPTIONS = {
    "usd": "batch-usd",
    "tokens": "batch-tokens",
    "memory-bytes": "memory",
    "grace-seconds": "grace",
    "places": "ray-places",
    "patience": "ray-wait",
}


def add_limits(parser: argparse.ArgumentParser) -> None:
    """Add how much goes on at once, and what all of it may cost."""
    limits = parser.add_argument_group("how many at once, over all bundles")
    limits.add_argument(
        "-j",
        "--jobs",
        type=int,
        default=0,
        help="default: four for each core, one with --judge-only",
    )
    limits.add_argument(
        "--judging", type=int, default=0, help="on one machine; default: one for each core"
    )
    limits.add_argument(
        "--sandboxes", type=int, default=0, help="on one machine; default: one for each core"
    )
    limits.add_argument("--model-calls", type=int, default=8)
    limits.add_argument("--requests-per-minute", type=int)
    limits.add_argument("--tokens-per-minute", type=int, help="each call counts as its worst case")
    limits.add_argument("--batch-tokens", type=int, help="cap on the whole batch, all sessions")
    limits.add_argument("--batch-usd", type=float, help="cap on the whole batch, all sessions")
    limits.add_argument("--memory", type=int, default=4096, metavar="MIB", help="for each worker")
    limits.add_argument("--tries", type=int, default=2, help="of a bundle whose worker dies")
    limits.add_argument("--grace", type=float, default=60, metavar="SECONDS")
    limits.add_argument(
        "--shard", type=_shard, metavar="I/N", help="do part I of N, as one of N commands"
    )


def add_engine(parser: argparse.ArgumentParser) -> None:
    """Add where the work is done and where records are kept."""
    group = parser.add_argument_group("where it is done")
    group.add_argument("--engine", default="here", metavar="here|ray", help="default: here")
    group.add_argument(
        "--ray-address", metavar="HOST:PORT", help="an existing cluster; default: $RAY_ADDRESS"
    )
    group.add_argument(
        "--ray-resource",
        action="append",
        default=[],
        metavar="NAME=AMOUNT",
        help="what one bundle takes of a node: CPU=0.25 (default), GPU=1, sandbox=1, ...",
    )
    group.add_argument(
        "--ray-places", type=int, metavar="N", help="bundles for each host process (default: 4)"
    )
    group.add_argument(
        "--ray-wait", type=float, default=600, metavar="SECONDS", help="for a node with room"
    )
    group.add_argument(
        "--store",
        metavar="URL",
        help="keep records and results there too, for machines without a common folder: any"
        " address that fsspec knows (s3://bucket/runs, ...)",
    )


def plan_of(arguments: argparse.Namespace) -> BatchPlan:
    """Return the plan that the arguments make. Raises InputError."""
    from pydantic import ValidationError

    from ohgw_agent.batch.item import BatchPlan
    from ohgw_tools.errors import InputError

    on_cluster = arguments.engine != "here"
    cores = len(os.sched_getaffinity(0))
    resources = dict(_resource(text) for text in arguments.ray_resource)
    at_once = 1 if arguments.judge_only else 4  # a repair mostly waits; judging never does
    whole = any(amount >= 1 for amount in resources.values())
    try:
        return BatchPlan(
            settings=options.settings_of(arguments),
            runs_dir=arguments.runs_dir,
            engine=arguments.engine,
            address=arguments.ray_address or os.environ.get("RAY_ADDRESS"),
            resources=resources,
            places=arguments.ray_places or (1 if whole else 4),
            patience=arguments.ray_wait,
            store=arguments.store,
            jobs=arguments.jobs or (10_000 if on_cluster else cores * at_once),
            judging=arguments.judging or (1 if on_cluster else cores),
            sandboxes=arguments.sandboxes or (1 if on_cluster else cores),
            model_calls=arguments.model_calls,
            requests_per_minute=arguments.requests_per_minute,
            tokens_per_minute=arguments.tokens_per_minute,
            tokens=arguments.batch_tokens,
            usd=arguments.batch_usd,
            memory_bytes=arguments.memory << 20,
            tries=arguments.tries,
            grace_seconds=arguments.grace,
            judge_only=arguments.judge_only,
            reports=arguments.page is not None,
        )
    except ValidationError as error:
        faults = (f"{_option(e['loc'][-1])}: {e['msg']}" for e in error.errors())
        raise InputError("; ".join(faults)) from error


def _option(field: int | str) -> str:
    """Return the option that gives a field of the plan."""
    name = str(field).replace("_", "-")
    return f"--{_OPTIONS.get(name, name)}"


def _resource(text: str) -> tuple[str, float]:
    from ohgw_tools.errors import InputError

    name, _, amount = text.partition("=")
    try:
        number = float(amount)
    except ValueError:
        number = -1.0
    if not name or not 0 <= number < float("inf"):
        raise InputError(f"--ray-resource {text}: give NAME=AMOUNT, such as GPU=1")
    return name, number


def _shard(text: str) -> tuple[int, int]:
    part, _, parts = text.partition("/")
    try:
        i, n = int(part), int(parts)
    except ValueError:
        i, n = 0, 0
    if not 1 <= i <= n:
        raise argparse.ArgumentTypeError(f"{text!r} is not I/N with 1 <= I <= N")
    return i, n


def default_results(runs_dir: Path, shard: tuple[int, int] | None) -> Path:
    """Return where results go by default: commands that do parts of one list write a file each."""
    return runs_dir / ("batch.jsonl" if shard is None else f"batch-{shard[0]}-of-{shard[1]}.jsonl")

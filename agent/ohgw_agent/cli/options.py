"""Options: the arguments that several commands share, and the settings that they make."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohgw_agent.budget import Budget
    from ohgw_agent.settings import Settings


def add_judging(parser: argparse.ArgumentParser) -> None:
    """Add what says how a bundle is judged."""
    group = parser.add_argument_group("judging")
    group.add_argument(
        "--contract", default="base-derived", help="a built-in contract or a YAML file"
    )
    group.add_argument(
        "--sandbox",
        default="auto",
        metavar="auto|docker|bubblewrap|none",
        help="where code is run; `none` leaves that stage undecided (default: auto)",
    )
    group.add_argument(
        "--static-only", action="store_true", help="judge without running: no sandbox is needed"
    )
    add_environment(group)
    group.add_argument("--deep", action="store_true", help="also run the full config, shrunken")
    group.add_argument(
        "--repeat", type=int, default=1, metavar="N", help="run the smoke test N times over"
    )
    group.add_argument(
        "--no-observe",
        dest="observe",
        action="store_false",
        help="run without the observer beside the program",
    )


def add_environment(group: argparse._ArgumentGroup) -> None:
    """Add what says how the environments are made that bundles run in."""
    group.add_argument(
        "--python", metavar="INTERPRETER", help="run bundles with this Python; build nothing"
    )
    group.add_argument(
        "--installer",
        choices=("auto", "pip", "uv"),
        default="auto",
        help="what builds environments",
    )
    group.add_argument("--constraint", action="append", default=[], metavar="REQUIREMENT")
    group.add_argument("--index", metavar="URL", help="the one package registry to ask")
    group.add_argument(
        "--allow-build", action="append", default=[], metavar="PACKAGE", help="may lack a wheel"
    )
    group.add_argument(
        "--allow-package", action="append", default=[], metavar="NAME", help="may be installed"
    )
    group.add_argument("--cache-dir", metavar="FOLDER", help="where environments are kept")
    group.add_argument(
        "--allow-host",
        action="append",
        default=[],
        metavar="HOST",
        help="let the sandboxed program reach this host; all others stay out of reach",
    )
    group.add_argument(
        "--data",
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="data to read: HF_HOME=FOLDER, another variable, or ./path in the work directory",
    )


def add_budget(parser: argparse.ArgumentParser) -> None:
    """Add the caps. A cap is checked before the step that might pass it."""
    group = parser.add_argument_group("budget")
    group.add_argument("--attempts", type=int, default=20, help="patches tried (default: 20)")
    group.add_argument("--seconds", type=float, default=3600, help="run time (default: 3600)")
    group.add_argument("--sandbox-seconds", type=float, help="time in the sandbox")
    group.add_argument("--tokens", type=int, help="tokens both ways")
    group.add_argument("--usd", type=float, help="money")
    group.add_argument("--calls", type=int, help="model calls")


def add_runs_dir(parser: argparse.ArgumentParser) -> None:
    """Add where records are kept."""
    parser.add_argument(
        "--runs-dir",
        type=Path,
        default=Path(os.environ.get("OHGW_RUNS_DIR", "runs")),
        help="where records are kept (default: $OHGW_RUNS_DIR or runs)",
    )


def settings_of(arguments: argparse.Namespace) -> Settings:
    """Return the settings that the arguments make. Raises InputError."""
    from pydantic import ValidationError

    from ohgw_agent.cli import model_options, telemetry_options
    from ohgw_agent.settings import Settings
    from ohgw_tools.errors import InputError

    try:
        proposing = model_options.proposing(arguments)
        return Settings(
            contract=arguments.contract,
            contract_text=contract_text(arguments.contract),
            sandbox=arguments.sandbox,
            static_only=arguments.static_only,
            review=arguments.review,
            proposer=arguments.proposer,
            proposing=None if arguments.proposer == "recipes" else proposing,
            reviewing=model_options.reviewing(arguments),
            candidates=arguments.candidates,
            also_proposing=model_options.also_proposing(arguments),
            budget=_budget(arguments),
            python=arguments.python,
            installer=arguments.installer,
            constraints=tuple(arguments.constraint),
            index=arguments.index,
            allow_build=tuple(arguments.allow_build),
            allow_packages=tuple(arguments.allow_package),
            cache_dir=arguments.cache_dir,
            allow_hosts=tuple(arguments.allow_host),
            data=tuple(arguments.data),
            observe=arguments.observe,
            deep=arguments.deep,
            repeat=arguments.repeat,
            label=arguments.label or "",
            otel=telemetry_options.of(arguments),
        )
    except ValidationError as error:
        faults = [f"--{e['loc'][-1]}: {e['msg']}" for e in error.errors()]
        raise InputError("; ".join(str(f).replace("_", "-") for f in faults)) from error


def _budget(arguments: argparse.Namespace) -> Budget:
    from ohgw_agent.budget import Budget

    return Budget(
        attempts=arguments.attempts,
        seconds=arguments.seconds,
        sandbox_seconds=arguments.sandbox_seconds,
        tokens=arguments.tokens,
        usd=arguments.usd,
        calls=arguments.calls,
    )


def contract_text(name: str) -> str | None:
    """Return the text of a contract that is a file, so that the record holds it, else None."""
    from ohgw_tools.contract import builtin_names

    path = Path(name)
    if name in builtin_names() or not path.is_file():
        return None
    return path.read_text(encoding="utf-8", errors="replace")

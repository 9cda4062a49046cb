"""Telemetry options: the arguments that ask for spans to be sent, and the settings they make."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ohgw_agent.settings import OtelSettings


def add_telemetry(parser: argparse.ArgumentParser) -> None:
    """Add what asks for OpenTelemetry spans."""
    group = parser.add_argument_group(
        "OpenTelemetry (needs ohgw-agent[otel]; off unless asked for)"
    )
    group.add_argument(
        "--otel", action="store_true", help="send spans as the run goes on; obey OTEL_* variables"
    )
    group.add_argument(
        "--otel-endpoint",
        metavar="URL",
        help="the collector, OTLP over HTTP; default: $OTEL_EXPORTER_OTLP_ENDPOINT or this host",
    )
    group.add_argument(
        "--otel-content", action="store_true", help="send what prompts and answers say too"
    )


def of(arguments: argparse.Namespace) -> OtelSettings | None:
    """Return the settings that the arguments make, None if nothing was asked for.

    Raises InputError for an address that is none.
    """
    given = vars(arguments)  # of a command that may not have these arguments
    if not (given.get("otel") or given.get("otel_endpoint") or given.get("otel_content")):
        return None
    from pydantic import ValidationError

    from ohgw_agent.settings import OtelSettings
    from ohgw_tools.errors import InputError

    try:
        return OtelSettings(endpoint=arguments.otel_endpoint, content=arguments.otel_content)
    except ValidationError as error:
        raise InputError(
            f"--otel-endpoint {arguments.otel_endpoint}: give the collector's address, "
            "such as http://localhost:4318"
        ) from error

"""Delivery: the best bundle beside the record that led to it."""

from __future__ import annotations

from pathlib import Path

from ohgw_agent.outcome import Trace
from ohgw_agent.trace.redaction import Redactor
from ohgw_tools.bundles.bundle_file import dumps, save
from ohgw_tools.errors import InputError, TraceError

FILE = "delivered.json"


def deliver(trace: Trace) -> Path | None:
    """Write the best bundle into the run's folder and return where, or return None and write
    nothing if it holds a secret: none may stand below the folder of records, and a bundle with its
    secrets taken out would not be the one that was judged. Raises TraceError if it cannot.
    """
    content = dumps(trace.bundle).encode()
    if Redactor.from_environment().content(content) != content:
        return None
    place = trace.folder / FILE
    try:
        save(trace.bundle, place)
    except InputError as error:  # nobody gave this place
        raise TraceError(
            f"the run ended and its record is whole, but its bundle is not beside it: {error}"
        ) from error
    return place

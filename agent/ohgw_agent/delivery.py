"""Delivery: the best bundle beside the record that led to it."""

from __future__ import annotations

from pathlib import Path

from ohgw_agent.outcome import Trace
from ohgw_agent.trace.redaction import Redactor
from ohgw_tools.bundles.bundle_file import dumps, save

FILE = "delivered.json"


def deliver(trace: Trace) -> Path | None:
    """Write the best bundle into the run's folder and return where, or return None and write
    nothing if it holds a secret: none may stand below the folder of records, and a bundle with its
    secrets taken out would not be the one that was judged.
    """
    content = dumps(trace.bundle).encode()
    if Redactor.from_environment().content(content) != content:
        return None
    place = trace.folder / FILE
    save(trace.bundle, place)
    return place

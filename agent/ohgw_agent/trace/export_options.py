"""ExportOptions: what may be asked of an export beside its format."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExportOptions:
    """`content` puts prompts and answers in; `checkout` is a folder that the judged files are
    written to and that the export's paths are then relative to.
    """

    content: bool = False
    checkout: Path | None = None

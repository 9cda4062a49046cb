"""Probing: what the observer does beyond watching, when a probe asks for it.

`OHGW_PROBE` holds JSON: `watch` writes down what reaches model and loss; `supply` names a file of
datasets to hand out; `script` replaces the outcome of evaluations. Without it nothing of this runs.
"""

from __future__ import annotations

import json
import os
from typing import Any

from .record import Record


def watchers(record: Record, root: str) -> dict[str, Any]:
    """Return what else to do once a library has been loaded, by the module's name."""
    text = os.environ.get("OHGW_PROBE", "")
    if not text:
        return {}
    from .batches import Batches
    from .script import Script
    from .supply import Supply

    asked = json.loads(text)
    found: dict[str, Any] = {}
    if asked.get("supply"):
        supply = Supply(record, os.path.join(root, asked["supply"]))  # noqa: PTH118
        found["datasets.load"] = supply.replace_loading
    if asked.get("watch"):
        script = Script(record, asked["script"]) if asked.get("script") else None
        batches = Batches(record, script)
        found["torch.nn.modules.module"] = batches.watch_modules
        found["torch.nn.functional"] = batches.watch_losses
        found["torch.optim.optimizer"] = batches.watch_steps
    return found

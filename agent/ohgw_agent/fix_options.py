"""FixOptions: the options of `fix` by name and type, for those who pass them on."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from ohgw_agent.chat_model import ChatModel
from ohgw_agent.notice import Watcher
from ohgw_agent.permits import Permits
from ohgw_agent.proposer import Proposer
from ohgw_tools.sandbox import Sandbox
from ohgw_tools.subject import ParseCache

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider


class FixOptions(TypedDict, total=False):
    """What `ohgw_agent.repair.fix` takes by name; each may be left out."""

    runs_dir: str | Path
    proposers: Sequence[Proposer] | None
    model: ChatModel | None
    reviewer: ChatModel | None
    sandbox: Sandbox | None
    permits: Permits | None
    parsed: ParseCache | None
    watch: Watcher
    cancel: threading.Event | None
    tracer_provider: TracerProvider | None

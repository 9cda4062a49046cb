"""LoopContext: everything that a run uses and does not change; LangGraph hands it to each node."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from ohgw_agent.archive import Archive
from ohgw_agent.budget import Budget
from ohgw_agent.chat_model import ChatModel
from ohgw_agent.ledger import Ledger
from ohgw_agent.notice import Notice, Watcher, ignore
from ohgw_agent.permits import Permits, Unlimited
from ohgw_agent.proposer import Proposer
from ohgw_agent.trace.run import Run
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.environments.environment import EnvironmentOptions
from ohgw_tools.sandbox import Sandbox
from ohgw_tools.subject import ParseCache
from ohgw_tools.verdict import Stage


@dataclass(frozen=True)
class Execution:
    """How bundles are run: the sandbox, or why there is none, and how environments are made."""

    sandbox: Sandbox | None
    missing: str = ""
    environment: EnvironmentOptions = field(default_factory=EnvironmentOptions)
    allow_hosts: tuple[str, ...] = ()
    data: tuple[str, ...] = ()
    observe: bool = True
    deep: bool = False
    repeat: int = 1


@dataclass(frozen=True)
class LoopContext:
    """What nodes use. The bundle's base, experiment and method never change; its derived code is
    the input's, the candidates are in the archive. `candidates` is how many are asked for at once.
    """

    bundle: Bundle
    contract: Contract
    required: tuple[Stage, ...]
    proposers: tuple[Proposer, ...]
    budget: Budget
    run: Run
    archive: Archive
    ledger: Ledger
    execution: Execution
    candidates: int = 1
    reviewer: ChatModel | None = None
    permits: Permits = field(default_factory=Unlimited)
    watch: Watcher = ignore
    parsed: ParseCache = field(default_factory=ParseCache)
    cancel: threading.Event = field(default_factory=threading.Event)

    def tell(self, notice: Notice) -> None:
        """Send a notice, with the spend as it stands."""
        self.watch(notice.model_copy(update={"spend": self.ledger.spend}))

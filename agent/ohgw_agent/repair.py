"""Repair: one call from a bundle to a trace, and the same again from a record."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ohgw_agent import crew
from ohgw_agent.archive import Archive
from ohgw_agent.chat_model import ChatModel
from ohgw_agent.journaled_chat import JournaledChat
from ohgw_agent.known_server import check_known
from ohgw_agent.ledger import Ledger
from ohgw_agent.loop_context import Execution, LoopContext
from ohgw_agent.notice import Notice, Watcher, ignore
from ohgw_agent.outcome import Trace, from_state
from ohgw_agent.permits import Permits, Unlimited
from ohgw_agent.proposer import Proposer
from ohgw_agent.run_start import RESUMABLE, beginning, check_same, ended, read_start
from ohgw_agent.settings import OtelSettings, Settings
from ohgw_agent.telemetry import sender
from ohgw_agent.trace.run import Run
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.contract import parse as parse_contract
from ohgw_tools.errors import InputError
from ohgw_tools.sandbox import Sandbox
from ohgw_tools.subject import ParseCache
from ohgw_tools.verdict import Stage

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

RECURSION_LIMIT = 1_000_000  # The budget ends a run; LangGraph's own limit must not.


def fix(
    bundle: Bundle,
    settings: Settings | None = None,
    *,
    runs_dir: str | Path = "runs",
    proposers: Sequence[Proposer] | None = None,
    model: ChatModel | None = None,
    reviewer: ChatModel | None = None,
    sandbox: Sandbox | None = None,
    permits: Permits | None = None,
    parsed: ParseCache | None = None,
    watch: Watcher = ignore,
    cancel: threading.Event | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Trace:
    """Judge and repair a bundle until it is ready or there is a reason to stop.

    `proposers`, `model`, `reviewer` and `sandbox`, where given, take the place of what `settings`
    name. Setting `cancel` ends the run soon, as interrupted. With `tracer_provider` the run's spans
    are made with it, below the caller's current span, in place of what `settings.otel` says.
    `parsed` keeps parsed files for further calls: many bundles share their base.

    Raises InputError for settings that cannot be used, TraceError if the record cannot be written.
    What goes wrong with the bundle, a model or a sandbox is in the trace, not raised.
    """
    settings = settings or Settings()
    contract = contract_of(settings)
    own = Objects(proposers, model, reviewer, sandbox, permits, parsed)
    signal = cancel or threading.Event()
    chosen = own.execution(settings)
    if own.proposers is None:
        has_model = own.model is not None or settings.proposing is not None
        crew.check_proposer(settings.proposer, has_model)
    required = required_stages(contract, settings, own.reviews(settings))
    start = beginning(bundle, contract, settings, chosen, required)
    sending = sender(settings.otel, tracer_provider)
    with Run.create(Path(runs_dir), start) as run, sending(run, watch):
        return _go(run, bundle, contract, settings, own, chosen, watch, signal)


def resume(
    run_id: str,
    *,
    runs_dir: str | Path = "runs",
    force: bool = False,
    proposers: Sequence[Proposer] | None = None,
    model: ChatModel | None = None,
    reviewer: ChatModel | None = None,
    sandbox: Sandbox | None = None,
    permits: Permits | None = None,
    parsed: ParseCache | None = None,
    watch: Watcher = ignore,
    cancel: threading.Event | None = None,
    servers: Sequence[str] = (),
    otel: OtelSettings | None = None,
    tracer_provider: TracerProvider | None = None,
) -> Trace:
    """Go on with a run from its record. What the record holds is neither run nor asked again.
    Spans are sent only if that is asked for again: a record does not say where to. A key goes to
    the model servers of this machine, of `OPENAI_BASE_URL` and of `servers`, not to any that the
    record names.

    Raises RunBusy if another process writes the run, TraceDamaged if the record was altered,
    InputError if rules, contract or version differ from the start's and `force` is not given, or
    a key would go to another server.
    """
    own = Objects(proposers, model, reviewer, sandbox, permits, parsed)
    signal = cancel or threading.Event()
    sending = sender(otel, tracer_provider)
    with Run.open(Path(runs_dir), run_id) as run, sending(run, watch):
        bundle, contract, settings = read_start(run)
        check_known(settings, servers, model=model is not None, reviewer=reviewer is not None)
        stop = ended(run)
        if stop is None or stop in RESUMABLE:
            changed = check_same(run, force)
            run.append("resumed", {"from_seq": run.events[-1].seq, "changed": changed})
        chosen = own.execution(settings)
        return _go(run, bundle, contract, settings, own, chosen, watch, signal)


class Objects:
    """What the caller gives from Python in place of names in the settings."""

    def __init__(
        self,
        proposers: Sequence[Proposer] | None,
        model: ChatModel | None,
        reviewer: ChatModel | None,
        sandbox: Sandbox | None,
        permits: Permits | None = None,
        parsed: ParseCache | None = None,
    ) -> None:
        self.proposers = proposers
        self.model = model
        self.reviewer = reviewer
        self.sandbox = sandbox
        self.permits: Permits = permits or Unlimited()
        self.parsed = parsed or ParseCache()

    def reviews(self, settings: Settings) -> bool:
        """Whether there is somebody to give a review."""
        anyone = self.reviewer or self.model or settings.reviewing or settings.proposing
        return settings.review is not False and anyone is not None

    def execution(self, settings: Settings) -> Execution:
        """Return the sandbox that was given, or choose one."""
        if self.sandbox is None:
            return crew.execution(settings)
        return replace(
            crew.execution(settings.model_copy(update={"sandbox": "none"})), sandbox=self.sandbox
        )


def contract_of(settings: Settings) -> Contract:
    """Return the contract that settings name or hold. Raises ContractError."""
    if settings.contract_text is not None:
        return parse_contract(settings.contract_text, settings.contract)
    return Contract.load(settings.contract)


def _go(
    run: Run,
    bundle: Bundle,
    contract: Contract,
    settings: Settings,
    own: Objects,
    chosen: Execution,
    watch: Watcher,
    cancel: threading.Event,
) -> Trace:
    archive = Archive(run.blobs, run.redactor.content)
    tree = archive.keep_tree(bundle.derived)
    ledger = Ledger(lambda: run.elapsed_ms)

    def journal(model: ChatModel) -> ChatModel:
        return JournaledChat(model, run, archive, ledger, settings.budget, own.permits)

    model, reviewer = _models(settings, own, journal, cancel)
    others = () if own.model else settings.also_proposing
    also = tuple(journal(crew.chat_model(m, cancel)) for m in others)
    context = LoopContext(
        bundle=bundle,
        contract=contract,
        required=required_stages(contract, settings, reviewer is not None),
        proposers=_proposers(settings, own, model, also),
        candidates=settings.candidates,
        budget=settings.budget,
        run=run,
        archive=archive,
        ledger=ledger,
        execution=chosen,
        reviewer=reviewer,
        permits=own.permits,
        parsed=own.parsed,
        watch=watch,
        cancel=cancel,
    )
    context.tell(Notice(kind="start", text=run.id, status=_sandbox_name(chosen)))
    return _drive(context, tree)


def _drive(context: LoopContext, tree: str) -> Trace:
    """Run the graph to its end, or to an interruption, and close the record."""
    from langsmith import tracing_context

    from ohgw_agent.graph import first_state

    graph = _graph()
    state = dict(first_state(tree))
    try:
        with tracing_context(enabled=False):
            config = {
                "recursion_limit": RECURSION_LIMIT,
                "configurable": {"thread_id": context.run.id},
            }
            steps = graph.stream(state, config, context=context, stream_mode="values")
            for latest in steps:
                state = latest
                if context.cancel.is_set():
                    raise KeyboardInterrupt
    except KeyboardInterrupt:
        context.cancel.set()
        state = {**state, "stop": "interrupted", "why": "asked to stop; resume goes on from here"}
    return from_state(context, state)


@cache
def _graph() -> Any:
    """The compiled graph, which holds nothing of a run: runs of one process share it."""
    from ohgw_agent.graph import build_graph

    return build_graph()


def _models(
    settings: Settings, own: Objects, journal: crew.Journal, cancel: threading.Event
) -> tuple[ChatModel | None, ChatModel | None]:
    """Return the proposing model and the reviewing one, journaled, None where there is none."""
    model = own.model
    if model is None and settings.proposing is not None:
        model = crew.chat_model(settings.proposing, cancel)
    reviewer = own.reviewer
    if reviewer is None and settings.reviewing is not None:
        reviewer = crew.chat_model(settings.reviewing, cancel)
    reviewer = reviewer or model
    if settings.review and reviewer is None:
        raise InputError("--review needs a model: set OPENAI_API_KEY or give --base-url")
    if settings.review is False:
        reviewer = None
    return (journal(model) if model else None, journal(reviewer) if reviewer else None)


def _proposers(
    settings: Settings, own: Objects, model: ChatModel | None, also: tuple[ChatModel, ...]
) -> tuple[Proposer, ...]:
    if own.proposers is not None:
        return tuple(own.proposers)
    return crew.proposers(settings.proposer, model, also, settings.proposing)


def required_stages(contract: Contract, settings: Settings, reviewed: bool) -> tuple[Stage, ...]:
    """Return the stages that must pass: the contract's, less the run where it was asked to leave
    it out, and the review where there is somebody to give it.
    """
    stages = [s for s in contract.stages if s != "review"]
    if settings.static_only:
        stages = [s for s in stages if s != "sandbox"]
    return (*stages, "review") if reviewed else tuple(stages)


def _sandbox_name(chosen: Execution) -> str:
    return chosen.sandbox.name if chosen.sandbox else "none"

"""LiveSpans: a run's spans sent while it goes on, from the events as they are appended.

Only on request (`--otel`, `Settings.otel`, or a tracer provider that the caller hands over): then,
and only then, are the `OTEL_*` variables obeyed. What is sent is what the record holds, so secrets
are out of it already. Spans are queued and sent by a thread of their own: a collector that is slow,
broken or not there costs the run at most `GRACE` seconds at its end, and no span is missing from
the record, from which `ohgw-agent export --to otlp` makes the same spans with the same ids.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from ohgw_agent.trace import spans
from ohgw_agent.trace.event import Event
from ohgw_agent.trace.history import History
from ohgw_agent.trace.reader import Reader
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.spans import Span
from ohgw_tools.errors import InputError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
    from opentelemetry.trace import SpanContext, TracerProvider

GRACE = 5.0  # seconds that the end of a run waits for the collector
DELAY_MS = 1000  # between two batches, unless OTEL_BSP_SCHEDULE_DELAY says otherwise


class Collector:
    """Where spans go: an OTLP/HTTP collector. It counts what was taken."""

    def __init__(self, endpoint: str | None) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError as error:
            raise InputError(
                "sending spans needs OpenTelemetry: pip install 'ohgw-agent[otel]'"
            ) from error
        logging.getLogger("opentelemetry").addHandler(logging.NullHandler())
        self._exporter: SpanExporter = OTLPSpanExporter(endpoint=_traces_url(endpoint))
        self.taken = 0

    def export(self, batch: Sequence[Any]) -> SpanExportResult:
        """Send a batch; called by the SDK's thread."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        result = self._exporter.export(batch)
        if result is SpanExportResult.SUCCESS:
            self.taken += len(batch)
        return result

    def shutdown(self) -> None:
        """Stop sending."""
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Nothing is kept back here."""
        return True


class RunIds:
    """Ids that depend on the run alone: the spans of file and wire, and of all sessions, meet."""

    def __init__(self, run_id: str) -> None:
        self._run_id = run_id
        self.next = "run"

    def generate_trace_id(self) -> int:
        """The run's trace."""
        return int(spans.trace_id(self._run_id), 16)

    def generate_span_id(self) -> int:
        """The span that is about to be made."""
        return int(spans.span_id(self._run_id, self.next), 16)

    def is_trace_id_random(self) -> bool:
        """Hashes of an id that holds chance: good for samplers, but not what W3C calls random."""
        return False


class LiveSpans:
    """Makes a span of each event that completes one, as a listener of a Run.

    The span of the run ends with the session. Where an earlier session ended its own, this
    session's has another id, in the same trace.
    """

    def __init__(
        self, run: Run, provider: TracerProvider, ids: RunIds | None, *, content: bool
    ) -> None:
        from opentelemetry.context import Context

        self._run = run
        self._content = content
        self._ids = ids
        self._contexts: dict[str, SpanContext] = {}
        self._tracer = provider.get_tracer("ohgw_agent.trace", _version(run))
        self.made = 0
        ended = [event.seq for event in run.events if event.kind == "run.end"]
        whole = spans.root(run.events)
        if ended:
            whole = replace(whole, name=f"run/{ended[-1]}", begin=whole.end)
        # With a provider of the caller's the run stands below the caller's span.
        self._root = self._begin(whole, Context() if ids else None)

    def take(self, event: Event) -> None:
        """Send the span that `event` completes, if it does."""
        from opentelemetry.context import Context
        from opentelemetry.trace import set_span_in_context

        if event.kind not in ("verdict", "patch", "model.reply", "model.failure"):
            return
        history = History(Reader(self._run.folder, self._run.events))
        found = spans.of_event(history, event, content=self._content)
        if found is None:
            return
        made = self._begin(found, set_span_in_context(self._root, Context()))
        self._contexts[found.name] = made.get_span_context()
        self._end(made, found)

    def close(self) -> None:
        """End the run's own span."""
        self._end(self._root, spans.root(self._run.events))

    def _begin(self, span: Span, above: Any) -> Any:
        from opentelemetry.trace import Link, SpanKind

        if self._ids:
            self._ids.next = span.name
        links = [
            Link(context, {"ohgw.link": "motivated_by"})
            for context in map(self._context, span.links)
            if context is not None
        ]
        made = self._tracer.start_span(
            span.title,
            context=above,
            kind=SpanKind.CLIENT if span.client else SpanKind.INTERNAL,
            attributes=span.values,
            links=links,
            start_time=span.begin,
        )
        self.made += made.is_recording()
        return made

    def _end(self, made: Any, span: Span) -> None:
        from opentelemetry.trace import Status, StatusCode

        made.set_attributes(span.values)
        if span.evaluation:
            made.add_event(spans.EVALUATION, span.evaluation, timestamp=span.end)
        if span.failed:
            made.set_status(Status(StatusCode.ERROR, span.failed))
        made.end(end_time=span.end)

    def _context(self, name: str) -> SpanContext | None:
        """The context of a span by its name; of an earlier session's only where ids are ours."""
        from opentelemetry.trace import SpanContext, TraceFlags

        if name in self._contexts or self._ids is None:
            return self._contexts.get(name)
        run_id = self._run.id
        return SpanContext(
            int(spans.trace_id(run_id), 16),
            int(spans.span_id(run_id, name), 16),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )


@contextmanager
def to_collector(run: Run, collector: Collector, *, content: bool) -> Iterator[list[str]]:
    """Send the spans of `run` to `collector` while the context is open. The list that is given has,
    once it is closed, a sentence for each thing that went wrong.
    """
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    ids, problems = RunIds(run.id), list[str]()
    sending = BatchSpanProcessor(cast("SpanExporter", collector), schedule_delay_millis=_delay())
    provider = _provider(run, ids)
    provider.add_span_processor(sending)
    live = LiveSpans(run, provider, ids, content=content)
    try:
        with run.listening(live.take):
            yield problems
    finally:
        live.close()
        closing = threading.Thread(target=sending.shutdown, daemon=True)
        closing.start()
        closing.join(GRACE)
        missing = live.made - collector.taken
        if missing:
            problems.append(
                f"OpenTelemetry: {missing} of {live.made} spans were not taken by the collector;"
                f" `ohgw-agent export {run.id} --to otlp` makes them from the record"
            )


@contextmanager
def to_provider(run: Run, provider: TracerProvider, *, content: bool) -> Iterator[list[str]]:
    """Make the spans of `run` with the caller's own tracer provider, below the caller's span."""
    live = LiveSpans(run, provider, None, content=content)
    try:
        with run.listening(live.take):
            yield []
    finally:
        live.close()


def _provider(run: Run, ids: RunIds) -> Any:
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.id_generator import IdGenerator

    own = Resource(spans.said_only(spans.resource(run.events[0].data)))
    return TracerProvider(
        resource=own.merge(OTELResourceDetector().detect()),
        id_generator=cast(IdGenerator, ids),
        shutdown_on_exit=False,
    )


def _delay() -> int | None:
    return None if "OTEL_BSP_SCHEDULE_DELAY" in os.environ else DELAY_MS


def _traces_url(endpoint: str | None) -> str | None:
    """A collector's address with the path of traces, where it was given without a path."""
    if endpoint is None:
        return None
    bare = urlsplit(endpoint).path in ("", "/")
    return endpoint.rstrip("/") + "/v1/traces" if bare else endpoint


def _version(run: Run) -> str:
    return str(run.events[0].data.get("version") or "")

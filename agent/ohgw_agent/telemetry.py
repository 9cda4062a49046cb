"""Telemetry: sending a run's spans while it goes on, where that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING

from ohgw_agent.notice import Notice, Watcher
from ohgw_agent.settings import OtelSettings
from ohgw_agent.trace.run import Run

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

Sender = Callable[[Run, Watcher], AbstractContextManager[None]]


def sender(settings: OtelSettings | None, provider: TracerProvider | None) -> Sender:
    """Return what sends a run's spans while its context is open: to the caller's own `provider`, to
    the collector of `settings`, or nowhere. Raises InputError if OpenTelemetry is not installed.
    """
    if settings is None and provider is None:
        return lambda run, watch: nullcontext()
    from ohgw_agent.trace import live_spans

    content = settings is not None and settings.content
    collector = live_spans.Collector(settings.endpoint) if settings and not provider else None

    @contextmanager
    def send(run: Run, watch: Watcher) -> Iterator[None]:
        if collector is not None:
            sending = live_spans.to_collector(run, collector, content=content)
        else:
            assert provider is not None, "without a collector there is a provider"
            sending = live_spans.to_provider(run, provider, content=content)
        problems: list[str] = []
        try:
            with sending as problems:
                yield
        finally:
            for problem in problems:
                watch(Notice(kind="warning", text=problem))

    return send

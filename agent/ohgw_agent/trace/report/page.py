"""Page: the whole report as one file: no scripts, nothing loaded from anywhere."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources

from ohgw_agent.trace.history import History
from ohgw_agent.trace.report import changes, delivered, overview, timeline
from ohgw_agent.trace.report.markup import Html, el, many

SECTIONS = (
    ("timeline", "Timeline"),
    ("matrix", "Findings"),
    ("files", "Files"),
    ("unchecked", "Not checked"),
    ("verify", "Verify"),
)


def page(history: History) -> str:
    """Return the report of a run. Raises TraceDamaged if the record cannot be read."""
    style = resources.files("ohgw_agent.trace.report").joinpath("style.css").read_text("utf-8")
    title = f"Run {history.id}"
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=policy(style)),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("title", title),
        el("style", Html(style)),
    )
    links = [el("li", el("a", words, href=f"#{name}")) for name, words in SECTIONS]
    body = el(
        "body",
        el("a", "Skip to the verdicts", href="#timeline", class_="skip"),
        overview.header(history),
        el("nav", el("ul", links), aria_label="Sections"),
        el("main", _sections(history)),
    )
    return f"<!DOCTYPE html>\n{el('html', head, body, lang='en')}\n"


def _sections(history: History) -> Html:
    return many(
        overview.budget(history),
        overview.plots(history),
        timeline.timeline(history),
        timeline.matrix(history),
        list(changes.attempts(history)),
        delivered.files(history),
        overview.unchecked(history),
        overview.verifying(history),
    )


def policy(style: str) -> str:
    """Return a content security policy that lets this very style sheet in, and nothing else."""
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"

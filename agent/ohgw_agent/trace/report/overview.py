"""Overview: what came of the run, what it was begun with, what it used, what nobody looked at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from ohgw_agent.trace.event import LONG_MARK, Json
from ohgw_agent.trace.fields import mapping, number, strings, text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate
from ohgw_agent.trace.measure import counted, duration, money
from ohgw_agent.trace.report.markup import Html, el, many
from ohgw_agent.trace.report.plots import bar_plot, line_plot

GOOD, BAD, OPEN = "good", "bad", "open"

_MISSING = {
    "static": "No rule judged the delivered tree.",
    "sandbox": "The delivered tree was never run in a sandbox.",
    "review": "No model reviewed whether the delivered tree does what the description says.",
}


def tone(status: str) -> str:
    """The class of a status: good, bad, or open."""
    return {"ready": GOOD, "pass": GOOD, "not ready": BAD, "fail": BAD}.get(status, OPEN)


def badge(status: str) -> Html:
    """A status with a sign, so that colour is never all that tells it."""
    sign = {GOOD: "\u2713", BAD: "\u2717", OPEN: "?"}[tone(status)]
    return el("span", f"{sign} {status}", class_=f"badge {tone(status)}")


def header(history: History) -> Html:
    """The result, in a sentence, and the facts of the run."""
    end = history.end.data if history.end else {}
    status = text(end, "status") or "open"
    message = text(end, "message").partition(LONG_MARK)[0]
    why = f"{text(end, 'stop')}: {message}" if end else "the run has not ended"
    start = history.start
    facts = [
        ("Run", history.id),
        ("Begun", history.reader.events[0].ts),
        ("Bundle", text(mapping(start, "bundle"), "digest")),
        ("Contract", text(mapping(start, "contract"), "name")),
        ("Rules", text(start, "rules_digest")),
        ("Sandbox", text(start, "sandbox")),
        ("Proposers", ", ".join(strings(start, "proposers"))),
        ("Models", ", ".join(strings(start, "models")) or "none"),
        ("Program", f"{text(start, 'tool')} {text(start, 'version')}"),
        ("Python, platform", f"{text(start, 'python')}, {text(start, 'platform')}"),
        ("Label", text(start, "label")),
        ("Delivered tree", history.final_tree),
        ("Head of the record", history.reader.events[-1].digest),
    ]
    not_run = list(_unchecked(history)) if status == "ready" else []
    rows = [many(el("dt", name), el("dd", value)) for name, value in facts if value]
    return el(
        "header",
        el("p", "Report of a repair run", class_="kicker"),
        el("h1", text(start, "experiment") or history.id),
        el("p", badge(status), " ", why, class_="result"),
        el("p", " ".join(not_run), class_="warn") if not_run else None,
        el("dl", rows, class_="facts"),
    )


def budget(history: History) -> Html:
    """What was used, of what was allowed."""
    spend, caps = history.spend(), mapping(history.start, "budget")
    tokens = number(spend, "input_tokens") + number(spend, "output_tokens")
    elapsed = history.reader.events[-1].mono_ms
    rows: list[tuple[str, int, Json, Callable[[int], str]]] = [
        ("Attempts", number(spend, "attempts"), caps.get("attempts"), str),
        ("Time", elapsed, caps.get("ms"), duration),
        ("Sandbox time", number(spend, "sandbox_ms"), caps.get("sandbox_ms"), duration),
        ("Model calls", number(spend, "calls"), caps.get("calls"), str),
        ("Tokens", tokens, caps.get("tokens"), str),
        ("Money", number(spend, "micro_usd"), caps.get("micro_usd"), money),
    ]
    cells = []
    for name, used, cap, words in rows:
        limit = cap if isinstance(cap, int) else None
        said = f"{words(used)} of {words(limit)}" if limit is not None else f"{words(used)}, no cap"
        cells.append(
            el("tr", el("th", name, scope="row"), el("td", said), el("td", _bar(used, limit)))
        )
    return el(
        "section",
        el("h2", "Budget", id="budget"),
        el("table", el("tbody", cells), class_="budget"),
    )


def _bar(used: int, cap: int | None) -> Html | None:
    if not cap:
        return None
    share = min(100, round(100 * used / cap))
    return el(
        "svg",
        el("rect", x=0, y=0, width=100, height=8, class_="rail"),
        el("rect", x=0, y=0, width=share, height=8, class_="bar"),
        viewBox="0 0 100 8",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{share} percent used",
        class_="meter",
    )


def plots(history: History) -> Html:
    """Findings left, tokens and time by attempt."""
    attempts = history.attempts
    left = [None if a.refused or not a.verdicts else len(a.errors) for a in attempts]
    tokens, times = _by_attempt(history, attempts)
    drawn = [line_plot("Findings left", left, "errors")]
    if any(tokens):
        drawn.append(bar_plot("Tokens", tokens, "tokens"))
    slow = max(times, default=0) >= 10_000
    unit = "s" if slow else "ms"
    drawn.append(bar_plot("Time", [t // 1000 for t in times] if slow else times, unit))
    return el("section", el("h2", "Progress", id="progress"), el("div", drawn, class_="plots"))


def _by_attempt(history: History, attempts: tuple[Candidate, ...]) -> tuple[list[int], list[int]]:
    """Tokens and milliseconds between the end of one attempt and the end of the next."""
    tokens, times, begun = [0] * len(attempts), [0] * len(attempts), 0
    place = 0
    for event in history.reader.events:
        if place == len(attempts):
            break
        if event.kind == "model.reply":
            used = number(event.data, "input_tokens") + number(event.data, "output_tokens")
            tokens[place] += used
        if event.kind == "attempt":
            times[place] = event.mono_ms - begun
            begun, place = event.mono_ms, place + 1
    return tokens, times


def unchecked(history: History) -> Html:
    """What nobody looked at, and what interrupted or changed the record."""
    limits = (
        "The record shows what the program did and saw. It cannot show what it never looked at,"
        " and a check that passed says no more than its rules do."
    )
    items = [*_unchecked(history), *_incidents(history), limits]
    return el(
        "section",
        el("h2", "Not checked, and other things to know", id="unchecked"),
        el("ul", [el("li", item) for item in items]),
    )


def _unchecked(history: History) -> Iterator[str]:
    seen = {said.stage: said for said in history.best.verdicts} if history.best else {}
    for stage, words in _MISSING.items():
        if stage not in seen:
            yield words
        elif seen[stage].status == "undecided":
            reason = text(seen[stage].event.data, "reason").partition(LONG_MARK)[0]
            yield f"Stage {stage} of the delivered tree could not look: {reason}"


def _incidents(history: History) -> Iterator[str]:
    words = {
        "interrupted": "interrupted",
        "resumed": "went on in a new session",
        "torn": "an unfinished line was set aside",
        "note": "note",
        "tombstone": "contents were removed from the record",
        "model.failure": "a model could not be asked",
    }
    redactions: dict[str, int] = {}
    for event in history.reader.events:
        if event.kind in words:
            yield f"{event.id} {event.ts}: {words[event.kind]} {_brief(event.data)}"
        for kind, count in mapping(event.data, "redactions").items():
            redactions[kind] = redactions.get(kind, 0) + (count if isinstance(count, int) else 0)
    if redactions:
        listed = ", ".join(f"{count} of {kind}" for kind, count in sorted(redactions.items()))
        yield f"Secrets were taken out before anything was written: {listed}."


def _brief(data: Mapping[str, Json]) -> str:
    shown = {key: value for key, value in data.items() if key not in ("removed", "redactions")}
    parts = [f"{key}: {value}" for key, value in shown.items() if value not in (None, "", [])]
    removed = data.get("removed")
    if isinstance(removed, list):
        parts.append(counted(len(removed), "content"))
    return "; ".join(parts)[:400]


def verifying(history: History) -> Html:
    """How to check that this report tells what was recorded."""
    head = history.reader.events[-1].digest
    commands = (
        f"ohgw-agent verify {history.id} --expect-head {head}\n"
        f"ohgw-agent replay {history.id}\n"
        f"ohgw-agent blame {history.id} FILE:LINE"
    )
    return el(
        "section",
        el("h2", "How to verify", id="verify"),
        el(
            "p",
            f"This report was made from {len(history.reader.events)} events, whose chain was"
            " checked. Its head is below; compare it with the one that the run printed.",
        ),
        el("p", el("code", head, class_="digest")),
        el("pre", commands, tabindex="0", role="group", aria_label="Commands"),
    )

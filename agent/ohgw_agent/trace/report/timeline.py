"""Timeline: the verdicts in order, and which finding stood in which attempt."""

from __future__ import annotations

from ohgw_agent.trace.fields import mapping, number, strings
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Candidate, Said
from ohgw_agent.trace.report.markup import Child, Html, el
from ohgw_agent.trace.report.overview import badge
from ohgw_tools.finding import Finding

STAGES = ("patch", "static", "sandbox", "review")
MOST_FINDINGS = 400


def timeline(history: History) -> Html:
    """A row for each attempt, a column for each stage."""
    rows = []
    asked = {"patch", *strings(history.start, "required")}
    for attempt in history.attempts:
        said = {s.stage: s for s in attempt.verdicts}
        cells: list[Child] = [el("td", _cell(said.get(s), s in asked)) for s in STAGES]
        rows.append(
            el(
                "tr",
                el("th", el("a", str(attempt.number), href=f"#a{attempt.number}"), scope="row"),
                el("td", _origin(attempt)),
                cells,
                el("td", _change(attempt), class_="words"),
            )
        )
    heads = ("Attempt", "Change", *STAGES, "Errors")
    return el(
        "section",
        el("h2", "Timeline of verdicts", id="timeline"),
        scroller("Verdicts by attempt and stage", _table(heads, rows)),
    )


def scroller(label: str, content: Html) -> Html:
    """A wide thing in a box that scrolls by mouse, finger and keyboard."""
    return el("div", content, class_="scroll", tabindex="0", role="group", aria_label=label)


def _table(heads: tuple[str, ...], rows: list[Html], class_: str | None = None) -> Html:
    top = el("thead", el("tr", [el("th", head, scope="col") for head in heads]))
    return el("table", top, el("tbody", rows), class_=class_)


def _origin(attempt: Candidate) -> str:
    if attempt.patch is None:
        return "the input" if attempt.number == 0 else ""
    return f"{attempt.patch.origin or 'no patch'}{' (refused)' if attempt.refused else ''}"


def _cell(said: Said | None, asked: bool) -> Child:
    if said is None:
        return el("span", "not reached" if asked else "not asked for", class_="faint")
    errors = number(mapping(said.event.data, "counts"), "error")
    words = f" {errors}" if errors else ""
    return el("a", badge(said.status), words, href=f"#{said.id}")


def _change(attempt: Candidate) -> str:
    if attempt.event is None:
        return "unfinished"
    if attempt.number == 0:
        return f"{len(attempt.errors)} found"
    if attempt.refused:
        return "nothing changed"
    fixed, new = len(attempt.listed("fixed")), len(attempt.listed("new"))
    best = ", best so far" if attempt.event.data.get("best") else ""
    return f"{fixed} mended, {new} new, {len(attempt.errors)} left{best}"


def matrix(history: History) -> Html:
    """A row for each finding that ever decided, a column for each attempt that was judged."""
    judged = [a for a in history.attempts if a.verdicts and not a.refused]
    found: dict[str, Finding] = {}
    for attempt in judged:
        found |= {key: f for key, f in attempt.errors.items() if key not in found}
    rows = [
        el("tr", _name(finding), _states(judged, key))
        for key, finding in list(found.items())[:MOST_FINDINGS]
    ]
    heads = ("Finding", *(str(a.number) for a in judged))
    more = len(found) - MOST_FINDINGS
    return el(
        "section",
        el("h2", "Findings by attempt", id="matrix"),
        el(
            "p",
            "\u25c6 appeared  \u25cf still there  \u2713 gone  \u21ba came back  \u00b7 not there;"
            " ? the stage that found it was not reached",
            class_="faint",
        ),
        scroller("Findings by attempt", _table(heads, rows, "matrix")) if rows else None,
        el("p", "No finding decided any verdict.") if not rows else None,
        el("p", f"{more} more findings are in the record.") if more > 0 else None,
    )


def _name(finding: Finding) -> Html:
    link = el("a", finding.rule, href=f"#f-{finding.fingerprint}")
    return el("th", link, " ", el("span", finding.place, class_="faint"), scope="row")


def _states(judged: list[Candidate], key: str) -> list[Html]:
    """What became of one finding, attempt by attempt."""
    cells, was_there, ever = [], False, False
    stage = next(s.stage for a in judged for s in a.verdicts if _holds(s, key))
    for attempt in judged:
        here = key in attempt.errors
        if here:
            sign, word = ("\u25cf", "still there") if was_there else ("\u25c6", "appeared")
            if ever and not was_there:
                sign, word = "\u21ba", "came back"
            was_there = ever = True
        elif stage not in {s.stage for s in attempt.verdicts}:
            sign, word = "?", "not looked at"
        else:
            sign, word = ("\u2713", "gone") if was_there else ("\u00b7", "not there")
            was_there = False
        tone = {"gone": "good", "came back": "bad", "appeared": "bad"}.get(word, "")
        cells.append(el("td", el("span", sign, aria_hidden="true"), el("span", word, class_="sr"),
                        class_=tone or None, title=word))  # fmt: skip
    return cells


def _holds(said: Said, key: str) -> bool:
    return any(f.fingerprint == key for f in said.findings)

"""Changes: each attempt in full: its patch as a diff, with reasons for each hunk; its verdicts."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterator

from ohgw_agent.trace.blame import Motive, lines_of, motives, nearest, reply_before
from ohgw_agent.trace.event import Event
from ohgw_agent.trace.fields import text
from ohgw_agent.trace.history import History
from ohgw_agent.trace.judged import Proposed, Said
from ohgw_agent.trace.report.markup import Child, Html, cut, el, many
from ohgw_agent.trace.report.overview import badge
from ohgw_agent.trace.report.timeline import scroller
from ohgw_tools.errors import TraceDamaged
from ohgw_tools.finding import Evidence, Finding

CONTEXT = 3
MOST_REASONS = 4
MOST_TEXT = 4000
WEIGHT = ("error", "warning", "info")
MOST_FINDINGS = 150


def attempts(history: History) -> Iterator[Html]:
    """Yield a section for each attempt."""
    named: set[str] = set()
    for attempt in history.attempts:
        title = "Input" if attempt.number == 0 else f"Attempt {attempt.number}"
        yield el(
            "section",
            el("h2", title, " ", badge(attempt.status), id=f"a{attempt.number}"),
            _patch(history, attempt.patch) if attempt.patch else None,
            [_verdict(history, said, named) for said in attempt.verdicts],
            class_="attempt",
        )


def _patch(history: History, patch: Proposed) -> Html:
    value = patch.patch
    found = motives(history, patch)
    reply = reply_before(history, patch)
    who = patch.origin or (text(reply.data, "model") if reply else patch.event.actor)
    note = value.note if value else "This answer could not be read as a patch."
    return el(
        "div",
        el("h3", f"Patch {patch.id} from {who}", id=patch.id),
        el("p", note) if note else None,
        _answers(found) if value else None,
        [_refusal(refusal) for refusal in patch.refusals],
        _diffs(history, patch, found) if patch.result_tree else _edits(patch),
        _conversation(history, reply) if reply else None,
    )


def _answers(found: tuple[Motive, ...]) -> Html:
    if not found:
        return el("p", "Unmotivated: it names no finding that any verdict held.", class_="warn")
    links = [many(_reason(motive), " ") for motive in found[:20]]
    more = f"and {len(found) - 20} more" if len(found) > 20 else None
    return el("p", "In answer to ", links, more)


def _reason(motive: Motive) -> Html:
    words = f"{motive.said.id}/{motive.finding.rule}"
    return el("a", words, href=f"#f-{motive.finding.fingerprint}")


def _refusal(refusal: object) -> Html:
    data = refusal if isinstance(refusal, dict) else {}
    where = f" in {text(data, 'path')}" if text(data, "path") else ""
    words = cut(text(data, "message"), MOST_TEXT)
    return el("p", el("strong", f"Refused: {text(data, 'code')}{where}. "), words, class_="warn")


def _edits(patch: Proposed) -> Html | None:
    """What a refused patch wanted."""
    if patch.patch is None:
        return None
    wanted = json.dumps([e.model_dump(mode="json") for e in patch.patch.edits], indent=1)
    return _folded("What it wanted to change", cut(wanted, MOST_TEXT))


def _folded(title: str, words: str) -> Html:
    body = el("pre", words, tabindex="0", role="group", aria_label=title)
    return el("details", el("summary", title), body)


def _diffs(history: History, patch: Proposed, found: tuple[Motive, ...]) -> list[Html]:
    assert patch.result_tree is not None, "a refused patch has no diff"
    before = history.reader.tree(patch.base_tree, allow_redacted=True)
    after = history.reader.tree(patch.result_tree, allow_redacted=True)
    shown = []
    for path in sorted(set(before) | set(after)):
        if before.get(path) != after.get(path):
            old, new = lines_of(before.get(path, "")), lines_of(after.get(path, ""))
            word = "" if path in before else " (new file)"
            word = word if path in after else " (removed)"
            body = [_hunk(hunk, old, new, path, found) for hunk in _hunks(old, new)]
            shown.append(
                el("div", el("h4", path, word), scroller(f"Changes of {path}", many(body)))
            )
    return shown


Opcodes = list[tuple[str, int, int, int, int]]


def _hunks(old: list[str], new: list[str]) -> Iterator[Opcodes]:
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    yield from (list(group) for group in matcher.get_grouped_opcodes(CONTEXT))


def _hunk(
    group: Opcodes, old: list[str], new: list[str], path: str, found: tuple[Motive, ...]
) -> Html:
    first, last = group[0], group[-1]
    near = (first[1] + 1 + CONTEXT, max(first[1] + 1, last[2] - CONTEXT))
    reasons = nearest(found, path, near)
    label: list[Child] = ["because ", [many(_reason(m), " ") for m in reasons[:MOST_REASONS]]]
    if len(reasons) > MOST_REASONS:
        label.append(f"and {len(reasons) - MOST_REASONS} more")
    where = f"@@ -{first[1] + 1},{last[2] - first[1]} +{first[3] + 1},{last[4] - first[3]} @@ "
    head = el("div", where, label if reasons else "unmotivated", class_="hunk")
    return many(head, el("pre", [_rows(step, old, new) for step in group], class_="diff"))


def _rows(step: tuple[str, int, int, int, int], old: list[str], new: list[str]) -> Html:
    tag, i1, i2, j1, j2 = step
    if tag == "equal":
        return many("".join(f"  {_whole(line)}" for line in old[i1:i2]))
    gone = "".join(f"- {_whole(line)}" for line in old[i1:i2])
    come = "".join(f"+ {_whole(line)}" for line in new[j1:j2])
    return many(el("del", gone) if gone else None, el("ins", come) if come else None)


def _whole(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ no newline at the end of the file\n"


def _conversation(history: History, reply: Event) -> Html:
    """What the model was asked and what it answered."""
    asked = [e for e in history.reader.of_kind("model.request") if e.seq in reply.cause]
    parts = []
    for title, event, key in [("Prompt", e, "prompt_blob") for e in asked] + [
        ("Answer", reply, "reply_blob")
    ]:
        words = _spoken(history, text(event.data, key))
        title = f"{title} of event {event.id}, {text(event.data, 'model')}"
        parts.append(_folded(title, cut(words, MOST_TEXT)))
    return many(parts)


def _spoken(history: History, digest: str) -> str:
    """The words of a recorded question or answer."""
    try:
        body = history.reader.json(digest)
    except TraceDamaged as error:
        return f"(not in the record: {error})"
    if isinstance(body, dict) and isinstance(body.get("messages"), list):
        said = [m for m in body["messages"] if isinstance(m, dict)]
        return "\n\n".join(f"[{m.get('role')}]\n{m.get('text')}" for m in said)
    return str(body.get("text", "")) if isinstance(body, dict) else ""


def _verdict(history: History, said: Said, named: set[str]) -> Html:
    reason = el("p", said.verdict.reason) if said.verdict.reason else None
    head = el("h3", f"{said.id} {said.stage} ", badge(said.status), id=said.id)
    # What decides comes first: a long list is cut at its end.
    ordered = sorted(said.findings, key=lambda f: WEIGHT.index(f.severity))
    known = [f for f in ordered if f.fingerprint in named]
    fresh = [f for f in ordered if f.fingerprint not in named]
    named |= {f.fingerprint for f in fresh}
    links = [many(el("a", f.rule, href=f"#f-{f.fingerprint}"), " ") for f in known[:MOST_FINDINGS]]
    again = el("p", f"Still there, told of above ({len(known)}): ", links) if known else None
    shown = [_finding(finding) for finding in fresh[:MOST_FINDINGS]]
    more = len(fresh) - MOST_FINDINGS
    left = el("p", f"{more} more findings are in the record.") if more > 0 else None
    logs = [_log(history, name, str(d)) for name, d in _blobs(said)]
    return el("div", head, reason, again, shown, left, logs)


def _blobs(said: Said) -> list[tuple[str, object]]:
    blobs = said.event.data.get("blobs")
    return sorted(blobs.items()) if isinstance(blobs, dict) else []


def _log(history: History, name: str, digest: str) -> Html:
    try:
        words = history.reader.blobs.get(digest).decode("utf-8", "backslashreplace")
    except TraceDamaged as error:
        words = f"(not in the record: {error})"
    return _folded(f"Evidence {name}", cut(words, MOST_TEXT))


def _finding(finding: Finding) -> Html:
    waived = f" (waived: {finding.waived})" if finding.waived is not None else ""
    return el(
        "article",
        el(
            "p",
            el("strong", finding.rule),
            f" {finding.severity}{waived} ",
            el("code", finding.place),
        ),
        el("p", cut(finding.message, MOST_TEXT)),
        [_evidence(evidence) for evidence in finding.evidence[:6]],
        id=f"f-{finding.fingerprint}",
        class_=f"finding {finding.severity}",
    )


def _evidence(evidence: Evidence) -> Html:
    line = f":{evidence.region.start_line}" if evidence.region else ""
    words = f"{evidence.kind} {evidence.path}{line} {evidence.note}"
    quote = cut(evidence.quote, MOST_TEXT)
    box = el("pre", quote, tabindex="0", role="group", aria_label=f"Evidence: {words}")
    return many(el("p", words, class_="faint"), box if quote else None)

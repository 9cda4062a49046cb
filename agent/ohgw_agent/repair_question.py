"""The question that a chat model is asked for a patch: the same situation, the same bytes."""

from __future__ import annotations

from ohgw_agent.chat_model import Message, Question
from ohgw_agent.marked_text import Marks, one_line, tail
from ohgw_agent.proposer import Situation
from ohgw_agent.reference import reference
from ohgw_agent.repair_focus import LAST_RESORT_AFTER, WIDEN_AFTER, RepairFocus
from ohgw_agent.tried_before import tried
from ohgw_prompts import Template
from ohgw_tools.edit import Patch
from ohgw_tools.finding import Evidence, Finding

DESCRIPTION = 3500
MESSAGE = 600
QUOTE = 1200
LOG = 2400
EVIDENCES = 4
ALIKE = 4


def repair_question(
    situation: Situation, focus: RepairFocus, *, structured: bool, max_output_tokens: int
) -> Question:
    """Return the question. Code stands raw between marks; nothing in it depends on time, paths of
    this machine or chance.
    """
    bundle = situation.bundle
    description = _description(bundle.experiment.description, focus)
    history = tried(situation.history, bundle.derived.digest)
    marks = Marks.around([description, history, *bundle.derived.values(), *_quotes(focus)])
    code = [marks.wrap(e.title, e.text) for e in focus.shown]
    if description:
        code.append(marks.wrap("description of the experiment", description))
    text = Template.load("repair-task").fill(
        experiment=one_line(bundle.experiment.id, 200),
        facts=_facts(situation),
        findings=_findings(focus, marks),
        code="\n".join(code),
        known=_known(situation, focus),
        files=_files(situation, focus),
        tried=_tried(focus, history, marks),
    )
    system = Template.load("repair-system").text
    return Question(
        purpose="propose",
        messages=(Message(role="system", text=system), Message(role="user", text=text)),
        max_output_tokens=max_output_tokens,
        schema_=Patch.model_json_schema() if structured else None,
        view=focus.breadth,
    )


def _description(description: str, focus: RepairFocus) -> str:
    """The description, its beginning at first, more of it once findings have resisted."""
    limit = DESCRIPTION if focus.breadth == "region" else 3 * DESCRIPTION
    if len(description) <= limit:
        return description
    return f"{description[:limit]}\n[{len(description) - limit} characters cut]"


def _facts(situation: Situation) -> str:
    experiment, contract = situation.bundle.experiment, situation.contract
    ids = ", ".join(one_line(v, 120) for v in experiment.run_variations) or "none named"
    lines = [f"Run variations, exact ids: {ids}"]
    if contract.frozen:
        lines.append(f"Never changed: {', '.join(contract.frozen)}")
    return "\n".join(lines)


def _findings(focus: RepairFocus, marks: Marks) -> str:
    """Each finding with its evidence. What two findings share is shown once; where many are of one
    kind, the later ones are named with their places alone.
    """
    told: set[str] = set()
    kinds: dict[tuple[str, str | None], int] = {}
    paragraphs, brief = [], []
    for finding in focus.findings:
        kind = (finding.rule, finding.path)
        kinds[kind] = kinds.get(kind, 0) + 1
        if kinds[kind] <= ALIKE:
            paragraphs.append(_finding(finding, marks, told))
        else:
            brief.append(f"{finding.fingerprint} {one_line(finding.message, 80)}")
    if brief:
        paragraphs.append("Likewise: " + "; ".join(brief))
    if focus.later:
        paragraphs.append(f"({focus.later} more are left for later patches.)")
    return "\n".join(paragraphs)


def _finding(finding: Finding, marks: Marks, told: set[str]) -> str:
    lines = [f"{finding.fingerprint} {finding.place}: {one_line(finding.message, MESSAGE)}"]
    shown = [e for e in finding.evidence if _worth_showing(e, finding)][:EVIDENCES]
    for evidence in shown:
        text = _shown(evidence, marks)
        if text not in told:
            told.add(text)
            lines.append(text)
    return "\n".join(lines)


def _shown(evidence: Evidence, marks: Marks) -> str:
    """Evidence: a line of code on one line with its place, anything longer between marks."""
    quote = _quoted(evidence)
    if evidence.region is not None and "\n" not in quote.strip():
        place = f"{_source(evidence)}:{evidence.region.start_line}"
        return f"  {one_line(place, 200)}: {one_line(quote, 240)}"
    return marks.wrap(_source(evidence), quote).rstrip()


def _worth_showing(evidence: Evidence, finding: Finding) -> bool:
    """A line of a file that is shown anyway, or that the message quotes, is not shown twice."""
    if not evidence.quote.strip() or evidence.quote.strip() in finding.message:
        return False
    return evidence.kind != "source"


def _source(evidence: Evidence) -> str:
    names = {"base": "base code", "log": "output of the run", "trace": "via"}
    kind = names.get(evidence.kind, evidence.kind)
    return " ".join(part for part in (kind, evidence.note, evidence.path) if part)


def _quoted(evidence: Evidence) -> str:
    limit = LOG if evidence.kind in ("log", "trace") else QUOTE
    return tail(evidence.quote, limit)


def _quotes(focus: RepairFocus) -> list[str]:
    return [e.quote for f in focus.findings for e in f.evidence]


def _known(situation: Situation, focus: RepairFocus) -> str:
    """What the catalogue knows of the names in question: our own words, not the bundle's."""
    text = reference(situation, focus)
    return f"Known of what is named here, from published sources:\n{text}\n\n" if text else ""


def _files(situation: Situation, focus: RepairFocus) -> str:
    """The other files by name, so that the model knows what there is."""
    shown = {e.path for e in focus.shown}
    others = [p for p in situation.bundle.derived if p not in shown][:60]
    return f"Other files: {', '.join(one_line(p, 200) for p in others)}\n" if others else ""


def _tried(focus: RepairFocus, history: str, marks: Marks) -> str:
    parts = []
    if history:
        parts.append(marks.wrap("tried before, without success", history))
    if focus.failures >= WIDEN_AFTER:
        last = focus.failures >= LAST_RESORT_AFTER
        template = Template.load("repair-last-resort" if last else "repair-widened")
        parts.append(template.fill(failures=str(focus.failures), stubborn=focus.stubborn))
    return "".join(parts)

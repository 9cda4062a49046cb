"""Review: the last stage, where a chat model judges what machines cannot, bound to evidence.

It is asked twice, with criteria and files in opposite orders, because the same code has been seen
to be called ready and not ready by the same reviewer. What counts:

* An issue counts only if its quote stands where it says. Those that do not are thrown out.
* A claim that a machine can refute is looked up; refuted ones are thrown out, those that nobody can
  confirm here are warnings.
* An issue that both answers raise, or that a machine confirms, is an error. One that only one
  raises is a warning, and is listed as a disagreement.
* A criterion is met only if both answers say so and each points at a place that bears it out.
* The stage fails on an error, passes if every criterion is met or only doubted by one answer that
  shows where, and is otherwise undecided: so also if an answer cannot be read, twice.

A review alone makes nothing ready: the stages before it must have passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import JsonValue

from ohgw_agent.chat_model import ChatModel
from ohgw_agent.review_answer import ReviewAnswer, read_answer
from ohgw_agent.review_issue import Issues, Raised, paired, sift
from ohgw_agent.review_question import Material, Order, ask_again, material, review_question
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.errors import ModelAnswerInvalid
from ohgw_tools.finding import Evidence, Finding, Region, numbered
from ohgw_tools.verdict import Judgement, Verdict

MAX_MATERIAL = 400_000
ORDERS: tuple[Order, Order] = ("forward", "backward")


@dataclass
class _Session:
    """What happened while asking."""

    asked: int = 0
    discarded: list[str] = field(default_factory=list)
    structured: bool = False
    tokens: int = 0


def review(bundle: Bundle, contract: Contract, judgement: Judgement, model: ChatModel) -> Verdict:
    """Return the verdict of stage `review` on `bundle.derived`; `judgement` holds what the stages
    before it said. Asks two to four questions. Raises ModelError, BudgetSpent.
    """
    under_review = material(bundle)
    if under_review.size > MAX_MATERIAL:
        return Verdict(
            stage="review",
            status="undecided",
            reason=f"{under_review.size} characters are too many to review: the bound is "
            f"{MAX_MATERIAL}; leave out the review (--no-review) or make the bundle smaller",
        )
    session = _Session()
    answers = [_ask(bundle, contract, under_review, order, model, session) for order in ORDERS]
    sifted = [Issues() if a is None else sift(a, bundle, contract, judgement) for a in answers]
    agreed, alone = paired(sifted[0].raised, sifted[1].raised)
    findings = [_finding(r, "error") for r in agreed] + [_finding(r, "warning") for r in alone]
    findings += _withheld(under_review, contract, bundle)
    facts = _facts(session, under_review, sifted, agreed, alone)
    doubts = _doubts(answers, sifted, contract)
    facts["disagreement"] = [
        *(f"{r.criterion}: {r.place.path}:{r.place.region.start_line}" for r in alone),
        *_split(answers),
    ]
    return _verdict(numbered(findings), facts, doubts)


def _ask(
    bundle: Bundle,
    contract: Contract,
    under_review: Material,
    order: Order,
    model: ChatModel,
    session: _Session,
) -> ReviewAnswer | None:
    """Ask in one order, and once more if the answer cannot be used; None if that cannot either."""
    question = review_question(bundle, contract, under_review, order)
    for last in (False, True):
        reply = model.ask(question)
        session.asked += 1
        session.tokens += reply.input_tokens + reply.output_tokens
        session.structured = session.structured or reply.structured
        try:
            code = under_review.marks.code
            return read_answer(reply, code, tuple(contract.criteria), under_review.markers)
        except ModelAnswerInvalid as error:
            session.discarded.append(f"{order}: {error}")
            if not last:
                question = ask_again(question, reply.text, str(error))
    return None


def _verdict(
    findings: tuple[Finding, ...], facts: dict[str, JsonValue], doubts: list[str]
) -> Verdict:
    verdict = Verdict.of("review", findings, facts)
    if verdict.status == "fail" or not doubts:
        return verdict
    reason = f"the review came to no judgement: {'; '.join(doubts[:6])}"
    return verdict.model_copy(update={"status": "undecided", "reason": reason})


def _doubts(
    answers: list[ReviewAnswer | None], sifted: list[Issues], contract: Contract
) -> list[str]:
    """Why the answers do not add up to a pass."""
    doubts = [
        f"the answer in {order} order could not be used"
        for order, answer in zip(ORDERS, answers, strict=True)
        if answer is None
    ]
    for criterion in contract.criteria:
        for order, answer, issues in zip(ORDERS, answers, sifted, strict=True):
            if answer is not None and criterion not in issues.settled:
                doubts.append(f"{criterion} ({order}): {issues.unsettled[criterion]}")
    return doubts


def _split(answers: list[ReviewAnswer | None]) -> list[str]:
    """The criteria that the two answers judge differently."""
    said = [{o.criterion: o.met for o in a.criteria} for a in answers if a is not None]
    if len(said) < 2:
        return []
    return [f"{c}: {said[0][c]} / {said[1][c]}" for c in said[0] if said[0][c] != said[1][c]]


def _facts(
    session: _Session,
    under_review: Material,
    sifted: list[Issues],
    agreed: list[Raised],
    alone: list[Raised],
) -> dict[str, JsonValue]:
    refuted: list[JsonValue] = [text for issues in sifted for text in issues.refuted]
    discarded: list[JsonValue] = list(session.discarded)
    return {
        "asked": session.asked,
        "tokens": session.tokens,
        "structured": session.structured,
        "discarded": discarded,
        "ungrounded": sum(issues.ungrounded for issues in sifted),
        "refuted": refuted,
        "agreed": len(agreed),
        "one_sided": len(alone),
        "withheld": len(under_review.withheld),
    }


def _finding(raised: Raised, severity: str) -> Finding:
    place = raised.place
    return Finding.model_validate(
        {
            "rule": "review",
            "criterion": raised.criterion,
            "kind": raised.kind,
            "severity": severity if not raised.unconfirmed else "warning",
            "message": raised.message,
            "path": place.path,
            "region": place.region if place.kind == "source" else None,
            "evidence": (
                Evidence(
                    kind=place.kind, path=place.path, region=place.region, quote=place.quote[:2000]
                ),
            ),
            "subject": place.quote.strip()[:200],
            "data": {"claim": raised.claim, "confirmed": raised.confirmed},
        }
    )


def _withheld(under_review: Material, contract: Contract, bundle: Bundle) -> list[Finding]:
    """Report the lines of the derived code that speak to a reviewer."""
    criterion = next(iter(contract.criteria))
    found = []
    for line in under_review.withheld:
        if line.title in bundle.derived:
            region = Region(start_line=line.line, end_line=line.line, end_column=len(line.text) + 1)
            quote = Evidence(kind="source", path=line.title, region=region, quote=line.text[:500])
            found.append(
                Finding(
                    rule="review-addressed",
                    criterion=criterion,
                    kind="quality-degradation",
                    severity="warning",
                    message="this line speaks to a reviewer; it was withheld from the review",
                    path=line.title,
                    region=region,
                    evidence=(quote,),
                    subject=line.text.strip()[:200],
                )
            )
    return found

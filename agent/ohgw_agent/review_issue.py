"""ReviewIssue: what of a reviewer's answer stands up to being looked up."""

from __future__ import annotations

from dataclasses import dataclass, field

from ohgw_agent.addressed_text import addresses_reviewer
from ohgw_agent.claim_check import Answer, claim_of, look_up
from ohgw_agent.grounding import Place, locate
from ohgw_agent.marked_text import one_line
from ohgw_agent.review_answer import Issue, Opinion, ReviewAnswer
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.finding import IssueKind
from ohgw_tools.verdict import Judgement

SAME_PLACE = 3
MESSAGE = 600


@dataclass(frozen=True)
class Raised:
    """An issue whose quote was found. `confirmed`: by a machine; `unconfirmed`: it claims what a
    machine could say elsewhere, but not here.
    """

    criterion: str
    kind: IssueKind
    claim: str
    message: str
    place: Place
    confirmed: bool
    unconfirmed: bool


@dataclass
class Issues:
    """One answer, sifted. `settled` names the criteria that it judges on evidence; `unsettled` says
    why it does not for the others.
    """

    raised: list[Raised] = field(default_factory=list)
    refuted: list[str] = field(default_factory=list)
    ungrounded: int = 0
    settled: set[str] = field(default_factory=set)
    unsettled: dict[str, str] = field(default_factory=dict)


def sift(answer: ReviewAnswer, bundle: Bundle, contract: Contract, judgement: Judgement) -> Issues:
    """Look up everything that an answer says."""
    issues = Issues()
    for opinion in answer.criteria:
        before = len(issues.raised)
        for issue in opinion.issues:
            _take(issue, opinion.criterion, issues, bundle, contract, judgement)
        standing = len(issues.raised) > before
        doubt = _doubt(opinion, standing, bundle)
        if doubt:
            issues.unsettled[opinion.criterion] = doubt
        else:
            issues.settled.add(opinion.criterion)
    return issues


def _take(
    issue: Issue,
    criterion: str,
    issues: Issues,
    bundle: Bundle,
    contract: Contract,
    judgement: Judgement,
) -> None:
    place = locate(bundle, issue.path, issue.line, issue.quote)
    claim = claim_of(issue)
    found: Answer = look_up(issue, bundle, contract, judgement)
    if found == "refuted":
        issues.refuted.append(f"{claim}: {one_line(issue.message, 200)}")
    elif place is None:
        issues.ungrounded += 1
    else:
        issues.raised.append(
            Raised(
                criterion=criterion,
                kind=issue.kind,
                claim=claim,
                message=one_line(issue.message, MESSAGE),
                place=place,
                confirmed=found == "confirmed",
                unconfirmed=claim != "judgement" and found == "unknown",
            )
        )


def _doubt(opinion: Opinion, standing: bool, bundle: Bundle) -> str:
    """Why an opinion settles nothing, or an empty text. A `no` is settled by an issue that stands,
    a `yes` by a place that was found and does not itself speak to the reviewer.
    """
    if opinion.met == "unsure":
        return "the reviewer is unsure"
    if opinion.met == "no":
        return "" if standing else "called not met, but no issue with it stands up"
    if standing:
        return ""
    for seen in opinion.seen:
        place = locate(bundle, seen.path, seen.line, seen.quote)
        if place is not None and not addresses_reviewer(place.quote):
            return ""
    return "called met, but nothing that exists was pointed at"


def paired(first: list[Raised], second: list[Raised]) -> tuple[list[Raised], list[Raised]]:
    """Return the issues that both answers raise at the same place (those that a machine confirms
    among them), and those that one alone does.
    """
    agreed: list[Raised] = []
    left = list(second)
    alone: list[Raised] = []
    for one in first:
        other = next((r for r in left if _same(one, r)), None)
        if other is not None:
            left.remove(other)
        (agreed if other is not None or one.confirmed else alone).append(one)
    for one in left:
        if not any(_same(one, r) for r in first):
            (agreed if one.confirmed else alone).append(one)
    return agreed, alone


def _same(one: Raised, other: Raised) -> bool:
    """Whether two issues are about the same place: their regions overlap or nearly touch."""
    if (one.place.kind, one.place.path) != (other.place.kind, other.place.path):
        return False
    a, b = one.place.region, other.place.region
    return a.start_line <= b.end_line + SAME_PLACE and b.start_line <= a.end_line + SAME_PLACE

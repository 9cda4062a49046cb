"""ClaimCheck: claims that a machine can refute are looked up before they count.

Reviewers claim syntax errors in files that parse, missing `__init__.py` in namespace packages that
import, and dataset ids that do not exist but do; each of these has cost real refusals.
"""

from __future__ import annotations

import re
import sys
import tomllib
from typing import Literal

from ohgw_agent.review_answer import Claim, Issue
from ohgw_tools.bundle import Bundle
from ohgw_tools.contract import Contract
from ohgw_tools.subject import Subject
from ohgw_tools.verdict import Judgement

Answer = Literal["confirmed", "refuted", "unknown"]

_NAMED: tuple[tuple[Claim, re.Pattern[str]], ...] = (
    ("missing-init", re.compile(r"__init__(\.py)?\b")),
    ("syntax-error", re.compile(r"syntax ?error|invalid syntax|(not|cannot be|n't) pars", re.I)),
    (
        "unknown-dataset-id",
        re.compile(
            r"(dataset|hub|hugging ?face|model)\b.{0,60}\b(not exist|not found|unknown|"
            r"nonexistent|non-existent|no such|invalid id)",
            re.I,
        ),
    ),
    (
        "undefined-name",
        re.compile(
            r"NameError|\bundefined (name|variable|function)|\b(is|never|not) defined", re.I
        ),
    ),
    (
        "missing-module",
        re.compile(
            r"ModuleNotFoundError|ImportError|\bmodule\b.{0,40}\b(missing|not (exist|found|there))",
            re.I,
        ),
    ),
)
_IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
_DEPENDENCY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def claim_of(issue: Issue) -> Claim:
    """Return what an issue claims, also where it calls itself a judgement but its words claim
    something that can be looked up.
    """
    if issue.claim != "judgement":
        return issue.claim
    for claim, pattern in _NAMED:
        if pattern.search(issue.message):
            return claim
    return "judgement"


def look_up(issue: Issue, bundle: Bundle, contract: Contract, judgement: Judgement) -> Answer:
    """Return what a machine says of a claim; `unknown` where it cannot tell, always so for a
    judgement.
    """
    match claim_of(issue):
        case "syntax-error":
            return _syntax(issue.path, Subject(bundle, contract))
        case "missing-init":
            # A folder without __init__.py is a namespace package and imports (PEP 420).
            return "refuted"
        case "missing-file":
            return _file(issue.subject, bundle, contract)
        case "undefined-name":
            return _name(issue, judgement)
        case "missing-module":
            return _module(issue.subject, bundle)
        case "unknown-dataset-id":
            return _dataset(issue.subject, bundle)
        case _:
            return "unknown"


def _syntax(path: str, subject: Subject) -> Answer:
    if path not in subject.files:
        return "unknown"
    if path.endswith(".py"):
        python = subject.python(path)
        return "unknown" if python is None else ("confirmed" if python.error else "refuted")
    if path.endswith((".yaml", ".yml")):
        yaml = subject.yaml(path)
        return "unknown" if yaml is None else ("confirmed" if yaml.error else "refuted")
    if path.endswith(".toml"):
        toml = subject.toml(path)
        return "unknown" if toml is None else ("confirmed" if toml.error else "refuted")
    return "unknown"


def _file(path: str, bundle: Bundle, contract: Contract) -> Answer:
    name = path.strip().strip("`'\"")
    if name in bundle.derived:
        return "refuted"
    return "confirmed" if name in contract.files else "unknown"


def _name(issue: Issue, judgement: Judgement) -> Answer:
    """Ask the static stage, which has looked at every name of this very tree."""
    name = issue.subject.strip().strip("`'\"()")
    static = [v for v in judgement.verdicts if v.stage == "static" and v.status != "undecided"]
    if not static or not _IDENTIFIER.fullmatch(name):
        return "unknown"
    found = any(f.rule == "undefined-name" and name in f.message for f in static[0].findings)
    return "confirmed" if found else "refuted"


def _module(name: str, bundle: Bundle) -> Answer:
    module = name.strip().strip("`'\"").lstrip(".")
    path = module.replace(".", "/")
    ends = (f"{path}.py", f"{path}/__init__.py")
    if any(f == end or f.endswith(f"/{end}") for f in bundle.derived for end in ends):
        return "refuted"
    top = module.partition(".")[0]
    if top in sys.stdlib_module_names or _distribution(top) in _declared(bundle):
        return "refuted"
    return "unknown"


def _declared(bundle: Bundle) -> frozenset[str]:
    try:
        project = tomllib.loads(bundle.derived.get("pyproject.toml", "")).get("project", {})
    except tomllib.TOMLDecodeError:
        return frozenset()
    lines = project.get("dependencies", []) if isinstance(project, dict) else []
    names = [_DEPENDENCY.match(line) for line in lines if isinstance(line, str)]
    return frozenset(_distribution(n[0]) for n in names if n)


def _distribution(name: str) -> str:
    """A distribution's name in normal form (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def _dataset(name: str, bundle: Bundle) -> Answer:
    """An id that the experiment's own text or its base code names was given, not made up. Whether
    any other exists cannot be known offline.
    """
    wanted = name.strip().strip("`'\"").lower()
    given = [bundle.experiment.description, str(bundle.method), bundle.strategy]
    known = any(wanted in text.lower() for text in (*given, *bundle.base.values()))
    return "refuted" if wanted and known else "unknown"

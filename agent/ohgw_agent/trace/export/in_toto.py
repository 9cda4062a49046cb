"""in-toto: an unsigned Statement with a test-result predicate over the delivered tree.

Sign it with whatever you trust; docs/verifying.md has commands. A run that could not look is not
passed: only a ready tree is PASSED, everything else is FAILED.
"""

from __future__ import annotations

import json

from ohgw_agent.trace.delivery import judgement
from ohgw_agent.trace.export_options import ExportOptions
from ohgw_agent.trace.fields import mapping, text
from ohgw_agent.trace.history import History

NAME = "in-toto"
SUMMARY = "an in-toto Statement (test-result v0.1) to sign with public tools"
TAKES = frozenset[str]()

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/test-result/v0.1"


def export(history: History, options: ExportOptions) -> str:
    """Return one Statement: subjects are the tree's manifest and each file."""
    found = judgement(history)
    files = history.reader.manifest(history.final_tree)
    name = text(history.start, "experiment") or history.id
    contract = mapping(history.start, "contract")
    head = history.reader.events[-1].digest
    failed = sorted({finding.rule for finding in found.errors})
    undecided = [f"{v.stage} (undecided)" for v in found.verdicts if v.status == "undecided"]
    seen = {v.stage for v in found.verdicts}
    missing = [f"{stage} (not reached)" for stage in found.required if stage not in seen]
    statement = {
        "_type": STATEMENT,
        "subject": [
            {"name": f"{name} (tree manifest)", "digest": {"sha256": history.final_tree}},
            *({"name": path, "digest": {"sha256": digest}} for path, digest in files.items()),
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "result": "PASSED" if found.ready else "FAILED",
            "configuration": [
                _configuration(f"rules {text(history.start, 'version')}",
                               text(history.start, "rules_digest")),
                _configuration(f"contract {text(contract, 'name')}",
                               text(contract, "contract_blob")),
                _configuration(f"record of run {history.id}", head),
            ],
            "url": f"urn:ohgw:run:{history.id}",
            "passedTests": [v.stage for v in found.verdicts if v.status == "pass"],
            "failedTests": failed + undecided + missing,
        },
    }  # fmt: skip
    return json.dumps(statement, indent=1, ensure_ascii=False) + "\n"


def _configuration(name: str, digest: str) -> dict[str, object]:
    return {"name": name, "digest": {"sha256": digest}}

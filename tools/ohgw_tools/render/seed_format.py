"""The verdict in the shape that the original pipeline asked its chat model for."""

from __future__ import annotations

import json

from ohgw_tools.report import Report

NAME = "seed"
SUMMARY = "the original pipeline's own verdict: two keys"


def render(report: Report) -> str:
    """Return `{"is_experiment_code_ready": ..., "experiment_code_issue": ...}`."""
    return json.dumps(report.judgement.seed_form(), indent=2, ensure_ascii=False) + "\n"

"""Repairs experiment bundles until they are ready, keeping every verdict.

    from ohgw_agent import fix, load
    trace = fix(load("bundle.json"))

Names are imported when they are first used: `import ohgw_agent` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ohgw_agent.budget import Budget, Spend
    from ohgw_agent.chat_model import ChatModel, Message, Question, Reply
    from ohgw_agent.embedding import afix, astream
    from ohgw_agent.graph import build_graph
    from ohgw_agent.notice import Notice
    from ohgw_agent.outcome import Trace
    from ohgw_agent.pipeline_node import repair_node
    from ohgw_agent.proposer import Attempt, Proposer, Situation
    from ohgw_agent.repair import fix, resume
    from ohgw_agent.settings import ModelSettings, Settings
    from ohgw_tools.bundle import Bundle
    from ohgw_tools.bundles.bundle_file import load, save
    from ohgw_tools.contract import Contract
    from ohgw_tools.edit import Patch
    from ohgw_tools.judging import judge

_PLACES = {
    "Attempt": "ohgw_agent.proposer",
    "Budget": "ohgw_agent.budget",
    "Bundle": "ohgw_tools.bundle",
    "ChatModel": "ohgw_agent.chat_model",
    "Contract": "ohgw_tools.contract",
    "Message": "ohgw_agent.chat_model",
    "ModelSettings": "ohgw_agent.settings",
    "Notice": "ohgw_agent.notice",
    "Patch": "ohgw_tools.edit",
    "Proposer": "ohgw_agent.proposer",
    "Question": "ohgw_agent.chat_model",
    "Reply": "ohgw_agent.chat_model",
    "Settings": "ohgw_agent.settings",
    "Situation": "ohgw_agent.proposer",
    "Spend": "ohgw_agent.budget",
    "Trace": "ohgw_agent.outcome",
    "afix": "ohgw_agent.embedding",
    "astream": "ohgw_agent.embedding",
    "build_graph": "ohgw_agent.graph",
    "fix": "ohgw_agent.repair",
    "judge": "ohgw_tools.judging",
    "load": "ohgw_tools.bundles.bundle_file",
    "repair_node": "ohgw_agent.pipeline_node",
    "resume": "ohgw_agent.repair",
    "save": "ohgw_tools.bundles.bundle_file",
}

__all__ = [
    "Attempt",
    "Budget",
    "Bundle",
    "ChatModel",
    "Contract",
    "Message",
    "ModelSettings",
    "Notice",
    "Patch",
    "Proposer",
    "Question",
    "Reply",
    "Settings",
    "Situation",
    "Spend",
    "Trace",
    "afix",
    "astream",
    "build_graph",
    "fix",
    "judge",
    "load",
    "repair_node",
    "resume",
    "save",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'ohgw_agent' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)

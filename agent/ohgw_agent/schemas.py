"""Schemas: the JSON Schema of every value that is read or written, by name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from ohgw_tools.errors import InputError


def names() -> tuple[str, ...]:
    """Return the names that `schema` knows, sorted."""
    from ohgw_agent.trace.schema import names as trace_names

    return tuple(sorted({"bundle", *_models(), *trace_names()}))


def schema(name: str) -> dict[str, Any]:
    """Return a JSON Schema (2020-12). Raises InputError for a name that is not known."""
    if name == "bundle":
        from ohgw_tools.bundles.bundle_schema import bundle_schema

        return bundle_schema()
    models = _models()
    if name in models:
        return {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            **models[name].model_json_schema(mode="serialization"),
        }
    from ohgw_agent.trace.schema import names as trace_names
    from ohgw_agent.trace.schema import schema as trace_schema

    if name in trace_names():
        return trace_schema(name)
    raise InputError(f"no schema {name!r}: use one of {', '.join(names())}")


def _models() -> dict[str, type[BaseModel]]:
    from ohgw_agent.budget import Budget
    from ohgw_agent.proposer import Attempt
    from ohgw_agent.settings import Settings
    from ohgw_tools.contract import Contract
    from ohgw_tools.edit import Patch
    from ohgw_tools.finding import Finding
    from ohgw_tools.verdict import Judgement, Verdict

    kinds = (Attempt, Budget, Contract, Finding, Judgement, Patch, Settings, Verdict)
    return {kind.__name__.lower(): kind for kind in kinds}

"""BundleSchema: JSON Schema (2020-12) of the two shapes that a bundle file may have."""

from __future__ import annotations

from pydantic import JsonValue

from ohgw_tools.bundles.bundle_file import MAX_FILES

_FILES: dict[str, JsonValue] = {
    "type": "object",
    "description": (
        "Texts by key or path: `train_py` stands for src/train.py, `smoke_test_yaml` for "
        "config/smoke_test.yaml, `pyproject_toml` for pyproject.toml; a key with a dot or slash is "
        "a relative path. UTF-8, at most 8 MiB a file and 64 MiB together."
    ),
    "propertyNames": {"minLength": 1, "maxLength": 240, "not": {"pattern": r"^/|\\|\.\.|\u0000"}},
    "additionalProperties": {"type": "string"},
    "maxProperties": MAX_FILES,
}
_VARIATIONS: dict[str, JsonValue] = {
    "type": "array",
    "items": {"type": "string", "minLength": 1},
    "uniqueItems": True,
    "description": "The exact ids of the experiment's runs.",
}


def bundle_schema() -> dict[str, JsonValue]:
    """Return the schema. What it cannot say (case clashes, sizes) `bundle_file.load` checks."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Experiment bundle",
        "anyOf": [{"$ref": "#/$defs/flat"}, {"$ref": "#/$defs/seed"}],
        "$defs": {"files": _FILES, "variations": _VARIATIONS, "flat": _flat(), "seed": _seed()},
    }


def _flat() -> dict[str, JsonValue]:
    return {
        "type": "object",
        "description": "Plain paths: what `ohgw-agent bundle pack` writes.",
        "required": ["derived"],
        "properties": {
            "base": {"$ref": "#/$defs/files"},
            "derived": {"$ref": "#/$defs/files", "minProperties": 1},
            "experiment": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "description": {"type": "string"},
                    "run_variations": {"$ref": "#/$defs/variations"},
                },
            },
            "method": {"type": "object"},
            "strategy": {"type": "string"},
        },
    }


def _seed() -> dict[str, JsonValue]:
    return {
        "type": "object",
        "description": "The shape that the original pipeline writes.",
        "required": ["current_experiment"],
        "properties": {
            "new_method": {
                "type": "object",
                "properties": {
                    "method": {"type": "object"},
                    "experimental_design": {
                        "type": "object",
                        "properties": {
                            "experiment_strategy": {"type": "string"},
                            "base_code": {"$ref": "#/$defs/files"},
                        },
                    },
                },
            },
            "current_experiment": {
                "type": "object",
                "required": ["code"],
                "properties": {
                    "experiment_id": {"type": "string"},
                    "description": {"type": "string"},
                    "run_variations": {"$ref": "#/$defs/variations"},
                    "code": {"$ref": "#/$defs/files", "minProperties": 1},
                },
            },
        },
    }

"""The one pydantic configuration that every value of this project uses."""

from __future__ import annotations

from pydantic import ConfigDict

FROZEN = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

"""The one pydantic configuration that every value of this project uses.

Models are built when they are first used: a process that only judges needs few of them.
"""

from __future__ import annotations

from pydantic import ConfigDict

FROZEN = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings", defer_build=True)

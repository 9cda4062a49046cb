"""The one pydantic configuration that every value of this project uses.

Without `defer_build`, although it would start faster: pydantic builds a deferred model at its first
use, and threads that use it at once then fail now and then.
"""

from __future__ import annotations

from pydantic import ConfigDict

FROZEN = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

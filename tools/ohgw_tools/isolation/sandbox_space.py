"""Sizes of a sandbox's file systems in memory beside the work directory, alike in both."""

from __future__ import annotations

from ohgw_tools.sandbox import MIB

TMP_BYTES = 256 * MIB
SHM_BYTES = 256 * MIB

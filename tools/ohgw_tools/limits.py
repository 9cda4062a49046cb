"""Limits: what a program may use. Apart from the sandbox, for a contract states them."""

from __future__ import annotations

from pydantic import BaseModel, Field

from ohgw_tools.frozen import FROZEN

MIB = 1 << 20


class Limits(BaseModel):
    """What a program may use. Times in seconds of wall clock or CPU, sizes in bytes."""

    model_config = FROZEN

    wall_seconds: float = Field(default=600, gt=0)
    cpu_seconds: float | None = Field(default=None, gt=0)
    memory_bytes: int = Field(default=4096 * MIB, gt=0)
    processes: int = Field(default=256, gt=0)
    open_files: int = Field(default=1024, gt=0)
    file_bytes: int = Field(default=512 * MIB, gt=0)
    work_bytes: int = Field(default=1024 * MIB, gt=0)
    work_inodes: int = Field(default=16384, gt=0)
    output_bytes: int = Field(default=1 * MIB, gt=0)
    artifact_bytes: int = Field(default=64 * MIB, gt=0)
    artifact_files: int = Field(default=2000, gt=0)
    threads: int = Field(default=2, gt=0)

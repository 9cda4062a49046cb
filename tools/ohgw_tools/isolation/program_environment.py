"""The environment variables that a program in a sandbox sees: these, what is named, no others."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from ohgw_tools.isolation import sandbox_door
from ohgw_tools.sandbox import Limits

WORK_DIRECTORY = "/work"

_THREAD_COUNTS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
    "TORCH_NUM_THREADS",
)
# Read by huggingface_hub, transformers, datasets and wandb: fail at once instead of waiting.
_OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "WANDB_MODE": "offline",
}


def variables(
    limits: Limits, executable: str, named: Mapping[str, str] | None, *, network: bool
) -> dict[str, str]:
    """Return the whole environment; `named` wins over what is fixed here.

    Raises ValueError for a name or value that no environment can hold.
    """
    fixed = {
        "PATH": f"{PurePosixPath(executable).parent}:/usr/local/bin:/usr/bin:/bin",
        "HOME": WORK_DIRECTORY,
        "PWD": WORK_DIRECTORY,
        "USER": "sandbox",
        "LOGNAME": "sandbox",
        "TMPDIR": "/tmp",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "MPLBACKEND": "Agg",
        "MPLCONFIGDIR": "/tmp/matplotlib",
        "XDG_CACHE_HOME": "/tmp/cache",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
        "PYTHONNOUSERSITE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        **dict.fromkeys(_THREAD_COUNTS, str(limits.threads)),
    }
    fixed |= sandbox_door.variables() if network else _OFFLINE
    result = {**fixed, **(named or {})}
    for name, value in result.items():
        if not name or "=" in name or "\0" in name + value:
            raise ValueError(f"not an environment variable: {name!r}")
    return result

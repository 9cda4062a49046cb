"""Names of library functions: what is known by a name alone, asked once for each name."""

from __future__ import annotations

from functools import lru_cache

from ohgw_tools.interpreter import torch_objects
from ohgw_tools.interpreter.concurrency import SUBMITTING
from ohgw_tools.interpreter.library_facts import has_arguments, is_sink
from ohgw_tools.interpreter.library_keywords import has_keywords
from ohgw_tools.interpreter.values import UNKNOWN, External, Value

LONGEST = 160
MODELLED = ("builtins.", "os.path.", "subprocess.", "math.")
SAVING = ("save", "to_csv", "to_json", "to_parquet", "to_pickle", "dump", "imsave", "imwrite")


@lru_cache(maxsize=4096)
def is_opaque(name: str) -> bool:
    """Whether no table but that of modelled functions can know a function: most are so."""
    return not (
        name.startswith(MODELLED)
        or name.endswith(SUBMITTING)
        or name.split(".")[-1].startswith(SAVING)
        or is_sink(name)
        or has_keywords(name)
        or has_arguments(name)
        or torch_objects.may_create(name)
    )


@lru_cache(maxsize=4096)
def unknown_result(name: str) -> Value:
    """Return what a function gives of which no more than its name is known."""
    return External(f"{name}()") if len(name) < LONGEST else UNKNOWN

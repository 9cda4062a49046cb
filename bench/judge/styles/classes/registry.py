"""The registry: the source of src/preprocess.py and src/model.py, and of what base has instead."""

REGISTRY = '''
"""@@title@@, entered by a decorator."""
from __future__ import annotations

from typing import Any, Callable, Dict

@@imports@@

@@table@@: Dict[str, Callable[..., Any]] = {}


def register(name: str):
    """Enter what follows under a name; entering one twice is an error."""

    def enter(item):
        if name in @@table@@:
            raise ValueError(f"{name} is registered already")
        @@table@@[name] = item
        return item

    return enter


@register("@@name@@")
@@body@@
'''
BASE_DATA = """
def load_nothing(options, seed):
    # PLACEHOLDER: will be replaced with specific dataset loading logic
    raise NotImplementedError("the dataset comes with the experiment")
"""
BASE_MODEL = """
class NoModel:
    # PLACEHOLDER: will be replaced with a specific architecture
    def __init__(self, n_inputs, n_outputs, method, seed, **kwargs):
        raise NotImplementedError("the model comes with the experiment")
"""

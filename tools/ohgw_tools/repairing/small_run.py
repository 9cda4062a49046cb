"""SmallRun: a run's configuration with budgets and sizes cut down for a smoke test.

What a run is (its id, names of datasets, models and methods, seeds, learning rates, switches)
stays; how much of it is done becomes small. Numbers that are small already stay as they are.
"""

from __future__ import annotations

import re
from typing import Any

# The most that a key of this name may hold. Fractions (`train_size: 0.8`) are not counts.
_COUNT = r"(?:num_?|n_?|max_?|min_?|total_?)*"
_SPLIT = r"(?:train_?|training_?|val_?|valid_?|test_?|eval_?|calibration_?)*"
_CAPS: tuple[tuple[str, int], ...] = (
    (rf"{_COUNT}(?:pretrain_?|finetune_?|search_?)?{_SPLIT}epochs?", 1),
    (r"warmup_?epochs?", 0),
    (rf"{_COUNT}{_SPLIT}(?:inner_?|outer_?)?(?:steps?|iters?|iterations?|updates?)", 4),
    (r"(?:eval|log|logging|save|print|checkpoint)_?(?:steps?|every|interval|freq(?:uency)?)", 1),
    (r"warmup_?(?:steps?|iters?|iterations?)", 1),
    (rf"(?:per_?device_?)?(?:mini_?)?{_SPLIT}batch_?size", 8),
    (r"(?:gradient_)?accumulation_steps|grad_accum(?:ulation)?(?:_steps)?", 1),
    (rf"{_COUNT}{_SPLIT}(?:samples?|examples?|images?|rows)(?:_per_class)?", 64),
    (r"(?:train|val|valid|test|eval|subset|dataset|data)_?(?:size|subset|limit)", 64),
    (r"limit_(?:train|val|test)_?(?:samples|examples)?", 64),
    (r"(?:max_?)?(?:seq|sequence|context|block)_?(?:len|length|size)", 32),
    (r"max_?(?:len|length|position_embeddings)|n_?(?:positions|ctx)", 32),
    (r"(?:num_?|n_?)(?:hidden_?)?layers?|n_?layer", 2),
    (r"(?:num_?|n_?|max_?)?trials", 2),
    (r"(?:num_?|n_?)(?:configs?|configurations|candidates)", 3),
    (r"(?:num_?|n_?)(?:seeds|repeats|repetitions|runs|folds|restarts)|repeats", 1),
    (r"(?:num_?|n_?|dataloader_?)*workers", 0),
    (r"(?:num_?|n_?)(?:episodes|rollouts|rounds|generations)|episodes|rounds", 2),
)
_KEEPS_FIRST = re.compile(r"seeds|seed_list")


def shrunk(value: Any, key: str = "") -> Any:
    """Return a copy of configuration data in lightweight form; `key` is its name."""
    if isinstance(value, dict):
        return {k: shrunk(v, str(k)) for k, v in value.items()}
    if isinstance(value, list):
        items = [shrunk(item, "") for item in value]
        return items[:1] if _KEEPS_FIRST.fullmatch(key.lower()) else items
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    cap = _cap(key)
    if cap is None or value <= max(cap, 1) or (isinstance(value, float) and value != int(value)):
        return 0 if cap == 0 and isinstance(value, int) else value
    return type(value)(cap)


def _cap(key: str) -> int | None:
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", key).lower().replace("-", "_")
    return next((cap for pattern, cap in _CAPS if re.fullmatch(pattern, plain)), None)


def is_budget(key: str) -> bool:
    """Whether a key of this name holds an amount of work or data."""
    return _cap(key) is not None

"""Training: optimizer steps and the hyper-parameters in use, by PyTorch's own global hook."""

from __future__ import annotations

from typing import Any

from .record import Record

_MAX_OPTIMIZERS = 50
_MAX_GROUPS = 4


def watch_optimizers(record: Record, module: Any) -> None:
    """Count the steps of every optimizer once torch.optim.optimizer has been loaded."""
    known: dict[int, list[Any]] = {}

    def stepped(optimizer: Any, *rest: Any) -> None:
        entry = known.get(id(optimizer))
        if entry is None:
            if len(known) >= _MAX_OPTIMIZERS:
                return
            entry = known[id(optimizer)] = [len(known), 0, optimizer]
        entry[1] += 1
        if entry[1] & (entry[1] - 1) == 0:
            _write(record, entry)

    module.register_optimizer_step_post_hook(stepped)

    def ended() -> None:
        for entry in known.values():
            _write(record, entry)

    record.at_end(ended)


def _write(record: Record, entry: list[Any]) -> None:
    number, steps, optimizer = entry
    groups = [
        {
            **{k: _plain(v) for k, v in group.items() if k != "params"},
            "parameters": sum(p.numel() for p in group["params"]),
        }
        for group in optimizer.param_groups[:_MAX_GROUPS]
    ]
    record.write(
        "optimizer", number=number, name=type(optimizer).__name__, steps=steps, groups=groups
    )


def _plain(value: Any) -> Any:
    if isinstance(value, (bool, int, float, str)) or value is None:
        return value
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value[:8]]
    return repr(value)[:100]

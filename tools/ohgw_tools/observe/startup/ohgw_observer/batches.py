"""Batches: what reaches the model and the loss, and the weights that each optimizer starts from."""

from __future__ import annotations

import functools
import hashlib
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from .record import Record
from .script import Script, fingerprint

MAX_BYTES = 3 << 20
MAX_VALUES = 8192
MAX_ROWS = 64
_SOME = 24  # values kept of a row of floats
_LOSSES = ("cross_entropy", "nll_loss", "mse_loss", "l1_loss", "binary_cross_entropy_with_logits")


class Batches:
    """Writes a line for each batch that goes into a model and for each target of a loss."""

    def __init__(self, record: Record, script: Script | None) -> None:
        self._record = record
        self._script = script
        self._inside = threading.local()
        self._known: set[int] = set()
        self._mode = "train"
        self._left = MAX_BYTES

    def watch_modules(self, record: Record, module: Any) -> None:
        """See what goes into modules that the program calls itself, not those called within."""
        original = module.Module.__call__

        @functools.wraps(original)
        def called(model: Any, *args: Any, **kwargs: Any) -> Any:
            if getattr(self._inside, "model", False):
                return original(model, *args, **kwargs)
            self._inside.model = True
            try:
                with suppress(Exception):
                    self._into_model(model, args, kwargs)
                output = original(model, *args, **kwargs)
            finally:
                self._inside.model = False
            if self._script is not None:
                output = self._script.output(output)
            return output

        module.Module.__call__ = called

    def watch_losses(self, record: Record, module: Any) -> None:
        """See the targets of losses, and let a script replace their values in evaluations."""
        for name in _LOSSES:
            original = getattr(module, name, None)
            if original is not None:
                setattr(module, name, self._watched_loss(original))

    def watch_steps(self, record: Record, module: Any) -> None:
        """Write down the weights that an optimizer finds before its first step."""

        def stepping(optimizer: Any, *rest: Any) -> None:
            if self._script is not None:
                self._script.stepped()
            if id(optimizer) in self._known or len(self._known) >= 50:
                return
            self._known.add(id(optimizer))
            with suppress(Exception):
                held = [p for group in optimizer.param_groups for p in group["params"]]
                record.write("weights", digest=fingerprint(held), number=len(self._known) - 1)

        module.register_optimizer_step_pre_hook(stepping)

    def _watched_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def watched(*args: Any, **kwargs: Any) -> Any:
            value = original(*args, **kwargs)
            with suppress(Exception):
                target = args[1] if len(args) > 1 else kwargs["target"]
                grad = sys.modules["torch"].is_grad_enabled()
                loss = float(value.detach()) if value.dim() == 0 else None
                self._write("target", target, mode=self._mode if grad else "eval", loss=loss)
                if self._script is not None and not grad:
                    logits = args[0] if args else kwargs["input"]
                    reduction = kwargs.get("reduction", "mean")
                    return self._script.loss(value, logits, target, reduction)
            return value

        return watched

    def _into_model(self, model: Any, args: Any, kwargs: Any) -> None:
        first = _first_tensor(kwargs.get("input_ids"), args, kwargs)
        if first is None or next(model.parameters(), None) is None:
            return
        grad = sys.modules["torch"].is_grad_enabled()
        mode = ("train" if model.training else "other") if grad else "eval"
        self._mode = "train" if mode == "eval" else mode
        if self._script is not None:
            self._script.entered(model, first, mode)
        self._write("input", first, mode=mode)

    def _write(self, kind: str, tensor: Any, **data: Any) -> None:
        if self._left <= 0:
            return
        values = described(tensor)
        self._left -= 8 * len(values.get("ints", ())) + 40 * len(values.get("rows", ())) + 200
        self._record.write(kind, **values, **data)


def described(tensor: Any) -> dict[str, Any]:
    """Shape and contents: integers as they are; of each row of floats a digest and some values."""
    tensor = tensor.detach().cpu()
    found: dict[str, Any] = {"shape": list(tensor.shape)}
    if not tensor.is_floating_point():
        found["ints"] = tensor.reshape(-1)[:MAX_VALUES].long().tolist()
        return found
    rows = tensor.reshape(tensor.shape[0] if tensor.dim() else 1, -1)[:MAX_ROWS].float()
    stride = max(1, rows.shape[1] // _SOME)
    found["rows"] = [hashlib.sha256(row.numpy().tobytes()).hexdigest()[:12] for row in rows]
    found["some"] = [[round(v, 5) for v in row[::stride][:_SOME].tolist()] for row in rows]
    return found


def _first_tensor(*places: Any) -> Any:
    """The first tensor of at least one row in arguments, lists and mappings, in their order."""
    queue = list(places)
    while queue:
        item = queue.pop(0)
        if isinstance(item, (list, tuple)):
            queue[:0] = item
        elif isinstance(item, dict):
            queue[:0] = item.values()
        elif hasattr(item, "detach") and hasattr(item, "dim") and item.dim() > 0:
            return item
    return None

"""Script: replaces the outcome of each evaluation, so that a scheduler sees a known ranking.

A trial is told by its weights: those at the end of one evaluation are those that it goes on from,
whether it was kept, or written to a file and loaded again. How far it has come is counted in
optimizer steps, and said as a multiple of the steps before the first evaluation.
"""

from __future__ import annotations

import hashlib
import sys
from contextlib import suppress
from typing import Any

from .record import Record

# How good each trial is, 0 is worst: mixed, so that no order of starting gives it away.
_RANKS = (0, 5, 2, 7, 1, 6, 3, 4)


class Script:
    """`stable`: better trials are better at every level; `unstable`: at each doubling of the level
    the order of all trials is turned round.
    """

    def __init__(self, record: Record, ranking: str) -> None:
        self._record = record
        self._turns = ranking == "unstable"
        self._trained: dict[str, tuple[int, int]] = {}
        self._steps: dict[int, int] = {}
        self._trial = -1
        self._shown: tuple[int, int] | None = None
        self._model: Any = None
        self._training = False
        self._pending = 0
        self._unit = 0
        self._targets: dict[str, Any] = {}
        self._input = ""
        self._output: Any = None
        self._answered = False
        self._evaluating = False
        self._rows = 0

    def stepped(self) -> None:
        """An optimizer is about to take a step."""
        self._pending += 1

    def entered(self, model: Any, batch: Any, mode: str) -> None:
        """A batch goes into a model; `mode` is train, eval or other."""
        self._evaluating = mode == "eval"
        if mode == "train":
            if not self._training or model is not self._model:
                self._resumed(model)
            return
        if not self._evaluating:
            return
        self._input = hashlib.sha256(batch.detach().cpu().numpy().tobytes()).hexdigest()
        if self._training or self._pending:
            self._paused(model)
        elif model is not self._model:
            known = self._trained.get(fingerprint(model.parameters()))
            self._shown, self._model = known, model

    def output(self, output: Any) -> Any:
        """Answer with as many right rows as the quality says, where the right ones are known."""
        self._answered, self._output = False, output
        wanted = self._targets.get(self._input)
        if not self._evaluating or self._shown is None or wanted is None:
            return output
        with suppress(Exception):
            logits = output.detach().clone()
            self._answered = self._write_answers(logits, wanted)
            return logits if self._answered else output
        return output

    def loss(self, value: Any, logits: Any, target: Any, reduction: str) -> Any:
        """Return the loss that the quality says, unless the logits were already the script's."""
        if not self._evaluating or self._shown is None or self._answered:
            return value
        self._targets.setdefault(self._input, target.detach().cpu())
        self._record.once("scripted", "loss")
        if logits is self._output:
            # The first time these rows are seen: what counts hits after the loss is to see the
            # script's answers too, or a first trial that really is good would look it.
            self._write_answers(logits, target)
        # Filled, not multiplied: what diverged stays no number whatever it is multiplied by.
        one = value.detach().clone().fill_(3.0 * (1.0 - self._quality()))
        return one * target.numel() if reduction == "sum" else one

    def _write_answers(self, logits: Any, wanted: Any) -> bool:
        """Put the answers in the place of a classifier's; whether it is one."""
        if logits.dim() != 2 or wanted.dim() != 1 or len(wanted) != len(logits):
            return False
        quality = self._quality()
        logits.zero_()
        for row, right in enumerate(wanted.tolist()):
            hit = int((self._rows + 1) * quality) > int(self._rows * quality)
            self._rows += 1
            logits[row, right if hit else (right + 1) % logits.shape[1]] = 2.0
        return True

    def _resumed(self, model: Any) -> None:
        """Training begins: of a trial whose weights are known, else of a new one."""
        known = self._trained.get(fingerprint(model.parameters()))
        if known is None:
            known = (len(self._steps), 0)
        self._trial, self._steps[known[0]] = known
        self._model, self._training, self._pending = model, True, 0

    def _paused(self, model: Any) -> None:
        """The first evaluation after training steps."""
        self._training = False
        if not self._pending or self._trial < 0:
            return
        steps = self._steps[self._trial] + self._pending
        self._steps[self._trial], self._pending = steps, 0
        self._unit = self._unit or steps
        level = max(1, round(steps / self._unit))
        self._shown, self._model, self._rows = (self._trial, level), model, 0
        self._trained[fingerprint(model.parameters())] = (self._trial, steps)
        self._record.write("trial", trial=self._trial, level=level, quality=self._quality())

    def _quality(self) -> float:
        trial, level = self._shown or (0, 1)
        rank = _RANKS[trial % len(_RANKS)]
        if self._turns and level.bit_length() % 2 == 0:
            rank = len(_RANKS) - 1 - rank
        return 0.15 + 0.08 * rank + 0.004 * min(level, 16)


def fingerprint(parameters: Any) -> str:
    """A digest of weights, to the last bit."""
    digest = hashlib.sha256()
    torch = sys.modules["torch"]
    for parameter in parameters:
        value = parameter.detach().cpu().contiguous()
        digest.update(value.view(torch.uint8).numpy().tobytes() if value.dim() else b"")
    return digest.hexdigest()[:16]

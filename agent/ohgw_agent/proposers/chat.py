"""ChatProposer: a chat model answers findings with a patch."""

from __future__ import annotations

from ohgw_agent.chat_model import ChatModel, Question, Reply
from ohgw_agent.proposer import Situation
from ohgw_agent.repair_focus import RepairFocus, focus
from ohgw_agent.repair_question import repair_question
from ohgw_tools.edit import Patch
from ohgw_tools.editing.refusal import refused

CUT_OFF = (
    "the answer reached its limit of {limit} tokens and was cut off: send fewer, shorter blocks"
)
DECLINED = "the model declined to answer ({finish})"
EMPTY = "the answer is empty: send at least one block of the format"


class ChatProposer:
    """Asks for the smallest patch to the findings that decide.

    Patches are asked for as plain text: code inside JSON is measurably worse for every model that
    was compared (aider's boards of August 2024). `structured=True` asks for JSON all the same, held
    to the schema of `ohgw_tools.edit.Patch` where the server can; what it could is in the reply.

    The candidates of one round differ: each is asked of the next of the models; those after the
    first about one file's findings alone where there are several; and, with the same model and
    findings, at a higher temperature than the one configured and with another seed.
    """

    def __init__(
        self,
        model: ChatModel,
        *,
        others: tuple[ChatModel, ...] = (),
        temperature: float | None = None,
        seed: int | None = None,
        structured: bool | None = None,
        max_output_tokens: int = 4096,
    ) -> None:
        self._model = model
        self._models = (model, *others)
        self._temperature = temperature
        self._seed = seed
        self._structured = bool(structured)
        self._max_output_tokens = max_output_tokens

    @property
    def name(self) -> str:
        """`chat:` and the model's name."""
        return f"chat:{self._model.name}"

    def propose(self, situation: Situation) -> Patch | None:
        """Return the model's patch, or None if no finding decides.

        Raises PatchRejected when the answer is no patch, or was cut off: half a patch is none;
        ModelError when no answer came, BudgetSpent when asking could pass a cap.
        """
        asked = focus(situation)
        if asked is None:
            return None
        question = repair_question(
            situation,
            asked,
            structured=self._structured,
            max_output_tokens=self._max_output_tokens,
        )
        model = self._models[situation.slot % len(self._models)]
        reply = model.ask(self._varied(question, situation.slot))
        self._check(reply)
        patch = self._patch(reply, situation, asked)
        return patch.model_copy(update={"origin": f"chat:{model.name}"})

    def _varied(self, question: Question, slot: int) -> Question:
        """The question of a later candidate. A temperature of 1, where none was chosen, is what
        servers that allow one value alone allow.
        """
        if slot == 0:
            return question
        low = self._temperature
        warmer = 1.0 if low is None else max(low, min(1.0, round(low + 0.3 * slot, 2)))
        seed = None if self._seed is None else self._seed + slot
        return question.model_copy(update={"temperature": warmer, "seed": seed, "slot": slot})

    def _check(self, reply: Reply) -> None:
        if reply.finish == "length":
            raise refused("cut-off", CUT_OFF.format(limit=self._max_output_tokens))
        if reply.finish in ("refusal", "content_filter"):
            raise refused("unreadable", DECLINED.format(finish=reply.finish))
        if not reply.text.strip():
            raise refused("unreadable", EMPTY)

    def _patch(self, reply: Reply, situation: Situation, asked: RepairFocus) -> Patch:
        """Read the answer. A patch that claims no finding that is there is held to all of those
        that it was asked for.
        """
        from ohgw_tools.editing.patch_text import read_patch

        patch = read_patch(reply.text, situation.bundle.derived)
        wrong = {f.fingerprint for f in situation.judgement.errors}
        claimed = tuple(a for a in patch.answers if a in wrong)
        answers = claimed or tuple(f.fingerprint for f in asked.findings)
        return patch.model_copy(update={"answers": answers})

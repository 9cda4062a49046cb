"""ChatProposer: a chat model answers findings with a patch."""

from __future__ import annotations

from ohgw_agent.chat_model import ChatModel, Reply
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
    """

    def __init__(
        self, model: ChatModel, *, structured: bool | None = None, max_output_tokens: int = 4096
    ) -> None:
        self._model = model
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
        reply = self._model.ask(question)
        self._check(reply)
        return self._patch(reply, situation, asked)

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
        return patch.model_copy(update={"origin": self.name, "answers": answers})

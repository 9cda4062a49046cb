"""JournaledChat: a chat model whose every answer is on disk before anything is done with it."""

from __future__ import annotations

from ohgw_agent.archive import Archive
from ohgw_agent.budget import Budget, check_call
from ohgw_agent.chat_model import ChatModel, Question, Reply
from ohgw_agent.ledger import Ledger
from ohgw_agent.permits import Permits
from ohgw_agent.trace.run import Run
from ohgw_tools.errors import ModelError


class JournaledChat:
    """Asks a model within a budget and records request and reply. A question whose answer is on
    record is answered from there and not asked again.
    """

    def __init__(
        self,
        model: ChatModel,
        run: Run,
        archive: Archive,
        ledger: Ledger,
        budget: Budget,
        permits: Permits,
    ) -> None:
        self._model = model
        self._run = run
        self._archive = archive
        self._ledger = ledger
        self._budget = budget
        self._permits = permits

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    def worst_case(self, question: Question) -> tuple[int, int, int | None]:
        """Return the most that a call can cost; see ChatModel."""
        return self._model.worst_case(question)

    def ask(self, question: Question) -> Reply:
        """Return the recorded answer, or ask. Raises BudgetSpent before a call that could pass a
        cap, ModelError when no answer came.
        """
        question = self._clean(question)
        key = question.key(self._model.name)
        event = self._run.find("model.reply", "key", key)
        if event is None:
            check_call(self._budget, self._ledger.spend, self._model.worst_case(question))
            reply = self._ask(question, key)
        else:
            reply = self._archive.value(Reply, str(event.data["reply_blob"]))
        self._charge(key, reply)
        return reply

    def _ask(self, question: Question, key: str) -> Reply:
        request: dict[str, object] = {
            "key": key,
            "purpose": question.purpose,
            "model": self._model.name,
            "prompt_blob": self._archive.put_value(question),
        }
        if question.slot:
            request["slot"] = question.slot
        if question.view:
            request["view"] = question.view
        cause = self._run.append("model.request", request).seq
        try:
            answer = self._permits.ask(self._model, question)
        except ModelError as error:
            fault = {
                "key": key,
                "model": self._model.name,
                "error": type(error).__name__,
                "message": str(error)[:2000],
                "retryable": error.retryable,
            }
            self._run.append("model.failure", fault, cause=(cause,))
            raise
        # What is used now and what a resumed session reads back must be the same words.
        reply = answer.model_copy(update={"text": self._run.redactor.text(answer.text)})
        data = {
            "key": key,
            "reply_blob": self._archive.put_value(reply),
            "model": reply.model,
            "response_id": reply.response_id or "",
            "finish": reply.finish or "",
            "input_tokens": reply.input_tokens,
            "output_tokens": reply.output_tokens,
            "estimated": reply.estimated,
            "micro_usd": reply.cost_micro_usd,
            "latency_ms": reply.latency_ms,
            "tries": reply.tries,
        }
        actor = f"model:{reply.model}"
        self._run.append("model.reply", data, actor=actor, cause=(cause,))
        return reply

    def _clean(self, question: Question) -> Question:
        """Take secrets out before anything is sent."""
        messages = tuple(
            m.model_copy(update={"text": self._run.redactor.text(m.text)})
            for m in question.messages
        )
        return question.model_copy(update={"messages": messages})

    def _charge(self, key: str, reply: Reply) -> None:
        self._ledger.charge(
            f"model {key}",
            calls=1,
            input_tokens=reply.input_tokens,
            output_tokens=reply.output_tokens,
            micro_usd=reply.cost_micro_usd or 0,
        )

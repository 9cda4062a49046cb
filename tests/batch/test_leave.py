"""The worker's side of what is shared: one place for a bundle's work, none while it waits."""

import threading
from multiprocessing import Pipe

import pytest

from ohgw_agent.batch.leave import Leave
from ohgw_agent.chat_model import Question, Reply

REPLY = Reply(text="x", model="m", input_tokens=1, output_tokens=1)


class Model:
    name = "m"

    def worst_case(self, question):
        return 3, 4, None


@pytest.fixture
def foreman():
    """A foreman that gives leave at once, and notes what it was told."""
    ours, theirs = Pipe()
    heard = []

    def answer():
        # An end of a pipe is closed by who reads it: its number may be another file's at once.
        with ours:
            while (words := ours.recv()) != "over":
                word, *rest = words
                heard.append(word if word == "ask" else (word, *rest))
                if word == "hold":
                    ours.send((rest[0], "go"))
                elif word == "ask":
                    ours.send((rest[0], "known", REPLY.model_dump_json()))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    leave = Leave(theirs)
    yield leave, heard
    theirs.send("over")
    thread.join(20)
    assert not thread.is_alive()
    with pytest.raises(EOFError):
        leave.next_item()


def test_a_bundle_works_in_one_place_and_leaves_it_while_it_waits(foreman):
    leave, heard = foreman
    with leave.working():
        with leave.holding("judging"):
            pass
        assert leave.ask(Model(), Question(purpose="probe", messages=())).text == "x"
        with leave.holding("judging"), pytest.raises(ValueError, match="away"), leave.waiting():
            raise ValueError("away")
        with leave.holding("sandbox"):
            pass
        leave.tell("ask")
    leave.tell("ask")  # what was said before it has been heard
    assert heard == [
        ("hold", 1, "judging"),
        ("release", 1),
        "ask",
        ("hold", 3, "judging"),
        ("release", 3),
        ("hold", 4, "judging"),
        ("release", 4),
        ("hold", 5, "sandbox"),
        ("release", 5),
        ("hold", 6, "judging"),
        "ask",
        ("release", 6),
        "ask",
    ]


def test_what_judges_alone_takes_a_place_for_that_alone(foreman):
    leave, heard = foreman
    with leave.holding("judging"):
        pass
    leave.tell("ask")
    assert heard == [("hold", 1, "judging"), ("release", 1), "ask"]

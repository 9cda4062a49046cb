"""Who may go on: order, places for each site, rates, caps, answers that are shared."""

from ohgw_agent.batch.arbiter import LONG, Arbiter, Call
from ohgw_agent.batch.item import BatchPlan
from ohgw_agent.chat_model import Question

QUESTION = Question(purpose="probe", messages=())


def arbiter(**limits):
    now = [0.0]
    return Arbiter(BatchPlan(**limits), clock=lambda: now[0]), now


def call(worker, key, tokens=10, micro_usd=None):
    return Call(worker, 1, key, "m", QUESTION, tokens, micro_usd)


def due(judge):
    return [c.worker for c in judge.turn()[1]]


def told(judge):
    return judge.turn()[0]


def test_identical_questions_are_asked_once():
    judge, _ = arbiter()
    first = call(1, "same")
    judge.ask(first)
    judge.ask(call(2, "same"))
    assert due(judge) == [1]
    assert judge.turn() == ([], [])
    judge.answered(first, "the reply", 12, 0)
    assert told(judge) == [(2, (1, "known", "the reply"))]
    assert (judge.spent.shared, judge.spent.calls, judge.spent.tokens) == (1, 1, 12)


def test_requests_and_tokens_a_minute_and_nobody_overtakes_a_long_question():
    judge, now = arbiter(requests_per_minute=2, tokens_per_minute=100, model_calls=9)
    for worker, tokens in ((1, 60), (2, 60), (3, 10)):
        judge.ask(call(worker, str(worker), tokens))
    assert due(judge) == [1]
    now[0] = 59.0
    assert due(judge) == []
    now[0] = 61.0
    assert due(judge) == [2, 3]
    judge.ask(call(4, "4", 10))
    now[0] = 120.0
    assert due(judge) == []
    now[0] = 121.5
    assert due(judge) == [4]


def test_a_call_that_is_larger_than_a_minutes_share_goes_alone():
    judge, now = arbiter(tokens_per_minute=100)
    judge.ask(call(1, "1", 500))
    judge.ask(call(2, "2", 10))
    assert due(judge) == [1]
    now[0] = 61.0
    assert due(judge) == [2]


def test_a_retry_after_holds_for_all_but_what_is_known():
    judge, now = arbiter()
    first = call(1, "1")
    judge.ask(first)
    assert due(judge) == [1]
    judge.learn("known", "r")
    judge.unanswered(first, 30.0)
    judge.ask(first.once_more(now[0]))
    judge.ask(call(2, "2"))
    judge.ask(call(3, "known"))
    assert judge.turn() == ([(3, (1, "known", "r"))], [])
    now[0] = 30.0
    assert due(judge) == [1, 2]


def test_a_call_that_is_tried_again_does_not_hold_up_others():
    judge, now = arbiter()
    judge.ask(call(1, "1").once_more(5.0))
    judge.ask(call(2, "2"))
    assert due(judge) == [2]
    now[0] = 5.0
    assert due(judge) == [1]


def test_caps_count_earlier_sessions_and_calls_at_their_worst():
    judge, _ = arbiter(tokens=100, model_calls=9)
    judge.spent.earlier_tokens = 50
    judge.ask(call(1, "1", 40))
    judge.ask(call(2, "2", 40))
    tell, go = judge.turn()
    assert [c.worker for c in go] == [1]
    judge.answered(go[0], "r", 5, 0)
    (more,) = [*tell, *told(judge)]
    assert more[0] == 2
    assert more[1][1] == "spent"


def test_a_cap_on_money_refuses_a_model_without_a_price():
    judge, _ = arbiter(usd=1.0)
    judge.ask(call(1, "1"))
    judge.ask(call(2, "2", micro_usd=1_000_001))
    judge.ask(call(3, "3", micro_usd=1_000_000))
    tell, go = judge.turn()
    assert [(worker, words[1]) for worker, words in tell] == [(1, "spent"), (2, "spent")]
    assert "--price" in tell[0][1][2][1]
    assert [c.worker for c in go] == [3]


def test_places_are_counted_for_each_site():
    judge, _ = arbiter(sandboxes=1, judging=2)
    for worker, site in ((1, "a"), (2, "a"), (3, "b")):
        judge.hold(worker, site, 7, "sandbox")
        judge.hold(worker, site, 8, "judging")
    given = [(worker, words[0]) for worker, words in told(judge)]
    assert given == [(1, 7), (1, 8), (2, 8), (3, 7), (3, 8)]
    judge.release(1, 7)
    assert told(judge) == [(2, (7, "go"))]


def test_a_dead_worker_gives_everything_back_but_the_answer_that_is_under_way():
    judge, _ = arbiter(sandboxes=1)
    first = call(1, "a")
    judge.hold(1, "here", 2, "sandbox")
    judge.hold(2, "here", 2, "sandbox")
    judge.ask(first)
    assert judge.turn() == ([(1, (2, "go"))], [first])
    judge.forget(1)
    assert told(judge) == [(2, (2, "go"))]
    judge.ask(call(3, "a"))
    assert judge.turn() == ([], [])
    judge.answered(first, "r", 1, 0)
    assert told(judge) == [(3, (1, "known", "r"))]


def test_a_place_that_is_held_for_long_is_not_waited_for():
    judge, now = arbiter(judging=1, sandboxes=1)
    for worker in (1, 2, 3):
        judge.hold(worker, "here", 7, "judging")
    for worker in (4, 5):
        judge.hold(worker, "here", 7, "sandbox")
    assert told(judge) == [(1, (7, "go")), (4, (7, "go"))]
    now[0] = LONG - 1
    assert told(judge) == []
    now[0] = LONG + 1
    assert told(judge) == [(2, (7, "go"))]
    judge.release(1, 7)  # it was slow, not hung: its place was given on already
    assert told(judge) == []
    judge.release(2, 7)
    assert told(judge) == [(3, (7, "go"))]

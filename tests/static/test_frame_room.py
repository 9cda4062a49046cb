"""A roomy call is the same call, and the calls below it ask the system for no memory."""

import resource

import pytest

from ohgw_tools.frame_room import roomy


def deep(levels):
    return deep(levels - 1) if levels else 0


def often(levels):
    """Go up and down so often that each round leaves the chunks that it entered."""
    for _ in range(200):
        deep(levels)


def faults(action):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    action(500)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before


def test_it_is_the_same_function():
    def given(a, /, b=2, *more, c=3, **named):
        """Text."""
        return a, b, more, c, named, levels

    levels = 7
    expected = given(1, 5, 6, c=4, d=8)
    made = roomy(given)
    assert made is given
    assert made(1, 5, 6, c=4, d=8) == expected
    assert (made.__name__, made.__doc__) == ("given", "Text.")


def test_an_exception_passes_through():
    @roomy
    def failing():
        raise KeyError("x")

    with pytest.raises(KeyError) as caught:
        failing()
    assert [entry.name for entry in caught.traceback][-1] == "failing"


def test_calls_below_it_stay_in_its_chunk():
    plain = faults(often)
    room = faults(roomy(lambda levels: often(levels)))
    assert plain > 1000
    assert room < plain / 4

"""The drawing of the state machine, held against the one in this file."""

from ohgw_agent.graph import build_graph

PICTURE = """\
__start__ -> apply
apply -> check (conditional)
apply -> record (conditional)
check -> record (conditional)
check -> review (conditional)
check -> run (conditional)
choose -> record (conditional)
choose -> review (conditional)
choose -> run (conditional)
compare -> choose
propose -> __end__ (conditional)
propose -> apply (conditional)
propose -> compare (conditional)
record -> __end__ (conditional)
record -> choose (conditional)
record -> propose (conditional)
review -> record
run -> record (conditional)
run -> review (conditional)
"""


def test_picture_of_the_graph():
    edges = build_graph().get_graph().edges
    lines = [
        f"{e.source} -> {e.target}{' (conditional)' if e.conditional else ''}\n" for e in edges
    ]
    assert "".join(sorted(lines)) == PICTURE

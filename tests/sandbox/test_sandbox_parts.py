"""The parts that can be judged without a sandbox: filter, captured output, chosen artifacts."""

import errno
import io
import os
import struct
import sys
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ohgw_tools.errors import RunCancelled, SandboxFailed, SandboxUnavailable
from ohgw_tools.isolation import execution_outcome, seccomp
from ohgw_tools.isolation.artifact import Basket, collect
from ohgw_tools.isolation.capture import Capture, harmless
from ohgw_tools.isolation.execution_outcome import Ending, judge
from ohgw_tools.isolation.mounted_prefix import needed_prefixes
from ohgw_tools.sandbox import Interpreter, Limits

ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
ALLOW, KILL = 0x7FFF0000, 0x80000000


def decide(machine, number, *arguments, architecture=None):
    """Run the filter as the kernel does; return its action."""
    code = seccomp.program(machine)
    lines = list(struct.iter_unpack("=HBBI", code))
    words = [number, architecture or ARCHITECTURE[machine], 0, 0]
    for value in (*arguments, *[0] * (6 - len(arguments))):
        words += [value & 0xFFFFFFFF, value >> 32]
    place, accumulator = 0, 0
    while True:
        operation, if_true, if_false, operand = lines[place]
        place += 1
        if operation == 0x20:
            assert operand % 4 == 0
            accumulator = words[operand // 4]
        elif operation == 0x06:
            return operand
        else:
            holds = {
                0x15: accumulator == operand,
                0x35: accumulator >= operand,
                0x45: bool(accumulator & operand),
            }[operation]
            place += if_true if holds else if_false


def fails(number):
    return 0x00050000 | number


NUMBERS = {
    "x86_64": {"read": 0, "clone": 56, "socket": 41, "socketpair": 53, "ioctl": 16, "mount": 165,
               "ptrace": 101, "unshare": 272, "keyctl": 250,
               "bpf": 321, "memfd": 319, "execve": 59},
    "aarch64": {"read": 63, "clone": 220, "socket": 198, "socketpair": 199, "ioctl": 29,
                "mount": 40, "ptrace": 117, "unshare": 97, "keyctl": 219, "bpf": 280,
                "memfd": 279, "execve": 221},
}  # fmt: skip


@pytest.mark.parametrize("machine", NUMBERS)
def test_filter_decisions(machine):
    n = NUMBERS[machine]
    refused = fails(errno.EPERM)
    assert decide(machine, n["read"]) == ALLOW
    assert decide(machine, n["execve"]) == ALLOW
    for name in ("mount", "ptrace", "unshare", "keyctl", "bpf"):
        assert decide(machine, n[name]) == refused, name
    for number in (425, 426, 427, 435, n["memfd"], 463, 600):
        assert decide(machine, number) == fails(errno.ENOSYS), number
    threads = 0x3D0F00  # what pthread_create passes
    assert decide(machine, n["clone"], threads) == ALLOW
    assert decide(machine, n["clone"], 17) == ALLOW
    for flag in (0x10000000, 0x20000, 0x20000000, 0x40000000, 0x02000000, 0x04000000, 0x08000000):
        assert decide(machine, n["clone"], flag | 17) == refused
    for call in ("socket", "socketpair"):
        for family in (1, 2, 10):
            assert decide(machine, n[call], family, 1, 0) == ALLOW
            assert decide(machine, n[call], family | 1 << 32, 1, 0) == ALLOW
        assert decide(machine, n[call], 16, 3, 0) == ALLOW
        for family, protocol in ((16, 15), (17, 0), (38, 0), (40, 0), (40 | 1 << 32, 0)):
            assert decide(machine, n[call], family, 3, protocol) == fails(errno.EAFNOSUPPORT)
    assert decide(machine, n["ioctl"], 1, 0x5401) == ALLOW
    for command in (0x5412, 0x541C, 0x5412 | 1 << 32):
        assert decide(machine, n["ioctl"], 1, command) == refused


def test_filter_kills_what_has_other_numbers():
    assert decide("x86_64", 20, architecture=0x40000003) == KILL
    assert decide("aarch64", 20, architecture=0x40000028) == KILL
    assert decide("x86_64", 0x40000000 + 39) == KILL


@pytest.mark.parametrize("machine", NUMBERS)
def test_filter_always_ends(machine):
    """Every jump stays inside, as the kernel's own check demands, and the last line returns."""
    lines = list(struct.iter_unpack("=HBBI", seccomp.program(machine)))
    assert len(lines) < 4096
    assert lines[-1][0] == 0x06
    for place, (operation, if_true, if_false, _) in enumerate(lines):
        if operation in (0x15, 0x35, 0x45):
            assert place + 1 + max(if_true, if_false) < len(lines)


def test_filter_for_an_unknown_machine():
    with pytest.raises(SandboxUnavailable, match="riscv64"):
        seccomp.program("riscv64")


@given(st.binary(max_size=400), st.integers(2, 60), st.data())
def test_capture_keeps_head_and_tail_whatever_the_pieces(content, limit, data):
    capture = Capture(limit)
    rest = content
    while rest:
        size = data.draw(st.integers(1, len(rest)))
        capture.feed(rest[:size])
        rest = rest[size:]
    output = capture.output()
    half = limit // 2
    assert output.total_bytes == len(content)
    assert output.cut_bytes == max(0, len(content) - 2 * half)
    if output.cut_bytes == 0:
        assert output.text == harmless(content)
    else:
        assert f"\n[... {output.cut_bytes} bytes cut here ...]\n" in output.text


@given(st.text(alphabet="aü€𝄞", min_size=40, max_size=80), st.integers(8, 30))
def test_capture_cuts_between_characters(text, limit):
    capture = Capture(limit)
    capture.feed(text.encode())
    output = capture.output()
    if output.cut_bytes:
        head, _, tail = output.text.partition(f"\n[... {output.cut_bytes} bytes cut here ...]\n")
        assert text.startswith(head)
        assert text.endswith(tail)


@given(st.binary())
def test_harmless_text_stays_what_it_is(content):
    text = harmless(content)
    assert harmless(text.encode()) == text
    for character in text:
        if character not in "\n\t":
            assert unicodedata.category(character) not in ("Cc", "Zl", "Zp")
    assert not set(text) & set("\u202e\u2066\u200b\u200e\ufeff")


def test_capture_costs_no_more_than_its_limit():
    capture = Capture(1000)
    for _ in range(1000):
        capture.feed(b"x" * 65536)
    assert sys.getsizeof(capture._head) + sys.getsizeof(capture._tail) < 70_000


FILES = st.dictionaries(
    st.text(alphabet="abc", min_size=1, max_size=3), st.binary(max_size=12), max_size=12
)


@given(FILES, st.integers(1, 40), st.integers(1, 8), st.randoms())
def test_basket_holds_the_smallest_whatever_the_order(files, size, count, chance):
    basket = Basket(Limits(artifact_bytes=size, artifact_files=count), {})
    order = list(files)
    chance.shuffle(order)
    for path in order:
        basket.put(path.encode(), len(files[path]), io.BytesIO(files[path]))
    accepted, refused = basket.result()
    expected, total = {}, 0
    for path in sorted(files, key=lambda path: (len(files[path]), path)):
        if total + len(files[path]) > size or len(expected) == count:
            break
        expected[path] = files[path]
        total += len(files[path])
    assert accepted == expected
    assert set(refused) == set(files) - set(expected)


def test_basket_leaves_out_unchanged_inputs():
    basket = Basket(Limits(artifact_bytes=4), {"same": b"12345678", "new": b"1"})
    assert basket.accepts_size(b"same", 8)
    basket.put(b"same", 8, io.BytesIO(b"12345678"))
    basket.put(b"new", 1, io.BytesIO(b"2"))
    assert basket.result() == ({"new": b"2"}, {})


@pytest.mark.parametrize(
    "path", [b"", b"/etc/passwd", b"../x", b"a/../../x", b"a//b", b"\xff", b"a\nb", b"a\\b",
             b"\x1b[m", b"x/" * 600 + b"x", "\u202egpj".encode()],
)  # fmt: skip
def test_basket_takes_no_odd_paths(path):
    basket = Basket(Limits(), {})
    basket.put(path, 1, io.BytesIO(b"1"))
    accepted, refused = basket.result()
    assert accepted == {}
    assert len(refused) == 1


def test_basket_notices_a_file_that_changes_size():
    basket = Basket(Limits(), {})
    basket.put(b"short", 5, io.BytesIO(b"1"))
    basket.put(b"long", 1, io.BytesIO(b"12345"))
    assert basket.result()[0] == {}


def test_collect_follows_nothing_and_opens_nothing_special(tmp_path):
    (tmp_path / "good").write_text("1")
    (tmp_path / "link").symlink_to("/etc/passwd")
    (tmp_path / "dir").symlink_to("/etc")
    os.mkfifo(tmp_path / "fifo")
    os.link(tmp_path / "good", tmp_path / "twin")
    (tmp_path / "sub").mkdir(mode=0)
    handle = os.open(tmp_path, os.O_RDONLY)
    basket = Basket(Limits(), {})
    collect(handle, basket, 100)
    os.close(handle)
    accepted, refused = basket.result()
    assert accepted == {}
    assert set(refused) == {"good", "twin", "link", "dir", "fifo"}


def test_collect_leaks_no_handles_when_it_stops_early(tmp_path):
    for number in range(20):
        (tmp_path / f"d{number}" / "e").mkdir(parents=True)
    handle = os.open(tmp_path, os.O_RDONLY)
    before = len([*Path("/proc/self/fd").iterdir()])
    basket = Basket(Limits(), {})
    collect(handle, basket, 25)
    assert len([*Path("/proc/self/fd").iterdir()]) == before
    os.close(handle)
    assert "too many files to look at" in basket.result()[1].values()


@pytest.mark.parametrize(
    ("ending", "outcome"),
    [
        (Ending("ended", 0), ("exited", 0, None)),
        (Ending("ended", 3), ("exited", 3, None)),
        (Ending("ended", 139), ("signal", None, 11)),
        (Ending("ended", 255), ("exited", 255, None)),
        (Ending("ended", 128), ("exited", 128, None)),
        (Ending("ended", 159), ("seccomp", None, 31)),
        (Ending("ended", 153), ("disk", None, 25)),
        (Ending("ended", 152), ("timeout", None, 24)),
        (Ending("ended", 0, oom_kills=1), ("memory", None, None)),
        (Ending("timeout", None, oom_kills=1), ("memory", None, None)),
        (Ending("ended", 1, refused_forks=1), ("processes", 1, None)),
        (Ending("ended", 0, refused_forks=1), ("exited", 0, None)),
        (Ending("ended", 1, disk_full=True), ("disk", 1, None)),
        (Ending("ended", 0, disk_full=True), ("exited", 0, None)),
        (Ending("timeout", None), ("timeout", None, None)),
        (Ending("output", None), ("output", None, None)),
    ],
)
def test_outcomes(ending, outcome):
    assert judge(ending) == outcome


def test_outcomes_that_say_nothing_of_the_program():
    with pytest.raises(RunCancelled):
        execution_outcome.judge(Ending("cancelled", None))
    with pytest.raises(SandboxFailed):
        execution_outcome.judge(Ending("lost", None))


def test_an_executable_below_a_top_level_link_needs_no_directory_of_its_own():
    """/bin is a link to /usr/bin on most systems, and is in every sandbox."""
    assert needed_prefixes(Interpreter(executable="/bin/sh", prefixes=(), key="sh")) == ()


def test_hops_that_no_prefix_names_are_found(tmp_path):
    first, second = tmp_path / "env/bin/python", tmp_path / "minor/bin/python3"
    for link, target in ((first, "../../minor/bin/python3"), (second, "/usr/bin/env")):
        link.parent.mkdir(parents=True)
        link.symlink_to(target)
    interpreter = Interpreter(executable=str(first), prefixes=("/opt/x",), key="x")
    assert needed_prefixes(interpreter) == (
        "/opt/x",
        str(tmp_path / "env"),
        str(tmp_path / "minor"),
    )

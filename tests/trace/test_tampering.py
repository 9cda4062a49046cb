"""The tamper table: each attack, and the lowest level of verification at which it is caught."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from sample_run import sample

from ohgw_agent.cli import main
from ohgw_agent.trace.event import GENESIS
from ohgw_agent.trace.reader import EVENTS, Reader
from ohgw_agent.trace.run import Run
from ohgw_agent.trace.seal import INDEX
from ohgw_agent.trace.verification import verify, verify_all
from ohgw_tools.errors import InputError, TraceError
from ohgw_tools.tree import sha256

Attack = Callable[[Path], None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return sample(tmp_path / "runs")


def head_of(folder: Path) -> str:
    return sha256(read_lines(folder)[-1])


def read_lines(folder: Path) -> list[bytes]:
    return (folder / EVENTS).read_bytes().split(b"\n")[:-1]


def write_lines(folder: Path, lines: list[bytes]) -> None:
    (folder / EVENTS).write_bytes(b"".join(line + b"\n" for line in lines))


def changed_status(lines: list[bytes]) -> list[bytes]:
    """The first failed verdict becomes a pass."""
    number = next(n for n, line in enumerate(lines) if b'"status":"fail"' in line)
    lines[number] = lines[number].replace(b'"status":"fail"', b'"status":"pass"')
    return lines


def edit(folder: Path) -> None:
    write_lines(folder, changed_status(read_lines(folder)))


def drop(folder: Path) -> None:
    lines = read_lines(folder)
    write_lines(folder, lines[:5] + lines[6:])


def drop_first(folder: Path) -> None:
    write_lines(folder, read_lines(folder)[1:])


def swap(folder: Path) -> None:
    lines = read_lines(folder)
    lines[5], lines[6] = lines[6], lines[5]
    write_lines(folder, lines)


def insert(folder: Path) -> None:
    lines = read_lines(folder)
    write_lines(folder, [*lines[:6], lines[5], *lines[6:]])


def edit_last(folder: Path) -> None:
    lines = read_lines(folder)
    lines[-1] = lines[-1].replace(b'"stop":"ready"', b'"stop":"stuck"')
    write_lines(folder, lines)


def alter_blob(folder: Path) -> None:
    digest = sorted(Reader(folder).blobs)[3]
    path = Reader(folder).blobs.path(digest)
    path.write_bytes(path.read_bytes()[:-1] + b" ")


def remove_blob(folder: Path) -> None:
    blobs = Reader(folder).blobs
    blobs.remove(sorted(blobs)[3])


def cut_tail(folder: Path) -> None:
    write_lines(folder, read_lines(folder)[:-4])


def cut_tail_in_a_line(folder: Path) -> None:
    content = (folder / EVENTS).read_bytes()
    (folder / EVENTS).write_bytes(content[:-700])


def empty(folder: Path) -> None:
    (folder / EVENTS).write_bytes(b"")


def header_lies(folder: Path) -> None:
    path = folder / "run.json"
    body = json.loads(path.read_bytes())
    path.write_text(json.dumps({**body, "errors_left": 99}))


SIMPLE: tuple[Attack, ...] = (
    edit, drop, drop_first, swap, insert, edit_last, alter_blob, remove_blob, cut_tail,
    cut_tail_in_a_line, empty, header_lies,
)  # fmt: skip


def test_untouched_run_reaches_each_level(folder: Path) -> None:
    assert verify(folder).level == "sealed"
    assert verify(folder).exit_code == 0
    anchored = verify(folder, head_of(folder))
    assert (anchored.level, anchored.exit_code) == ("anchored", 0)
    assert anchored.anchored_to == anchored.events


@pytest.mark.parametrize("attack", SIMPLE, ids=lambda attack: attack.__name__)
def test_attack_is_caught_by_what_lies_in_the_folder(folder: Path, attack: Attack) -> None:
    attack(folder)
    result = verify(folder)
    assert result.level == "damaged"
    assert result.exit_code == 1
    assert result.problems


def test_bare_chain_does_not_show_a_cut_tail_and_is_not_called_sealed(folder: Path) -> None:
    cut_tail(folder)
    (folder / "run.json").unlink()
    (folder.parent / INDEX).unlink()
    result = verify(folder)
    assert (result.level, result.exit_code) == ("consistent", 3)


def test_cut_tail_with_a_rewritten_header_is_caught_by_the_index(folder: Path) -> None:
    cut_tail(folder)
    reseal(folder)
    result = verify(folder)
    assert result.level == "damaged"
    assert any("the index seals" in problem for problem in result.problems)


def test_cut_tail_with_header_removed_is_caught_by_the_index(folder: Path) -> None:
    cut_tail(folder)
    (folder / "run.json").unlink()
    assert verify(folder).level == "damaged"


def reseal(folder: Path) -> None:
    """Write a run.json that fits the events, as an attacker would."""
    from ohgw_agent.trace.header import Header
    from ohgw_agent.trace.seal import Seal

    header = Header()
    events = Reader(folder).events
    for event in events:
        header.take(event)
    header.seal = Seal(folder.name, len(events), events[-1].digest, "ready")
    (folder / "run.json").write_bytes(header.encode())


def rechain(lines: list[bytes]) -> list[bytes]:
    """Redo the chain over altered lines, as someone with write access and time would."""
    prev, result = GENESIS, []
    for number, line in enumerate(lines):
        body = json.loads(line) | {"seq": number, "prev": prev}
        done = json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
        result.append(done)
        prev = sha256(done)
    return result


def test_rewritten_history_with_the_old_index_is_caught(folder: Path) -> None:
    write_lines(folder, rechain(changed_status(read_lines(folder))))
    reseal(folder)
    assert verify(folder).level == "damaged"


def test_rewritten_history_with_a_rewritten_index_is_caught_by_the_head_alone(folder: Path) -> None:
    kept_elsewhere = head_of(folder)
    lines = rechain(changed_status(read_lines(folder)))
    write_lines(folder, lines)
    reseal(folder)
    seal = {"count": len(lines), "head": sha256(lines[-1]), "prev": GENESIS, "run": folder.name,
            "seq": 0, "status": "ready", "ts": "2026-11-22T15:00:00.000Z", "v": 1}  # fmt: skip
    (folder.parent / INDEX).write_text(json.dumps(seal) + "\n")
    assert verify(folder).level == "sealed"
    result = verify(folder, kept_elsewhere)
    assert (result.level, result.exit_code) == ("damaged", 1)
    assert "not the one it was taken from" in result.problems[0]


def test_seal_over_a_run_without_an_end_is_not_ours(folder: Path) -> None:
    cut_tail(folder)
    reseal(folder)
    (folder.parent / INDEX).unlink()
    assert any("no run's end" in problem for problem in verify(folder).problems)


@pytest.mark.parametrize("target", ["/dev/zero", "/etc/hostname", "nowhere"])
def test_link_in_place_of_a_content_is_not_followed(folder: Path, target: str) -> None:
    blobs = Reader(folder).blobs
    path = blobs.path(sorted(blobs)[2])
    path.unlink()
    path.symlink_to(target)
    assert verify(folder).level == "damaged"


@pytest.mark.parametrize("depth", [150, 900, 50_000])
def test_record_nested_too_deeply_is_damage_not_a_crash(folder: Path, depth: int) -> None:
    line = read_lines(folder)[0]
    deep = b"[" * depth + b"]" * depth
    write_lines(folder, [line.replace(b'"label":""', b'"label":' + deep)])
    result = verify(folder)
    assert result.level == "damaged"
    assert "nested" in result.problems[0] or "not JSON" in result.problems[0]


WRONG: list[tuple[str, object]] = [
    ("seq", 2.0), ("seq", True), ("prev", None), ("ts", ["x"]), ("ts", "yesterday"), ("ts", 7),
    ("mono_ms", {}), ("mono_ms", -1), ("mono_ms", 10**30), ("kind", []), ("step", {}),
    ("actor", {}), ("cause", ["\ud800"]), ("cause", [99]), ("cause", [-1]), ("cause", [2]),
    ("data", {"n": 1.5}), ("data", {"n": float("nan")}), ("data", {"n": float("inf")}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), WRONG, ids=[f"{f}={v!r}"[:40] for f, v in WRONG])
def test_wrong_types_in_a_chained_line_are_damage_and_never_a_crash(
    folder: Path, field: str, value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever can write the chain anew can put anything into a line."""
    rows = [json.loads(line) for line in read_lines(folder)]
    rows[2][field] = value
    prev, lines = rows[2]["prev"], read_lines(folder)[:2]
    for row in rows[2:]:
        row["prev"] = prev if row is not rows[2] or field != "prev" else value
        lines.append(json.dumps(row, sort_keys=True, separators=(",", ":")).encode())
        prev = sha256(lines[-1])
    write_lines(folder, lines)
    (folder / "run.json").unlink()
    assert verify(folder).level == "damaged"
    runs = ("--runs-dir", str(folder.parent))
    for words in (("show", folder.name), ("ls",), ("ls", "--text", "x")):
        assert main(["runs", *words, *runs]) in (0, 5)
    for words in (("export", folder.name, "--to", "otlp"), ("report", folder.name)):
        assert main([*words, *runs]) == 5
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        {"run": None}, {"run": "../.."}, {"count": {"": 1}}, {"count": 0}, {"count": -1},
        {"count": 1.0}, {"head": 5}, {"head": "x"},
    ],
    ids=str,
)  # fmt: skip
def test_wrong_types_in_the_index_are_damage_of_the_index(
    folder: Path, line: dict[str, object]
) -> None:
    index = folder.parent / INDEX
    first = json.loads(index.read_bytes().splitlines()[0])
    index.write_text(json.dumps({**first, **line}) + "\n")
    assert verify(folder).level == "consistent"
    assert verify_all(folder.parent)[1]


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
@pytest.mark.parametrize("name", [EVENTS, "run.json", f"../{INDEX}"])
def test_what_is_no_regular_file_is_neither_read_nor_waited_for(
    folder: Path, name: str, make: Callable[[Path], None], capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / name).unlink()
    make(folder / name)
    runs = ("--runs-dir", str(folder.parent))
    assert main(["verify", "--all", *runs]) == 1
    assert main(["runs", "ls", "--text", "root:", *runs]) == 0
    said = capsys.readouterr()
    assert "root:x" not in said.out + said.err
    if name == "run.json":  # made anew in its place
        Run.open(folder.parent, folder.name).close()
        assert verify(folder).level == "sealed"
    else:
        with pytest.raises(TraceError):
            Run.open(folder.parent, folder.name)
    assert Path("/etc/passwd").read_bytes().endswith(b"\n")


def test_run_that_is_gone_is_named_by_the_index(tmp_path: Path) -> None:
    first, second = sample(tmp_path / "runs"), sample(tmp_path / "runs")
    assert verify_all(tmp_path / "runs")[1] == []
    shutil.rmtree(first)
    results, problems = verify_all(tmp_path / "runs")
    assert [r.run for r in results] == [second.name]
    assert problems == [f"run {first.name} was sealed and is gone"]


def test_run_that_is_gone_from_the_index_too_breaks_its_chain(tmp_path: Path) -> None:
    first, second = sample(tmp_path / "runs"), sample(tmp_path / "runs")
    index = tmp_path / "runs" / INDEX
    index.write_text(index.read_text().splitlines()[1] + "\n")
    shutil.rmtree(first)
    assert "does not follow" in verify_all(tmp_path / "runs")[1][0]
    result = verify(second)
    assert result.level == "consistent"
    assert any("vouches for nothing" in note for note in result.notes)


def test_head_of_an_earlier_moment_vouches_for_the_events_up_to_it(folder: Path) -> None:
    early = head_of(folder)
    with Run.open(folder.parent, folder.name) as run:
        run.append("note", {"text": "later", "author": "auditor"})
    result = verify(folder, early)
    assert result.level == "consistent"
    assert result.anchored_to == result.events - 1


def test_killed_run_is_consistent_and_no_more(tmp_path: Path) -> None:
    with Run.create(tmp_path / "runs", {}) as run:
        run.append("note", {"text": "and then the power went"})
    result = verify(run.folder)
    assert (result.level, result.exit_code) == ("consistent", 3)
    assert any("no seal" in note for note in result.notes)


def test_copied_folder_keeps_its_seal_but_says_that_no_index_vouches(
    folder: Path, tmp_path: Path
) -> None:
    head = head_of(folder)
    shutil.copytree(folder, tmp_path / "artifact")
    result = verify(tmp_path / "artifact")
    assert result.level == "consistent"
    assert result.run == folder.name
    assert verify(tmp_path / "artifact", head).level == "anchored"


@pytest.mark.parametrize("head", ["", "abc", "g" * 64, "A" * 64, "a" * 64 + "\n"])
def test_what_is_no_head_is_refused(folder: Path, head: str) -> None:
    with pytest.raises(InputError, match="64 hexadecimal"):
        verify(folder, head)


SHELL = r"""
set -eu
prev=0000000000000000000000000000000000000000000000000000000000000000
while IFS= read -r line; do
  cited=$(printf '%s' "$line" | sed -n 's/.*"prev":"\([0-9a-f]\{64\}\)","seq":.*/\1/p')
  [ "$cited" = "$prev" ] || { echo "broken after $prev"; exit 1; }
  prev=$(printf '%s' "$line" | sha256sum | cut -d' ' -f1)
done < events.jsonl
for blob in blobs/sha256/*; do
  name=$(basename "$blob" .gz)
  case $blob in
    *.gz) found=$(gzip -dc "$blob" | sha256sum) ;;
    *) found=$(sha256sum < "$blob") ;;
  esac
  [ "${found%% *}" = "$name" ] || { echo "altered: $blob"; exit 1; }
done
echo "head $prev"
"""


def shell(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", SHELL], cwd=folder, capture_output=True, text=True, check=False
    )


def test_shell_alone_verifies_the_chain_and_the_contents(folder: Path) -> None:
    done = shell(folder)
    assert (done.returncode, done.stdout.strip()) == (0, f"head {head_of(folder)}")


@pytest.mark.parametrize(
    "attack", [edit, drop, drop_first, swap, insert, alter_blob], ids=lambda attack: attack.__name__
)
def test_shell_alone_catches_what_a_bare_chain_can(folder: Path, attack: Attack) -> None:
    attack(folder)
    assert shell(folder).returncode != 0


def test_documented_shell_commands_are_the_tested_ones() -> None:
    page = Path(__file__).parents[2] / "docs" / "verifying.md"
    assert SHELL.strip() in page.read_text(encoding="utf-8")

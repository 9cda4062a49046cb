"""Reading bundles: every shape that is accepted, and everything hostile that is refused."""

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from ohgw_tools.bundle import Bundle
from ohgw_tools.bundles.bundle_file import dumps, load, parse, save
from ohgw_tools.bundles.bundle_folder import pack, unpack
from ohgw_tools.bundles.bundle_path import fault_of, key_of, path_of
from ohgw_tools.bundles.bundle_schema import bundle_schema
from ohgw_tools.bundles.seed_document import read_document
from ohgw_tools.errors import BundleError, InputError

SEED = Path(__file__).parents[1] / "bundles" / "seed"
EIGHT = {
    "config/full_experiment.yaml",
    "config/smoke_test.yaml",
    "pyproject.toml",
    "src/evaluate.py",
    "src/main.py",
    "src/model.py",
    "src/preprocess.py",
    "src/train.py",
}


def flat(**derived):
    return json.dumps({"derived": derived})


def refused(text):
    with pytest.raises(BundleError) as caught:
        parse(text)
    assert caught.value.key
    assert caught.value.remedy
    return str(caught.value)


def test_seed_bundle_is_read_as_it_is():
    bundle = load(SEED / "exp-2.bundle.json")
    assert set(bundle.base) == set(bundle.derived) == EIGHT
    assert bundle.experiment.id == "exp-2"
    assert len(bundle.experiment.run_variations) == 4
    assert "OHGW" in bundle.method["Methods"]
    assert bundle.strategy.startswith("Overall Experimental Strategy")


def test_seed_bundle_is_written_as_it_was():
    path = SEED / "exp-2.bundle.json"
    assert json.loads(dumps(load(path))) == json.loads(path.read_text())


def test_seed_document_is_the_same_bundle():
    document = read_document((SEED / "seed-document.txt").read_text())
    assert document.digest == load(SEED / "exp-2.bundle.json").digest


def test_a_document_that_is_cut_off_names_the_section():
    text = (SEED / "seed-document.txt").read_text()
    with pytest.raises(BundleError, match="Derived Experiment Code"):
        read_document(text[: text.index("# Derived Experiment Code")])
    with pytest.raises(BundleError, match="Base Code"):
        read_document(text.replace("# Base Code (Reference Foundation)", "# Base"))


def test_folder_round_trip(tmp_path):
    bundle = load(SEED / "exp-2.bundle.json")
    unpack(bundle, tmp_path / "folder")
    again = load(tmp_path / "folder")
    assert again.derived == bundle.derived
    assert again.base == bundle.base
    assert again.experiment == bundle.experiment
    assert again.method == bundle.method
    with pytest.raises(InputError, match="new or empty"):
        unpack(bundle, tmp_path / "folder")


def test_folder_with_a_link_is_refused(tmp_path):
    (tmp_path / "derived").mkdir()
    (tmp_path / "derived" / "a.py").symlink_to("/etc/passwd")
    (tmp_path / "experiment.yaml").write_text("id: x\n")
    with pytest.raises(BundleError, match="symbolic link"):
        pack(tmp_path / "base", tmp_path / "derived", tmp_path / "experiment.yaml")


def test_a_folder_that_is_no_bundle_says_what_one_is(tmp_path):
    with pytest.raises(BundleError, match=r"base/, derived/ and experiment.yaml"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/etc/passwd", "absolute"),
        ("~/x.py", "absolute"),
        ("C:/x.py", "absolute"),
        ("../x.py", r"`\.\.` part"),
        ("src/../../x.py", r"`\.\.` part"),
        ("./x.py", r"`\.` or"),
        ("src//x.py", "empty"),
        ("src\\x.py", "holds one of"),
        ("src/a\x00.py", "NUL"),
        ("src/a\x1b[2J.py", "control"),
        ("src/a\u202e.py", "invisible"),
        ("src/con.py", "reserved"),
        ("src/NUL", "reserved"),
        (".git/config", "reserved"),
        ("src/sitecustomize.py", "reserved"),
        ("src/x.py ", "blank"),
        ("src/x.", "dot"),
        ("a/" * 20 + "x.py", "levels deep"),
        ("x" * 300 + ".py", "bytes"),
    ],
)
def test_hostile_paths_are_refused(path, words):
    message = refused(flat(**{path: "x = 1\n"}))
    assert re.search(words, message), message


def test_two_keys_for_one_file_are_refused():
    assert "both stand for src/train.py" in refused(
        flat(**{"train_py": "a = 1\n", "src/train.py": "b = 1\n"})
    )


def test_case_and_unicode_clashes_are_refused():
    assert "differ only in case" in refused(flat(**{"src/a.py": "", "src/A.py": "x"}))
    assert "Unicode" in refused(flat(**{"src/\u00e9.py": "", "src/e\u0301.py": "x"}))


def test_a_file_that_is_also_a_folder_is_refused():
    assert "also the folder" in refused(flat(**{"src/a.py": "x", "src/a.py/b.py": "y"}))


def test_text_that_is_not_utf8_is_refused(tmp_path):
    assert "surrogate" in refused('{"derived": {"src/a.py": "\\ud800"}}')
    (tmp_path / "b.json").write_bytes(b'{"derived": {"a.py": "\xff"}}')
    with pytest.raises(BundleError, match="not UTF-8"):
        load(tmp_path / "b.json")


def test_sizes_are_bounded(tmp_path):
    assert "8 MiB" in refused(flat(**{"a.py": "x" * (8 << 20) + "y"}))
    many = {f"f{i}.py": "x" * (8 << 20) for i in range(9)}
    assert "64 MiB" in refused(json.dumps({"derived": many}))
    assert "files" in refused(json.dumps({"derived": {f"f{i}.py": "" for i in range(2001)}}))


def test_deep_duplicate_and_broken_json_is_refused():
    assert "levels deep" in refused("[" * 100_000 + "]" * 100_000)
    assert "levels deep" in refused('{"derived": {}, "method": ' + '{"a":' * 60 + "1" + "}" * 61)
    assert "stands twice" in refused('{"derived": {"a.py": "1", "a.py": "2"}}')
    assert "NaN" in refused('{"derived": {"a.py": "1"}, "method": {"x": NaN}}')
    assert "not JSON" in refused("{")
    assert "not JSON" in refused('{"derived": ' + "9" * 10_000 + "}")
    assert "JSON object" in refused("[1]")
    assert "neither" in refused("{}")


def test_empty_derived_code_is_refused():
    assert "no derived code" in refused('{"derived": {}}')
    assert "no derived code" in refused(flat(**{"src/a.py": " \n"}))
    assert "no derived code" in refused('{"current_experiment": {"code": {}}}')


@pytest.mark.parametrize(
    "text",
    [
        '{"derived": {"a.py": 1}}',
        '{"derived": []}',
        '{"derived": {"a.py": "x"}, "experiment": []}',
        '{"derived": {"a.py": "x"}, "experiment": {"run_variations": "x"}}',
        '{"derived": {"a.py": "x"}, "experiment": {"run_variations": ["x", "x"]}}',
        '{"derived": {"a.py": "x"}, "experiment": {"description": 3}}',
        '{"current_experiment": 3}',
        '{"current_experiment": {"code": {"train_py": "x"}}, "new_method": 3}',
    ],
)
def test_wrong_types_are_refused(text):
    refused(text)


def test_key_forms():
    assert path_of("train_py") == "src/train.py"
    assert path_of("smoke_test_yaml") == "config/smoke_test.yaml"
    assert path_of("pyproject_toml") == "pyproject.toml"
    for path in EIGHT:
        assert path_of(key_of(path)) == path


def test_saving_is_whole_or_not_at_all(tmp_path):
    bundle = parse(flat(**{"a.py": "x = 1\n"}))
    target = tmp_path / "out.json"
    save(bundle, target)
    assert load(target).derived == bundle.derived
    assert [p.name for p in tmp_path.iterdir()] == ["out.json"]


def test_schema_accepts_what_is_read_and_refuses_what_is_not():
    validator = Draft202012Validator(bundle_schema())
    Draft202012Validator.check_schema(bundle_schema())
    validator.validate(json.loads((SEED / "exp-2.bundle.json").read_text()))
    validator.validate({"derived": {"a.py": "x"}})
    assert not validator.is_valid({})
    assert not validator.is_valid({"derived": {}})
    assert not validator.is_valid({"derived": {"/etc/passwd": "x"}})


@given(st.text(max_size=60))
def test_any_text_is_a_safe_path_or_refused(text):
    try:
        path = path_of(text)
    except BundleError:
        return
    assert fault_of(path) is None
    assert ".." not in path.split("/")
    assert not path.startswith("/")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda x: st.lists(x, max_size=3) | st.dictionaries(st.text(max_size=8), x, max_size=3),
        max_leaves=12,
    )
)
def test_any_json_is_a_bundle_or_a_clear_error(value):
    with suppress(BundleError):
        bundle = parse(json.dumps({"derived": value}))
        assert isinstance(bundle, Bundle)

"""Judging again after changes gives what judging afresh gives, whatever is kept from before."""

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ohgw_tools.bundles.bundle_file import load
from ohgw_tools.check import check
from ohgw_tools.contract import Contract
from ohgw_tools.subject import ParseCache
from ohgw_tools.tree import Tree

ROOT = Path(__file__).parents[2]
SOURCES = (
    ROOT / "examples" / "quickstart.json",
    ROOT / "tests" / "bundles" / "played" / "kmeans-start.json",
    ROOT / "tests" / "bundles" / "played" / "spirals-momentum.json",
)
CONTRACT = Contract.load("base-derived")
LINES = (
    *("import missing_one", "x = undefined_thing", "# TODO", "pass", "    return None", "edit: 1"),
    *(
        "raise NotImplementedError",
        "def added(a, b):",
        "    return added(1)",
        "acc = random()",
    ),
    *('parser.add_argument("--new", required=True)', "epochs: 1", "- run_id: other", "[tool.x]"),
    *("# ohgw: ignore[*] a reason", "from src.train import gone", "self.never_set", "{{ x }}"),
)
STEPS = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def forget_everything():
    """Empty every cache of the judge's modules, so that what follows is as in a new process."""
    for name, module in list(sys.modules.items()):
        if name.startswith("ohgw_tools."):
            for held in list(vars(module).values()):
                clear = getattr(held, "cache_clear", None)
                if clear is not None and getattr(held, "__module__", "").startswith("ohgw_tools"):
                    clear()


def lines_changed(draw, text):
    lines = text.split("\n")
    at = draw(st.integers(0, len(lines) - 1))
    kind = draw(st.sampled_from(["insert", "delete", "swap", "cut", "indent"]))
    if kind == "insert":
        lines.insert(at, draw(st.sampled_from(LINES)))
    elif kind == "delete":
        del lines[at : at + draw(st.integers(1, 4))]
    elif kind == "swap":
        other = draw(st.integers(0, len(lines) - 1))
        lines[at], lines[other] = lines[other], lines[at]
    elif kind == "cut":
        del lines[max(1, at) :]
    else:
        lines[at] = " " + lines[at]
    return "\n".join(lines)


def tree_changed(draw, tree, other):
    path = draw(st.sampled_from(sorted(tree)))
    kind = draw(st.sampled_from(["lines", "lines", "lines", "copy", "other's", "remove", "empty"]))
    if kind == "lines":
        return tree.with_file(path, lines_changed(draw, tree[path]))
    if kind == "copy":  # equal content at two paths
        return tree.with_file(path, tree[draw(st.sampled_from(sorted(tree)))])
    if kind == "other's" and path in other:
        return tree.with_file(path, other[path])
    if kind == "remove" and len(tree) > 1:
        return Tree({p: text for p, text in tree.items() if p != path})
    return tree.with_file(path, "")


def contract_changed(draw, contract):
    rules, variations = contract.rules, contract.variations
    kind = draw(st.sampled_from(["ignore", "severity", "suffixes", "base", "files", "id"]))
    if kind == "ignore":
        ignored = draw(st.sampled_from([(), ("lost-*",), ("certain-crash",)]))
        return contract.model_copy(update={"rules": rules.model_copy(update={"ignore": ignored})})
    if kind == "severity":
        changed = draw(st.sampled_from([{}, {"unread-key": "info"}, {"stub-body": "warning"}]))
        return contract.model_copy(update={"rules": rules.model_copy(update={"severity": changed})})
    if kind == "suffixes":
        suffixes = draw(st.sampled_from([(), ("-smoke", "_smoke")]))
        update = {"variations": variations.model_copy(update={"smoke_suffixes": suffixes})}
        return contract.model_copy(update=update)
    if kind == "id":
        key = draw(st.sampled_from(["run_id", "name"]))
        update = {"variations": variations.model_copy(update={"id_key": key})}
        return contract.model_copy(update=update)
    if kind == "base":
        return contract.model_copy(update={"has_base": not contract.has_base})
    return contract.model_copy(update={"files": draw(st.sampled_from([(), CONTRACT.files]))})


def experiment_changed(draw, experiment):
    if draw(st.booleans()):
        words = ("", "50 epochs, perplexity, paired t-test.", "PASHA is gradient-aware. 3 epochs")
        return experiment.model_copy(update={"description": draw(st.sampled_from(words))})
    variations = experiment.run_variations
    picked = tuple(draw(st.permutations(variations)))[: draw(st.integers(0, len(variations)))]
    return experiment.model_copy(update={"run_variations": picked})


def changed(draw, bundle, contract):
    kind = draw(st.sampled_from([*["derived"] * 4, "base", "contract", *["experiment"] * 2]))
    if kind == "contract":
        return bundle, contract_changed(draw, contract)
    if kind == "experiment":
        experiment = experiment_changed(draw, bundle.experiment)
        return bundle.model_copy(update={"experiment": experiment}), contract
    if kind == "base":
        base = tree_changed(draw, bundle.base, bundle.derived)
        return bundle.model_copy(update={"base": base}), contract
    return bundle.with_derived(tree_changed(draw, bundle.derived, bundle.base)), contract


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.stem)
@STEPS
@given(data=st.data())
def test_a_warm_cache_gives_the_verdict_that_a_cold_one_gives(source, data):
    bundle, contract, seen = load(str(source)), CONTRACT, []
    cache = ParseCache(size=data.draw(st.sampled_from([2, 128])))
    for _ in range(data.draw(st.integers(2, 5))):
        seen.append((bundle, contract, check(bundle, contract, cache=cache).model_dump_json()))
        bundle, contract = changed(data.draw, bundle, contract)
    back = data.draw(st.sampled_from(seen))  # a patch that is taken back
    assert check(back[0], back[1], cache=cache).model_dump_json() == back[2]
    for one, held_against, verdict in seen:
        forget_everything()
        assert check(one, held_against).model_dump_json() == verdict


def test_a_change_of_the_description_alone_is_seen():
    bundle, cache, verdicts = load(str(SOURCES[0])), ParseCache(), []
    for words in ("PASHA, 2023, gradient-aware.", "Train for 5 epochs, then epochs = 9.", ""):
        experiment = bundle.experiment.model_copy(update={"description": words})
        bundle = bundle.model_copy(update={"experiment": experiment})
        verdicts.append((bundle, check(bundle, CONTRACT, cache=cache).model_dump_json()))
    assert len({verdict for _, verdict in verdicts}) == 3
    for one, verdict in verdicts:
        forget_everything()
        assert check(one, CONTRACT).model_dump_json() == verdict

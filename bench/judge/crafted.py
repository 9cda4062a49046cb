"""Bad bundles written by hand, after defects that real bundles had."""

from __future__ import annotations

from collections.abc import Callable

from defects import FULL, replaced, with_file
from good import good_bundles

from ohgw_tools.bundle import Bundle

Made = dict[str, tuple[Bundle, tuple[str, ...]]]
CASES: dict[str, tuple[str, tuple[str, ...], Callable[[Bundle], Bundle | None]]] = {}


def _swap(path: str, *pairs: tuple[str, str]) -> Callable[[Bundle], Bundle | None]:
    def change(bundle: Bundle) -> Bundle | None:
        for old, new in pairs:
            changed = replaced(bundle, path, old, new, 99)
            assert changed is not None, (path, old)
            bundle = changed
        return bundle

    return change


def _after(path: str, tail: str) -> Callable[[Bundle], Bundle | None]:
    return lambda bundle: with_file(bundle, path, bundle.derived[path] + tail)


def _case(name: str, bundle: str, rules: str, change: Callable[[Bundle], Bundle | None]) -> None:
    CASES[name] = (bundle, tuple(rules.split()), change)


TRAIN, MODEL, DATA, MAIN, EVALUATE = (
    f"src/{n}.py" for n in ("train", "model", "preprocess", "main", "evaluate")
)
_case(
    "upper-cased name against a lower-case registry",
    "vision-scripted",
    "registry-gap",
    _swap(DATA, ('dataset["name"].lower()', 'dataset["name"].upper()')),
)
_case(
    "name normalised on one side only",
    "tabular-tables",
    "registry-gap",
    _swap(TRAIN, ('.replace("-", "_")', "")),
)
_case(
    "decorator registers under a stale name",
    "test_time-classes",
    "registry-gap certain-crash",
    _swap(MODEL, ('@register("adaptive_classifier")', '@register("adaptive-classifier")')),
)
_case(
    "getattr registry without the class",
    "vision-classes",
    "registry-gap certain-crash",
    _swap(
        TRAIN,
        ("MODELS[config.model](", "getattr(model_module, config.model)("),
        ("from src.model import MODELS", "import src.model as model_module"),
    ),
)
_case(
    "loader returns a list where a mapping is read",
    "time_series-scripted",
    "certain-crash",
    _swap(TRAIN, ('training["epochs"]', 'training[0]["epochs"]')),
)
_case(
    "None where an object is used",
    "language_model-tables",
    "certain-crash",
    _swap(
        TRAIN,
        (
            '    rng_seed = run.get("seed", 0)\n',
            '    rng_seed = run.get("seed", 0)\n    clip = run.get("clip") * 2.0\n',
        ),
    ),
)
_case(
    "metrics of an empty history",
    "reinforcement-tables",
    "certain-crash",
    _swap(FULL, ("epochs: 25", "epochs: 0")),
)
_case(
    "a string where a list is indexed by name",
    "reinforcement-scripted",
    "certain-crash",
    _swap(TRAIN, ('cfg["training"]\n', 'cfg["run_id"]\n')),
)
_case(
    "a positional argument that the parser lacks",
    "vision-classes",
    "certain-crash command-flag",
    _swap(MAIN, ('"--verbose",\n', '"--verbose", "extra",\n')),
)
_case(
    "the evaluation's required flag is not given",
    "language_model-scripted",
    "certain-crash command-flag",
    _swap(
        EVALUATE,
        (
            "    args = parser.parse_args()\n",
            '    parser.add_argument("--metric", required=True)\n    args = parser.parse_args()\n',
        ),
    ),
)
_case(
    "a dataclass without the configured field",
    "tabular-classes",
    "certain-crash",
    _swap(TRAIN, ("    learning_rate: float = 0.1\n", "    lr: float = 0.1\n")),
)
_case(
    "a field that the dataclass demands",
    "time_series-classes",
    "certain-crash",
    _swap(TRAIN, ("    model: str\n", "    model: str\n    device: str\n")),
)
_case(
    "a method that only a sibling class has",
    "reinforcement-classes",
    "certain-crash missing-attribute sibling-attribute",
    _swap(TRAIN, ("return self.summary()", "return self.summarise()")),
)
_case(
    "noise that is configured and never applied",
    "language_model-scripted",
    "unread-key",
    _swap(
        FULL,
        (
            "  method:\n    tied: true\n    dropout: 0.2",
            "  model_noise: {rate: 0.15}\n  method:\n    tied: true\n    dropout: 0.2",
        ),
    ),
)
_case(
    "a scheduler that is configured and never built",
    "vision-scripted",
    "unread-key",
    _swap(
        FULL,
        (
            "  method:\n    batch_norm: true",
            "  scheduler:\n    warm_restarts: 3\n  method:\n    batch_norm: true",
        ),
    ),
)
_case(
    "the method's key misspelt in the configuration",
    "test_time-scripted",
    "unread-key identical-variations",
    _swap(FULL, ("adaptation: statistics", "adaption: statistics")),
)
_case(
    "variations told apart by seed alone",
    "reinforcement-scripted",
    "identical-variations",
    _swap(FULL, ("    epsilon: 0.3\n", "")),
)
_case(
    "a log opened for bytes and written as text",
    "tabular-scripted",
    "thread-crash certain-crash",
    _swap(MAIN, ('open(log_path, "w", encoding="utf-8")', 'open(log_path, "wb")')),
)
_case(
    "the checkpoint's folder is a number",
    "time_series-tables",
    "certain-crash",
    _swap(MAIN, ('run_file = os.path.join(d, "run.json")', "run_file = os.path.join(d, 1)")),
)
_case(
    "results under another name than the contract's",
    "test_time-tables",
    "missing-artifact",
    _swap(TRAIN, ('"results.json"', '"result.json"')),
)
_case(
    "the report reads a metric of another task",
    "language_model-tables",
    "result-key-gap",
    _swap(EVALUATE, ('v["score"]', 'v["perplexity"]')),
)
_case(
    "nested results read one level too high",
    "vision-scripted",
    "result-key-gap",
    _swap(EVALUATE, ('r["final"]["score"]', 'r["score"]')),
)
_case(
    "a smoke test of one variation",
    "time_series-classes",
    "missing-variation",
    lambda bundle: with_file(
        bundle,
        "config/smoke_test.yaml",
        bundle.derived["config/smoke_test.yaml"].split("- run_id: differenced\n")[0],
    ),
)
_case(
    "a constructor called without its method",
    "vision-tables",
    "certain-crash call-signature",
    _swap(MODEL, ("(variant, seed, **options)", "(seed, **options)")),
)


def crafted_bundles() -> Made:
    """Return each bad bundle by what is wrong with it, with the rules meant for it."""
    good = good_bundles()
    made: Made = {}
    for name, (source, rules, change) in CASES.items():
        bundle = change(good[source])
        assert bundle is not None, name
        made[name] = (bundle, rules)
    return made

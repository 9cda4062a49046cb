"""Libraries: a few functions of well-known libraries, watched once the program has imported them.

The program's own import is what loads a library; a finder at the head of `sys.meta_path` only asks
the others and adds one step after the module's code has run. Functions are wrapped so that name,
signature and result stay the same.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from typing import Any

from . import training
from .record import Record

Watcher = Callable[[Record, Any], None]
Aside = Callable[[], Callable[[], None]]


def install(
    record: Record, root: str, aside: Aside | None, more: dict[str, Watcher] | None = None
) -> None:
    """Watch the libraries that are imported from now on, with the watchers here and `more` of them.
    `aside`, where given, is called before a library from outside `root` runs its own code, and what
    it returns afterwards.
    """
    watchers = {
        name: tuple(w for w in ((more or {}).get(name), WATCHERS.get(name)) if w is not None)
        for name in {**WATCHERS, **(more or {})}
    }
    sys.meta_path.insert(0, _Finder(record, root, aside, watchers))
    for name in watchers.keys() & sys.modules.keys():
        for watcher in watchers[name]:
            watcher(record, sys.modules[name])


class _Finder(MetaPathFinder):
    """Finds nothing by itself: passes on what the other finders find, with a loader that tells."""

    def __init__(
        self,
        record: Record,
        root: str,
        aside: Aside | None,
        watchers: dict[str, tuple[Watcher, ...]],
    ) -> None:
        self._record = record
        self._root = root
        self._aside = aside
        self._watchers = watchers

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        """See importlib.abc.MetaPathFinder."""
        watchers = self._watchers.get(name, ())
        if not watchers and (self._aside is None or sys.gettrace() is None):
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(name, path, target)
            if spec is not None:
                outside = not str(spec.origin).startswith(self._root)
                if isinstance(spec.loader, SourceFileLoader) and (watchers or outside):
                    aside = self._aside if outside else None
                    spec.loader = _Loader(spec.loader, watchers, self._record, aside)
                return spec
        return None


class _Loader(Loader):
    """Runs a module with its own loader, puts that loader back, and then lets the watchers look."""

    def __init__(
        self, loader: Any, watchers: tuple[Watcher, ...], record: Record, aside: Aside | None
    ) -> None:
        self._loader = loader
        self._watchers = watchers
        self._record = record
        self._aside = aside

    def create_module(self, spec: ModuleSpec) -> Any:
        """See importlib.abc.Loader."""
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        """See importlib.abc.Loader."""
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        again = self._aside() if self._aside else None
        try:
            self._loader.exec_module(module)
        finally:
            if again is not None:
                again()
        for watcher in self._watchers:
            # A library that changed must not break the program.
            with suppress(Exception):
                watcher(self._record, module)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def _wrap(owner: Any, name: str, before: Callable[..., None]) -> None:
    """Call `before` with the arguments, then the function itself."""
    original = owner.__dict__.get(name) if isinstance(owner, type) else getattr(owner, name, None)
    bound: Any = type(original) if isinstance(original, (classmethod, staticmethod)) else None
    function: Any = getattr(original, "__func__", None) if bound else original
    if function is None:
        return

    @functools.wraps(function)
    def watched(*args: Any, **kwargs: Any) -> Any:
        # The program's call goes ahead whatever we make of it.
        with suppress(Exception):
            before(*args, **kwargs)
        return function(*args, **kwargs)

    setattr(owner, name, bound(watched) if bound else watched)


def _seeds(record: Record, module: Any) -> None:
    """`random`, `numpy.random`: the global seed."""
    word = module.__name__

    def before(seed: Any = None, *rest: Any, **more: Any) -> None:
        record.once("seed", word, seed if isinstance(seed, int) else repr(seed))

    _wrap(module, "seed", before)


def _torch_random(record: Record, module: Any) -> None:
    def before(seed: Any = None, *rest: Any, **more: Any) -> None:
        record.once("seed", "torch", seed if isinstance(seed, int) else repr(seed))

    _wrap(module, "manual_seed", before)


def _datasets(record: Record, module: Any) -> None:
    def before(path: Any = None, name: Any = None, *rest: Any, **more: Any) -> None:
        record.once("dataset", "datasets", path, name, more.get("split"))

    for function in ("load_dataset", "load_dataset_builder"):
        _wrap(module, function, before)


def _vision(record: Record, module: Any) -> None:
    def before(self: Any, root: Any = None, *rest: Any, **more: Any) -> None:
        record.once("dataset", "torchvision", type(self).__name__, root, None)

    _wrap(module.VisionDataset, "__init__", before)


def _sklearn(record: Record, module: Any) -> None:
    def before(name: Any = None, *rest: Any, **more: Any) -> None:
        record.once("dataset", "openml", more.get("data_id", name), None, None)

    _wrap(module, "fetch_openml", before)


def _pretrained(*classes: str) -> Watcher:
    def watch(record: Record, module: Any) -> None:
        def before(cls: Any, name: Any = None, *rest: Any, **more: Any) -> None:
            record.once("model", getattr(cls, "__name__", "?"), name)

        for word in classes:
            _wrap(getattr(module, word), "from_pretrained", before)

    return watch


def _hub(record: Record, module: Any) -> None:
    def before(repo_id: Any = None, filename: Any = None, *rest: Any, **more: Any) -> None:
        record.once("hub", repo_id, filename)

    for function in ("hf_hub_download", "snapshot_download"):
        _wrap(module, function, before)


WATCHERS: dict[str, Watcher] = {
    "random": _seeds,
    "numpy.random": _seeds,
    "torch.random": _torch_random,
    "torch.optim.optimizer": training.watch_optimizers,
    "datasets.load": _datasets,
    "torchvision.datasets.vision": _vision,
    "sklearn.datasets._openml": _sklearn,
    "transformers.modeling_utils": _pretrained("PreTrainedModel"),
    "transformers.tokenization_utils_base": _pretrained("PreTrainedTokenizerBase"),
    "transformers.models.auto.auto_factory": _pretrained("_BaseAutoModelClass"),
    "huggingface_hub.file_download": _hub,
}

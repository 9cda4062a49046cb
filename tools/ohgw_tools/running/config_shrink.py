"""ConfigShrink: the full configuration cut to a size that runs in minutes, all else kept.

Only how long and how much is cut: epochs, steps, trials, samples, batches and sequence lengths.
Names, methods, architectures and hyper-parameters stay as they are, so that the code that the full
experiment would run is the code that runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import yaml

from ohgw_tools.source.run_list import plain
from ohgw_tools.source.yaml_file import YamlFile

KeyPath = tuple[str | int, ...]

_EPOCHS = (
    "epochs nepochs numepochs maxepochs trainepochs totalepochs trainingepochs maxt maxresource"
)
_LEAST = "minresource graceperiod mint minepochs warmupepochs minresourceepochs"
_ONCE = "replicates nreplicates numreplicates nseeds numseeds repeats nrepeats repetitions nfolds"
_STEPS = (
    "maxsteps numsteps totalsteps trainsteps steps iterations maxiters maxiterations niter"
    " numiterations updates numupdates maxupdates warmupsteps evalsteps maxbatches"
)
_TRIALS = "trials ntrials numtrials maxtrials nconfigs numconfigs budget ninitialpoints"
_BATCH = "batchsize trainbatchsize evalbatchsize valbatchsize testbatchsize perdevicebatchsize"
_SAMPLES = (
    "numsamples nsamples maxsamples numtrain ntrain trainsize maxtrainsamples numval nval valsize"
    " maxevalsamples numtest ntest testsize maxexamples numexamples subset subsetsize limit"
)
_LENGTH = (
    "seqlen maxlength maxseqlen maxseqlength blocksize contextlength sequencelength npositions"
)
_WORKERS = "numworkers nworkers dataloaderworkers"


class Cut(NamedTuple):
    """One value that was made smaller."""

    key: KeyPath
    before: int
    after: int

    def __str__(self) -> str:
        return f"{'.'.join(map(str, self.key))}: {self.before} -> {self.after}"


def shrink(text: str) -> tuple[str, tuple[Cut, ...]]:
    """Return YAML with the sizes cut, and what was cut. Raises ValueError if it cannot be read."""
    file = YamlFile(text)
    if file.error:
        raise ValueError(file.error)
    data = file.data
    least = max((v for k, v in _numbers(data) if _is(k, _LEAST)), default=0)
    cuts: list[Cut] = []
    changed = _cut(data, (), _bounds(2 * least if least else 1), cuts)
    return yaml.safe_dump(changed, sort_keys=False, allow_unicode=True), tuple(cuts)


def _bounds(epochs: int) -> tuple[tuple[str, int], ...]:
    """The greatest value that each kind of key keeps."""
    return (
        (_EPOCHS, epochs),
        (_ONCE, 1),
        (_STEPS, 4),
        (_TRIALS, 4),
        (_BATCH, 2),
        (_SAMPLES, 16),
        (_LENGTH, 32),
        (_WORKERS, 0),
    )


def _cut(value: Any, key: KeyPath, bounds: tuple[tuple[str, int], ...], cuts: list[Cut]) -> Any:
    if isinstance(value, dict):
        return {k: _cut(v, (*key, k), bounds, cuts) for k, v in value.items()}
    if isinstance(value, list):
        if key and plain(key[-1]) == "seeds" and len(value) > 1:
            cuts.append(Cut(key, len(value), 1))
            value = value[:1]
        return [_cut(v, (*key, i), bounds, cuts) for i, v in enumerate(value)]
    if not isinstance(value, int) or isinstance(value, bool) or not key:
        return value
    for names, most in bounds:
        if _is(key, names) and value > most:
            cuts.append(Cut(key, value, most))
            return most
    return value


def _is(key: KeyPath, names: str) -> bool:
    return plain(key[-1]) in names.split()


def _numbers(value: Any, key: KeyPath = ()) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _numbers(inner, (*key, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _numbers(inner, (*key, index))
    elif isinstance(value, int) and not isinstance(value, bool) and key:
        yield key, value


def shrink_files(
    files: Mapping[str, bytes], paths: tuple[str, ...], refuse: Callable[[str, str], None]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    """Cut each configuration among `files`; returns all files, and the cuts as text. A file that is
    not YAML is handed to `refuse` with the reason and stays as it is.
    """
    changed = dict(files)
    told: list[str] = []
    for path in paths:
        try:
            text, cuts = shrink(files[path].decode())
        except ValueError as error:
            refuse(path, str(error).splitlines()[0])
            continue
        changed[path] = text.encode()
        told += [f"{path}: {cut}" for cut in cuts]
    return changed, tuple(told)

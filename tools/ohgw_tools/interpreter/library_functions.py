"""Library functions: those whose results the interpreter knows, by their dotted names."""

from __future__ import annotations

import ast
import posixpath
from collections.abc import Callable
from typing import TYPE_CHECKING

from ohgw_tools.interpreter import concurrency, copying, files, hydra_config, serialisation
from ohgw_tools.interpreter.builtin_functions import call_builtin
from ohgw_tools.interpreter.values import (
    UNKNOWN,
    Bound,
    Class,
    Dict,
    External,
    FileValue,
    Function,
    List,
    Namespace,
    Parser,
    Partial,
    PathValue,
    Unknown,
    Value,
    like,
    type_name,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

Call = Callable[["Process", list[Value], dict[str, Value], ast.AST], Value]


def _path(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    parts = [files.text_of(p) for p in positional]
    for value in positional:
        if value is None or isinstance(value, (int, float, Dict, List)):
            message = "argument should be a str or an os.PathLike object"
            raise process.error("TypeError", f"{message}, not '{type_name(value)}'", node)
    if any(p is None for p in parts):
        return UNKNOWN
    return PathValue(posixpath.join(*(p for p in parts if p is not None)) if parts else ".")


def _parser(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return Parser()


def _namespace(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return Namespace(dict(keywords))


def _exit(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    code = positional[0] if positional else None
    if isinstance(code, (Unknown, External)):
        process.may_exit = True
    raise process.error("SystemExit", str(code), node)


def _copying(copy: Callable[[Value], Value]) -> Call:
    return lambda process, positional, keywords, node: copy(positional[0] if positional else None)


def _partial(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    if positional and isinstance(positional[0], (Function, Class, Bound)):
        return Partial(positional[0], positional[1:], dict(keywords))
    return UNKNOWN


def _first(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return positional[0] if positional else UNKNOWN


def _wraps(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return External("functools.wraps()")


def _inexact_dict(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return Dict(exact=False)


def _none(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return None


def _temporary(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    suffix = keywords.get("suffix", "")
    name = process.world.temporary(suffix if isinstance(suffix, str) else "")
    return FileValue(name, "w")


def _temporary_folder(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return process.world.temporary("")


def _glob(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return files.glob(process, positional)


def _listdir(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return files.listing(process, positional[0] if positional else ".")


def _range(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    return call_builtin(process, "range", positional, {}, node, True)


def _import(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    name = positional[0] if positional else UNKNOWN
    if not isinstance(name, str):
        return UNKNOWN
    path = process.world.module_path(str(name))
    return process.load(path, str(name)) if path is not None else External(str(name))


def _progress(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    first = positional[0] if positional else keywords.get("iterable", UNKNOWN)
    return first if isinstance(first, (List, range, tuple)) else UNKNOWN


def _substitute(
    process: Process, positional: list[Value], keywords: dict[str, Value], node: ast.AST
) -> Value:
    text = positional[2] if len(positional) > 2 else keywords.get("string")
    known = isinstance(text, str) and all(isinstance(p, str) for p in positional[:2])
    plain = known and all(p.isalnum() or p in "-_ ." for p in positional[:2])
    if known and plain and len(positional) == 3 and positional[0] not in (".",):
        return like(text, str(text).replace(str(positional[0]), str(positional[1])))
    return Unknown(str)


FUNCTIONS: dict[str, Call] = {
    **dict.fromkeys(("pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"), _path),
    "argparse.ArgumentParser": _parser,
    "argparse.Namespace": _namespace,
    "types.SimpleNamespace": _namespace,
    "sys.exit": _exit,
    "os._exit": _exit,
    "copy.deepcopy": _copying(copying.clone),
    "copy.copy": _copying(copying.shallow),
    "functools.partial": _partial,
    "functools.lru_cache": _first,
    "functools.cache": _first,
    "functools.wraps": _wraps,
    "functools.wraps()": _first,
    "functools.lru_cache()": _first,
    "typing.cast": lambda process, positional, keywords, node: (
        positional[1] if len(positional) == 2 else UNKNOWN
    ),
    "collections.defaultdict": _inexact_dict,
    # A Counter has methods that a dict lacks, and answers for keys that it does not hold.
    "collections.Counter": lambda process, positional, keywords, node: UNKNOWN,
    "tempfile.NamedTemporaryFile": _temporary,
    "tempfile.mkdtemp": _temporary_folder,
    "threading.Thread": concurrency.thread,
    "multiprocessing.Process": concurrency.thread,
    "glob.glob": _glob,
    "importlib.import_module": _import,
    "tqdm.tqdm": _progress,
    "tqdm.auto.tqdm": _progress,
    "tqdm.trange": _range,
    "tqdm.auto.trange": _range,
    "os.listdir": _listdir,
    "re.sub": _substitute,
    "open": files.open_file,
    "io.open": files.open_file,
    **dict.fromkeys(
        ("os.makedirs", "os.mkdir", "os.chdir", "sys.path.insert", "sys.path.append"), _none
    ),
    "hydra.main.run": hydra_config.run_main,
    "omegaconf.OmegaConf.set_struct": hydra_config.loosen,
    "omegaconf.open_dict": hydra_config.loosen,
    **serialisation.FUNCTIONS,
    **files.FUNCTIONS,
}

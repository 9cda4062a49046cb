"""`argparse`: what a parser of the bundle makes of the arguments that it is really given."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from ohgw_tools.interpreter.values import (
    UNKNOWN,
    External,
    List,
    Namespace,
    Parser,
    PathValue,
    Value,
)

if TYPE_CHECKING:
    from ohgw_tools.interpreter.process import Process

Declared = tuple[list[str], dict[str, Value]]


def call(
    process: Process,
    parser: Parser,
    name: str,
    positional: list[Value],
    keywords: dict[str, Value],
    node: ast.AST,
) -> Value:
    """Call a method of a parser."""
    if name == "add_argument":
        names = [str(p) for p in positional if isinstance(p, str)]
        if len(names) != len(positional) or not names:
            parser.opaque = True
        else:
            parser.arguments.append((names, dict(keywords)))
        return External("argparse.Action()")
    if name in ("add_mutually_exclusive_group", "add_argument_group"):
        return parser
    if name in ("add_subparsers", "set_defaults"):
        parser.opaque = True
        return UNKNOWN
    if name in ("error", "exit"):
        raise process.error("SystemExit", "2", node)
    if "namespace" in keywords or (name.startswith("parse_") and len(positional) > 1):
        parser.opaque = True  # what is given may hold more attributes than are declared
    if name in ("parse_args", "parse_known_args"):
        return _parse(process, parser, name, positional, node)
    return UNKNOWN


def destination(declared: Declared) -> str:
    """Return the attribute that an argument's value goes to."""
    names, options = declared
    given = options.get("dest")
    if isinstance(given, str):
        return str(given)
    flags = [n for n in names if n.startswith("-")]
    if not flags:
        return names[0]
    long = next((f for f in flags if f.startswith("--")), flags[0])
    return long.lstrip("-").replace("-", "_")


def _default(options: dict[str, Value]) -> Value:
    if "default" in options:
        return options["default"]
    return {"store_true": False, "store_false": True}.get(str(options.get("action")))


def _parse(
    process: Process, parser: Parser, name: str, positional: list[Value], node: ast.AST
) -> Value:
    argv = list(process.argv[1:]) if process.argv is not None else None
    if positional and positional[0] is not None:
        given = positional[0]
        argv = list(given.items) if isinstance(given, List) and given.exact else None
    values = {destination(d): _default(d[1]) for d in parser.arguments}
    if argv is None or parser.opaque or not all(isinstance(a, str) for a in argv):
        namespace = Namespace(dict.fromkeys(values, UNKNOWN), open=True)
        return namespace if name == "parse_args" else (namespace, UNKNOWN)
    rest = _Reading(process, parser, values, node).read([str(a) for a in argv])
    if rest and name == "parse_args":
        raise process.error("SystemExit(2)", f"unrecognized arguments: {' '.join(rest)}", node)
    namespace = Namespace(values)
    return namespace if name == "parse_args" else (namespace, List(list(rest)))


class _Reading:
    """One pass over the arguments of a command line."""

    def __init__(
        self, process: Process, parser: Parser, values: dict[str, Value], node: ast.AST
    ) -> None:
        self.process = process
        self.values = values
        self.node = node
        self.flags = {n: d for d in parser.arguments for n in d[0] if n.startswith("-")}
        self.places = [d for d in parser.arguments if not d[0][0].startswith("-")]
        self.seen: set[str] = set()
        self.required = [d for d in self.flags.values() if d[1].get("required") is True]

    def fail(self, message: str) -> Exception:
        return self.process.error("SystemExit(2)", message, self.node)

    def read(self, argv: list[str]) -> list[str]:
        """Fill the values; return what no argument takes."""
        rest: list[str] = []
        argv = list(argv)
        while argv:
            token = argv.pop(0)
            flag, _, inline = token.partition("=") if token.startswith("--") else (token, "", "")
            declared = self.flags.get(self._completed(flag))
            if declared is not None:
                self._take(declared, flag, inline if "=" in token else None, argv)
            elif token.startswith("-") and len(token) > 1:
                rest.append(token)
            elif self.places:
                self._place(token, argv)
            else:
                rest.append(token)
        missing = [d for d in self.required if destination(d) not in self.seen]
        names = [d[0][0] for d in missing] + [
            d[0][0] for d in self.places if d[1].get("nargs") not in ("?", "*")
        ]
        if names:
            listed = ", ".join(dict.fromkeys(names))
            raise self.fail(f"the following arguments are required: {listed}")
        return rest

    def _completed(self, flag: str) -> str:
        if flag in self.flags or not flag.startswith("--"):
            return flag
        longer = [f for f in self.flags if f.startswith(flag)]
        return longer[0] if len(longer) == 1 else flag

    def _place(self, token: str, argv: list[str]) -> None:
        declared = self.places.pop(0)
        name, nargs = destination(declared), declared[1].get("nargs")
        self.seen.add(name)
        if nargs in ("+", "*") or isinstance(nargs, int):
            self.values[name] = UNKNOWN
            while argv and not argv[0].startswith("-"):
                argv.pop(0)
        else:
            self.values[name] = self._converted(declared, token, token)

    def _take(self, declared: Declared, flag: str, inline: str | None, argv: list[str]) -> None:
        options, name = declared[1], destination(declared)
        self.seen.add(name)
        action, nargs = options.get("action", "store"), options.get("nargs")
        if action in ("store_true", "store_false"):
            self.values[name] = action == "store_true"
        elif action != "store" or nargs is not None:
            self.values[name] = (
                options.get("const", UNKNOWN) if action == "store_const" else UNKNOWN
            )
            while action != "store_const" and argv and not argv[0].startswith("-"):
                argv.pop(0)
        elif inline is not None:
            self.values[name] = self._converted(declared, inline, flag)
        elif not argv or (argv[0].startswith("--") and argv[0] in self.flags):
            raise self.fail(f"argument {flag}: expected one argument")
        else:
            self.values[name] = self._converted(declared, argv.pop(0), flag)

    def _converted(self, declared: Declared, text: str, flag: str) -> Value:
        options = declared[1]
        kind = options.get("type")
        choices = options.get("choices")
        known = kind is None or (isinstance(kind, External) and kind.name == "builtins.str")
        listed = choices.items if isinstance(choices, List) and choices.exact else [None]
        if known and all(isinstance(c, str) for c in listed) and text not in listed:
            raise self.fail(f"argument {flag}: invalid choice: {text!r}")
        if known:
            return text
        name = kind.name if isinstance(kind, External) else ""
        if name == "pathlib.Path":
            return PathValue(text)
        if name in ("builtins.int", "builtins.float"):
            try:
                return int(text) if name.endswith("int") else float(text)
            except ValueError as error:
                message = f"argument {flag}: invalid {name[9:]} value: {text!r}"
                raise self.fail(message) from error
        return UNKNOWN

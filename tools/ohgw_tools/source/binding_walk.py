"""BindingWalk: whether every name of a file is bound beyond doubt, found out in one quick pass.

The rule for undefined names asks pyflakes, which takes five times as long, about a file only where
this pass cannot tell. It knows the plain ways of binding alone and gives up on all others (`del`,
`global`, `match`, star imports, annotations in strings); a name counts as bound where a statement
before binds it in the same scope, or any statement does in a function or module around.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Callable, Iterable
from typing import Any

from ohgw_tools.source.descent import descend
from ohgw_tools.source.python_file import PythonFile

BUILT_IN = frozenset((*dir(builtins), "__file__"))
TYPING = ("typing", "typing_extensions")
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_GIVE_UP = (ast.Global, ast.Nonlocal, ast.Match)
_LEAVES = (ast.Constant, ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)


class _Unclear(Exception):
    """The file binds names in ways that this pass does not know."""


class _Scope:
    """A module, class or function: when each name is first bound, and what is read when."""

    def __init__(self, kind: str, parent: _Scope | None = None) -> None:
        self.kind = kind
        self.parent = parent
        self.stores: dict[str, int] = {}
        self.loads: list[tuple[str, int]] = []
        self.caught: list[str] = []  # by the except clauses that the walk is in
        self.ever_caught: set[str] = set()

    def store(self, name: str, unit: int) -> None:
        self.stores.setdefault(name, unit)

    def load(self, name: str, unit: int) -> None:
        if name not in self.caught:
            self.loads.append((name, unit))

    def is_clear(self) -> bool:
        """Whether everything read here is bound, and no caught name by anything else."""
        if not self.ever_caught.isdisjoint(self.stores):
            return False
        return all(self._is_bound(name, unit) for name, unit in self.loads)

    def _is_bound(self, name: str, unit: int) -> bool:
        if name in self.stores:
            return self.stores[name] < unit
        if name in self.ever_caught:
            return False
        inline = self.kind == "class"  # its body runs where it stands, a function's later
        above = self.parent
        while above is not None:
            if above.kind != "class":
                if name in above.stores:
                    return not inline or above.stores[name] < unit
                inline = False
            above = above.parent
        return name in BUILT_IN


class _Walk:
    """The pass. `unit` numbers the statements in the order that they are met in."""

    def __init__(self, typing_names: frozenset[str], aliases: frozenset[str]) -> None:
        self.typing_names = typing_names
        self.aliases = aliases
        self.unit = 0
        self.scopes: list[_Scope] = []

    def scope(self, kind: str, parent: _Scope | None = None) -> _Scope:
        made = _Scope(kind, parent)
        self.scopes.append(made)
        return made

    def block(self, body: Iterable[ast.stmt], scope: _Scope) -> None:
        for node in body:
            self.unit += 1
            if isinstance(node, _GIVE_UP):
                raise _Unclear
            action = _STATEMENTS.get(type(node))
            if action is not None:
                action(self, node, scope)
            elif hasattr(node, "body") or hasattr(node, "type_params"):
                raise _Unclear
            else:
                self.expressions(ast.iter_child_nodes(node), scope)

    def expressions(
        self, nodes: Iterable[ast.AST | None], scope: _Scope, hidden: frozenset[str] = frozenset()
    ) -> None:
        """Note what expressions read and bind; names in `hidden` are a comprehension's own."""
        stack = [node for node in nodes if node is not None]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind is ast.Name:
                self._name(node, scope, hidden)  # type: ignore[arg-type]
            elif kind is ast.Attribute:
                stack.append(node.value)  # type: ignore[attr-defined]
            elif isinstance(node, _LEAVES):
                continue
            elif isinstance(node, ast.Lambda):
                self.function(node.args, scope, hidden, lambda inner, n=node: [n.body])  # type: ignore[misc]
            elif isinstance(node, _COMPREHENSIONS):
                self._comprehension(node, scope, hidden)
            else:
                if isinstance(node, (ast.Call, ast.Subscript)):
                    self._refuse_types_in_strings(node)
                stack += ast.iter_child_nodes(node)

    def function(
        self,
        arguments: ast.arguments,
        scope: _Scope,
        hidden: frozenset[str],
        body: Callable[[_Scope], Iterable[ast.AST]],
    ) -> None:
        """Note a function's defaults where it stands, then its body in a scope of its own."""
        self.expressions((*arguments.defaults, *arguments.kw_defaults), scope, hidden)
        inner = self.scope("function", scope)
        every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        for argument in (*every, arguments.vararg, arguments.kwarg):
            if argument is not None:
                self.annotation(argument.annotation, scope)
                inner.store(argument.arg, 0)
        self.expressions(body(inner), inner, hidden)

    def annotation(self, node: ast.expr | None, scope: _Scope) -> None:
        """Note an annotation. One with a string may hold names, so it is not clear."""
        if node is not None:
            if _has_text(node):
                raise _Unclear
            self.expressions((node,), scope)

    def _name(self, node: ast.Name, scope: _Scope, hidden: frozenset[str]) -> None:
        if isinstance(node.ctx, ast.Load):
            if node.id not in hidden:
                scope.load(node.id, self.unit)
        elif isinstance(node.ctx, ast.Del) or node.id in hidden:
            raise _Unclear
        else:
            scope.store(node.id, self.unit)

    def _comprehension(self, node: Any, scope: _Scope, hidden: frozenset[str]) -> None:
        if scope.kind == "class":
            raise _Unclear
        for generator in node.generators:
            self.expressions((generator.iter,), scope, hidden)
            targets = list(ast.walk(generator.target))
            if not all(isinstance(t, (ast.Name, ast.Tuple, ast.List, _LEAVES)) for t in targets):
                raise _Unclear
            hidden |= {t.id for t in targets if isinstance(t, ast.Name)}
            self.expressions(generator.ifs, scope, hidden)
        parts = (node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,)
        self.expressions(parts, scope, hidden)

    def _refuse_types_in_strings(self, node: ast.Call | ast.Subscript) -> None:
        root: ast.expr = node.func if isinstance(node, ast.Call) else node.value
        while isinstance(root, ast.Attribute):
            root = root.value
        if isinstance(root, ast.Name) and root.id in self.typing_names and _has_text(node):
            raise _Unclear


def all_bound(file: PythonFile) -> bool:
    """Whether every name that a file reads is bound beyond doubt; False says nothing."""
    if file.tree is None:
        return False
    named = [
        (alias.asname or alias.name, alias.name)
        for node in file.nodes(ast.ImportFrom)
        for alias in node.names
        if node.module in TYPING
    ]
    for plain in file.nodes(ast.Import):
        named += [(a.asname or a.name, "") for a in plain.names if a.name in TYPING]
    aliases = frozenset(bound for bound, name in named if name == "TypeAlias")
    walk = _Walk(frozenset(bound for bound, _ in named), aliases)
    module = walk.scope("module")
    try:
        walk.block(file.tree.body, module)
    except _Unclear:
        return False
    return "__all__" not in module.stores and all(scope.is_clear() for scope in walk.scopes)


def _has_text(root: ast.AST) -> bool:
    return any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in descend(root))


def _define(walk: _Walk, node: ast.FunctionDef, scope: _Scope) -> None:
    if getattr(node, "type_params", None):
        raise _Unclear
    walk.expressions(node.decorator_list, scope)
    walk.annotation(node.returns, scope)
    unit = walk.unit

    def body(inner: _Scope) -> Iterable[ast.AST]:
        walk.block(node.body, inner)
        return ()

    walk.function(node.args, scope, frozenset(), body)
    scope.store(node.name, unit)


def _define_class(walk: _Walk, node: ast.ClassDef, scope: _Scope) -> None:
    if getattr(node, "type_params", None):
        raise _Unclear
    walk.expressions((*node.decorator_list, *node.bases, *node.keywords), scope)
    walk.block(node.body, walk.scope("class", scope))
    walk.unit += 1
    scope.store(node.name, walk.unit)  # the class is there once its body has run


def _import(walk: _Walk, node: ast.Import | ast.ImportFrom, scope: _Scope) -> None:
    for alias in node.names:
        if alias.name == "*":
            raise _Unclear
        name = alias.asname or alias.name
        scope.store(name.split(".")[0] if isinstance(node, ast.Import) else name, walk.unit)


def _loop(walk: _Walk, node: ast.For | ast.AsyncFor, scope: _Scope) -> None:
    walk.expressions((node.iter, node.target), scope)
    walk.block(node.body, scope)
    walk.block(node.orelse, scope)


def _branch(walk: _Walk, node: ast.If | ast.While, scope: _Scope) -> None:
    walk.expressions((node.test,), scope)
    walk.block(node.body, scope)
    walk.block(node.orelse, scope)


def _enter(walk: _Walk, node: ast.With | ast.AsyncWith, scope: _Scope) -> None:
    walk.expressions(
        [part for i in node.items for part in (i.context_expr, i.optional_vars)], scope
    )
    walk.block(node.body, scope)


def _try(walk: _Walk, node: ast.Try, scope: _Scope) -> None:
    walk.block(node.body, scope)
    for handler in node.handlers:
        walk.unit += 1
        walk.expressions((handler.type,), scope)
        if handler.name is not None:
            scope.ever_caught.add(handler.name)
            scope.caught.append(handler.name)
        walk.block(handler.body, scope)
        if handler.name is not None:
            scope.caught.pop()
    walk.block(node.orelse, scope)
    walk.block(node.finalbody, scope)


def _augment(walk: _Walk, node: ast.AugAssign, scope: _Scope) -> None:
    if isinstance(node.target, ast.Name):
        scope.load(node.target.id, walk.unit)
    walk.expressions((node.value, node.target), scope)


def _annotate(walk: _Walk, node: ast.AnnAssign, scope: _Scope) -> None:
    walk.annotation(node.annotation, scope)
    kind = node.annotation
    is_alias = isinstance(kind, ast.Attribute) and kind.attr == "TypeAlias"
    is_alias = is_alias or (isinstance(kind, ast.Name) and kind.id in walk.aliases)
    if is_alias:
        raise _Unclear
    bare = node.value is None and isinstance(node.target, ast.Name)
    walk.expressions((node.value, None if bare else node.target), scope)


_STATEMENTS: dict[type[ast.stmt], Callable[[_Walk, Any, _Scope], None]] = {
    ast.FunctionDef: _define,
    ast.AsyncFunctionDef: _define,
    ast.ClassDef: _define_class,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.For: _loop,
    ast.AsyncFor: _loop,
    ast.If: _branch,
    ast.While: _branch,
    ast.With: _enter,
    ast.AsyncWith: _enter,
    ast.Try: _try,
    ast.AugAssign: _augment,
    ast.AnnAssign: _annotate,
}

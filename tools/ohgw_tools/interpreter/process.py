"""Process: one Python process of the bundle, run abstractly over its syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ohgw_tools.interpreter import access as access
from ohgw_tools.interpreter import calls
from ohgw_tools.interpreter import comprehensions as comprehensions
from ohgw_tools.interpreter import contexts as contexts
from ohgw_tools.interpreter import definitions as definitions
from ohgw_tools.interpreter import expressions as expressions
from ohgw_tools.interpreter import flow as flow
from ohgw_tools.interpreter import operators as operators
from ohgw_tools.interpreter import statements as statements
from ohgw_tools.interpreter import subscripts as subscripts
from ohgw_tools.interpreter.dispatch import EXPRESSIONS, STATEMENTS
from ohgw_tools.interpreter.interpretation import CertainException, Frame, Launch
from ohgw_tools.interpreter.scope import Activation, Scope
from ohgw_tools.interpreter.signals import Jumped, OutOfBudget, Raised, Returned
from ohgw_tools.interpreter.values import UNKNOWN, ConfigText, Module, Value

if TYPE_CHECKING:
    from ohgw_tools.interpreter.world import World

STEPS = 60_000
BATCH = 128  # steps between looks at the budget
DEPTH = 48
NAME, CONSTANT = ast.Name, ast.Constant


class Process:
    """One process: its modules, its arguments, and how certain it is that the present line runs.

    `uncertain` counts the branches of unknown condition around the present line, `guarded` the try
    statements with handlers, `rounds` the loops whose body is run once for many rounds.
    """

    def __init__(self, world: World, launch: Launch, argv: list[Value] | None) -> None:
        self.world = world
        self.journal = world.journal
        self.launch = launch
        self.argv = argv
        self.modules: dict[str, Module] = {}
        self.uncertain = 0
        self.guarded = 0
        self.rounds = 0
        self.repeating = False
        self.decided: set[str | int] = set()
        self.imports_guarded = 0
        self.steps = 0
        self.failed = False
        self.may_exit = False
        self.patched: set[str] = set()  # names of libraries that the bundle gave another value
        self.no_grad: list[str] = []
        self.handling: list[tuple[str | None, Raised | None]] = []  # handlers around this line
        self.where = (launch.path, 1)
        self.stack: list[Frame] = []
        self.activations: list[Activation] = [Activation()]
        self.memory: dict[tuple[object, ...], Value] = {}
        self.cached: dict[tuple[object, ...], Value] = {}  # by functools.cache of the bundle
        self.keep: list[object] = []

    @property
    def activation(self) -> Activation:
        """The innermost call."""
        return self.activations[-1]

    @property
    def certain(self) -> bool:
        """Whether the present line runs for sure and an exception in it ends the process."""
        return self.uncertain == 0 and self.guarded == 0

    def run(self) -> Raised | None:
        """Run the process's file as `__main__`; return the exception that ends it for sure."""
        try:
            self.load(self.launch.path, "__main__")
        except Raised as raised:
            if raised.exception == "SystemExit" or self.may_exit:
                return None
            return raised
        except (Returned, Jumped):
            return None
        return None

    def load(self, path: str, name: str) -> Module:
        """Return the module at `path`, running its top level the first time."""
        if path in self.modules:
            return self.modules[path]
        tree = self.world.tree(path)
        if tree is None:
            raise self.error("SyntaxError", f"{path} does not parse")
        scope = Scope("module", path)
        module = self.modules[path] = Module(path, name, scope.variables)
        scope.variables.update(__name__=name, __file__=f"/bundle/{path}", __doc__=None)
        where = self.where
        self.block(tree.body, scope)
        self.where = where
        return module

    def block(self, body: Sequence[ast.stmt], scope: Scope) -> None:
        """Run statements. An exception that is certain is recorded, and the next line is tried."""
        for node in body:
            try:
                self.execute(node, scope)
            except Raised as raised:
                if not self.certain or raised.explicit or raised.exception == "SystemExit":
                    raise
                self.recover(raised, node, scope)

    def recover(self, raised: Raised, node: ast.stmt, scope: Scope) -> None:
        """Record an exception and go on as if the statement had given unknown values."""
        if not self.activation.failed:
            self.record(raised)
        self.activation.failed = True
        for name in self.world.names(scope.path).stored(node):
            self.assign_name(name, UNKNOWN, scope)
        if isinstance(node, ast.Return):
            raise Returned(UNKNOWN)

    def execute(self, node: ast.stmt, scope: Scope) -> None:
        """Run one statement."""
        self.steps += 1
        if self.steps > STEPS or (self.steps % BATCH == 0 and self.world.late(BATCH)):
            raise OutOfBudget("steps" if self.steps > STEPS else "seconds")
        self.where = (scope.path, node.lineno)
        action = STATEMENTS.get(type(node))
        if action is not None:
            action(self, node, scope)

    def evaluate(self, node: ast.expr, scope: Scope) -> Value:
        """Return the value of an expression."""
        kind = type(node)
        # Most of all expressions, so answered here.
        if kind is NAME and node.id in scope.variables:  # type: ignore[attr-defined]
            return scope.variables[node.id]  # type: ignore[attr-defined]
        if kind is CONSTANT:
            return node.value  # type: ignore[attr-defined]
        action = EXPRESSIONS.get(kind)
        return UNKNOWN if action is None else action(self, node, scope)

    def call(
        self,
        callee: Value,
        positional: list[Value],
        keywords: dict[str, Value],
        node: ast.AST,
        complete: bool = True,
    ) -> Value:
        """Call a value; `complete` if no argument is hidden in an unknown `*` or `**`."""
        return calls.call(self, callee, positional, keywords, node, complete)

    def hand_over(self, values: list[Value]) -> None:
        """Give values to code that is not seen."""
        calls.hand_over(self, values)

    def assign_name(self, name: str, value: Value, scope: Scope) -> None:
        """Bind a name where the scope's declarations say."""
        home = scope.home(name) if scope.globals or scope.nonlocals else scope
        self.journal.put(home.variables, name, value)

    def error(self, exception: str, message: str, node: ast.AST | None = None) -> Raised:
        """Return an exception that the bundle's code raises at `node`, or at the present line."""
        path, line = self.where
        raised = Raised(exception, message[:300], path, getattr(node, "lineno", line))
        raised.trace = tuple(self.stack)
        return raised

    def complain(self, raised: Raised) -> None:
        """Record an exception that the line after may be tried without; raise it if not certain."""
        if not self.certain or self.imports_guarded:
            raise raised
        self.record(raised)

    def record(self, raised: Raised, thread: bool = False) -> None:
        """Report an exception as certain."""
        first = not self.failed
        if not thread:
            self.failed = True
        self.world.report(
            CertainException(
                raised.exception,
                raised.message,
                raised.path,
                raised.line,
                raised.trace,
                self.launch,
                explicit=raised.explicit,
                first=first,
                thread=thread,
                detail=spoken_detail(raised.detail),
            )
        )


def spoken_detail(detail: dict[str, Any]) -> dict[str, Any]:
    """Name the configured value that an exception speaks of, and where it stands."""
    found = {k: v for k, v in detail.items() if k != "spoken"}
    for value in detail.get("spoken", ()):
        if isinstance(value, ConfigText):
            found["name"] = str(value)
            found.setdefault("config", value.origin.path)
            found["keys"] = value.origin.keys
            break
    return found

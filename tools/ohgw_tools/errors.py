"""The error tree of the whole project; catching `OhgwError` catches everything that is ours.

OhgwError                    exit code
├── InputError               2    what the caller gave cannot be used; says what to do
│   ├── BundleError          2    a bundle is malformed or hostile
│   └── ContractError        2    a contract is malformed
├── PatchRejected            -    a patch does not apply; nothing was changed
├── CouldNotLook             3    no judgement could be made: the verdict is `undecided`
│   ├── SandboxUnavailable   3    no sandbox on this machine
│   ├── SandboxFailed        3    the sandbox broke, not the program in it
│   ├── RunCancelled         3    the caller stopped a program in a sandbox
│   └── EnvironmentUnavailable 3  dependencies could not be looked up (registry out of reach)
│       └── WheelMissing     3    a package is there, but only as source, whose build is not run
├── EnvironmentUnsatisfiable -    a dependency cannot be had: a finding about the bundle
│   └── HashMismatch         -    what the registry has is not the file that a lock names
├── ModelError               5    a chat model could not be asked; see `retryable`
│   ├── ModelUnreachable     5    connection, time-out, 5xx
│   ├── ModelRateLimited     5    429; `retry_after` in seconds if the server gave one
│   ├── ModelRefused         5    authentication, unknown model, context too long
│   └── ModelAnswerInvalid   5    the answer cannot be read: cut off, empty, off the format
├── EngineFailed             5    a cluster cannot be reached, or has no room
├── BudgetSpent              4    a cap would be passed by the next step
└── TraceError               5    the record cannot be written or read
    ├── RunBusy              5    another process writes this run
    └── TraceDamaged         5    the record was altered or is incomplete
"""

from __future__ import annotations


class OhgwError(Exception):
    """Root of every error this project raises on purpose."""

    exit_code = 5


class InputError(OhgwError):
    """What the caller gave cannot be used. The message says what to do."""

    exit_code = 2


class BundleError(InputError):
    """A bundle is malformed or hostile. `key` names the place in the input."""

    def __init__(self, key: str, problem: str, remedy: str) -> None:
        self.key = key
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"bundle at {key!r}: {problem}. {remedy}")


class ContractError(InputError):
    """A contract is malformed."""


class PatchRejected(OhgwError):
    """A patch does not apply. `reasons` holds one `Refusal` for each bad edit."""

    def __init__(self, reasons: tuple[object, ...]) -> None:
        self.reasons = reasons
        super().__init__("; ".join(str(reason) for reason in reasons))


class CouldNotLook(OhgwError):
    """No judgement could be made. `remedy` says what the user can do about it."""

    exit_code = 3

    def __init__(self, problem: str, remedy: str = "") -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}. {remedy}" if remedy else problem)


class SandboxUnavailable(CouldNotLook):
    """This sandbox does not work on this machine."""


class SandboxFailed(CouldNotLook):
    """The sandbox broke. Says nothing about the program that was to run in it."""


class RunCancelled(CouldNotLook):
    """The caller stopped a program before it ended. Says nothing about the program."""


class EnvironmentUnavailable(CouldNotLook):
    """The bundle's dependencies could not be looked up or built for a reason outside the bundle."""


class WheelMissing(EnvironmentUnavailable):
    """A package would have to be built from source, which runs its code outside a sandbox."""

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(
            f"{name} has no wheel for this Python and platform; building runs its code unguarded",
            f"Allow that with --allow-build {name}, or give --python INTERPRETER",
        )


class EnvironmentUnsatisfiable(OhgwError):
    """The bundle asks for a dependency that cannot be had. `requirement` is the line at fault."""

    def __init__(self, requirement: str, resolver_message: str) -> None:
        self.requirement = requirement
        self.resolver_message = resolver_message
        super().__init__(f"{requirement}: {resolver_message}")


class HashMismatch(EnvironmentUnsatisfiable):
    """The registry's file of a package is none of those whose hashes a lock names."""


class ModelError(OhgwError):
    """A chat model could not be asked, or did not answer usefully."""

    retryable = False


class ModelUnreachable(ModelError):
    """Connection refused or dropped, time-out, or a server error (5xx)."""

    retryable = True


class ModelRateLimited(ModelError):
    """The server answered 429."""

    retryable = True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        self.retry_after = retry_after
        super().__init__(message)


class ModelRefused(ModelError):
    """The request can never succeed as it is: authentication, unknown model, context too long."""


class ModelAnswerInvalid(ModelError):
    """The answer cannot be read. `text` holds what came, which may be empty or cut off."""

    def __init__(self, message: str, text: str = "") -> None:
        self.text = text
        super().__init__(message)


class EngineFailed(OhgwError):
    """A cluster cannot be reached, or has no room. The message says what to do."""


class BudgetSpent(OhgwError):
    """The next step would pass a cap. `resource` names the cap, for instance `tokens`."""

    exit_code = 4

    def __init__(self, resource: str, message: str) -> None:
        self.resource = resource
        super().__init__(message)


class TraceError(OhgwError):
    """The record of a run cannot be written or read."""


class RunBusy(TraceError):
    """Another process holds the lock of this run."""


class TraceDamaged(TraceError):
    """The record was altered, or lines or blobs are missing."""

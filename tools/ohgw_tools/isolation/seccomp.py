"""The system call filter that both sandboxes load, as classic BPF made with the standard library.

A deny list on top of private namespaces: it closes what namespaces leave open (kernel keyrings,
bpf, io_uring, user namespaces, ptrace, memory that no process owns) and leaves alone what numerical
Python uses. Calls that C libraries probe for answer ENOSYS, so that those fall back.

Format: struct seccomp_data and struct sock_filter of linux/seccomp.h and linux/filter.h.
"""

from __future__ import annotations

import errno
import platform
import struct
from functools import cache

from ohgw_tools.errors import SandboxUnavailable

# linux/bpf_common.h: load a word, compare, mask-test, return.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _KILL_PROCESS, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_NUMBER, _ARCHITECTURE = 0, 4  # offsets into struct seccomp_data

_AUDIT_ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_X32_BIT = 0x40000000

# CLONE_NEW{NS,CGROUP,UTS,IPC,USER,PID,NET} of linux/sched.h.
_NEW_NAMESPACES = 0x7E020000
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_UNIX, _INET, _INET6, _NETLINK, _NETLINK_ROUTE = 1, 2, 10, 16, 0

# Calls newer than those judged here: C libraries treat ENOSYS as "an old kernel" and fall back.
_FIRST_UNJUDGED = 463

# name: (x86_64, aarch64); None where the architecture lacks the call.
_FILTERED_BY_ARGUMENT = {
    "clone": (56, 220),
    "ioctl": (16, 29),
    "socket": (41, 198),
    "socketpair": (53, 199),
}
_NOT_THERE = {
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "clone3": (435, 435),  # its flags lie in memory, where a filter cannot look
    "memfd_create": (319, 279),  # memory that is in no process's resident set
    "memfd_secret": (447, 447),
}
_DENIED: dict[str, tuple[int, int | None]] = {
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    # mounts, roots and namespaces
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    # kernel surface with a history of holes
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "name_to_handle_at": (303, 264),
    "open_by_handle_at": (304, 265),
    "fanotify_init": (300, 262),
    "vmsplice": (278, 75),
    "personality": (135, 92),
    "modify_ldt": (154, None),
    "ioperm": (173, None),
    "iopl": (172, None),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "reboot": (169, 142),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "syslog": (103, 116),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "vhangup": (153, 58),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    # shared memory and queues that outlive their processes and count as nobody's memory
    "shmget": (29, 194),
    "shmat": (30, 196),
    "msgget": (68, 186),
    "semget": (64, 190),
    "mq_open": (240, 180),
}


@cache
def program(machine: str | None = None) -> bytes:
    """Return the filter for `machine` (default: this one) as an array of struct sock_filter.

    Raises SandboxUnavailable for an architecture without a table.
    """
    machine = machine or platform.machine()
    if machine not in _AUDIT_ARCHITECTURE:
        raise SandboxUnavailable(
            f"no system call filter for {machine}", "Use an x86_64 or aarch64 machine."
        )
    column = 0 if machine == "x86_64" else 1
    by_argument = {name: pair[column] for name, pair in _FILTERED_BY_ARGUMENT.items()}
    code = [
        _load(_ARCHITECTURE),
        _instruction(_EQUAL, 1, 0, _AUDIT_ARCHITECTURE[machine]),
        _return(_KILL_PROCESS),
        _load(_NUMBER),
    ]
    if machine == "x86_64":
        code += [_instruction(_AT_LEAST, 0, 1, _X32_BIT), _return(_KILL_PROCESS)]
    code += [_instruction(_AT_LEAST, 0, 1, _FIRST_UNJUDGED), _fail(errno.ENOSYS)]
    code += _for_call(by_argument["clone"], _clone())
    code += _for_call(by_argument["ioctl"], _ioctl())
    code += _for_call(by_argument["socket"], _socket())
    code += _for_call(by_argument["socketpair"], _socket())
    for pair in _NOT_THERE.values():
        code += _when(pair[column], _fail(errno.ENOSYS))
    for number in (pair[column] for pair in _DENIED.values()):
        if number is not None:
            code += _when(number, _fail(errno.EPERM))
    return b"".join([*code, _return(_ALLOW)])


def _instruction(code: int, if_true: int, if_false: int, operand: int) -> bytes:
    return struct.pack("=HBBI", code, if_true, if_false, operand)


def _load(offset: int) -> bytes:
    return _instruction(_LOAD, 0, 0, offset)


def _load_argument(index: int) -> bytes:
    """Load the low word alone: the kernel cuts domain and command to it (CVE-2019-10063)."""
    return _load(16 + 8 * index)


def _return(action: int) -> bytes:
    return _instruction(_RETURN, 0, 0, action)


def _fail(number: int) -> bytes:
    return _return(_ERRNO | number)


def _when(operand: int, action: bytes) -> list[bytes]:
    return [_instruction(_EQUAL, 0, 1, operand), action]


def _for_call(number: int, block: list[bytes]) -> list[bytes]:
    """Run `block`, which always returns, for this call alone."""
    return [_instruction(_EQUAL, 0, len(block), number), *block]


def _clone() -> list[bytes]:
    any_new = _instruction(_ANY_BIT, 0, 1, _NEW_NAMESPACES)
    return [_load_argument(0), any_new, _fail(errno.EPERM), _return(_ALLOW)]


def _ioctl() -> list[bytes]:
    refuse = _fail(errno.EPERM)
    return [
        _load_argument(1),
        *_when(_TIOCSTI, refuse),
        *_when(_TIOCLINUX, refuse),
        _return(_ALLOW),
    ]


def _socket() -> list[bytes]:
    allow = _return(_ALLOW)
    families = [line for family in (_UNIX, _INET, _INET6) for line in _when(family, allow)]
    netlink = [_load_argument(2), *_when(_NETLINK_ROUTE, allow)]
    return [
        _load_argument(0),
        *families,
        _instruction(_EQUAL, 0, len(netlink), _NETLINK),
        *netlink,
        _fail(errno.EAFNOSUPPORT),
    ]

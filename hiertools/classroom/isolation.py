"""A process that gives itself up: no files but its own, no network, no other processes.

Linux alone has what this needs, and no administrator has to grant it: Landlock for files
(Linux 5.13), seccomp for system calls, limits for memory, time and file size. Each holds for the
rest of the process's life, whatever code it runs later.
"""

from __future__ import annotations

import ctypes
import math
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """What one submission may use.

    Parameters
    ----------
    seconds : float
        From start to end, by the clock.
    cell_seconds : float
        Of computing, for one cell, or one call of a function that the notebook defines; by the
        clock it may take four times as long, so that a busy machine fails nobody.
    memory, file_size, folder_size, output : int
        Bytes: of address space, of one file, of all files, of what is printed.
    files : int
        In its folder.
    threads : int
        At a time.

    Raises
    ------
    ValueError
        If one of them is not above 0.
    """

    seconds: float = 300.0
    cell_seconds: float = 30.0
    memory: int = 2048 * MIB
    file_size: int = 16 * MIB
    folder_size: int = 64 * MIB
    output: int = 4 * MIB
    files: int = 2000
    threads: int = 64

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 < value < math.inf:
                raise ValueError(f"{name} must be above 0 and finite, got {value}")


# Numbers of system calls: on x86_64, on aarch64 (None where there is none).
SYSCALLS: dict[str, tuple[int | None, int | None]] = {
    # the network, and a way round it
    "socket": (41, 198),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    # other processes
    "fork": (57, None),
    "vfork": (58, None),
    "tkill": (200, 130),
    "rt_sigqueueinfo": (129, 138),
    "rt_tgsigqueueinfo": (297, 240),
    "pidfd_open": (434, 434),
    "pidfd_getfd": (438, 438),
    "pidfd_send_signal": (424, 424),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "setpriority": (141, 140),
    "sched_setaffinity": (203, 122),
    "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119),
    "sched_setattr": (314, 274),
    "ioprio_set": (251, 30),
    # what Landlock does not watch: the papers of a file, not its content
    "chmod": (90, None),
    "fchmod": (91, 52),
    "fchmodat": (268, 53),
    "fchmodat2": (452, 452),
    "chown": (92, None),
    "fchown": (93, 55),
    "lchown": (94, None),
    "fchownat": (260, 54),
    "setxattr": (188, 5),
    "lsetxattr": (189, 6),
    "fsetxattr": (190, 7),
    "removexattr": (197, 14),
    "lremovexattr": (198, 15),
    "fremovexattr": (199, 16),
    "utime": (132, None),
    "utimes": (235, None),
    "futimesat": (261, None),
    "utimensat": (280, 88),
    "truncate": (76, 45),
    # memory that no limit counts, or that stays behind
    "shmget": (29, 194),
    "semget": (64, 190),
    "msgget": (68, 186),
    "mq_open": (240, 180),
    "memfd_create": (319, 279),
    # new powers
    "unshare": (272, 97),
    "setns": (308, 268),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
}
MISSING = {"clone3": (435, 435), "openat2": (437, 437)}
"""Said not to exist: the C library then takes an older call, whose arguments can be read."""
ARGUMENTS: dict[str, tuple[int | None, int | None]] = {
    "clone": (56, 220),
    "kill": (62, 129),
    "tgkill": (234, 131),
    "prlimit64": (302, 261),
    "open": (2, None),
    "openat": (257, 56),
}
"""Allowed or not by their arguments."""
MACHINES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}
EPERM, ENOSYS = 1, 38
RET_ALLOW, RET_ERRNO, RET_KILL = 0x7FFF0000, 0x00050000, 0x80000000
LOAD, JUMP_EQUAL, JUMP_GREATER_EQUAL, AND, RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
CLONE_THREAD, O_TRUNC, O_ACCMODE = 0x10000, 0x200, 0x3
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
CREATE_RULESET, ADD_RULE, RESTRICT_SELF, CAPSET = 444, 445, 446, (126, 91)

# Landlock's rights, each a bit.
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = 1, 2, 4, 8
READ = EXECUTE | READ_FILE | READ_DIR
OWN = READ | WRITE_FILE | sum(1 << k for k in (4, 5, 7, 8, 12, 13, 14))
"""Make and remove files, folders and links; not devices, pipes or sockets."""
RIGHTS_BY_VERSION = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}


def unavailable() -> str:
    """Why submissions cannot be isolated here, or an empty text where they can.

    Returns
    -------
    str
    """
    if sys.platform != "linux":
        return f"marking needs Linux; this is {platform.system()}"
    if platform.machine() not in MACHINES:
        return f"marking knows x86_64 and aarch64 processors; this is {platform.machine()}"
    if landlock_version() < 1:
        return "marking needs Landlock (Linux 5.13 or newer, with landlock among its lsm=)"
    return ""


def landlock_version() -> int:
    """Version of Landlock in this kernel; below 1 where there is none.

    Returns
    -------
    int
    """
    return int(_libc().syscall(CREATE_RULESET, None, 0, 1))


def isolate(own: Path, readable: Iterable[Path], limits: Limits) -> None:
    """Give up everything but a folder of one's own and what may be read. There is no way back.

    Parameters
    ----------
    own : Path
        The folder in which the process may write.
    readable : iterable of Path
        Files and folders that it may read; those that do not exist are passed over.
    limits : Limits

    Raises
    ------
    OSError
        If the kernel refuses; nothing of a submission may then be run.
    """
    _call("prctl", PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    _limit(limits)
    _drop_capabilities()
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _restrict_files(own, readable)
    _restrict_calls()


def _limit(limits: Limits) -> None:
    seconds = int(limits.seconds) + 1
    for what, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 256),
    ):
        _, hard = resource.getrlimit(what)
        least = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (least, least))


def _drop_capabilities() -> None:
    """Root keeps its name and none of its powers; for anybody else there is nothing to drop."""
    if os.geteuid() == 0:
        for capability in range(64):
            _libc().prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
        header = struct.pack("Ii", 0x20080522, 0)
        number = CAPSET[MACHINES[platform.machine()][0]]
        _call("syscall", number, header, bytes(24))


def _restrict_files(own: Path, readable: Iterable[Path]) -> None:
    version = min(landlock_version(), max(RIGHTS_BY_VERSION))
    handled = (1 << RIGHTS_BY_VERSION[version]) - 1
    attributes = struct.pack("Q", handled)
    ruleset = _call("syscall", CREATE_RULESET, attributes, len(attributes), 0)
    for path, rights in [(own, OWN), *((path, READ) for path in readable)]:
        if path.exists():
            fitting = handled if path.is_dir() else EXECUTE | READ_FILE | WRITE_FILE
            opened = os.open(path, os.O_PATH)
            rule = struct.pack("=Qi", rights & handled & fitting, opened)
            _call("syscall", ADD_RULE, ruleset, 1, rule, 0)
            os.close(opened)
    _call("syscall", RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _restrict_calls() -> None:
    """Install a filter of system calls, in the kernel's own little language."""
    program = b"".join(_filter(os.getpid()))
    buffer = ctypes.create_string_buffer(program)
    record = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    _call("prctl", PR_SET_SECCOMP, 2, record, 0, 0)


def _filter(pid: int) -> list[bytes]:
    column, architecture = MACHINES[platform.machine()]
    steps = [
        _step(LOAD, 4),  # which processor's numbers these are
        _step(JUMP_EQUAL, architecture, 1, 0),
        _step(RETURN, RET_KILL),
        _step(LOAD, 0),  # which call
    ]
    if column == 0:  # the same calls under other numbers
        steps += [_step(JUMP_GREATER_EQUAL, 0x40000000, 0, 1), _refuse(EPERM)]
    for table, code in ((SYSCALLS, EPERM), (MISSING, ENOSYS)):
        for numbers in table.values():
            if numbers[column] is not None:
                steps += [_step(JUMP_EQUAL, numbers[column] or 0, 0, 1), _refuse(code)]
    for name, numbers in ARGUMENTS.items():
        if numbers[column] is not None:
            rule = _rule(name, pid)
            steps += [_step(JUMP_EQUAL, numbers[column] or 0, 0, len(rule)), *rule]
    return [*steps, _allow()]


def _rule(name: str, pid: int) -> Sequence[bytes]:
    """What to do about a call whose arguments matter; every branch ends in an answer."""
    if name == "clone":  # threads, and no processes
        return [
            _argument(0),
            _step(AND, CLONE_THREAD),
            _step(JUMP_EQUAL, 0, 0, 1),
            _refuse(EPERM),
            _allow(),
        ]
    if name in ("kill", "tgkill"):  # oneself, and nobody else
        return [_argument(0), _step(JUMP_EQUAL, pid, 1, 0), _refuse(EPERM), _allow()]
    if name == "prlimit64":
        return [
            _argument(0),
            _step(JUMP_EQUAL, pid, 2, 0),
            _step(JUMP_EQUAL, 0, 1, 0),
            _refuse(EPERM),
            _allow(),
        ]
    # Opening a file to read it must not empty it, which older Landlocks overlook.
    return [
        _argument(1 if name == "open" else 2),
        _step(AND, O_TRUNC | O_ACCMODE),
        _step(JUMP_EQUAL, O_TRUNC, 0, 1),
        _refuse(EPERM),
        _allow(),
    ]


def _step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
    return struct.pack("HBBI", code, if_true, if_false, value)


def _argument(k: int) -> bytes:
    return _step(LOAD, 16 + 8 * k)


def _refuse(error: int) -> bytes:
    return _step(RETURN, RET_ERRNO | error)


def _allow() -> bytes:
    return _step(RETURN, RET_ALLOW)


def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)


def _call(function: str, *arguments: int | bytes) -> int:
    """A call into the C library that must succeed."""
    words = [a if isinstance(a, bytes) else ctypes.c_long(a) for a in arguments]
    result = int(getattr(_libc(), function)(*words))
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{function} {arguments[0]!r}: {os.strerror(error)}")
    return result

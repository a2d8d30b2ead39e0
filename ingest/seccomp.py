"""seccomp: a process gives up system calls that no decoder needs, for good (seccomp(2)).

A list of what is forbidden, not of what is allowed: decoders, and the C library under them, change what they call from
release to release. It closes what Landlock leaves open, above all every way to a network, and the corners of the kernel
that break-outs are made of. Needs `no_new_privileges`, unless the user is root.
"""

import ctypes
import errno
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass

_PR_SET_SECCOMP = 22
_MODE_FILTER = 2

# BPF, as linux/bpf_common.h has it.
_LOAD_WORD = 0x20
_JUMP_IF_EQUAL, _JUMP_IF_AT_LEAST = 0x15, 0x35
_RETURN = 0x06
_NUMBER_AT, _ARCHITECTURE_AT = 0, 4  # in struct seccomp_data

_ALLOW, _KILL = 0x7FFF0000, 0x80000000
_REFUSE = 0x00050000 | errno.EPERM
_X32 = 0x40000000  # the second way to each system call of x86-64


@dataclass(frozen=True, slots=True)
class Architecture:
    """Its AUDIT_ARCH number, and those of the forbidden system calls."""

    number: int
    forbidden: Mapping[str, int]


_EVERYWHERE = {
    "io_uring_setup": 425,
    "open_tree": 428,
    "move_mount": 429,
    "fsopen": 430,
    "fsmount": 432,
    "pidfd_open": 434,
    "pidfd_getfd": 438,
    "mount_setattr": 442,
}
ARCHITECTURES: Mapping[str, Architecture] = {
    "x86_64": Architecture(
        0xC000003E,
        {
            "socket": 41,
            "ptrace": 101, "process_vm_readv": 310, "process_vm_writev": 311, "kcmp": 312,
            "mount": 165, "umount2": 166, "pivot_root": 155, "chroot": 161, "unshare": 272, "setns": 308,
            "init_module": 175, "finit_module": 313, "delete_module": 176, "kexec_load": 246, "kexec_file_load": 320,
            "bpf": 321, "perf_event_open": 298, "userfaultfd": 323, "open_by_handle_at": 304,
            "add_key": 248, "request_key": 249, "keyctl": 250, "personality": 135,
            "sched_setparam": 142, "sched_setscheduler": 144, "sched_setattr": 314,  # SVT-AV1 takes a core, if root
            **_EVERYWHERE,
        },
    ),
    "aarch64": Architecture(
        0xC00000B7,
        {
            "socket": 198,
            "ptrace": 117, "process_vm_readv": 270, "process_vm_writev": 271, "kcmp": 272,
            "mount": 40, "umount2": 39, "pivot_root": 41, "chroot": 51, "unshare": 97, "setns": 268,
            "init_module": 105, "finit_module": 273, "delete_module": 106, "kexec_load": 104, "kexec_file_load": 294,
            "bpf": 280, "perf_event_open": 241, "userfaultfd": 282, "open_by_handle_at": 265,
            "add_key": 217, "request_key": 218, "keyctl": 219, "personality": 92,
            "sched_setparam": 118, "sched_setscheduler": 119, "sched_setattr": 274,
            **_EVERYWHERE,
        },
    ),
}  # fmt: skip


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def forbid() -> bool:
    """From here on a forbidden call fails with EPERM, and one of a foreign architecture kills.

    False: this kernel has no seccomp, or this architecture is not known here.
    """
    if not _FILTER:
        return False
    instructions = ctypes.create_string_buffer(_FILTER, len(_FILTER))
    program = _Program(len(_FILTER) // 8, ctypes.addressof(instructions))
    return bool(_libc.prctl(_PR_SET_SECCOMP, _MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def _compile(architecture: Architecture | None) -> bytes:
    if architecture is None:
        return b""
    numbers = sorted(architecture.forbidden.values())
    refuse = [
        _instruction(_JUMP_IF_EQUAL, number, if_true=len(numbers) - place)  # to the last instruction
        for place, number in enumerate(numbers)
    ]
    return b"".join(
        [
            _instruction(_LOAD_WORD, _ARCHITECTURE_AT),
            _instruction(_JUMP_IF_EQUAL, architecture.number, if_true=1),
            _instruction(_RETURN, _KILL),
            _instruction(_LOAD_WORD, _NUMBER_AT),
            _instruction(_JUMP_IF_AT_LEAST, _X32, if_true=len(numbers) + 1),
            *refuse,
            _instruction(_RETURN, _ALLOW),
            _instruction(_RETURN, _REFUSE),
        ]
    )


def _instruction(code: int, value: int, if_true: int = 0) -> bytes:
    """struct sock_filter; otherwise, on to the next."""
    return struct.pack("=HBBI", code, if_true, 0, value)


_libc = ctypes.CDLL(None, use_errno=True)
_FILTER = _compile(ARCHITECTURES.get(os.uname().machine))  # here, so that no cell does it after its fork

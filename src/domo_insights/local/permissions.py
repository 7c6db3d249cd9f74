"""Lets the one system user that Postgres runs as reach its files, and nobody else."""

import os
import pwd
import stat
import struct
from pathlib import Path

from domo_insights.errors import EmbeddedError

_ACL = "system.posix_acl_access"
_VERSION = 2
_NOBODY_NAMED = 0xFFFFFFFF
_OWNER, _USER, _GROUP_OWNER, _GROUP, _MASK, _OTHER = 0x01, 0x02, 0x04, 0x08, 0x10, 0x20
READ, ENTER = 4, 1

Entries = dict[tuple[int, int], int]
"""(tag, user or group id) to permission bits, as the kernel keeps an access list."""


def let_enter(path: Path, account: pwd.struct_passwd) -> None:
    """Let `account` walk to `path`: one access-list entry per closed folder on the way.

    Raises: EmbeddedError when a file system keeps no access lists.
    """
    for folder in reversed(path.parents):
        _grant(folder, account, ENTER)


def let_read(tree: Path, account: pwd.struct_passwd) -> None:
    """Let `account` read all of `tree`, after an installation under a strict umask."""
    for folder, _, names in os.walk(tree):
        _grant(Path(folder), account, READ | ENTER)
        for name in names:
            file = Path(folder, name)
            if not file.is_symlink():
                runs = file.stat().st_mode & stat.S_IXUSR
                _grant(file, account, READ | ENTER if runs else READ)


def _grant(path: Path, account: pwd.struct_passwd, bits: int) -> None:
    found = path.stat()
    owned = found.st_uid == account.pw_uid
    if (found.st_mode >> (6 if owned else 0)) & bits == bits:
        return
    try:
        entries = _read(path, found.st_mode)
        os.setxattr(path, _ACL, _packed(_widened(entries, account.pw_uid, bits)))
    except OSError as error:
        raise EmbeddedError(
            f"Postgres runs as the system user {account.pw_name}, who may not enter {path}.",
            hint=f"Choose a --data-dir that everybody may enter, or run `chmod o+x {path}`.",
        ) from error


def _read(path: Path, mode: int) -> Entries:
    try:
        raw = os.getxattr(path, _ACL)
    except OSError:
        bits = {_OWNER: mode >> 6 & 7, _GROUP_OWNER: mode >> 3 & 7, _OTHER: mode & 7}
        return {(tag, _NOBODY_NAMED): allowed for tag, allowed in bits.items()}
    return {(tag, who): bits for tag, bits, who in struct.iter_unpack("<HHI", raw[4:])}


def _widened(entries: Entries, user: int, bits: int) -> Entries:
    """`entries` where `user` has `bits` too and nobody else has more than before."""
    named = (_USER, _GROUP_OWNER, _GROUP)
    mask = entries.get((_MASK, _NOBODY_NAMED), 7)
    cut = {key: old & mask if key[0] in named else old for key, old in entries.items()}
    cut[_USER, user] = cut.get((_USER, user), 0) | bits
    granted = 0
    for (tag, _), old in cut.items():
        granted |= old if tag in named else 0
    cut[_MASK, _NOBODY_NAMED] = granted
    return cut


def _packed(entries: Entries) -> bytes:
    rows = (struct.pack("<HHI", tag, bits, who) for (tag, who), bits in sorted(entries.items()))
    return struct.pack("<I", _VERSION) + b"".join(rows)

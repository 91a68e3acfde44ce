"""Encryption of a stream with a passphrase: AES-256-GCM by group, the key by scrypt (RFC 7914).

The required header extension `encrypted` says how the key is made. Payloads are encrypted and keep their
sizes; a group ends with the extension `sealed`, whose 32 bytes authenticate the header, the group's number,
what is said of each packet, and whether more groups follow. So each group opens on its own, and a group that
was taken out, moved or put in is noticed. Sizes and times of packets can be seen.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import BadInput, CorruptStream, Unsupported
from ..types import Packet
from .layout import Extension, pack_number

__all__ = ["ENCRYPTED", "SEALED", "SEAL_BYTES", "Key", "Seal", "new_key", "opened", "unlock"]

ENCRYPTED, SEALED = "encrypted", "sealed"
SEAL_BYTES = 32
_SCHEME, _LOG_N, _MOST_LOG_N, _R, _P = 1, 15, 17, 8, 1
_SALT, _KEY, _CHECK, _DIGEST, _TAG = 16, 32, 8, 16, 16


@dataclass(frozen=True, slots=True)
class Key:
    """A stream's key. value: of its extension: scheme, log2 of scrypt's N, salt, and 8 bytes by which a wrong
    passphrase is told from a damaged stream.
    """

    secret: bytes
    value: bytes

    def __repr__(self) -> str:
        return "Key(...)"

    @property
    def extension(self) -> Extension:
        return Extension(ENCRYPTED, self.value, required=True)


def new_key(passphrase: str) -> Key:
    """A key of a new stream; raises BadInput for an empty passphrase."""
    salt = secrets.token_bytes(_SALT)
    secret, check = _derived(passphrase, salt, _LOG_N)
    return Key(secret, bytes([_SCHEME, _LOG_N]) + salt + check)


def unlock(value: bytes, passphrase: str) -> Key:
    """The key of a stream whose extension has that value. Raises BadInput for another passphrase,
    CorruptStream, Unsupported.
    """
    if not value or value[0] != _SCHEME:
        raise Unsupported("the stream is encrypted in a way that this version of genvc does not have")
    if len(value) != 2 + _SALT + _CHECK:
        raise CorruptStream("what the header says of its encryption has another length")
    if not 1 <= value[1] <= _MOST_LOG_N:
        raise Unsupported(f"the stream's key takes scrypt with N = 2^{value[1]}, more than 2^{_MOST_LOG_N}")
    secret, check = _derived(passphrase, value[2 : 2 + _SALT], value[1])
    if not hmac.compare_digest(check, value[2 + _SALT :]):
        raise BadInput("wrong passphrase")
    return Key(secret, value)


def _derived(passphrase: str, salt: bytes, log_n: int) -> tuple[bytes, bytes]:
    if not passphrase:
        raise BadInput("the passphrase is empty")
    n = 1 << log_n
    room = 256 * _R * (n + 2)
    found = hashlib.scrypt(passphrase.encode(), salt=salt, n=n, r=_R, p=_P, maxmem=room, dklen=_KEY + _CHECK)
    return found[:_KEY], found[_KEY:]


class Seal:
    """Encrypts one group while it is written. header: of the stream, all its bytes."""

    def __init__(self, key: Key, header: bytes, group: int) -> None:
        self._encryptor = _cipher(key, group).encryptor()
        self._encryptor.authenticate_additional_data(header)
        self._said = hashlib.sha256()

    def payload(self, packet: Packet) -> bytes:
        """The packet's payload as it is written."""
        self._said.update(_fields(packet))
        found: bytes = self._encryptor.update(packet.payload)
        return found

    def close(self, last: bool) -> Extension:
        """What ends the group; last: no group follows."""
        self._said.update(bytes([last]))
        digest = self._encryptor.update(self._said.digest()[:_DIGEST])
        self._encryptor.finalize()
        return Extension(SEALED, digest + self._encryptor.tag)


def opened(
    key: Key, header: bytes, group: int, packets: Sequence[Packet], seal: bytes
) -> tuple[list[Packet], bool]:
    """The packets of a group, decrypted, and whether no group follows: the mirror of Seal.

    Raises CorruptStream where anything of it is not as it was written.
    """
    if len(seal) != SEAL_BYTES:
        raise CorruptStream(f"group {group} is not sealed")
    decryptor = _cipher(key, group, seal[_DIGEST:]).decryptor()
    decryptor.authenticate_additional_data(header)
    said = hashlib.sha256()
    found = []
    for packet in packets:
        said.update(_fields(packet))
        found.append(Packet(decryptor.update(packet.payload), packet.pts, packet.key, packet.track))
    digest = decryptor.update(seal[:_DIGEST])
    try:
        decryptor.finalize()
    except _invalid() as error:
        raise CorruptStream(f"group {group} is not as it was encrypted") from error
    for last in (False, True):
        ended = said.copy()
        ended.update(bytes([last]))
        if hmac.compare_digest(ended.digest()[:_DIGEST], digest):
            return found, last
    raise CorruptStream(f"what is said of the packets of group {group} is not as it was encrypted")


def _fields(packet: Packet) -> bytes:
    numbers = (packet.key, packet.track, packet.pts, len(packet.payload))
    return b"".join(map(pack_number, map(int, numbers)))


def _cipher(key: Key, group: int, tag: bytes | None = None) -> Any:
    try:
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    except ImportError as error:
        raise Unsupported("encryption needs the package cryptography: pip install 'genvc[crypto]'") from error
    # each stream has a key of its own, so a group's number is used once with it
    return Cipher(algorithms.AES(key.secret), modes.GCM(group.to_bytes(12, "big"), tag))


def _invalid() -> type[Exception]:
    from cryptography.exceptions import InvalidTag

    return InvalidTag

"""The instance's own keys: sealing what is stored secretly, and deriving a key for each purpose."""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
NONCE_BYTES = 12
VERSION = "v1"


class SecretsError(Exception):
    """The keys cannot be read, or what was sealed does not open with them."""


@dataclass(frozen=True)
class _Keys:
    signing: bytes
    sealing: dict[str, bytes]
    current: str


class Secrets:
    """Keys in `folder/keys.json`, made when first needed, or derived from `override` (the SECRET_KEY of an operator).

    Sealing keys rotate, and old ones go on opening what they sealed; the key from which others are derived stays, so
    that a rotation signs nobody out. With an override nothing is written; keys already in the folder still open.
    """

    def __init__(self, folder: Path, override: bytes | None = None) -> None:
        if override is not None and len(override) < KEY_BYTES:
            raise SecretsError(f"SECRET_KEY must have at least {KEY_BYTES} characters")
        self.folder = folder
        self._file = folder / "keys.json"
        self._override = override
        self._keys: _Keys | None = None
        self._read_at = 0
        self._lock = threading.Lock()

    def seal(self, plain: bytes, context: str) -> str:
        """Encrypt (AES-256-GCM) to text that opens only under the same `context`, such as a table, column and row."""
        keys = self._load(afresh=self._is_changed())
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealed = AESGCM(keys.sealing[keys.current]).encrypt(nonce, plain, _bound(keys.current, context))
        return f"{VERSION}.{keys.current}.{base64.urlsafe_b64encode(nonce + sealed).decode()}"

    def open(self, text: str, context: str) -> bytes:
        """What was sealed; SecretsError for another context, an unknown key, or anything altered."""
        version, _, rest = text.partition(".")
        key_id, _, encoded = rest.partition(".")
        if version != VERSION:
            raise SecretsError("this was not sealed here")
        key = self._load().sealing.get(key_id) or self._load(afresh=True).sealing.get(key_id)
        if key is None:
            raise SecretsError(f"the key {key_id[:16]!r} is not among the instance's keys")
        try:
            sealed = base64.b64decode(encoded.encode("ascii"), altchars=b"-_", validate=True)
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], _bound(key_id, context))
        except (InvalidTag, ValueError) as error:  # binascii.Error and UnicodeError are ValueErrors
            raise SecretsError("what was sealed was altered, or belongs elsewhere") from error

    @property
    def current(self) -> str:
        """The id of the key that seals now."""
        return self._load(afresh=self._is_changed()).current

    @property
    def ids(self) -> list[str]:
        """The ids of all keys that open what they sealed."""
        return list(self._load(afresh=self._is_changed()).sealing)

    def derive(self, purpose: str, length: int = KEY_BYTES) -> bytes:
        """A key of its own for a purpose (HKDF-SHA256); always the same for the same purpose."""
        return _derived(self._load().signing, purpose, length)

    def rotate(self) -> str:
        """Seal with a fresh key from now on, in every process that shares the folder; answers the key's id."""
        if self._override is not None:
            raise SecretsError("the key comes from SECRET_KEY, so it cannot be rotated here")
        self._load()
        with self._lock, self._locked_folder():
            keys = self._read()
            key_id = secrets.token_hex(4)
            self._keys = _Keys(keys.signing, keys.sealing | {key_id: secrets.token_bytes(KEY_BYTES)}, key_id)
            self._write(self._keys)
        return key_id

    def forget(self, key_ids: Iterable[str]) -> None:
        """Drop keys for good: what they sealed opens no more. The current one stays, whatever is asked."""
        if self._override is not None:
            raise SecretsError("the key comes from SECRET_KEY, so none can be dropped here")
        with self._lock, self._locked_folder():
            keys, gone = self._read(), set(key_ids)
            left = {key_id: key for key_id, key in keys.sealing.items() if key_id == keys.current or key_id not in gone}
            self._keys = _Keys(keys.signing, left, keys.current)
            self._write(self._keys)

    def exported(self) -> bytes:
        """The keys as their file holds them."""
        if self._override is not None:
            raise SecretsError("the key comes from SECRET_KEY, so there is none to copy out")
        self._load()
        return self._file.read_bytes()

    def _is_changed(self) -> bool:
        """Whether another process has written the file since it was read."""
        if self._override is not None:
            return False
        try:
            return self._file.stat().st_mtime_ns != self._read_at
        except OSError:
            return False

    def _load(self, afresh: bool = False) -> _Keys:
        if self._keys is None or afresh:
            with self._lock:
                if self._keys is None or afresh:
                    self._keys = self._from_file() if self._override is None else self._from_override(self._override)
        return self._keys

    def _from_override(self, override: bytes) -> _Keys:
        key_id = "o" + _derived(override, "id", 4).hex()
        stored = self._read().sealing if self._file.exists() else {}
        return _Keys(_derived(override, "signing"), stored | {key_id: _derived(override, "sealing")}, key_id)

    def _from_file(self) -> _Keys:
        if not self._file.exists():
            with self._locked_folder():
                if not self._file.exists():
                    key_id = secrets.token_hex(4)
                    fresh = secrets.token_bytes(KEY_BYTES)
                    self._write(_Keys(secrets.token_bytes(KEY_BYTES), {key_id: fresh}, key_id))
        return self._read()

    def _read(self) -> _Keys:
        try:
            self._read_at = self._file.stat().st_mtime_ns
            stored = json.loads(self._file.read_text("ascii"))
            sealing = {key_id: _key(text) for key_id, text in stored["sealing"].items()}
            keys = _Keys(_key(stored["signing"]), sealing, stored["current"])
        except OSError as error:
            raise SecretsError(f"{self._file} cannot be read: {error.strerror}") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise SecretsError(f"{self._file} is damaged; put it back from a backup") from error
        if keys.current not in sealing:
            raise SecretsError(f"{self._file} is damaged; put it back from a backup")
        return keys

    def _write(self, keys: _Keys) -> None:
        stored = {
            "signing": base64.b64encode(keys.signing).decode(),
            "sealing": {key_id: base64.b64encode(key).decode() for key_id, key in keys.sealing.items()},
            "current": keys.current,
        }
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".keys-")  # made with mode 0600
        try:
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                json.dump(stored, file, indent=2)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(self._file)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        _sync_folder(self.folder)

    @contextmanager
    def _locked_folder(self) -> Iterator[None]:
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SecretsError(f"{self.folder} cannot be written: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)


def key_id_of(sealed: str) -> str:
    """The id of the key that sealed a text."""
    return sealed.split(".", 2)[1] if sealed.count(".") >= 2 else ""


def _key(text: str) -> bytes:
    key = base64.b64decode(text, validate=True)
    if len(key) != KEY_BYTES:
        raise binascii.Error("a key has 32 bytes")
    return key


def _derived(secret: bytes, purpose: str, length: int = KEY_BYTES) -> bytes:
    return HKDF(algorithm=SHA256(), length=length, salt=None, info=f"kith:{purpose}".encode()).derive(secret)


def _bound(key_id: str, context: str) -> bytes:
    return f"{VERSION}.{key_id}.{context}".encode()


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

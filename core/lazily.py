"""Modules that are loaded when something of them is first used: what a server does not need costs it nothing."""

from __future__ import annotations

from importlib import import_module
from typing import Any


class _Lazy:
    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> Any:
        found = getattr(import_module(self._name), attribute)
        setattr(self, attribute, found)
        return found


def lazily(name: str) -> Any:
    """Stands for the module `name` and loads it at the first use of something in it; it must be installed.

    For what is large and serves few: Redis, S3, passkeys. Tell the type checker of the module itself:

        if TYPE_CHECKING:
            import webauthn
        else:
            webauthn = lazily("webauthn")
    """
    return _Lazy(name)

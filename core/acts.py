"""What is done here, as far as other servers may have to learn of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from core.models import Actor, Entry


@dataclass(frozen=True)
class Act:
    """Something done here that other servers may have to learn of.

    `verb` is a key of the `outbox` hook's tables. The hook `outgoing` gets it inside the transaction that did it.
    """

    verb: str
    actor: Actor
    entry: Entry | None = None
    target: Actor | None = None
    uri: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)

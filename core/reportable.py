"""What plugins have that can be reported besides people and entries: whose it is, and where it is looked at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Reportable:
    """A thing of somebody's: `uri` is its identity on the network, `path` that of its page here."""

    kind: str
    id: str
    owner_id: str
    name: str
    uri: str
    path: str

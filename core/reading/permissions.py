"""Who may answer and quote what came from elsewhere, as its author says (section 11 of the federation profile)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from core.entries import Document
from core.models import Actor
from core.reading.values import as_list, id_of, is_public

LOOKED_AT_MOST = 200
# What a server is to let in at once, and what it lets in once its author has agreed; and how both were called before.
_LISTS = ("automaticApproval", "manualApproval", "always", "approvalRequired")


def stated_policy(document: Document, name: Literal["canReply", "canQuote"], author: Actor) -> str:
    """Our word for whom an author lets do this, the widest that may hold: their server has the last word.

    Where nothing is said, everybody may.
    """
    policies = document.get("interactionPolicy")
    policy = policies.get(name) if isinstance(policies, Mapping) else None
    if not isinstance(policy, Mapping):
        return "everyone"
    said = {key: {id_of(one) for one in as_list(policy.get(key))[:LOOKED_AT_MOST]} for key in _LISTS}
    named = set().union(*said.values()) - {"", author.uri}
    if any(map(is_public, named)):
        return "everyone" if any(map(is_public, said["automaticApproval"] | said["always"])) else "ask"
    if author.followers_url in named:
        return "followers"
    if author.following_url in named:
        return "friends"
    return "mentioned" if named else "nobody"


def may_be_featured(document: Document) -> bool:
    """Whether posts of an actor of another server may be gathered: unless they say that not everybody may feature them.

    The policy is of FEP-7aa9. Where none is stated it lets nobody feature the actor, of which nothing follows for posts
    that everybody may see.
    """
    policies = document.get("interactionPolicy")
    policy = policies.get("canFeature") if isinstance(policies, Mapping) else None
    if not isinstance(policy, Mapping):
        return True
    return any(is_public(id_of(one)) for one in as_list(policy.get("automaticApproval"))[:LOOKED_AT_MOST])

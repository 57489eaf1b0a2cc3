"""Who is apart from somebody by a server they block, as SQL that stands beside the blocks of single people."""

from __future__ import annotations


def on_blocked_server(viewer: str, domain: str) -> str:
    """Whether `viewer` blocks the server `domain`: SQL of an id and of a column with a domain, empty for here."""
    return f"EXISTS (SELECT 1 FROM core_domain_block dk WHERE dk.domain = {domain} AND dk.actor_id = {viewer})"


def of_blocked_server(viewer: str, actor: str) -> str:
    """Whether `viewer` blocks the server of `actor`: SQL of two ids."""
    return (
        "EXISTS (SELECT 1 FROM core_domain_block dk JOIN core_actor da ON da.domain = dk.domain"
        f" WHERE da.id = {actor} AND dk.actor_id = {viewer})"
    )

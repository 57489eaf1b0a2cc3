"""The JSON API of whole servers that somebody blocks for themselves."""

from __future__ import annotations

from pydantic import Field

from core import domain_blocks, present
from core.api import Api, Ask
from core.api.forms import Form, StreamQuery, stream_of

api = Api("domain_blocks", __name__, area="users")


class DomainBody(Form):
    domain: str = Field(description="A server as in the addresses of its people, such as `kith.example`.")


class DomainBlockState(Form):
    domain: str
    is_domain_blocked: bool


class DomainBlockForm(Form):
    domain: str
    created_at: str


@api.get("/domain-blocks", query=StreamQuery, answer=stream_of("domainBlocks", DomainBlockForm))
async def read_domain_blocks(ask: Ask[None, StreamQuery]) -> object:
    """The servers you block, latest first."""
    name = f"domain-blocks:{ask.actor.id}"
    found = await domain_blocks.listed(ask.actor, ask.before(name), ask.query.limit)
    forms = [{"domain": one["domain"], "createdAt": present.stamp(one["created_at"])} for one in found]
    return ask.page("domainBlocks", name, found, forms)


@api.post("/domain-blocks", body=DomainBody, answer=DomainBlockState)
async def block_domain(ask: Ask[DomainBody, None]) -> object:
    """Have nothing to do with a server: you see nothing of its people, and follows between you and them end.

    It is this domain alone, none below it. Of what you publish for everybody, they see what everybody sees.
    """
    domain = await domain_blocks.block(ask.actor, ask.body.domain)
    return {"domain": domain, "isDomainBlocked": True}


@api.delete("/domain-blocks/<domain>", answer=DomainBlockState)
async def unblock_domain(ask: Ask[None, None], domain: str) -> object:
    """Lift the block of a server; follows that ended stay ended."""
    domain = await domain_blocks.unblock(ask.actor, domain)
    return {"domain": domain, "isDomainBlocked": False}

"""What federation stores about people here is given to them, and goes with them."""

from __future__ import annotations

from datetime import timedelta

import orjson

from core.accounts import administration
from core.accounts.erasing import erase
from core.accounts.models import Account
from core.database import now
from core.federation import personal
from core.federation.models import Key, Outgoing, Received
from core.models import Actor
from core.plugin_checks import check_plugin


async def test_the_plugin_owes_nobody_anything(alpha):
    assert check_plugin(alpha.instance.hooks.plugins["federation"]) == []


async def test_the_archive_has_the_actors_document_and_no_private_key(alpha, ann):
    with alpha.inside():
        account = await Account.get(actor_id=ann.id)
        (archive,) = [one for one in await alpha.instance.hooks.export_account(account=account) if "actor.json" in one]
    assert archive["actor.json"]["id"] == ann.uri
    assert b"PRIVATE" not in orjson.dumps(archive)


async def test_what_somebody_sent_and_was_sent_goes_with_the_account_and_the_keys_later(alpha, ann):
    with alpha.inside():
        await alpha.client.get(f"/actors/{ann.id}", headers={"accept": "application/activity+json"})
        for verb in ("create", "delete"):
            await Outgoing.create(sender_id=ann.id, verb=verb, body="{}")
        await Received.create(uri="https://x.test/1", actor_uri="x", verb="Like", body="{}", inbox_owner=ann.id)
        await administration.remove(await Actor.get(id=ann.id))
        await erase(actor_id=ann.id)
        assert "create" not in [one.verb for one in await Outgoing.filter(sender_id=ann.id)]
        assert await Outgoing.exists(sender_id=ann.id, verb="delete")
        assert not await Received.exists(inbox_owner=ann.id)
        await personal.forget_keys()
        assert await Key.filter(actor_id=ann.id).count() == 2
        await Actor.filter(id=ann.id).update(removed_at=now() - timedelta(days=40))
        await personal.forget_keys()
        assert await Key.filter(actor_id=ann.id).count() == 0

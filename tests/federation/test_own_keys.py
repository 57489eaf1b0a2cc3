"""What an actor of ours signs with: made once, kept, and forgotten with a transaction that was taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.database import recorded, transaction
from core.federation.models import Key
from core.federation.own_keys import own_keys
from core.instance import here
from tests.core.kith_process import kith_in
from tests.federation.crowd import Crowd


async def test_the_keys_of_somebody_who_posts_often_are_read_once(alpha, ann):
    await Crowd(alpha).follower(ann, "one.test")
    await ann.publish("hello")
    with alpha.inside(), recorded() as statements:
        await ann.publish("hello again")
    assert any("federation_outgoing" in each for each in statements)
    assert not any("federation_key" in each for each in statements)


async def test_keys_that_were_taken_back_sign_nothing(alpha, ann):
    with alpha.inside():
        await Key.filter(actor_id=ann.id).delete()
        here().cache.drop_prefix("own-keys:")
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                lost = await own_keys(ann.actor)
                1 / 0  # noqa: B018
        made = await own_keys(ann.actor)
        stored = await Key.get(actor_id=ann.id, kind="rsa")
    assert made.rsa_pem == stored.public_pem != lost.rsa_pem


async def test_a_server_that_moves_to_another_port_goes_on_signing_as_itself(tmp_path: Path) -> None:
    async with kith_in(tmp_path) as kith:
        for _ in range(2):
            serving = kith.serve()
            document = serving.get("/actor", {"Accept": "application/activity+json"}).json()
            assert document["id"] == f"http://localhost:{serving.port}/actor"
            assert document["publicKey"]["id"] == f"http://localhost:{serving.port}/actor#main-key"
            assert document["inbox"].startswith(f"http://localhost:{serving.port}/")
            assert "hook_failed" not in serving.output
            assert serving.stop() == 0

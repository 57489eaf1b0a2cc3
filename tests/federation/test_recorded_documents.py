"""Documents that other servers really send go through the readers of actors and handles, or are refused in words.

They lie outside of the repository; KITH_TEST_FIXTURES names the folder, which has one for each software.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from core.federation.addresses import host_of
from core.federation.documents import ACTOR_TYPES, first_known_type
from core.federation.remote_actors import store_actor
from core.federation.webfinger import read_finding
from core.fetch import Refused
from tests.federation.odd_server import OddServer
from tests.federation.strangers import FIXTURES

pytestmark = pytest.mark.skipif(not FIXTURES.is_dir(), reason="KITH_TEST_FIXTURES names no folder")

REASONS = {
    "the actor's id is no http address",
    "the actor's id is no https address",
    "the actor's preferredUsername is missing or malformed",
    "the actor has no inbox on its own server",
}
READ = ("akkoma", "bookwyrm", "fedify", "gotosocial", "lemmy-lemmy", "mastodon", "neodb", "lemmy-wordpress", "takahe")


def documents() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in sorted(FIXTURES.rglob("*.json")):
        try:
            document = json.loads(path.read_text())
        except ValueError:
            continue
        if isinstance(document, dict):
            yield str(path.relative_to(FIXTURES)), document


async def test_every_actor_is_stored_or_refused_for_a_reason(alpha):
    stored: Counter[str] = Counter()
    for name, document in documents():
        if not first_known_type(document, ACTOR_TYPES):
            continue
        try:
            OddServer(host_of(str(document.get("id")))).join(alpha)
        except Refused:
            pass
        with alpha.inside():
            try:
                actor = await store_actor(document, str(document.get("id")))
                assert actor.username and actor.domain and actor.inbox_url, name
                stored[name.partition("/")[0]] += 1
            except Refused as refusal:
                assert refusal.reason in REASONS, f"{name}: {refusal.reason}"
    assert stored.total() >= 60 and all(stored[software] for software in READ), stored


async def test_every_webfinger_answer_is_read_or_refused(alpha):
    read, refused = 0, []
    for name, document in documents():
        if "subject" not in document and "links" not in document:
            continue
        with alpha.inside():
            try:
                finding = read_finding(document)
                assert finding.actors and finding.subject.host, name
                read += 1
            except Refused:
                refused.append(name)
    assert read >= 5 and sum("hacker" in name for name in refused) == 2


async def test_no_document_of_any_sort_breaks_the_reader_of_actors(alpha):
    for _, document in documents():
        with alpha.inside():
            try:
                await store_actor({**document, "type": "Person"}, "https://elsewhere.test/")
            except Refused:
                pass

"""Integrity proofs: what ours look like, and which of those that others pass on are believed (FEP-8b32)."""

from __future__ import annotations

import json
from datetime import timedelta

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from core.database import now
from core.federation.canonical import canonical
from core.federation.domains import decide
from core.federation.keys import SigningKey, decode_multikey, encode_multikey, multibase_decode
from core.federation.models import Delivery
from core.federation.proofs import BadProof, check, proved, read_proof
from core.reading import moment
from core.testing import Foreign, settle
from core.testing.foreign import PUBLIC
from tests.federation.arrivals import outcome, stored
from tests.federation.crowd import Crowd

# -- One form of JSON --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "written"),
    [
        (0, "0"), (-0.0, "0"), (1, "1"), (-1.5, "-1.5"), (100.0, "100"), (0.1, "0.1"), (1e-6, "0.000001"),
        (1e-7, "1e-7"), (1.5e-9, "1.5e-9"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.25e300, "1.25e+300"),
        (333333333.33333329, "333333333.3333333"), (4.5, "4.5"), (2e-3, "0.002"), (2**53, "9007199254740992"),
        (2**64, "18446744073709552000"), (5e-324, "5e-324"), (-71.184902, "-71.184902"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_browsers_write_them(number, written):
    assert canonical(number).decode() == written


def test_names_are_sorted_by_their_utf16_and_texts_escaped_no_more_than_needed():
    ordered = {"\U0001f600": 1, "\ufb33": 2, "\u20ac": 3, "1": 4, "\r": 5, "\u0080": 6, "\u00f6": 7}
    assert list(orjson.loads(canonical(ordered)).values()) == [5, 4, 6, 7, 3, 1, 2]
    text = '\u20ac$\u000f\nA\'B"\\\\"/\u007f\u2028'
    assert canonical(text).decode() == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/\u007f\u2028"'
    assert canonical({"b": [True, None, {}], "a": []}) == b'{"a":[],"b":[true,null,{}]}'


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
)  # fmt: skip


@given(_JSON)
def test_the_canonical_form_says_the_same_and_is_its_own(value):
    text = canonical(value)
    assert json.loads(text, parse_int=float) == value  # all numbers are doubles
    assert canonical(orjson.loads(text)) == text


# -- A proof -----------------------------------------------------------------------------------------------------------

# The example of FEP-8b32.
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
PUBLISHED = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
VALUE = "z42ffGu6AUKPCFcFPiabmUvnGLPJzC7e4DGWC52NUasSSH37UMa9c58tdgVszUcZfytxa4fQ5TYHaJENCxUDe9SdL"
EXAMPLE = {
    "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/data-integrity/v2"],
    "id": "https://server.example/activities/1",
    "type": "Create",
    "actor": "https://server.example/users/alice",
    "object": {
        "id": "https://server.example/objects/1",
        "type": "Note",
        "attributedTo": "https://server.example/users/alice",
        "content": "Hello world",
        "location": {"type": "Place", "longitude": -71.184902, "latitude": 25.273962},
    },
}


def test_the_published_example_comes_out_the_same_and_holds():
    private = Ed25519PrivateKey.from_private_bytes(multibase_decode(SECRET)[2:])
    key = SigningKey("https://server.example/users/alice#ed25519-key", private)
    made = moment("2023-02-24T23:36:38Z")
    assert made is not None
    document = proved(EXAMPLE, key, made)
    assert document["proof"]["proofValue"] == VALUE
    check(document, read_proof(document), decode_multikey(PUBLISHED))


def test_a_proof_without_a_context_of_its_own_holds_and_one_with_another_does_not():
    private = Ed25519PrivateKey.generate()
    document = proved(EXAMPLE, SigningKey("https://server.example/users/alice#k", private), now())
    longer = document | {"@context": [*document["@context"], {"a": "b"}]}
    check(longer, read_proof(longer), private.public_key())
    for other in (["https://evil.example/ns"], document["@context"][1:], [*document["@context"], "x"]):
        wrong = document | {"proof": document["proof"] | {"@context": other}}
        with pytest.raises(BadProof, match="another context"):
            check(wrong, read_proof(wrong), private.public_key())


# -- Ours --------------------------------------------------------------------------------------------------------------


async def test_what_is_for_everybody_bears_a_proof_by_its_author_and_nothing_else_does(alpha, ann):
    crowd = Crowd(alpha)
    await crowd.follower(ann, "one.test")
    friend = await crowd.person("one.test", "yan")
    await ann.publish("for all")
    await ann.publish("for followers", visibility="followers")
    await ann.publish("@yan@one.test psst", visibility="direct")
    await ann.post(f"/users/@{friend.acct}/follow")
    await settle(alpha)
    posts = {one.activity["object"]["content"] if one.type == "Create" else one.type: one for one in crowd.came}
    assert {name for name, one in posts.items() if "proof" in one.activity} == {"<p>for all</p>"}
    document = orjson.loads(posts["<p>for all</p>"].body)
    actor = (await alpha.client.get(f"/actors/{ann.id}", headers={"accept": "application/activity+json"})).json()
    (method,) = actor["assertionMethod"]
    proof = read_proof(document)
    assert proof.key_id == method["id"]
    check(document, proof, decode_multikey(method["publicKeyMultibase"]))
    with pytest.raises(BadProof):
        check(document | {"id": "https://alpha.test/other"}, proof, decode_multikey(method["publicKeyMultibase"]))
    with alpha.inside():
        assert await Delivery.all().count() == 0


# -- What others pass on -----------------------------------------------------------------------------------------------


@pytest.fixture
def private():
    return Ed25519PrivateKey.generate()


@pytest.fixture
def zoe(foreign, private):
    """Somebody who has a key for proofs."""
    zoe = foreign.person("zoe")
    key = {"id": f"{zoe.id}#proofs", "type": "Multikey", "controller": zoe.id}
    zoe.more["assertionMethod"] = [key | {"publicKeyMultibase": encode_multikey(private.public_key())}]
    return zoe


@pytest.fixture
def max_(alpha):
    """Somebody on another server, who passes things on."""
    return Foreign("third.test").join(alpha).person("max")


async def passed_on(alpha, by, document):
    """The status somebody gets for an activity of somebody else's, and what became of it."""
    answer = await by.send(alpha, document)
    await settle(alpha)
    return answer.status_code, await outcome(alpha, document)


def with_proof(zoe, private, activity, *, key_id="", made=None):
    return proved(activity, SigningKey(key_id or f"{zoe.id}#proofs", private), made or now())


async def test_what_somebody_passes_on_counts_as_its_authors_where_the_proof_holds(alpha, foreign, zoe, max_, private):
    note = zoe.note("<p>hello</p>")
    create = with_proof(zoe, private, zoe.activity("Create", note, to=[PUBLIC]))
    assert await passed_on(alpha, max_, create) == (202, "done")
    entry = await stored(alpha, note["id"])
    assert entry.content == "<p>hello</p>"
    changed = note | {"content": "<p>changed</p>", "updated": "2099-01-01T00:00:00Z"}
    update = with_proof(zoe, private, zoe.activity("Update", changed, to=[PUBLIC]) | {"signature": {"type": "RSA"}})
    assert await passed_on(alpha, max_, update) == (202, "done")
    assert (await stored(alpha, note["id"])).content == "<p>changed</p>"
    delete = with_proof(zoe, private, zoe.activity("Delete", note["id"], to=[PUBLIC]))
    assert await passed_on(alpha, max_, delete) == (202, "done")
    assert (await stored(alpha, note["id"])).deleted_at is not None
    assert await passed_on(alpha, max_, create) == (202, "done")  # once more: it is known
    assert (await stored(alpha, note["id"])).deleted_at is not None


@pytest.mark.parametrize(
    "fault",
    [
        "changed", "none", "nonsense", "somebody else's key", "key of another server", "old", "of the future", "follow",
        "of the one who passes it on", "another purpose", "another suite", "expired", "short", "very large",
    ],
)  # fmt: skip
async def test_a_proof_that_does_not_hold_is_401(alpha, ann, foreign, zoe, max_, private, fault):
    note = zoe.note("<p>hello</p>")
    eve_key = Ed25519PrivateKey.generate()
    eve = foreign.person("eve")
    listed = {"id": f"{eve.id}#k", "type": "Multikey", "controller": eve.id}
    eve.more["assertionMethod"] = [listed | {"publicKeyMultibase": encode_multikey(eve_key.public_key())}]
    activity = zoe.activity("Create", note, to=[PUBLIC])
    if fault == "follow":
        activity = zoe.activity("Follow", ann.uri)
    elif fault == "very large":
        activity["more"] = "x" * 300_000
    made = {"old": now() - timedelta(days=30), "of the future": now() + timedelta(hours=1)}.get(fault)
    if fault == "somebody else's key":
        document = with_proof(zoe, eve_key, activity, key_id=f"{eve.id}#k")
    elif fault == "key of another server":
        document = with_proof(zoe, private, activity, key_id=f"{max_.id}#k")
    elif fault == "of the one who passes it on":
        document = with_proof(zoe, private, activity, key_id=max_.key_id)
    else:
        document = with_proof(zoe, private, activity, made=made)
    wrong = {
        "none": None,
        "nonsense": "proof",
        "another purpose": document["proof"] | {"proofPurpose": "authentication"},
        "another suite": document["proof"] | {"cryptosuite": "eddsa-rdfc-2022"},
        "expired": document["proof"] | {"expires": "2026-01-01T00:00:00Z"},
        "short": document["proof"] | {"proofValue": "z2"},
    }
    if fault == "changed":
        document["object"] = note | {"content": "<p>a lie</p>"}
    elif fault in wrong:
        document["proof"] = wrong[fault]
    assert await passed_on(alpha, max_, document) == (401, "not stored")
    assert await stored(alpha, note["id"]) is None


async def test_whoever_is_refused_is_not_let_in_by_somebody_who_passes_it_on(alpha, zoe, max_, private):
    with alpha.inside():
        await decide("foreign.test", "block")
    note = zoe.note("<p>hello</p>")
    create = with_proof(zoe, private, zoe.activity("Create", note, to=[PUBLIC]))
    assert await passed_on(alpha, max_, create) == (403, "not stored")


async def test_what_a_server_of_ours_publishes_can_be_passed_on_to_another(alpha_and_beta):
    alpha, beta = alpha_and_beta
    max_ = Foreign("third.test").join(alpha).person("max")
    crowd = Crowd(beta)
    bob = await beta.user("bob")
    await crowd.follower(bob, "one.test")
    post = await bob.publish("from beta")
    await settle(beta)
    body = crowd.only("Create")
    assert await passed_on(alpha, max_, body) == (202, "done")
    assert (await stored(alpha, post["uri"])).content == "<p>from beta</p>"

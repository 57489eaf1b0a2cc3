"""Tokens: only this server's, only for their use, only for their time."""

import base64
import json
import time
import uuid

import jwt
import pytest

from core.errors import Unauthenticated
from core.tokens import MAX_VERIFIED, BadToken, Tokens, new_refresh, refresh_hash

SECRET = b"the secret of this server: enough bytes for each algorithm anybody might try"
ISSUER = "https://alpha.test"
TOKENS = Tokens(SECRET, ISSUER)
ANN = (str(uuid.uuid4()), str(uuid.uuid4()), str(uuid.uuid4()), "user")


def claims(**changes: object) -> dict[str, object]:
    now = int(time.time())
    said: dict[str, object] = {
        "iss": ISSUER, "aud": "access", "iat": now, "exp": now + 900, "sub": "a", "actor": "b", "sid": "c",
        "role": "user",
    }  # fmt: skip
    return {name: value for name, value in (said | changes).items() if value is not None}


def signed(said: dict[str, object], key: bytes = SECRET, algorithm: str = "HS256") -> str:
    return jwt.encode(said, key, algorithm=algorithm)


def refused(token: str) -> BadToken:
    for _ in range(2):  # also when it was seen before
        with pytest.raises(BadToken) as caught:
            TOKENS.read(token)
    return caught.value


def test_an_access_token_says_who_and_for_how_long() -> None:
    before = int(time.time())
    read = TOKENS.read(TOKENS.issue(*ANN))
    assert (read.account_id, read.actor_id, read.session_id, read.role) == ANN
    assert before <= read.issued_at <= time.time()
    assert read.expires_at - read.issued_at == 900 == TOKENS.seconds


def test_another_process_of_the_server_reads_it() -> None:
    assert Tokens(SECRET, ISSUER).read(TOKENS.issue(*ANN)).session_id == ANN[2]


def test_our_own_claims_are_read_so_that_the_refusals_below_mean_something() -> None:
    assert TOKENS.read(signed(claims())).account_id == "a"


def test_a_token_too_old_is_refused_and_says_so() -> None:
    error = refused(signed(claims(iat=int(time.time()) - 901, exp=int(time.time()) - 1)))
    assert error.code == "token_expired" and error.status == 401
    assert isinstance(error, Unauthenticated)


def test_a_token_read_before_is_refused_when_its_time_is_over() -> None:
    tokens = Tokens(SECRET, ISSUER, minutes=2 / 60)  # which end with a whole second
    token = tokens.issue(*ANN)
    assert tokens.read(token) is tokens.read(token)
    time.sleep(2.1)
    for _ in range(2):
        with pytest.raises(BadToken) as caught:
            tokens.read(token)
        assert caught.value.code == "token_expired"


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://beta.test"},
        {"aud": "once:verify-email"},
        {"aud": None},
        {"iss": None},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"sid": None},
        {"role": None},
        {"actor": None},
        {"actor": 7},
        {"role": ["admin"]},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 86_400},
        {"iat": int(time.time()) + 86_400, "exp": int(time.time()) + 172_800},
    ],
)
def test_a_token_that_says_something_else_is_refused(changes: dict[str, object]) -> None:
    assert refused(signed(claims(**changes))).code == "invalid_token"


def test_another_key_does_not_sign_for_us() -> None:
    refused(signed(claims(), key=b"another secret, also of 32 bytes and more"))


def test_unsigned_tokens_are_refused_however_none_is_spelt() -> None:
    body = base64.urlsafe_b64encode(json.dumps(claims()).encode()).rstrip(b"=").decode()
    for algorithm in ("none", "None", "NONE", ""):
        head = base64.urlsafe_b64encode(json.dumps({"alg": algorithm, "typ": "JWT"}).encode()).rstrip(b"=").decode()
        refused(f"{head}.{body}.")
        refused(f"{head}.{body}.{TOKENS.issue(*ANN).split('.')[2]}")


def test_other_algorithms_are_refused_even_with_our_key() -> None:
    refused(signed(claims(), algorithm="HS512"))
    refused(signed(claims(), algorithm="HS384"))


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "nonsense", "é", "\ud800", "x" * 100_000, "eyJ.eyJ.eyJ"])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refused(token).code == "invalid_token"


def test_a_token_altered_anywhere_is_refused() -> None:
    token = TOKENS.issue(*ANN)
    for place in range(0, len(token) - 1, 7):
        sign = "A" if token[place] not in "A." else "B"
        refused(token[:place] + sign + token[place + 1 :])


def test_what_is_remembered_is_bounded() -> None:
    tokens = Tokens(SECRET, ISSUER)
    for number in range(MAX_VERIFIED + 50):
        tokens.read(tokens.issue("a", "b", str(number), "user"))
    assert len(tokens._verified) == MAX_VERIFIED


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short", ISSUER)


def test_refresh_tokens_are_long_different_and_found_by_their_hash() -> None:
    (one, one_hash), (other, other_hash) = new_refresh(), new_refresh()
    assert one != other and one_hash != other_hash and len(one) >= 43
    assert refresh_hash(one) == one_hash and one not in one_hash
    assert refresh_hash("\ud800")


def test_a_link_says_whom_it_is_for_and_has_a_name_of_its_own() -> None:
    one, other = (TOKENS.read_one_time("verify-email", TOKENS.one_time("verify-email", "ann", 60)) for _ in range(2))
    assert one.subject == "ann" and one.token_id != other.token_id
    assert time.time() + 30 < one.expires_at <= time.time() + 60


def test_a_link_serves_its_own_purpose_only() -> None:
    link = TOKENS.one_time("verify-email", "ann", 60)
    with pytest.raises(BadToken):
        TOKENS.read_one_time("set-up", link)
    refused(link)
    with pytest.raises(BadToken):
        TOKENS.read_one_time("access", TOKENS.issue(*ANN))


def test_a_link_too_old_or_of_another_server_is_refused() -> None:
    with pytest.raises(BadToken) as caught:
        TOKENS.read_one_time("set-up", TOKENS.one_time("set-up", "admin", -1))
    assert caught.value.code == "token_expired"
    with pytest.raises(BadToken):
        TOKENS.read_one_time("set-up", Tokens(SECRET, "https://beta.test").one_time("set-up", "admin", 60))

"""A small OpenID Connect provider: it knows people, asks nobody for a password, and lies where a test wants it to."""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import orjson
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from core.asgi import Receive, Scope, Send
from core.testing import TestInstance

HOST = "id.test"
ISSUER = f"https://{HOST}"
CLIENT, SECRET = "kith at id.test", "s3cret:with/signs"
OIDC: dict[str, object] = {
    "oidc__issuer": ISSUER,
    "oidc__client_id": CLIENT,
    "oidc__client_secret": SECRET,
    "oidc__name": "Harbour ID",
}
BACK = "/login/oidc/back"
RSA = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})
EC = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
STOLEN = RSAKey.generate_key(2048, {"kid": "one", "use": "sig", "alg": "RS256"})


class Identities:
    """The provider at `https://id.test`; `says` changes what stands in the next ID tokens (None: left out)."""

    def __init__(self) -> None:
        self.says: dict[str, Any] = {}
        self.key: Any = RSA
        self.forged = ""
        self.metadata: dict[str, Any] = {}
        self.is_down = False
        self.codes: dict[str, dict[str, str]] = {}

    def join(self, at: TestInstance) -> Identities:
        at.neighbours[HOST] = self
        if at.instance.oidc:  # an instance is lent to one test after the other
            at.instance.oidc._metadata_until = at.instance.oidc._keys_until = at.instance.oidc._keys_again = 0.0
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        status, answer = self._answer(scope["path"], headers, body)
        sent = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": sent})
        await send({"type": "http.response.body", "body": orjson.dumps(answer)})

    def _answer(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if self.is_down:
            return 503, {}
        if path == "/.well-known/openid-configuration":
            endpoints = {"authorization_endpoint": "/go", "token_endpoint": "/token", "jwks_uri": "/keys"}
            found = {name: ISSUER + place for name, place in endpoints.items()}
            return 200, {"issuer": ISSUER, **found, **self.metadata}
        if path == "/keys":
            return 200, dict(KeySet([RSA, EC]).as_dict())
        return self._tokens(headers, {name: values[0] for name, values in parse_qs(body.decode()).items()})

    def _tokens(self, headers: dict[str, str], form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        pair = urlencode({CLIENT: SECRET}).replace("=", ":")
        asked = self.codes.pop(form.get("code", ""), None)
        proof = base64.urlsafe_b64encode(hashlib.sha256(form.get("code_verifier", "").encode()).digest())
        if headers.get("authorization") != f"Basic {base64.b64encode(pair.encode()).decode()}":
            return 401, {"error": "invalid_client"}
        if asked is None or asked["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        if asked["code_challenge"] != proof.rstrip(b"=").decode():
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "x", "token_type": "Bearer", "id_token": self.forged or self._id_token(asked)}

    def _id_token(self, asked: dict[str, str]) -> str:
        moment = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": CLIENT,
            "iat": moment,
            "exp": moment + 300,
            "nonce": asked["nonce"],
            "sub": asked["login_hint"],
            **self.says,
        }
        claims = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": self.key.alg, "kid": self.key.kid}, claims, self.key)

    def sign_in(self, address: str, subject: str) -> dict[str, str]:
        """Somebody who was sent here signs in: what stands in the address they are sent back to."""
        assert address.startswith(f"{ISSUER}/go?")
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        assert (asked["client_id"], asked["code_challenge_method"]) == (CLIENT, "S256")
        code = secrets.token_urlsafe(8)
        self.codes[code] = {**asked, "login_hint": subject}
        return {"code": code, "state": asked["state"]}


async def comes_by(
    browser: httpx.AsyncClient, identities: Identities, subject: str, start: str = "/login/oidc", **changes: str | None
) -> httpx.Response:
    """Go to the provider, sign in there, and come back; `changes` are made to what is brought back."""
    sent = await browser.get(start)
    assert sent.status_code == 303, sent.text
    brought = {**identities.sign_in(sent.headers["location"], subject), **changes}
    return await browser.get(BACK, params={name: value for name, value in brought.items() if value is not None})

"""The OpenID Connect provider of this server: discovered, asked for tokens, and believed only what it has signed."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote_plus, urlencode, urlsplit

import orjson
import structlog

from core.errors import Forbidden, Unavailable
from core.fetch import Fetcher, FetchError
from core.lazily import lazily
from core.settings import Oidc

if TYPE_CHECKING:
    from authlib.oauth2 import rfc7636
    from authlib.oidc.core import claims as oidc_claims
    from joserfc import errors as jose_errors
    from joserfc import jwk, jwt
else:
    rfc7636, oidc_claims = lazily("authlib.oauth2.rfc7636"), lazily("authlib.oidc.core.claims")
    jose_errors, jwk, jwt = lazily("joserfc.errors"), lazily("joserfc.jwk"), lazily("joserfc.jwt")

log = structlog.get_logger(__name__)
JSON = "application/json"
# Signatures whose key the provider alone has; never "none", and none that anybody who knows our secret could make.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"]
KEY_TYPES = ("RSA", "EC", "OKP")
KEPT_SECONDS = 3600
NEW_KEYS_SECONDS = 60  # an unknown key has them fetched anew, but not more often
CLOCK_SKEW_SECONDS = 60
LARGEST_ANSWER = 131_072
SUBJECT_AT_MOST = 255
_ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")


class ProviderFailed(Unavailable):
    """The provider does not answer, or not as it must; `reason` is for admins."""

    code = "provider_unavailable"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(30, f"Signing in with {name} does not work at the moment. Please try again later.")
        self.reason = reason


class ForeignLoginRefused(Forbidden):
    """What came back from the provider proves nothing."""

    code = "foreign_login_refused"
    title = "This sign-in is not valid, or not any more. Please begin again."


@dataclass(frozen=True)
class Foreigner:
    """Whom the provider says somebody is; `email` is theirs only where `email_verified`."""

    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    username: str = ""
    signed_in_at: float = 0
    """When they proved there who they are, in Unix seconds; 0 where the provider does not say."""


class Provider:
    """What `[oidc]` names; `http` fetches for it alone."""

    def __init__(self, settings: Oidc, http: Fetcher) -> None:
        self.settings, self.http = settings, http
        self._metadata: dict[str, Any] = {}
        self._metadata_until = self._keys_until = self._keys_again = 0.0
        self._keys: jwk.KeySet | None = None

    @property
    def name(self) -> str:
        """What people know it by."""
        return self.settings.name or urlsplit(self.settings.issuer).hostname or self.settings.issuer

    async def metadata(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery, section 4). Raises ProviderFailed."""
        if time.monotonic() >= self._metadata_until:
            found = await self._get(f"{self.settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            if found.get("issuer") != self.settings.issuer:
                raise self._failed("its metadata name another issuer; [oidc] issuer must be that, letter by letter")
            wanted = ("https://",) if self.settings.issuer.startswith("https://") else ("https://", "http://")
            if not all(str(found.get(endpoint, "")).startswith(wanted) for endpoint in _ENDPOINTS):
                raise self._failed("its metadata lack an endpoint")
            self._metadata, self._metadata_until = found, time.monotonic() + KEPT_SECONDS
        return self._metadata

    async def examine(self) -> None:
        """See whether the provider answers as it must. Raises ProviderFailed."""
        await self.metadata()
        await self._key_set()

    async def address(self, *, redirect_uri: str, state: str, nonce: str, verifier: str, anew: bool = False) -> str:
        """Where to send somebody to sign in, `anew` though they may be signed in there. Raises ProviderFailed."""
        endpoint = str((await self.metadata())["authorization_endpoint"])
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": "openid profile email",
            "state": state,
            "nonce": nonce,
            "code_challenge": rfc7636.create_s256_code_challenge(verifier),
            "code_challenge_method": "S256",
        } | ({"prompt": "login", "max_age": "0"} if anew else {})
        return endpoint + ("&" if "?" in endpoint else "?") + urlencode(asked)

    async def check_issuer(self, named: str | None) -> None:
        """Refuse the answer of another issuer (RFC 9207, section 2.4). Raises ForeignLoginRefused, ProviderFailed."""
        promised = (await self.metadata()).get("authorization_response_iss_parameter_supported") is True
        if named != self.settings.issuer and (promised or named is not None):
            raise self._refused("the answer names another issuer")

    async def redeem(self, code: str, *, redirect_uri: str, nonce: str, verifier: str) -> Foreigner:
        """Exchange a code for who somebody is. Raises ForeignLoginRefused, ProviderFailed."""
        metadata = await self.metadata()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": JSON}
        client_id, secret = self.settings.client_id, self.settings.client_secret
        ways = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        if secret and "client_secret_basic" in ways:
            pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        else:
            form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        try:
            answer = await self.http.post(
                str(metadata["token_endpoint"]), urlencode(form).encode(), headers, limit=LARGEST_ANSWER
            )
        except FetchError as error:
            raise self._failed(str(error)) from None
        said = _json(answer.body)
        if answer.status != 200 or not isinstance(said.get("id_token"), str):
            raise self._refused(f"the code was not exchanged: {answer.status} {str(said.get('error', ''))[:60]}")
        return await self._verified(said["id_token"], nonce)

    async def _verified(self, id_token: str, nonce: str) -> Foreigner:
        """Who an ID token is about (OpenID Connect Core, section 3.1.3.7)."""
        try:
            try:
                token = jwt.decode(id_token, await self._key_set(), ALGORITHMS)
            except (jose_errors.JoseError, ValueError):  # the provider may have a new key
                token = jwt.decode(id_token, await self._key_set(anew=True), ALGORITHMS)
            claims = oidc_claims.CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self.settings.issuer},
                    "aud": {"essential": True, "value": self.settings.client_id},
                },
                params={"nonce": nonce, "client_id": self.settings.client_id},
            )
            claims.validate(leeway=CLOCK_SKEW_SECONDS)
        except (jose_errors.JoseError, ValueError, TypeError) as error:
            raise self._refused(f"the ID token is not good: {type(error).__name__}: {str(error)[:100]}") from None
        subject = claims.get("sub")
        if not isinstance(subject, str) or not 0 < len(subject) <= SUBJECT_AT_MOST or not subject.isprintable():
            raise self._refused("the ID token names nobody")
        return Foreigner(
            subject=subject,
            email=_text(claims, "email", 320),
            email_verified=claims.get("email_verified") is True,
            name=_text(claims, "name", 100),
            username=_text(claims, "preferred_username", 100),
            signed_in_at=float(claims.get("auth_time") or 0),
        )

    async def _key_set(self, anew: bool = False) -> jwk.KeySet:
        moment = time.monotonic()
        due = moment >= (self._keys_again if anew else self._keys_until)
        if self._keys is None or due:
            found = await self._get(str((await self.metadata())["jwks_uri"]))
            keys = [key for key in found.get("keys", ()) if isinstance(key, dict) and key.get("kty") in KEY_TYPES]
            try:
                self._keys = jwk.KeySet.import_key_set({"keys": keys})
            except (jose_errors.JoseError, ValueError, TypeError) as error:
                raise self._failed(f"its keys cannot be read: {type(error).__name__}") from None
            self._keys_until, self._keys_again = moment + KEPT_SECONDS, moment + NEW_KEYS_SECONDS
        return self._keys

    async def _get(self, url: str) -> dict[str, Any]:
        try:
            answer = await self.http.get(url, accept=JSON, sign=False, limit=LARGEST_ANSWER)
        except FetchError as error:
            raise self._failed(str(error)) from None
        found = _json(answer.body)
        if answer.status != 200 or not found:
            raise self._failed(f"it answered {answer.status}")
        return found

    def _failed(self, reason: str) -> ProviderFailed:
        log.warning("oidc_provider_failed", issuer=self.settings.issuer, reason=reason)
        return ProviderFailed(self.name, reason)

    def _refused(self, reason: str) -> ForeignLoginRefused:
        log.warning("oidc_refused", issuer=self.settings.issuer, reason=reason)
        return ForeignLoginRefused()


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _text(claims: dict[str, Any], name: str, at_most: int) -> str:
    value = claims.get(name)
    return value.strip() if isinstance(value, str) and len(value) <= at_most and value.isprintable() else ""

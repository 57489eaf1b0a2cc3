"""Apps: how they make themselves known, prove who they are, and where people may be sent back to."""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Sequence
from urllib.parse import SplitResult, parse_qsl, urlsplit

from core.api.limits import neighbourhood
from core.errors import Invalid, RateLimited
from core.instance import here
from core.oauth import tokens
from core.oauth.errors import OAuthError
from core.oauth.granting import checked_scopes
from core.oauth.models import App

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
"""Instead of an address: whoever agrees is shown the code, to be carried over by hand."""
NAME_AT_MOST = 60
URI_AT_MOST = 2000
URIS_AT_MOST = 10
LONGEST_ID = 64
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_OURS = frozenset({"code", "error", "error_description", "iss", "state"})
_HOST = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.?|[0-9a-f:.]*:[0-9a-f:.]*")  # no signs that mean more in a policy
_URI = re.compile(r"[!#-;=?-\[\]_a-z~]+", re.IGNORECASE)  # visible ASCII but for what no URI holds


async def register(
    name: str,
    redirect_uris: Sequence[str],
    *,
    scopes: Sequence[str] = (),
    website: str = "",
    confidential: bool = True,
    address: str = "",
) -> tuple[App, str]:
    """Make an app known; the second part is its secret, told this once, empty for one that could not keep any.

    `scopes` are the most it will ask for; without any it may ask for all there are. Raises Invalid naming every wrong
    field, RateLimited.
    """
    limits, errors = here().settings.rate_limits, {}
    name, website = " ".join(name.split()), website.strip()
    if not name or len(name) > NAME_AT_MOST or any(unicodedata.category(letter)[0] == "C" for letter in name):
        errors["name"] = f"Give it a name of at most {NAME_AT_MOST} characters."
    if not redirect_uris or len(redirect_uris) > URIS_AT_MOST:
        errors["redirectUris"] = f"From one to {URIS_AT_MOST} are needed."
    for number, uri in enumerate(redirect_uris):
        if fault := redirect_fault(uri) or _answer_fault(uri):
            errors[f"redirectUris.{number}"] = fault
    if website and (redirect_fault(website) or not website.startswith("https://")):
        errors["website"] = "This must be an https address."
    try:
        asked = checked_scopes(scopes) if scopes else []
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid(errors)
    if limits.enabled:
        verdict = await here().limiter.take(f"apps:{neighbourhood(address)}", limits.apps_per_hour, 3600)
        if not verdict.allowed:
            raise RateLimited(verdict.retry_after)
    secret, digest = tokens.new(tokens.SECRET) if confidential else ("", "")
    app = await App.create(
        client_id=tokens.new("kith_app_")[0],
        secret_hash=digest,
        name=name,
        website=website,
        redirect_uris=list(redirect_uris),
        scopes=" ".join(asked),
    )
    return app, secret


def redirect_fault(uri: str) -> str | None:
    """What is wrong with an address to be sent back to, or None (RFC 6749 section 3.1.2, RFC 8252 section 7).

    https; plain http to the machine itself only, for native apps; or a scheme of an app's own, which has a dot in it.
    """
    if uri == OUT_OF_BAND:
        return None
    if len(uri) > URI_AT_MOST or not _URI.fullmatch(uri) or "#" in uri:
        return "This must be an absolute address without a fragment."
    try:
        parts = urlsplit(uri)
        _port = parts.port
    except ValueError:
        return "This must be an absolute address without a fragment."
    if "@" in parts.netloc:
        return "This must hold no user name."
    if parts.scheme == "https" and _HOST.fullmatch(parts.hostname or ""):
        return None
    if parts.scheme == "http" and parts.hostname in _LOOPBACK:
        return None
    if "." in parts.scheme:
        return None
    return "This must be https, a loopback address, or a scheme with a dot in it, like com.example.app."


def _answer_fault(uri: str) -> str | None:
    """What is wrong with an address that holds already what the answer is told by: the app could read either."""
    names = {name for name, _value in parse_qsl(urlsplit(uri).query, keep_blank_values=True)}
    return f"This must not hold {', '.join(sorted(_OURS & names))}: that is for the answer." if _OURS & names else None


def may_return_to(app: App, uri: str) -> bool:
    """Whether people may be sent there: an address the app registered, letter by letter.

    Of loopback addresses the port may be any, as it is the app's system that chooses one (RFC 8252, section 7.3).
    """
    if redirect_fault(uri):
        return False
    return any(uri == known or _same_but_for_port(uri, known) for known in app.redirect_uris)


def is_loopback(uri: str) -> bool:
    """Whether it leads back to the device the browser runs on."""
    parts = urlsplit(uri)
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _same_but_for_port(uri: str, known: str) -> bool:
    def portless(parts: SplitResult) -> tuple[str | None, str, str]:
        return parts.hostname, parts.path, parts.query

    return is_loopback(uri) and is_loopback(known) and portless(urlsplit(uri)) == portless(urlsplit(known))


async def find(client_id: str) -> App | None:
    """The app that is known by this id."""
    is_one = len(client_id) <= LONGEST_ID and client_id.isprintable()
    return await App.get_or_none(client_id=client_id) if is_one else None


async def authenticated(client_id: str, secret: str) -> App:
    """The app, once it has proved who it is; one without a secret only says so. Raises OAuthError invalid_client."""
    app = await find(client_id)
    if app is not None:
        right = hmac.compare_digest(tokens.digest_of(secret), app.secret_hash) if app.secret_hash else not secret
        if right:
            return app
    raise OAuthError("invalid_client", "There is no such app, or its secret is wrong.", status=401)

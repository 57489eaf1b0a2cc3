"""An app, as its developer writes it: it registers, sends people to the server, and exchanges what they bring back."""

from __future__ import annotations

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from core.testing import Person, TestInstance, Visitor
from core.testing.pages import token_of

AUTHORIZE = "/oauth/authorize"
HOME = "https://app.example/back"
Answer = dict[str, Any]


def challenge_of(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


class Client:
    """An app of a developer who reads the standards."""

    def __init__(self, at: TestInstance, registered: Answer) -> None:
        self.at, self.id, self.secret = at, registered["clientId"], registered["clientSecret"]
        self.app_id = registered["appId"]
        self.redirect_uri = registered["redirectUris"][0]
        self.verifier, self.state = secrets.token_urlsafe(48), secrets.token_urlsafe(8)

    @classmethod
    async def registered(cls, at: TestInstance, **body: Any) -> Client:
        body = {"name": "Harbour Reader", "redirectUris": [HOME], "website": "https://app.example/"} | body
        return cls(at, await at.anon.post("/apps", body))

    def asking(self, scope: str | None = "read:users write:posts", **changes: str | None) -> dict[str, str]:
        """The parameters of an authorization request; those that are None are left out."""
        asked: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.id,
            "redirect_uri": self.redirect_uri,
            "scope": scope,
            "state": self.state,
            "code_challenge": challenge_of(self.verifier),
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in (asked | changes).items() if value is not None}

    def address(self, *args: str | None, **changes: str | None) -> str:
        return f"{AUTHORIZE}?{urlencode(self.asking(*args, **changes))}"

    async def asks(
        self, person: Person, *args: str | None, decision: str = "allow", password: str = "", **changes: str | None
    ) -> httpx.Response:
        """The person opens the consent page and answers."""
        asked = self.asking(*args, **changes)
        async with person.browser() as browser:
            page = await browser.get(AUTHORIZE, params=asked)
            assert page.status_code == 200, page.text
            said = {"csrfToken": token_of(page.text), "decision": decision, "password": password}
            return await browser.post(AUTHORIZE, data={**asked, **said})

    async def code(self, person: Person, *args: str | None, **changes: str | None) -> str:
        answer = returned(await self.asks(person, *args, **changes))
        assert answer["state"] == self.state
        assert answer["iss"] == self.at.base_url
        return answer["code"]

    async def post(self, path: str, basic: bool = False, **form: str) -> httpx.Response:
        """A request of the app itself."""
        proof = {"client_id": self.id} | ({"client_secret": self.secret} if self.secret else {})
        headers = {}
        if basic:
            proof = {}
            pair = base64.b64encode(f"{self.id}:{self.secret}".encode()).decode()
            headers["Authorization"] = f"Basic {pair}"
        return await self.at.client.post(path, data={**proof, **form}, headers=headers)

    async def redeem(self, code: str, **changes: str) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        }
        return await self.post("/oauth/token", **{**form, **changes})

    async def refresh(self, token: str, **changes: str) -> httpx.Response:
        return await self.post("/oauth/token", **{"grant_type": "refresh_token", "refresh_token": token, **changes})

    async def tokens(self, person: Person, *args: str | None, **changes: str | None) -> Answer:
        """Everything from the question to the tokens."""
        return good(await self.redeem(await self.code(person, *args, **changes)))

    def bearing(self, token: str) -> Visitor:
        program = self.at.anon
        program.headers = {"Authorization": f"Bearer {token}"}
        return program


def returned(answer: httpx.Response) -> dict[str, str]:
    """What stands in the address an app's person is sent back to."""
    assert answer.status_code == 303, answer.text
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert all(len(values) == 1 for values in query.values())
    return {name: values[0] for name, values in query.items()}


def good(answer: httpx.Response) -> Answer:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body: Answer = answer.json()
    return body


def refusal(answer: httpx.Response, status: int = 400) -> str:
    """The standard's word for what an app did wrong."""
    assert answer.status_code == status, answer.text
    word: str = answer.json()["error"]
    return word

"""The documented API, tried with what its document allows and with what it forbids: no 5xx, no undocumented answer."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from core.testing import DIALECT
from tests.core.kith_process import Kith, Serving, kith_in

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
PASSWORD = "Quiet-Harbour-47"
EXAMPLES = int(os.environ.get("KITH_TEST_EXAMPLES", "4" if DIALECT == "sqlite" else "2"))
# Who asks, and for how much of that: what is wrong with a request is found out after who may send it.
ALLOWED = {"ann": EXAMPLES, "bob": max(1, EXAMPLES // 2), "nobody": 1}
FORBIDDEN = {"ann": EXAMPLES, "nobody": 1}
STREAMS = {"/api/v1/stream"}  # never ends
known = st.sampled_from


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path, KITH_SERVER__ENVIRONMENT="development") as kith:
        yield kith


class Place:
    """A server with two people, one of them in charge, and things of theirs whose ids stand for some of the made up."""

    def __init__(self, kith: Kith, serving: Serving) -> None:
        self.serving = serving
        self.kith = kith
        self.statuses: Counter[int] = Counter()
        for name, role in (("ann", "admin"), ("bob", "user"), ("cid", "user")):
            self.join(name, role)
        self.names = {"ann": "ann", "bob": "bob"}
        self.headers = {name: self.sign_in(name) for name in self.names}
        post = self.ask("bob", "/posts", {"content": "hello #world"})
        comment = self.ask("bob", f"/posts/{post['postId']}/comments", {"content": "well"})
        self.ids = [post["postId"], comment["commentId"], post["user"]["userId"], "ann", "cid", "@cid", "nobody"]

    def join(self, name: str, role: str) -> None:
        email = f"{name}@example.org"
        self.kith.run("account", "create", name, "--email", email, "--password", PASSWORD, "--role", role, "--verified")

    def is_in(self, who: str) -> bool:
        return self.serving.get("/api/v1/users/me", self.headers[who]).status_code == 200

    def headers_of(self, who: str) -> dict[str, str]:
        """What proves who asks; who locked or threw themselves out meanwhile is somebody new by now."""
        if who in self.names and not self.is_in(who):
            self.names[who] += "x"
            self.join(self.names[who], "admin" if who == "ann" else "user")
            self.headers[who] = self.sign_in(self.names[who])
        return self.headers.get(who, {})

    def sign_in(self, name: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.serving.sign_in(name, PASSWORD)}"}

    def ask(self, who: str, path: str, body: object) -> dict[str, Any]:
        answer = self.serving.post(f"/api/v1{path}", json=body, headers=self.headers[who])
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()["data"]
        return found


def tried(operation: Any, place: Place, who: str, mode: GenerationMode, examples: int) -> None:
    """Send requests of one operation, made after the document; whatever breaks a rule fails with the request."""
    headers = place.headers_of(who)

    @settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(data=st.data())
    def send(data: st.DataObject) -> None:
        case = data.draw(operation.as_strategy(generation_mode=mode))
        for name in case.path_parameters or {}:
            if data.draw(st.booleans()):
                case.path_parameters[name] = data.draw(known(place.ids))
        answer = case.call_and_validate(base_url=place.serving.url, headers=headers, checks=CHECKS, timeout=20)
        place.statuses[answer.status_code] += 1

    send()


@pytest.mark.parametrize(
    ("mode", "people"),
    [(GenerationMode.POSITIVE, ALLOWED), (GenerationMode.NEGATIVE, FORBIDDEN)],
    ids=["allowed", "forbidden"],
)
async def test_no_request_gets_a_5xx_or_an_answer_that_is_not_documented(
    kith: Kith, mode: GenerationMode, people: dict[str, int]
) -> None:
    place = Place(kith, kith.serve())
    schema = schemathesis.openapi.from_dict(place.serving.get("/api/openapi.json").json())
    faults: list[str] = []
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path in STREAMS:
            continue
        for who, examples in people.items():
            try:
                tried(operation, place, who, mode, examples)
            except Unsatisfiable:  # nothing about it can be wrong
                break
            except Exception as fault:
                faults.append(f"{operation.label} as {who}: {fault}")
                break
    assert not faults, f"{len(faults)} operations:\n" + "\n\n".join(faults)
    assert {200, 401, 403, 404, 422} <= place.statuses.keys(), "the requests come to nothing"

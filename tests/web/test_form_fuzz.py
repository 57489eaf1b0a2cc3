"""Every form of every page, sent with whatever comes to mind: never a 5xx, and never a page without a way on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.testing import DIALECT, TestInstance
from tests.core.kith_process import Kith, Serving, kith_in

ROOT = Path(__file__).parents[2]
PASSWORD = "Quiet-Harbour-47"
# What breaks a form breaks it on either database; of the second one some of it is enough.
EXAMPLES = 5 if DIALECT == "sqlite" else 2
PAGES = [*ROOT.glob("templates/**/*.html"), *ROOT.glob("plugins/*/templates/**/*.html")]
FIELDS = sorted(
    {
        name
        for path in PAGES
        for name in re.findall(r'name="([A-Za-z]+)"', path.read_text())
    }
    | {"login", "password", "next", "token", "code", "otp", "fieldName", "fieldValue"}
)
THROUGH_API = re.compile(r"/(api|inbox|actors|\.well-known|nodeinfo)\b")
TEXTS = st.one_of(
    st.text(max_size=40),
    st.text(alphabet="0123456789-:.", max_size=24),
    st.sampled_from(
        [
            "",
            "\0",
            "ann",
            "@ann",
            "true",
            "9" * 400,
            "x" * 70_000,
            "\u202eevil",
            "e\u0301" * 50,
            "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16"),
            "https://a.test/\r\nSet-Cookie: x=1",
            "//evil.test",
            "javascript:alert(1)",
            "<script>alert(1)</script>",
            "{{ 7 * 7 }}",
            "%00%0d%0a",
            PASSWORD,
        ]
    ),
)
FORMS = st.lists(st.tuples(st.sampled_from(FIELDS), TEXTS), max_size=12)


@pytest.fixture
async def kith(tmp_path: Path) -> AsyncIterator[Kith]:
    async with kith_in(tmp_path, KITH_SERVER__ENVIRONMENT="development") as kith:
        yield kith


class Browser:
    """Somebody with cookies, who comes back signed in where a form has ended the session."""

    def __init__(self, kith: Kith, serving: Serving, name: str, role: str) -> None:
        self.kith, self.serving, self.name, self.role = kith, serving, name, role
        self.client = httpx.Client(
            base_url=serving.url, trust_env=False, timeout=30, headers={"Sec-Fetch-Site": "same-origin"}
        )
        if role:
            self.join()

    def join(self) -> None:
        email = f"{self.name}@example.org"
        self.kith.run(
            "account", "create", self.name, "--email", email, "--password", PASSWORD, "--role", self.role, "--verified"
        )
        self.client.cookies.clear()
        form = {"login": self.name, "password": PASSWORD, "csrfToken": self.csrf()}
        assert self.client.post("/login", data=form).status_code == 303

    def csrf(self) -> str:
        page = self.client.get("/login", follow_redirects=True).text
        found = re.search(r'name="csrf(?:-token|Token)" (?:content|value)="([^"]+)"', page)
        assert found, page[:500]
        return found[1]

    def back(self) -> str:
        """A token for the next form; who threw themselves out begins anew."""
        if self.role and self.client.get("/settings").status_code != 200:
            self.name += "x"
            self.join()
        return self.csrf()

    def send(self, path: str, form: list[tuple[str, str]], csrf: str, *, is_multipart: bool) -> httpx.Response:
        fields = [*form, ("csrfToken", csrf)]
        if is_multipart:
            parts = [(name, (None, value.encode())) for name, value in fields]
            return self.client.post(path, files=parts)
        values: dict[str, list[str]] = {}
        for name, value in fields:
            values.setdefault(name, []).append(value)
        return self.client.post(path, data=values)


def paths_of(instance: TestInstance, ids: list[str]) -> list[str]:
    """Where the pages take forms, with things that exist in place of what the paths ask for."""
    found = set()
    for rule in instance.instance.app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not THROUGH_API.match(rule.rule):
            for known in ids:
                found.add(re.sub(r"<[^>]+>", known, rule.rule))
    return sorted(found)


def tried(browser: Browser, path: str, seen: Counter[int]) -> None:
    """Send forms to one path; raises AssertionError with what was sent to break it."""
    csrf = browser.back()

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(form=FORMS, is_multipart=st.booleans())
    def send(form: list[tuple[str, str]], is_multipart: bool) -> None:
        answer = browser.send(path, form, csrf, is_multipart=is_multipart)
        seen[answer.status_code] += 1
        assert answer.status_code < 500, f"{answer.status_code} for {form}: {answer.text[:200]}"
        leads_to = answer.headers.get("location", "/")
        assert leads_to.startswith(("/", browser.serving.url)) and not leads_to.startswith("//"), leads_to
        assert "set-cookie: x=1" not in str(answer.headers).lower()

    send()


async def test_no_form_breaks_a_page_or_leads_away(kith: Kith, alpha: TestInstance) -> None:
    serving = kith.serve()
    seen: Counter[int] = Counter()
    ann, bob = Browser(kith, serving, "ann", "admin"), Browser(kith, serving, "bob", "user")
    kith.run("account", "create", "cid", "--email", "cid@example.org", "--password", PASSWORD)
    headers = {"Authorization": f"Bearer {serving.sign_in('cid', PASSWORD)}"}
    post = serving.post("/api/v1/posts", json={"content": "hello"}, headers=headers).json()["data"]
    faults = []
    for path in paths_of(alpha, ["cid", post["postId"]]):
        for browser in (ann, bob, Browser(kith, serving, "nobody", "")):
            try:
                tried(browser, path, seen)
            except Exception as fault:
                faults.append(f"POST {path} as {browser.name}: {fault}")
                break
    assert not faults, f"{len(faults)} of the forms:\n" + "\n\n".join(faults)
    assert {200, 303, 403, 404, 422} & seen.keys() >= {303, 404, 422}, f"the forms come to nothing: {dict(seen)}"

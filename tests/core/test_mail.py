"""What mails say and bear, and that nobody who reads the queue learns of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import pytest

from core.database import execute, now, rows, transaction
from core.mail.outgoing import send
from core.testing import PASSWORD, TestInstance, settle, world
from tests.core.mail_templates import with_template

LINK = "https://alpha.test/verify?token=abc123"


@pytest.fixture
async def alpha() -> AsyncIterator[TestInstance]:
    async with world("alpha.test", server__name='Kü "che" & Co', server__languages=("en", "de")) as (alpha,):
        with_template(alpha)
        yield alpha


async def greeted(at: TestInstance, to: str = "ann@example.org", who: str = "Ann", **more: Any) -> EmailMessage:
    """The greeting as it left."""
    with at.inside():
        await send(to, "greeting", who=who, link=LINK, **more)
    await settle(at)
    return at.mails()[-1]


def raw(at: TestInstance) -> str:
    """The newest mail as it lies there."""
    (file,) = (at.folder / "mail").glob("*.eml")
    return file.read_bytes().decode("ascii")


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body
    return str(body.get_content()).replace("\r\n", "\n")


async def test_a_mail_says_the_same_in_plain_text_and_in_html(alpha: TestInstance) -> None:
    mail = await greeted(alpha, who="<Ann> & co")
    assert mail["subject"] == "Hello <Ann> & co"
    assert part(mail, "plain").startswith(f"Dear <Ann> & co,\n\n{LINK}\n")
    assert "Dear &lt;Ann&gt; &amp; co," in part(mail, "html")
    assert f'href="{LINK}"' in part(mail, "html")


async def test_html_of_a_mail_loads_nothing_from_anywhere(alpha: TestInstance) -> None:
    html = part(await greeted(alpha), "html")
    assert not any(word in html for word in ("<img", "<link", "<script", "<style", "url(", "@import"))


async def test_a_mail_says_where_it_is_from_and_that_a_machine_wrote_it(alpha: TestInstance) -> None:
    mail = await greeted(alpha)
    assert mail["from"].addresses[0].addr_spec == "noreply@alpha.test"
    assert mail["from"].addresses[0].display_name == "Kü che & Co"
    assert mail["message-id"].endswith("@alpha.test>")
    assert mail["date"].datetime.utcoffset() is not None
    assert (mail["auto-submitted"], mail["content-language"]) == ("auto-generated", "en")
    assert mail["list-unsubscribe"] is None


async def test_nothing_of_a_mail_can_be_read_in_the_queue() -> None:
    async with world("alpha.test", mail__backend="smtp", mail__url="smtp://127.0.0.1:9") as (alpha,):
        with_template(alpha)
        with alpha.inside():
            await send("ann@example.org", "greeting", who="Ann", link=LINK)
            (job,) = await rows("SELECT * FROM core_job WHERE state = 'waiting'")
        assert not any(word in str(job) for word in ("ann", "Ann", "abc123", "verify", "example"))


async def test_a_mail_that_needs_no_server_is_there_with_the_answer(alpha: TestInstance) -> None:
    body = {"username": "carl", "email": "carl@example.org", "password": PASSWORD}
    await alpha.anon.post("/auth/register", body)
    assert len(alpha.mails("carl@example.org")) == 1
    with alpha.inside():
        assert not await rows("SELECT id FROM core_job WHERE name LIKE '%deliver'")


async def test_a_mail_that_a_full_disk_did_not_take_leaves_later(alpha: TestInstance) -> None:
    (alpha.folder / "mail").write_text("in the way")
    with alpha.inside():
        await send("ann@example.org", "greeting", who="Ann", link=LINK)
        await execute("UPDATE core_job SET due_at = $1", now())
    (alpha.folder / "mail").unlink()
    await settle(alpha)
    assert len(alpha.mails("ann@example.org")) == 1


async def test_a_mail_leaves_only_if_what_it_tells_of_is_kept(alpha: TestInstance) -> None:
    with alpha.inside(), pytest.raises(RuntimeError):
        async with transaction():
            await send("ann@example.org", "greeting", who="Ann", link=LINK)
            raise RuntimeError
    await settle(alpha)
    assert not alpha.mails()


@pytest.mark.parametrize("who", ["Ann\r\nBcc: eve@example.org", "Ann\nBcc: eve@example.org", "Ann\x85Bcc: e\u2028x"])
async def test_no_words_of_a_person_become_a_header(alpha: TestInstance, who: str) -> None:
    mail = await greeted(alpha, who=who)
    assert mail["bcc"] is None
    assert "\nBcc:" not in raw(alpha).partition("\r\n\r\n")[0]


@pytest.mark.parametrize(
    "to",
    [
        *("ann@example.org\r\nBcc: eve@example.org", "ann@example.org, eve@example.org", "Ann <ann@example.org>"),
        *("ann", "@a.b", "ann@exa mple.org", "ann@-.org", "ann..b@example.org", "ann@example.org\x00"),
    ],
)
async def test_what_is_no_address_gets_no_mail_and_is_not_tried_again(alpha: TestInstance, to: str) -> None:
    with alpha.inside():
        await send(to, "greeting", who="Ann", link=LINK)
    await settle(alpha)
    assert not alpha.mails()
    with alpha.inside():
        assert not await rows("SELECT id FROM core_job WHERE name LIKE '%deliver'")
        (event,) = await rows("SELECT name, details FROM core_security_event")
    assert event["name"] == "mail_given_up"
    assert "ann" not in str(event)


@pytest.mark.parametrize(
    ("to", "written"),
    [("ann@exämple.org", "ann@xn--exmple-cua.org"), ("Ann.Lee+x@EXAMPLE.org", "Ann.Lee+x@example.org"),
     ("ann@例え.jp", "ann@xn--r8jz45g.jp")],
)  # fmt: skip
async def test_addresses_in_any_script_are_reached(alpha: TestInstance, to: str, written: str) -> None:
    mail = await greeted(alpha, to)
    assert mail["to"].addresses[0].addr_spec == written


async def test_a_mail_speaks_the_language_somebody_has_chosen(alpha: TestInstance) -> None:
    ann = await alpha.user("ann")
    await ann.put("/users/me", {"settings": {"language": "de"}})
    assert (await greeted(alpha, account_id=ann.id))["content-language"] == "de"
    assert (await greeted(alpha, account_id=ann.id, language="en"))["content-language"] == "en"
    assert (await greeted(alpha, language="xx"))["content-language"] == "en"


async def test_a_notice_bears_an_unbroken_address_that_ends_such_notices(alpha: TestInstance) -> None:
    ann = await alpha.user("ann")
    await greeted(alpha, account_id=ann.id, notice="mailSignIns")
    head = raw(alpha).partition("\r\n\r\n")[0]
    assert f"\r\nList-Unsubscribe: <https://alpha.test/mail/unsubscribe/{ann.id}/mailSignIns/" in head
    assert "\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in head

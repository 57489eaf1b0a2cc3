"""Sending mail: a letter is written and queued in the transaction of what it tells of, and leaves soon after."""

from __future__ import annotations

import hmac
import random
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog

from core.accounts.audit import record
from core.accounts.models import Account
from core.database import after_commit, execute, new_id, now, transaction
from core.instance import here
from core.mail.letters import Letter, words_of
from core.mail.sending import Refused, hand_over
from core.metrics import mails
from core.tasks import task

log = structlog.get_logger(__name__)
GIVE_UP_AFTER = timedelta(days=4)  # RFC 5321, section 4.5.4.1: at least 4 to 5 days
ATTEMPTS = 40  # more than four days hold
UNSUBSCRIBE_BYTES = 16
LATER_SECONDS = 30


async def send(
    to: str, template: str, *, language: str = "", account_id: str | None = None, notice: str = "", **context: Any
) -> None:
    """Write a mail from `templates/mail/<template>.txt` and `.html`, and queue it inside the current transaction.

    It speaks `language`, else the one the account has chosen, else the server's first. `notice` is the name of a switch
    in the settings of `account_id` for mails that somebody may do without: where it is off nothing is sent, and else
    the mail bears a link that switches it off. Templates get `context`, and `site`, `language`, `unsubscribe`.
    """
    account = await Account.get_or_none(id=account_id) if account_id else None
    if notice and account and account.settings.get(notice) is False:
        return
    letter = written(to, template, language=language, account=account, notice=notice, **context)
    # Nobody who reads the table learns who got a mail, or gets hold of the links in it.
    sealed = here().secrets.seal(orjson.dumps(asdict(letter)), f"mail:{letter.id}")
    if here().settings.mail.backend == "smtp":
        await deliver.later(letter_id=letter.id, sealed=sealed)
        return
    key = f"mail:{letter.id}"
    async with transaction():
        await deliver.later(letter_id=letter.id, sealed=sealed, key=key, delay=LATER_SECONDS)
        after_commit(lambda: _at_once(letter, key))


async def _at_once(letter: Letter, key: str) -> None:
    """Write to the file or the console before whoever caused the mail gets an answer; nobody has to be waited for.

    The job is there for a process that dies, or a disk that is full, in between.
    """
    await _leave(letter)
    await execute("DELETE FROM core_job WHERE key = $1 AND state = 'waiting'", key)


def written(
    to: str, template: str, *, language: str = "", account: Account | None = None, notice: str = "", **context: Any
) -> Letter:
    """The mail that `send` would queue."""
    spoken = _language(language, account)
    unsubscribe = _unsubscribe_link(account.id, notice) if notice and account else ""
    subject, text, html = words_of(template, spoken, unsubscribe, context)
    return Letter(
        id=new_id(),
        to=to,
        subject=subject,
        text=text,
        html=html,
        written_at=now().isoformat(),
        language=spoken,
        account_id=account.id if account else None,
        unsubscribe=unsubscribe,
    )


def _language(wished: str, account: Account | None) -> str:
    languages = here().settings.server.languages
    chosen = wished or (account.settings.get("language", "") if account else "")
    return chosen if chosen in languages else languages[0]


def _unsubscribe_link(account_id: str, notice: str) -> str:
    return here().url(f"/mail/unsubscribe/{account_id}/{notice}/{unsubscribe_proof(account_id, notice)}")


def unsubscribe_proof(account_id: str, notice: str) -> str:
    """What stands in the link of a mail and nobody else can know; it lets nothing but these mails be switched off."""
    key = here().secrets.derive("mail-unsubscribe")
    return hmac.new(key, f"{account_id}:{notice}".encode(), "sha256").hexdigest()[: 2 * UNSUBSCRIBE_BYTES]


@task(attempts=ATTEMPTS, seconds=600)
async def deliver(letter_id: str, sealed: str) -> None:
    """Hand a letter over. What the server refuses for good, or has not taken for days, is given up and noted."""
    if here().mail_line.is_full:
        await deliver.later(delay=random.uniform(2, 10), letter_id=letter_id, sealed=sealed)
        return
    await _leave(Letter(**orjson.loads(here().secrets.open(sealed, f"mail:{letter_id}"))))


async def _leave(letter: Letter) -> None:
    try:
        await hand_over(letter)
    except Refused as refusal:
        mails.labels("refused").inc()
        await _given_up(letter, code=refusal.code)
    except Exception:
        if now() - datetime.fromisoformat(letter.written_at) > GIVE_UP_AFTER:
            mails.labels("given_up").inc()
            await _given_up(letter)
        else:
            mails.labels("deferred").inc()
            raise
    else:
        mails.labels("sent").inc()


async def _given_up(letter: Letter, **details: Any) -> None:
    log.warning("mail_given_up", letter=letter.id, **details)
    await record("mail_given_up", account_id=letter.account_id, **details)

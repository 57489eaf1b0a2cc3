"""Requests to join, and how those in charge answer them."""

from __future__ import annotations

from datetime import timedelta

from core.accounts.audit import Doer, record, record_act
from core.accounts.models import IN_VAIN, Account
from core.accounts.service import OUTSIDE
from core.accounts.standing import let_in, must_wait
from core.database import after_commit, execute, now, rows, transaction, value
from core.errors import Conflict, Invalid
from core.instance import here
from core.mail.outgoing import send
from core.permissions import require, those_with
from core.tasks import periodic, task

SENTENCE_AT_MOST = 1000
TOLD_EVERY = 3600  # seconds
ERASED_AT_ONCE = 100
NOTICE = "mailJoinRequests"


async def approve(by: Doer | None, account_id: str, sentence: str = "") -> None:
    """Let somebody in who asked to join, and tell them so, with a sentence if there is one.

    `by` nobody is a command of whoever runs the server. Raises Forbidden, Invalid, Conflict where they do not ask.
    """
    account = await _asking(by, account_id, sentence)
    if account.is_in_vain:
        raise Conflict("There is another account with this address, so nobody could prove it.", code="address_taken")
    async with transaction():
        await _answer(account)
        await record_act("let_in", account.id, by)
        await send(
            account.email,
            "join_approved",
            account_id=account.id,
            sentence=sentence.strip(),
            must_verify=must_wait(account) == "verify_email",
            url=here().url("/login"),
        )
        if must_wait(account) is None:
            await let_in(account)


async def reject(by: Doer | None, account_id: str, sentence: str = "") -> None:
    """Turn somebody down who asked to join, and tell them so; their account is erased and the name is free again.

    Raises as `approve`.
    """
    account = await _asking(by, account_id, sentence)
    async with transaction():
        await _answer(account)
        await record_act("turned_down", account.id, by)
        if not account.is_in_vain:
            await send(account.email, "join_rejected", account_id=account.id, sentence=sentence.strip())
        await _erase(account.id)


async def _asking(by: Doer | None, account_id: str, sentence: str) -> Account:
    if by:
        require(by.actor, "accounts.approve")
    if len(sentence) > SENTENCE_AT_MOST:
        raise Invalid({"sentence": f"This is too long: at most {SENTENCE_AT_MOST} characters."})
    account = await Account.get_or_none(id=account_id, is_waiting=True)
    if account is None:
        raise _not_waiting()
    return account


async def _answer(account: Account) -> None:
    """Of two answers at the same moment one counts."""
    if not await execute(
        "UPDATE core_account SET is_waiting = $1 WHERE id = $2 AND is_waiting = $3", False, account.id, True
    ):
        raise _not_waiting()
    account.is_waiting = False


def _not_waiting() -> Conflict:
    return Conflict("They do not ask to join, or not any more.", code="not_waiting")


# -- Telling those in charge ---------------------------------------------------
async def tell_of(account: Account) -> None:
    """Have those in charge told of somebody who asks to join, and has done their own part of it.

    Of many requests they are told once an hour.
    """
    if must_wait(account) != "await_approval":
        return
    await tell_those_in_charge.later(key="requests to join")


@task
async def tell_those_in_charge() -> None:
    """Mail how many ask to join to everybody who may let them in, unless all were answered meanwhile."""
    waiting = await count_waiting()
    if not waiting:
        return
    verdict = await here().limiter.take("told of requests to join", 1, TOLD_EVERY)
    if not verdict.allowed:
        await tell_those_in_charge.later(key="more requests to join", delay=verdict.retry_after)
        return
    url = here().url("/admin/users?state=waiting")
    async with transaction():
        for each in await Account.filter(
            actor__role__in=those_with("accounts.approve"),
            actor__suspended_at__isnull=True,
            actor__removed_at__isnull=True,
        ):
            await send(each.email, "join_request", account_id=each.id, notice=NOTICE, count=waiting, url=url)


async def count_waiting() -> int:
    """How many ask to join and could be answered."""
    proved = " AND email_verified_at IS NOT NULL" if here().settings.accounts.require_verified_email else ""
    return int(await value(f"SELECT COUNT(*) FROM core_account WHERE is_waiting = $1{proved}", True) or 0)


# -- Those who never came ------------------------------------------------------
async def withdraw(account_id: str) -> None:
    """Erase an account nobody has come in with yet, as whoever made it wants; nothing happens to any other."""
    async with transaction():
        if await _erase(account_id):
            await record("withdrawn", account_id=account_id)


async def _erase(account_id: str) -> bool:
    """Erase somebody nobody ever saw, actor and all, so that the name is free again; False where somebody did."""
    erased = await execute(
        "DELETE FROM core_actor WHERE id = $1 AND EXISTS"
        " (SELECT 1 FROM core_account c WHERE c.id = $1 AND c.stage = $2)",
        account_id,
        OUTSIDE,
    )
    after_commit(lambda: here().cache.drop_tag(f"actor:{account_id}"))
    return bool(erased)


@periodic(seconds=86_400)
@task
async def erase_the_unverified() -> None:
    """Erase accounts whose owners never followed the link in the mail, so that nobody keeps names for nothing; those
    made in vain even where nobody has to any more."""
    accounts = here().settings.accounts
    while True:
        late = await rows(
            "SELECT id FROM core_account WHERE stage = $1 AND email_verified_at IS NULL AND created_at < $2"
            " AND ($3 OR email_key LIKE $4) LIMIT $5",
            OUTSIDE,
            now() - timedelta(days=accounts.unverified_days),
            accounts.require_verified_email,
            f"{IN_VAIN}%",
            ERASED_AT_ONCE,
        )
        async with transaction():
            for each in late:
                if await _erase(each["id"]):
                    await record("never_came", account_id=each["id"])
        if len(late) < ERASED_AT_ONCE:
            return

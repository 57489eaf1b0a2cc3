"""Asking for a mail without learning who has an account: the same answer, in the same time, for every address."""

from __future__ import annotations

from core.accounts.models import Account
from core.api.limits import neighbourhood
from core.database import new_id
from core.email_addresses import email_key
from core.errors import RateLimited
from core.instance import here
from core.tasks import Task

HOUR = 3600


async def ask_quietly(answer: Task, email: str, address: str) -> None:
    """Have `answer` look up the account of an address later; it is called with what `account_asked` understands.

    Counted for the address that was typed, whether it has an account or not, and for where it was typed. Raises
    RateLimited.
    """
    limits, typed = here().settings.rate_limits, email.strip()[:320]
    if limits.enabled:
        for key in (f"at:{neighbourhood(address)}", email_key(typed)):
            verdict = await here().limiter.take(f"{answer.name}:{key}", limits.mailed_links_per_hour, HOUR)
            if not verdict.allowed:
                raise RateLimited(verdict.retry_after)
    ask_id = new_id()
    await answer.later(ask_id=ask_id, sealed=here().secrets.seal(typed.encode(), f"asking:{ask_id}"))


async def may_mail(what: str, key: str) -> bool:
    """Whether an address may get such a mail that a stranger caused, or has had enough of them in this hour."""
    limits = here().settings.rate_limits
    if not limits.enabled:
        return True
    return (await here().limiter.take(f"{what}:{key}", limits.mailed_links_per_hour, HOUR)).allowed


async def account_asked(ask_id: str, sealed: str) -> Account | None:
    """The account that bears the address, with its actor, if there is one."""
    typed = here().secrets.open(sealed, f"asking:{ask_id}").decode()
    return await Account.get_or_none(email_key=email_key(typed)).select_related("actor")

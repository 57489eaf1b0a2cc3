"""Mails that tell somebody what happened to the safety of their account, so that a thief does not go unnoticed."""

from __future__ import annotations

import ipaddress
from typing import Literal

from core.accounts.devices import device_words
from core.accounts.models import Account, Session
from core.instance import here
from core.mail.outgoing import send

What = Literal[
    "password", "email", "username", "app_on", "app_off", "passkey_on", "passkey_off", "recovery_codes", "login_on",
    "login_off",
]  # fmt: skip
SIGN_IN_NOTICE = "mailSignIns"
SESSIONS_COMPARED = 200


async def security_changed(account: Account, what: What, *, to: str = "") -> None:
    """Tell somebody inside the current transaction that the way into their account was changed.

    `what`: "password", "email" or "username" (changed), "app_on" and "app_off" (codes from an app), "passkey_on" and
    "passkey_off", "recovery_codes" (made anew), "login_on" and "login_off" (signing in by another service). The mail
    goes to `to` where that is not the account's address, such as the one it had before.
    """
    await send(
        to or account.email,
        "security_changed",
        account_id=account.id,
        what=what,
        devices=here().url("/settings/security"),
        forgot=here().url("/forgot"),
        contact=here().settings.server.contact,
    )


async def new_device(account: Account, session: Session) -> None:
    """Tell somebody of a session that just began, if the account was never used on such a device from such a network.

    The first session of all is nothing to tell of, and whoever does not want these mails can switch them off. Where
    somebody comes from is told to nobody at an address that was never shown to be theirs.
    """
    if account.email_verified_at is None:
        return
    earlier = (
        await Session.filter(account_id=account.id, id__lt=session.id)
        .order_by("-id")
        .limit(SESSIONS_COMPARED)
        .values_list("user_agent", "address")
    )
    seen = {_kind_of_visit(str(user_agent), str(address)) for user_agent, address in earlier}
    if not seen or _kind_of_visit(session.user_agent, session.address) in seen:
        return
    await send(
        account.email,
        "new_device",
        account_id=account.id,
        notice=SIGN_IN_NOTICE,
        device=lambda: device_words(session.user_agent),  # in the language of the mail
        address=session.address,
        at=session.created_at,
        devices=here().url("/settings/security"),
        forgot=here().url("/forgot"),
    )


def _kind_of_visit(user_agent: str, address: str) -> tuple[str, str]:
    """Browser and system without their versions, which change every month, and the provider's part of the address."""
    return device_words(user_agent), _network(address)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    return str(ipaddress.ip_network(f"{found}/{16 if found.version == 4 else 32}", strict=False))

"""One account as those see it who look after it: what it is, where it is signed in, what may be done with it."""

from __future__ import annotations

from typing import Any

from core import present
from core.accounts import listing
from core.accounts.models import Account, Session
from core.accounts.proof_models import Passkey
from core.database import now
from core.models import Actor
from core.permissions import ACTS_ON_PEOPLE, allowed

Form = dict[str, Any]


async def overview(account_id: str) -> Form:
    """The form of the account with its devices and how it signs in. Raises NotFound."""
    form = await listing.account_form(account_id)
    account = await Account.get(id=account_id)
    standing = Session.filter(account_id=account_id, ended_at__isnull=True, expires_at__gt=now())
    latest = await standing.order_by("-last_used_at").first()
    return form | {
        "sessionsCount": await standing.count(),
        "lastUsedAt": present.stamp(latest.last_used_at) if latest else None,
        "hasCodes": account.totp_confirmed_at is not None,
        "passkeysCount": await Passkey.filter(account_id=account_id).count(),
        "leavesAt": present.stamp(account.leaves_at),
    }


async def possible_acts(actor: Actor, person: Actor) -> frozenset[str]:
    """What somebody may do to another, of ACTS_ON_PEOPLE."""
    return frozenset([act for act in ACTS_ON_PEOPLE if await allowed(actor, act, person)])

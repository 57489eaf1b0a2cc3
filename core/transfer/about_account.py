"""What is stored about an account beside what it published: settings, devices, security log, invites. No secrets."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

from core.accounts.models import Account, Invite, Session
from core.accounts.profile import settings_of
from core.accounts.proof_models import ForeignLogin, Passkey, SecurityEvent
from core.models import Actor
from core.oauth.models import AppToken
from core.person_forms import stamp
from core.storage.models import File
from core.transfer.models import Transfer
from core.transfer.writing import json_object

PAGE = 200
Form = Callable[[Any], Mapping[str, Any]]


def everything(account: Account, actor: Actor) -> AsyncIterator[bytes]:
    """The JSON of it, bit by bit."""
    head = {
        "userId": account.id,
        "username": actor.username,
        "fullName": actor.name,
        "email": account.email,
        "emailVerifiedAt": stamp(account.email_verified_at),
        "role": actor.role,
        "createdAt": stamp(account.created_at),
        "passwordChangedAt": stamp(account.password_changed_at),
        "secondFactorSince": stamp(account.totp_confirmed_at),
        "renamedAt": stamp(account.renamed_at),
        "joinReason": account.join_reason or None,
        "settings": settings_of(account),
    }
    mine = {"account_id": account.id}
    return json_object(
        head,
        sessions=_listed(Session, mine, _session),
        securityEvents=_listed(SecurityEvent, mine, _event),
        invites=_listed(Invite, mine, _invite),
        passkeys=_listed(Passkey, mine, _passkey),
        foreignLogins=_listed(ForeignLogin, mine, _foreign_login),
        appTokens=_listed(AppToken, mine, _app_token),
        transfers=_listed(Transfer, mine, _transfer),
        untoldCameras=_listed(File, {"owner_id": actor.id, "unused_since__isnull": False, "camera__not": ""}, _camera),
    )


async def _listed(model: Any, mine: Mapping[str, object], form: Form) -> AsyncIterator[Mapping[str, Any]]:
    last = ""
    while True:
        found = model.filter(**mine, **({"id__gt": last} if last else {})).order_by("id").limit(PAGE)
        things = await (found.select_related("app") if model is AppToken else found)
        if not things:
            return
        last = things[-1].id
        for thing in things:
            yield form(thing)


def _camera(one: File) -> Mapping[str, Any]:
    """With what an upload was taken of which it is not said yet whether that is told."""
    return {"fileId": one.id, "camera": one.camera or None}


def _session(one: Session) -> Mapping[str, Any]:
    return {
        "userAgent": one.user_agent,
        "address": one.address,
        "createdAt": stamp(one.created_at),
        "lastUsedAt": stamp(one.last_used_at),
        "endedAt": stamp(one.ended_at),
    }


def _event(one: SecurityEvent) -> Mapping[str, Any]:
    by_themselves = one.by_id is None or one.by_id == one.account_id
    return {
        "name": one.name,
        "createdAt": stamp(one.created_at),
        "byYourself": by_themselves,
        "address": one.address if by_themselves else None,
        "userAgent": one.user_agent if by_themselves else None,
        "details": one.details,
    }


def _invite(one: Invite) -> Mapping[str, Any]:
    return {
        "code": one.code,
        "note": one.note,
        "uses": one.uses,
        "usesAtMost": one.uses_at_most,
        "createdAt": stamp(one.created_at),
        "expiresAt": stamp(one.expires_at),
        "revokedAt": stamp(one.revoked_at),
    }


def _passkey(one: Passkey) -> Mapping[str, Any]:
    return {"name": one.name, "createdAt": stamp(one.created_at), "lastUsedAt": stamp(one.last_used_at)}


def _foreign_login(one: ForeignLogin) -> Mapping[str, Any]:
    return {"provider": one.provider, "subject": one.subject, "createdAt": stamp(one.created_at)}


def _app_token(one: AppToken) -> Mapping[str, Any]:
    app = one.app
    return {
        "app": app.name if app else None,
        "name": one.name,
        "scopes": one.scopes,
        "createdAt": stamp(one.created_at),
        "lastUsedAt": stamp(one.last_used_at),
        "revokedAt": stamp(one.revoked_at),
    }


def _transfer(one: Transfer) -> Mapping[str, Any]:
    return {
        "kind": one.kind,
        "state": one.state,
        "createdAt": stamp(one.created_at),
        "finishedAt": stamp(one.finished_at),
    }

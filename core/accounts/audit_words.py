"""What stands in the audit trail, in words: the one list of all events there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from core.web.language import gettext as _
from core.web.words import role_words

Details = Mapping[str, Any]


def _role(role: object) -> str:
    return role_words(str(role)) or _("Member")


def _role_changed(details: Details) -> str:
    if not details.get("role"):
        return _("The role was changed")
    names = {"before": _role(details.get("before")), "after": _role(details["role"])}
    return _("The role was changed from %(before)s to %(after)s") % names


def _signed_in(details: Details) -> str:
    by = str(details.get("by", ""))
    if by == "passkey":
        return _("Signed in with a passkey")
    if by == "password+recovery_code":
        return _("Signed in with the password and a recovery code")
    if by == "password+totp":
        return _("Signed in with the password and a code")
    if by == "password+passkey":
        return _("Signed in with the password and a passkey")
    return _("Signed in")


def _username_changed(details: Details) -> str:
    if not details.get("after"):
        return _("The user name was changed")
    names = {"before": details.get("before", ""), "after": details["after"]}
    return _("The user name was changed from @%(before)s to @%(after)s") % names


# One line for each name that `record` is called with; an event is told so that it fits whoever reads of it.
EVENTS: Mapping[str, Callable[[Details], str]] = {
    "signed_in": _signed_in,
    "sign_in_failed": lambda d: _("Somebody tried to sign in and failed"),
    "session_ended": lambda d: _("A device was signed out"),
    "sessions_ended": lambda d: _("All other devices were signed out"),
    "refresh_reused": lambda d: _("A device was signed out, because a key it had used before turned up again"),
    "totp_on": lambda d: _("Signing in with a code was switched on"),
    "totp_off": lambda d: _("Signing in with a code was switched off"),
    "recovery_codes_made": lambda d: _("New recovery codes were made"),
    "recovery_code_used": lambda d: _("A recovery code was used"),
    "passkey_added": lambda d: _("A passkey was added"),
    "passkey_removed": lambda d: _("A passkey was removed"),
    "passkey_refused": lambda d: _("A passkey was refused, because there seems to be a copy of it"),
    "suspended": lambda d: _("The account was suspended"),
    "unsuspended": lambda d: _("The account was let in again"),
    "role_changed": _role_changed,
    "password_replaced": lambda d: _("Another password was set for the account"),
    "password_changed": lambda d: _("The password was changed"),
    "password_reset": lambda d: _("The password was forgotten, and another one chosen by a mailed link"),
    "email_verified": lambda d: _("The e-mail address was confirmed"),
    "email_change_asked": lambda d: _("Another e-mail address was asked for"),
    "email_change_stopped": lambda d: _("Another e-mail address was refused at the one there is"),
    "email_changed": lambda d: _("The e-mail address was changed"),
    "username_changed": _username_changed,
    "second_factor_removed": lambda d: _("The second step of signing in was taken away"),
    "account_deleted": lambda d: _("The account was deleted"),
    "deletion_asked": lambda d: _("It was asked to delete the account in a week"),
    "deletion_cancelled": lambda d: _("The account was to be deleted, and is kept after all"),
    "account_erased": lambda d: _("Everything the account had stored was erased"),
    "account_moved": lambda d: _("It was said that the account has moved to another one"),
    "move_taken_back": lambda d: _("The account was said to have moved, and is used after all"),
    "export_asked": lambda d: _("An archive of everything stored was asked for"),
    "export_downloaded": lambda d: _("An archive of everything stored was downloaded"),
    "foreign_login_linked": lambda d: _("Signing in by another service was switched on"),
    "foreign_login_removed": lambda d: _("Signing in by another service was switched off"),
    "token_made": lambda d: _("A personal access token was made"),
    "token_revoked": lambda d: _("A personal access token was revoked"),
    "app_authorized": lambda d: _("An app was let act for the account"),
    "app_removed": lambda d: _("An app may act for the account no longer"),
    "app_token_reused": lambda d: _("A code or token of an app was used twice, and what came of it was ended"),
    "import_done": lambda d: _("Things from an archive or a list were brought in"),
    "joined": lambda d: _("The account was made"),
    "let_in": lambda d: _("The request to join was accepted"),
    "turned_down": lambda d: _("The request to join was turned down"),
    "withdrawn": lambda d: _("The request to join was taken back"),
    "never_came": lambda d: _("The account was erased, as its e-mail address was never confirmed"),
    "invite_made": lambda d: _("An invite was made"),
    "invite_revoked": lambda d: _("An invite was revoked"),
    "account_made": lambda d: _("The account was made for somebody"),
    "mail_given_up": lambda d: _("A mail to the account could not be delivered"),
    "keys_exported": lambda d: _("The keys of the server were copied out"),
    "keys_rotated": lambda d: _("The server got a new key"),
    "content_purged": lambda d: _("Content was taken away for good: %(digest)s") % {"digest": d.get("digest", "")[:16]},
    "emoji_added": lambda d: _("A small picture was added: :%(name)s:") % {"name": d.get("emoji", "")},
    "emoji_changed": lambda d: _("A small picture was changed: :%(name)s:") % {"name": d.get("emoji", "")},
    "emoji_removed": lambda d: _("A small picture was taken away: :%(name)s:") % {"name": d.get("emoji", "")},
    "hashtag_hidden": lambda d: _("A hashtag was kept out of the trends: #%(name)s") % {"name": d.get("hashtag", "")},
    "hashtag_shown": lambda d: _("A hashtag was let into the trends again: #%(name)s") % {"name": d.get("hashtag", "")},
    "profile_changed": lambda d: _("The profile was changed"),
    "picture_removed": lambda d: _("A picture of the profile was taken away"),
}


def event_words(name: str, details: Details) -> str:
    """What happened, as a sentence in the reader's language; the bare name of what is no longer known."""
    words = EVENTS.get(name)
    return words(details) if words else name.replace("_", " ").capitalize()

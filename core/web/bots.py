"""Telling bots from people by their manners, without asking anybody else: a field nobody sees, and their haste."""

from __future__ import annotations

import time
from collections.abc import Mapping

from core.errors import Forbidden
from core.instance import here
from core.tokens import BadToken

TRAP, SHOWN = "homepage", "shown"  # the fields: one to be left empty, one that says when the form was shown
DAY = 86_400
TOO_OLD = "form_too_old"


def shown_now(purpose: str) -> str:
    """What a form says of when it was first shown; signed, and good for a day."""
    return here().tokens.one_time(f"form:{purpose}", "", DAY)


def is_bot(purpose: str, form: Mapping[str, str], seconds: int) -> bool:
    """Whether a form was sent by somebody who filled in what nobody sees, or faster than in so many seconds.

    Raises Forbidden for a form that was shown more than a day ago.
    """
    try:
        shown = here().tokens.read_one_time(f"form:{purpose}", form.get(SHOWN, ""))
    except BadToken as error:
        if error.code == "token_expired":
            raise Forbidden("This form lay open for too long. Please send it once more.", code=TOO_OLD) from None
        return True
    return bool(form.get(TRAP)) or time.time() < shown.expires_at - DAY + seconds

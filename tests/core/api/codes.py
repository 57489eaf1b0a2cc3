"""Somebody's app for codes, and how time passes for it."""

from __future__ import annotations

import asyncio
import time

import pyotp

from core.accounts.models import Account
from core.testing import Person
from core.testing.people import Data

STEP = 30


class App:
    """What shows six digits on somebody's phone."""

    def __init__(self, secret: str) -> None:
        self.secret = secret

    async def code(self, steps: int = 0) -> str:
        """The code of now, or of so many steps of half a minute ahead; good for three seconds at least."""
        if time.time() % STEP > STEP - 3:
            await asyncio.sleep(3)
        return pyotp.TOTP(self.secret).generate_otp(int(time.time()) // STEP + steps)


async def with_codes(person: Person) -> tuple[App, list[str]]:
    """Have somebody sign in with codes from now on: their app, which may show a code again, and recovery codes."""
    setup: Data = await person.post("/auth/totp")
    app = App(setup["secret"])
    await person.put("/auth/totp", {"otp": await app.code()})
    await a_while_later(person)
    return app, setup["recoveryCodes"]


async def a_while_later(person: Person) -> None:
    """Let so much time pass that the codes of now have not served yet."""
    with person.instance.inside():
        await Account.filter(id=person.id).update(totp_step=0)

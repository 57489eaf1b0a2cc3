"""How often somebody may guess a password, or what comes after it."""

from __future__ import annotations

from core.accounts.models import Account
from core.api.limits import neighbourhood
from core.errors import RateLimited
from core.instance import here

WINDOW_SECONDS = 15 * 60
_TOO_MANY = "Too many failed tries."


class PasswordGuesses:
    """Failed tries to sign in: counted for the name and for the account behind it, each from this address, and for
    the address."""

    def __init__(self, name: str, account: Account | None, address: str) -> None:
        settings, limiter, place = here().settings.rate_limits, here().limiter, neighbourhood(address)
        self.enabled = settings.enabled
        self.name = f"login:{name.lower().removeprefix('@')}:{place}"
        self.account = f"login:{account.id}:{place}" if account else self.name
        self.place = f"login:{place}"
        self.of_account = limiter.failures(settings.login_failures_per_account, WINDOW_SECONDS)
        self.of_place = limiter.failures(settings.login_failures_per_address, WINDOW_SECONDS)

    async def begin(self) -> bool:
        """Book a try, which counts as failed until it proves right. Raises RateLimited.

        False where only other names of the same account were tried too often: that must look like any wrong guess, or
        it would tell which address belongs to which name.
        """
        if not self.enabled:
            return True
        for failures, key in ((self.of_account, self.name), (self.of_place, self.place)):
            verdict = await failures.begin(key)
            if not verdict.allowed:
                raise RateLimited(verdict.retry_after, _TOO_MANY)
        return self.account == self.name or (await self.of_account.begin(self.account)).allowed

    async def right(self) -> None:
        """The try was right: this account's failures are forgotten, and the address is not blamed for it."""
        await self.forget()
        if self.enabled:
            await self.of_place.succeeded(self.place)

    async def forget(self) -> None:
        """Forget this account's failures: they proved otherwise who they are."""
        if self.enabled:
            await self.of_account.clear(self.name)
            await self.of_account.clear(self.account)


class ProofGuesses:
    """Failed tries at what only somebody comes to who is past the first door: a code, or the password once more.

    They are counted for the account, wherever they come from: six digits would not stand a guess from every address.
    """

    def __init__(self, account_id: str) -> None:
        settings = here().settings.rate_limits
        self.enabled, self.key = settings.enabled, f"proof:{account_id}"
        self.failures = here().limiter.failures(settings.login_failures_per_account, WINDOW_SECONDS)

    async def begin(self) -> None:
        """Book a try, which counts as failed until it proves right. Raises RateLimited."""
        if self.enabled and not (verdict := await self.failures.begin(self.key)).allowed:
            raise RateLimited(verdict.retry_after, _TOO_MANY)

    async def right(self) -> None:
        """The try was right: the failures are forgotten."""
        if self.enabled:
            await self.failures.clear(self.key)


class PlaceGuesses:
    """Failed tries from an address where no name was said: passkeys that prove nothing."""

    def __init__(self, address: str) -> None:
        settings = here().settings.rate_limits
        self.enabled, self.key = settings.enabled, f"login:{neighbourhood(address)}"
        self.failures = here().limiter.failures(settings.login_failures_per_address, WINDOW_SECONDS)

    async def begin(self) -> None:
        """Book a try, which counts as failed until it proves right. Raises RateLimited."""
        if self.enabled and not (verdict := await self.failures.begin(self.key)).allowed:
            raise RateLimited(verdict.retry_after, _TOO_MANY)

    async def right(self) -> None:
        """The try was right, and the address is not blamed for it."""
        if self.enabled:
            await self.failures.succeeded(self.key)

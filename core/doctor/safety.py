"""Set-ups that work and are weak: who is in charge, who may come in, how mail goes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from core.accounts.former_address import left_behind
from core.database import rows, value
from core.doctor.findings import Finding, broken, weak, well
from core.instance import here
from core.mail.sending import NotSent, try_server
from core.oidc.provider import ProviderFailed


async def people() -> AsyncIterator[Finding]:
    """Who is in charge, and whether their accounts are well guarded."""
    staff = await rows(
        "SELECT a.username, a.role, c.totp_confirmed_at, c.password_hash FROM core_actor a"
        " JOIN core_account c ON c.actor_id = a.id"
        " WHERE a.domain = '' AND a.role IN ('admin', 'moderator') AND a.removed_at IS NULL ORDER BY a.username"
    )
    admins = [one for one in staff if one["role"] == "admin"]
    if not admins:
        yield broken("people", "nobody runs this place", "kith account create NAME --email E --role admin --verified")
        return
    bare = [one["username"] for one in staff if one["password_hash"] and not one["totp_confirmed_at"]]
    if bare:
        yield weak(
            "people",
            f"in charge with a password alone: {', '.join(bare)}",
            "have them add a second step in Settings, Security",
        )
    else:
        yield well("people", f"{len(staff)} in charge, each with a second step")


async def names() -> AsyncIterator[Finding]:
    """People bear the address of the server in what names them elsewhere, and it must be today's."""
    found = await left_behind()
    if found:
        mend = f"set base_url of [server] to {found.address} again, or begin with an empty database"
        yield broken("names", str(found), mend)


async def provider() -> AsyncIterator[Finding]:
    """The service by which people may sign in, where there is one."""
    found = here().oidc
    if found is None:
        return
    try:
        await found.examine()
    except ProviderFailed as error:
        mend = "compare [oidc] with /.well-known/openid-configuration there"
        yield broken("signing in", f"{found.name} is no good: {error.reason}", mend)
    else:
        yield well("signing in", f"{found.name} answers")


async def joining() -> AsyncIterator[Finding]:
    """Open doors bring spam."""
    settings = here().settings
    accounts = settings.accounts
    waiting = int(str(await value("SELECT COUNT(*) FROM core_account WHERE is_waiting")))
    if settings.production and accounts.registration == "open" and not accounts.require_verified_email:
        yield weak(
            "joining",
            "anybody may join with an address that nobody has checked",
            "set require_verified_email of [accounts], or registration to approval or invite",
        )
    elif waiting and accounts.registration == "approval":
        yield weak("joining", f"{waiting} people wait to be let in", "look at /admin/users, or kith account approve")
    else:
        yield well("joining", f"registration is {accounts.registration}")


async def mail() -> AsyncIterator[Finding]:
    """Forgotten passwords, confirmations and notices go by mail."""
    settings = here().settings
    if settings.mail.backend != "smtp":
        says = f"goes to the {settings.mail.backend}, not to people"
        mend = "set url of [mail] to smtp://user:password@host"
        yield weak("mail", says, mend) if settings.production else well("mail", says)
        return
    try:
        await try_server()
    except NotSent as error:
        yield broken("mail", str(error), "check url of [mail], and that this machine may connect there")
    else:
        yield well("mail", "the mail server lets us in")


async def proxies() -> AsyncIterator[Finding]:
    """Behind a proxy that is not named, everybody seems to come from one address, and the limits hit all at once."""
    settings = here().settings
    if settings.production and not settings.server.trusted_proxies and settings.server.host in ("127.0.0.1", "::1"):
        yield weak(
            "proxy",
            "the server listens to this machine only and trusts no proxy's word about who asks",
            'set trusted_proxies of [server] to the address of the proxy, such as ["127.0.0.1"]',
        )
    else:
        yield well("proxy", f"trusted: {', '.join(settings.server.trusted_proxies) or 'none'}")

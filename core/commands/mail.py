"""kith mail."""

from __future__ import annotations

import click

from core.commands.context import Failed
from core.commands.running import in_instance
from core.email_addresses import email_fault
from core.instance import here
from core.mail.outgoing import written
from core.mail.sending import NotSent, hand_over


@click.group()
def mail() -> None:
    """Look whether mail leaves."""


@mail.command()
@click.argument("address")
@in_instance
async def test(address: str) -> None:
    """Send a mail to ADDRESS now, past the queue, and say what becomes of it."""
    if email_fault(address):
        raise Failed(f"{address} is no e-mail address.")
    try:
        await hand_over(written(address, "test"))
    except NotSent as error:
        raise Failed(f"The mail did not leave: {error}.") from error
    settings = here().settings.mail
    where = {"smtp": "The mail server took it.", "file": f"It lies in {here().folder / 'mail'}."}
    print(where.get(settings.backend, "That was it."))

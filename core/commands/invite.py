"""kith invite."""

from __future__ import annotations

import click

from core.accounts import invites
from core.accounts.audit import done_by_command_line
from core.accounts.invite_forms import form_of
from core.commands.context import Failed
from core.commands.output import json_option, print_list, print_thing
from core.commands.running import in_instance
from core.database import is_id
from core.people import find

SHOWN = 1000


@click.group()
def invite() -> None:
    """Make, list and revoke invites: links by which somebody may join."""


@invite.command()
@click.option(
    "--uses", type=click.IntRange(0), default=1, show_default=True, help="For how many people; 0: any number."
)
@click.option("--days", type=click.IntRange(0), default=7, show_default=True, help="For how many days; 0: for ever.")
@click.option("--note", default="", help="What it is for.")
@click.option("--by", help="The member who invites; else it is whoever runs the server.")
@json_option
@in_instance
async def create(uses: int, days: int, note: str, by: str | None, as_json: bool) -> None:
    """Make an invite, and print its link."""
    actor = await find(by) if by else None
    if by and (actor is None or not actor.is_local):
        raise Failed(f"There is nobody called {by} here.")
    with done_by_command_line():
        made = form_of(await invites.make(actor, note=note, uses=uses or None, days=days or None))
    if as_json:
        print_thing(made, as_json=True)
    else:
        print(made["url"])


@invite.command("list")
@json_option
@in_instance
async def list_invites(as_json: bool) -> None:
    """List the invites, newest first."""
    found = [form_of(one) for one in (await invites.everybodys(None, SHOWN))[:SHOWN]]
    columns = {
        "code": "CODE", "state": "STATE", "uses": "USED", "usesAtMost": "OF", "expiresAt": "UNTIL", "madeBy": "BY",
        "joined": "JOINED", "note": "NOTE",
    }  # fmt: skip
    print_list(found, columns, as_json=as_json)


@invite.command()
@click.argument("code")
@in_instance
async def revoke(code: str) -> None:
    """Make an invite good for nothing: the one with this code, link or id."""
    invite_id = code if is_id(code) else await invites.id_of(invites.code_of(code))
    with done_by_command_line():
        await invites.revoke(None, invite_id)
    print("It is revoked.")

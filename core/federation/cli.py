"""kith domain and kith federation: whom this server talks with, and what it finds there."""

from __future__ import annotations

from pathlib import Path

import click

from core.commands.context import Failed
from core.commands.output import json_option, print_list, print_thing
from core.commands.running import in_instance
from core.database import rows, when
from core.federation import domain_lists
from core.federation.domains import Policy, decide, decisions, load_policies
from core.federation.looking_up import find_elsewhere
from core.fetch import FetchError
from core.models import Actor, Entry
from core.outbound import stamp


@click.group()
def domain() -> None:
    """Block, silence and allow other servers."""


def _deciding(name: str, policy: Policy, text: str, said: str) -> None:
    """Add a command that decides about domains."""

    @domain.command(name, help=text)
    @click.argument("domains", nargs=-1, required=True, metavar="DOMAIN...")
    @click.option("--note", help="Why; it goes into exported lists.")
    @in_instance
    async def command(domains: tuple[str, ...], note: str | None) -> None:
        for each in domains:
            await decide(each, policy, note)
            print(f"{each} {said}.")


_deciding("block", "block", "Have nothing to do with servers: people are suspended here, follows end.", "is blocked")
_deciding("silence", "silence", "Keep people of servers out of public lists.", "is silenced")
_deciding("allow", "allow", 'Talk with servers where federation.mode is "allowlist".', "is allowed")
_deciding("clear", "", "Take back what was decided about servers.", "is like any other again")


@domain.command("list")
@json_option
@in_instance
async def list_domains(as_json: bool) -> None:
    """List what was decided about servers."""
    found = [
        {"domain": name, "policy": one.policy, "note": one.note, "since": stamp(one.since)}
        for name, one in (await decisions()).items()
    ]
    columns = {"domain": "DOMAIN", "policy": "POLICY", "since": "SINCE", "note": "NOTE"}
    print_list(found, columns, as_json=as_json)


@domain.command("export")
@click.option("--allowed", is_flag=True, help="The allowed ones instead of the blocked and silenced ones.")
@in_instance
async def export_domains(allowed: bool) -> None:
    """Print a list of domains as CSV that Mastodon reads as well."""
    print(await (domain_lists.exported_allowed() if allowed else domain_lists.exported()), end="")


@domain.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--allowed", is_flag=True, help="The file lists servers to allow.")
@in_instance
async def import_domains(file: Path, allowed: bool) -> None:
    """Decide as a CSV file says, one of Mastodon or a plain list of domains to block."""
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise Failed("The file is not UTF-8 text.") from None
    imported = await domain_lists.take_in(text, "allow" if allowed else None)
    for number, name, reason in imported.left_out:
        print(f"line {number}: {name or '(nothing)'} is left out: {reason}")
    print(f"{imported.decided} domains decided about, {len(imported.left_out)} left out.")


@click.group()
def federation() -> None:
    """Look at what goes on with other servers."""


@federation.command()
@click.argument("address", metavar="ACCT|URL")
@json_option
@in_instance
async def lookup(address: str, as_json: bool) -> None:
    """Find a person or a post of another server, as a search would, and say why where that fails."""
    await load_policies()
    try:
        found = await find_elsewhere(address)
    except FetchError as failure:
        raise Failed(f"{address}: {failure.reason}.") from failure
    if isinstance(found, Actor):
        print_thing(await _actor_form(found), as_json=as_json)
    elif isinstance(found, Entry):
        print_thing({"uri": found.uri, "kind": found.kind, "id": found.id, "content": found.content}, as_json=as_json)
    else:
        raise Failed(f"{address}: there is nobody and nothing there that is understood here.")


async def _actor_form(actor: Actor) -> dict[str, object]:
    keys = await rows("SELECT uri, kind, fetched_at FROM federation_key WHERE actor_id = $1 ORDER BY uri", actor.id)
    return {
        "acct": actor.acct,
        "uri": actor.uri,
        "type": actor.type,
        "id": actor.id,
        "inbox": actor.inbox_url,
        "sharedInbox": actor.shared_inbox_url,
        "keys": [f"{key['uri']} ({key['kind']})" for key in keys],
        "fetchedAt": when(actor.fetched_at),
        "suspended": actor.suspended_at is not None,
    }

"""kith account."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import click

from core.accounts import administration, audit, audit_forms, changing_name, leaving, making, requests
from core.accounts.erasing import erase
from core.accounts.models import Account
from core.accounts.service import OUTSIDE
from core.commands.context import Failed
from core.commands.output import json_option, print_list, print_thing
from core.commands.running import in_instance
from core.commands.transfers import export_account, import_account
from core.database import now
from core.instance import here
from core.models import Actor
from core.oauth import personal
from core.people import find
from core.permissions import ROLES


@click.group()
def account() -> None:
    """Make, list and look after accounts."""


account.add_command(export_account)
account.add_command(import_account)


@account.command()
@click.argument("name")
@click.option("--email", required=True, help="Where to reach them.")
@click.option("--password", help="Asked for on a terminal, else made up and printed, where it is not given.")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.option("--verified", is_flag=True, help="The e-mail address is known to be theirs.")
@click.option("--mail-link", is_flag=True, help="Mail them a link to choose a password, instead of setting one.")
@in_instance
async def create(name: str, email: str, password: str | None, role: str, verified: bool, mail_link: bool) -> None:
    """Make an account."""
    chosen = None if mail_link else password or _asked_for()
    made = administration.new_password()
    await making.make(name, email, None if mail_link else chosen or made, role=role, verified=verified)
    print(f"{name} has an account at {here().domain}{', and a mail to choose a password' if mail_link else ''}.")
    if chosen == "":
        print(f"Password: {made}")


@account.command()
@click.argument("name")
@click.option("--sentence", default="", help="What to tell them with it, in the mail they get.")
@in_instance
async def approve(name: str, sentence: str) -> None:
    """Let somebody in who asked to join."""
    await requests.approve(None, (await _actor(name)).id, sentence)
    print(f"{name} is in.")


@account.command()
@click.argument("name")
@click.option("--sentence", default="", help="What to tell them with it, in the mail they get.")
@in_instance
async def reject(name: str, sentence: str) -> None:
    """Turn somebody down who asked to join: their account is erased, and the name is free again."""
    await requests.reject(None, (await _actor(name)).id, sentence)
    print(f"{name} is turned down.")


@account.command("list")
@click.option("--role", type=click.Choice(ROLES), help="Only those with this role.")
@json_option
@in_instance
async def list_accounts(role: str | None, as_json: bool) -> None:
    """List the accounts, oldest first."""
    accounts = Account.all().order_by("id").select_related("actor")
    if role:
        accounts = accounts.filter(actor__role=role)
    columns = {"username": "NAME", "email": "E-MAIL", "role": "ROLE", "state": "STATE", "createdAt": "SINCE"}
    print_list([_form(one.actor, one) for one in await accounts], columns, as_json=as_json)


@account.command()
@click.argument("name")
@json_option
@in_instance
async def show(name: str, as_json: bool) -> None:
    """Show an account."""
    actor = await _actor(name)
    print_thing(_form(actor, await Account.get_or_none(actor_id=actor.id)), as_json=as_json)


@account.command()
@click.argument("name")
@in_instance
async def suspend(name: str) -> None:
    """Make somebody, here or elsewhere, vanish; `unsuspend` brings them back."""
    await administration.suspend(await _actor(name))
    print(f"{name} is suspended.")


@account.command()
@click.argument("name")
@in_instance
async def unsuspend(name: str) -> None:
    """Let somebody be there again."""
    await administration.unsuspend(await _actor(name))
    print(f"{name} is back.")


@account.command("role")
@click.argument("name")
@click.argument("role", type=click.Choice(ROLES))
@in_instance
async def set_role(name: str, role: str) -> None:
    """Make somebody a user, moderator or admin."""
    await administration.set_role(await _actor(name), role)
    print(f"{name} is {role} now.")


@account.command("reset-password")
@click.argument("name")
@click.option("--password", help="Asked for on a terminal, else made up and printed, where it is not given.")
@in_instance
async def reset_password(name: str, password: str | None) -> None:
    """Give somebody another password, and sign them out everywhere."""
    chosen = password or _asked_for()
    await administration.reset_password(await _actor(name), chosen or (made := administration.new_password()))
    print(f"{name} has another password, and is signed out everywhere.")
    if not chosen:
        print(f"Password: {made}")


@account.command("reset-second-factor")
@click.argument("name")
@in_instance
async def reset_second_factor(name: str) -> None:
    """Let somebody sign in with their password alone, who has lost what they need beside it."""
    await administration.reset_second_factor(await _actor(name))
    print(f"{name} signs in with nothing but the password now.")


@account.command("log")
@click.argument("name", required=False, default="")
@click.option("--event", default="", help="Only events of this name, such as role_changed.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@json_option
@in_instance
async def show_log(name: str, event: str, limit: int, as_json: bool) -> None:
    """Show what the security log says of everybody, or of one: what was done to them and by them, latest first."""
    person = await _actor(name) if name else None
    found = await audit.all_events(limit=limit, name=event, person_id=person.id if person else "")
    lines = await audit_forms.everybodys(found[:limit])
    if not as_json:
        lines = [
            line | {"user": _acct(line["user"]), "by": "command line" if line["byCommandLine"] else _acct(line["by"])}
            for line in lines
        ]
    columns = {"createdAt": "WHEN", "user": "WHO", "event": "EVENT", "by": "BY", "address": "ADDRESS"}
    print_list(lines, columns, as_json=as_json)


@account.command()
@click.argument("name")
@click.option("--scopes", required=True, help="What it may do, such as “read” or “read:posts write:posts”.")
@click.option("--expires", type=click.IntRange(1, 3650), metavar="DAYS", help="Never, where it is not given.")
@click.option("--label", default="made by kith account token", show_default=True, help="What it is for.")
@in_instance
async def token(name: str, scopes: str, expires: int | None, label: str) -> None:
    """Make a personal access token for somebody, and print it; it is kept nowhere else."""
    owner = await administration.account_of(await _actor(name))
    expires_at = now() + timedelta(days=expires) if expires else None
    _made, text = await personal.make(owner, label, scopes.split(), expires_at=expires_at)
    print(text)


@account.command()
@click.argument("name")
@in_instance
async def verify(name: str) -> None:
    """Believe that somebody's e-mail address is theirs, as if they had followed the link in the mail."""
    await administration.verify_email(await _actor(name))
    print(f"The address of {name} is confirmed.")


@account.command("email")
@click.argument("name")
@click.argument("address")
@click.option("--unverified", is_flag=True, help="It is not known to be theirs: mail them a link to show it.")
@in_instance
async def set_email(name: str, address: str, unverified: bool) -> None:
    """Give somebody another e-mail address, where mail to the old one is not read any more."""
    await administration.set_email(await _actor(name), address, verified=not unverified)
    print(f"{name} has another address; both were told.")


@account.command()
@click.argument("name")
@click.argument("new_name")
@in_instance
async def rename(name: str, new_name: str) -> None:
    """Give somebody another user name, here and on other servers; the old one goes on leading to them."""
    account = await administration.account_of(await _actor(name))
    await changing_name.rename(account, new_name, at_any_time=True)
    print(f"{name} is @{new_name} now.")


@account.command()
@click.argument("name")
@click.option("--now", "at_once", is_flag=True, help="For good, and at once.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@in_instance
async def delete(name: str, at_once: bool, yes: bool) -> None:
    """Delete an account: out of sight at once, and for good, here and on other servers, in a week or --now."""
    actor = await _actor(name)
    if not yes:
        if not sys.stdin.isatty():
            raise Failed("This cannot be undone; say --yes.")
        click.confirm(f"Delete {name} and everything they wrote?", abort=True)
    if at_once:
        await administration.remove(actor)
        await erase(actor_id=actor.id)
        print(f"{name} is deleted.")
        return
    await administration.account_of(actor)
    leaves_at = await leaving.leave(actor)
    print(f"{name} is out of sight, and will be deleted on {leaves_at:%Y-%m-%d}; until then they can log in and stay.")


async def _actor(name: str) -> Actor:
    actor = await find(name)
    if actor is None:
        raise Failed(f"There is nobody called {name}.")
    return actor


def _acct(person: dict[str, Any] | None) -> str:
    return str(person["acct"]) if person else ""


def _asked_for() -> str:
    if not sys.stdin.isatty():
        return ""
    typed: str = click.prompt("Password (empty: make one up)", default="", show_default=False, hide_input=True)
    return typed


def _form(actor: Actor, account: Account | None) -> dict[str, Any]:
    state = "deleted" if actor.removed_at else "suspended" if actor.suspended_at else "active"
    if account and account.leaves_at and not actor.removed_at:
        state = "leaving"
    if account and account.stage == OUTSIDE:
        state = "waiting" if account.is_waiting else "unverified"
    return {
        "userId": actor.id,
        "username": actor.acct,
        "fullName": actor.name,
        "email": account.email if account else None,
        "emailVerified": bool(account and account.email_verified_at),
        "role": actor.role,
        "state": state,
        "posts": actor.posts_count,
        "followers": actor.followers_count,
        "createdAt": actor.created_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }

"""kith account."""

from __future__ import annotations

import sys
from typing import Any

import click

from core.accounts import administration, service
from core.accounts.models import Account
from core.accounts.service import ROLES
from core.commands.context import Failed
from core.commands.output import json_option, print_list, print_thing
from core.commands.running import in_instance
from core.instance import here
from core.models import Actor
from core.people import find


@click.group()
def account() -> None:
    """Make, list and look after accounts."""


@account.command()
@click.argument("name")
@click.option("--email", required=True, help="Where to reach them.")
@click.option("--password", help="Asked for on a terminal, else made up and printed, where it is not given.")
@click.option("--role", type=click.Choice(ROLES), default="user", show_default=True)
@click.option("--verified", is_flag=True, help="The e-mail address is known to be theirs.")
@in_instance
async def create(name: str, email: str, password: str | None, role: str, verified: bool) -> None:
    """Make an account."""
    chosen = password or _asked_for()
    await service.register(name, email, chosen or (made := administration.new_password()), role=role, verified=verified)
    print(f"{name} has an account at {here().domain}.")
    if not chosen:
        print(f"Password: {made}")


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


@account.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do not ask.")
@in_instance
async def delete(name: str, yes: bool) -> None:
    """Delete an account and everything of it, for good, here and on other servers."""
    actor = await _actor(name)
    if not yes:
        if not sys.stdin.isatty():
            raise Failed("This cannot be undone; say --yes.")
        click.confirm(f"Delete {name} and everything they wrote, for good?", abort=True)
    await administration.remove(actor)
    await administration.erase(actor_id=actor.id)
    print(f"{name} is deleted.")


async def _actor(name: str) -> Actor:
    actor = await find(name)
    if actor is None:
        raise Failed(f"There is nobody called {name}.")
    return actor


def _asked_for() -> str:
    if not sys.stdin.isatty():
        return ""
    typed: str = click.prompt("Password (empty: make one up)", default="", show_default=False, hide_input=True)
    return typed


def _form(actor: Actor, account: Account | None) -> dict[str, Any]:
    state = "deleted" if actor.removed_at else "suspended" if actor.suspended_at else "active"
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

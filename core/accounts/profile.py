"""What people say about themselves, and how they want things to be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core import emoji, prepared
from core.accounts.audit import Doer, record_act
from core.accounts.link_checks import check_soon
from core.accounts.models import Account
from core.accounts.service import NAME_AT_MOST
from core.database import after_commit, execute, from_json, transaction, value
from core.entries import Act
from core.errors import Invalid, NotFound
from core.html import render
from core.instance import here
from core.markup import CONTENT_TYPES, REL
from core.models import Actor
from core.permissions import require_allowed
from core.storage.files import forget_shown_cameras
from core.text import shown_name

KEEP_SECONDS = 600  # the settings of somebody who posts; a change is known at once
FIELD_NAME_AT_MOST, FIELD_VALUE_AT_MOST = 100, 500
# Every setting a person has, and what it is until they say otherwise.
SETTINGS: Mapping[str, Any] = {
    "searchable": True,
    "indexable": False,
    "discoverable": True,
    "gatherable": True,
    "language": "",
    "theme": "auto",
    "defaultVisibility": "public",
    "contentType": "text/markdown",
    "remindDescriptions": True,
    "altSuggestions": True,
    "showCamera": False,
    "groupInvites": "join",
    "hideNetwork": False,
    "mailSignIns": True,
    "mailJoinRequests": True,
}
_CHOICES = {
    "theme": ("auto", "light", "dark"),
    "defaultVisibility": ("public", "unlisted", "followers", "friends", "private"),
    "contentType": tuple(CONTENT_TYPES),
    "groupInvites": ("join", "ask"),
}

# What other servers are told as well.
_OF_ACTORS = {"discoverable": "is_discoverable", "indexable": "is_indexable", "gatherable": "is_gatherable"}
_COLUMNS = ("name", "summary_source", "summary", "profile_fields", "is_locked", "type", "emojis")


async def change_profile(
    actor: Actor,
    *,
    full_name: str | None = None,
    bio: str | None = None,
    fields: Sequence[Mapping[str, str]] | None = None,
    is_locked: bool | None = None,
    is_bot: bool | None = None,
    by: Doer | None = None,
) -> Actor:
    """Change what is given, leave the rest; `by` is who does it where that is not the person.

    Raises Forbidden, NotFound for people of other servers, Invalid naming every wrong field; then nothing is changed.
    """
    await require_allowed(by.actor if by else actor, "edit", actor, "This is somebody else's profile.")
    if not actor.is_local:
        raise NotFound("There is no such person here.")
    _check(full_name, bio, fields)
    async with transaction():
        await execute("UPDATE core_actor SET version = version + 1 WHERE id = $1", actor.id)  # others wait from here on
        actor = await Actor.get(id=actor.id)
        if full_name is not None:
            actor.name = shown_name(full_name, actor.username)
        if bio is not None:
            actor.summary_source = bio
            actor.summary = rendered(bio)
        if fields is not None:
            actor.profile_fields = _with_checks([_stored(f) for f in fields if f["name"].strip()], actor.profile_fields)
        if is_locked is not None:
            actor.is_locked = is_locked
        if is_bot is not None and actor.type in ("person", "service"):
            actor.type = "service" if is_bot else "person"
        await emoji.repack(actor)
        await actor.save(update_fields=_COLUMNS)
        await here().hooks.actor_stored(actor=actor)
        if fields is not None:
            await check_soon(actor)
        if by and by.actor.id != actor.id:
            await record_act("profile_changed", actor.id, by)
        await here().hooks.outgoing(act=Act("update_actor", actor))
        after_commit(lambda: changed(actor))
        after_commit(lambda: here().hooks.actor_updated(actor=actor))
    return actor


def _stored(field: Mapping[str, str]) -> dict[str, Any]:
    source = field["value"].strip()
    # rel="me" says to other pages that this profile is by whoever they are by (microformats.org/wiki/rel-me).
    value = rendered(source, inline=True).replace(f'rel="{REL}"', f'rel="me {REL}"')
    return {"name": field["name"].strip(), "value": value, "source": source}


def _with_checks(fields: list[dict[str, Any]], before: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The fields with when each was checked, as far as it still says the same."""
    checked = {(field["name"], field["value"]): field.get("verifiedAt") for field in before}
    return [field | {"verifiedAt": checked.get((field["name"], field["value"]))} for field in fields]


def typed_fields(actor: Actor) -> list[dict[str, str]]:
    """The fields of a profile as they were typed: `name` and `value`."""
    return [{"name": field["name"], "value": field.get("source", "")} for field in actor.profile_fields]


def changed(actor: Actor) -> None:
    """Forget what was prepared about an actor."""
    here().cache.drop_tag(f"actor:{actor.id}")


def rendered(source: str, *, inline: bool = False) -> str:
    """What somebody typed about themselves as safe HTML; `inline` for a line of a profile."""
    html = render(
        source,
        format="plain" if inline else "markdown",
        mentions={},
        tag_url=lambda tag: here().url(f"/tags/{tag}"),
    )
    is_one_paragraph = html.startswith("<p>") and html.endswith("</p>") and html.count("<p>") == 1
    return html[3:-4] if inline and is_one_paragraph else html


def _check(full_name: str | None, bio: str | None, fields: Sequence[Mapping[str, str]] | None) -> None:
    limits, errors = here().settings.limits, {}
    if full_name is not None and len(full_name) > NAME_AT_MOST:
        errors["fullName"] = f"This is too long: at most {NAME_AT_MOST} characters."
    if bio is not None and len(bio) > limits.biography_characters:
        errors["bio"] = f"This is too long: at most {limits.biography_characters} characters."
    if fields is not None:
        too_long = any(len(f["name"]) > FIELD_NAME_AT_MOST or len(f["value"]) > FIELD_VALUE_AT_MOST for f in fields)
        if len(fields) > limits.profile_fields:
            errors["fields"] = f"At most {limits.profile_fields} fields."
        elif too_long:
            errors["fields"] = f"A name has at most {FIELD_NAME_AT_MOST} characters, a value {FIELD_VALUE_AT_MOST}."
    if errors:
        raise Invalid(errors)


async def change_settings(account: Account, wanted: Mapping[str, Any]) -> None:
    """Change what is given; what nobody knows is ignored. Raises Invalid naming each wrong one."""
    errors: dict[str, str] = {}
    known = {name: value for name, value in wanted.items() if name in SETTINGS}
    for name, chosen in known.items():
        if type(chosen) is not type(SETTINGS[name]):
            errors[f"settings.{name}"] = f"This must be a {'switch' if isinstance(SETTINGS[name], bool) else 'text'}."
        elif name in _CHOICES and chosen not in _CHOICES[name]:
            errors[f"settings.{name}"] = f"One of {', '.join(_CHOICES[name])}."
        elif name == "language" and chosen and chosen not in here().settings.server.languages:
            errors["settings.language"] = f"One of {', '.join(here().settings.server.languages)}."
    if errors:
        raise Invalid(errors)
    async with transaction():
        stored = await Account.get(id=account.id)
        await Account.filter(id=account.id).update(settings={**stored.settings, **known})
        await _be_found(account.actor_id, known)
        if {**SETTINGS, **stored.settings}["showCamera"] and not known.get("showCamera", True):
            await forget_shown_cameras(account.actor_id)
            after_commit(lambda: here().cache.drop_tag(f"actor:{account.actor_id}"))
        if known.get("hideNetwork", False) != stored.settings.get("hideNetwork", False):
            after_commit(lambda: here().cache.drop_tag(f"actor:{account.actor_id}"))
        after_commit(lambda: here().cache.drop_tag(f"account:{account.id}"))


async def _be_found(actor_id: str, wanted: Mapping[str, Any]) -> None:
    """Let the actor, which other servers know, say what the settings say about being found."""
    actor = await Actor.get(id=actor_id)
    before = {name: getattr(actor, name) for name in _OF_ACTORS.values()}
    said = {column: wanted.get(name, before[column]) for name, column in _OF_ACTORS.items()}
    if said != before:
        actor.update_from_dict(said)
        actor.version += 1
        await actor.save(update_fields=[*said, "version"])
        await here().hooks.outgoing(act=Act("update_actor", actor))
        after_commit(lambda: changed(actor))
        after_commit(lambda: here().cache.drop_tag(prepared.SITEMAPS))
        after_commit(lambda: here().hooks.actor_updated(actor=actor))
    await here().hooks.actor_stored(actor=actor)


async def usual(actor: Actor) -> dict[str, Any]:
    """The settings of somebody by their actor: what holds for what they post where they do not say."""
    if not actor.is_local:
        return dict(SETTINGS)

    async def chosen() -> dict[str, Any]:
        own = await value("SELECT settings FROM core_account WHERE id = $1", actor.id)
        return (from_json(own) if own else None) or {}

    kept = await here().cache.remember(f"settings:{actor.id}", KEEP_SECONDS, chosen, tags=(f"account:{actor.id}",))
    return {**SETTINGS, **kept}


def settings_of(account: Account) -> dict[str, Any]:
    """All settings of a person, with the defaults of those they never touched."""
    return {**SETTINGS, **account.settings}

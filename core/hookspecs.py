"""The plugin manual, part one: every place where a plugin answers the core; what it hears of is in hookspecs_events.

A plugin implements a hook by a function of the same name under `@hookimpl` in its `__init__.py`, taking as many of the
arguments as it needs. Plugins answer in the order of the config. There are five shapes: *collect* is called once, at
start, without arguments; *ask* takes the first answer that is not None; *gather* takes all of them; *check* may raise
Rejected; *event* tells what has happened.
"""

# mypy: disable-error-code="empty-body"
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from core.hook_shapes import ask, check, collect, gather

if TYPE_CHECKING:  # these modules call hooks
    from collections.abc import Awaitable, Callable

    import click
    from quart import Blueprint, Request

    from core.accounts.models import Account
    from core.asgi import Door
    from core.audience import Viewer
    from core.doctor.findings import Examination
    from core.entries import Act, Draft, Kind
    from core.hits import Hits
    from core.models import Actor, Entry
    from core.reportable import Reportable
    from core.sealing import Sealed
    from core.web.slots import Card, NavItem, Tab


# -- Joining in -------------------------------------------------------------------------------------------------------


@collect
def blueprints() -> Sequence[Blueprint]:
    """At start, when the server is put together.
    Return: the plugin's Quart blueprints: JSON API, pages, WebSockets.
    Used by: every plugin with something to look at.

        @hookimpl
        def blueprints():
            return [routes.blueprint, pages.blueprint]
    """


@collect
def kinds() -> Sequence[Kind]:
    """At start, before anything is published; a kind that two plugins claim stops the start.
    Return: the Kinds of entry the plugin publishes.
    Used by: posts; images.

        @hookimpl
        def kinds():
            return [federation.RECIPE]
    """


@collect
def inbox() -> Mapping[str, Callable[..., Awaitable[str | None]]]:
    """At start; the handlers are called for verified activities from other servers.
    Return: handlers by the activity's type, or by that and its object's type: "Undo Like", "Update Actor". A handler is
        called inside a transaction with a core.federation.incoming.Incoming. It answers None once it has acted,
        "unknown" where the next plugin is to be asked, or why there was nothing to do; it raises KithErrors to refuse.
    Used by: federation, for what is about actors and entries of every kind; images; moderation.

        @hookimpl
        def inbox():
            return {"Like": federation.receive_like, "Undo Like": federation.receive_undo_like}
    """


@collect
def outbox() -> Mapping[str, Callable[..., Awaitable[Any]]]:
    """At start; the writers are called when an Act with their verb goes out to other servers.
    Return: writers of activities by the verb of the Act they are for.
    Used by: federation, for what is about actors and entries of every kind; images; moderation.

        @hookimpl
        def outbox():
            return {"cook": federation.cook_activity}
    """


@collect
def doors() -> Sequence[Door]:
    """At start; requests that match a door go straight to its ASGI app, before the framework and its checks.
    Return: the plugin's doors.
    Used by: federation, for the inbox.

        @hookimpl
        def doors():
            return [Door("oven", "POST", re.compile("/oven"), oven.app)]
    """


@collect
def settings_schema() -> type[Any]:
    """At start, before the settings are read: they become keys of `[plugins.<name>]`.
    Return: a frozen dataclass whose fields have defaults.
    Used by: none of the built-in plugins; for every plugin with something to set.

        @hookimpl
        def settings_schema():
            return RecipeSettings
    """


@collect
def sealed() -> Sequence[Sealed]:
    """At start. What is sealed with the instance's keys is sealed anew when these change, so it has to be known.
    Return: the columns of the plugin's tables that hold what `here().secrets.seal` made, with the context of each.
    Used by: federation, for the keys people sign with.

        @hookimpl
        def sealed():
            return [Sealed("recipes_cook", "oven_code", "recipes_cook.oven_code:{id}")]
    """


@collect
def examinations() -> Sequence[Examination]:
    """At start; they are made when an admin runs `kith doctor`.
    Return: coroutine functions that yield Findings: `well`, `weak` or `broken` with the mend, of core.doctor.findings.
    Used by: federation, for whether others find this server.

        @hookimpl
        def examinations():
            return [service.examine_oven]
    """


@collect
def commands() -> Sequence[click.Command]:
    """When the `kith` command starts.
    Return: click commands or groups, which stand beside the server's own.
    Used by: federation; search.

        @hookimpl
        def commands():
            return [cli.import_recipes]
    """


# -- Who asks, who is meant, and what they see ------------------------------------------------------------------------


@ask
async def account_from_request(request: Request) -> Account | None:
    """When a request bears a token that is none of this server's own.
    request: the request as Quart has it.
    Return: the account, or None where the plugin cannot tell; raise Unauthenticated for a proof that is no good.
    Used by: none of the built-in plugins; for those that give out tokens of their own.

        @hookimpl
        async def account_from_request(request):
            return await service.account_of(request.headers["Authorization"])
    """


@ask(budget=20)
async def look_up(address: str, fresh: bool) -> Actor | Entry | None:
    """When somebody names a person or a thing of another server that is not known here yet.
    address: @name@host, or the https address of a person, group or post.
    fresh: whether a person is to be asked for anew though they are known.
    Return: what was found there, now known here, or None.
    Used by: federation.

        @hookimpl
        async def look_up(address):
            return await actors.fetch(address)
    """


@ask
async def look_for_replies(entry: Entry) -> bool | None:
    """When somebody signed in reads a conversation of which other servers may know more.
    entry: the one they look at.
    Return: whether more is being looked for now; what is found comes to the open page. None where nobody could look.
    Used by: federation.

        @hookimpl
        async def look_for_replies(entry):
            return await threads.look_for_replies(entry)
    """


@ask
async def reportable(viewer: Viewer, kind: str, name: str) -> Reportable | None:
    """When somebody reports a thing that is no person and no entry.
    viewer: who reports it.
    kind: what they say it is; empty where another server reports it.
    name: its id, or its identity on the network where `kind` is empty.
    Return: what it is, or None where the plugin has nothing of that kind; raise NotFound where the viewer sees none.
    Used by: images, for albums and collections.

        @hookimpl
        async def reportable(viewer, kind, name):
            return await service.seen_menu(viewer, name) if kind == "menu" else None
    """


@gather
async def allowed(actor: Actor, action: str, subject: Entry | Actor) -> bool | None:
    """Before somebody does something to one thing or one person; who sees what is not asked here but by `visible`.
    actor: who wants to do it; of those elsewhere it is asked only whether they may answer or quote what is of here.
    action: of entries "edit", "delete", "reply", "quote"; of people "edit", "suspend", "unsuspend", "delete",
        "set_role", "reset_second_factor", for which the table of roles has said yes already.
    subject: the entry, or the person it is done to, who may be the actor.
    Return: True or False, or None for no opinion. A single False forbids it, and so does it where nobody says True.
    Used by: posts.

        @hookimpl
        async def allowed(actor, action, subject):
            return False if action == "delete" and await service.is_on_the_menu(subject) else None
    """


@gather(sync=True)
def shuns(host: str) -> bool | None:
    """Before a page elsewhere is fetched because somebody wrote of it.
    host: the name of its server, of one a redirect leads to, or of that of its picture.
    Return: whether this server wants nothing from there; never waits.
    Used by: federation, for blocked domains.

        @hookimpl
        def shuns(host):
            return host in service.rotten_kitchens()
    """


@gather(sync=True)
def visible(viewer: Viewer, parameter: int) -> str | None:
    """Whenever a list or an entry is read: the answers are AND-ed to what the core lets people see.
    viewer: who looks; a stranger has neither actor_id nor host.
    parameter: the number of the SQL parameter that holds `viewer.parameter`, where the viewer is no stranger.
    Return: a condition over the aliases e (core_entry) and a (the author's core_actor), or None for no condition.
    Used by: none of the built-in plugins; for those that keep entries from some people.

        @hookimpl
        def visible(viewer, parameter):
            return "NOT EXISTS (SELECT 1 FROM recipes_hidden h WHERE h.entry_id = e.id)"
    """


@gather(fragile=True)
async def search(viewer: Actor | None, text: str) -> Hits | Sequence[Hits] | None:
    """When somebody searches for things of all kinds at once.
    viewer: who does, None for a stranger; nobody finds what they may not see.
    text: what they typed, which may hold operators such as `from:`.
    Return: the first few of each kind that were found, or None.
    Used by: search, for people, posts and tags.

        @hookimpl
        async def search(viewer, text):
            return Hits("recipes", "Recipes", await service.found(viewer, text), f"/recipes?q={quote(text)}")
    """


@gather(fragile=True)
async def slot(
    name: str, viewer: Actor | None, **context: Any
) -> NavItem | Tab | Card | Sequence[NavItem | Tab | Card] | None:
    """When a page is rendered, once for each named place in it.
    name: "nav" for NavItems, "cards" for Cards at the side, "settings" and "profile.tabs" for Tabs; below an entry
        on its page "entry.about" for Cards for everybody, "entry.own" for those for its author; "tag" for Cards above
        the posts of a hashtag.
    viewer: who looks at the page, None for a stranger.
    context: what that place is about: `actor` in profile.tabs, `entry` in entry.about and entry.own, `tag` (as
        written) in tag.
    Return: what stands there, or a list of it, or None.
    Used by: every plugin with a page.

        @hookimpl
        async def slot(name):
            return NavItem("recipes", "Recipes", "/recipes", "chef-hat") if name == "nav" else None
    """


# -- Checks, and what happens in the same transaction -----------------------------------------------------------------


@check
async def before_publish(draft: Draft) -> None:
    """Inside the transaction, before an entry from here or elsewhere is stored or changed.
    draft: the entry to be; it may be changed.
    Return: nothing; raise Rejected with a sentence for the author to refuse it.
    Used by: images, whose posts need pictures.

        @hookimpl
        async def before_publish(draft):
            if draft.kind == "recipe" and not draft.title: raise Rejected("A recipe needs a name.")
    """


@check
async def before_receive(activity: dict[str, Any]) -> None:
    """When an activity from another server is verified and not yet acted on.
    activity: the ActivityStreams document.
    Return: nothing; raise Rejected to drop it.
    Used by: none of the built-in plugins; for those that keep out what others send.

        @hookimpl
        async def before_receive(activity):
            if await service.is_spam(activity): raise Rejected("This looks like spam.")
    """


@gather(budget=30)
async def outgoing(act: Act) -> None:
    """Inside the transaction in which somebody here did what other servers may have to learn of.
    act: the verb, who did it, and to what.
    Return: nothing; an exception takes back the act.
    Used by: federation, which writes the deliveries.

        @hookimpl
        async def outgoing(act):
            await outbox.write(act)
    """


@gather
async def entry_stored(entry: Entry) -> None:
    """Inside the transaction in which an entry, from here or elsewhere, was stored, given new words or taken away.
    entry: the entry; of one that was taken away the row is empty by now.
    Return: nothing; an exception takes back what was done.
    Used by: search, whose index is never behind; posts; images.

        @hookimpl
        async def entry_stored(entry):
            await service.note_dishes(entry.id)
    """


@gather
async def actor_stored(actor: Actor) -> None:
    """Inside the transaction in which an actor, here or elsewhere, was stored, changed or removed, or their settings.
    actor: as they are now; who was removed bears `removed_at`.
    Return: nothing; an exception takes back what was done.
    Used by: search; images.

        @hookimpl
        async def actor_stored(actor):
            await service.note_cook(actor.id)
    """


# -- What is stored about a person: required of each plugin that stores any of it -------------------------------------


@gather(budget=None)
async def export_account(account: Account) -> Mapping[str, Any]:
    """When somebody asks for everything that is stored about them.
    account: whose.
    Return: file names within the plugin's folder of the archive, each with what JSON can hold.
    Used by: every plugin with models.

        @hookimpl
        async def export_account(account):
            return {"recipes.json": await service.recipes_of(account)}
    """


@gather(budget=None)
async def import_account(account: Account, archive: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """When somebody brings an archive, made here or elsewhere: part after part, and each part may come twice.
    account: into which; whatever the archive says, nothing is brought in anybody else's name.
    archive: what export_account returned, by plugin and file name; trust none of it. Posts come as "outbox.json" of
        "core", some at a time: `actor` who wrote them, `followers` of theirs, `orderedItems`.
    Return: nothing, or how much of it was taken: numbers under "done", "already" and "failed", and "reasons", a number
        for each sentence.
    Used by: every plugin with models.

        @hookimpl
        async def import_account(account, archive):
            await service.restore(account, archive.get("recipes", {}).get("recipes.json", []))
    """


@gather(budget=None)
async def erase_account(account: Account) -> None:
    """When an account is deleted, before its rows in the core go. It is called again where another plugin failed.
    account: whose.
    Return: nothing; what is left afterwards names nobody.
    Used by: every plugin with models.

        @hookimpl
        async def erase_account(account):
            await Recipe.filter(cook_id=account.actor_id).delete()
    """

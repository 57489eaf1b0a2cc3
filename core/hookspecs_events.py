"""The plugin manual, part two: what plugins hear of after it has happened and was committed.

A listener that fails or takes too long is logged with its plugin's name and harms nobody else; one that keeps failing
is switched off. Whatever takes longer than a moment belongs in a task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core.hook_shapes import event

if TYPE_CHECKING:  # these modules call hooks
    from core.instance import Instance
    from core.models import Actor, Entry, Follow


@event
async def entry_published(entry: Entry, quiet: bool) -> None:
    """After an entry from here or elsewhere was stored.
    entry: the entry.
    quiet: whether it was brought along or found only now, so that nobody is to be told of it.
    Return: nothing.
    Used by: none of the built-in plugins; for those that tell people of what is new.

        @hookimpl
        async def entry_published(entry):
            await tasks.index.later(entry_id=entry.id)
    """


@event
async def entry_updated(entry: Entry) -> None:
    """After an entry was given new words.
    entry: the entry as it is now.
    Return: nothing.
    Used by: federation.

        @hookimpl
        async def entry_updated(entry):
            await tasks.index.later(entry_id=entry.id)
    """


@event
async def entry_deleted(entry: Entry) -> None:
    """After an entry was taken away; its row stays, empty, so that a thread keeps its shape.
    entry: as it was; its row is empty by now.
    Return: nothing.
    Used by: federation.

        @hookimpl
        async def entry_deleted(entry):
            await Note.filter(entry_id=entry.id).delete()
    """


@event
async def reaction_added(actor: Actor, entry: Entry, reaction: str) -> None:
    """After somebody, here or elsewhere, liked or boosted an entry.
    actor: who did.
    entry: what they reacted to.
    reaction: "like" or "boost".
    Return: nothing.
    Used by: none of the built-in plugins; for those that tell authors of it.

        @hookimpl
        async def reaction_added(actor, entry, reaction):
            await service.notify(entry.author_id, reaction, actor)
    """


@event
async def reaction_removed(actor: Actor, entry: Entry, reaction: str) -> None:
    """After somebody took back a like or a boost.
    actor: who did.
    entry: what they had reacted to.
    reaction: "like" or "boost".
    Return: nothing.
    Used by: none of the built-in plugins; for those that told authors of it.

        @hookimpl
        async def reaction_removed(actor, entry, reaction):
            await service.withdraw(entry.author_id, reaction, actor)
    """


@event
async def follow_requested(follow: Follow) -> None:
    """After somebody asked to follow somebody who decides about it.
    follow: follower, target, and whether it asks for friendship.
    Return: nothing.
    Used by: none of the built-in plugins; for those that tell people of it.

        @hookimpl
        async def follow_requested(follow):
            await service.notify(follow.target_id, "followRequest", follow.follower_id)
    """


@event
async def follow_accepted(follow: Follow) -> None:
    """After a follow has come about, asked for or at once.
    follow: follower and target.
    Return: nothing.
    Used by: none of the built-in plugins; for those that tell people of it.

        @hookimpl
        async def follow_accepted(follow):
            await service.notify(follow.target_id, "follow", follow.follower_id)
    """


@event
async def actor_registered(actor: Actor) -> None:
    """After somebody made an account here.
    actor: the new one.
    Return: nothing.
    Used by: none of the built-in plugins; for those that welcome people.

        @hookimpl
        async def actor_registered(actor):
            await service.welcome(actor)
    """


@event
async def actor_updated(actor: Actor) -> None:
    """After an actor, here or elsewhere, changed their profile.
    actor: as they are now.
    Return: nothing.
    Used by: none of the built-in plugins; for those that show profiles elsewhere.

        @hookimpl
        async def actor_updated(actor):
            await tasks.index_person.later(actor_id=actor.id)
    """


@event
async def actor_removed(actor: Actor) -> None:
    """After an actor, here or elsewhere, left for good.
    actor: what is left of them.
    Return: nothing.
    Used by: search.

        @hookimpl
        async def actor_removed(actor):
            await Member.filter(actor_id=actor.id).delete()
    """


@event(budget=30)
async def on_start(instance: Instance) -> None:
    """When the server is ready and about to take requests, in each of its processes.
    instance: the server.
    Return: nothing.
    Used by: federation; search.

        @hookimpl
        async def on_start(instance):
            await service.open_index(instance.folder)
    """


@event(budget=10)
async def on_stop(instance: Instance) -> None:
    """When the server has stopped taking requests and is about to end.
    instance: the server.
    Return: nothing.
    Used by: federation.

        @hookimpl
        async def on_stop(instance):
            await service.close_index()
    """

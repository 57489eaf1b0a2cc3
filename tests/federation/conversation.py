"""A conversation on two servers of another make, of which only the beginning is known here."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from core.models import Entry
from core.testing import Foreign, Person, TestInstance, settle

DOCUMENTS = Path(__file__).parent.parent / "documents"


class Conversation:
    """Mia began it on masto.test, and Otto of other.test takes part."""

    def __init__(self, instance: TestInstance) -> None:
        self.instance = instance
        self.masto, self.other = Foreign("masto.test").join(instance), Foreign("other.test").join(instance)
        self.mia, self.otto = self.masto.person("mia"), self.other.person("otto")

    def says(self, name: str, answers: str | None = None, *, by: str = "mia", **more: Any) -> str:
        """A post called `name`, a minute after the one before it; its address."""
        author = {"mia": self.mia, "otto": self.otto}[by]
        uri = f"{author.server.base_url}/notes/{name}"
        parent = answers and self._uri(answers)
        stamp = f"2026-11-01T10:{len(self.masto.documents) + len(self.other.documents):02}:00Z"
        note = author.note(f"<p>{name}</p>", inReplyTo=parent, **{"published": stamp, **more})
        del author.server.documents[urlsplit(note["id"]).path]
        author.server.documents[f"/notes/{name}"] = note | {"id": uri, "url": uri}
        return uri

    def _uri(self, name: str) -> str:
        host = next(one for one in (self.masto, self.other) if f"/notes/{name}" in one.documents)
        return f"{host.base_url}/notes/{name}"

    def shape(self, server: str, name: str) -> dict[str, Any]:
        """A recorded collection, served at its own address too."""
        document: dict[str, Any] = orjson.loads((DOCUMENTS / server / f"{name}.json").read_bytes())
        place = urlsplit(document["id"])
        self.masto.documents[place.path + (f"?{place.query}" if place.query else "")] = document
        return document

    async def found_by(self, person: Person, name: str = "root") -> str:
        """Somebody here looks a post up; its id here."""
        uri = self._uri(name)
        await person.page("/lookup", params={"q": uri})
        with self.instance.inside():
            return (await Entry.get(uri=uri)).id

    async def opened_by(self, person: Person, post_id: str) -> list[str]:
        """What somebody reads after they opened the conversation and it was looked for."""
        await person.get(f"/posts/{post_id}/thread")
        await settle(self.instance)
        return await self.read_by(person, post_id)

    async def read_by(self, person: Person, post_id: str) -> list[str]:
        """The words of all answers, oldest first."""
        replies = (await person.get(f"/posts/{post_id}/thread"))["replies"]
        return [str(one["content"]).removeprefix("<p>").removesuffix("</p>") for one in replies]

"""What the search answers in the API's form, and what a list that was searched for is called."""

from __future__ import annotations

from hashlib import blake2b
from urllib.parse import quote

from core.instance import here
from core.present import Form, Row


def tag_form(tag: Row) -> Form:
    """A hashtag with how many people and posts of late bear it."""
    return {
        "tag": tag["name"],
        "url": here().url(f"/tags/{quote(tag['name'])}"),
        "peopleCount": tag["people"],
        "postsCount": tag["posts"],
    }


def list_name(text: str, tags: str = "") -> str:
    """The list that a cursor belongs to."""
    return f"search:{blake2b(chr(0).join((text, tags)).encode(), digest_size=12).hexdigest()}"

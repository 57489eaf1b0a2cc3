"""The API's form of pictures: made of the form every entry has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from core.api.forms import AttachmentForm, Form
from core.html import plain

STATES = ("failed", "processing")
SECONDS_FOR_EACH = 2  # what making a picture ready takes at most, as a rule


class Location(Form):
    """Where a picture was taken, as far as its author says; within a kilometre, unless they chose otherwise."""

    name: str | None
    latitude: float | None
    longitude: float | None


class Metadata(Form):
    """What is said of the first picture."""

    width: int | None
    height: int | None
    file_size: int | None
    format: str | None
    camera: str | None = Field(description="Where the author wants it told: of all the pictures, each camera once.")


class ImageForm(Form):
    """Pictures that somebody shared; the same thing is a post under the same id."""

    post_id: str
    user_id: str
    username: str
    user: dict[str, Any]
    url: str
    image_url: str | None
    thumbnail_url: str | None
    images: list[AttachmentForm]
    caption: str
    tags: list[str]
    location: Location | None
    visibility: str
    sensitive: bool
    content_warning: str | None
    likes_count: int
    comments_count: int
    is_liked: bool
    created_at: str
    processing_status: str
    metadata: Metadata


class SharedImage(Form):
    post_id: str
    image_url: str | None
    thumbnail_url: str | None
    processing_status: str
    estimated_processing_time: int = Field(description="Seconds.")


def image_form(post: Mapping[str, Any]) -> dict[str, Any]:
    """A picture out of the form it has as a post."""
    images = [one for one in post["attachments"] if one["type"] == "image"]
    first = images[0] if images else {}
    states = {one["processingStatus"] for one in images}
    return {
        "postId": post["postId"],
        "userId": post["user"]["userId"],
        "username": post["user"]["username"],
        "user": post["user"],
        "url": post["url"],
        "imageUrl": first.get("url"),
        "thumbnailUrl": first.get("thumbnailUrl"),
        "images": images,
        "caption": plain(post["content"]),
        "tags": post["tags"],
        "location": post.get("location"),
        "visibility": post["visibility"],
        "sensitive": post["sensitive"],
        "contentWarning": post["contentWarning"],
        "likesCount": post["likesCount"],
        "commentsCount": post["commentsCount"],
        "isLiked": post["isLiked"],
        "createdAt": post["createdAt"],
        "processingStatus": next((state for state in STATES if state in states), "ready"),
        "metadata": {
            "width": first.get("width"),
            "height": first.get("height"),
            "fileSize": first.get("fileSize"),
            "format": (first.get("format") or "").partition("/")[2].upper() or None,
            "camera": post.get("camera"),
        },
    }


def shared_form(image: Mapping[str, Any]) -> dict[str, Any]:
    """What whoever has just shared pictures is answered."""
    waiting = sum(one["processingStatus"] == "processing" for one in image["images"])
    kept = ("postId", "imageUrl", "thumbnailUrl", "processingStatus")
    return {**{name: image[name] for name in kept}, "estimatedProcessingTime": waiting * SECONDS_FOR_EACH}

"""RSS 2.0 and Atom (RFC 4287): what a feed says, and its bytes. Only what everybody may see comes here."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from core.database import when
from core.html import plain, summary
from core.present import Form

TITLE_AT_MOST = 80
ATOM, RSS = "application/atom+xml", "application/rss+xml"
_NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Channel:
    """A feed: what it is about, the address of the page it follows, and its own."""

    title: str
    description: str
    page: str
    address: str
    picture: str = ""


def title_of(post: Form) -> str:
    """A post in a few words: its title, its warning, or how it begins."""
    return summary(post["title"] or post["contentWarning"] or plain(post["content"], 400), TITLE_AT_MOST) or "…"


def changed_at(posts: Sequence[Form]) -> datetime:
    """When any of these was written or changed last; the beginning of time where there are none."""
    moments = [moment for post in posts if (moment := when(post["editedAt"] or post["createdAt"]))]
    return max(moments, default=datetime(1970, 1, 1, tzinfo=UTC)).replace(microsecond=0)


def rss(channel: Channel, posts: Sequence[Form]) -> bytes:
    """The feed as RSS 2.0."""
    items = "".join(_item(post) for post in posts)
    image = (
        f"<image><url>{_xml(channel.picture)}</url><title>{_xml(channel.title)}</title>"
        f"<link>{_xml(channel.page)}</link></image>"
        if channel.picture
        else ""
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>'
        f"<title>{_xml(channel.title)}</title><description>{_xml(channel.description)}</description>"
        f'<link>{_xml(channel.page)}</link><atom:link rel="self" type="{RSS}" href="{_xml(channel.address)}"/>'
        f"<lastBuildDate>{format_datetime(changed_at(posts), usegmt=True)}</lastBuildDate>"
        f"{image}{items}</channel></rss>\n"
    ).encode()


def _item(post: Form) -> str:
    published = when(post["createdAt"])
    files = "".join(
        f'<enclosure url="{_xml(file["url"])}" length="{file["fileSize"] or 0}" type="{_xml(_media_type(file))}"/>'
        for file in post["attachments"][:1]  # RSS knows one
    )
    tags = "".join(f"<category>{_xml(tag)}</category>" for tag in post["tags"])
    date = f"<pubDate>{format_datetime(published, usegmt=True)}</pubDate>" if published else ""
    return (
        f'<item><guid isPermaLink="false">{_xml(post["uri"])}</guid><title>{_xml(title_of(post))}</title>'
        f"<link>{_xml(post['url'])}</link>{date}<description>{_xml(_words(post))}</description>{files}{tags}</item>"
    )


def atom(channel: Channel, posts: Sequence[Form]) -> bytes:
    """The feed as Atom."""
    entries = "".join(_entry(post) for post in posts)
    logo = f"<logo>{_xml(channel.picture)}</logo>" if channel.picture else ""
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{_xml(channel.page)}</id><title>{_xml(channel.title)}</title>"
        f"<subtitle>{_xml(channel.description)}</subtitle><updated>{changed_at(posts).isoformat()}</updated>{logo}"
        f'<link rel="alternate" type="text/html" href="{_xml(channel.page)}"/>'
        f'<link rel="self" type="{ATOM}" href="{_xml(channel.address)}"/>{entries}</feed>\n'
    ).encode()


def _entry(post: Form) -> str:
    author = post["user"]
    files = "".join(
        f'<link rel="enclosure" type="{_xml(_media_type(file))}" href="{_xml(file["url"])}"/>'
        for file in post["attachments"]
    )
    tags = "".join(f'<category term="{_xml(tag)}"/>' for tag in post["tags"])
    language = f' xml:lang="{_xml(post["language"])}"' if post["language"] else ""
    return (
        f"<entry{language}><id>{_xml(post['uri'])}</id><title>{_xml(title_of(post))}</title>"
        f"<published>{post['createdAt']}</published><updated>{post['editedAt'] or post['createdAt']}</updated>"
        f"<author><name>{_xml(author['fullName'])}</name><uri>{_xml(author['url'])}</uri></author>"
        f'<link rel="alternate" type="text/html" href="{_xml(post["url"])}"/>{files}{tags}'
        f'<content type="html">{_xml(_words(post))}</content></entry>'
    )


def _words(post: Form) -> str:
    """The words of a post as HTML, below the warning where there is one."""
    warning = post["contentWarning"]
    return (f"<p><strong>{escape(warning)}</strong></p><hr>" if warning else "") + str(post["content"])


def _media_type(file: Form) -> str:
    subtype = str(file["format"] or "").partition("/")[2] or str(file["format"] or "") or "octet-stream"
    kind = file["type"] if file["type"] != "document" and file["format"] else "application"
    return f"{kind}/{subtype.lower()}"


def _xml(text: str) -> str:
    """A text as it may stand in XML: what no document may hold is left out."""
    return escape(_NO_XML.sub("", text))

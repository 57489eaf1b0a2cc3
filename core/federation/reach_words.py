"""Why an entry is not at another server yet, in plain words."""

from __future__ import annotations

from core.federation.reach import REFUSED, ServerReach
from core.web.language import gettext as _


def words_of(server: ServerReach) -> str:
    """A sentence for the author."""
    reason = server.reason
    if not reason:
        return _("It could not be delivered.") if server.state == REFUSED else _("It is on its way.")
    if reason.isdigit():
        return _of_status(int(reason))
    if reason == "the name of the host is not known":
        return _("There is no server of this name any more.")
    if "in time" in reason:
        return _("It did not answer in time.")
    if "secure" in reason:
        return _("No secure connection can be made to it.")
    if "connection" in reason or "HTTP" in reason:
        return _("It cannot be reached.")
    return _("It could not be delivered.")


def _of_status(status: int) -> str:
    if status in (401, 403):
        return _("It takes no posts from this server, or from you.")
    if status in (404, 410) or 300 <= status < 400:
        return _("Those it was for are not there any more.")
    if status == 413:
        return _("The post is too large for it.")
    if status in (408, 429):
        return _("It is busy and asks to be left alone for a while.")
    if status >= 500:
        return _("It is not working properly just now.")
    return _("It did not understand the post.")

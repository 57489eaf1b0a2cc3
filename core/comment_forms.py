"""The public form of a comment: an entry that answers another one (api.md, Objects)."""

from __future__ import annotations

from core.person_forms import Form


def comment(form: Form) -> Form:
    """The form of a post as the form of a comment."""
    return {
        **standing_comment(form),
        "likesCount": form["likesCount"],
        "repliesCount": form["commentsCount"],
        "isLiked": form["isLiked"],
    }


def standing_comment(form: Form) -> Form:
    """What of it is the same for everybody as long as nobody changes the comment."""
    return {
        "commentId": form["postId"],
        "postId": form["rootId"] or form["inReplyTo"],
        "parentId": form["inReplyTo"] if form["inReplyTo"] != form["rootId"] else None,
        "userId": form["user"] and form["user"]["userId"],
        "username": form["user"] and form["user"]["username"],
        "user": form["user"],
        "content": form["content"],
        "contentWarning": form["contentWarning"],
        "isDeleted": form["isDeleted"],
        "createdAt": form["createdAt"],
        "editedAt": form["editedAt"],
    }

"""What can go wrong, each with a status, a stable code and a sentence that is safe to show."""

from __future__ import annotations

from collections.abc import Mapping


class KithError(Exception):
    """Base of every failure that is told to whoever asked; the text of the exception is safe to show."""

    status = 500
    code = "internal_error"
    title = "Something went wrong"
    usual = ""
    """What it says where nobody gave a sentence, if that is not the title."""

    def __init__(self, sentence: str | None = None, *, code: str | None = None) -> None:
        super().__init__(sentence or self.title)
        if code:
            self.code = code

    @property
    def sentence(self) -> str:
        return str(self)


class BadRequest(KithError):
    """The request cannot be read at all."""

    status, code, title = 400, "bad_request", "The request could not be read"


class Unauthenticated(KithError):
    """Nobody is signed in, or the proof of it is no good."""

    status, code, title = 401, "unauthenticated", "You are not signed in"


class Forbidden(KithError):
    """Signed in, but not allowed."""

    status, code, title = 403, "forbidden", "You may not do this"


class InsufficientScope(Forbidden):
    """An app asks for what its token does not allow (RFC 6750, section 3.1); `scope` is what would, if any does."""

    code, title = "insufficient_scope", "This app may not do this"

    def __init__(self, sentence: str | None = None, *, scope: str = "") -> None:
        super().__init__(sentence)
        self.scope = scope


class NotFound(KithError):
    """Absent, or not visible to whoever asks: the two are never told apart."""

    status, code, title = 404, "not_found", "There is nothing here"


class MethodNotAllowed(KithError):
    status, code, title = 405, "method_not_allowed", "This cannot be done here"


class Conflict(KithError):
    """What is asked for is so already, or the name is taken."""

    status, code, title = 409, "conflict", "This is so already"


class Gone(KithError):
    """It was here and was taken away."""

    status, code, title = 410, "gone", "This was taken away"


class TooLarge(KithError):
    status, code, title = 413, "too_large", "This is too large"


class UnsupportedMediaType(KithError):
    status, code, title = 415, "unsupported_media_type", "This kind of content is not understood here"


class Invalid(KithError):
    """One or more fields are wrong; `errors` maps each field's name to a sentence."""

    status, code, title = 422, "invalid", "Some of what you sent is not right"

    def __init__(self, errors: Mapping[str, str], sentence: str | None = None) -> None:
        super().__init__(sentence or self.title)
        self.errors = dict(errors)


class Rejected(KithError):
    """A plugin's check said no, with its reason."""

    status, code, title = 422, "rejected", "This was not accepted"


class RateLimited(KithError):
    """Too much, too soon; `retry_after` is in seconds. Behind what was too much its sentence says when to come back."""

    status, code, title = 429, "rate_limited", "Too many requests"
    usual = "That was too much in a short time."

    def __init__(self, retry_after: float, sentence: str | None = None) -> None:
        super().__init__(f"{sentence or self.usual} Please try again in {_wait(max(1, round(retry_after)))}.")
        self.retry_after = retry_after


def _wait(seconds: int) -> str:
    """How long to wait, in words: never too short, and no more exact than helps."""
    size, unit = next(((size, unit) for size, unit in _UNITS if seconds <= 90 * size), (86400, "day"))
    count = -(-seconds // size)
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


_UNITS = ((1, "second"), (60, "minute"), (3600, "hour"))


class Unavailable(KithError):
    """The server is too busy or not ready; `retry_after` is in seconds."""

    status, code, title = 503, "unavailable", "The server is busy"
    usual = "The server is busy. Please try again in a moment."

    def __init__(self, retry_after: float = 5, sentence: str | None = None) -> None:
        super().__init__(sentence or self.usual)
        self.retry_after = retry_after


class NoRoom(Unavailable):
    """A disk is full, or what may be kept on it; whoever runs the server has to make room first."""

    title = "There is no room"
    usual = "Nothing can be kept at the moment, as the disk of this server is full. Please try again later."

    def __init__(self, sentence: str | None = None) -> None:
        super().__init__(600, sentence)

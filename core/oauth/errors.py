"""What an app is told when it asks wrongly: the words of RFC 6749, sections 4.1.2.1 and 5.2."""

from __future__ import annotations


class OAuthError(Exception):
    """A failure told to an app; `code` is the standard's word, the text a sentence for its developer."""

    def __init__(self, code: str, sentence: str = "", *, status: int = 400) -> None:
        super().__init__(sentence)
        self.code, self.status = code, status

    @property
    def sentence(self) -> str:
        return str(self)

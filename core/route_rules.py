"""The rules of the server's URL map, which are matched but almost never built from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from quart.routing import QuartRule

Builder = Callable[..., tuple[str, str]]


class LazyRule(QuartRule):
    """A rule whose URL builders (what `url_for` needs) are made when they are first asked for.

    Werkzeug compiles two functions for each rule as it is bound; among some five hundred routes that was more than half
    of what assembling a server costs, and Kith's own pages write their addresses as they are.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Builder:
        made: list[Builder] = []

        def build(rule: LazyRule, **values: Any) -> tuple[str, str]:
            if not made:
                made.append(super()._compile_builder(append_unknown))
            return made[0](rule, **values)

        return build

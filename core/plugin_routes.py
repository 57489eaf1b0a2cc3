"""Join the routes of plugins to the app, so that none hides another's, nor is hidden by it."""

from __future__ import annotations

from collections.abc import Iterator

from quart import Quart
from werkzeug.routing import Rule

from core.plugin_manifest import PluginError
from core.plugins import Hooks


def join_routes(app: Quart, hooks: Hooks) -> None:
    """Register the blueprints of all plugins, the core's being there.

    Raises PluginError for a blueprint that cannot be registered, and for a path that two of them answer.
    """
    owners: dict[str, str] = {}
    for answer in hooks.blueprints.answers():
        for blueprint in answer.value:
            try:
                app.register_blueprint(blueprint)
            except (AssertionError, TypeError, ValueError) as error:
                raise PluginError(f"The plugin “{answer.plugin}”: “{blueprint.name}” does not fit: {error}") from error
            owners[blueprint.name] = f"the plugin “{answer.plugin}”"
    taken: dict[tuple[str, str], str] = {}
    for rule in app.url_map.iter_rules():
        owner = owners.get(str(rule.endpoint).partition(".")[0], "the core")
        for path, method in _ways(rule):
            other = taken.setdefault((path, method), owner)
            if other != owner:
                raise PluginError(f"Both {other} and {owner} answer {method} {path}; one of them has to go")


def _ways(rule: Rule) -> Iterator[tuple[str, str]]:
    """The paths and methods a rule answers."""
    methods = {"WEBSOCKET"} if rule.websocket else (rule.methods or set()) - {"HEAD", "OPTIONS"}
    return ((rule.rule, method) for method in sorted(methods))

"""The migrations of all apps on disk, and which of them a database lacks."""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from tortoise.migrations.graph import MigrationGraph, MigrationKey
from tortoise.migrations.loader import MigrationLoader


class NewerDatabase(Exception):
    """The database was written by a newer version of the code than this one."""


class MigrationFailed(Exception):
    """Migrations that cannot be read, or one that could not be applied; the text names it, for the admin."""


class AppGraph(MigrationGraph):
    """A graph in which the first and last migrations of an app are those among its own, whoever depends on them."""

    def root_nodes(self, app_label: str | None = None) -> list[MigrationKey]:
        nodes = (node for node in self.node_map.values() if app_label in {None, node.key.app_label})
        return sorted(
            node.key for node in nodes if all(parent.key.app_label != node.key.app_label for parent in node.parents)
        )

    def leaf_nodes(self, app_label: str | None = None) -> list[MigrationKey]:
        nodes = (node for node in self.node_map.values() if app_label in {None, node.key.app_label})
        return sorted(
            node.key for node in nodes if all(child.key.app_label != node.key.app_label for child in node.children)
        )


class Loader(MigrationLoader):
    """The migrations on disk as an AppGraph."""

    async def build_graph(self) -> None:
        """Read what is on disk; raises MigrationFailed."""
        importlib.invalidate_caches()
        try:
            self._read()
        except Exception as error:
            raise MigrationFailed(f"The migrations cannot be read: {type(error).__name__}: {error}") from error

    def _read(self) -> None:
        self.load_disk()
        self.graph = AppGraph()
        for key, migration in self.disk_migrations.items():
            self.graph.add_node(key, migration)
        for key, migration in self.disk_migrations.items():
            self._add_internal_dependencies(key, migration)
        for key, migration in self.disk_migrations.items():
            self._add_external_dependencies(key, migration)
        self.graph.validate_consistency()

    def missing(self, applied: Iterable[MigrationKey]) -> list[MigrationKey]:
        """What is on disk and not applied, in an order that every dependency allows; raises NewerDatabase."""
        known, done = set(self.disk_migrations), set(applied)
        newer = sorted(key for key in done - known if key.app_label in self.migrated_apps)
        if newer:
            raise NewerDatabase(
                "This database belongs to a newer version: it has "
                + ", ".join(map(str, newer))
                + ", which this version does not know. Install that version again, or restore a backup"
                + "".join(
                    f", or kith plugin disable {app}" for app in sorted({key.app_label for key in newer} - {"core"})
                )
                + "."
            )
        ordered: dict[MigrationKey, None] = {}
        for leaf in self.graph.leaf_nodes():
            ordered |= dict.fromkeys(self.graph.forwards_plan(leaf))
        return [key for key in ordered if key not in done]

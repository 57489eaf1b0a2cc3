"""How the models were at each migration: rendered no more often than somebody looks at them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import cast
from weakref import WeakKeyDictionary

from pypika_tortoise.queries import Query, Table
from tortoise.migrations.schema_generator.state import State
from tortoise.models import Model

# The models that can be asked for rows, and the fields they had when they were made ready for that.
_ready: WeakKeyDictionary[type[Model], frozenset[str]] = WeakKeyDictionary()


class Gathering(State):
    """A state that renders its models once after many operations; Tortoise does so after each, for most of the time."""

    _waiting: set[tuple[str, str]] | None = None

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Render what changes meanwhile when the block ends."""
        waiting = self._waiting = set[tuple[str, str]]()
        try:
            yield
        finally:
            self._waiting = None
        self.reload_models(waiting)

    def reload_model(self, app_label: str, model_name: str) -> None:
        self.reload_models([(app_label, model_name)])

    def reload_models(self, model_tuples: Iterable[tuple[str, str]]) -> None:
        if self._waiting is None:
            super().reload_models(model_tuples)
        else:
            self._waiting.update(model_tuples)

    def _reload(self, models_to_reload: set[tuple[str, str]]) -> None:
        """Render these models; Tortoise then makes every model of all apps ready anew, changed or not."""
        for label, name in models_to_reload:
            self.apps.unregister_model(label, name)
            self.apps.register_model(label, self.models[label, name].render(self.apps))
        self.apps._init_relations()
        for app in self.apps.apps.values():
            for model in app.values():
                if model._meta._inited and _ready.get(model) != model._meta.fields_map.keys():
                    _make_ready(model)


def _make_ready(model: type[Model]) -> None:
    meta = model._meta
    meta.finalise_model()
    meta.basetable = Table(name=meta.db_table, schema=meta.schema)
    base = meta.db.query_class.from_(meta.basetable)
    meta.basequery = cast(Query, base)
    meta.basequery_all_fields = cast(Query, base.select(*meta.db_fields))
    _ready[model] = frozenset(meta.fields_map)

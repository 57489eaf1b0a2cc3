"""What a plugin must get right: its hooks, its tables, what it owes the people it stores things about."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping, Sequence

from tortoise.fields.relational import ForeignKeyFieldInstance, ManyToManyFieldInstance
from tortoise.models import Model

from core import hookspecs, hookspecs_events
from core.hook_shapes import Implementation, Spec, implementations_in, specs_in
from core.plugin_imports import import_problems
from core.plugin_manifest import Plugin, nearest

DATA_HOOKS = ("export_account", "import_account", "erase_account")
PEOPLE = ("core.Actor", "core.Account")
PEOPLE_COLUMNS = frozenset({"actor_id", "account_id", "person_id", "user_id"})


def check_plugin(plugin: Plugin, others: Sequence[Plugin] = ()) -> list[str]:
    """What is wrong with a plugin, a sentence each; `others` are the plugins whose hooks it may implement."""
    specs = known_specs([*others, plugin])
    return [
        *hook_problems(plugin, specs),
        *table_problems(plugin),
        *data_hook_problems(plugin),
        *_folder_problems(plugin),
        *import_problems(plugin),
    ]


def known_specs(plugins: Sequence[Plugin]) -> dict[str, Spec]:
    """The hooks of the core and of these plugins; where a name is claimed twice the first claim stands."""
    specs = specs_in(hookspecs, "core") | specs_in(hookspecs_events, "core")
    for plugin in plugins:
        for name, spec in offered_by(plugin).items():
            specs.setdefault(name, spec)
    return specs


def offered_by(plugin: Plugin) -> dict[str, Spec]:
    """The hooks a loaded plugin offers to others."""
    return specs_in(importlib.import_module(plugin.hookspecs), plugin.name) if plugin.hookspecs else {}


def hook_problems(plugin: Plugin, specs: Mapping[str, Spec]) -> Iterator[str]:
    """Hooks and arguments nobody knows, names claimed twice, and functions of the wrong sort."""
    for name, spec in offered_by(plugin).items():
        if specs[name].owner != spec.owner:
            yield f"it offers a hook “{name}”, but so does {_owner(specs[name])}"
    for implementation in implementations_in(plugin.module):
        spec_or_none = specs.get(implementation.hook)
        if spec_or_none is not None:
            yield from _implementation_problems(implementation, spec_or_none)
        elif not implementation.is_optional:
            yield f"there is no hook “{implementation.hook}”{nearest(implementation.hook, specs)}"


def _implementation_problems(implementation: Implementation, spec: Spec) -> Iterator[str]:
    for argument in sorted(implementation.parameters.names - spec.arguments):
        if not spec.open_ended:
            yield f"the hook “{spec.name}” has no argument “{argument}”{nearest(argument, spec.arguments)}"
        elif argument in implementation.parameters.required:
            yield f"not every call of “{spec.name}” has the argument “{argument}”; give it a default"
    if spec.shape.sync and implementation.is_async:
        yield f"the hook “{spec.name}” is called without awaiting; its function must not be async"
    if implementation.is_wrapper:
        yield f"the hook “{spec.name}” cannot be wrapped"


def _owner(spec: Spec) -> str:
    return "the core" if spec.owner == "core" else f"the plugin “{spec.owner}”"


def models_of(plugin: Plugin) -> list[type[Model]]:
    """The models a loaded plugin defines, without abstract ones."""
    if plugin.models is None:
        return []
    return [
        thing
        for thing in vars(importlib.import_module(plugin.models)).values()
        if isinstance(thing, type)
        and issubclass(thing, Model)
        and thing.__module__.startswith(f"{plugin.package}.")
        and not thing._meta.abstract
    ]


def table_problems(plugin: Plugin) -> Iterator[str]:
    """Tables whose name does not begin with the plugin's."""
    for model in models_of(plugin):
        tables = [model._meta.db_table or ""]
        fields = model._meta.fields_map.values()
        tables += [field.through for field in fields if isinstance(field, ManyToManyFieldInstance) and field.through]
        for table in tables:
            if not table:
                yield f"the model {model.__name__} names no table; begin it with “{plugin.name}_”"
            elif table != plugin.name and not table.startswith(f"{plugin.name}_"):
                yield f"the table “{table}” of {model.__name__} must begin with “{plugin.name}_”"


def data_hook_problems(plugin: Plugin) -> Iterator[str]:
    """Whoever stores things about a person must export, import and erase them."""
    implemented = {implementation.hook for implementation in implementations_in(plugin.module)}
    missing = [hook for hook in DATA_HOOKS if hook not in implemented]
    about_people = sorted(model.__name__ for model in models_of(plugin) if _is_about_people(model))
    if missing and about_people:
        yield f"it stores things about people ({', '.join(about_people)}) but lacks {', '.join(missing)}"


def _is_about_people(model: type[Model]) -> bool:
    """Whether a model refers to people, by a relation or by a column that bears such a name."""
    return any(
        field.model_name in PEOPLE
        if isinstance(field, (ForeignKeyFieldInstance, ManyToManyFieldInstance))
        else name in PEOPLE_COLUMNS
        for name, field in model._meta.fields_map.items()
    )


def _folder_problems(plugin: Plugin) -> Iterator[str]:
    if plugin.models and not plugin.migrations:
        yield "it has models but no migrations/"
    folders = [folder for folder in (plugin.templates, plugin.static) if folder]
    for path in sorted(path for folder in folders for path in folder.iterdir()):
        if path.name != plugin.name:
            yield f"{path.parent.name}/{path.name} must lie in {path.parent.name}/{plugin.name}/"

"""What `kith plugin check` finds in a plugin before its users do."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.plugin_checks import check_plugin
from tests.core.plugin_folder import PluginFolder

MODELS = """
    from tortoise import fields
    from tortoise.models import Model

    class Recipe(Model):
        id = fields.IntField(primary_key=True)
        cook = fields.{relation}("core.{whom}", related_name=False)

        class Meta:
            table = "recipes_recipe"
"""
OWED = "\n".join(
    f"@hookimpl\nasync def {hook}(account): ..." for hook in ("export_account", "import_account", "erase_account")
)


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    return PluginFolder(tmp_path / "plugins")


def problems(folder: PluginFolder, name: str) -> list[str]:
    plugins = {plugin.name: plugin for plugin in folder.found()}
    return check_plugin(plugins.pop(name), list(plugins.values()))


def add_folder(folder: PluginFolder, *path: str) -> None:
    folder.path.joinpath(*path).mkdir(parents=True)
    folder.path.joinpath(*path, "__init__.py").touch()


def test_a_sound_plugin_has_no_problems(folder: PluginFolder) -> None:
    folder.add("recipes", OWED, models=MODELS.format(relation="ForeignKeyField", whom="Actor"), service="import json")
    add_folder(folder, "recipes", "migrations")
    (folder.path / "recipes" / "templates" / "recipes").mkdir(parents=True)
    assert problems(folder, "recipes") == []


@pytest.mark.parametrize("relation", ["ForeignKeyField", "OneToOneField", "ManyToManyField"])
@pytest.mark.parametrize("whom", ["Actor", "Account"])
def test_whoever_stores_things_about_people_owes_them_the_data_hooks(
    folder: PluginFolder, relation: str, whom: str
) -> None:
    folder.add("recipes", "@hookimpl\ndef export_account(): ...", models=MODELS.format(relation=relation, whom=whom))
    add_folder(folder, "recipes", "migrations")
    assert problems(folder, "recipes") == [
        "it stores things about people (Recipe) but lacks import_account, erase_account"
    ]


def test_a_column_that_names_people_without_a_relation_is_about_people_too(folder: PluginFolder) -> None:
    column = " " * 8 + "account_id = fields.CharField(36)\n\n        class Meta"
    models = MODELS.format(relation="ForeignKeyField", whom="Entry").replace("        class Meta", column)
    folder.add("recipes", "", models=models)
    add_folder(folder, "recipes", "migrations")
    assert [one for one in problems(folder, "recipes") if "stores things about people (Recipe)" in one]



def test_a_plugin_that_stores_nothing_about_people_owes_nothing(folder: PluginFolder) -> None:
    folder.add("recipes", models=MODELS.format(relation="ForeignKeyField", whom="Entry"))
    assert problems(folder, "recipes") == ["it has models but no migrations/"]


def test_misspelt_hooks_are_found_but_those_of_plugins_beside_it_are_known(folder: PluginFolder) -> None:
    folder.add("kitchen", hookspecs="from core.plugins import event\n@event\nasync def dish_served(dish): ...")
    folder.add("guest", "@hookimpl\nasync def dish_served(dish): ...\n@hookimpl\ndef blueprinds(): ...")
    assert problems(folder, "guest") == ["there is no hook “blueprinds”; did you mean “blueprints”?"]


def test_templates_and_static_files_lie_under_the_plugins_own_name(folder: PluginFolder) -> None:
    folder.add("recipes")
    for kind in ("templates", "static"):
        (folder.path / "recipes" / kind).mkdir()
        (folder.path / "recipes" / kind / "base.html").touch()
    assert problems(folder, "recipes") == [
        "static/base.html must lie in static/recipes/",
        "templates/base.html must lie in templates/recipes/",
    ]


@pytest.mark.parametrize(
    "line",
    [
        "import core",
        "from core import hookimpl",
        "from core.entries import Kind",
        "import httpx",
        "from . import models",
        "from .routes import blueprint",
        "from ..oven import service",
        "from ..oven.models import Heat",
        "from plugins.oven import service, models",
    ],
)
def test_what_a_plugin_may_import(folder: PluginFolder, line: str) -> None:
    folder.add("oven").add("recipes", "REQUIRES = ['oven']")
    (folder.path / "recipes" / "service.py").write_text(line)
    assert problems(folder, "recipes") == []


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("from core import app", "service.py:1 imports core.app: that is the inside of the core"),
        ("import core.secrets", "service.py:1 imports core.secrets: that is the inside of the core"),
        (
            "from core.federation.inbox import receive",
            "service.py:1 imports core.federation.inbox.receive: that is the inside of the core",
        ),
        (
            "from ..oven import routes",
            "service.py:1 imports {home}.oven.routes: of another plugin only service and models may be imported",
        ),
        (
            "import plugins.oven",
            "service.py:1 imports plugins.oven: of another plugin only service and models may be imported",
        ),
        (
            "from plugins.posts import service",
            "service.py:1 imports plugins.posts.service: “posts” is another plugin, which REQUIRES does not name",
        ),
        (
            "def cook():\n    if True:\n        import json",
            "service.py:3 imports inside a function; an import stands at the top of its file",
        ),
    ],
)
def test_what_a_plugin_may_not_import(folder: PluginFolder, line: str, complaint: str) -> None:
    folder.add("oven").add("recipes", "REQUIRES = ['oven']")
    (folder.path / "recipes" / "service.py").write_text(line)
    home = folder.plugin("recipes").package.rpartition(".")[0]
    assert problems(folder, "recipes") == [complaint.format(home=home)]


def test_imports_are_checked_in_folders_of_the_plugin_too(folder: PluginFolder) -> None:
    folder.add("recipes")
    add_folder(folder, "recipes", "shops")
    (folder.path / "recipes" / "shops" / "prices.py").write_text("from .. import service\nfrom ...oven import service")
    home = folder.plugin("recipes").package.rpartition(".")[0]
    assert problems(folder, "recipes") == [
        f"shops/prices.py:2 imports {home}.oven.service: “oven” is another plugin, which REQUIRES does not name"
    ]

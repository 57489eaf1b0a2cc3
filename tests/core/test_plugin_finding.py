"""Where plugins come from, in which order they are loaded, and how a server starts without a broken one."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from importlib.metadata import Distribution
from pathlib import Path

import pytest

from core.plugin_finding import Found, find
from core.plugin_manifest import Manifest, PluginError, PluginFailed, first_sentence, installed, satisfies
from core.tasks import turns
from tests.core.plugin_folder import PluginFolder

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def folder(tmp_path: Path) -> PluginFolder:
    return PluginFolder(tmp_path / "plugins")


def names(plugins: list[Manifest] | Found) -> list[str]:
    return [plugin.name for plugin in plugins]


def test_federation_is_a_plugin_that_lies_in_the_core() -> None:
    [plugin] = find(["federation"], [])
    assert (plugin.package, plugin.source, plugin.folder) == ("core.federation", "built-in", ROOT / "core/federation")
    assert plugin.module.__name__ == "core.federation"


def test_a_drop_in_is_imported_with_its_relative_imports_and_the_core(folder: PluginFolder) -> None:
    folder.add(
        "recipes", "from core.errors import KithError\nfrom . import service\nOVEN = service.OVEN", service="OVEN = 1"
    )
    [plugin] = folder.found()
    assert plugin.source == "instance"
    assert plugin.module.OVEN == 1
    assert plugin.module.__name__ == plugin.package != "recipes"


def test_the_jobs_of_a_plugin_are_known_though_nothing_in_it_imports_them(folder: PluginFolder) -> None:
    job = "from core import periodic, task\n\n@periodic(seconds=3600)\n@task\nasync def look_at_the_gauge(): ...\n"
    [plugin] = folder.add("tides", tasks=job).found()
    assert turns[f"{plugin.package}.tasks.look_at_the_gauge"] == 3600


def test_jobs_that_crash_while_they_are_loaded_leave_their_plugin_out(folder: PluginFolder) -> None:
    with pytest.raises(PluginFailed, match="tides"):
        folder.add("tides", tasks="1 / 0").found()


def test_two_instances_in_one_process_have_plugins_of_one_name_that_differ(tmp_path: Path) -> None:
    [alpha] = PluginFolder(tmp_path / "alpha").add("recipes", "OVEN = 1").found()
    [beta] = PluginFolder(tmp_path / "beta").add("recipes", "OVEN = 2").found()
    assert (alpha.module.OVEN, beta.module.OVEN) == (1, 2)
    [again] = find(["recipes"], [tmp_path / "alpha"])
    assert again.module is alpha.module


def test_a_plugin_named_like_a_module_of_the_standard_library_harms_nobody(folder: PluginFolder) -> None:
    [plugin] = folder.add("json", "import json\nTEXT = json.dumps([1])").found()
    assert plugin.module.TEXT == "[1]"


def test_an_installed_package_joins_by_its_entry_point(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "kith_bread"
    package.mkdir()
    (package / "__init__.py").write_text('"""Bread. And butter."""\nAPI = ">=1.0"\n')
    metadata = tmp_path / "kith_bread-2.5.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: kith-bread\nVersion: 2.5\n")
    (metadata / "entry_points.txt").write_text("[kith.plugins]\nbread = kith_bread\nghost = kith_no_such_module\n")
    assert Distribution.at(metadata).version == "2.5"
    monkeypatch.syspath_prepend(str(tmp_path))
    [plugin] = find(["bread"], [])
    assert (plugin.source, plugin.version, plugin.folder) == ("entry point", "2.5", package)
    assert plugin.description == "Bread."
    with pytest.raises(PluginError, match="no plugin “ghost”"):
        find(["ghost"], [])


def test_a_plugin_that_merely_lies_there_is_listed_but_not_run(folder: PluginFolder) -> None:
    folder.add("asleep", "raise SystemExit('was run')").add("torn", "def (:")
    listed = {manifest.name: manifest for manifest in installed([folder.path])}
    assert listed["asleep"].api == ">=1.0,<2"
    assert "SyntaxError" in listed["torn"].description
    assert listed["federation"].source == "built-in"
    assert names(find([], [folder.path])) == []


def test_a_folder_without_an_init_file_is_no_plugin(folder: PluginFolder) -> None:
    (folder.path / "empty").mkdir(parents=True)
    with pytest.raises(PluginError, match="There is no plugin “empty”"):
        folder.found("empty")


def test_an_instance_without_a_plugin_folder_has_no_drop_ins(tmp_path: Path) -> None:
    assert names(find(["federation"], [tmp_path / "absent"])) == ["federation"]


def test_a_misspelt_plugin_is_met_with_the_nearest_name(folder: PluginFolder) -> None:
    with pytest.raises(PluginError, match="There is no plugin “recipies”; did you mean “recipes”"):
        folder.add("recipes").found("recipies")


def test_a_name_that_lies_in_two_places_stops_the_start_with_both(tmp_path: Path) -> None:
    one, two = PluginFolder(tmp_path / "one").add("recipes"), PluginFolder(tmp_path / "two").add("recipes")
    with pytest.raises(PluginError, match="more than one plugin “recipes”: .*one/recipes and .*two/recipes"):
        find(["recipes"], [one.path, two.path])


# -- What a plugin says about itself


def test_a_plugin_tells_its_version_needs_and_first_sentence(folder: PluginFolder) -> None:
    init = folder.add("recipes").add("menus").path / "menus" / "__init__.py"
    init.write_text(
        '"""Menus, put together\nfrom recipes. More of it."""\n\nVERSION = "3.1"\nAPI: str = ">=1.0,<2"\n'
        'REQUIRES = ["recipes"]\nUSES = ("the shop\'s prices",)\n'
    )
    menus = folder.found()[1]
    assert (menus.version, menus.api, menus.requires) == ("3.1", ">=1.0,<2", ("recipes",))
    assert (menus.description, menus.uses) == ("Menus, put together from recipes.", ("the shop's prices",))


def test_what_a_plugin_brings_is_found_by_its_files(folder: PluginFolder) -> None:
    folder.add("bare").add("full", models="", hookspecs="")
    for name in ("migrations", "templates", "static"):
        (folder.path / "full" / name).mkdir()
    (folder.path / "full" / "migrations" / "__init__.py").touch()
    bare, full = folder.found()
    assert (bare.models, bare.migrations, bare.templates, bare.static) == (None, None, None, None)
    assert (full.models, full.migrations) == (f"{full.package}.models", f"{full.package}.migrations")
    assert (full.templates, full.static) == (full.folder / "templates", full.folder / "static")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("API = 1.0", "API must be a plain string"),
        ("API = str(1)", "API must be a plain string"),
        ("REQUIRES = 'recipes'", "REQUIRES must be a list of plain strings"),
        ("REQUIRES = [1]", "REQUIRES must be a list of plain strings"),
        ("API = '1.0'", "does not read like “>=1.0,<2”"),
        ("API = ''", r'its __init__.py needs a line such as API = ">=1.0,<2"'),
        ("API = '>=2'", "“recipes” needs the plugin API >=2; this server has 1.0"),
    ],
)
def test_a_declaration_that_cannot_be_met_stops_the_start(folder: PluginFolder, line: str, complaint: str) -> None:
    with pytest.raises(PluginError, match=complaint):
        folder.add("recipes", line).found()


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        (">=1.0,<2", True),
        ("==1", True),
        ("== 1.0.0", True),
        ("!=1", False),
        (">1", False),
        ("<=0.9", False),
        ("<1.10", True),
    ],
)
def test_conditions_compare_numbers_not_texts(conditions: str, met: bool) -> None:
    assert satisfies("1.0", conditions, "recipes") is met
    assert satisfies("1.9", "<1.10", "recipes")


def test_the_first_sentence_ends_at_its_full_stop() -> None:
    assert first_sentence("Notes,\nfor friends. Others\ntoo.") == "Notes, for friends."
    assert first_sentence("No stop here\n\nSecond paragraph.") == "No stop here"
    assert first_sentence("") == ""


# -- Order


def test_plugins_keep_the_order_of_the_config_but_for_what_they_require(folder: PluginFolder) -> None:
    folder.add("menus", "REQUIRES = ['recipes']").add("bread").add("recipes", "REQUIRES = ['oven']").add("oven")
    assert names(folder.found("menus", "bread", "recipes", "oven")) == ["oven", "recipes", "menus", "bread"]


def test_a_plugin_may_use_the_service_of_one_it_requires(folder: PluginFolder) -> None:
    folder.add("menus", "REQUIRES = ['recipes']\nfrom ..recipes import service\nDISH = service.DISH")
    folder.add("recipes", service="DISH = 'soup'")
    assert folder.found()[1].module.DISH == "soup"


def test_a_requirement_that_is_not_switched_on_stops_the_start_with_both_names(folder: PluginFolder) -> None:
    folder.add("menus", "REQUIRES = ['recipes']").add("recipes")
    with pytest.raises(PluginError, match="“menus” requires the plugin “recipes”, which is not switched on"):
        folder.found("menus")


def test_plugins_that_require_each_other_stop_the_start(folder: PluginFolder) -> None:
    folder.add("hen", "REQUIRES = ['egg']").add("egg", "REQUIRES = ['hen']")
    with pytest.raises(PluginError, match="in a circle: hen → egg → hen"):
        folder.found()


# -- Tables


MODELS = """
    from tortoise import fields
    from tortoise.models import Model

    class Base(Model):
        id = fields.IntField(primary_key=True)
        class Meta:
            abstract = True

    class Recipe(Base):
        {field}
        class Meta:
            {meta}
"""


@pytest.mark.parametrize(
    ("meta", "field", "complaint"),
    [
        ("table = 'dishes'", "", "the table “dishes” of Recipe must begin with “recipes_”"),
        ("ordering = ['id']", "", "the model Recipe names no table; begin it with “recipes_”"),
        (
            "table = 'recipes_dish'",
            "fans = fields.ManyToManyField('core.Actor', through='fans', related_name=False)",
            "the table “fans” of Recipe must begin with “recipes_”",
        ),
    ],
)
def test_a_table_that_does_not_bear_the_plugins_name_stops_the_start(
    folder: PluginFolder, meta: str, field: str, complaint: str
) -> None:
    folder.add("recipes", models=MODELS.format(meta=meta, field=field))
    with pytest.raises(PluginError, match=f"The plugin “recipes”: {complaint}"):
        folder.found()


def test_a_table_that_bears_the_plugins_name_is_fine(folder: PluginFolder) -> None:
    folder.add("recipes", models=MODELS.format(meta="table = 'recipes_dish'", field=""))
    assert names(folder.found()) == ["recipes"]


# -- Crashes


@pytest.mark.parametrize("crash", ["import no_such_module", "raise SystemExit(1)", "def (:", "1 / 0"])
def test_a_plugin_that_crashes_while_it_is_loaded_is_named(folder: PluginFolder, crash: str) -> None:
    folder.add("broken", crash)
    with pytest.raises(PluginFailed, match="The plugin “broken” could not be loaded") as failure:
        folder.found()
    assert failure.value.name == "broken"


@pytest.mark.parametrize("crash", ["import no_such_module", "def (:"])
def test_in_safe_mode_it_is_left_out_with_a_notice_and_whoever_requires_it_too(
    folder: PluginFolder, crash: str
) -> None:
    folder.add("child", "REQUIRES = ['broken']").add("broken", crash).add("good")
    found = folder.found(safe=True)
    assert names(found) == ["good"]
    assert [notice.plugin for notice in found.left_out] == ["broken", "child"]
    assert "Error" in found.left_out[0].reason
    assert found.left_out[1].reason == "It requires “broken”, which was left out"


def test_models_that_crash_count_as_the_plugin_crashing(folder: PluginFolder) -> None:
    folder.add("broken", models="1 / 0")
    assert [notice.plugin for notice in folder.found(safe=True).left_out] == ["broken"]


def die_loading(folder: PluginFolder, marker: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from core.plugin_finding import find;"
        " find(sys.argv[3:], [Path(sys.argv[1])], marker=Path(sys.argv[2]))"
    )
    arguments = [sys.executable, "-c", code, str(folder.path), str(marker), *folder.names]
    assert subprocess.run(arguments, cwd=ROOT, check=False).returncode == 3


def test_after_a_start_that_died_the_next_one_goes_without_the_culprit_and_the_one_after_tries_again(
    folder: PluginFolder, tmp_path: Path
) -> None:
    folder.add("good").add("deadly", "import os, sys\nif 'pytest' not in sys.modules: os._exit(3)").add("late")
    marker = tmp_path / "loading"
    die_loading(folder, marker)
    found = folder.found(marker=marker)
    assert names(found) == ["good", "late"]
    assert [(n.plugin, n.reason) for n in found.left_out] == [
        ("deadly", "The server died while loading it last time; the next start will try it again")
    ]
    assert names(folder.found(marker=marker)) == ["good", "deadly", "late"]


def test_a_process_that_starts_while_another_is_loading_takes_nobody_for_a_culprit(
    folder: PluginFolder, tmp_path: Path
) -> None:
    marker = tmp_path / "loading"
    with marker.open("w") as other:
        other.write("good")
        other.flush()
        fcntl.flock(other, fcntl.LOCK_EX)
        assert names(folder.add("good").found(marker=marker)) == ["good"]


def test_a_plugin_that_merely_raises_is_not_taken_for_one_that_killed_the_server(
    folder: PluginFolder, tmp_path: Path
) -> None:
    marker = tmp_path / "loading"
    with pytest.raises(PluginFailed):
        folder.add("broken", "1 / 0").found(marker=marker)
    assert not marker.exists()


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("raise RuntimeError('torn')", "RuntimeError: torn (shelf/migrations/0001_first.py, line 1)"),
        ("def (:", "SyntaxError: invalid syntax (0001_first.py, line 1)"),
        ("x = 1", "migrations/0001_first.py has no class Migration"),
    ],
)
def test_migrations_that_crash_leave_their_plugin_out(folder: PluginFolder, text: str, complaint: str) -> None:
    folder.add("shelf").add("wood")
    (folder.path / "shelf" / "migrations").mkdir()
    (folder.path / "shelf" / "migrations" / "__init__.py").touch()
    (folder.path / "shelf" / "migrations" / "0001_first.py").write_text(text)
    found = folder.found(safe=True)
    assert [plugin.name for plugin in found] == ["wood"]
    assert complaint in found.left_out[0].reason

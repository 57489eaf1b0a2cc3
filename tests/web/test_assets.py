"""Static files: hashed names, long lives, nobody else's files."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from core.web.assets import Assets, MissingAsset
from core.web.frame import ROOT, frame_assets

PLUGINS = {"posts": ROOT / "plugins" / "posts"}


def assets_of(folder: Path, files: dict[str, str], **more: object) -> Assets:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return Assets([folder], **more)  # type: ignore[arg-type]


def test_a_file_is_served_for_a_year_under_a_name_with_its_hash(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"css/a.css": "a{}"})
    url = assets.url("css/a.css")
    assert re.fullmatch(r"/static/css/a\.[0-9a-f]{12}\.css", url)
    answer = assets.answer(url.removeprefix("/static/"))
    assert (answer.status, answer.body) == (200, b"a{}")
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_changed_file_gets_another_name(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"a.css": "a{}"})
    before = assets.url("a.css")
    (tmp_path / "a.css").write_text("b{}")
    assets.forget()
    assert assets.url("a.css") != before


def test_a_page_of_yesterday_still_gets_its_style(tmp_path: Path) -> None:
    answer = assets_of(tmp_path, {"a.css": "a{}"}).answer("a.000000000000.css")
    assert (answer.status, answer.body, answer.headers["Cache-Control"]) == (200, b"a{}", "no-cache")


def test_a_browser_that_has_the_file_is_told_so(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"a.css": "a{}"})
    tag = assets.answer("a.css").headers["ETag"]
    assert assets.answer("a.css", if_none_match=f'"other", {tag}').status == 304


def test_text_is_compressed_for_those_who_take_it(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"a.js": "let a = 1;\n" * 50})
    answer = assets.answer("a.js", accept_encoding="br, gzip")
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == assets.answer("a.js").body


@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "css/../../secret.txt",
        "/etc/passwd",
        "a\\b.css",
        "nothing.css",
        "code.py",
        "",
        "css",
        "a\0.css",
    ],
)
def test_nothing_but_the_files_of_the_folders_is_served(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    assets = assets_of(tmp_path / "static", {"css/a.css": "a{}", "code.py": "x"})
    assert assets.answer(path).status == 404


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "static").mkdir()
    (tmp_path / "static" / "a.txt").symlink_to(tmp_path / "secret.txt")
    assert Assets([tmp_path / "static"]).answer("a.txt").status == 404


def test_modules_import_one_another_by_hashed_names(tmp_path: Path) -> None:
    assets = assets_of(
        tmp_path,
        {
            "js/a.js": 'import "./b.js";\nimport { c } from "../plug/c.js";\nexport * from "./b.js";import("./b.js")',
            "js/b.js": 'import lib from "lib";\nconst text = \'from "./nothing.js"\';\n'.replace("'", "`"),
            "plug/c.js": "export const c = 1;\n",
            "lib.mjs": "export default 1;",
        },
        packages={"lib": tmp_path / "lib.mjs"},
    )
    source = assets.get("js/a.js").body.decode()
    assert source.count(assets.url("js/b.js")) == 3
    assert assets.url("plug/c.js") in source
    assert assets.url("lib") in assets.get("js/b.js").body.decode()
    assert assets.answer(assets.url("lib").removeprefix("/static/")).body == b"export default 1;"


def test_a_module_that_imports_what_is_not_there_stops_the_start(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"a.js": 'import "./gone.js";'})
    with pytest.raises(MissingAsset, match=r"gone\.js"):
        assets.load()


def test_modules_that_import_each_other_in_a_circle_are_named(tmp_path: Path) -> None:
    assets = assets_of(tmp_path, {"a.js": 'import "./b.js";', "b.js": 'import "./a.js";'})
    with pytest.raises(MissingAsset, match=r"a\.js imports itself"):
        assets.load()


def test_a_package_that_is_not_installed_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(MissingAsset, match="make setup"):
        Assets([], packages={"lib": tmp_path / "nothing.js"}).load()


def test_a_drawing_opened_by_itself_can_run_nothing(tmp_path: Path) -> None:
    answer = assets_of(tmp_path, {"a.svg": "<svg/>"}).answer("a.svg")
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "sandbox" in answer.headers["Content-Security-Policy"]


def test_the_instance_s_own_files_win(tmp_path: Path) -> None:
    (tmp_path / "static" / "icons").mkdir(parents=True)
    (tmp_path / "static" / "icons" / "kith.svg").write_text("<svg>ours</svg>")
    (tmp_path / "static" / "instance.css").write_text("body{color:red}")
    assets = frame_assets(PLUGINS, tmp_path, hue=300)
    assert assets.get("icons/kith.svg").body == b"<svg>ours</svg>"
    style = assets.get("style.css").body.decode()
    assert "body{color:red}" in style
    assert style.rstrip().endswith(":root{--hue:300}")


def test_everything_the_frame_ships_loads_and_keeps_to_its_budget() -> None:
    assets = frame_assets(PLUGINS)
    assets.load()
    style = assets.get("style.css").compressed
    base = (ROOT / "templates" / "base.html").read_text()
    everywhere = [
        asset.compressed or asset.body
        for name, asset in assets._ready.items()
        if asset.url.endswith(".js") and f'"{name}"' in base  # others come with the pages that need them
    ]
    assert style is not None and len(style) <= 25 * 1024
    assert sum(map(len, everywhere)) <= 45 * 1024
    assert 8 <= len(everywhere) <= 9

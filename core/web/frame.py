"""The frame of every page: how templates are found and rendered, and the headers that guard a page."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Mapping, MutableMapping
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, PrefixLoader
from markupsafe import Markup

from core.web import policy_words, words
from core.web.assets import Assets
from core.web.cards import drawn
from core.web.emojis import with_emojis
from core.web.icons import icon, icon_styles
from core.web.language import (
    counted,
    counted_plainly,
    current_language,
    language_name,
    said,
    said_plainly,
)
from core.web.prose import shown_prose
from core.web.slots import Card, NavItem, arrange, in_order

ROOT = Path(__file__).resolve().parents[2]
STYLES = tuple(
    f"css/{name}.css"
    for name in ("tokens", "base", "layout", "components", "fields", "composer", "gates", "devices", "admin")
)
PACKAGES = {"htmx.org": "htmx.org/dist/htmx.esm.min.js"}
DEFAULT_HUE = 160
THEME_SCRIPT = (
    'try{const theme=localStorage.getItem("theme");'
    'if(theme==="light"||theme==="dark")document.documentElement.dataset.theme=theme}catch{}'
)
"""The one script that stands in the page, allowed by its hash: a chosen theme is there before the first paint."""


def frame_assets(
    plugins: Mapping[str, Path], instance: Path | None = None, *, hue: int = DEFAULT_HUE, root: Path = ROOT
) -> Assets:
    """The static files of an instance: its own first, then the plugins' (name and folder), then the frame's.

    A plugin's `static/<name>/<name>.css` becomes a layer of the one style sheet; `hue` is the accent, in OKLCH degrees.
    """
    folders = [instance / "static"] if instance else []
    folders += [folder / "static" for folder in plugins.values()]
    own_styles = [
        f"{name}/{name}.css" for name, folder in plugins.items() if (folder / "static" / name / f"{name}.css").is_file()
    ]
    if instance and (instance / "static" / "instance.css").is_file():
        own_styles.append("instance.css")
    return Assets(
        [*folders, root / "static"],
        packages={name: root / "node_modules" / path for name, path in PACKAGES.items()},
        stylesheets=[*STYLES, *own_styles],
        rules=f"{icon_styles()}:root{{--hue:{hue % 360}}}",
        generated={"icons/kith.svg": _mark(hue % 360).encode()},
    )


def _mark(hue: int) -> str:
    """The drawing in the browser's tab, in the instance's colour."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><style>'
        f"path{{fill:oklch(46% .1 {hue})}}@media(prefers-color-scheme:dark){{path{{fill:oklch(80% .1 {hue})}}}}</style>"
        '<path d="M12 4a8 8 0 0 1 8 8v8a8 8 0 0 1-16 0v-8a8 8 0 0 1 8-8Z"/>'
        '<path opacity=".55" d="M20 12a8 8 0 0 1 8 8 8 8 0 0 1-16 0 8 8 0 0 1 8-8Z"/></svg>'
    )


def frame_loader(plugins: Mapping[str, Path], instance: Path | None = None, *, root: Path = ROOT) -> BaseLoader:
    """Find templates: the instance's own win over the plugins', those over the frame's.

    An override reaches what it overrides as `core!base.html` or `posts!posts/home.html`.
    """
    frame = FileSystemLoader(root / "templates")
    of_plugins = {name: FileSystemLoader(folder / "templates") for name, folder in plugins.items()}
    loaders: list[BaseLoader] = [FileSystemLoader(instance / "templates")] if instance else []
    loaders += [*of_plugins.values(), frame, PrefixLoader({"core": frame, **of_plugins}, delimiter="!")]
    return ChoiceLoader(loaders)


def configure_jinja(
    env: Environment, *, assets: Assets, media_origins: Collection[str] = (), base_url: str = ""
) -> Environment:
    """Give the environment the frame's filters, functions and languages.

    `media_origins` are the origins besides our own, `base_url`, that pictures may come from
    (`https://files.kith.example`).
    """
    env.autoescape = True
    env.trim_blocks = env.lstrip_blocks = True
    env.add_extension("jinja2.ext.i18n")
    env.newstyle_gettext = True  # type: ignore[attr-defined]
    allowed = frozenset(media_origins)

    def own_media(url: str | None) -> str:
        """The address of a picture if a page of ours may load it, else nothing: no page calls another host."""
        if not url:
            return ""
        if base_url and url.startswith(f"{base_url}/"):
            url = url.removeprefix(base_url)
        parts = urlsplit(url)
        local = not parts.netloc and url.startswith("/")
        return url if local or f"{parts.scheme}://{parts.netloc}" in allowed else ""

    def absolute(path: str) -> str:
        """A whole address for what leaves the page, such as the picture of a preview elsewhere."""
        return base_url + path if path.startswith("/") else path

    env.filters.update(
        absolute=absolute,
        time=words.time_element,
        time_words=words.time_words,
        exact_time=words.exact_time,
        wait=words.wait_words,
        day=words.day_words,
        date=words.date_words,
        compact=words.compact,
        whole=words.whole,
        percent=words.percent,
        hue_class=words.hue_class,
        initials=words.initials,
        name=words.display_name,
        role_words=words.role_words,
        language_name=language_name,
        own_media=own_media,
        prose=lambda html, post: shown_prose(html, post, own_media),
        emojified=lambda text, emojis: with_emojis(text, emojis or (), own_media),
        audience_words=words.audience_words,
        no_reply_words=policy_words.no_reply_words,
        no_quote_words=policy_words.no_quote_words,
    )
    env.globals.update(
        # The extension's own would go through three calls for each word, a fifth of the time a page takes.
        _=said,
        gettext=said,
        ngettext=counted,
        asset=assets.url,
        drawn=drawn,
        icon=icon,
        author_audiences=words.author_audiences,
        content_types=words.content_types,
        policy_choices=policy_words.policy_choices,
        current_language=current_language,
        theme_script=Markup(THEME_SCRIPT),
        card_of=lambda kind: "",
    )
    return env


class _Environment(Environment):
    """All templates see the same globals: nothing is looked for in those of one alone, and imports find none new."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def frame_environment(
    loader: BaseLoader, *, assets: Assets, media_origins: Collection[str] = (), base_url: str = ""
) -> Environment:
    """A synchronous environment: a page of twenty posts renders a third faster than under enable_async."""
    bare = _Environment(loader=loader, auto_reload=False)
    return configure_jinja(bare, assets=assets, media_origins=media_origins, base_url=base_url)


def plain_environment(environment: Environment) -> Environment:
    """The same templates and functions for texts that are no HTML: nothing is escaped."""
    plain = environment.overlay(autoescape=False)
    plain.globals = {**environment.globals, "_": said_plainly, "gettext": said_plainly, "ngettext": counted_plainly}
    return plain


def frame_context(
    *,
    site: Mapping[str, Any],
    viewer: Mapping[str, Any] | None,
    csrf_token: str,
    path: str,
    navigation: Iterable[NavItem],
    cards: Iterable[Card] = (),
    notice: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What base.html needs besides a page's own context; its header says what each of these holds."""
    return {
        "site": site,
        "viewer": viewer,
        "csrf_token": csrf_token,
        "path": path,
        "navigation": arrange(navigation, signed_in=viewer is not None),
        "cards": in_order(cards),
        "notice": notice,
    }


def security_headers(*, media_origins: Collection[str] = ()) -> dict[str, str]:
    """The headers of every page: nothing inline, nothing from elsewhere but the named media hosts, no frames."""
    media = " ".join(["'self'", *sorted(media_origins)])
    policy = {
        "default-src": "'self'",
        "script-src": f"'self' 'sha256-{base64.b64encode(sha256(THEME_SCRIPT.encode()).digest()).decode()}'",
        "style-src": "'self'",
        "img-src": f"{media} data: blob:",
        "media-src": f"{media} blob:",
        "connect-src": "'self'",
        "object-src": "'none'",
        "frame-src": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
        "form-action": "'self'",
    }
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), microphone=(), geolocation=(self), payment=(), usb=(), interest-cohort=()",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def fragment(env: Environment, template: str, **context: Any) -> Markup:
    """Render a part of a page, e.g. for a slot or for htmx."""
    return Markup(env.get_template(template).render(**context))

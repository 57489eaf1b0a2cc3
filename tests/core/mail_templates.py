"""A mail of the tests' own, in an instance's folder of templates."""

from __future__ import annotations

from core.testing import TestInstance

TEXT = """{% extends "mail/frame.txt" %}
{% block subject %}{{ _("Hello %(who)s", who=who) }}{% endblock %}
{% block text %}{{ _("Dear %(who)s,", who=who) }}

{{ link }}{% endblock %}
"""
HTML = """{% extends "mail/frame.html" %}
{% import "mail/parts.html" as parts with context %}
{% block content %}{% call parts.words() %}{{ _("Dear %(who)s,", who=who) }}{% endcall %}
{{ parts.button(link, _("Go there"), accent) }}{% endblock %}
"""


def with_template(at: TestInstance) -> None:
    """Give the instance the mail `greeting`, which says `who` and `link`."""
    folder = at.folder / "templates" / "mail"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "greeting.txt").write_text(TEXT)
    (folder / "greeting.html").write_text(HTML)

"""The page at /docs: whole, offline, and without a script or style in it."""

import re

from django.contrib.staticfiles import finders
from django.test import Client

from movmo.operations import registry
from movmo.rest.openapi import document
from movmo.rest.reference import page
from movmo.rest.reference.highlight import highlight
from movmo.rest.templatetags.prose import marked

VERSIONS = ("list_events", "list_events_v2")


def test_the_page_shows_every_operation_and_asks_nobody_else(db: None) -> None:
    html = Client().get("/docs").content.decode()
    assert all(f'<article id="{known.name}"' in html for known in registry.all_operations())
    sources = re.findall(r'(?:src|href)="([^"#][^"]*)"', html)
    assert all(source.startswith("/") and not source.startswith("//") for source in sources)
    assert not re.search(r"<style|style=|<script(?! src=)|\son\w+=", html)


def test_a_version_on_its_way_out_is_marked(db: None) -> None:
    html = Client().get("/docs").content.decode()
    first, second = (html.partition(f'<article id="{name}"')[2].partition("</article>")[0] for name in VERSIONS)
    assert "deprecated, until 2027-06-01" in first
    assert "Deprecated: use list_events_v2" in first
    assert "deprecated" not in second.lower()


def test_its_files_are_found() -> None:
    assert finders.find("movmo/reference.css")
    assert finders.find("movmo/reference.js")


def test_an_operation_is_shown_with_all_a_caller_needs(toy_registry: None) -> None:
    shown = page.build(document.build(registry.all_operations()))
    entries = {entry.name: entry for group in shown.groups for entry in group.entries}
    launch = entries["launch_plane"]
    assert launch.credentials == "API key and traveler token"
    assert launch.curl.startswith("curl -X POST ")
    assert 'Idempotency-Key: $(uuidgen)"' in launch.curl
    assert [(field.name, field.type, field.depth) for field in launch.body[:4]] == [
        ("name", "string", 0),
        ("sails", "list of object", 0),
        ("colour", "one of “red”, “white”", 1),
        ("metres", "integer", 1),
    ]
    assert entries["refuse"].curl == (
        "curl 'http://127.0.0.1:8000/v1/refusals?kind=invalid' \\\n  -H \"x-api-key: $MOVMO_KEY\""
    )


def test_text_from_declarations_is_escaped() -> None:
    assert marked("a `<b>` & c") == "a <code>&lt;b&gt;</code> &amp; c"
    assert highlight({"<k>": "</pre>&"}) == (
        '{\n  <span class="k">&quot;&lt;k&gt;&quot;</span>: <span class="s">&quot;&lt;/pre&gt;&amp;&quot;</span>\n}'
    )

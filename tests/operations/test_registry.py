"""A name and a route belong to one operation."""

from dataclasses import replace
from uuid import UUID

import pytest

from movmo.operations import registry
from movmo.operations.registry import DeclaredTwice
from movmo.operations.spec import DELETE, GET, POST, PUT, Rows
from tests.operations import toys

pytestmark = pytest.mark.usefixtures("bare_registry")


def test_a_name_is_declared_once() -> None:
    registry.register(toys.WRITE)
    with pytest.raises(DeclaredTwice, match="'write'"):
        registry.register(replace(toys.WRITE, rest=POST("/v1/elsewhere")))


def test_a_route_is_declared_once() -> None:
    registry.register(toys.WRITE)
    with pytest.raises(DeclaredTwice, match="/v1/write"):
        registry.register(replace(toys.WRITE, name="write_again"))


def test_one_path_may_have_several_methods() -> None:
    registry.register(toys.WRITE)
    registry.register(replace(toys.WRITE, name="look", rest=GET(toys.WRITE.rest.path)))
    assert [known.name for known in registry.all_operations()] == ["write", "look"]


def test_an_operation_is_found_by_its_name() -> None:
    registry.register(toys.WRITE)
    assert registry.get("write") is toys.WRITE
    assert registry.get("writ") is None


def test_agents_see_the_tools_by_name_and_nothing_else() -> None:
    registry.register(toys.WRITE)
    registry.register(toys.READ)
    registry.register(replace(toys.CRASH, tool=False))
    assert [tool.name for tool in registry.tools()] == ["read", "write"]


def test_a_resource_is_read_by_the_read_operation_that_names_it() -> None:
    registry.register(toys.FILE)
    assert registry.reader_of(toys.RESOURCE) is None
    registry.register(toys.READ)
    assert registry.reader_of(toys.RESOURCE) is toys.READ
    assert registry.reader_of(None) is None


def test_agents_read_by_uri_what_they_have_a_tool_for_or_is_readable() -> None:
    registry.register(toys.WRITE)
    registry.register(toys.READ)
    registry.register(replace(toys.READ, name="read_v2", rest=GET("/v2/read")))
    registry.register(replace(toys.READ, name="hidden", rest=GET("/v1/hidden"), resource="hidden://v1", tool=False))
    shown = replace(toys.READ, name="shown", rest=GET("/v1/shown"), resource="shown://v1", tool=False, readable=True)
    registry.register(shown)
    assert registry.resources() == [toys.READ, shown]


def test_a_list_completes_the_arguments_that_it_says() -> None:
    by_name = replace(toys.READ, rows=Rows("note_id", title="{title}"))
    by_others = replace(
        toys.READ, name="places", rest=GET("/v1/places"), rows=Rows("code", title="", of=("origin", "destination"))
    )
    registry.register(by_name)
    registry.register(by_others)
    assert registry.completer_of("note_id") is by_name
    assert registry.completer_of("destination") is by_others
    assert registry.completer_of("code") is None


def test_a_result_is_its_own_document() -> None:
    view = toys.NoteView(note_id=UUID(int=7), title="Müller")
    assert (view.document_type, view.document()) == ("application/json", view.model_dump_json())


def test_routes_answer_with_their_verb_s_status() -> None:
    assert [route("/v1/x").status for route in (GET, POST, PUT, DELETE)] == [200, 201, 200, 204]
    assert POST("/v1/x", status=200).status == 200


def test_a_declaration_knows_its_models_and_its_words() -> None:
    assert toys.FILE.request_model is toys.WriteNote
    assert toys.FILE.result_model is toys.NoteView
    assert (toys.FILE.title, toys.FILE.description) == ("Write a note", "It is kept.")

from typing import Any

from tests.conformance.suite import findings


def told(severity: str, schema: str) -> list[dict[str, Any]]:
    one = {"severity": severity, "schema": schema, "path": "properties.name", "issue": "Anything may stand here."}
    return [{"toolName": "book", "findings": [one]}]


def test_an_error_is_a_finding_wherever_it_is() -> None:
    assert list(findings(told("error", "outputSchema"))) == [
        "book: outputSchema.properties.name: Anything may stand here."
    ]


def test_a_warning_is_one_in_an_input_only() -> None:
    assert list(findings(told("warning", "inputSchema")))
    assert not list(findings(told("warning", "outputSchema")))

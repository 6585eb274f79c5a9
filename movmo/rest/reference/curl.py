"""Each operation as a command that can be pasted into a shell."""

import json
import shlex
from urllib.parse import quote, urlencode

from movmo.rest.openapi.components import Schema
from movmo.rest.openapi.document import USER


def of_operation(server: str, method: str, path: str, operation: Schema) -> str:
    lines = [f"curl {_verb(method)}{_shell(server + _url(path, operation))}", '-H "x-api-key: $MOVMO_KEY"']
    if USER in operation["security"][-1]:
        lines.append('-H "Authorization: Bearer $MOVMO_TOKEN"')
    if operation["x-movmo-idempotency"] == "required":
        lines.append('-H "Idempotency-Key: $(uuidgen)"')
    body = operation.get("requestBody", {}).get("content", {}).get("application/json")
    if body is not None:
        lines.append('-H "Content-Type: application/json"')
        lines.append("-d " + shlex.quote(json.dumps(body["example"], indent=2, ensure_ascii=False)))
    return " \\\n  ".join(lines)


def _verb(method: str) -> str:
    return "" if method == "GET" else f"-X {method} "


def _url(path: str, operation: Schema) -> str:
    """The path with its parameters' examples, and the query with those of its required ones."""
    query: dict[str, str] = {}
    for parameter in operation.get("parameters", []):
        example = str(parameter.get("example", parameter["name"]))
        if parameter["in"] == "path":
            path = path.replace(f"{{{parameter['name']}}}", quote(example, safe=""))
        elif parameter["in"] == "query" and parameter["required"]:
            query[parameter["name"]] = example
    return path + ("?" + urlencode(query) if query else "")


def _shell(url: str) -> str:
    return shlex.quote(url)

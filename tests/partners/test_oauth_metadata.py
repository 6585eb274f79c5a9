"""The documents by which an MCP client finds its way."""

import jwt
import pytest
from django.test import Client

from movmo.accounts.models import User
from partners.oauth.models import Application
from tests import factories

ORIGIN = "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    ("path", "resource"), [("", f"{ORIGIN}/v1/mcp"), ("/v1/mcp", f"{ORIGIN}/v1/mcp"), ("/v1", f"{ORIGIN}/v1")]
)
def test_a_protected_resource_names_its_server(client: Client, path: str, resource: str) -> None:
    response = client.get(f"/.well-known/oauth-protected-resource{path}")
    document = response.json()
    assert document["resource"] == resource
    assert document["authorization_servers"] == [ORIGIN]
    assert document["scopes_supported"] == ["flights:read"]
    assert "Access-Control-Allow-Origin" not in response


@pytest.mark.parametrize("path", ["/v2", "/v1/mcp/", "/elsewhere", "/"])
def test_an_unknown_resource_is_not_found(client: Client, path: str) -> None:
    assert client.get(f"/.well-known/oauth-protected-resource{path}").status_code == 404


@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
def test_the_server_describes_itself_from_the_origin(client: Client, name: str) -> None:
    document = client.get(f"/.well-known/{name}", headers={"Host": "localhost"}).json()
    assert document["issuer"] == ORIGIN
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["authorization_endpoint"] == f"{ORIGIN}/v1/oauth/authorize"
    assert "localhost" not in str(document)
    assert {"flights:read", "openid"} <= set(document["scopes_supported"])


def test_every_advertised_endpoint_exists(client: Client, db: None) -> None:
    document = client.get("/.well-known/oauth-authorization-server").json()
    addresses = [value for name, value in document.items() if name.endswith(("_endpoint", "_uri"))]
    assert len(addresses) == 7
    for address in addresses:
        assert client.get(address.removeprefix(ORIGIN)).status_code != 404


def test_a_third_party_can_check_a_token_with_the_key_set(client: Client, ana: User, scout: Application) -> None:
    token = factories.token(ana, ["flights:read"])
    key_set = jwt.PyJWKSet.from_dict(client.get("/.well-known/jwks.json").json())
    key = key_set[jwt.get_unverified_header(token)["kid"]]
    claims = jwt.decode(token, key, algorithms=["RS256"], audience=f"{ORIGIN}/v1", issuer=ORIGIN)
    assert claims["client_id"] == "scout"
    assert "d" not in client.get("/.well-known/jwks.json").json()["keys"][0]

"""The first calls, to be copied: they run as they stand. A key is written into them only in the answer that made it."""

from datetime import date, timedelta
from typing import NamedTuple

from django.conf import settings

from partners.origin import origins
from partners.partner.models import Partner

PLACEHOLDER = "mvm_test_…"
OWN_TRIAL = "http://localhost:8080"
DAYS_AHEAD = 60


class Snippet(NamedTuple):
    name: str
    title: str
    lead: str
    file: str
    text: str


def of(partner: Partner, *, key: str | None, today: date) -> list[Snippet]:
    """`key` is the text of a test key that was made just now."""
    facts = {
        "MOVMO_URL": settings.ORIGIN,
        "THE_KEY": key or PLACEHOLDER,
        "PAGES_ORIGIN": origin_of(partner) or OWN_TRIAL,
        "TRAVEL_DAY": str(today + timedelta(days=DAYS_AHEAD)),
    }
    return [one._replace(text=_filled(one.text, facts)) for one in SNIPPETS]


def origin_of(partner: Partner) -> str | None:
    """Where a shop for trying is: the developer's own machine, if it is registered, else the first page that is."""
    registered = [row.origin for row in partner.checkout_origins.order_by("created_at", "pk")]
    own = [one for one in registered if origins.is_of_this_machine(one.partition("://")[2].partition(":")[0])]
    return next(iter([*([OWN_TRIAL] if OWN_TRIAL in registered else []), *own, *registered]), None)


def _filled(text: str, facts: dict[str, str]) -> str:
    for name, value in facts.items():
        text = text.replace(name, value)
    return text


SNIPPETS = (
    Snippet(
        "hello",
        "Say who you are",
        "Your key, and what your plan allows it. The other lines are for the same shell.",
        "shell",
        """\
export MOVMO=MOVMO_URL
export MOVMO_KEY=THE_KEY

curl -sS --fail-with-body -w "\\n" -H "x-api-key: $MOVMO_KEY" "$MOVMO/v1/partner/usage"
""",
    ),
    Snippet(
        "sandbox",
        "See what a test key reaches",
        "The sandbox airline, and nothing else. It needs no traveler.",
        "shell",
        """\
curl -sS --fail-with-body -w "\\n" -H "x-api-key: $MOVMO_KEY" "$MOVMO/v1/flights/providers"
curl -sS --fail-with-body -w "\\n" -H "x-api-key: $MOVMO_KEY" "$MOVMO/v1/flights/airports?query=lis"
""",
    ),
    Snippet(
        "offer",
        "Find a flight",
        "For a traveler who let your application in: put their access token into MOVMO_TOKEN first.",
        "shell",
        """\
export OFFER_ID=$(curl -sS --fail-with-body "$MOVMO/v1/flights/search" \\
  -H "x-api-key: $MOVMO_KEY" -H "Authorization: Bearer $MOVMO_TOKEN" -H "Content-Type: application/json" \\
  -d '{"slices": [{"origin": "MUC", "destination": "LIS", "departure_date": "TRAVEL_DAY"}]}' |
  python3 -c "import json, sys; print(json.load(sys.stdin)['data'][0]['offer_id'])")
echo "$OFFER_ID"
""",
    ),
    Snippet(
        "server",
        "Sell it: your server",
        "Node 18 or newer, no packages. It opens a checkout when your page asks for one; the key stays here.",
        "server.mjs",
        """\
import { createServer } from "node:http";
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";

const { MOVMO, MOVMO_KEY, OFFER_ID, ORIGIN = "PAGES_ORIGIN", PORT = "8080" } = process.env;

createServer(async (request, response) => {
  if (request.method !== "POST") {
    response.setHeader("Content-Type", "text/html; charset=utf-8");
    return response.end(readFileSync("index.html"));
  }
  const answer = await fetch(`${MOVMO}/v1/checkout-sessions`, {
    method: "POST",
    headers: { "x-api-key": MOVMO_KEY, "Idempotency-Key": randomUUID(), "Content-Type": "application/json" },
    body: JSON.stringify({ provider: "sandbox", offer_id: OFFER_ID, origin: ORIGIN, return_url: `${ORIGIN}/` }),
  });
  response.writeHead(answer.status, { "Content-Type": "application/json" });
  response.end(await answer.text());
}).listen(Number(PORT), () => console.log(`Open ${ORIGIN}/`));
""",
    ),
    Snippet(
        "page",
        "Sell it: your page",
        "Beside server.mjs. Then run node server.mjs, and open your page.",
        "index.html",
        """\
<!doctype html>
<html lang="en">
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>Shop</title>
  <script src="MOVMO_URL/static/checkout/v1/movmo.js" async></script>
  <movmo-express-checkout></movmo-express-checkout>
  <p id="told"></p>
  <script>
    const button = document.querySelector("movmo-express-checkout");
    button.fetchSession = async () => {
      const answer = await fetch("/sessions", { method: "POST" });
      if (!answer.ok) throw new Error(`No session: ${answer.status}`);
      return answer.json();
    };
    button.addEventListener("complete", ({ detail }) => {
      document.getElementById("told").textContent = `Booked, it seems: ${detail.record_locator}`;
    });
  </script>
</html>
""",
    ),
)

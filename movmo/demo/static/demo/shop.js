// The shop's page, as docs/checkout.md says to write it: it fetches a session from its own server, hands it to the
// button, and shows what it hears. What was sold it asks its server.
(function () {
  "use strict";
  const SHOWN = ["status", "total", "record_locator", "booking_id", "failure_code", "session_id"];
  const OVER = ["completed", "failed", "expired", "canceled"];
  const button = document.getElementById("checkout");
  const events = document.getElementById("events");
  const facts = document.getElementById("session");
  let session = null;
  let looking = 0;

  if (!button) return;

  button.fetchSession = async () => {
    const answer = await fetch("/sessions", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ offer_id: button.dataset.offer, locale: button.getAttribute("locale") }),
    });
    const told = await answer.json();
    if (!answer.ok) throw new Error(told.message);
    session = told.session_id;
    show(told);
    return told;
  };

  for (const name of ["ready", "change", "complete", "error", "close"]) {
    button.addEventListener(name, (event) => {
      const line = document.createElement("li");
      const time = document.createElement("time");
      time.textContent = new Date().toLocaleTimeString("en-GB");
      line.append(time, " ", name, " ", event.detail === undefined ? "" : JSON.stringify(event.detail));
      line.dataset.event = name;
      events.append(line);
      events.parentElement.scrollTop = events.scrollHeight;
      look();
    });
  }

  async function look() {
    clearTimeout(looking);
    if (!session) return;
    try {
      const answer = await fetch(`/sessions/${session}`);
      const told = await answer.json();
      if (answer.ok) show(told);
      if (!OVER.includes(told.status)) looking = setTimeout(look, 3000);
    } catch {
      looking = setTimeout(look, 3000);
    }
  }

  function show(told) {
    facts.replaceChildren(
      ...SHOWN.filter((name) => told[name]).map((name) => {
        const row = document.createElement("div");
        const [term, value] = [document.createElement("dt"), document.createElement("dd")];
        term.textContent = name;
        value.textContent = name === "total" ? `${told.total.amount} ${told.total.currency}` : told[name];
        row.append(term, value);
        return row;
      }),
    );
  }
})();

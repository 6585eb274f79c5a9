// One card field, in a frame of its own. Only the page that the vault names may talk to it. The number's frame sends
// number and security code to the vault: it reads the code from its neighbour, which is of the same origin. For a card
// that the vault has (`setRecache`) it sends the code alone.
(function () {
  "use strict";
  const { field, origin } = document.body.dataset;
  const input = document.getElementById("value");
  let kept = null; // the token of the card whose code is typed

  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "");
    input.value = field === "number" ? digits.replace(/(\d{4})(?=\d)/g, "$1 ") : digits;
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") parent.postMessage({ type: "fieldEvent", what: "enter" }, origin);
  });

  function code() {
    const neighbour = parent.frames["movmo-vault-cvv"];
    return neighbour ? neighbour.document.getElementById("value") : null;
  }

  async function send(path, environmentKey, card, said, page) {
    const answer = await fetch(`/v1/payment_methods/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ environment_key: environmentKey, payment_method: { credit_card: card } }),
    });
    const told = await answer.json();
    const wrong = (told.errors || []).map((error) => error.attribute);
    input.setAttribute("aria-invalid", wrong.includes("number"));
    code()?.setAttribute("aria-invalid", wrong.includes("verification_value"));
    if (!answer.ok) return parent.postMessage({ type: "errors", errors: told.errors }, page);
    const { token, card_type, last_four_digits } = told.transaction.payment_method;
    parent.postMessage({ type: said, token, card: { card_type, last_four_digits } }, page);
  }

  function setLabel({ text, lang }) {
    input.setAttribute("aria-label", text);
    document.title = text;
    if (lang) document.documentElement.lang = lang;
  }

  function setTitle({ text }) {
    input.title = text;
  }

  function setPlaceholder({ text }) {
    input.placeholder = text;
  }

  function tokenize({ environmentKey, details }, page) {
    const card = {
      full_name: details.full_name || "",
      month: details.month,
      year: details.year,
      number: input.value,
      verification_value: code()?.value || "",
    };
    return send("restricted.json", environmentKey, card, "paymentMethod", page);
  }

  function recache({ environmentKey }, page) {
    const typed = { verification_value: code()?.value || "" };
    return send(`${encodeURIComponent(kept)}/recache.json`, environmentKey, typed, "recache", page);
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== parent || !event.data) return;
    const { data, origin: page } = event;
    if (data.type === "focus") input.focus();
    const told = { setLabel, setTitle, setPlaceholder }[data.type];
    told?.(data);
    if (field !== "number") return;
    if (data.type === "setRecache") {
      kept = data.token;
      input.value = `•••• ${data.last_four_digits}`;
      input.disabled = true;
      parent.postMessage({ type: "recacheReady" }, page);
    }
    const asked = { tokenize, recache }[data.type];
    asked?.(data, page).catch(() => {
      const message = "The vault cannot be reached. Try again in a moment.";
      parent.postMessage({ type: "errors", errors: [{ attribute: "base", message }] }, page);
    });
  });

  // Nobody's secret, and only a page that is allowed can be the parent: the vault's policy sees to that.
  parent.postMessage({ type: "ready" }, "*");
})();

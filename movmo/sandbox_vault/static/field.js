// One card field, in a frame of its own. Only the page that the vault names may talk to it. The number's frame sends
// number and security code to the vault: it reads the code from its neighbour, which is of the same origin.
(function () {
  "use strict";
  const { field, origin } = document.body.dataset;
  const input = document.getElementById("value");

  input.addEventListener("input", () => {
    const digits = input.value.replace(/\D/g, "");
    input.value = field === "number" ? digits.replace(/(\d{4})(?=\d)/g, "$1 ") : digits;
  });

  function code() {
    const neighbour = parent.frames["movmo-vault-cvv"];
    return neighbour ? neighbour.document.getElementById("value").value : "";
  }

  async function tokenize({ environmentKey, details }, page) {
    const card = {
      full_name: details.full_name || "",
      month: details.month,
      year: details.year,
      number: input.value,
      verification_value: code(),
    };
    const answer = await fetch("/v1/payment_methods/restricted.json", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ environment_key: environmentKey, payment_method: { credit_card: card } }),
    });
    const told = await answer.json();
    if (!answer.ok) return parent.postMessage({ type: "errors", errors: told.errors }, page);
    const { token, card_type, last_four_digits } = told.transaction.payment_method;
    parent.postMessage({ type: "paymentMethod", token, card: { card_type, last_four_digits } }, page);
  }

  window.addEventListener("message", (event) => {
    if (event.origin !== origin || event.source !== parent) return;
    if (field === "number" && event.data && event.data.type === "tokenize") {
      tokenize(event.data, event.origin).catch(() => {
        const message = "The vault cannot be reached. Try again in a moment.";
        parent.postMessage({ type: "errors", errors: [{ attribute: "base", message }] }, event.origin);
      });
    }
  });

  // Nobody's secret, and only a page that is allowed can be the parent: the vault's policy sees to that.
  parent.postMessage({ type: "ready" }, "*");
})();

// The card form: the vault's script shows its two fields, and its token is all that is sent to Movmo.
(function () {
  "use strict";
  const PATIENCE = 8000; // milliseconds until the fields are given up
  const form = document.getElementById("card-form");
  const button = form.querySelector("button");
  const errors = document.getElementById("card-errors");
  const value = (id) => document.getElementById(id).value.trim();

  function say(messages) {
    errors.textContent = messages.join(" ");
    button.disabled = false;
  }

  function sayAway() {
    errors.textContent = "The card vault cannot be reached. Open this page again in a moment.";
  }

  if (!window.Spreedly) return sayAway();
  const waiting = setTimeout(sayAway, PATIENCE);
  Spreedly.on("ready", () => {
    clearTimeout(waiting);
    say([]);
  });
  Spreedly.init(form.dataset.environmentKey, { numberEl: "card-number", cvvEl: "card-code" });
  Spreedly.on("errors", (found) => say(found.map((error) => error.message)));
  Spreedly.on("paymentMethod", (token) => {
    form.elements.vault_token.value = token;
    form.submit();
  });
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    button.disabled = true;
    errors.textContent = "";
    Spreedly.tokenizeCreditCard({ full_name: value("full_name"), month: value("month"), year: value("year") });
  });
})();

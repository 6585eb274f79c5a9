// The card form: the vault's script shows its two fields, and its token is all that is sent to Movmo.
(function () {
  "use strict";
  const form = document.getElementById("card-form");
  const button = form.querySelector("button");
  const errors = document.getElementById("card-errors");
  const value = (id) => document.getElementById(id).value.trim();

  function say(messages) {
    errors.textContent = messages.join(" ");
    button.disabled = false;
  }

  if (!window.Spreedly) {
    errors.textContent = "The card vault cannot be reached. Try again in a moment.";
    return;
  }
  Spreedly.init(form.dataset.environmentKey, { numberEl: "card-number", cvvEl: "card-code" });
  Spreedly.on("ready", () => { button.disabled = false; });
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

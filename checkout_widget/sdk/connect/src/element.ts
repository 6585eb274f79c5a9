import { Base, made, shadowOf } from "../../shared/building.js";
import { BUTTON } from "../../shared/look.js";
import { localeOf } from "../../shared/words.js";
import { begin, ConnectError, type ConnectErrorCode } from "./flow.js";

const WORDS = {
  en: "Connect with Movmo",
  de: "Mit Movmo verbinden",
  fr: "Se connecter avec Movmo",
  es: "Conectar con Movmo",
  nl: "Verbinden met Movmo",
};

/**
 * `<movmo-connect issuer client-id redirect-uri scope>`, and if you like `resource`, `locale`, `theme` and `size`.
 * `error` tells why the traveler could not be sent; its detail is `{ code, reason }`.
 */
export class MovmoConnect extends Base {
  static observedAttributes = ["locale"];
  #button = made("button", { part: "button" });

  constructor() {
    super();
    this.#button.onclick = () => void this.begin();
    shadowOf(this, BUTTON).append(this.#button);
  }

  connectedCallback(): void {
    this.#button.lang = localeOf(this, WORDS);
    this.#button.textContent = WORDS[localeOf(this, WORDS)];
  }

  attributeChangedCallback(): void {
    this.connectedCallback();
  }

  /** What a click does. */
  async begin(): Promise<void> {
    const said = (name: string) => this.getAttribute(name) ?? "";
    try {
      await begin({
        issuer: said("issuer"),
        clientId: said("client-id"),
        redirectUri: said("redirect-uri"),
        scope: said("scope"),
        resource: said("resource") || undefined,
      });
    } catch (error) {
      const code: ConnectErrorCode | "misconfigured" = error instanceof ConnectError ? error.code : "misconfigured";
      const reason = error instanceof ConnectError ? error.reason : String(error);
      this.dispatchEvent(new CustomEvent("error", { detail: { code, reason }, bubbles: true, composed: true }));
    }
  }
}

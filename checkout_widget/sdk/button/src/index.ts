import { define } from "../../shared/building.js";
import { MovmoExpressCheckout } from "./element.js";

export { MovmoExpressCheckout };
export type * from "./session.js";

declare global {
  interface HTMLElementTagNameMap {
    "movmo-express-checkout": MovmoExpressCheckout;
  }
}

define("movmo-express-checkout", MovmoExpressCheckout);

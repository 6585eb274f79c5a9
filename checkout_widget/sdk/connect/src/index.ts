import { define } from "../../shared/building.js";
import { MovmoConnect } from "./element.js";

export { addressFor, begin, ConnectError, finish } from "./flow.js";
export type { BeginOptions, Connected, ConnectErrorCode } from "./flow.js";
export { MovmoConnect };

declare global {
  interface HTMLElementTagNameMap {
    "movmo-connect": MovmoConnect;
  }
}

define("movmo-connect", MovmoConnect);

import { Base, made, shadowOf } from "../../shared/building.js";
import { localeOf } from "../../shared/words.js";
import { LOOK } from "./look.js";
import type { CheckoutEventMap, CheckoutSession, CloseReason, ErrorCode, EventDetails, Mode } from "./session.js";
import { Sheet } from "./sheet.js";
import { Say, WORDS } from "./words.js";
import { type Line, lineTo } from "./wire.js";

// Milliseconds.
const LOADS_WITHIN = 8_000;
const ANSWERS_WITHIN = 1_000;
const LOCKED_AT_MOST = 60_000;
const LOOKS_EVERY = 200;
// Where the script came from, if from Movmo: a bundle with it in it is the partner's.
const SCRIPT = /.+\/v1\/.*movmo\.js/.exec((globalThis.document?.currentScript as HTMLScriptElement | null)?.src!)?.[0];
const windowFor = () => open("", "", "popup,width=480,height=760");

/** From the click to the end of a checkout. Moments are those of Date.now(). */
interface Opening {
  mode: Mode;
  session?: CheckoutSession;
  line?: Line;
  popup?: Window | null;
  timer?: number;
  /** Since when its page is on its way. */
  since?: number;
  loaded?: boolean;
  locked?: boolean;
  /** Since when it owes an answer to a request to close. */
  asked?: number;
}

export interface MovmoExpressCheckout {
  addEventListener<Name extends keyof CheckoutEventMap>(
    type: Name,
    listener: (this: MovmoExpressCheckout, event: CheckoutEventMap[Name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

export class MovmoExpressCheckout extends Base {
  static observedAttributes = ["locale"];

  /** Asks your server for a session; called at every click. Only declared: it may be set before the script is there. */
  declare fetchSession?: () => Promise<CheckoutSession>;
  #button = made("button", { part: "button" });
  #status = made("p", { role: "status" });
  #all = made("div", {}, this.#button, this.#status);
  #sheet = new Sheet(() => this.close());
  #now?: Opening;
  #inThisTab = false;

  constructor() {
    super();
    const button = this.#button;
    button.onclick = () => void this.open();
    button.onfocus = button.onpointerenter = () => {
      const address = this.getAttribute("preconnect") || SCRIPT;
      button.onfocus = button.onpointerenter = null;
      // A page of Movmo's with nothing on it: it fetches what the checkout is made of, while nobody waits for it.
      if (address && this.#mode() === "modal")
        this.#all.append(made("iframe", { hidden: true, src: new URL("/c", address).href }));
    };
    shadowOf(this, LOOK).append(this.#all);
  }

  connectedCallback(): void {
    this.#label();
  }

  attributeChangedCallback(): void {
    this.#label();
  }

  disconnectedCallback(): void {
    this.#end("removed");
  }

  /** What a click does. A browser allows a window only while it handles one. */
  async open(): Promise<void> {
    if (this.#now) return this.#now.popup?.focus();
    const now: Opening = (this.#now = { mode: this.#mode() });
    this.#status.textContent = "";
    this.#button.ariaBusy = "true";
    if (now.mode === "popup" && !(now.popup = windowFor())) {
      this.#inThisTab = true;
      this.#label();
      return this.#fail("popup_blocked", false);
    }
    try {
      const asked = this.fetchSession!(); // first: it takes longest
      if (now.mode === "modal") this.#sheet.show(this.#all, this.#words);
      now.session = { ...(await asked) };
      if (!/^http/.test(new URL(now.session.url).protocol)) throw 0;
    } catch {
      if (this.#now === now) this.#fail("session_failed");
    }
    if (this.#now !== now) return;
    now.timer = setInterval(() => this.#look(now), LOOKS_EVERY);
    if (now.mode === "modal") {
      this.#connect(now, () => this.#sheet.frame.contentWindow);
      this.#sheet.load(now.session!.url);
    } else if (now.popup) this.#inWindow(now);
    else this.#redirect(now);
  }

  /** Asks the checkout to close. It is closed without its word if there is none within a second, but not while locked. */
  close(): void {
    const now = this.#now;
    if (!now) return;
    if (!now.loaded) return this.#end("dismissed");
    now.asked ||= Date.now();
    if (now.locked && Date.now() - now.asked > LOCKED_AT_MOST && confirm(this.#words[Say.Broken]!)) this.#end("forced");
    else now.line!.say("close_request", {});
  }

  /** Shows another offer in the open checkout: a session of its own, on the same origin. */
  setOffer(session: CheckoutSession): void {
    const now = this.#now;
    if (!now?.loaded || now.locked) return;
    const { session_id, client_secret } = Object.assign(now.session!, session);
    now.line!.say("set_offer", { session_id, client_secret });
  }

  /**
   * What no event tells. A page that is cut off from windows of other origins (COOP) sees its window as closed although
   * it is there. Whoever closes a window before anything is in it goes on in this tab, too: the two look alike.
   */
  #look(now: Opening): void {
    const waited = Date.now() - now.since!;
    if (now.popup) {
      if (now.popup.closed) now.loaded || waited > LOADS_WITHIN ? this.#end("window_closed") : this.#redirect(now);
    } else if (!now.loaded && waited > LOADS_WITHIN && now.mode === "modal") this.#unreachable(now);
    if (now.asked && !now.locked && Date.now() - now.asked > ANSWERS_WITHIN) this.#end("forced");
  }

  #unreachable(now: Opening): void {
    if (this.getAttribute("mode") === "modal") return this.#fail("frame_unreachable");
    now.mode = "popup";
    this.#tell("error", { code: "frame_unreachable", fatal: false });
    this.#sheet.offer(Say.Open, () => {
      if ((now.popup = windowFor())) {
        this.#sheet.hide();
        return this.#inWindow(now);
      }
      this.#tell("error", { code: "popup_blocked", fatal: false });
      this.#sheet.offer(Say.Here, () => this.#redirect(now));
    });
  }

  #inWindow(now: Opening): void {
    this.#connect(now, () => now.popup!);
    now.popup!.location.replace(now.session!.url);
  }

  #redirect({ session }: Opening): void {
    const { url, client_secret } = session!;
    const secret = made("input", { type: "hidden", name: "client_secret", value: client_secret });
    const form = made("form", { method: "post", action: url, target: "_top" }, secret);
    // Movmo lets in whom the browser names: pages whose policy names nobody say otherwise from here on.
    document.body.append(made("meta", { name: "referrer", content: "origin" }), form);
    form.submit();
    form.remove();
    this.#end();
  }

  #connect(now: Opening, far: () => Window | null): void {
    const manner = { mode: now.mode, theme: this.#scheme };
    now.since = Date.now();
    now.line?.end();
    now.line = lineTo(now.session!, far, manner, (method, params) => this.#heard(now, method, params));
  }

  #heard(now: Opening, method: string, params: Record<string, any>): void {
    const { session_id } = now.session!;
    const { fatal, code: frame_code } = params;
    if (method === "ready") {
      now.loaded = true;
      if (!now.popup) this.#sheet.reveal();
    }
    if (/lock|ready/.test(method) || fatal) {
      now.locked = params.locked;
      now.asked = 0;
    }
    if (method === "resize" && !now.popup) this.#sheet.frame.style.height = params.height + "px";
    if (/start|change|complete/.test(method))
      this.#tell(method.replace("start", "ready") as "change", { session_id, ...params } as EventDetails["change"]);
    if (method === "error") {
      this.#tell("error", { code: "frame_error", fatal, frame_code });
    }
    if (method === "close") this.#end(params.reason);
  }

  #fail(code: ErrorCode, fatal = true): void {
    this.#status.textContent = this.#words[Say.Failed]!;
    this.#tell("error", { code, fatal });
    this.#end(code);
  }

  /** Without a reason the traveler goes on in this tab, and nobody is told. */
  #end(reason?: CloseReason): void {
    const now = this.#now;
    if (!now) return;
    this.#now = undefined;
    clearInterval(now.timer);
    now.line?.end();
    now.popup?.close();
    this.#button.ariaBusy = null;
    if (this.#sheet.hide()) this.#button.focus();
    if (reason) this.#tell("close", { reason });
  }

  #tell<Name extends keyof EventDetails>(type: Name, detail: EventDetails[Name]): void {
    this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true }));
  }

  /** A page isolated by COOP and COEP can neither hold the frame nor talk to a window. */
  #mode(): Mode {
    const wanted = this.getAttribute("mode") as Mode;
    if (wanted === "modal") return wanted;
    if (this.#inThisTab || crossOriginIsolated) return "redirect";
    return /popup|redirect/.test(wanted) ? wanted : "modal";
  }

  get #words() {
    return WORDS[localeOf(this, WORDS)];
  }

  /** As the page is here, by its `color-scheme`. */
  get #scheme(): string {
    const { colorScheme } = getComputedStyle(this);
    return !colorScheme.includes("dark") ? "light" : colorScheme.includes("light") ? "auto" : "dark";
  }

  #label(): void {
    this.#button.textContent = this.#words[this.#inThisTab ? Say.Here : Say.Book]!;
    this.#all.lang = localeOf(this, WORDS);
  }
}

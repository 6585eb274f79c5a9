import { made } from "../../shared/building.js";
import { Say } from "./words.js";

const page = () => document.documentElement.style;

/** The dialog with the frame in it: a skeleton first, then the checkout, or else a way on. */
export class Sheet {
  frame!: HTMLIFrameElement;
  #dialog = made("dialog");
  #over!: HTMLElement;
  #words!: string[];
  #overflow!: string;

  /** `asked` is called when the traveler wants to leave: by Escape, beside the dialog, by a gesture or the cross. */
  constructor(asked: () => void) {
    const dialog = this.#dialog;
    const ask = (event: Event) => {
      event.preventDefault();
      asked();
    };
    dialog.oncancel = ask;
    dialog.onkeydown = (event) => event.key === "Escape" && ask(event);
    // The second click of a double click is not meant for what has come up under it.
    dialog.onclick = ({ target, detail }) =>
      detail < 2 && (target === dialog || (target as Element).className === "x") && asked();
    // A browser may close it over our heads, at the second Escape or gesture; `hide` takes it out of the page first.
    dialog.onclose = () => {
      if (!dialog.parentNode) return;
      dialog.showModal();
      asked();
    };
  }

  show(root: Element, words: string[]): void {
    const dialog = this.#dialog;
    const title = (dialog.ariaLabel = words[Say.Book]!);
    this.#words = words;
    this.#over = made("div", {}, made("button", { className: "x", ariaLabel: words[Say.Close] }, "×"));
    this.frame = made("iframe", { title, referrerPolicy: "strict-origin" });
    dialog.replaceChildren(this.#over, this.frame);
    root.append(dialog);
    dialog.showModal();
    this.#overflow = page().overflow;
    page().overflow = "hidden";
  }

  load(url: string): void {
    const { origin } = new URL(url);
    this.frame.allow = `payment ${origin}; publickey-credentials-get ${origin}`;
    // Not before: the empty document of a new frame is of the page's own origin, and browsers warn of that in a sandbox.
    this.frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-popups allow-popups-to-escape-sandbox");
    this.frame.src = url;
  }

  /** The checkout is there. */
  reveal(): void {
    this.#over.remove();
    this.frame.focus();
  }

  /** Instead of the checkout: what happened, and a way on. */
  offer(label: Say, accepted: () => void): void {
    const over = this.#over;
    const button = made("button", { onclick: accepted }, this.#words[label]!);
    this.frame.remove();
    over.className = "said";
    over.replaceChildren(over.firstChild!, made("p", { role: "alert" }, this.#words[Say.Failed]!), button);
    button.focus();
  }

  /** Whether there was anything to hide. */
  hide(): boolean | void {
    const dialog = this.#dialog;
    if (!dialog.parentNode) return;
    dialog.remove();
    dialog.close();
    page().overflow = this.#overflow;
    return true;
  }
}

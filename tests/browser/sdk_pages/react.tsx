// A partner's page in React, in strict mode: what it sets up once, React sets up twice.
import { StrictMode, useRef, useState } from "react";
import { createRoot } from "react-dom/client";
import type { MovmoExpressCheckout as Element } from "../../../checkout_widget/sdk/button/dist/index.js";
import { MovmoExpressCheckout } from "../../../checkout_widget/sdk/button/dist/react.js";

const page = window as any;
page.heard = [];

function Shop() {
  const [tries, again] = useState(0);
  const checkout = useRef<Element>(null);
  page.checkout = checkout;
  page.again = () => again(tries + 1);
  return (
    <MovmoExpressCheckout
      ref={checkout}
      locale="de"
      className="wide"
      fetchSession={async () => page.session}
      onReady={(detail) => page.heard.push(["ready", { ...detail, tries }])}
      onComplete={(detail) => page.heard.push(["complete", detail])}
      onClose={(detail) => page.heard.push(["close", detail])}
    />
  );
}

page.root = createRoot(document.getElementById("root")!);
page.root.render(<StrictMode><Shop /></StrictMode>);

// A partner's page in React, in strict mode: what it sets up once, React sets up twice.
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { MovmoExpressCheckout } from "../../../checkout_widget/sdk/button/dist/react.js";

const page = window as any;
page.heard = [];

function Shop() {
  const [tries, again] = useState(0);
  page.again = () => again(tries + 1);
  return (
    <MovmoExpressCheckout
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

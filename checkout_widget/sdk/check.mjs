// Holds what is committed against what the sources build, and both packages against their budgets. Changes nothing that
// is committed.
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { integrityOf, publishable, sameAs, served, text } from "./build.mjs";

const SDK = dirname(fileURLToPath(import.meta.url));
const SERVED = join(SDK, "../static/checkout/v1");
// Bytes, after gzip at its best; zlibs differ by a few.
const BUDGETS = {
  "../static/checkout/v1/movmo.js": 4096,
  "../static/checkout/v1/connect.js": 2560,
  "button/dist/index.js": 4096,
  "button/dist/react.js": 512,
  "connect/dist/index.js": 2560,
};
// Of a package, beside what is below dist/.
const PACKED = new Set(["LICENSE", "README.md", "package.json"]);
const problems = [];

function sameBytes(files) {
  for (const [path, bytes] of files) {
    const file = join(SERVED, path);
    if (text(file) === undefined) problems.push(`static/checkout/v1/${path} is missing: run "make sdk" and commit it`);
    else if (!readFileSync(file).equals(bytes))
      problems.push(`static/checkout/v1/${path} is not what the sources build: run "make sdk" and commit it`);
  }
}

// A version that was published stays as it was: pages hold it by its digest.
function sameVersions() {
  const told = JSON.parse(text(join(SERVED, "integrity.json")) ?? "{}");
  for (const [path, digest] of Object.entries(told)) {
    const file = join(SERVED, path);
    if (text(file) === undefined || integrityOf(readFileSync(file)) !== digest)
      problems.push(`static/checkout/v1/${path} is not what integrity.json says of it`);
  }
  const known = new Set([...Object.keys(told), "integrity.json", "movmo.js", "connect.js"]);
  for (const path of readdirSync(SERVED, { recursive: true })) {
    if (statSync(join(SERVED, path)).isFile() && !known.has(path)) problems.push(`static/checkout/v1/${path} is built by nothing`);
  }
}

function refusesOtherBytes() {
  const [one, other, path] = ["sha384-one", "sha384-other", "1.0.0/movmo.js"];
  if (sameAs(undefined, one, path) !== one || sameAs(one, one, path) !== one)
    problems.push("build.mjs refuses a new version, or the same one built again");
  let said = "";
  try {
    sameAs(one, other, path);
  } catch ({ message }) {
    said = message;
  }
  if (!said.endsWith("raise the version in button/package.json"))
    problems.push("build.mjs gives a version that was built before other bytes");
}

function withinBudget() {
  for (const [path, most] of Object.entries(BUDGETS)) {
    const size = gzipSync(readFileSync(join(SDK, path)), { level: 9 }).length;
    console.log(`${String(size).padStart(6)} of ${most} bytes  ${path.replace("../", "")}`);
    if (size > most) problems.push(`${path} has ${size} bytes gzipped; at most ${most}`);
  }
}

function packs(folder) {
  const told = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: join(SDK, folder),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [{ files, name, version }] = Object.values(JSON.parse(told.toString()));
  const isOurs = (path) => PACKED.has(path) || /^dist\/.*\.(js|d\.ts)$/.test(path);
  const strangers = files.map(({ path }) => path).filter((path) => !isOurs(path));
  if (strangers.length) problems.push(`${name} would publish ${strangers.join(", ")}`);
  for (const wanted of PACKED)
    if (!files.some(({ path }) => path === wanted)) problems.push(`${name} would be published without ${wanted}`);
  console.log(`${name} ${version}: ${files.length} files`);
}

// As a server does that renders pages: there is no window.
async function importsWithoutWindow() {
  const { createElement } = await import("react");
  const { renderToString } = await import("react-dom/server");
  const { MovmoExpressCheckout } = await import("./button/dist/react.js");
  await import("./connect/dist/index.js");
  const props = { locale: "de", className: "wide", fetchSession() {}, onReady() {} };
  const html = renderToString(createElement(MovmoExpressCheckout, props));
  const expected = '<movmo-express-checkout locale="de" class="wide"></movmo-express-checkout>';
  if (html !== expected) problems.push(`React renders ${html}, not ${expected}`);
}

await publishable();
await served().then(sameBytes, ({ message }) => problems.push(message));
sameVersions();
refusesOtherBytes();
withinBudget();
["button", "connect"].forEach(packs);
await importsWithoutWindow();
if (problems.length) {
  console.error(problems.join("\n"));
  process.exit(1);
}
console.log("The SDK is what its sources build, and small");

// Builds both packages into their dist/, and what Movmo serves itself into static/checkout/v1. The same sources give the
// same bytes: the tools are pinned, and nothing of this machine goes in.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const SDK = dirname(fileURLToPath(import.meta.url));
const SERVED = join(SDK, "../static/checkout/v1");
// Names of our own that neither the wire nor the page knows: they are shortened.
const OURS =
  /^(session|frame|load|show|loaded|asked|popup|since|line|end|timer|say|heard|hide|reveal|offer)$/;
const FORM = {
  absWorkingDir: SDK,
  bundle: true,
  charset: "utf8",
  legalComments: "none",
  minify: true,
  platform: "browser",
  target: "es2022",
  tsconfig: "tsconfig.json",
  write: false,
};
const PACKAGES = [
  { folder: "button", served: "movmo.js", global: undefined },
  { folder: "connect", served: "connect.js", global: "MovmoConnect" },
];

export const integrityOf = (bytes) => `sha384-${createHash("sha384").update(bytes).digest("base64")}`;

/** What Movmo serves, by its path below static/checkout/v1. `integrity.json` keeps what it says of earlier versions. */
export async function served() {
  const files = new Map();
  const integrity = JSON.parse(text(join(SERVED, "integrity.json")) ?? "{}");
  for (const { folder, served: name, global } of PACKAGES) {
    const { version } = JSON.parse(text(join(SDK, folder, "package.json")));
    const bytes = await built(`${folder}/src/index.ts`, { format: "iife", globalName: global });
    const path = `${version}/${name}`;
    files.set(name, bytes);
    files.set(path, bytes);
    integrity[path] = sameAs(integrity[path], integrityOf(bytes), path);
  }
  files.set("integrity.json", Buffer.from(`${JSON.stringify(integrity, null, 2)}\n`));
  return files;
}

/** Pages hold a version by its digest, and browsers keep it: other bytes are another version. */
export function sameAs(before, digest, path) {
  if (before === undefined || before === digest) return digest;
  const [version, name] = path.split("/");
  const { folder } = PACKAGES.find(({ served }) => served === name);
  throw new Error(
    `${name} ${version} was built before, with other bytes: raise the version in ${folder}/package.json`,
  );
}

/** What goes to npm, by its path in this folder, types apart. */
export async function published() {
  return new Map([
    ["button/dist/index.js", await built("button/src/index.ts", { format: "esm" })],
    ["button/dist/react.js", await built("button/src/react.ts", { format: "esm", external: ["react", "./index.js"] })],
    ["connect/dist/index.js", await built("connect/src/index.ts", { format: "esm" })],
  ]);
}

async function built(entry, how) {
  const { outputFiles } = await build({ ...FORM, ...how, entryPoints: [entry], mangleProps: OURS });
  return Buffer.from(outputFiles[0].contents);
}

export function text(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

export function write(folder, files) {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), bytes);
  }
}

/** Checks all types, and writes those of the packages. */
export function types() {
  const tsc = join(SDK, "node_modules/typescript/bin/tsc");
  const run = (...options) => execFileSync(process.execPath, [tsc, "--project", SDK, ...options], { stdio: "inherit" });
  run();
  for (const { folder } of PACKAGES) {
    const project = join(SDK, folder);
    execFileSync(process.execPath, [tsc, "--project", project], { stdio: "inherit" });
  }
}

export async function publishable() {
  for (const { folder } of PACKAGES) rmSync(join(SDK, folder, "dist"), { recursive: true, force: true });
  types();
  write(SDK, await published());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const files = await served();
  await publishable();
  write(SERVED, files);
}

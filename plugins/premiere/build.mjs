/**
 * Builds the panel into dist/. With --tests, the tests into .tests/; with --ccx, the package that Adobe's installer takes.
 * The same input gives the same bytes.
 */

import { cpSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { zipSync } from "fflate";

const here = dirname(fileURLToPath(import.meta.url));
const at = (...parts) => join(here, ...parts);
const common = { bundle: true, charset: "utf8", legalComments: "none", absWorkingDir: here, logLevel: "warning" };

if (process.argv.includes("--tests")) {
  rmSync(at(".tests"), { recursive: true, force: true });
  const tests = readdirSync(at("test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...common,
    entryPoints: [...tests.map((name) => at("test", name)), at("test", "drive.ts")],
    platform: "node",
    format: "esm",
    packages: "external",
    target: "node18",
    outdir: at(".tests"),
    outExtension: { ".js": ".mjs" },
  });
  await build({ ...common, entryPoints: [at("test", "in_browser.ts")], format: "iife", target: "es2022", outdir: at(".tests") });
} else {
  rmSync(at("dist"), { recursive: true, force: true });
  await build({
    ...common,
    entryPoints: [at("src", "main.ts")],
    external: ["premierepro", "uxp", "fs"],
    format: "iife",
    target: "es2020",
    outfile: at("dist", "main.js"),
  });
  for (const name of ["manifest.json", "index.html", "styles.css", "icons"])
    cpSync(at(name), at("dist", name), { recursive: true, filter: (path) => !path.endsWith(".svg") });
  if (process.argv.includes("--ccx")) writeCcx();
}

/** A .ccx is a zip of what is installed. Dates are fixed, so that a package can be compared with its source. */
function writeCcx() {
  const { id, version } = JSON.parse(readFileSync(at("manifest.json"), "utf8"));
  const named = filesIn(at("dist")).map((path) => [relative(at("dist"), path).replaceAll("\\", "/"), readFileSync(path)]);
  const target = at(`${id}_${version}.ccx`);
  writeFileSync(target, zipSync(Object.fromEntries(named), { level: 9, mtime: "1980-01-02" }));
  console.log(relative(process.cwd(), target));
}

function filesIn(folder) {
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesIn(path) : [path]));
}

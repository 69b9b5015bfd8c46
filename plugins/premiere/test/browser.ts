/** The panel's page in a real browser: what is installed, with a fake host and real files. */

import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { type Browser, chromium, type Page } from "playwright-core";

import type { Files } from "../src/watch_folder";
import type { Given } from "./in_browser";
import { disk } from "./library";

export const CHROMIUM =
  [process.env["CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"].find(
    (path) => path !== "" && existsSync(path),
  ) ?? null;

const beside = (name: string): URL => new URL(name, import.meta.url);

/** Nothing of it goes to the net. */
const QUIET = ["no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"];

export const start = (): Promise<Browser> =>
  chromium.launch({ executablePath: CHROMIUM ?? "", args: QUIET.map((name) => `--${name}`) });

export interface Look {
  readonly theme: "dark" | "light";
  readonly width?: number;
  readonly height?: number;
}

/** Opens the panel; ends with an error where its page has one. */
export async function open(browser: Browser, given: Given, { theme, width = 380, height = 600 }: Look): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: theme, deviceScaleFactor: 2 });
  page.on("pageerror", (error) => {
    throw error;
  });
  page.setDefaultTimeout(10_000);
  await page.exposeFunction("onDisk", (name: keyof Files, ...named: [string, string]) => disk[name](...named));
  await page.addInitScript((put: Given) => void (window.given = put), given);
  await page.addInitScript({ path: fileURLToPath(beside("in_browser.js")) });
  await page.goto(beside("../dist/index.html").href);
  await page.waitForSelector("main");
  return page;
}

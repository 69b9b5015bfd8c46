/**
 * Drives the panel in a browser.
 *
 *     node drive.mjs --pictures FOLDER            a picture of each phase, in both themes and both languages; and the icons
 *     node drive.mjs --lay WATCH_FOLDER CUT RATE  scores a timeline with whoever watches, lays it; prints where all lies
 */

import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

import type { Browser, Page } from "playwright-core";

import type { Clip } from "../src/watch_folder";
import { open, start } from "./browser";
import { clip, CUT, emptyFolder, lastRequest, put, remove, result, watch } from "./library";

const [what = "", ...named] = process.argv.slice(2);
if (what === "--pictures") await pictures(resolve(named[0] ?? "."));
else if (what === "--lay") await lay(named[0] ?? "", named[1] ?? "", named[2] ?? "25");
else throw new Error("--pictures FOLDER, or --lay WATCH_FOLDER CUT RATE");

/** The manifest's icons, at both scales, from their drawings. */
async function icons(browser: Browser): Promise<void> {
  const folder = fileURLToPath(new URL("../icons/", import.meta.url));
  for (const [suffix, deviceScaleFactor] of [["", 1], ["@2x", 2]] as const) {
    const page = await browser.newPage({ viewport: { width: 24, height: 24 }, deviceScaleFactor });
    for (const name of ["dark", "light"]) {
      await page.setContent(`<style>* { margin: 0; display: block }</style>${await readFile(join(folder, `${name}.svg`), "utf8")}`);
      await page.screenshot({ path: join(folder, `${name}${suffix}.png`), omitBackground: true });
    }
    await page.close();
  }
}

async function pictures(folder: string): Promise<void> {
  const browser = await start();
  await icons(browser);
  for (const theme of ["dark", "light"] as const) {
    for (const locale of ["en_US", "zh_TW"]) {
      const watchFolder = await emptyFolder();
      watch(watchFolder);
      // A plain path, since a picture lives longer than a test's folder.
      const page = await open(browser, { traits: { marks: [250, 1250] }, locale, watchFolder, cut: CUT }, { theme });
      const take = async (phase: string): Promise<void> => {
        await page.evaluate((real) => {
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          for (let text = walk.nextNode(); text; text = walk.nextNode())
            text.textContent = (text.textContent ?? "").replaceAll(real, "/Users/mei/AVM Scoring");
        }, watchFolder);
        await page.screenshot({ path: join(folder, `premiere-${phase}-${theme}-${locale.slice(0, 2)}.png`) });
      };
      await page.waitForSelector("[data-state=yes]");
      await page.fill("input[placeholder]", "250");
      await take("idle");
      await page.click("button.primary");
      const request = await lastRequest(watchFolder);
      await put(request, "progress.json", { label: "Waiting for the service", done: 62, total: 100, elapsed_s: 74, messages: ["An earlier upload came through: film 1320 is used.", "Nests are opened, their clips lie in their place: Titles."] });
      await page.waitForSelector(".bar:not(.unknown)");
      await take("running");
      await put(request, "result.json", result(watchFolder, await cues(watchFolder), { total_price: "187.00", notes: [] }));
      await page.waitForSelector(".cue");
      await page.locator(".cue .link").first().click();
      await page.locator("main").hover({ position: { x: 1, y: 1 } });
      await take("results");
      await page.evaluate(() => void ((window.host.traits as { isOpen: boolean }).isOpen = false));
      await page.click("button.primary");
      await page.waitForSelector("[role=alert]");
      await take("error");
      await page.close();
      await remove(watchFolder);
    }
  }
  await browser.close();
}

async function cues(folder: string): Promise<Clip[]> {
  const others = [
    { title: "Slow Current", price: "95.00", is_bought: false },
    { title: "Harbour Lights", price: "140.00", is_bought: true },
  ];
  return Promise.all([
    clip(folder, { kind: "music", title: "Paper Boats", timecode: "01:00:10:00", price: "120.00", others }),
    clip(folder, { title: "Footsteps on gravel, slow, left to right", timecode: "01:00:12:08", price: "18.00" }),
    clip(folder, { title: "Door, wooden", timecode: "01:00:17:21", price: "25.00", others: others.slice(0, 1) }),
    clip(folder, { title: "Rain on glass", timecode: "01:00:24:00", price: "24.00" }),
    clip(folder, { kind: "dialogue", title: "Take 3, noise reduced", timecode: "01:00:31:04", price: null }),
    clip(folder, { title: "Gull, distant", timecode: "01:00:44:12", price: "0.00", is_bought: true }),
  ]);
}

async function lay(watchFolder: string, cut: string, rate: string): Promise<void> {
  const browser = await start();
  const given = { traits: { rate, startFrame: 0 }, locale: "en_US", watchFolder, cut: await readFile(cut, "utf8") };
  const page = await open(browser, given, { theme: "dark" });
  await page.locator("input[type=radio]").nth(1).check();
  await page.click("button.primary");
  await page.waitForSelector(".cue, [role=alert]", { timeout: 180_000 });
  await failing(page);
  await page.locator(".buttons button").nth(1).click();
  await page.waitForSelector(".box.notes, [role=alert]", { timeout: 30_000 });
  await failing(page);
  const laid = await page.evaluate(() =>
    window.host.tracks.map(({ name, sounds }) => ({
      name,
      sounds: sounds.map(({ file, start, end, mediaStart, level, disabled }) => ({
        file,
        start: `${start}`,
        end: `${end}`,
        media_start: `${mediaStart}`,
        level,
        disabled,
      })),
    })),
  );
  console.log(JSON.stringify({ tracks: laid, said: await page.textContent(".box.notes") }));
  await browser.close();
}

async function failing(page: Page): Promise<void> {
  const alert = page.locator("[role=alert]");
  if ((await alert.count()) > 0) throw new Error((await alert.textContent()) ?? "");
}

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import type { Browser, Page } from "playwright-core";

import { CHROMIUM, type Look, open, start } from "./browser";
import { clip, CUT, emptyFolder, lastRequest, pageRequest, put, remove, result, watch } from "./library";

const skip = CHROMIUM === null ? "no Chromium here" : false;
let browser: Browser;

before(async () => {
  if (!skip) browser = await start();
});
after(async () => {
  if (!skip) await browser.close();
});

async function panel(look: Look, traits: object = {}, locale = "en_US"): Promise<{ page: Page; folder: string }> {
  const folder = await emptyFolder();
  after(() => remove(folder));
  return { page: await open(browser, { traits, locale, watchFolder: folder, cut: CUT }, look), folder };
}

async function finish(page: Page, folder: string): Promise<void> {
  await page.waitForSelector("[role=progressbar]");
  const request = await lastRequest(folder);
  const others = [{ title: "Other", price: "9.00", is_bought: false }];
  const clips = [
    await clip(folder, { title: "Theme with a name that is much longer than any panel is wide", kind: "music", others }),
    await clip(folder),
    await clip(folder, { kind: "dialogue", title: "Take", price: null }),
  ];
  await put(request, "result.json", result(folder, clips, { total_price: "25.00", notes: ["A remark."] }));
  await page.waitForSelector(".cue");
}

/** Texts whose contrast with what lies behind them is under 4.5 to 1; WCAG 2.2, 1.4.3. */
const faint = (page: Page): Promise<string[]> =>
  page.evaluate(() => {
    const numbers = (colour: string): number[] => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (colour: string): number => {
      const [red = 0, green = 0, blue = 0] = numbers(colour).map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    const behind = (element: Element | null): string => {
      if (element === null) return "rgb(255, 255, 255)";
      const colour = getComputedStyle(element).backgroundColor;
      return (numbers(colour)[3] ?? 1) === 0 ? behind(element.parentElement) : colour;
    };
    return [...document.querySelectorAll("body *:not(script)")].flatMap((element) => {
      const hasText = [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim());
      if (!hasText || (element as HTMLButtonElement).disabled) return [];
      const [one, other] = [light(getComputedStyle(element).color), light(behind(element))];
      const contrast = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      return contrast < 4.5 ? [`${element.textContent}: ${contrast.toFixed(2)}`] : [];
    });
  });

const tooWide = (page: Page): Promise<boolean> =>
  page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);

for (const theme of ["dark", "light"] as const) {
  for (const locale of ["en_US", "zh_TW"]) {
    test(`every phase is legible and fits the narrowest panel: ${theme}, ${locale}`, { skip }, async () => {
      const { page, folder } = await panel({ theme, width: 300, height: 320 }, { marks: [25, 500] }, locale);
      const looks = async (): Promise<void> => assert.deepEqual([await faint(page), await tooWide(page)], [[], false]);
      await page.waitForSelector("[data-state=no]");
      await looks();
      await page.click("button.primary");
      await page.waitForSelector(".warning code");
      await looks();
      await finish(page, folder);
      await looks();
      await page.locator(".link").first().click();
      await looks();
      await page.evaluate(() => void ((window.host.traits as { isOpen: boolean }).isOpen = false));
      await page.click("button.primary");
      await page.waitForSelector("[role=alert]");
      await looks();
      await page.close();
    });
  }
}

test("all is reached and done with the keyboard alone", { skip }, async () => {
  const { page, folder } = await panel({ theme: "dark" });
  const focused = (): Promise<string> =>
    page.evaluate(() => document.activeElement?.textContent || document.activeElement?.getAttribute("placeholder") || "");
  await page.locator("input[type=radio]").first().focus();
  await page.keyboard.press("ArrowDown");
  const seen: string[] = [];
  for (let presses = 0; presses < 20 && !(await focused()).startsWith("Choose"); presses++) {
    await page.keyboard.press("Tab");
    seen.push(await focused());
    const ring = await page.evaluate(() => getComputedStyle(document.activeElement as Element).outlineStyle);
    assert.equal(ring, "solid");
  }
  assert.deepEqual(seen.slice(-4), ["", "Score", "Last job", "Choose…"]);
  await page.locator("input[placeholder]").focus();
  await page.keyboard.type("100");
  await page.keyboard.press("Enter");
  await finish(page, folder);
  assert.equal(await focused(), "Import as new sequence");
  assert.match((await page.textContent(".total")) ?? "", /25\.00 USD of 100 USD/);
  assert.match((await page.textContent("main")) ?? "", /75\.00 USD left/);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".box.notes");
  assert.match((await page.textContent(".box.notes")) ?? "", /Reel 1: 3 sounds laid and checked\./);
  await page.close();
});

test("by keyboard the audition page is opened, and the list follows what is written there", { skip }, async () => {
  const { page, folder } = await panel({ theme: "dark", width: 300, height: 420 });
  watch(folder);
  await page.locator("input[type=radio]").nth(1).check();
  await page.click("button.primary");
  await finish(page, folder);
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "Audition…");
  await page.keyboard.press("Enter");
  await put(await pageRequest(folder), "page.json", { host: "here", address: "http://127.0.0.1:9/enter?token=once" });
  await page.waitForSelector(".box.notes");
  assert.deepEqual(await page.evaluate(() => window.browsed), ["http://127.0.0.1:9/enter?token=once"]);
  assert.deepEqual([await faint(page), await tooWide(page)], [[], false]);
  const chosen = await clip(folder, { title: "What was chosen" });
  await put(await lastRequest(folder), "result.json", result(folder, [chosen], { total_price: "4.00" }));
  await page.waitForFunction(() => document.querySelector(".cue .title")?.textContent === "What was chosen");
  assert.match((await page.textContent(".total")) ?? "", /4\.00 USD/);
  await page.close();
});

test("nobody watches: the panel says so, with the command, within two seconds of the request", { skip }, async () => {
  const { page, folder } = await panel({ theme: "light" });
  await page.locator("input[type=radio]").nth(1).check();
  await page.click("button.primary");
  await page.waitForSelector("[role=progressbar]");
  const began = Date.now();
  await page.waitForSelector(".warning code");
  assert.ok(Date.now() - began < 2500);
  assert.equal(await page.textContent(".warning code"), `avm-otio watch "${folder}"`);
  await page.close();
});

test("what is typed stays while the panel looks at the host", { skip }, async () => {
  const { page, folder } = await panel({ theme: "dark" });
  watch(folder);
  await page.locator("input[placeholder]").focus();
  await page.keyboard.type("12");
  await page.waitForSelector("[data-state=yes]");
  await page.keyboard.type("5");
  assert.equal(await page.inputValue("input[placeholder]"), "125");
  await page.close();
});

test("a budget that is passed is said in words, not by colour alone", { skip }, async () => {
  const { page, folder } = await panel({ theme: "dark" });
  await page.locator("input[type=radio]").nth(1).check();
  await page.fill("input[placeholder]", "20");
  await page.click("button.primary");
  await finish(page, folder);
  assert.match((await page.textContent("main")) ?? "", /Over budget by 5\.00/);
  await page.close();
});

test("a list that goes on below says how much of it does, until it is seen", { skip }, async () => {
  const { page, folder } = await panel({ theme: "dark" });
  watch(folder);
  await page.locator("input[type=radio]").nth(1).check();
  await page.click("button.primary");
  await page.waitForSelector("[role=progressbar]");
  const clips = await Promise.all([...Array(12).keys()].map((at) => clip(folder, { title: `Hit ${at}` })));
  await put(await lastRequest(folder), "result.json", result(folder, clips, { total_price: "25.00" }));
  await page.waitForSelector(".cue");
  assert.match((await page.textContent(".below")) ?? "", /^▾ \d+ more below$/);
  await page.locator(".cue").last().scrollIntoViewIfNeeded();
  await page.waitForFunction(() => document.querySelector(".below")?.textContent === "");
  await page.close();
});

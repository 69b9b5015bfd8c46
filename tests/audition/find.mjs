// Searches the library from the page, by keys alone, and says as JSON what it found.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [,, modules, address, executablePath, shots] = process.argv;
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
const found = { errors: [] };
const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" })).newPage();
page.on("pageerror", (error) => found.errors.push(error.message));
await page.goto(address);
await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
await page.keyboard.press("ArrowDown");
await page.evaluate(() => window.audition.pick(window.audition.doc.cues[0]));
await page.keyboard.press("f");
await page.waitForSelector("dialog.finder[open]");
await page.keyboard.type("door creak");
await page.keyboard.press("Enter");
await page.waitForSelector(".found li", { timeout: 60000 });
found.first = await page.textContent(".found li .title");
await page.waitForFunction(() => document.activeElement?.classList.contains("hear"));
found.heardPeak = await page.evaluate(async () => {
  const { audition: a } = window;
  const tap = new AnalyserNode(a.engine.context, { fftSize: 2048 });
  document.activeElement.click();
  let peak = 0;
  const held = new Float32Array(2048);
  for (let n = 0; n < 60; n += 1) {
    a.finder.playing?.level.connect(tap);
    await new Promise((done) => setTimeout(done, 20));
    tap.getFloatTimeDomainData(held);
    peak = Math.max(peak, ...held.map(Math.abs));
  }
  return peak;
});
await page.evaluate(readFileSync(`${modules}/node_modules/axe-core/axe.min.js`, "utf8"));
found.axe = await page.evaluate(async () => (await window.axe.run()).violations
  .filter((each) => ["serious", "critical"].includes(each.impact)).map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`));
if (shots) await page.screenshot({ path: `${shots}/finder.png` });
const item = () => page.evaluate(async () => {
  await window.audition.state.flush();
  const { choices } = await (await fetch("/api/session")).json();
  return choices[window.audition.doc.cues[0].name].item;
});
const laid = () => page.waitForFunction(() => window.audition.doc.cues[0].items.some((each) => each.is_added && each.segments.length), null, { timeout: 60000 });
await page.keyboard.press("a");
await laid();
found.added = await page.evaluate(() => { const each = window.audition.state.heard(window.audition.doc.cues[0]); return { id: each.id, title: each.title }; });
found.voiced = await page.evaluate(async () => {
  const { audition: a } = window;
  const cue = a.doc.cues[0];
  await a.clock.seek(Math.max(0, cue.start - 0.2), { play: true });
  for (let n = 0; n < 200 && !a.engine.voices.has(cue.name); n += 1) await new Promise((done) => setTimeout(done, 20));
  const is = a.engine.voices.get(cue.name)?.signature.startsWith(String(a.state.heard(cue).id));
  a.clock.pause();
  return is;
});
// Until the program has it: a busy machine takes its time.
const once = async (is) => { for (let n = 0; n < 600 && !is(await item()); n += 1) await page.waitForTimeout(50); return item(); };
await page.keyboard.press("z");
found.undone = await once((now) => now !== found.added.id);
await page.keyboard.press("Shift+Z");
await laid();
found.redone = await once((now) => now === found.added.id);
console.log(JSON.stringify(found));
await browser.close();

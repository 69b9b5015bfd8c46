// Drives the page in a real browser, and says as JSON what it found.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [,, modules, address, executablePath, shots] = process.argv;
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
const found = { errors: [] };
const step = (text) => process.stderr.write(`${text}\n`);
step("opened");

const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US", colorScheme: "light" });
const page = await context.newPage();
page.on("pageerror", (error) => found.errors.push(error.message));
page.on("console", (line) => { if (/Content Security Policy|Trusted/i.test(line.text())) found.errors.push(line.text()); });
await page.addInitScript(() => document.addEventListener("loadeddata", () => { window.pictureAt ??= performance.now(); }, true));
await page.goto(address);
await page.waitForURL((url) => url.pathname === "/");
await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
found.title = await page.title();
await page.waitForFunction(() => performance.getEntriesByType("resource").some((each) => each.name.includes("/thumb/")), null, { timeout: 60000 });
found.thumbsAfterPictureMs = await page.evaluate(() =>
  Math.min(...performance.getEntriesByType("resource").filter((each) => each.name.includes("/thumb/")).map((each) => each.startTime)) - window.pictureAt);

step("ready");
// In step: at the start, after a seek; and what the film's own flash and beep say.
Object.assign(found, await page.evaluate(async () => {
  const { audition: a } = window;
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const middle = (list) => { const sorted = list.map((each) => each.error * 1000).sort((x, y) => x - y); return sorted[sorted.length >> 1]; };
  const out = {};
  const flashes = [];
  const canvas = new OffscreenCanvas(8, 8);
  const look = canvas.getContext("2d", { willReadFrequently: true });
  const seen = (_, shown) => {
    look.drawImage(a.video, 0, 0, 8, 8);
    if (look.getImageData(4, 4, 1, 1).data[0] > 128) flashes.push({ at: shown.mediaTime, heard: a.clock.audible(shown.expectedDisplayTime) });
    a.video.requestVideoFrameCallback(seen);
  };
  a.video.requestVideoFrameCallback(seen);
  out.shown = 1;
  const settle = async (ms) => {
    a.clock.measured = [];
    await sleep(ms);
    out.shown = Math.min(out.shown, a.clock.measured.length / (ms / 40));
    return middle(a.clock.measured);
  };
  await a.clock.play();
  while (!a.engine.isPlaying) await sleep(10);
  await sleep(600);
  out.startMs = await settle(2500);
  await a.seek(5.2);
  while (!a.engine.isPlaying) await sleep(10);
  await sleep(600);
  out.seekMs = await settle(2000);
  out.stateRunning = a.engine.context.state;
  const beeps = [];
  const whole = await a.engine.pieces.fetch("own", 0);
  const left = whole.getChannelData(0);
  for (let n = 1; n < left.length; n += 1) if (Math.abs(left[n]) > 0.1 && (!beeps.length || n - beeps[beeps.length - 1] * 48000 > 24000)) beeps.push(n / 48000);
  out.beeps = beeps;
  out.flashes = flashes.map((each) => each.at);
  out.flashHeardMs = flashes.map((each) => Math.round((each.heard - each.at) * 1000));

  // Another item while it plays.
  const cue = a.doc.cues.find((each) => each.stem === "music");
  a.pick(cue);
  const tap = new AnalyserNode(a.engine.context, { fftSize: 32768, smoothingTimeConstant: 0 });
  a.engine.groups.get("music").bus.connect(tap);
  await sleep(300);
  const asked = a.engine.context.currentTime;
  a.choose(cue, { item: cue.items[1].id });
  await sleep(420);
  const heard = new Float32Array(32768);
  tap.getFloatTimeDomainData(heard);
  out.switchMs = (a.engine.switches.at(-1).at - asked) * 1000;
  let quiet = 0; let longest = 0; let step = 0;
  for (let n = 1; n < heard.length; n += 1) {
    quiet = Math.abs(heard[n]) < 1e-5 ? quiet + 1 : 0;
    longest = Math.max(longest, quiet);
    step = Math.max(step, Math.abs(heard[n] - heard[n - 1]));
  }
  out.gapMs = longest / 48;
  out.step = step;
  a.clock.pause();
  return out;
}));

step("played");
// By keys alone: choose, nudge, louder, leave out; taken back and done again; kept by the server.
const kept = () => page.evaluate(async () => { await window.audition.state.flush(); return (await (await fetch("/api/session")).json()).choices["effects 1"]; });
await page.evaluate(() => window.audition.pick(window.audition.doc.cues.find((cue) => cue.name === "effects 1")));
for (const key of ["2", ".", ".", "["]) await page.keyboard.press(key);
found.chosen = await kept();
await page.keyboard.press("z");
await page.keyboard.press("z");
await page.waitForTimeout(250);
found.undone = await kept();
await page.keyboard.press("Shift+Z");
await page.keyboard.press("Shift+Z");
await page.waitForTimeout(250);
found.redone = await kept();
await page.reload();
await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
found.reloaded = await kept();

step("kept");
// Two pages on one job.
const other = await context.newPage();
await other.goto(new URL(address).origin);
await other.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
await page.evaluate(() => window.audition.choose(window.audition.doc.cues.find((cue) => cue.name === "effects 2"), { gain_db: -5 }));
await other.waitForFunction(() => window.audition.state.choices["effects 2"].gain_db === -5, null, { timeout: 20000 });
found.seenByOther = true;
await other.close();

step("seen");
// The timeline is written.
await page.keyboard.press("u");
await page.waitForFunction(() => window.audition.state.totals.is_written && !window.audition.isUpdating, null, { timeout: 120000 });
found.status = await page.textContent(".status");
await page.evaluate(() => window.audition.pick(window.audition.doc.cues.find((cue) => cue.name === "effects 1")));
found.titles = await page.$$eval(".item .title", (all) => all.map((each) => each.textContent));

step("written");
// What the page's graph makes of a stretch, to be held against the program's own mix.
found.mix = await page.evaluate(async () => {
  const { audition: a } = window;
  const { Engine } = await import("/page/engine.js");
  const context = new OfflineAudioContext(2, 48000 * 30, 48000);
  const engine = new Engine(a.doc, context);
  engine.load(a.doc, (cue) => a.wish(cue));
  engine.aheadS = 100;
  engine.fetchS = 100;
  await engine.ready(0, 100);
  engine.start(0, 0);
  engine.gate.gain.cancelScheduledValues(0);
  engine.gate.gain.setValueAtTime(1, 0);
  for (const name of ["music", "effects"]) engine.groups.get(name).bus.gain.value = 10 ** (a.engine.groups.get(name).db / 20);
  clearInterval(engine.timer);
  const rendered = await context.startRendering();
  const both = [0, 1].map((side) => rendered.getChannelData(side));
  const bytes = new Uint8Array(new Float32Array([...both[0], ...both[1]]).buffer);
  let text = "";
  for (let n = 0; n < bytes.length; n += 32768) text += String.fromCharCode(...bytes.subarray(n, n + 32768));
  return btoa(text);
});

step("mixed");
// Whoever cannot see it, and long films.
found.axe = [];
const axe = readFileSync(`${modules}/node_modules/axe-core/axe.min.js`, "utf8");
const judge = async (where) => {
  await page.waitForTimeout(150);
  await page.evaluate(axe);
  found.axe.push(...(await page.evaluate(async () => (await window.axe.run()).violations
    .filter((each) => ["serious", "critical"].includes(each.impact))
    .map((each) => `${each.id}: ${each.nodes[0].html.slice(0, 200)}`))).map((each) => `${where}: ${each}`));
};
for (const language of ["zh", "en"]) {
  await page.evaluate((to) => localStorage.setItem("avm-language", to), language);
  await page.reload();
  await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    await judge(`${language} ${colorScheme}`);
    await page.keyboard.press("?");
    await judge(`${language} ${colorScheme} keys`);
    await page.keyboard.press("Escape");
  }
}
// At no width is a word on the timeline cut off at its edge.
found.cutOff = [];
for (let width = 700; width <= 1440; width += 37) {
  await page.setViewportSize({ width, height: 1000 });
  await page.waitForTimeout(60);
  found.cutOff.push(...await page.evaluate(() => {
    const { timeline } = window.audition;
    const own = CanvasRenderingContext2D.prototype.fillText;
    const out = [];
    CanvasRenderingContext2D.prototype.fillText = function (text, x, ...more) {
      if (x + this.measureText(text).width > timeline.width) out.push(`${text} at ${timeline.width}`);
      return own.call(this, text, x, ...more);
    };
    timeline.redraw();
    timeline.paint();
    CanvasRenderingContext2D.prototype.fillText = own;
    return out;
  }));
}
await page.setViewportSize({ width: 700, height: 1000 });
await judge("narrow");
await page.setViewportSize({ width: 1440, height: 900 });
// By Tab alone: what is reached, how it is called, and whether that is seen.
await page.evaluate(() => { window.audition.pick(window.audition.doc.cues[1]); document.activeElement?.blur(); });
found.tabs = [];
for (let n = 0; n < 120; n += 1) {
  await page.keyboard.press("Tab");
  const at = await page.evaluate(() => {
    const { activeElement: it } = document;
    if (!it || it === document.body) return null;
    const look = getComputedStyle(it);
    const named = it.labels?.[0]?.textContent || it.getAttribute("aria-label") || it.getAttribute("placeholder") || it.textContent;
    return { name: named.trim(), role: it.getAttribute("role") || it.type || it.localName, seen: look.outlineStyle !== "none" || look.boxShadow !== "none" };
  });
  if (!at || (found.tabs.length && JSON.stringify(at) === JSON.stringify(found.tabs[0]))) break;
  found.tabs.push(at);
}
step("axe");
found.held = await page.evaluate(async () => {
  const { audition: a } = window;
  const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
  const cue = a.doc.cues.find((each) => each.stem === "music");
  a.pick(cue);
  await a.clock.seek(0, { play: true });
  while (!a.engine.isPlaying) await sleep(10);
  await sleep(300);
  const heard = () => a.engine.voices.get(cue.name).signature.split(" ")[0];
  const until = async (is) => { for (let n = 0; n < 1000 && !is(heard()); n++) await sleep(30); }; // a busy machine takes its time
  const out = [heard()];
  a.compare(true);
  await until((now) => now !== out[0]);
  out.push(heard());
  a.compare(false);
  await until((now) => now === out[0]);
  out.push(heard());
  a.clock.pause();
  return out;
});
step("held");
found.long = await page.evaluate(async () => {
  const { audition: a } = window;
  const later = (segment, by) => ({ ...segment, first: segment.first + by, last: segment.last + by });
  const base = a.doc.cues.find((cue) => cue.name === "effects 1");
  const doc = { ...a.doc, frames: 90 * 60 * 25, spoken: [] };
  doc.cues = Array.from({ length: 500 }, (_, n) => ({
    ...base, number: n + 1, name: `effects ${n + 1}`, start: n * 10.7, end: n * 10.7 + 1,
    items: base.items.map((item) => ({ ...item, segments: item.segments.map((each) => later(each, Math.round(n * 10.7 * 48000))) })),
  }));
  doc.choices = Object.fromEntries(doc.cues.map((cue) => [cue.name, a.doc.choices["effects 1"]]));
  a.doc = doc;
  a.state.take(doc);
  const out = {};
  let begun = performance.now();
  a.begin();
  a.build();
  out.buildMs = performance.now() - begun;
  begun = performance.now();
  let frames = 0;
  await new Promise((done) => {
    const step = () => {
      frames += 1;
      a.seek((frames * 7) % 5400);
      if (performance.now() - begun > 1500) done();
      else requestAnimationFrame(step);
    };
    step();
  });
  out.scrubFps = frames / ((performance.now() - begun) / 1000);
  begun = performance.now();
  for (let at = 0; at < 5400; at += 60) a.engine.prefetch(at * 48000);
  out.lookMs = (performance.now() - begun) / 90;
  out.keptMb = a.engine.pieces.bytes / 2 ** 20;
  return out;
});
await page.reload();

step("long");
if (shots) {
  for (const [name, width, height] of [["wide", 1440, 900], ["tablet", 1000, 760], ["small", 700, 1000]]) {
    for (const theme of ["light", "dark"]) {
      for (const language of ["en", "zh"]) {
        await page.setViewportSize({ width, height });
        await page.emulateMedia({ colorScheme: theme });
        await page.evaluate((to) => { localStorage.setItem("avm-language", to); localStorage.removeItem("avm-theme"); }, language);
        await page.reload();
        await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 120000 });
        await page.evaluate(() => { window.audition.pick(window.audition.doc.cues[1]); return window.audition.seek(3.4); });
        await page.waitForTimeout(1200);
        await page.screenshot({ path: `${shots}/${name}-${theme}-${language}.png` });
      }
    }
  }
  await page.keyboard.press("?");
  await page.screenshot({ path: `${shots}/help.png` });
}
console.log(JSON.stringify(found));
await browser.close();

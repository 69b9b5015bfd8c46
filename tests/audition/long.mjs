// Ninety minutes and five hundred cues in a real browser with the real server: how soon, how smooth, how much
// memory, and whether sound and picture are still together after ten minutes. Says as JSON what it found.

import { createRequire } from "node:module";

const [,, modules, address, executablePath, minutes] = process.argv;
const { chromium } = createRequire(`${modules}/`)("playwright-core");
const browser = await chromium.launch({
  executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--enable-precise-memory-info", "--js-flags=--expose-gc"],
});
const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-US" });
const page = await context.newPage();
const found = {};
const step = (text) => process.stderr.write(`${new Date().toISOString()} ${text}\n`);

const begun = Date.now();
await page.goto(address);
await page.waitForFunction(() => window.audition?.video?.readyState >= 2, null, { timeout: 120000 });
found.firstPictureMs = Date.now() - begun;
step(`picture after ${found.firstPictureMs} ms`);
await page.waitForFunction(() => window.audition?.doc?.is_ready, null, { timeout: 1800000 });
found.readyMs = Date.now() - begun;
step(`ready after ${found.readyMs} ms`);

found.scrubFps = await page.evaluate(async () => {
  const { audition: a } = window;
  const since = performance.now();
  let frames = 0;
  await new Promise((done) => {
    const scrub = () => {
      frames += 1;
      a.seek((frames * 7.3) % 5400);
      if (performance.now() - since > 4000) done();
      else requestAnimationFrame(scrub);
    };
    scrub();
  });
  return frames / ((performance.now() - since) / 1000);
});
step(`scrubbed at ${found.scrubFps}`);

await page.evaluate(() => {
  const { audition: a } = window;
  window.measure = async (ms) => {
    a.clock.measured = [];
    await new Promise((done) => setTimeout(done, ms));
    const errors = a.clock.measured.map((each) => each.error * 1000).sort((x, y) => x - y);
    globalThis.gc?.();
    return {
      at: a.clock.time, shown: errors.length / (ms / 40), ms: errors[errors.length >> 1] ?? null,
      worst: Math.max(...errors.map(Math.abs)), heapMb: performance.memory.usedJSHeapSize / 2 ** 20, soundMb: a.engine.pieces.bytes / 2 ** 20,
    };
  };
});
await page.evaluate(async () => {
  const { audition: a } = window;
  await a.clock.seek(0, { play: true });
  while (!a.engine.isPlaying) await new Promise((done) => setTimeout(done, 10));
  await new Promise((done) => setTimeout(done, 1500));
});
found.windows = [];
for (let minute = 0; minute <= Number(minutes); minute += 1) {
  const seen = await page.evaluate(() => window.measure(3000));
  found.windows.push(seen);
  step(JSON.stringify(seen));
  if (minute < Number(minutes)) await page.waitForTimeout(57000);
}
await page.evaluate(async () => {
  const { audition: a } = window;
  await a.seek(4321.5);
  while (!a.engine.isPlaying) await new Promise((done) => setTimeout(done, 10));
  await new Promise((done) => setTimeout(done, 1500));
});
found.afterSeek = await page.evaluate(() => window.measure(3000));
step(JSON.stringify(found.afterSeek));
// All of the film, a minute at a time: what is kept of it stays bounded.
found.tour = [];
for (let at = 0; at < 5400; at += 60) {
  await page.evaluate(async (to) => {
    const { audition: a } = window;
    await a.seek(to);
    while (!a.engine.isPlaying) await new Promise((done) => setTimeout(done, 10));
  }, at);
  await page.waitForTimeout(700);
  if (at % 600 === 0) found.tour.push(await page.evaluate(() => ({ heapMb: performance.memory.usedJSHeapSize / 2 ** 20, soundMb: window.audition.engine.pieces.bytes / 2 ** 20 })));
}
step(JSON.stringify(found.tour));
console.log(JSON.stringify(found));
await browser.close();

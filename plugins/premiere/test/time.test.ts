import assert from "node:assert/strict";
import { test } from "node:test";

import { amount, less } from "../src/money";
import { ticksAFrame, ticksOfUs, timecode } from "../src/time";

const said = (frame: number, rate: string, isDrop = false): string => timecode(BigInt(frame), ticksAFrame(rate), isDrop);

test("a frame is a whole number of ticks at every rate in use", () => {
  for (const rate of ["24", "25", "30", "50", "60", "24000/1001", "30000/1001", "60000/1001"]) {
    const [frames = "", seconds = "1"] = rate.split("/");
    assert.equal(ticksAFrame(rate) * BigInt(frames), 254_016_000_000n * BigInt(seconds));
  }
});

test("microseconds become ticks without rounding", () => {
  assert.equal(ticksOfUs(1), 254_016n);
  assert.equal(ticksOfUs(3_600_000_000), 3600n * 254_016_000_000n);
});

test("timecodes without dropped numbers count on", () => {
  assert.equal(said(90_000, "25"), "01:00:00:00");
  assert.equal(said(90_024, "25"), "01:00:00:24");
  assert.equal(said(86_400, "24000/1001"), "01:00:00:00");
});

// SMPTE ST 12-1: the first two (four) numbers of every minute but the tenth are left out.
test("timecodes with dropped numbers leave out the first of each minute but the tenth", () => {
  const rate = "30000/1001";
  assert.equal(said(1799, rate, true), "00:00:59;29");
  assert.equal(said(1800, rate, true), "00:01:00;02");
  assert.equal(said(17_981, rate, true), "00:09:59;29");
  assert.equal(said(17_982, rate, true), "00:10:00;00");
  assert.equal(said(107_892, rate, true), "01:00:00;00");
  assert.equal(said(3599, "60000/1001", true), "00:00:59;59");
  assert.equal(said(3600, "60000/1001", true), "00:01:00;04");
});

test("every drop-frame timecode of a day is another, and none has a dropped number", () => {
  const seen = new Set<string>();
  for (let frame = 0; frame < 2_589_408; frame += 97) {
    const text = said(frame, "30000/1001", true);
    const [, minutes = "", seconds = "", frames = ""] = /^\d\d:(\d\d):(\d\d);(\d\d)$/.exec(text) ?? [];
    assert.ok(!(Number(minutes) % 10 !== 0 && seconds === "00" && Number(frames) < 2), text);
    seen.add(text);
  }
  assert.equal(seen.size, Math.ceil(2_589_408 / 97));
});

test("money is subtracted as decimals", () => {
  assert.equal(less("250", "240.10"), "9.90");
  assert.equal(less("0.3", "0.1"), "0.20");
  assert.equal(less("10", "12.505"), "-2.505");
  assert.equal(less("5.00", "5"), "0.00");
});

test("an amount is what is typed as one", () => {
  assert.equal(amount(" 99,50 "), "99.50");
  assert.equal(amount(""), null);
  for (const wrong of ["-1", "1e3", "ten", "1.2.3", "1234567890"]) assert.equal(amount(wrong), undefined);
});

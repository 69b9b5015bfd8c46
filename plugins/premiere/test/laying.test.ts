import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { batches, lanesOf, Premiere } from "../src/premiere";
import { Problem } from "../src/problem";
import { ticksAFrame } from "../src/time";
import type { Clip, Result } from "../src/watch_folder";
import { FakePremiere, type Traits } from "./fake_premiere";
import { clip, disk, emptyFolder, pause, remove, result } from "./library";

interface Stage {
  readonly folder: string;
  readonly host: FakePremiere;
  readonly premiere: Premiere;
}

async function stage(t: TestContext, traits: Partial<Traits> = {}): Promise<Stage> {
  const folder = await emptyFolder();
  t.after(() => remove(folder));
  const host = new FakePremiere(traits, async () => undefined);
  return { folder, host, premiere: new Premiere(host.module, host.traits.version, disk, () => pause(1)) };
}

const cues = (folder: string): Promise<Clip[]> =>
  Promise.all([
    clip(folder, { title: "Theme", kind: "music", track: "AVM Music 1", record_frame: 0, frames: 700, gain_db: -6 }),
    clip(folder, { record_frame: 50, frames: 25, media_start_us: 500_000 }),
    clip(folder, { record_frame: 60, frames: 30, title: "Door" }),
    clip(folder, { record_frame: 200, frames: 25 }),
  ]);

async function refused(step: Promise<unknown>): Promise<string> {
  const error = await step.then(() => null, (reason: unknown) => reason);
  assert.ok(error instanceof Problem, String(error));
  return error.message;
}

for (const version of ["25.6.0", "26.2.0", "26.3.0"]) {
  for (const [rate, startFrame, display] of [["24000/1001", 86_400, 100], ["25", 90_000, 101], ["30000/1001", 107_892, 102]] as const) {
    test(`sounds lie at the job's frames at ${rate} in Premiere Pro ${version}`, async (t) => {
      const { folder, host, premiere } = await stage(t, { version, rate, startFrame, display });
      const clips = await cues(folder);
      const notes = await premiere.layInto(result(folder, clips, { rate }));
      const frame = ticksAFrame(rate);
      const laid = host.tracks.slice(1).flatMap(({ sounds }) => sounds).map(({ file, start, end }) => [file, start / frame, (end - start) / frame]);
      const wanted = clips.map((one) => [one.file, BigInt(one.record_frame), BigInt(one.frames)]);
      const inOrder = (rows: unknown[][]): string[] => rows.map((row) => row.join(" ")).sort();
      assert.deepEqual(inOrder(laid), inOrder(wanted));
      for (const { sounds } of host.tracks) for (const { start } of sounds) assert.equal(start % frame, 0n);
      assert.deepEqual(notes[0], ["laid", "Reel 1", "4"]);
      const names = host.tracks.map(({ name }) => name);
      if (version === "26.3.0") assert.deepEqual(names, ["Audio 1", "AVM Effects 1", "AVM Effects 1 2", "AVM Music 1"]);
      else assert.deepEqual(notes.at(-1), ["names", "AVM Effects 1, AVM Effects 1 2, AVM Music 1"]);
    });
  }
}

test("what lay in the sequence stays as it is", async (t) => {
  const { folder, host, premiere } = await stage(t);
  const own = { file: "own.wav", start: 0n, end: 10n ** 12n, mediaStart: 0n, level: 1, disabled: false };
  host.tracks[0]?.sounds.push(own);
  await premiere.layInto(result(folder, await cues(folder)));
  assert.deepEqual(host.tracks[0], { name: "Audio 1", sounds: [own] });
});

test("what an earlier scoring laid and is still heard there is told, its alternatives and other places are not", async (t) => {
  const { folder, premiere } = await stage(t);
  const [one, spare, later] = [await clip(folder), await clip(folder, { track: "Spare" }), await clip(folder, { record_frame: 500 })];
  const told = async (all: Clip[], off: Clip[] = []): Promise<boolean> =>
    (await premiere.layInto(result(folder, all, { spare_clips: off }))).some(([name]) => name === "earlier");
  assert.equal(await told([one], [spare]), false);
  assert.equal(await told([later], [spare]), false);
  assert.equal(await told([one]), true);
});

test("a sound begins in its media where the job says, and ends with it", async (t) => {
  const { folder, host, premiere } = await stage(t, { mediaSeconds: 1 });
  const one = await clip(folder, { frames: 30, media_start_us: 0 });
  await assert.rejects(premiere.layInto(result(folder, [one])), /did not come where they belong/);
  const [short] = [await clip(folder, { frames: 25, media_start_us: 20_000 })];
  const second = await stage(t, { mediaSeconds: 1 });
  await second.premiere.layInto(result(folder, [short]));
  const laid = second.host.tracks[1]?.sounds[0];
  assert.equal(laid?.mediaStart, 254_016n * 20_000n);
  assert.equal(laid && laid.end - laid.start, 254_016n * 980_000n);
  assert.equal(host.tracks[1]?.sounds.length, 1);
});

for (const unity of [0.177827941, 1, 0]) {
  test(`gains are set whatever the level's scale: 0 dB is ${unity}`, async (t) => {
    const { folder, host, premiere } = await stage(t, { unity });
    const notes = await premiere.layInto(result(folder, await cues(folder)));
    const music = host.tracks.find(({ name }) => name === "AVM Music 1")?.sounds[0];
    assert.ok(music);
    assert.ok(Math.abs(music.level - (unity === 0 ? -6 : unity * 10 ** (-6 / 20))) < 1e-9);
    assert.ok(!notes.some(([name]) => name === "gains"));
    assert.equal(host.tracks.find(({ name }) => name === "AVM Effects 1")?.sounds[0]?.level, unity);
  });
}

const parts = (folder: string): Promise<Clip[]> =>
  Promise.all(
    [0, 1, 2].map((part) =>
      clip(folder, {
        title: "Theme",
        kind: "music",
        track: "AVM Music 1",
        record_frame: 100 * part,
        frames: 100,
        media_start_us: 7_013_000 * part,
        gain_db: -12,
        keys: [{ at_us: 0, gain_db: -3 }, { at_us: 400_000, gain_db: -12 }],
        cross_fade_us: part > 0 ? { before: 40_000, after: 40_000 } : null,
        part,
      }),
    ),
  );

test("a piece in parts is laid part by part where each begins in the file, as soft as its softest, and counted once", async (t) => {
  const { folder, host, premiere } = await stage(t);
  const notes = await premiere.layInto(result(folder, await parts(folder)));
  const music = host.tracks.find(({ name }) => name === "AVM Music 1")?.sounds ?? [];
  const frame = ticksAFrame("25");
  assert.deepEqual(music.map(({ start, mediaStart }) => [start / frame, mediaStart]), [0n, 1n, 2n].map((part) => [100n * part, 254_016n * 7_013_000n * part]));
  for (const { level } of music) assert.ok(Math.abs(level / host.traits.unity - 10 ** (-12 / 20)) < 1e-9);
  assert.deepEqual(notes, [["laid", "Reel 1", "1"], ["keys"], ["crossFades"]]);
  assert.deepEqual(await premiere.importNew(result(folder, await parts(folder))), [["imported", "Reel 1 scored", "1"]]);
});

test("what begins elsewhere in its file is told with how much", async (t) => {
  const { folder, premiere } = await stage(t, { countsFrames: true });
  const notes = await premiere.layInto(result(folder, await parts(folder)));
  assert.deepEqual(notes[1], ["inPoints", "01:00:02:00 Theme -13 ms; 01:00:02:00 Theme -26 ms"]);
});

test("a gain that cannot be set is told", async (t) => {
  const { folder, premiere } = await stage(t, { hasLevels: false });
  const notes = await premiere.layInto(result(folder, await cues(folder)));
  assert.deepEqual(notes[1], ["gains", "01:00:02:00 Theme -6 dB"]);
});

test("what a panel cannot do is told: fades, speeds, the sound of the camera beside its better", async (t) => {
  const { folder, premiere } = await stage(t);
  const one = await clip(folder, { kind: "dialogue", fade_in_us: 40_000, speed: "25/24" });
  const notes = await premiere.layInto(result(folder, [one]));
  assert.deepEqual(notes.map(([name]) => name), ["laid", "fades", "speeds", "dialogue"]);
});

test("alternatives lie on tracks of their own, disabled; where they are heard all the same, it is told", async (t) => {
  for (const disables of [true, false]) {
    const { folder, host, premiere } = await stage(t, { disables });
    const spare_clips = [await clip(folder, { title: "Door, steel", track: "AVM Effects alternatives 1", record_frame: 60 })];
    const notes = await premiere.layInto(result(folder, await cues(folder), { spare_clips }));
    const off = host.tracks.filter(({ sounds }) => sounds.some(({ disabled }) => disabled)).map(({ name }) => name);
    assert.deepEqual(off, disables ? ["AVM Effects alternatives 1"] : []);
    assert.deepEqual(notes.slice(0, 2), [["laid", "Reel 1", "4"], ["spare", "1"]]);
    assert.equal(notes.some(([name]) => name === "audible"), !disables);
    assert.equal(host.tracks.at(-1)?.name, "AVM Effects alternatives 1");
  }
});

test("a sound that is dropped without a word is named", async (t) => {
  const { folder, premiere } = await stage(t, { dropped: [1] });
  assert.match(await refused(premiere.layInto(result(folder, await cues(folder)))), /^1 of 4 sounds did not come where they belong: 01:00:02:00 /);
});

const troubles: readonly [string, Partial<Traits>, Partial<Result>, RegExp][] = [
  ["a sequence of another rate", { rate: "24" }, {}, /Reel 1 does not run at 25 frames a second/],
  ["an import that fails", { imports: false }, {}, /did not import .*wav/],
  ["a locked sequence", { refused: "lay sounds" }, {}, /refused to lay sounds in Reel 1\. Unlock/],
  ["a bin that cannot be made", { refused: "make a bin" }, {}, /refused to make a bin/],
  ["a host that adds no tracks", { addsTracks: false }, {}, /refused to add the track AVM Effects 1/],
  ["no open sequence", { hasSequence: false }, {}, /No sequence is open/],
];

for (const [name, traits, part, pattern] of troubles) {
  test(`${name} is told, with what to do`, async (t) => {
    const { folder, premiere } = await stage(t, traits);
    assert.match(await refused(premiere.layInto(result(folder, await cues(folder), part))), pattern);
  });
}

test("a new sequence is imported, opened and named", async (t) => {
  const { folder, host, premiere } = await stage(t);
  assert.deepEqual(await premiere.importNew(result(folder, await cues(folder))), [["imported", "Reel 1 scored", "4"]]);
  assert.deepEqual(host.imported, [join(folder, "scored.xml")]);
  assert.equal(host.sequences[host.active], "Reel 1 scored");
});

test("what the host shows only later is waited for", async (t) => {
  const { folder, host, premiere } = await stage(t, { lateMs: 8 });
  await premiere.importNew(result(folder, []));
  await premiere.layInto(result(folder, await cues(folder)));
  assert.equal(host.tracks.flatMap(({ sounds }) => sounds).length, 4);
});

test("a new sequence that does not come is told", async (t) => {
  const { folder, premiere } = await stage(t, { imports: false });
  assert.match(await refused(premiere.importNew(result(folder, []))), /did not import .*scored\.xml and does not say why/);
});

test("no lane overlaps itself, and every clip is in one", async (t) => {
  const { folder } = await stage(t);
  const one = await clip(folder);
  // A small generator of its own: the same every time.
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) % below;
  for (let round = 0; round < 200; round++) {
    const clips = Array.from({ length: random(30) }, () => ({ ...one, record_frame: random(100), frames: 1 + random(40), track: `T ${random(2)}` }));
    const lanes = lanesOf(clips);
    assert.equal(lanes.flatMap((lane) => lane.clips).length, clips.length);
    assert.equal(new Set(lanes.map(({ name }) => name)).size, lanes.length);
    for (const lane of lanes) {
      let end = 0;
      for (const { record_frame, frames } of lane.clips) {
        assert.ok(record_frame >= end);
        end = record_frame + frames;
      }
      const files = batches(lane.clips);
      assert.deepEqual(files.flat(), lane.clips);
      for (const batch of files) assert.equal(new Set(batch.map(({ file }) => file)).size, batch.length);
    }
  }
});

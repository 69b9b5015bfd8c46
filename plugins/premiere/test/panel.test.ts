import assert from "node:assert/strict";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";

import { sentence } from "../src/problem";
import type { State } from "../src/state";
import { WORDS } from "../src/words";
import type { Traits } from "./fake_premiere";
import { Bench, clip, CUT, emptyFolder, lastRequest, pageRequest, put, remove, result, watch } from "./library";

type More = ConstructorParameters<typeof Bench>[2];

async function bench(t: TestContext, traits: Partial<Traits> = {}, more: More = {}): Promise<Bench> {
  const folder = await emptyFolder();
  t.after(() => remove(folder));
  return new Bench(folder, traits, more);
}

function told(state: State): string {
  assert.equal(state.phase, "error");
  assert.ok(state.problem);
  const { message, hint } = sentence(WORDS[state.language], state.problem);
  return `${message} ${hint}`;
}

test("a request says what is wished, under the names of the watch folder, and is whole when it appears", async (t) => {
  const { panel, folder, until, host } = bind(await bench(t));
  watch(folder);
  panel.change({ scope: "whole", denoise: true, budget: "99,50", alternatives: "2" });
  const done = panel.score();
  const request = await lastRequest(folder);
  assert.deepEqual(JSON.parse(await readFile(join(request, "request.json"), "utf8")), {
    timeline: "cut.xml",
    output: "scored.xml",
    editor: "premiere",
    services: ["music", "effects", "denoise"],
    budget_max: 99.5,
    alternatives: 2,
  });
  assert.equal(await readFile(join(request, "cut.xml"), "utf8"), CUT);
  assert.deepEqual(host.exported, [join(request, "cut.xml")]);
  await put(request, "progress.json", { label: "Uploading", done: 1, total: 4, elapsed_s: 3, messages: [] });
  assert.equal((await until((state) => state.progress !== null)).progress?.label, "Uploading");
  await put(request, "result.json", result(folder, [await clip(folder)]));
  await done;
  const { phase, budget } = await until((state) => state.phase === "results");
  assert.deepEqual([phase, budget], ["results", "99.5"]);
});

test("an export that is still being written is waited for", async (t) => {
  const { panel, folder } = await bench(t, { lateMs: 15, marks: [1, 9] });
  watch(folder);
  const done = panel.score();
  const request = await lastRequest(folder);
  assert.equal(await readFile(join(request, "cut.xml"), "utf8"), CUT);
  await put(request, "error.json", { kind: "CancelledError", message: "" });
  await done;
});

test("marks are said in record timecode, with all of their last frame", async (t) => {
  const cases: readonly [Partial<Traits>, string, string][] = [
    [{ marks: [250, 750] }, "01:00:10:00", "01:00:30:00"],
    [{ rate: "24000/1001", startFrame: 86_400, display: 100, marks: [24, 48] }, "01:00:01:00", "01:00:02:00"],
    [{ rate: "30000/1001", startFrame: 107_892, display: 102, frames: 9000, marks: [1798, 1801] }, "01:00:59;28", "01:01:00;03"],
    [{ marks: [250, 9999] }, "01:00:10:00", "01:01:00:00"],
  ];
  for (const [traits, from, to] of cases) {
    const { panel, folder } = await bench(t, traits);
    watch(folder);
    const done = panel.score();
    const request = await lastRequest(folder);
    const order = JSON.parse(await readFile(join(request, "request.json"), "utf8")) as { tc_in: string; tc_out: string };
    assert.deepEqual([order.tc_in, order.tc_out], [from, to]);
    await put(request, "error.json", { kind: "CancelledError", message: "" });
    await done;
  }
});

test("nobody watches: it is said within two seconds, the request stays, and it goes on when somebody comes", async (t) => {
  const { panel, folder, until } = bind(await bench(t));
  panel.change({ scope: "whole" });
  const done = panel.score();
  const request = await lastRequest(folder);
  const before = Date.now();
  await until((state) => state.phase === "running" && state.watching === "no");
  // The bench's time runs ten times as fast; the other half is the machine's.
  assert.ok(Date.now() - before < 400);
  assert.deepEqual((await readdir(request)).sort(), ["cut.xml", "request.json"]);
  watch(folder);
  await until((state) => state.watching === "yes");
  await put(request, "result.json", result(folder, [await clip(folder)]));
  await done;
});

test("an editor that was killed loses nothing: the last job is there for the next", async (t) => {
  const first = await bench(t);
  first.panel.change({ scope: "whole", budget: "40" });
  void first.panel.score();
  const request = await lastRequest(first.folder);
  await put(request, "result.json", result(first.folder, [await clip(first.folder)]));
  const { panel, state } = bind(new Bench(first.folder));
  await panel.importLast();
  assert.deepEqual([state().phase, state().result?.clips.length, state().budget], ["results", 1, "40"]);
});

test("cancelling leaves the mark, and what comes back is told as an end, not as an error", async (t) => {
  const { panel, folder, until } = bind(await bench(t));
  watch(folder);
  panel.change({ scope: "whole" });
  const done = panel.score();
  const request = await lastRequest(folder);
  await until((state) => state.phase === "running" && state.watching === "yes");
  await panel.cancel();
  await until((state) => state.cancelling);
  assert.ok((await readdir(request)).includes("cancel"));
  await put(request, "error.json", { kind: "CancelledError", message: "Cancelled." });
  await done;
  const { phase, notes } = await until((state) => state.phase === "idle");
  assert.deepEqual([phase, notes], ["idle", [["cancelled"]]]);
});

test("cancelling where nobody watches ends at once", async (t) => {
  const { panel, folder, until } = bind(await bench(t));
  panel.change({ scope: "whole" });
  const done = panel.score();
  await lastRequest(folder);
  await until((state) => state.phase === "running");
  await panel.cancel();
  await done;
  await until((state) => state.phase === "idle");
});

test("a second press while one is at work is not a second job", async (t) => {
  const { panel, folder } = await bench(t);
  watch(folder);
  panel.change({ scope: "whole" });
  void panel.score();
  await panel.score();
  await put(await lastRequest(folder), "error.json", { kind: "CancelledError", message: "" });
  assert.equal((await readdir(folder)).filter((name) => name.startsWith("Reel 1")).length, 1);
});

test("requests of one name and second do not meet", async (t) => {
  const { panel, folder, state } = bind(await bench(t));
  await mkdir(join(folder, "Reel 1 2026-11-23 171500"));
  panel.change({ scope: "whole" });
  void panel.score();
  const request = await lastRequest(folder);
  assert.equal(request, join(folder, "Reel 1 2026-11-23 171500 2"));
  await put(request, "error.json", { kind: "InputError", message: "No media.", hint: "Relink." });
  while (state().phase !== "error") await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(told(state()), "No media. Relink.");
});

const refusals: readonly [string, Partial<Traits>, RegExp, RegExp][] = [
  ["no project", { isOpen: false }, /No project is open\. Open one/, /沒有開啟的專案/],
  ["no sequence", { hasSequence: false }, /No sequence is open\. Open one/, /沒有開啟的序列/],
  ["a project that was never saved", { isSaved: false }, /never saved\. Save it/, /尚未儲存/],
  ["nothing marked", {}, /Nothing is selected\. Mark in and out/, /沒有選取範圍/],
  ["marks around all", { marks: [0, 1500] }, /Nothing is selected/, /沒有選取範圍/],
  [
    "a host that cannot export",
    { version: "25.6.1" },
    /25\.6\.1 has no ProjectConverter\.exportAsFinalCutProXML: it is there from 26\.2 on/,
    /26\.2 版起才提供/,
  ],
  ["an export that fails", { exports: false, marks: [1, 9] }, /did not export Reel 1/, /未能轉存/],
  ["an export that only says so", { exports: "says so only", marks: [1, 9] }, /did not export Reel 1/, /未能轉存/],
];

for (const [name, traits, english, chinese] of refusals) {
  test(`${name} is said, in both languages, with what to do`, async (t) => {
    for (const [language, pattern] of [["en", english], ["zh-TW", chinese]] as const) {
      const { panel, state } = bind(await bench(t, traits, { language }));
      await panel.score();
      assert.match(told(state()), pattern);
    }
  });
}

test("what is typed wrong, or not chosen, is said before anything is written", async (t) => {
  const { panel, state, folder } = bind(await bench(t));
  for (const [wish, pattern] of [
    [{ budget: "ten" }, /ten is no amount of money/],
    [{ budget: "", alternatives: "many" }, /many is no number of alternatives/],
    [{ alternatives: "", music: false, effects: false }, /Nothing is asked for/],
  ] as const) {
    panel.change(wish);
    await panel.score();
    assert.match(told(state()), pattern);
    panel.back();
    assert.equal(state().phase, "idle");
  }
  assert.deepEqual(await readdir(folder), []);
});

test("a watch folder that is unknown, missing, or without a job is said", async (t) => {
  const unknown = bind(await bench(t, {}, { watchFolder: null }));
  await unknown.panel.score();
  assert.match(told(unknown.state()), /does not know its watch folder\. Choose it here, or run: avm-otio plugin install premiere/);
  const missing = bind(await bench(t, {}, { watchFolder: "/nowhere/at all" }));
  await missing.panel.score();
  assert.match(told(missing.state()), /The watch folder \/nowhere\/at all is not there/);
  const empty = bind(await bench(t));
  await empty.panel.importLast();
  assert.match(told(empty.state()), /No job was begun from Premiere Pro yet/);
});

test("a program older than the panel is said", async (t) => {
  const { panel, folder, state } = bind(await bench(t));
  watch(folder, "0.0.9");
  panel.change({ scope: "whole" });
  await panel.score();
  assert.match(told(state()), /avm-otio 0\.0\.9 is older than this panel \(needs 0\.1\.0\)\. Update it/);
});

test("a sound or a request that is gone is said", async (t) => {
  const { panel, folder, state } = bind(await bench(t));
  panel.change({ scope: "whole" });
  void panel.score();
  const request = await lastRequest(folder);
  await put(request, "result.json", result(folder, [await clip(folder, { file: "/gone/a.wav" })]));
  while (state().phase !== "error") await new Promise((resolve) => setTimeout(resolve, 5));
  assert.match(told(state()), /The sound \/gone\/a\.wav is not there/);
  await rm(request, { recursive: true });
  panel.back();
  await panel.importLast();
  assert.match(told(state()), /No job was begun/);
});

test("the panel tells which sequence is open, what is marked, and whether somebody watches", async (t) => {
  const { panel, folder, state } = bind(await bench(t, { marks: [250, 750] }));
  await panel.look();
  assert.deepEqual([state().sequence, state().range, state().watching], [
    "Reel 1",
    { from: "01:00:10:00", to: "01:00:30:00" },
    "no",
  ]);
  watch(folder);
  await panel.look();
  assert.equal(state().watching, "yes");
});

/** A bench that shows a result, somebody watching. */
async function scored(t: TestContext, more: More = {}): Promise<ReturnType<typeof bind> & { request: string }> {
  const bound = bind(await bench(t, {}, more));
  watch(bound.folder);
  bound.panel.change({ scope: "whole" });
  const done = bound.panel.score();
  const request = await lastRequest(bound.folder);
  await put(request, "result.json", result(bound.folder, [await clip(bound.folder)]));
  await done;
  return { ...bound, request };
}

const PAGE = { host: "here", address: "http://127.0.0.1:8911/enter?token=once" };

test("the audition page of the job that is shown is asked for and opened in the browser", async (t) => {
  const { panel, folder, state, browsed, request } = await scored(t);
  const done = panel.audition();
  const asked = await pageRequest(folder);
  assert.deepEqual(JSON.parse(await readFile(join(asked, "request.json"), "utf8")), { audition: request.split("/").at(-1) });
  assert.equal(state().busy, "opening");
  await put(asked, "page.json", PAGE);
  await done;
  assert.deepEqual([browsed, state().busy, state().notes], [[PAGE.address], null, [["auditioned"]]]);
  assert.equal(await lastRequest(folder), request, "the last job is the scored one");
});

test("what the page wrote to the timeline is what is shown and laid", async (t) => {
  const { panel, folder, state, host, request } = await scored(t);
  const done = panel.audition();
  await put(await pageRequest(folder), "page.json", PAGE);
  await done;
  const other = await clip(folder, { title: "Other hit", price: "4.00" });
  await put(request, "result.json", result(folder, [other], { total_price: "4.00" }));
  await panel.look();
  assert.deepEqual([state().result?.clips[0]?.title, state().result?.total_price, state().notes], ["Other hit", "4.00", [["updated"]]]);
  const last = await clip(folder, { title: "Last hit" });
  await put(request, "result.json", result(folder, [last]));
  await panel.layInto();
  assert.deepEqual(host.tracks.flatMap(({ sounds }) => sounds.map(({ file }) => file)).filter((file) => file.endsWith("hit.wav")), [last.file]);
});

test("where nobody watches, a page is asked for by nobody: it is said, and the results are there", async (t) => {
  const first = await bench(t);
  const { panel, folder, state } = bind(first);
  panel.change({ scope: "whole" });
  const done = panel.score();
  await put(await lastRequest(folder), "result.json", result(folder, [await clip(folder)]));
  await done;
  await panel.audition();
  assert.match(told(state()), /Nobody watches .*: run|Nobody watches .* Run {2}avm-otio watch/);
  assert.ok((await readdir(await pageRequest(folder))).includes("cancel"));
  panel.back();
  assert.deepEqual([state().phase, state().busy], ["results", null]);
});

test("a page that cannot be shown or opened is said, in the program's own words or with the address", async (t) => {
  const failing = await scored(t);
  const failed = failing.panel.audition();
  await put(await pageRequest(failing.folder), "error.json", { kind: "InputError", message: "There is no scored.xml.", hint: "Go." });
  await failed;
  assert.match(told(failing.state()), /There is no scored\.xml\. Go\./);
  const closed = await scored(t, { browserProblem: "User denied" });
  const refused = closed.panel.audition();
  await put(await pageRequest(closed.folder), "page.json", PAGE);
  await refused;
  assert.match(told(closed.state()), /did not open the page in the browser: User denied\. .*token=once/);
});

/** The parts of a bench that tests call by name. */
function bind(one: Bench) {
  return {
    panel: one.panel,
    host: one.host,
    folder: one.folder,
    browsed: one.browsed,
    state: () => one.state,
    until: (isSo: (state: State) => boolean) => one.until(isSo),
  };
}

test("what is not open any more is not named beside the message that it is not open", async (t) => {
  const { panel, folder, host, until } = bind(await bench(t));
  watch(folder);
  await panel.look();
  assert.notEqual((await until((state) => state.sequence !== null)).sequence, null);
  (host.traits as { isOpen: boolean }).isOpen = false;
  await panel.score();
  const failed = await until((state) => state.phase === "error");
  assert.match(told(failed), /No project is open/);
  assert.equal(failed.sequence, null);
});

test("the budget is asked for in the currency that the watcher names, and a result's holds from then on", async (t) => {
  const { panel, folder, until } = bind(await bench(t));
  watch(folder);
  await panel.look();
  assert.equal((await until((state) => state.watching === "yes")).currency, "USD");
  assert.equal(WORDS.en.budget("USD"), "Budget, at most (USD)");
  assert.equal(WORDS["zh-TW"].budget(""), "預算上限");
});

test("warnings are said in Chinese where they are known, and marked as English where not", () => {
  const { message } = WORDS["zh-TW"];
  assert.equal(message("An earlier upload came through: film 7 is used."), "先前的上傳已完成，沿用影片 7。");
  assert.equal(message("Something new."), "英文訊息：Something new.");
  assert.equal(WORDS.en.message("Something new."), "Something new.");
});

/** What tests of the panel share: a watch folder on the real disk, a watcher that lives in it, a result. */

import { renameSync, writeFileSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { Panel } from "../src/panel";
import { Premiere } from "../src/premiere";
import type { State } from "../src/state";
import type { Clip, Files, Result } from "../src/watch_folder";
import { FakePremiere, type Traits } from "./fake_premiere";

export const disk: Files = {
  read: (path) => readFile(path, "utf8").catch(() => null),
  write: (path, text) => writeFile(path, text),
  rename: (from, to) => rename(from, to),
  makeFolder: async (path) => void (await mkdir(path)),
  isFolder: (path) => lstat(path).then((said) => said.isDirectory(), () => false),
  isFile: (path) => lstat(path).then((said) => said.isFile(), () => false),
};

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

export const emptyFolder = (): Promise<string> => mkdtemp(join(tmpdir(), "avm-panel-"));

const watched = new Map<string, () => void>();

/** Takes a folder away. Who watches it ends first: it would write into what is going. */
export async function remove(folder: string): Promise<void> {
  watched.get(folder)?.();
  await rm(folder, { recursive: true, force: true, maxRetries: 9 });
}

export const CUT = "<xmeml></xmeml>";

/** A panel with a fake host over a real folder. */
export class Bench {
  readonly states: State[] = [];
  readonly host: FakePremiere;
  readonly panel: Panel;
  /** Addresses that were opened in the browser. */
  readonly browsed: string[] = [];

  constructor(
    readonly folder: string,
    traits: Partial<Traits> = {},
    more: { readonly language?: "en" | "zh-TW"; readonly watchFolder?: string | null; readonly browserProblem?: string } = {},
  ) {
    this.host = new FakePremiere(traits, (path, half) => writeFile(path, half ? CUT.slice(0, 9) : CUT));
    const host = new Premiere(this.host.module, this.host.traits.version, disk, () => pause(1));
    this.panel = new Panel(
      {
        host,
        files: disk,
        // Time runs ten times as fast, for the watcher too.
        pause: (ms) => pause(ms / 10),
        language: more.language ?? "en",
        stamp: () => "2026-11-23 171500",
        watchFolder: async () => (more.watchFolder === undefined ? folder : more.watchFolder),
        chooseFolder: async () => null,
        browse: async (address) => {
          this.browsed.push(address);
          return more.browserProblem ?? "";
        },
      },
      (state) => this.states.push(state),
    );
  }

  get state(): State {
    const last = this.states.at(-1);
    if (!last) throw new Error("nothing was shown");
    return last;
  }

  /** Waits until the panel shows something. */
  async until(isSo: (state: State) => boolean): Promise<State> {
    for (let waited = 0; waited < 5000; waited += 5) {
      const last = this.states.at(-1);
      if (last && isSo(last)) return last;
      await pause(5);
    }
    throw new Error(`never so; last: ${JSON.stringify(this.states.at(-1))}`);
  }
}

/** Beats as `avm-otio watch` does, as fast as `pause` of a bench runs, until its folder is removed. */
export function watch(folder: string, program = "0.1.0"): void {
  const [part, whole] = [join(folder, "watcher.part"), join(folder, "watcher.json")];
  let beat = 0;
  const write = (): void => {
    writeFileSync(part, JSON.stringify({ program, beat: beat++, currency: "USD" }));
    renameSync(part, whole);
  };
  write();
  const timer = setInterval(write, 40);
  watched.set(folder, () => clearInterval(timer));
}

/** The folder of the request that was left last, once it is whole. */
export async function lastRequest(folder: string): Promise<string> {
  for (;;) {
    const name = (await disk.read(join(folder, "AVM Last Premiere Job.txt")))?.trim() ?? "";
    const path = join(folder, name);
    if (name !== "" && (await disk.isFile(join(path, "request.json")))) return path;
    await pause(5);
  }
}

/** The folder of the request for the audition page, once it is whole. */
export async function pageRequest(folder: string): Promise<string> {
  for (;;) {
    const name = (await readdir(folder)).find((name) => name.startsWith("Audition "));
    if (name !== undefined && (await disk.isFile(join(folder, name, "request.json")))) return join(folder, name);
    await pause(5);
  }
}

/** Puts a file as the program does: whole or not at all. */
export async function put(folder: string, name: string, content: object): Promise<void> {
  const part = join(folder, `${name}.part`);
  await writeFile(part, JSON.stringify(content));
  await rename(part, join(folder, name));
}

export async function clip(folder: string, part: Partial<Clip> = {}): Promise<Clip> {
  const file = join(folder, `${part.title ?? "Footsteps"}.wav`);
  await writeFile(file, "sound");
  return {
    kind: "effects",
    timecode: "01:00:02:00",
    title: "Footsteps",
    price: "12.50",
    is_bought: false,
    others: [],
    file,
    track: "AVM Effects 1",
    record_frame: 50,
    frames: 25,
    media_start_us: 0,
    speed: "1",
    gain_db: 0,
    fade_in_us: 0,
    fade_out_us: 0,
    ...part,
  };
}

export const result = (folder: string, clips: readonly Clip[], part: Partial<Result> = {}): Result => ({
  output: join(folder, "scored.xml"),
  job: join(folder, "job"),
  total_price: "12.50",
  currency: "USD",
  rate: "25",
  clips,
  losses: [],
  notes: [],
  ...part,
});

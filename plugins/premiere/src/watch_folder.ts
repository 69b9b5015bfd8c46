/** A request in the watch folder, from its writing to its result: docs/watch-folder.md of avm-otio. */

import { Problem } from "./problem";

/** The oldest avm-otio that this panel works with. */
export const NEEDS = "0.1.0";

/** In the watch folder: the request that was left last from Premiere Pro. */
const LAST = "AVM Last Premiere Job.txt";

/** A watcher that lives changes its file every second; that none does is said within two. */
const SILENCE_MS = 1750;
const LOOK_MS = 250;

/** What the panel needs of a file system. Paths are absolute. */
export interface Files {
  /** The text of a file; `null` where there is none. */
  read(path: string): Promise<string | null>;
  write(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  isFolder(path: string): Promise<boolean>;
  isFile(path: string): Promise<boolean>;
}

/** What can be asked for: the names of avm-otio's table of services, to which a test holds them. */
export const SERVICES = ["music", "effects", "denoise"] as const;
export type Service = (typeof SERVICES)[number];

/** What is laid: first what is heard. */
export const everyClip = ({ clips, spare_clips = [] }: Result): readonly Clip[] => [...clips, ...spare_clips];

/** What is heard, for people: a piece of music that lies in several parts is one. */
export const piecesOf = ({ clips }: Pick<Result, "clips">): readonly Clip[] => clips.filter(({ part = 0 }) => part === 0);

/** Lets time pass. */
export type Pause = (ms: number) => Promise<void>;

export interface Other {
  readonly title: string;
  readonly price: string | null;
  readonly is_bought: boolean;
}

/** A sound as it lies on the record; docs/schemas/result.schema.json. */
export interface Clip {
  readonly kind: "music" | "dialogue" | "effects";
  readonly timecode: string;
  readonly title: string;
  readonly price: string | null;
  readonly is_bought: boolean;
  readonly others: readonly Other[];
  readonly file: string | null;
  readonly track: string;
  /** From the timeline's start, in frames of the record. */
  readonly record_frame: number;
  readonly frames: number;
  /** Where in its media it begins. */
  readonly media_start_us: number;
  /** Media seconds a record second, as a fraction; "1" nearly always. */
  readonly speed: string;
  /** Where there are keys the lowest of them. */
  readonly gain_db: number;
  /** Its gain over time, from its head; not there from an older program, like all that may be left out. */
  readonly keys?: readonly { readonly at_us: number; readonly gain_db: number }[];
  readonly fade_in_us: number;
  readonly fade_out_us: number;
  /** How long the one before it on its track is heard together with it, before and after the cut at its head. */
  readonly cross_fade_us?: { readonly before: number; readonly after: number } | null;
  /** Which clip of its piece of music it is, from 0. */
  readonly part?: number;
}

export interface Lost {
  readonly feature: string;
  readonly item: string;
  readonly message?: string;
  /** The same, from a program whose protocol is of version 1. */
  readonly told?: string;
}

/** As much of `result.json` as the panel uses. */
export interface Result {
  readonly output: string;
  /** The job's folder, among those of all jobs. */
  readonly job: string;
  readonly total_price: string;
  readonly currency: string;
  /** Frames a second of the record: "25", "24000/1001". */
  readonly rate: string;
  readonly clips: readonly Clip[];
  /** Alternatives that are laid switched off; not there from an older program. */
  readonly spare_clips?: readonly Clip[];
  readonly losses: readonly Lost[];
  readonly notes: readonly string[];
}

export interface Progress {
  readonly label: string;
  readonly done: number | null;
  readonly total: number | null;
  readonly elapsed_s: number;
  readonly messages: readonly string[];
}

/** What is asked; the fields of docs/schemas/request.schema.json. */
export interface Order {
  readonly tc_in?: string;
  readonly tc_out?: string;
  readonly services: readonly Service[];
  readonly budget_max?: number;
  readonly alternatives?: number;
}

/** `page.json`: the audition page is there, on the machine where the program watches. */
export interface PageMade {
  readonly host: string;
  /** Of use once; `null` once a browser has the page. */
  readonly address: string | null;
}

export type Outcome =
  | { readonly state: "working"; readonly progress: Progress | null }
  | { readonly state: "cancelled" }
  | { readonly state: "done"; readonly result: Result };

/** A path inside a folder, with the folder's own separator. */
export const inside = (folder: string, name: string): string =>
  folder.replace(/[\\/]+$/, "") + (folder.includes("\\") ? "\\" : "/") + name;

/** A JSON file; `null` where there is none, or none that is whole yet. */
export async function readJson<T>(files: Files, path: string): Promise<T | null> {
  const text = await files.read(path);
  if (text === null) return null;
  try {
    const found: unknown = JSON.parse(text);
    return typeof found === "object" ? (found as T) : null;
  } catch {
    return null;
  }
}

function isOlder(version: string, than: string): boolean {
  const [one, other] = [version, than].map((text) => (text.match(/\d+/g) ?? []).map(Number));
  for (let at = 0; at < 3; at++) {
    const [ours, theirs] = [one?.[at] ?? 0, other?.[at] ?? 0];
    if (ours !== theirs) return ours < theirs;
  }
  return false;
}

/** The folder through which the panel and the program speak. */
export class WatchFolder {
  constructor(
    readonly files: Files,
    readonly path: string,
    private readonly pause: Pause,
  ) {}

  /** Says so where it is not there. */
  async check(): Promise<void> {
    if (!(await this.files.isFolder(this.path))) throw new Problem(["noFolder", this.path]);
  }

  /**
   * Whether somebody watches: two readings of the watcher's file, a little apart, differ. Nobody's clock is asked.
   * Takes two seconds at the most.
   */
  async isWatched(): Promise<boolean> {
    const path = inside(this.path, "watcher.json");
    const before = await this.files.read(path);
    if (before === null) return false;
    for (let waited = 0; waited < SILENCE_MS; waited += LOOK_MS) {
      await this.pause(LOOK_MS);
      const after = await this.files.read(path);
      if (after === null || after === before) continue;
      const version = (await readJson<{ program?: string }>(this.files, path))?.program ?? "";
      if (version !== "" && isOlder(version, NEEDS)) throw new Problem(["tooOld", version, NEEDS]);
      return true;
    }
    return false;
  }

  /** What budgets and prices are in, as the watcher says; empty where it does not. */
  async currency(): Promise<string> {
    return (await readJson<{ currency?: string }>(this.files, inside(this.path, "watcher.json")))?.currency ?? "";
  }

  /**
   * Leaves a request.
   *
   * @param name Of the sequence; what no file system takes is replaced.
   * @param stamp Tells requests of one name apart.
   * @param order What is asked.
   * @param exportTo Writes the sequence to a path.
   */
  async leave(name: string, stamp: string, order: Order, exportTo: (path: string) => Promise<void>): Promise<Request> {
    const plain = `${name.replace(/[^\p{L}\p{N}_ -]+/gu, "_").trim().slice(0, 60) || "sequence"} ${stamp}`;
    const whole = { timeline: "cut.xml", output: "scored.xml", editor: "premiere", ...order };
    return this.left(plain, whole, async (request) => {
      await exportTo(inside(request.folder, "cut.xml"));
      const last = inside(this.path, LAST);
      await this.write(() => this.files.write(last, `${request.name}\n`), last);
    });
  }

  /**
   * Leaves a request for the audition page.
   *
   * @param scored Whose page.
   * @param stamp Tells requests of one name apart.
   */
  askForPage(scored: Request, stamp: string): Promise<Request> {
    return this.left(`Audition ${scored.name} ${stamp}`, { audition: scored.name }, async () => undefined);
  }

  private async left(name: string, order: object, prepare: (request: Request) => Promise<void>): Promise<Request> {
    await this.check();
    let folder = inside(this.path, name);
    for (let number = 2; await this.files.isFolder(folder); number++) folder = inside(this.path, `${name} ${number}`);
    await this.write(() => this.files.makeFolder(folder), folder);
    const request = new Request(this.files, folder);
    await prepare(request);
    const part = inside(folder, "request.part");
    await this.write(() => this.files.write(part, `${JSON.stringify(order)}\n`), part);
    await this.write(() => this.files.rename(part, inside(folder, "request.json")), folder);
    return request;
  }

  /** The request that was left last, by whichever run of Premiere Pro. */
  async last(): Promise<Request> {
    await this.check();
    const name = (await this.files.read(inside(this.path, LAST)))?.trim() ?? "";
    const folder = inside(this.path, name);
    if (name === "" || !(await this.files.isFolder(folder))) throw new Problem(["noJob", this.path]);
    return new Request(this.files, folder);
  }

  private async write(step: () => Promise<void>, path: string): Promise<void> {
    try {
      await step();
    } catch (error) {
      throw new Problem(["notWritten", path, error instanceof Error ? error.message : String(error)]);
    }
  }
}

/** A request that was left. */
export class Request {
  constructor(
    private readonly files: Files,
    readonly folder: string,
  ) {}

  /** The name of its folder. */
  get name(): string {
    return this.folder.replace(/^.*[\\/]/, "");
  }

  /** The audition page that was asked for; `null` until it is there. */
  async page(): Promise<PageMade | null> {
    const made = await readJson<PageMade>(this.files, inside(this.folder, "page.json"));
    if (made === null && !(await this.working())) throw new Problem(["requestGone", this.folder]);
    return made;
  }

  /** What was answered; `null` as long as nothing was. */
  result(): Promise<Result | null> {
    return readJson<Result>(this.files, inside(this.folder, "result.json"));
  }

  /** What has come of it. What the program says of a failure is raised in its own words. */
  async outcome(): Promise<Outcome> {
    const result = await this.result();
    if (result) {
      for (const clip of everyClip(result)) {
        if (clip.file === null || !(await this.files.isFile(clip.file)))
          throw new Problem(["soundGone", clip.file ?? clip.title]);
      }
      return { state: "done", result };
    }
    if (!(await this.working())) return { state: "cancelled" };
    return { state: "working", progress: await readJson<Progress>(this.files, inside(this.folder, "progress.json")) };
  }

  /** Whether it is still worked on, rather than cancelled. */
  private async working(): Promise<boolean> {
    const wrong = await readJson<{ kind: string; message: string; hint?: string }>(
      this.files,
      inside(this.folder, "error.json"),
    );
    if (wrong?.kind === "CancelledError") return false;
    if (wrong) throw new Problem(["program", wrong.message, wrong.hint ?? ""]);
    if (!(await this.files.isFolder(this.folder))) throw new Problem(["requestGone", this.folder]);
    return true;
  }

  /** The most that it may cost, as decimal text; `null` where nothing was said. */
  async budget(): Promise<string | null> {
    const order = await readJson<Order>(this.files, inside(this.folder, "request.json"));
    return order?.budget_max == null ? null : `${order.budget_max}`;
  }

  /** Asks for its end. What was paid for is kept. */
  async cancel(): Promise<void> {
    if (await this.files.isFolder(this.folder)) await this.files.write(inside(this.folder, "cancel"), "");
  }
}

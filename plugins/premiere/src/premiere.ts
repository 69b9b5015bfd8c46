/**
 * What the panel asks of Premiere Pro, in the calls that Adobe declares in `@adobe/premierepro`.
 *
 * Nothing of this has run in Premiere Pro itself. Where the declarations leave a question open, the code looks and copes with
 * either answer, and reads back what it laid.
 */

import type {
  Action,
  AudioClipTrackItem,
  ClipProjectItem,
  ComponentParam,
  premierepro,
  Project,
  ProjectItem,
  Sequence,
  TickTime,
} from "@adobe/premierepro";

import { Problem } from "./problem";
import { TICKS_A_SECOND, ticksAFrame, ticksOfUs, timecode } from "./time";
import { type Clip, everyClip, type Files, type Pause, piecesOf, type Result } from "./watch_folder";
import type { NoteTold } from "./words";

/** What is marked with in and out, as record timecodes; `to` is the first frame not in it. */
export interface Range {
  readonly from: string;
  readonly to: string;
}

/** What a panel needs of its host. */
export interface Host {
  /** The open sequence's name, and what is marked there; `null` where none is open. Never raises. */
  look(): Promise<{ readonly name: string; readonly range: Range | null } | null>;
  /** The open sequence of a saved project: its name, what is marked, and its export to a path as Final Cut Pro XML. */
  cut(): Promise<{
    readonly name: string;
    readonly range: Range | null;
    readonly exportTo: (path: string) => Promise<void>;
  }>;
  importNew(result: Result): Promise<readonly NoteTold[]>;
  layInto(result: Result): Promise<readonly NoteTold[]>;
}

/** Codes of the displays that drop frame numbers: 29.97 and 59.94; Adobe, `TIMEDISPLAY_*` of its ExtendScript. */
const DROPPING = [102, 106];

/** How long a host may take to show what it says is exported or imported, and how often we look. */
const PATIENCE_MS = 5000;
const LOOK_MS = 250;

/** What nobody hears of an in point: a millisecond. */
const NEAR_TICKS = TICKS_A_SECOND / 1000n;

interface Open {
  readonly project: Project;
  readonly sequence: Sequence;
}

/** One that lies on the record, and what lies there. */
interface Laid {
  readonly clip: Clip;
  readonly item: AudioClipTrackItem;
}

export class Premiere implements Host {
  /**
   * @param ppro The host's own module.
   * @param version Of Premiere Pro.
   * @param files To look whether what it says it wrote is there, and whole.
   * @param pause Lets time pass.
   */
  constructor(
    private readonly ppro: premierepro,
    private readonly version: string,
    private readonly files: Pick<Files, "read">,
    private readonly pause: Pause,
  ) {}

  async look() {
    try {
      const { sequence } = await this.open();
      return { name: sequence.name, range: await this.range(sequence) };
    } catch {
      return null;
    }
  }

  async cut() {
    const { project, sequence } = await this.open();
    if (!project.path) throw new Problem(["unsaved"]);
    const exporter = this.ppro.ProjectConverter;
    if (typeof exporter?.exportAsFinalCutProXML !== "function")
      throw new Problem(["noCall", this.version, "ProjectConverter.exportAsFinalCutProXML", "26.2"]);
    const exportTo = async (path: string): Promise<void> => {
      const done = await exporter.exportAsFinalCutProXML(sequence, path, true);
      const whole = done && (await this.shown(async () => (await this.files.read(path))?.trimEnd().endsWith("</xmeml>") || null));
      if (!whole) throw new Problem(["notExported", sequence.name]);
    };
    return { name: sequence.name, range: await this.range(sequence), exportTo };
  }

  async importNew(result: Result): Promise<readonly NoteTold[]> {
    const { project } = await this.open();
    const before = new Set((await project.getSequences()).map((one) => one.guid.toString()));
    const done = await project.importFiles([result.output], true);
    const made = done
      ? await this.shown(async () => (await project.getSequences()).filter((one) => !before.has(one.guid.toString())).at(-1) ?? null)
      : null;
    if (!made) throw new Problem(["notImported", result.output]);
    await project.openSequence(made);
    await project.setActiveSequence(made);
    return [["imported", made.name, `${piecesOf(result).length}`]];
  }

  async layInto(result: Result): Promise<readonly NoteTold[]> {
    const open = await this.open();
    const frame = BigInt(await open.sequence.getTimebase());
    if (frame !== ticksAFrame(result.rate)) throw new Problem(["otherRate", open.sequence.name, result.rate]);
    const spare = result.spare_clips ?? [];
    const sounds = await this.imported(open, everyClip(result));
    const isTwice = await this.isHeardThere(open, result, frame);
    const laid: Laid[] = [];
    const unnamed: string[] = [];
    for (const lane of [...lanesOf(result.clips), ...lanesOf(spare)]) {
      const index = await open.sequence.getAudioTrackCount();
      const [first, ...rest] = batches(lane.clips);
      for (const batch of [first ?? [], ...rest]) {
        await this.lay(open, batch, sounds, index, frame);
        // The first sound makes the track: the others must find it made.
        if ((await open.sequence.getAudioTrackCount()) !== index + 1)
          throw new Problem(["refused", `add the track ${lane.name}`, open.sequence.name]);
      }
      if (!(await this.named(open, index, lane.name))) unnamed.push(lane.name);
      laid.push(...(await this.found(open, index, lane.clips, frame)));
    }
    const audible = await this.disabled(open, laid.filter(({ clip }) => spare.includes(clip)));
    const missing = everyClip(result).filter((clip) => !laid.some((one) => one.clip === clip));
    if (missing.length > 0) {
      const which = missing.map((clip) => `${clip.timecode} ${clip.title}`).join("; ");
      throw new Problem(["missing", `${missing.length}`, `${everyClip(result).length}`, which]);
    }
    const loud = await this.withGains(open, laid);
    const moved = await this.begunElsewhere(laid);
    const retimed = result.clips.filter((clip) => clip.speed !== "1").map((clip) => `${clip.timecode} ${clip.title}`);
    return [
      ["laid", open.sequence.name, `${piecesOf(result).length}`],
      ...(spare.length > 0 ? [["spare", `${spare.length}`] as const] : []),
      ...(audible.length > 0 ? [["audible", audible.join("; ")] as const] : []),
      ...(loud.length > 0 ? [["gains", loud.join("; ")] as const] : []),
      ...(moved.length > 0 ? [["inPoints", moved.join("; ")] as const] : []),
      ...(result.clips.some(({ keys = [] }) => keys.length > 0) ? [["keys"] as const] : []),
      ...(result.clips.some((clip) => clip.fade_in_us || clip.fade_out_us) ? [["fades"] as const] : []),
      ...(result.clips.some((clip) => clip.cross_fade_us) ? [["crossFades"] as const] : []),
      ...(retimed.length > 0 ? [["speeds", retimed.join("; ")] as const] : []),
      ...(unnamed.length > 0 ? [["names", unnamed.join(", ")] as const] : []),
      ...(result.clips.some((clip) => clip.kind === "dialogue") ? [["dialogue"] as const] : []),
      ...(isTwice ? [["earlier"] as const] : []),
    ];
  }

  private async open(): Promise<Open> {
    const project = await this.ppro.Project.getActiveProject().catch(() => null);
    if (!project) throw new Problem(["noProject"]);
    const sequence = await project.getActiveSequence().catch(() => null);
    if (!sequence) throw new Problem(["noSequence"]);
    return { project, sequence };
  }

  /** What a look finds: hosts say that something is done before it is to be seen. `null` where it does not come. */
  private async shown<T>(look: () => Promise<T | null>): Promise<T | null> {
    for (let waited = 0; waited <= PATIENCE_MS; waited += LOOK_MS) {
      const seen = await look();
      if (seen !== null) return seen;
      await this.pause(LOOK_MS);
    }
    return null;
  }

  /** What is marked; `null` where nothing is, or all of it. Times of marks count from the sequence's start. */
  private async range(sequence: Sequence): Promise<Range | null> {
    const [from, to, end, zero] = (
      await Promise.all([sequence.getInPoint(), sequence.getOutPoint(), sequence.getEndTime(), sequence.getZeroPoint()])
    ).map((time) => BigInt(time.ticks)) as [bigint, bigint, bigint, bigint];
    // An in that is not set is before the start, an out that is not set at it or past the end.
    const first = from > 0n ? from : 0n;
    const last = to > 0n && to < end ? to : end;
    if (last <= first || (first === 0n && last === end)) return null;
    const frame = BigInt(await sequence.getTimebase());
    const display = await sequence.getSequenceVideoTimeDisplayFormat();
    const said = (ticks: bigint): string => timecode((zero + ticks) / frame, frame, DROPPING.includes(display.type));
    // A mark within a frame takes all of that frame.
    return { from: said(first), to: said(last + frame - 1n) };
  }

  /** Does what actions say, as one step of undo. From 26.3 on they must be made behind the lock; before, they may be. */
  private transact(open: Open, what: string, make: () => readonly Action[]): void {
    let done = false;
    const step = (): void => {
      done = open.project.executeTransaction((all) => {
        for (const action of make()) all.addAction(action);
      }, `AVM Score: ${what}`);
    };
    try {
      if (typeof open.project.lockedAccess === "function") open.project.lockedAccess(step);
      else step();
    } catch (error) {
      if (error instanceof Problem) throw error;
      done = false;
    }
    if (!done) throw new Problem(["refused", what, open.sequence.name]);
  }

  /** The sounds as items of a new bin, by their files. */
  private async imported(open: Open, clips: readonly Clip[]): Promise<ReadonlyMap<string, ProjectItem>> {
    const files = [...new Set(clips.map((clip) => clip.file ?? ""))];
    const root = await open.project.getRootItem();
    // By name, which the host makes unique: users report that items have no getId, whatever the declarations say.
    const before = new Set((await root.getItems()).map((item) => item.name));
    this.transact(open, "make a bin", () => [root.createBinAction(`AVM ${open.sequence.name}`, true)]);
    const bin = await this.shown(async () => (await root.getItems()).find((item) => !before.has(item.name)) ?? null);
    if (!bin) throw new Problem(["refused", "make a bin", open.project.name]);
    const items = new Map<string, ProjectItem>();
    let missing: string | undefined = files[0];
    const look = async (): Promise<true | null> => {
      const found = new Map<string, ProjectItem>();
      for (const item of await this.ppro.FolderItem.cast(bin).getItems())
        found.set(plain(await this.ppro.ClipProjectItem.cast(item).getMediaFilePath()), item);
      for (const file of files) {
        const item = found.get(plain(file));
        if (item) items.set(file, item);
      }
      missing = files.find((file) => !items.has(file));
      return missing === undefined || null;
    };
    const done = await open.project.importFiles(files, true, bin, false);
    if (!done || !(await this.shown(look))) throw new Problem(["notImported", missing ?? ""]);
    return items;
  }

  /** Lays sounds of which none comes twice, since what is played of one is set on its item in the bin. */
  private async lay(
    open: Open,
    clips: readonly Clip[],
    sounds: ReadonlyMap<string, ProjectItem>,
    index: number,
    frame: bigint,
  ): Promise<void> {
    const cast = this.ppro.ClipProjectItem;
    const all = await Promise.all(
      clips.map(async (clip) => {
        const item = sounds.get(clip.file ?? "") as ProjectItem;
        const media = await cast.cast(item).getMedia();
        const from = ticksOfUs(clip.media_start_us);
        const to = from + BigInt(clip.frames) * frame;
        const end = BigInt(media.duration.ticks);
        // A sound may end within its last frame.
        return { clip, item, source: cast.cast(item), from, to: to < end ? to : end };
      }),
    );
    const editor = this.ppro.SequenceEditor.getEditor(open.sequence);
    this.transact(open, "say what is played of the sounds", () =>
      all.map(({ source, from, to }) => source.createSetInOutPointsAction(this.ticks(from), this.ticks(to))),
    );
    this.transact(open, "lay sounds", () =>
      all.map(({ clip, item }) =>
        editor.createOverwriteItemAction(item, this.ticks(BigInt(clip.record_frame) * frame), 0, index),
      ),
    );
    this.transact(open, "clear what is played of the sounds", () =>
      all.map(({ source }: { source: ClipProjectItem }) => source.createClearInOutPointsAction()),
    );
  }

  /** Names a track; false where the host cannot, which it can from 26.3 on. */
  private async named(open: Open, index: number, name: string): Promise<boolean> {
    const track = await open.sequence.getAudioTrack(index);
    if (typeof track.createSetNameAction !== "function") return false;
    this.transact(open, `name the track ${name}`, () => [track.createSetNameAction(name) as Action]);
    return true;
  }

  /** Those of the clips that lie on a track where they belong: their first frame exactly, their end within a frame. */
  private async found(open: Open, index: number, clips: readonly Clip[], frame: bigint): Promise<Laid[]> {
    const track = await open.sequence.getAudioTrack(index);
    const there = new Map<bigint, { item: AudioClipTrackItem; end: bigint }>();
    for (const item of track.getTrackItems(this.ppro.Constants.TrackItemType.CLIP, false)) {
      const end = BigInt((await item.getEndTime()).ticks);
      there.set(BigInt((await item.getStartTime()).ticks), { item, end });
    }
    return clips.flatMap((clip) => {
      const start = BigInt(clip.record_frame) * frame;
      const end = start + BigInt(clip.frames) * frame;
      const laid = there.get(start);
      return laid && laid.end <= end && laid.end > end - frame ? [{ clip, item: laid.item }] : [];
    });
  }

  /** Whether sounds of other jobs are heard where those of this one belong. */
  private async isHeardThere(open: Open, result: Result, frame: bigint): Promise<boolean> {
    const jobs = plain(result.job).replace(/[^/]+$/, "");
    for (let index = await open.sequence.getAudioTrackCount(); index-- > 0; ) {
      const track = await open.sequence.getAudioTrack(index);
      for (const item of track.getTrackItems(this.ppro.Constants.TrackItemType.CLIP, false)) {
        const [start, end] = [BigInt((await item.getStartTime()).ticks), BigInt((await item.getEndTime()).ticks)];
        const meets = (clip: Clip): boolean =>
          start < BigInt(clip.record_frame + clip.frames) * frame && end > BigInt(clip.record_frame) * frame;
        if (!result.clips.some(meets) || (await item.isDisabled())) continue;
        const path = await this.ppro.ClipProjectItem.cast(await item.getProjectItem()).getMediaFilePath().catch(() => "");
        if (plain(path).startsWith(jobs)) return true;
      }
    }
    return false;
  }

  /** What does not begin in its file where it should: a host may count files in frames. */
  private async begunElsewhere(laid: readonly Laid[]): Promise<string[]> {
    const moved: string[] = [];
    for (const { clip, item } of laid) {
      const late = BigInt((await item.getInPoint()).ticks) - ticksOfUs(clip.media_start_us);
      if ((late < 0n ? -late : late) > NEAR_TICKS) moved.push(`${clip.timecode} ${clip.title} ${milliseconds(late)} ms`);
    }
    return moved;
  }

  /** Disables what is an alternative; those that are heard all the same. */
  private async disabled(open: Open, spare: readonly Laid[]): Promise<string[]> {
    if (spare.length > 0)
      this.transact(open, "disable alternatives", () => spare.map(({ item }) => item.createSetDisabledAction(true)));
    const audible: string[] = [];
    for (const { clip, item } of spare) if (!(await item.isDisabled())) audible.push(`${clip.timecode} ${clip.title}`);
    return audible;
  }

  /** Sets gains and reads them back; the titles of those that did not take theirs. */
  private async withGains(open: Open, laid: readonly Laid[]): Promise<string[]> {
    const levels: { clip: Clip; param: ComponentParam; wanted: number }[] = [];
    const failed: Clip[] = [];
    for (const { clip, item } of laid.filter((one) => one.clip.gain_db !== 0)) {
      const param = await levelOf(item);
      const start = param && (await param.getStartValue()).value.value;
      if (typeof start !== "number") failed.push(clip);
      else if (param) levels.push({ clip, param, wanted: gained(start, clip.gain_db) });
    }
    if (levels.length > 0)
      this.transact(open, "set gains", () =>
        levels.map(({ param, wanted }) => param.createSetValueAction(param.createKeyframe(wanted), true)),
      );
    for (const { clip, param, wanted } of levels) {
      const got = (await param.getStartValue()).value.value;
      if (typeof got !== "number" || Math.abs(got - wanted) > Math.abs(wanted) * 1e-3 + 1e-6) failed.push(clip);
    }
    return failed.map((clip) => `${clip.timecode} ${clip.title} ${clip.gain_db} dB`);
  }

  private ticks(ticks: bigint): TickTime {
    return this.ppro.TickTime.createWithTicks(`${ticks}`);
  }
}

/**
 * A level with a gain, whatever its unit: a sound that was just laid plays as it is, so what its level says is 0 dB. (Adobe's
 * ExtendScript had a linear scale on which 0 dB is 0.1778; the unit here is not documented.)
 */
const gained = (asItIs: number, db: number): number => (asItIs === 0 ? db : asItIs * 10 ** (db / 20));

/** Ticks in whole milliseconds, with their sign. */
const milliseconds = (ticks: bigint): string => `${ticks > 0n ? "+" : ""}${Math.round(Number(ticks) / Number(NEAR_TICKS))}`;

/** The level of a sound's own volume; names are in the user's language, match names are not. */
async function levelOf(item: AudioClipTrackItem): Promise<ComponentParam | null> {
  const chain = await item.getComponentChain();
  for (let at = 0; at < chain.getComponentCount(); at++) {
    const component = chain.getComponentAtIndex(at);
    const name = await component.getMatchName();
    if (!/volume/i.test(name) || /channel/i.test(name)) continue;
    for (let index = 0; index < component.getParamCount(); index++) {
      const param = component.getParam(index);
      if (typeof (await param.getStartValue()).value.value === "number") return param;
    }
  }
  return null;
}

/** Paths of one file in one spelling: macOS takes accents apart, Windows turns slashes round. */
const plain = (path: string): string => path.normalize("NFC").replaceAll("\\", "/").toLowerCase();

/** Clips by track, none of a lane overlapping: an overwrite would cut the earlier one. */
export function lanesOf(clips: readonly Clip[]): { name: string; clips: Clip[] }[] {
  const lanes = new Map<string, { name: string; clips: Clip[]; end: number }>();
  for (const clip of [...clips].sort((one, other) => one.record_frame - other.record_frame)) {
    let name = clip.track;
    for (let number = 2; (lanes.get(name)?.end ?? 0) > clip.record_frame; number++) name = `${clip.track} ${number}`;
    const lane = lanes.get(name) ?? { name, clips: [], end: 0 };
    lanes.set(name, { name, clips: [...lane.clips, clip], end: clip.record_frame + clip.frames });
  }
  return [...lanes.values()].sort((one, other) => one.name.localeCompare(other.name, "en", { numeric: true }));
}

/** The first alone, since it makes the track; then as many at a time as need no sound twice. */
export function batches(clips: readonly Clip[]): Clip[][] {
  const all: Clip[][] = clips.slice(0, 1).map((clip) => [clip]);
  let open: Clip[] = [];
  for (const clip of clips.slice(1)) {
    if (open.some((one) => one.file === clip.file)) open = [];
    if (open.length === 0) all.push(open);
    open.push(clip);
  }
  return all;
}

/**
 * A stand-in for Premiere Pro: as much of it as the panel calls, with the traps that its declarations and its users tell of.
 * Every member is held to Adobe's declarations by `whole`: one of another name or shape does not compile.
 */

import type * as ppro from "@adobe/premierepro";

import { ticksAFrame } from "../src/time";

export interface Traits {
  readonly version: string;
  /** Frames a second: "25", "30000/1001". */
  readonly rate: string;
  /** Frames from 00:00:00:00 at which the sequence starts. */
  readonly startFrame: number;
  /** Code of the timecode display; 102 is 29.97 drop frame. */
  readonly display: number;
  readonly isOpen: boolean;
  readonly hasSequence: boolean;
  readonly isSaved: boolean;
  /** In and out in frames from the sequence's start; `null` where nothing is marked. */
  readonly marks: readonly [number, number] | null;
  readonly frames: number;
  /** What an export says; a true that is not followed by a file is a trap, too. */
  readonly exports: boolean | "says so only";
  readonly imports: boolean;
  /** The names of what is refused: parts of the undo line. */
  readonly refused: string;
  /** Which of the sounds, counted from nought, are dropped without a word;*/
  readonly dropped: readonly number[];
  /** 0 dB as the level says it. */
  readonly unity: number;
  readonly hasLevels: boolean;
  /** Media longer than a cue, in seconds. */
  readonly mediaSeconds: number;
  /** Milliseconds after which what is said to be done is done. */
  readonly lateMs: number;
  /** Whether it does as it says that it disabled a sound. */
  readonly disables: boolean;
  /** Adds no track for what is laid past the last. */
  readonly addsTracks: boolean;
  /** Counts what is played of a file in whole frames. */
  readonly countsFrames: boolean;
}

export const USUAL: Traits = {
  version: "26.3.0",
  rate: "25",
  startFrame: 90_000,
  display: 101,
  isOpen: true,
  hasSequence: true,
  isSaved: true,
  marks: null,
  frames: 1500,
  exports: true,
  imports: true,
  refused: "",
  dropped: [],
  unity: 0.177827941,
  hasLevels: true,
  mediaSeconds: 600,
  lateMs: 0,
  disables: true,
  addsTracks: true,
  countsFrames: false,
};

interface Sound {
  readonly file: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly mediaStart: bigint;
  level: number;
  disabled: boolean;
}

interface Track {
  name: string;
  sounds: Sound[];
}

/** Holds a part of a declared type to that type. */
const whole = <T>(part: Partial<T>): T => part as T;

const time = (ticks: bigint): ppro.TickTime => whole<ppro.TickTime>({ ticks: `${ticks}` });

const isBefore = (version: string, major: number, minor: number): boolean => {
  const [one = 0, two = 0] = version.split(".").map(Number);
  return one < major || (one === major && two < minor);
};

export class FakePremiere {
  readonly traits: Traits;
  tracks: Track[] = [{ name: "Audio 1", sounds: [] }];
  readonly exported: string[] = [];
  readonly imported: string[] = [];
  readonly undoLines: string[] = [];
  readonly sequences = ["Reel 1"];
  active = 0;
  /** The items of bins by the bin's name. */
  readonly bins = new Map<string, string[]>();

  private readonly steps = new WeakMap<object, () => void>();
  private isLocked = false;
  private laid = 0;
  private readonly played = new Map<string, readonly [bigint, bigint]>();

  /**
   * @param traits How it differs from what is usual.
   * @param write Writes an exported sequence to a path, or the first half of it.
   */
  constructor(
    traits: Partial<Traits>,
    private readonly write: (path: string, half?: true) => Promise<void>,
  ) {
    this.traits = { ...USUAL, ...traits };
  }

  /** What `require("premierepro")` gives. */
  get module(): ppro.premierepro {
    const is26_2 = !isBefore(this.traits.version, 26, 2);
    const exports = async (_: ppro.Sequence, path: string): Promise<boolean> => {
      if (this.traits.exports === true) {
        await this.write(path, ...(this.traits.lateMs > 0 ? [true as const] : []));
        this.later(() => void this.write(path));
        this.exported.push(path);
      }
      return this.traits.exports !== false;
    };
    return whole<ppro.premierepro>({
      Project: whole<ppro.ProjectStatic>({
        getActiveProject: async () => (this.traits.isOpen ? this.project() : (null as unknown as ppro.Project)),
      }),
      ...(is26_2
        ? { ProjectConverter: whole<ppro.ProjectConverterStatic>({ exportAsFinalCutProXML: exports }) }
        : {}),
      FolderItem: { cast: (item) => this.bin(item.name) },
      ClipProjectItem: { cast: (item) => this.clip(item.name) },
      TickTime: whole<ppro.TickTimeStatic>({ createWithTicks: (ticks) => time(BigInt(ticks)) }),
      SequenceEditor: whole<ppro.SequenceEditorStatic>({ getEditor: () => this.editor() }),
      Constants: { TrackItemType: { EMPTY: 0, CLIP: 1 } } as unknown as ppro.premierepro["Constants"],
    });
  }

  private later(step: () => void): void {
    if (this.traits.lateMs > 0) setTimeout(step, this.traits.lateMs);
    else step();
  }

  private action(step: () => void): ppro.Action {
    if (!isBefore(this.traits.version, 26, 3) && !this.isLocked) throw new Error("Illegal action creation: no locked access");
    const made = {};
    this.steps.set(made, step);
    return made;
  }

  private project(): ppro.Project {
    return whole<ppro.Project>({
      name: "Film.prproj",
      path: this.traits.isSaved ? "/films/Film.prproj" : "",
      getActiveSequence: async () =>
        this.traits.hasSequence ? this.sequence(this.active) : (null as unknown as ppro.Sequence),
      getSequences: async () => this.sequences.map((_, at) => this.sequence(at)),
      openSequence: async () => true,
      setActiveSequence: async (sequence) => {
        this.active = this.sequences.indexOf(sequence.name);
        return true;
      },
      getRootItem: async () => this.bin(""),
      importFiles: async (paths, _quiet, bin) => {
        if (!this.traits.imports) return false;
        this.imported.push(...paths);
        this.later(() => {
          if (bin) this.bins.get(bin.name)?.push(...paths);
          else this.sequences.push("Reel 1 scored");
        });
        return true;
      },
      lockedAccess: (callback) => {
        this.isLocked = true;
        try {
          callback();
        } finally {
          this.isLocked = false;
        }
      },
      executeTransaction: (callback, line) => {
        const steps: (() => void)[] = [];
        callback(
          whole<ppro.CompoundAction>({
            addAction: (action: object) => {
              const step = this.steps.get(action);
              if (!step) throw new Error("not an action");
              steps.push(step);
              return true;
            },
          }),
        );
        if (this.traits.refused && line?.includes(this.traits.refused)) return false;
        this.undoLines.push(line ?? "");
        for (const step of steps) step();
        return true;
      },
    });
  }

  private sequence(at: number): ppro.Sequence {
    const frame = ticksAFrame(this.traits.rate);
    const [first, last] = this.traits.marks ?? [-1, -1];
    const point = async (frames: number): Promise<ppro.TickTime> => time(BigInt(frames) * frame);
    return whole<ppro.Sequence>({
      name: this.sequences[at] ?? "",
      guid: whole<ppro.Guid>({ toString: () => `guid ${at}` }),
      getTimebase: async () => `${frame}`,
      getZeroPoint: () => point(this.traits.startFrame),
      getEndTime: () => point(this.traits.frames),
      getInPoint: () => point(first),
      getOutPoint: () => point(last),
      getSequenceVideoTimeDisplayFormat: async () => ({ type: this.traits.display }),
      getAudioTrackCount: async () => this.tracks.length,
      getAudioTrack: async (index) => this.track(this.tracks[index] as Track),
    });
  }

  private track(track: Track): ppro.AudioTrack {
    return whole<ppro.AudioTrack>({
      name: track.name,
      getTrackItems: () => track.sounds.map((sound) => this.item(sound)),
      ...(isBefore(this.traits.version, 26, 3)
        ? {}
        : { createSetNameAction: (name: string) => this.action(() => void (track.name = name)) }),
    });
  }

  private item(sound: Sound): ppro.AudioClipTrackItem {
    const param = (value: () => number | boolean, set: (value: number) => void): ppro.ComponentParam =>
      whole<ppro.ComponentParam>({
        getStartValue: async () => whole<ppro.Keyframe>({ value: { value: value() } }),
        createKeyframe: (wanted) => whole<ppro.Keyframe>({ value: { value: wanted as number } }),
        createSetValueAction: (key) => this.action(() => set(key.value.value as number)),
      });
    const component = (name: string, params: ppro.ComponentParam[]): ppro.Component =>
      whole<ppro.Component>({
        getMatchName: async () => name,
        getParamCount: () => params.length,
        getParam: (at = 0) => params[at] as ppro.ComponentParam,
      });
    const bypass = param(() => false, () => undefined);
    const level = param(() => sound.level, (value) => void (sound.level = value));
    const components = [
      component("Internal Channel Volume Stereo", [bypass, param(() => 1, () => undefined)]),
      ...(this.traits.hasLevels ? [component("Internal Volume Stereo", [bypass, level])] : []),
    ];
    return whole<ppro.AudioClipTrackItem>({
      getProjectItem: async () => whole<ppro.ProjectItem>({ name: sound.file }),
      isDisabled: async () => sound.disabled,
      createSetDisabledAction: (disabled) => this.action(() => void (sound.disabled = disabled && this.traits.disables)),
      getStartTime: async () => time(sound.start),
      getEndTime: async () => time(sound.end),
      getInPoint: async () => time(sound.mediaStart),
      getComponentChain: async () =>
        whole<ppro.AudioComponentChain>({
          getComponentCount: () => components.length,
          getComponentAtIndex: (at) => components[at] as ppro.Component,
        }),
    });
  }

  private bin(name: string): ppro.FolderItem {
    const named = (one: string): ppro.ProjectItem => whole<ppro.ProjectItem>({ name: one });
    return whole<ppro.FolderItem>({
      name,
      getItems: async () => (name === "" ? [...this.bins.keys()] : (this.bins.get(name) ?? [])).map(named),
      createBinAction: (wanted, makeUnique) =>
        this.action(() => {
          const free = makeUnique && this.bins.has(wanted) ? `${wanted} ${this.bins.size + 1}` : wanted;
          this.bins.set(free, []);
        }),
    });
  }

  private clip(file: string): ppro.ClipProjectItem {
    return whole<ppro.ClipProjectItem>({
      getMediaFilePath: async () => file,
      getMedia: async () => whole<ppro.Media>({ duration: time(this.mediaTicks()) }),
      createSetInOutPointsAction: (from, to) =>
        this.action(() => void this.played.set(file, [BigInt(from.ticks), BigInt(to.ticks)])),
      createClearInOutPointsAction: () => this.action(() => void this.played.delete(file)),
    });
  }

  private mediaTicks(): bigint {
    return 254_016_000_000n * BigInt(this.traits.mediaSeconds);
  }

  private editor(): ppro.SequenceEditor {
    return whole<ppro.SequenceEditor>({
      createOverwriteItemAction: (item, at, _video, index) =>
        this.action(() => {
          if (this.traits.dropped.includes(this.laid++)) return;
          if (index === this.tracks.length && this.traits.addsTracks) this.tracks.push({ name: `Audio ${index + 1}`, sounds: [] });
          const track = this.tracks[index];
          if (!track) return;
          const [asked, to] = this.played.get(item.name) ?? [0n, this.mediaTicks()];
          const from = this.traits.countsFrames ? asked - (asked % ticksAFrame(this.traits.rate)) : asked;
          const start = BigInt(at.ticks);
          const end = start + to - asked;
          // An overwrite takes what lay there; the rest of it is simply left out, which no lane of ours may need.
          track.sounds = track.sounds.filter((one) => one.end <= start || one.start >= end);
          track.sounds.push({ file: item.name, start, end, mediaStart: from, level: this.traits.unity, disabled: false });
        }),
    });
  }
}

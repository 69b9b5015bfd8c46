/** What the panel shows and what can be asked of it. A state is replaced whole, never changed. */

import type { Range } from "./premiere";
import type { ProblemTold } from "./problem";
import type { Progress, Result, Service } from "./watch_folder";
import type { Language, NoteTold } from "./words";

export type Phase = "idle" | "running" | "results" | "error";

/** What the user wishes, as typed. */
export interface Wish extends Readonly<Record<Service, boolean>> {
  readonly scope: "marks" | "whole";
  readonly budget: string;
  readonly alternatives: string;
}

export interface State {
  readonly phase: Phase;
  readonly language: Language;
  readonly wish: Wish;
  /** The open sequence; `null` where none is. */
  readonly sequence: string | null;
  readonly range: Range | null;
  readonly watchFolder: string | null;
  readonly watching: "unknown" | "yes" | "no";
  /** What budgets and prices are in; empty where nobody said so yet. */
  readonly currency: string;
  readonly progress: Progress | null;
  readonly cancelling: boolean;
  readonly result: Result | null;
  /** The most that the job may cost, as decimal text. */
  readonly budget: string | null;
  /** Premiere Pro is importing, or the audition page is on its way. */
  readonly busy: "laying" | "opening" | null;
  readonly notes: readonly NoteTold[];
  readonly problem: ProblemTold | null;
}

export interface Actions {
  change(wish: Partial<Wish>): void;
  score(): Promise<void>;
  cancel(): Promise<void>;
  importLast(): Promise<void>;
  importNew(): Promise<void>;
  layInto(): Promise<void>;
  /** Opens the page on which alternatives are heard and chosen. */
  audition(): Promise<void>;
  chooseFolder(): Promise<void>;
  /** To the results where there are some, else to the beginning. */
  back(): void;
}

export const FIRST: State = {
  phase: "idle",
  language: "en",
  wish: { scope: "marks", music: true, effects: true, denoise: false, budget: "", alternatives: "1" },
  sequence: null,
  range: null,
  watchFolder: null,
  watching: "unknown",
  currency: "",
  progress: null,
  cancelling: false,
  result: null,
  budget: null,
  busy: null,
  notes: [],
  problem: null,
};

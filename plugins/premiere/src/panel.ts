/** What the panel does: one job at a time, from the request to the sounds on the record. */

import { amount } from "./money";
import { type Host } from "./premiere";
import { Problem } from "./problem";
import { type Actions, FIRST, type State, type Wish } from "./state";
import { type Order, type Pause, type Request, SERVICES, WatchFolder, type Files } from "./watch_folder";
import { type Language, WORDS } from "./words";

const LOOK_MS = 500;

/** All that lies outside of the panel. */
export interface Outside {
  readonly host: Host;
  readonly files: Files;
  readonly pause: Pause;
  readonly language: Language;
  /** For the names of requests: "2026-11-23 171500". */
  stamp(): string;
  /** The watch folder that `avm-otio plugin install` wrote down or the user chose; `null` where neither did. */
  watchFolder(): Promise<string | null>;
  /** Has the user choose a watch folder, and remembers it; `null` where the user did not. */
  chooseFolder(): Promise<string | null>;
  /**
   * Opens an address in the browser.
   *
   * @param why Is shown where the host asks the user.
   * @returns What went wrong; empty where nothing did.
   */
  browse(address: string, why: string): Promise<string>;
}

export class Panel implements Actions {
  private state: State;
  private request: Request | null = null;
  /** Whose result is shown. */
  private scored: Request | null = null;
  /** Whether its page was opened, which may change the result. */
  private isAuditioned = false;
  private isAtWork = false;

  /**
   * @param outside All that the panel needs.
   * @param show Is called with every new state.
   */
  constructor(
    private readonly outside: Outside,
    private readonly show: (state: State) => void,
  ) {
    this.state = { ...FIRST, language: outside.language };
  }

  /** Looks at the host and the watch folder again and again, as long as the panel is there. */
  async start(): Promise<never> {
    this.show(this.state);
    for (;;) {
      await this.look();
      await this.outside.pause(LOOK_MS);
    }
  }

  /** Looks once: which sequence is open, what is marked, and whether somebody watches. */
  async look(): Promise<void> {
    const open = await this.outside.host.look();
    this.set({ sequence: open?.name ?? null, range: open?.range ?? null });
    await this.lookAtResult();
    const path = this.state.watchFolder ?? (await this.outside.watchFolder());
    if (path === null) return;
    this.set({ watchFolder: path });
    const watched = await this.folder(path)
      .isWatched()
      .catch(() => true); // Too old a program is told when it is asked for something.
    const currency = await this.folder(path).currency();
    this.set({ watching: watched ? "yes" : "no", currency: currency === "" ? this.state.currency : currency });
  }

  change(wish: Partial<Wish>): void {
    this.set({ wish: { ...this.state.wish, ...wish } });
  }

  async score(): Promise<void> {
    await this.guarded(async () => {
      const order = this.order();
      const folder = await this.chosen();
      const { name, range, exportTo } = await this.outside.host.cut();
      if (this.state.wish.scope === "marks" && range === null) throw new Problem(["nothingMarked"]);
      const said = this.state.wish.scope === "marks" && range ? { tc_in: range.from, tc_out: range.to } : {};
      this.running();
      await this.follow(await folder.leave(name, this.outside.stamp(), { ...order, ...said }, exportTo), folder);
    });
  }

  async importLast(): Promise<void> {
    await this.guarded(async () => {
      const folder = await this.chosen();
      const request = await folder.last();
      this.running();
      await this.follow(request, folder);
    });
  }

  async cancel(): Promise<void> {
    const { request } = this;
    if (request === null || this.state.cancelling) return;
    this.set({ cancelling: true });
    await request.cancel().catch((error: unknown) => this.fail(error));
  }

  async importNew(): Promise<void> {
    await this.imported((host, result) => host.importNew(result));
  }

  async layInto(): Promise<void> {
    await this.imported((host, result) => host.layInto(result));
  }

  async audition(): Promise<void> {
    const { scored } = this;
    if (scored === null || this.state.busy !== null) return;
    await this.guarded(async () => {
      this.set({ busy: "opening", notes: [] });
      const folder = await this.chosen();
      const request = await folder.askForPage(scored, this.outside.stamp());
      for (;;) {
        const page = await request.page();
        if (page !== null) return this.opened(page.address);
        if (!(await folder.isWatched())) {
          await request.cancel(); // Else a page would open for nobody when somebody comes to watch.
          throw new Problem(["nobodyWatches", folder.path]);
        }
      }
    });
    this.set({ busy: null });
  }

  private async opened(address: string | null): Promise<void> {
    const wrong = address === null ? "" : await this.outside.browse(address, WORDS[this.state.language].whyBrowse);
    if (wrong !== "") throw new Problem(["notOpened", wrong, address ?? ""]);
    this.isAuditioned = true;
    this.set({ notes: [["auditioned"]] });
  }

  /** What was chosen on the page and written to the timeline is what is shown and imported. */
  private async lookAtResult(): Promise<void> {
    const { scored } = this;
    if (scored === null || !this.isAuditioned || this.state.result === null) return;
    const result = await scored.result();
    if (result === null || scored !== this.scored || JSON.stringify(result) === JSON.stringify(this.state.result)) return;
    this.set({ result, notes: this.state.phase === "results" ? [["updated"]] : this.state.notes });
  }

  async chooseFolder(): Promise<void> {
    await this.guarded(async () => {
      const watchFolder = await this.outside.chooseFolder();
      if (watchFolder !== null) this.set({ watchFolder, watching: "unknown" });
    });
  }

  back(): void {
    const toResults = this.state.phase === "error" && this.state.result !== null;
    this.set({ phase: toResults ? "results" : "idle", problem: null, notes: [], ...(toResults ? {} : { result: null }) });
  }

  private running(): void {
    this.set({ phase: "running", progress: null, cancelling: false, result: null, notes: [], problem: null });
  }

  /** Waits for a request, however long; says within two seconds where nobody works on it, and waits on. */
  private async follow(request: Request, folder: WatchFolder): Promise<void> {
    this.request = request;
    const budget = await request.budget();
    for (;;) {
      const outcome = await request.outcome();
      if (outcome.state === "done") {
        this.request = null;
        this.scored = request;
        this.isAuditioned = false;
        return this.set({ phase: "results", result: outcome.result, budget, currency: outcome.result.currency });
      }
      if (outcome.state === "cancelled") return this.idle();
      this.set({ progress: outcome.progress ?? this.state.progress });
      const isWatched = await folder.isWatched();
      this.set({ watching: isWatched ? "yes" : "no" });
      // Nobody is there to end it: the request keeps its mark, and whoever comes to watch ends it at once.
      if (!isWatched && this.state.cancelling) return this.idle();
      await this.outside.pause(LOOK_MS);
    }
  }

  private idle(): void {
    this.request = null;
    this.set({ phase: "idle", notes: [["cancelled"]], cancelling: false });
  }

  private async imported(step: (host: Host, result: NonNullable<State["result"]>) => Promise<State["notes"]>): Promise<void> {
    if (this.state.result === null || this.state.busy !== null) return;
    this.set({ busy: "laying", notes: [] });
    await this.guarded(async () => {
      await this.lookAtResult();
      const { result } = this.state;
      if (result !== null) this.set({ notes: await step(this.outside.host, result) });
    });
    this.set({ busy: null });
  }

  private order(): Order {
    const { budget, alternatives } = this.state.wish;
    const services = SERVICES.filter((name) => this.state.wish[name]);
    if (services.length === 0) throw new Problem(["nothingAsked"]);
    const most = amount(budget);
    if (most === undefined) throw new Problem(["badBudget", budget.trim()]);
    const count = alternatives.trim() === "" ? "0" : alternatives.trim();
    if (!/^\d{1,2}$/.test(count)) throw new Problem(["badAlternatives", count]);
    return {
      services,
      ...(most === null ? {} : { budget_max: Number(most) }),
      // Also where it is none: unsaid, one of each is laid.
      alternatives: Number(count),
    };
  }

  private async chosen(): Promise<WatchFolder> {
    const path = this.state.watchFolder ?? (await this.outside.watchFolder());
    if (path === null) throw new Problem(["setUp"]);
    const folder = this.folder(path);
    await folder.check();
    return folder;
  }

  private folder(path: string): WatchFolder {
    return new WatchFolder(this.outside.files, path, this.outside.pause);
  }

  /** One step at a time: what is asked meanwhile is not heard. */
  private async guarded(step: () => Promise<void>): Promise<void> {
    if (this.isAtWork) return;
    this.isAtWork = true;
    try {
      await step();
    } catch (error) {
      this.fail(error);
    } finally {
      this.isAtWork = false;
    }
  }

  private fail(error: unknown): void {
    this.request = null;
    const problem: State["problem"] =
      error instanceof Problem ? error.told : ["fault", error instanceof Error ? error.message : String(error)];
    // The header would go on naming what is not open any more until the next look.
    const isClosed = ["noProject", "noSequence"].includes(problem[0]);
    this.set({ phase: "error", problem, ...(isClosed ? { sequence: null, range: null } : {}) });
  }

  private set(part: Partial<State>): void {
    this.state = { ...this.state, ...part };
    this.show(this.state);
  }
}

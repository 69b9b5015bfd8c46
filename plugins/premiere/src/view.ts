/** The panel's page: one for each phase, built from a state and brought up to date with the next. */

import { less } from "./money";
import { sentence } from "./problem";
import type { Actions, Phase, State } from "./state";
import { type Clip, piecesOf, type Service, SERVICES } from "./watch_folder";
import { type Language, note, WORDS, type Words } from "./words";

/** What a phase looks like. */
interface Page {
  readonly element: HTMLElement;
  /** Where the keyboard goes when the page appears. */
  readonly focus?: HTMLElement;
  update(state: State): void;
}

type Build = (words: Words, actions: Actions, state: State) => Page;

const PAGES: Readonly<Record<Phase, Build>> = { idle, running, results, error };

/**
 * Puts the panel into an element.
 *
 * @returns Shows a state. What the user is typing in, and where the keyboard is, stays while the phase does.
 */
export function mount(root: HTMLElement, actions: Actions): (state: State) => void {
  let shown: { page: Page; header: Page; phase: Phase; language: Language; result: State["result"] } | null = null;
  return (state) => {
    const words = WORDS[state.language];
    if (shown === null || shown.phase !== state.phase || shown.language !== state.language || shown.result !== state.result) {
      const isFirst = shown === null;
      const { phase, language, result } = state;
      shown = { header: header(words), page: PAGES[phase](words, actions, state), phase, language, result };
      document.documentElement.lang = language;
      root.innerHTML = "";
      root.append(shown.header.element, shown.page.element);
      if (!isFirst) shown.page.focus?.focus();
    }
    shown.header.update(state);
    shown.page.update(state);
  };
}

function header(words: Words): Page {
  const name = make("span", { class: "name" });
  const element = make("header", {}, make("h1", {}, words.title), name);
  return { element, update: ({ sequence }) => say(name, sequence ?? words.noSequence) };
}

function idle(words: Words, actions: Actions, first: State): Page {
  const { wish } = first;
  const act = (): void => void actions.score();
  const marks = input("radio", { name: "scope" }, () => actions.change({ scope: "marks" }));
  const whole = input("radio", { name: "scope" }, () => actions.change({ scope: "whole" }));
  marks.checked = wish.scope === "marks";
  whole.checked = wish.scope === "whole";
  const marked = make("span", { class: "aside" });
  const service = (key: Service): HTMLElement => {
    const box = input("checkbox", {}, () => actions.change({ [key]: box.checked }));
    box.checked = wish[key];
    return make("label", { class: "choice" }, box, make("span", {}, words[key]));
  };
  const text = (key: "budget" | "alternatives", more: Attributes): HTMLInputElement => {
    const field = input("text", { class: "field", ...more }, () => actions.change({ [key]: field.value }));
    field.value = wish[key];
    field.addEventListener("keydown", (event) => event.key === "Enter" && act());
    return field;
  };
  const budget = make("span");
  const score = button(words.score, act, "primary");
  const last = button(words.importLast, () => void actions.importLast());
  last.title = words.importLastHint;
  const notes = make("div", { role: "status" });
  const folder = make("span", { class: "path" });
  const watching = make("span", { class: "watching" });
  const element = make(
    "main",
    {},
    notes,
    group(
      words.scope,
      make("label", { class: "choice" }, marks, make("span", {}, words.marked), marked),
      make("label", { class: "choice" }, whole, make("span", {}, words.whole)),
    ),
    group(words.services, ...SERVICES.map(service)),
    make("label", { class: "row" }, budget, text("budget", { placeholder: words.budgetHint })),
    make("label", { class: "row" }, make("span", {}, words.alternatives), text("alternatives", {})),
    make("div", { class: "buttons" }, score, last),
    make(
      "footer",
      {},
      make("div", { class: "row" }, make("span", {}, words.folder), watching),
      make("div", { class: "row" }, folder, button(words.chooseFolder, () => void actions.chooseFolder(), "small")),
    ),
  );
  return {
    element,
    focus: score,
    update: (state) => {
      say(marked, state.range ? `${state.range.from} – ${state.range.to}` : "");
      say(budget, words.budget(state.currency));
      sayNotes(notes, words, state);
      say(folder, state.watchFolder ?? words.noFolderYet);
      folder.title = state.watchFolder ?? "";
      const said = { yes: words.watched, no: words.notWatched, unknown: words.unknownWatched }[state.watching];
      say(watching, state.watchFolder === null ? "" : said);
      watching.dataset["state"] = state.watching;
    },
  };
}

function running(words: Words, actions: Actions): Page {
  const label = make("h2", { role: "status" });
  const bar = make("div", { class: "bar", role: "progressbar" });
  const fill = make("div", { class: "fill" });
  bar.append(fill);
  const elapsed = make("span", { class: "aside" });
  const messages = make("div", { class: "messages" });
  const command = make("code");
  const alone = make("div", { class: "box warning", role: "status" });
  const cancel = button(words.cancel, () => void actions.cancel());
  const element = make(
    "main",
    {},
    make("div", { class: "row" }, label, elapsed),
    bar,
    alone,
    messages,
    make("div", { class: "buttons" }, cancel),
  );
  let isAlone = false;
  return {
    element,
    focus: cancel,
    update: ({ progress, cancelling, watching, watchFolder }) => {
      const step = progress && (words.steps[progress.label] ?? progress.label);
      say(label, cancelling ? words.cancelling : (step ?? words.waiting));
      const part = progress?.total ? Math.min(1, (progress.done ?? 0) / progress.total) : null;
      bar.classList.toggle("unknown", part === null);
      fill.style.width = part === null ? "" : `${Math.round(part * 100)}%`;
      if (part === null) bar.removeAttribute("aria-valuenow");
      else bar.setAttribute("aria-valuenow", `${Math.round(part * 100)}`);
      say(elapsed, progress ? words.elapsed(clock(progress.elapsed_s)) : "");
      say(messages, (progress?.messages ?? []).slice(-4).map(words.message).join("\n"));
      say(command, `avm-otio watch "${watchFolder ?? ""}"`);
      if (isAlone !== (watching === "no")) {
        isAlone = watching === "no";
        alone.innerHTML = "";
        if (isAlone) alone.append(make("strong", {}, words.notWatched), make("p", {}, words.howToWatch), command);
      }
      cancel.disabled = cancelling;
    },
  };
}

function results(words: Words, actions: Actions, { result, budget }: State): Page {
  const clips = result ? piecesOf(result) : [];
  const total = result?.total_price ?? "0";
  const currency = result?.currency ?? "";
  const left = budget === null ? null : less(budget, total);
  const isOver = left !== null && left.startsWith("-");
  const asNew = button(words.asNew, () => void actions.importNew(), "primary");
  const lay = button(words.layInto, () => void actions.layInto());
  const audition = button(words.audition, () => void actions.audition());
  const back = button(words.back, () => actions.back());
  const notes = make("div", { role: "status" });
  const remarks = result?.notes ?? [];
  const losses = (result?.losses ?? []).map(({ item, message, told }) => `${item}: ${message ?? told}`);
  const list = make("div", { class: "cues", role: "list", tabindex: "0", "aria-label": words.cues(clips.length) });
  list.append(...clips.map((clip) => cue(words, clip, currency)));
  const below = make("div", { class: "below", "aria-hidden": "true" });
  const look = (): void => {
    // Twice: the line itself takes room from the list.
    for (let time = 0; time < 2; time++) say(below, hidden(list) > 0 ? words.below(hidden(list)) : "");
  };
  for (const what of ["scroll", "click"]) list.addEventListener(what, look);
  const used = make("div", { class: isOver ? "bar over" : "bar", role: "img", "aria-label": words.budgetUsed });
  const fill = make("div", { class: "fill" });
  used.append(fill);
  if (budget !== null) fill.style.width = `${Number(budget) > 0 ? Math.min(100, (100 * Number(total)) / Number(budget)) : 100}%`;
  const element = make(
    "main",
    { class: "results" },
    make("h2", {}, words.cues(clips.length)),
    list,
    below,
    make(
      "div",
      { class: "row total" },
      make("span", {}, words.total),
      make("strong", {}, `${total} ${currency}`, ...(budget === null ? [] : [` ${words.ofBudget(`${budget} ${currency}`)}`])),
    ),
    ...(left === null
      ? []
      : [used, make("p", { class: isOver ? "wrong" : "aside" }, isOver ? words.over(`${left.slice(1)} ${currency}`) : words.left(`${left} ${currency}`))]),
    ...(remarks.length > 0 ? [disclosure(words.remarks(remarks.length), remarks)] : []),
    ...(losses.length > 0 ? [disclosure(words.lost(losses.length), losses)] : []),
    notes,
    make("div", { class: "buttons" }, asNew, lay, audition, back),
  );
  return {
    element,
    focus: asNew,
    update: (state) => {
      look();
      for (const one of [asNew, lay, audition, back]) one.disabled = state.busy !== null;
      if (state.busy !== null) say(notes, state.busy === "laying" ? words.laying : words.opening);
      else sayNotes(notes, words, state);
    },
  };
}

/** How many cues lie wholly or mostly below what a list shows. */
function hidden(list: HTMLElement): number {
  const foot = list.scrollTop + list.clientHeight;
  return [...list.children].filter((one) => one instanceof HTMLElement && one.offsetTop - list.offsetTop + one.offsetHeight / 2 > foot)
    .length;
}

function cue(words: Words, clip: Clip, currency: string): HTMLElement {
  const price = ({ price, is_bought }: { price: string | null; is_bought: boolean }): string => {
    if (is_bought) return words.bought;
    return price === null ? words.included : `${price} ${currency}`;
  };
  const element = make(
    "div",
    { class: "cue", role: "listitem" },
    make("div", { class: "row" }, make("span", { class: "time" }, clip.timecode), make("span", { class: `kind ${clip.kind}` }, words.kinds[clip.kind])),
    make("div", { class: "row" }, make("span", { class: "title" }, clip.title), make("span", { class: "price" }, price(clip))),
  );
  if (clip.others.length > 0)
    element.append(disclosure(words.others(clip.others.length), clip.others.map((other) => `${other.title} · ${price(other)}`)));
  return element;
}

function error(words: Words, actions: Actions, first: State): Page {
  const told = first.problem ?? ["fault", ""];
  const { message, hint } = sentence(words, told);
  const back = button(words.back, () => actions.back(), "primary");
  const isOfFolder = ["setUp", "noFolder", "notWritten", "noJob"].includes(told[0]);
  const element = make(
    "main",
    {},
    make("div", { class: "box error", role: "alert" }, make("h2", {}, words.problem), make("p", {}, message), make("p", { class: "hint" }, hint)),
    make(
      "div",
      { class: "buttons" },
      back,
      isOfFolder
        ? button(`${words.folder} ${words.chooseFolder}`, () => void actions.chooseFolder())
        : button(words.importLast, () => void actions.importLast()),
    ),
  );
  return { element, focus: back, update: () => undefined };
}

type Attributes = Readonly<Record<string, string>>;

function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Attributes = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

function button(label: string, act: () => void, kind = ""): HTMLButtonElement {
  const element = make("button", { type: "button", class: kind }, label);
  element.addEventListener("click", act);
  return element;
}

function input(type: string, attributes: Attributes, changed: () => void): HTMLInputElement {
  const element = make("input", { type, ...attributes });
  element.addEventListener(type === "text" ? "input" : "change", changed);
  return element;
}

const group = (name: string, ...children: Node[]): HTMLElement =>
  make("div", { class: "group", role: "group", "aria-label": name }, make("div", { class: "legend" }, name), ...children);

/** Lines behind a button: the host's pages know no `details`. */
function disclosure(label: string, lines: readonly string[]): HTMLElement {
  const more = make("div", { class: "more" }, ...lines.map((line) => make("div", {}, line)));
  const open = button(label, () => show(!isOpen), "link");
  let isOpen = true;
  const show = (isToBe: boolean): void => {
    isOpen = isToBe;
    more.style.display = isOpen ? "" : "none";
    open.setAttribute("aria-expanded", `${isOpen}`);
    say(open, `${isOpen ? "▾" : "▸"} ${label}`);
  };
  show(false);
  return make("div", {}, open, more);
}

/** Changes a text only where it differs, so that nothing is read out twice. */
function say(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

function sayNotes(element: HTMLElement, words: Words, { notes }: State): void {
  say(element, notes.map((told) => note(words, told)).join("\n"));
  element.className = notes.length > 0 ? "box notes" : "";
}

/** Seconds of a clock on the wall as m:ss. */
const clock = (seconds: number): string => `${Math.floor(seconds / 60)}:${`${Math.floor(seconds % 60)}`.padStart(2, "0")}`;

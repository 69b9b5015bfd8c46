// The list of cues: each with what can be heard for it, and what was decided.

import { h, iconButton } from "./dom.js";
import { say } from "./words.js";

export class CueList {
  constructor({ state, timecode, onpick, onchoose, onfind, onremove }) {
    Object.assign(this, { state, timecode, onpick, onchoose, onfind, onremove });
    this.rows = new Map();
    this.open = null;
    this.list = h("ol", { class: "cues" });
    this.element = h("nav", { class: "panel list", "aria-label": say("cues") }, this.list);
    this.build();
  }

  build() {
    const { doc } = this.state;
    this.rows.clear();
    this.list.replaceChildren();
    if (!doc.cues?.length) this.list.append(h("li", { class: "empty" }, say("nothing_offered")));
    for (const cue of doc.cues ?? []) {
      const title = h("span", { class: "title" });
      const about = h("span", { class: "about" });
      const time = cue.is_whole ? say("whole_film") : this.timecode ? this.timecode.text(cue.start + 1e-4) : "";
      const head = h("button", {
        type: "button", class: "head", "aria-expanded": "false", onclick: () => this.onpick(cue),
      }, h("span", { class: "number" }, String(cue.number)), h("span", { class: "texts" }, title, h("span", { class: "time" }, time, about)));
      const detail = h("div", { class: "detail", hidden: true });
      const row = h("li", { class: `cue ${cue.stem}` }, head, detail);
      this.rows.set(cue.name, { cue, row, head, title, about, detail });
      this.list.append(row);
    }
    this.refresh();
  }

  select(cue, { focus = false, scroll = true } = {}) {
    if (this.open) {
      const before = this.rows.get(this.open);
      before?.head.setAttribute("aria-expanded", "false");
      before?.row.classList.remove("selected");
      if (before) before.detail.hidden = true;
    }
    this.open = cue?.name ?? null;
    const now = this.rows.get(this.open);
    if (!now) return;
    now.head.setAttribute("aria-expanded", "true");
    now.row.classList.add("selected");
    this.fill(now);
    now.detail.hidden = false;
    if (focus) now.head.focus({ preventScroll: true });
    if (scroll) now.row.scrollIntoView({ block: "nearest" });
  }

  /** What can be heard for the selected cue, and the knobs. */
  fill({ cue, detail }) {
    const { state } = this;
    const items = cue.items.slice(0, 9).map((item, number) => {
      const button = h("button", {
        type: "button", role: "radio", class: "item", onclick: () => this.onchoose(cue, { item: item.id, is_left_out: false }),
      },
      h("kbd", {}, String(number + 1)),
      h("span", { class: "title" }, item.title || `${item.id}`),
      h("span", { class: "facts" }, facts(item, state.totals.currency)),
      h("span", { class: `licence ${item.license.replace(" ", "-")}` }, licence(item)));
      button.dataset.id = String(item.id);
      return button;
    });
    const group = h("div", { role: "radiogroup", class: "items", "aria-label": say("items", cue.number) }, items);
    group.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      event.stopPropagation();
      const at = items.indexOf(document.activeElement);
      items[(at + step + items.length) % items.length].focus();
    });
    const note = h("input", {
      type: "text", class: "note", maxlength: 2000, placeholder: say("note_hint"), "aria-label": say("note"),
      value: state.choice(cue).note,
      onchange: (event) => this.onchoose(cue, { note: event.target.value }),
    });
    const gain = this.stepper(say("gain"), say("softer"), say("louder"), (by) => this.onchoose(cue, { gain_db: clamp(state.choice(cue).gain_db + by, -60, 24) }));
    const nudge = this.stepper(say("nudge"), say("earlier"), say("later"), (by) => this.onchoose(cue, { nudge_frames: state.choice(cue).nudge_frames + by }));
    nudge.element.hidden = cue.is_whole;
    const out = h("button", {
      type: "button", class: "toggle", onclick: () => this.onchoose(cue, { is_left_out: !state.choice(cue).is_left_out }),
    }, say("leave_out"));
    const reset = h("button", {
      type: "button", class: "quiet", onclick: () => this.onchoose(cue, { item: null, gain_db: 0, nudge_frames: 0, is_left_out: false, note: "" }),
    }, say("reset"));
    const away = h("button", { type: "button", class: "quiet", onclick: () => this.onremove(cue, state.heard(cue)) }, say("take_away"));
    const more = cue.stem === "dialogue" || state.doc.no_library ? null : h("div", { class: "more" },
      h("button", { type: "button", class: "quiet", onclick: () => this.onfind(cue) }, say("find")),
      h("button", { type: "button", class: "quiet", onclick: () => this.onfind(cue, state.heard(cue) ?? cue.items[0]) }, say("find_like")), away);
    detail.replaceChildren(...[group, more, h("div", { class: "knobs" }, gain.element, nudge.element, out, reset), note].filter(Boolean));
    this.parts = { cue, items, gain, nudge, out, note, reset, away };
    this.refreshDetail();
  }

  stepper(label, less, more, change) {
    const value = h("output", { "aria-live": "polite" });
    const element = h("div", { class: "stepper", role: "group", "aria-label": label },
      h("span", { class: "name" }, label),
      iconButton("minus", less, () => change(-1)),
      value,
      iconButton("plus", more, () => change(1)));
    return { element, value };
  }

  refresh() {
    for (const { cue, row, title, about } of this.rows.values()) {
      const choice = this.state.choice(cue);
      const heard = this.state.heard(cue);
      const name = (heard ?? cue.items[0])?.title || cue.words || cue.name;
      title.textContent = name;
      row.classList.toggle("out", choice.is_left_out);
      row.classList.toggle("chosen", isChosen(choice));
      const more = [
        choice.is_left_out ? say("left_out") : "",
        choice.gain_db ? decibels(choice.gain_db) : "",
        choice.nudge_frames ? say("frames", signed(choice.nudge_frames)) : "",
        choice.note ? "✎" : "",
      ].filter(Boolean).join("  ");
      about.textContent = more;
    }
    this.refreshDetail();
  }

  refreshDetail() {
    const { parts } = this;
    if (!parts || parts.cue.name !== this.open) return;
    const choice = this.state.choice(parts.cue);
    const heard = this.state.heard(parts.cue);
    let first = true;
    for (const button of parts.items) {
      const on = heard !== null && button.dataset.id === String(heard.id);
      button.setAttribute("aria-checked", String(on));
      button.tabIndex = on || (heard === null && first) ? 0 : -1;
      first = false;
    }
    parts.gain.value.textContent = decibels(choice.gain_db);
    parts.nudge.value.textContent = say("frames", signed(choice.nudge_frames));
    parts.out.setAttribute("aria-pressed", String(choice.is_left_out));
    parts.reset.disabled = !isChosen(choice);
    parts.away.hidden = !heard?.is_added;
    if (document.activeElement !== parts.note) parts.note.value = choice.note;
  }
}

function isChosen(choice) {
  return choice.item !== null || choice.gain_db !== 0 || choice.nudge_frames !== 0 || choice.is_left_out || choice.note !== "";
}

function facts(item, currency) {
  return [length(item.length_s), item.price === null ? "" : `${item.price} ${currency}`].filter(Boolean).join(" · ");
}

function licence(item) {
  if (item.is_added) return item.licence || say("added");
  if (!item.is_here) return say("not_here");
  return item.license ? say(item.license.replace(" ", "_")) : "";
}

export function length(seconds) {
  if (seconds === null) return "";
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

export function decibels(db) {
  return `${signed(Math.round(db * 10) / 10)} dB`;
}

export function signed(number) {
  return number > 0 ? `+${number}` : number < 0 ? `−${-number}` : "0";
}

function clamp(value, low, high) {
  return Math.min(high, Math.max(low, value));
}

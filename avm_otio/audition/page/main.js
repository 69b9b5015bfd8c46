// The page: everything put together, and the keys.

import * as api from "./api.js";
import { Clock } from "./clock.js";
import { CueList } from "./cues.js";
import { h, iconButton, setIcon } from "./dom.js";
import { Finder } from "./finder.js";
import { Engine } from "./engine.js";
import { Mixer } from "./mixer.js";
import { State } from "./state.js";
import { Timecode } from "./timecode.js";
import { Timeline } from "./timeline.js";
import { languageNow, say, setLanguage, storage } from "./words.js";

const BEFORE_S = 2;

class Page {
  constructor(doc) {
    this.doc = doc;
    this.state = new State(doc);
    this.engine = new Engine(doc);
    this.video = h("video", { playsinline: true, preload: "auto", tabindex: -1, "aria-label": say("picture") });
    this.video.muted = true;
    for (const event of ["loadeddata", "error"]) this.video.addEventListener(event, () => this.timeline?.draw());
    if (doc.has_film) this.video.src = "/film";
    this.selected = null;
    this.loop = null;
    this.compared = null;
    this.state.addEventListener("change", () => this.changed());
    this.root = h("div", { class: "root" });
    document.body.replaceChildren(this.root);
    this.finder = new Finder({ engine: this.engine, open: (dialog) => this.open(dialog), onadd: (cue, sound) => this.add(cue, sound) });
    this.state.addEventListener("refused", (event) => this.tell(event.detail.message, "wrong"));
    this.begin();
    this.build();
    this.source = api.events((event) => this.happened(event), {
      lost: () => this.tell(say("lost"), "wrong"),
      back: () => this.reload(),
    });
    window.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("keyup", (event) => this.released(event));
    window.addEventListener("blur", () => this.compare(false));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.theme());
  }

  /** Take what there is to hear: at the start, and again when it was prepared anew. */
  begin() {
    const { doc } = this;
    const hasTimes = Boolean(doc.rate);
    this.timecode = hasTimes ? new Timecode(doc) : null;
    this.length = hasTimes ? (doc.frames * doc.rate[1]) / doc.rate[0] : 1;
    this.frame = hasTimes ? doc.rate[1] / doc.rate[0] : 0.04;
    this.engine.load({ cues: doc.cues ?? [], frames: doc.frames ?? 25, rate: doc.rate ?? [25, 1], own: doc.own ?? [] }, (cue) => this.wish(cue));
    const at = this.clock?.time ?? 0;
    this.clock?.end();
    this.clock = new Clock(this.video, this.engine, {
      perFilm: doc.record_per_film ?? 1, length: this.length, hasFilm: Boolean(doc.has_film), frame: this.frame,
    });
    this.clock.at = at;
    this.clock.addEventListener("time", () => this.moved());
    this.clock.addEventListener("change", () => this.moved({ tell: true }));
  }

  /** What is wanted of a cue: which segments, how much later, how loud; of "own" the name of its sound. */
  wish(cue) {
    if (cue === "own") return this.ownName();
    const choice = this.state.choice(cue);
    const compared = this.compared?.name === cue.name ? this.compared.item : null;
    const item = compared ?? this.state.heard(cue);
    const title = (item ?? cue.items[0])?.title ?? cue.name;
    const shift = Math.round((choice.nudge_frames * this.frame) * this.doc.rate_hz);
    const segments = item && cue.stem !== "dialogue" ? item.segments : [];
    return { segments, shift, gain: choice.gain_db, title, signature: `${item?.id ?? "-"} ${shift}` };
  }

  ownName() {
    const names = this.doc.own ?? [];
    const dialogue = (this.doc.cues ?? []).find((cue) => cue.stem === "dialogue");
    if (dialogue && this.state.choice(dialogue).is_left_out && names.includes("bare")) return "bare";
    return names[0] ?? null;
  }

  build() {
    document.documentElement.lang = languageNow() === "zh" ? "zh-Hant" : "en";
    this.theme();
    document.title = `${this.doc.name} – ${say("audition")}`;
    this.list = new CueList({
      state: this.state, timecode: this.timecode,
      onpick: (cue) => this.pick(cue, { seek: true }), onchoose: (cue, changes) => this.choose(cue, changes),
      onfind: (cue, like) => this.find(cue, like), onremove: (cue, item) => this.state.remove(cue, item.id).catch(() => {}),
    });
    this.mixer = new Mixer({ state: this.state, engine: this.engine });
    this.timeline = this.timecode ? new Timeline({
      timecode: this.timecode, length: this.length, doc: this.doc, wish: (cue) => this.wish(cue), time: () => this.clock.time,
      // A browser asks for six things at a time: the picture comes before small ones of it.
      isSeen: () => this.video.readyState >= 2 || this.video.error !== null,
      onseek: (at) => this.seek(at), onscrub: (on) => this.scrub(on), onpick: (cue) => this.pick(cue, { seek: true }),
    }) : null;
    this.status = h("div", { class: "status", role: "status", "aria-live": "polite" });
    this.time = h("output", { class: "timecode", "aria-label": say("playhead") }, "00:00:00:00");
    this.playButton = iconButton("play", say("play"), () => this.clock.toggle(), { class: "icon play" });
    this.loopButton = iconButton("loop", say("loop"), () => this.toggleLoop(), { "aria-pressed": "false" });
    const transport = h("div", { class: "transport", role: "toolbar", "aria-label": say("play") },
      this.time,
      h("div", { class: "buttons" },
        iconButton("back", say("frame_back"), () => this.clock.step(-1)),
        this.playButton,
        iconButton("on", say("frame_on"), () => this.clock.step(1)),
        iconButton("again", say("again"), () => this.again()),
        this.loopButton),
      this.status);
    this.totals = h("div", { class: "totals" });
    this.updateButton = h("button", { type: "button", class: "primary", onclick: () => this.update() }, say("update"));
    this.undoButton = iconButton("undo", say("undo"), () => this.undo());
    this.redoButton = iconButton("redo", say("redo"), () => this.redo());
    const header = h("header", {},
      h("h1", {}, h("span", { class: "mark", "aria-hidden": "true" }), h("span", { class: "name" }, this.doc.name)),
      this.totals,
      h("div", { class: "actions" },
        this.undoButton, this.redoButton,
        h("button", { type: "button", class: "quiet language", lang: languageNow() === "zh" ? "en" : "zh-Hant", onclick: () => this.otherLanguage() }, say("language")),
        iconButton("theme", say("theme"), () => this.otherTheme()),
        iconButton("help", say("help"), () => this.help()),
        this.updateButton));
    const picture = h("div", { class: "picture" }, this.doc.has_film ? this.video : h("p", {}, say("no_picture")));
    this.banner = h("div", { class: "banner", role: "status", hidden: true });
    const zoom = this.timeline ? h("div", { class: "zoom" },
      iconButton("minus", say("zoom_out"), () => this.timeline.zoom(0.6)),
      iconButton("fit", say("fit"), () => this.timeline.fit()),
      iconButton("plus", say("zoom_in"), () => this.timeline.zoom(1.7))) : null;
    this.root.replaceChildren(
      header,
      h("main", {}, this.list.element, h("section", { class: "stage", "aria-label": say("picture") }, picture, transport, this.banner), this.mixer.element),
      h("footer", {}, this.timeline?.element ?? null, zoom));
    if (this.selected) this.pick(this.doc.cues.find((cue) => cue.name === this.selected) ?? null);
    this.changed();
    this.moved({ tell: true });
    this.showState();
  }

  showState() {
    const { doc } = this;
    this.banner.hidden = doc.is_ready;
    if (doc.failure) this.banner.replaceChildren(h("strong", {}, say("failed")), h("span", {}, doc.failure));
    else if (!doc.is_ready) {
      this.bar ??= h("progress", { max: 1, "aria-label": say("preparing") });
      this.label ??= h("span", {});
      this.banner.replaceChildren(h("strong", {}, say("preparing")), this.label, this.bar);
    }
  }

  // What happens

  async reload() {
    try {
      const doc = await api.session();
      const { isPlaying } = this.clock;
      this.doc = doc;
      this.state.take(doc);
      if (doc.has_film && !this.video.src) this.video.src = "/film";
      this.begin();
      this.build();
      if (isPlaying) this.clock.play();
    } catch (error) {
      this.tell(error.message, "wrong");
    }
  }

  happened(event) {
    const isNew = event.event === "hello" && event.is_settled && !this.doc.is_ready && !this.doc.failure;
    if (event.event === "ready" || event.event === "failed" || isNew) this.reload();
    else if (event.event === "chosen") this.state.receive(event);
    else if (event.event === "note") this.tell(event.message);
    else if (event.event === "updating") this.setUpdating(true);
    else if (event.event === "updated") this.tell([say("updated", event.output), ...event.words].join(" "));
    else if (event.event === "step" && this.finder.dialog?.open) this.finder.tell(event.label);
    else if (event.event === "step" && this.label) {
      this.label.textContent = event.label;
      if (event.total) this.bar.value = event.done / event.total;
      else this.bar.removeAttribute("value");
    }
  }

  tell(text, kind = "") {
    this.status.textContent = text;
    this.status.className = `status ${kind}`;
    this.status.title = text;
  }

  changed() {
    const { state } = this;
    this.list.refresh();
    this.mixer.refresh();
    this.engine.refresh();
    if (this.engine.isPlaying === false && this.clock) this.engine.ready(this.clock.time * this.engine.hz);
    this.timeline?.redraw();
    this.undoButton.disabled = !state.done.length;
    this.redoButton.disabled = !state.undone.length;
    const { totals } = state;
    this.totals.classList.toggle("over", totals.is_over_budget);
    const price = h("strong", {}, `${totals.total_price} ${totals.currency}`);
    const parts = [h("span", { class: "label" }, say("total")), price];
    if (totals.prices_unread.length) parts.push(h("span", {}, say("unread")));
    if (totals.budget !== null) parts.push(h("span", {}, say(totals.is_over_budget ? "over" : "budget", `${totals.budget} ${totals.currency}`)));
    if (totals.chosen) parts.push(h("span", { class: "count" }, say("chosen", totals.chosen)));
    this.totals.replaceChildren(...parts);
    const isWritten = totals.is_written && !state.waiting.size;
    this.updateButton.textContent = say(this.isUpdating ? "updating" : isWritten ? "is_written" : "update");
    this.updateButton.disabled = this.isUpdating || isWritten;
  }

  moved({ tell = false } = {}) {
    const { clock } = this;
    const at = clock.time;
    if (this.loop && clock.isPlaying && at >= this.loop[1] - 0.004) {
      clock.seek(this.loop[0], { play: true });
      return;
    }
    if (this.timecode) this.time.textContent = this.timecode.text(Math.min(at, this.length - 0.5 * this.frame));
    this.timeline?.move(at, { follow: clock.isPlaying });
    if (tell) {
      this.timeline?.tell(at);
      setIcon(this.playButton, clock.isPlaying ? "pause" : "play");
      this.playButton.setAttribute("aria-label", say(clock.isPlaying ? "pause" : "play"));
    }
  }

  // What a person does

  seek(at) {
    return this.clock.seek(Math.max(0, Math.min(at, this.length)));
  }

  /** While the playhead is dragged nothing plays; then it goes on as it did. */
  scrub(on) {
    if (on) {
      this.goesOn = this.clock.isPlaying;
      if (this.goesOn) this.clock.pause();
    } else if (this.goesOn) {
      this.clock.play();
    }
  }

  pick(cue, { seek = false, focus = false } = {}) {
    this.selected = cue?.name ?? null;
    if (this.timeline) {
      this.timeline.selected = this.selected;
      this.timeline.draw();
    }
    this.list.select(cue, { focus });
    if (this.loop && cue) this.setLoop(cue);
    if (seek && cue && !this.clock.isPlaying) this.seek(cue.start);
    else if (seek && cue) this.again();
  }

  get cue() {
    return (this.doc.cues ?? []).find((cue) => cue.name === this.selected) ?? null;
  }

  step(by) {
    const cues = this.doc.cues ?? [];
    if (!cues.length) return;
    const now = cues.findIndex((cue) => cue.name === this.selected);
    this.pick(cues[Math.max(0, Math.min(cues.length - 1, now + by))], { seek: true });
  }

  choose(cue, changes) {
    const before = this.state.heard(cue);
    if (changes.item !== undefined && before && before.id !== changes.item) this.before = { name: cue.name, item: before };
    if (changes.item !== undefined && changes.item === cue.items[0]?.id) changes = { ...changes, item: null };
    this.state.choose(cue, changes);
  }

  /** Search the library for another sound, or for what is like an item. */
  find(cue, like = null) {
    if (this.doc.no_library) this.tell(this.doc.no_library, "wrong");
    else if (cue && cue.stem !== "dialogue") this.finder.show(cue, like);
  }

  async add(cue, sound) {
    this.tell(say("adding", sound.title));
    const before = this.state.heard(cue);
    try {
      await this.state.add(cue, sound);
    } catch {
      return;
    }
    if (before) this.before = { name: cue.name, item: before };
  }

  again() {
    const cue = this.cue;
    return this.clock.seek(Math.max(0, (cue ? this.starts(cue) : this.clock.time) - BEFORE_S), { play: true });
  }

  starts(cue) {
    return this.timeline ? this.timeline.lies(cue)[0] : cue.start;
  }

  toggleLoop() {
    if (this.loop) this.setLoop(null);
    else if (this.cue) {
      this.setLoop(this.cue);
      this.clock.seek(this.loop[0], { play: true });
    }
  }

  setLoop(cue) {
    const lies = cue && this.timeline ? this.timeline.lies(cue) : null;
    this.loop = lies ? [Math.max(0, lies[0] - 0.5), Math.min(this.length, Math.max(lies[1] + 0.5, lies[0] + 1))] : null;
    this.timeline?.setLoop(this.loop);
    this.loopButton.setAttribute("aria-pressed", String(Boolean(this.loop)));
  }

  /** As long as a key is held, what was heard before; without that, the next item. */
  compare(on) {
    const { cue } = this;
    if (!on && !this.compared) return;
    if (on && cue) {
      const now = this.state.heard(cue);
      const other = this.before?.name === cue.name && this.before.item.id !== now?.id ? this.before.item : cue.items.find((item) => item.id !== now?.id);
      if (!other || this.compared) return;
      this.compared = { name: cue.name, item: other };
    } else {
      this.compared = null;
    }
    this.engine.refresh();
    this.timeline?.draw();
  }

  undo() {
    this.show(this.state.undo());
  }

  redo() {
    this.show(this.state.redo());
  }

  show(name) {
    const cue = name && this.doc.cues.find((each) => each.name === name);
    if (cue && cue.name !== this.selected) this.pick(cue);
  }

  setUpdating(on) {
    this.isUpdating = on;
    this.changed();
  }

  async update({ overwrite = false } = {}) {
    if (this.isUpdating) return;
    this.setUpdating(true);
    try {
      await this.state.flush();
      const done = await api.post("/api/update", { overwrite });
      this.state.receive(done);
      this.tell([say("updated", done.output), ...done.words].join(" "));
    } catch (error) {
      if (error.kind === "ChangedByHandError") this.ask(error.what);
      else this.tell(error.message, "wrong");
    } finally {
      this.setUpdating(false);
    }
  }

  /** Somebody changed by hand what would be laid anew: their work is lost only where a person says so. */
  ask(what) {
    const dialog = h("dialog", { "aria-label": say("update") },
      h("h2", {}, say("changed_file")),
      h("p", {}, what),
      h("div", { class: "answers" },
        h("button", { type: "button", class: "quiet", onclick: () => dialog.close() }, say("cancel")),
        h("button", { type: "button", class: "primary", onclick: () => { dialog.close(); this.update({ overwrite: true }); } }, say("write_anew"))));
    this.open(dialog);
  }

  open(dialog) {
    dialog.addEventListener("close", () => dialog.remove());
    dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
    document.body.append(dialog);
    dialog.showModal();
  }

  help() {
    const rows = [
      ["Space", "key_space"], ["J K L", "key_jkl"], ["← →", "key_arrows"], ["⇧← ⇧→", "key_shift_arrows"], ["↑ ↓", "key_updown"],
      ["1 … 9", "key_digits"], ["X", "key_x"], ["R", "key_r"], ["O", "key_o"], ["[ ]", "key_gain"], [", .", "key_nudge"], ["E", "key_e"], ["F", "key_f"],
      ["N", "key_n"], ["Z ⇧Z", "key_undo"], ["U", "key_update"], ["− + 0", "key_zoom"], ["⇧1 ⇧2 ⇧3", "key_groups"], ["?", "key_help"],
    ];
    const dialog = h("dialog", { class: "help", "aria-label": say("keys_title") },
      h("h2", {}, say("keys_title")),
      h("dl", {}, rows.map(([keys, key]) => h("div", {}, h("dt", {}, keys.split(" ").map((each) => h("kbd", {}, each))), h("dd", {}, say(key))))),
      h("p", {}, say("kept_at_once")),
      h("div", { class: "answers" }, h("button", { type: "button", class: "primary", onclick: () => dialog.close() }, say("close"))));
    this.open(dialog);
  }

  otherLanguage() {
    setLanguage(languageNow() === "zh" ? "en" : "zh");
    this.build();
  }

  /** Dark or light: as it was chosen, else as the system has it. */
  theme(chosen = storage("theme")) {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    document.documentElement.dataset.theme = chosen ?? system;
    this.timeline?.draw();
  }

  otherTheme() {
    const chosen = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
    storage("theme", chosen);
    this.theme(chosen);
  }

  key(event) {
    if (document.querySelector("dialog[open]")) return;
    const inText = event.target instanceof HTMLInputElement && event.target.type === "text";
    if (inText) {
      if (event.key === "Enter" || event.key === "Escape") event.target.blur();
      return;
    }
    const withCommand = event.ctrlKey || event.metaKey;
    if (withCommand && event.key.toLowerCase() === "z") {
      event.preventDefault();
      if (event.shiftKey) this.redo();
      else this.undo();
      return;
    }
    if (withCommand || event.altKey) return;
    const act = this.action(event);
    if (act) {
      event.preventDefault();
      act();
    }
  }

  released(event) {
    if (event.code === "KeyX") this.compare(false);
  }

  action(event) {
    const { clock, cue, state } = this;
    const tag = event.target.tagName;
    const inRange = event.target instanceof HTMLInputElement && event.target.type === "range";
    const digit = /^Digit([1-9])$/.exec(event.code);
    if (digit && event.shiftKey) {
      const name = ["own", "music", "effects"][Number(digit[1]) - 1];
      return name ? () => this.mixer.toggle(name, "mute") : null;
    }
    if (digit && cue) {
      const item = cue.items[Number(digit[1]) - 1];
      return item ? () => this.choose(cue, { item: item.id, is_left_out: false }) : null;
    }
    const change = (fields) => (cue ? () => this.choose(cue, fields()) : null);
    const gain = (by) => change(() => ({ gain_db: Math.min(24, Math.max(-60, state.choice(cue).gain_db + by)) }));
    const nudge = (by) => (cue && !cue.is_whole ? () => this.choose(cue, { nudge_frames: state.choice(cue).nudge_frames + by }) : null);
    switch (event.key) {
      case " ": return tag === "BUTTON" || tag === "SELECT" ? null : () => clock.toggle();
      case "ArrowLeft": return inRange ? null : () => (event.shiftKey ? this.seek(clock.time - 1) : clock.step(-1));
      case "ArrowRight": return inRange ? null : () => (event.shiftKey ? this.seek(clock.time + 1) : clock.step(1));
      case "ArrowUp": return inRange || tag === "SELECT" ? null : () => this.step(-1);
      case "ArrowDown": return inRange || tag === "SELECT" ? null : () => this.step(1);
      case "Home": return inRange ? null : () => this.seek(0);
      case "End": return inRange ? null : () => this.seek(this.length - this.frame);
      case "[": return gain(-1);
      case "]": return gain(1);
      case ",": case "<": return nudge(-1);
      case ".": case ">": return nudge(1);
      case "?": return () => this.help();
      case "+": case "=": return () => this.timeline?.zoom(1.5);
      case "-": return () => this.timeline?.zoom(1 / 1.5);
      case "0": return () => this.timeline?.fit();
      default: break;
    }
    switch (event.key.toLowerCase()) {
      case "j": return () => clock.shuttle(-1);
      case "k": return () => clock.pause();
      case "l": return () => clock.shuttle(1);
      case "r": return () => this.again();
      case "o": return () => this.toggleLoop();
      case "x": return event.repeat ? null : () => this.compare(true);
      case "e": return change(() => ({ is_left_out: !state.choice(cue).is_left_out }));
      case "f": return cue ? () => this.find(cue) : null;
      case "n": return cue ? () => this.list.parts.note.focus() : null;
      case "z": return () => (event.shiftKey ? this.redo() : this.undo());
      case "u": return () => this.update();
      default: return null;
    }
  }
}

try {
  window.audition = new Page(await api.session());
} catch (error) {
  document.body.replaceChildren(h("p", { class: "alone" }, error.message));
}



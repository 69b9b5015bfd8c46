// What is chosen, as the page knows it; every change goes to the job at once, and can be taken back.

import { post } from "./api.js";

const WAIT_MS = 120; // a key that is held down is one change

const NOTHING = { item: null, gain_db: 0, nudge_frames: 0, is_left_out: false, note: "" };
const SAYS = { item: "item", gain_db: "gain_db", nudge_frames: "nudge_frames", is_left_out: "leave_out", note: "note" };

export class State extends EventTarget {
  constructor(doc) {
    super();
    this.take(doc);
    this.done = [];
    this.undone = [];
    this.waiting = new Map();
    this.revision = doc.totals.revision;
    window.addEventListener("pagehide", () => this.flush({ keepalive: true }));
  }

  /** All that the server says. */
  take(doc) {
    this.doc = doc;
    this.choices = structuredClone(doc.choices);
    this.whole = { ...doc.whole };
    this.totals = doc.totals;
    this.byName = new Map((doc.cues ?? []).map((cue) => [cue.name, cue]));
  }

  /** What was chosen, as the server sends it; what is on its way from here stays. */
  receive({ choices, whole, totals }) {
    if (totals.revision < this.revision) return;
    this.revision = totals.revision;
    this.totals = totals;
    for (const [name, choice] of Object.entries(choices)) {
      if (!this.waiting.has(name)) this.choices[name] = choice;
    }
    if (!this.waiting.has("")) this.whole = { ...whole };
    this.changed();
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  choice(cue) {
    return this.choices[cue.name] ?? NOTHING;
  }

  /** The item that is heard for a cue; null where it is left out or there is none. */
  heard(cue) {
    const { item, is_left_out: out } = this.choice(cue);
    if (out) return null;
    return cue.items.find((each) => each.id === item) ?? cue.items[0] ?? null;
  }

  choose(cue, changes) {
    const before = { ...this.choice(cue) };
    const after = { ...before, ...changes };
    if (Object.keys(after).every((key) => after[key] === before[key])) return;
    const last = this.done[this.done.length - 1];
    const now = performance.now();
    const kind = Object.keys(changes).join();
    if (last && last.name === cue.name && last.kind === kind && now - last.time < 700 && !this.undone.length) Object.assign(last, { after, time: now });
    else this.done.push({ name: cue.name, kind, before, after, time: now });
    this.undone = [];
    this.set(cue.name, after);
  }

  chooseWhole(changes) {
    const before = { ...this.whole };
    const after = { ...before, ...changes };
    const last = this.done[this.done.length - 1];
    const now = performance.now();
    if (last && last.name === "" && now - last.time < 700) Object.assign(last, { after, time: now });
    else this.done.push({ name: "", kind: "whole", before, after, time: now });
    this.undone = [];
    this.set("", after);
  }

  /** A sound of the library goes to a cue, and is chosen. */
  async add(cue, sound) {
    if (cue.items.some((item) => item.id === sound.id)) return this.choose(cue, { item: sound.id, is_left_out: false });
    const before = { ...this.choice(cue) };
    await this.flush();
    await this.post({ cue: cue.name, sound: sound.sound });
    this.done.push({ name: cue.name, kind: "sound", before, after: { ...this.choice(cue) }, sound, time: 0 });
    this.undone = [];
    return this.changed();
  }

  /** A sound that was added is taken away again. */
  async remove(cue, item) {
    await this.flush();
    await this.post({ cue: cue.name, remove: item });
  }

  async post(body) {
    try {
      this.receive(await post("/api/sound", body));
    } catch (error) {
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
      throw error;
    }
  }

  /** Take a sound away, or add it, again: then the rest is as it was. */
  again(entry, body, value) {
    this.post({ cue: entry.name, ...body }).then(() => this.set(entry.name, value), () => {});
  }

  undo() {
    const entry = this.done.pop();
    if (!entry) return null;
    this.undone.push(entry);
    if (entry.sound) this.again(entry, { remove: entry.sound.id }, entry.before);
    else this.set(entry.name, entry.before);
    return entry.name;
  }

  redo() {
    const entry = this.undone.pop();
    if (!entry) return null;
    this.done.push({ ...entry, time: 0 });
    if (entry.sound) this.again(entry, { sound: entry.sound.sound }, entry.after);
    else this.set(entry.name, entry.after);
    return entry.name;
  }

  set(name, value) {
    if (name) this.choices[name] = { ...value };
    else this.whole = { ...value };
    clearTimeout(this.waiting.get(name));
    this.waiting.set(name, setTimeout(() => this.send(name), WAIT_MS));
    this.changed();
  }

  async send(name, options) {
    clearTimeout(this.waiting.get(name));
    const body = {};
    if (name) {
      const choice = this.choices[name];
      body.cue = name;
      for (const [field, said] of Object.entries(SAYS)) body[said] = choice[field];
      body.item ??= this.byName.get(name)?.items[0]?.id;
    } else {
      for (const [field, asked] of Object.entries(this.doc.asked ?? {})) body[field] = this.whole[field] ?? asked;
    }
    const sent = JSON.stringify(name ? this.choices[name] : this.whole);
    try {
      const now = await post("/api/choose", body, options);
      if (JSON.stringify(name ? this.choices[name] : this.whole) === sent) this.waiting.delete(name);
      this.receive(now);
    } catch (error) {
      this.waiting.delete(name);
      this.dispatchEvent(new CustomEvent("refused", { detail: error }));
    }
  }

  /** Send what waits. */
  async flush(options) {
    await Promise.all([...this.waiting.keys()].map((name) => this.send(name, options)));
  }
}

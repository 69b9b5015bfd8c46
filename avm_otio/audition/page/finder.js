// The library: sounds found by words or by how they sound, heard alone, and added to a cue.

import * as api from "./api.js";
import { length, signed } from "./cues.js";
import { h, iconButton, setIcon } from "./dom.js";
import { amplitude } from "./engine.js";
import { say } from "./words.js";

const HEARD_LUFS = -23; // so that a soft sound is not passed over for a loud one
const MOST_RAISED_DB = 18;

export class Finder {
  constructor({ engine, open, onadd }) {
    Object.assign(this, { engine, open, onadd });
    this.turn = 0;
    this.words = "";
  }

  /** Search for a cue; at once for what is like one of its items, where there is one. */
  show(cue, like = null) {
    this.cue = cue;
    this.playing = null;
    this.input = h("input", {
      type: "search", class: "words", value: like ? "" : this.words, placeholder: say("words_hint"), "aria-label": say("words_hint"), maxlength: 400,
      spellcheck: "false", autocomplete: "off",
    });
    this.kind = h("select", { "aria-label": say("kind") }, [["", "any_kind"], ["effect", "kind_effect"], ["ambience", "kind_ambience"], ["music", "kind_music"]]
      .map(([value, word]) => h("option", { value }, say(word))));
    this.kind.value = cue.stem === "music" ? "music" : "";
    this.kind.addEventListener("change", () => this.search(this.last ?? {}));
    const form = h("form", { class: "search", role: "search", onsubmit: (event) => { event.preventDefault(); this.search({ words: this.input.value }); } },
      this.input, this.kind, h("button", { type: "submit", class: "primary" }, say("search")));
    this.list = h("ul", { class: "found", "aria-label": say("found") });
    this.status = h("p", { class: "finder-status", role: "status", "aria-live": "polite" }, say("finder_hint"));
    this.dialog = h("dialog", { class: "finder", "aria-label": say("find_for", cue.number) },
      h("h2", {}, say("find_for", cue.number), h("span", { class: "about" }, cue.is_whole ? say("whole_film") : cue.words)),
      form, this.status, this.list,
      h("div", { class: "answers" }, h("button", { type: "button", class: "quiet", onclick: () => this.dialog.close() }, say("close"))));
    this.dialog.addEventListener("close", () => this.stop());
    this.dialog.addEventListener("keydown", (event) => this.key(event));
    this.open(this.dialog);
    if (like) this.search({ cue: cue.name, item: String(like.id) }, like.title);
    else {
      this.input.focus();
      this.input.select();
    }
  }

  async search(asked, title = "") {
    const turn = ++this.turn;
    this.last = asked;
    if (asked.words !== undefined) this.words = asked.words;
    this.status.textContent = say("searching");
    this.status.classList.remove("wrong");
    try {
      const { sounds } = await api.library({ ...asked, kind: this.kind.value });
      if (turn !== this.turn) return;
      this.stop();
      this.status.textContent = sounds.length ? say(title ? "found_like" : "found_count", title || sounds.length) : say("found_none");
      this.list.replaceChildren(...sounds.map((sound) => this.row(sound)));
      this.list.scrollTop = 0;
      this.list.querySelector("button")?.focus({ preventScroll: true });
    } catch (error) {
      if (turn !== this.turn) return;
      this.status.textContent = error.message;
      this.status.classList.add("wrong");
      this.list.replaceChildren();
    }
  }

  /** Something that is going on meanwhile, such as listening to a library for the first time. */
  tell(text) {
    if (this.dialog?.open && this.status.textContent.startsWith(say("searching"))) this.status.textContent = `${say("searching")} ${text}`;
  }

  row(sound) {
    const facts = [length(sound.length_s), sound.loudness_lufs === null ? "" : `${signed(Math.round(sound.loudness_lufs))} LUFS`, sound.tempo_bpm ? `${Math.round(sound.tempo_bpm)} bpm` : "", sound.category_words ?? ""];
    const hear = iconButton("play", say("hear", sound.title), () => this.hear(sound, hear), { class: "icon hear" });
    const add = h("button", { type: "button", class: "quiet add", "aria-label": say("add_named", sound.title), onclick: () => this.add(sound) }, say("add"));
    const like = h("button", { type: "button", class: "quiet like", "aria-label": say("like_named", sound.title), onclick: () => this.search({ like: String(sound.id) }, sound.title) }, say("more_like"));
    const row = h("li", {}, hear,
      h("span", { class: "texts" },
        h("span", { class: "title", title: sound.path }, sound.title || sound.path),
        h("span", { class: "facts" }, facts.filter(Boolean).join(" · "), sound.licence ? h("span", { class: "licence" }, sound.licence) : null)),
      like, add);
    row.sound = sound;
    return row;
  }

  async hear(sound, button) {
    const was = this.playing?.sound === sound.sound;
    this.stop();
    if (was) return;
    const { context } = this.engine;
    const db = sound.loudness_lufs === null ? 0 : Math.min(MOST_RAISED_DB, HEARD_LUFS - sound.loudness_lufs);
    const level = new GainNode(context, { gain: amplitude(db) });
    level.connect(context.destination);
    const playing = { sound: sound.sound, button, level, sources: [] };
    this.playing = playing;
    setIcon(button, "pause");
    try {
      await context.resume();
      let at = 0;
      for (let number = 0; this.playing === playing; number += 1) {
        const buffer = await this.engine.pieces.load(sound.sound, number);
        if (this.playing !== playing) return;
        if (!buffer) break;
        at = Math.max(at, context.currentTime + 0.02);
        const source = new AudioBufferSourceNode(context, { buffer });
        source.connect(level);
        source.start(at);
        at += buffer.duration;
        playing.sources.push(source);
        const ahead = (at - context.currentTime - 2) * 1000;
        if (ahead > 0 && buffer.length >= this.engine.pieces.length) await new Promise((done) => setTimeout(done, ahead));
        if (buffer.length < this.engine.pieces.length) break;
      }
      const left = Math.min((at - context.currentTime) * 1000, (sound.length_s + 1) * 1000);
      setTimeout(() => { if (this.playing === playing) this.stop(); }, Math.max(0, left));
    } catch (error) {
      this.stop();
      this.status.textContent = error.message;
    }
  }

  stop() {
    const { playing } = this;
    this.playing = null;
    if (!playing) return;
    playing.level.gain.setTargetAtTime(0, this.engine.context.currentTime, 0.008);
    setTimeout(() => playing.level.disconnect(), 80);
    setIcon(playing.button, "play");
  }

  add(sound) {
    this.dialog.close();
    this.onadd(this.cue, sound);
  }

  /** Up and down through what was found; right hears, Enter on a row's play button hears too, A adds. */
  key(event) {
    const rows = [...this.list.children];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && rows.length && event.target !== this.kind) {
      event.preventDefault();
      if (at + step < 0) this.input.focus();
      else rows[Math.min(rows.length - 1, at + step)].querySelector("button").focus();
    } else if (at >= 0 && event.key.toLowerCase() === "a") {
      event.preventDefault();
      this.add(rows[at].sound);
    } else if (at >= 0 && event.key.toLowerCase() === "l") {
      event.preventDefault();
      this.search({ like: String(rows[at].sound.id) }, rows[at].sound.title);
    }
  }
}

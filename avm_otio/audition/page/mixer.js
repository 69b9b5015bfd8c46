// Original, music and effects: a fader, mute and solo each. The faders of music and effects are the gains of
// all music and all effects, and are kept; mute and solo are for listening alone.

import { h } from "./dom.js";
import { decibels } from "./cues.js";
import { say } from "./words.js";

export class Mixer {
  constructor({ state, engine }) {
    Object.assign(this, { state, engine });
    this.strips = new Map();
    this.mix = h("select", {
      "aria-label": say("mix"), onchange: (event) => state.chooseWhole({ mix: event.target.value }),
    }, ["off", "gentle", "standard", "strong"].map((name) => h("option", { value: name }, say(`mix_${name}`))));
    this.element = h("section", { class: "panel mixer", "aria-label": say("mix") },
      h("div", { class: "strips" }, ["own", "music", "effects"].map((name) => this.strip(name))),
      h("label", { class: "mix" }, h("span", {}, say("mix")), this.mix));
    this.refresh();
  }

  strip(name) {
    const { engine, state } = this;
    const value = h("output", {});
    const fader = h("input", {
      type: "range", min: -24, max: 12, step: 0.5, class: "fader", "aria-label": say("level", say(name)),
      oninput: () => this.move(name, Number(fader.value)),
      ondblclick: () => {
        fader.value = name === "own" ? "0" : String(state.doc.asked?.[`${name}_gain_db`] ?? 0);
        this.move(name, Number(fader.value));
      },
    });
    const toggle = (kind, letter) => {
      const button = h("button", {
        type: "button", class: `toggle ${kind}`, "aria-pressed": "false", "aria-label": say(kind, say(name)), title: say(kind, say(name)),
        onclick: () => this.toggle(name, kind),
      }, letter);
      return button;
    };
    const mute = toggle("mute", "M");
    const solo = toggle("solo", "S");
    this.strips.set(name, { fader, value, mute, solo });
    engine.setGroup(name, {});
    return h("div", { class: `strip ${name}` },
      h("span", { class: "name" }, say(name)), fader, value, h("div", { class: "pair" }, mute, solo));
  }

  move(name, db) {
    if (name === "own") {
      this.engine.setGroup("own", { db });
      this.refresh();
    } else {
      this.state.chooseWhole({ [`${name}_gain_db`]: db });
    }
  }

  toggle(name, kind) {
    const group = this.engine.groups.get(name);
    this.engine.setGroup(name, { [kind]: !group[kind] });
    this.refresh();
  }

  refresh() {
    const { whole, doc } = this.state;
    for (const [name, { fader, value, mute, solo }] of this.strips) {
      const group = this.engine.groups.get(name);
      const has = doc.gains?.[name] ?? 0; // what its sounds come with
      const db = name === "own" ? group.db : whole[`${name}_gain_db`] ?? doc.asked?.[`${name}_gain_db`] ?? has;
      if (name !== "own" && group.db !== db - has) this.engine.setGroup(name, { db: db - has });
      if (document.activeElement !== fader || Number(fader.value) !== db) fader.value = String(db);
      fader.setAttribute("aria-valuetext", decibels(db));
      value.textContent = decibels(db);
      mute.setAttribute("aria-pressed", String(group.mute));
      solo.setAttribute("aria-pressed", String(group.solo));
    }
    this.mix.value = whole.mix ?? doc.asked?.mix ?? "standard";
  }
}

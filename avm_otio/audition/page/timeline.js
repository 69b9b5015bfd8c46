// The timeline below the picture: time, thumbnails, the waveform of every sound, the cues, the playhead.

import { peaks } from "./api.js";
import { h } from "./dom.js";
import { say } from "./words.js";

const RULER = 24;
const STRIP = 46;
const LANE = 34;
const GAP = 4;
const STEPS = [1 / 25, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800];
const MOST_ROWS = 4;

export class Timeline {
  constructor({ onseek, onscrub, onpick, timecode, length, doc, wish, time, isSeen }) {
    Object.assign(this, { onseek, onscrub, onpick, timecode, length, doc, wish, time, isSeen });
    this.scale = 1;
    this.scroll = 0;
    this.selected = null;
    this.peaks = new Map();
    this.thumbs = new Map();
    this.canvas = h("canvas", { "aria-hidden": "true" });
    this.head = h("div", { class: "playhead" });
    this.shade = h("div", { class: "loop" });
    this.box = h("div", {
      class: "tracks", tabindex: 0, role: "slider", "aria-label": say("playhead"), "aria-valuemin": 0,
      "aria-valuemax": Math.round(length * 100) / 100, "aria-valuenow": 0,
    }, this.canvas, this.shade, this.head);
    this.element = h("div", { class: "timeline", role: "region", "aria-label": say("timeline") }, this.box);
    this.listen();
    this.layout();
    new ResizeObserver(() => this.resize()).observe(this.box);
  }

  /** Cues in rows, so that none lie upon each other. */
  layout() {
    const rows = { music: [], effects: [] };
    this.rowOf = new Map();
    for (const cue of this.doc.cues) {
      const [start, end] = this.lies(cue);
      const of = rows[cue.stem] ?? rows.effects;
      let row = of.findIndex((ends) => ends <= start + 1e-6);
      if (row < 0) row = of.length < MOST_ROWS ? of.push(0) - 1 : of.indexOf(Math.min(...of));
      of[row] = Math.max(of[row], end);
      this.rowOf.set(cue.name, row);
    }
    this.lanes = [{ kind: "film", height: STRIP }, { kind: "own", height: LANE }];
    for (const kind of ["music", "effects"]) {
      for (let row = 0; row < Math.max(1, rows[kind].length); row += 1) this.lanes.push({ kind, row, height: LANE });
    }
    let top = RULER;
    for (const lane of this.lanes) {
      lane.top = top;
      top += lane.height + GAP;
    }
    this.height = top + 2;
    this.box.style.height = `${this.height}px`;
  }

  /** From and to where a cue is heard; the cue itself where nothing is. */
  lies(cue) {
    const want = this.wish(cue);
    if (!want.segments.length) return [cue.start, Math.max(cue.end, cue.start + 0.2)];
    const hz = this.doc.rate_hz;
    return [
      Math.min(...want.segments.map((each) => each.first + want.shift)) / hz,
      Math.max(...want.segments.map((each) => each.last + want.shift)) / hz,
    ];
  }

  listen() {
    const at = (event) => (event.clientX - this.box.getBoundingClientRect().left + this.scroll) / this.perSecond;
    let dragged = false;
    this.box.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      const cue = this.cueAt(event);
      if (cue) return this.onpick(cue, at(event));
      dragged = true;
      this.onscrub(true);
      this.box.setPointerCapture(event.pointerId);
      this.onseek(at(event));
      return undefined;
    });
    this.box.addEventListener("pointermove", (event) => {
      if (dragged) this.onseek(at(event));
      this.box.classList.toggle("over", Boolean(this.cueAt(event)));
    });
    const end = () => {
      if (dragged) this.onscrub(false);
      dragged = false;
    };
    this.box.addEventListener("pointerup", end);
    this.box.addEventListener("pointercancel", end);
    this.box.addEventListener("wheel", (event) => {
      if (event.ctrlKey || event.metaKey) {
        event.preventDefault();
        this.zoom(event.deltaY < 0 ? 1.25 : 0.8, event.clientX - this.box.getBoundingClientRect().left);
      } else if (this.scale > 1) {
        event.preventDefault();
        this.scrollTo(this.scroll + (event.deltaX || event.deltaY));
      }
    }, { passive: false });
  }

  cueAt(event) {
    const box = this.box.getBoundingClientRect();
    const x = event.clientX - box.left + this.scroll;
    const y = event.clientY - box.top;
    const lane = this.lanes.find((each) => y >= each.top && y < each.top + each.height);
    if (!lane || lane.row === undefined) return null;
    return this.doc.cues.find((cue) => {
      if ((cue.stem === "music" ? "music" : "effects") !== lane.kind || this.rowOf.get(cue.name) !== lane.row) return false;
      const [start, end] = this.lies(cue);
      return x >= start * this.perSecond - 1 && x <= Math.max(end * this.perSecond, start * this.perSecond + 6);
    }) ?? null;
  }

  get perSecond() {
    return (this.width / Math.max(this.length, 0.04)) * this.scale;
  }

  resize() {
    this.width = this.box.clientWidth || 1;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(this.width * this.ratio);
    this.canvas.height = Math.round(this.height * this.ratio);
    this.canvas.style.height = `${this.height}px`;
    this.scrollTo(this.scroll);
  }

  zoom(by, x = this.width / 2) {
    const at = (x + this.scroll) / this.perSecond;
    const most = Math.max(1, (this.length * 400) / this.width);
    this.scale = Math.max(1, Math.min(most, this.scale * by));
    this.scrollTo(at * this.perSecond - x);
  }

  fit() {
    this.scale = 1;
    this.scrollTo(0);
  }

  scrollTo(x) {
    this.scroll = Math.max(0, Math.min(x, this.length * this.perSecond - this.width));
    this.draw();
    this.move(this.time());
  }

  /** Put the playhead at a time, and keep it in sight while it plays. */
  move(at, { follow = false } = {}) {
    const x = at * this.perSecond - this.scroll;
    if (follow && this.scale > 1 && (x < 0 || x > this.width * 0.96)) {
      this.scrollTo(at * this.perSecond - this.width * 0.08);
      return;
    }
    this.head.style.transform = `translateX(${x.toFixed(1)}px)`;
  }

  /** Say where it is, to whoever cannot see it. */
  tell(at) {
    this.box.setAttribute("aria-valuenow", at.toFixed(2));
    this.box.setAttribute("aria-valuetext", this.timecode.text(at));
  }

  setLoop(span) {
    this.loop = span;
    this.shade.hidden = !span;
    if (span) {
      this.shade.style.transform = `translateX(${(span[0] * this.perSecond - this.scroll).toFixed(1)}px)`;
      this.shade.style.width = `${((span[1] - span[0]) * this.perSecond).toFixed(1)}px`;
    }
  }

  redraw() {
    this.layout();
    this.resize();
  }

  draw() {
    if (this.pending) return;
    this.pending = requestAnimationFrame(() => {
      this.pending = 0;
      this.paint();
      this.setLoop(this.loop);
    });
  }

  paint() {
    const context = this.canvas.getContext("2d");
    const look = getComputedStyle(document.documentElement);
    const color = (name) => look.getPropertyValue(`--${name}`).trim();
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.width, this.height);
    context.font = `11px ${look.getPropertyValue("--font")}`;
    for (const lane of this.lanes) {
      context.fillStyle = color("lane");
      round(context, 0, lane.top, this.width, lane.height, 4);
    }
    this.speech(context, color);
    this.ruler(context, color);
    this.film(context, color);
    const own = { sound: this.wish("own"), first: 0, at: 0, last: this.length * this.doc.rate_hz };
    this.wave(context, own, this.lanes[1], color("own"), 0);
    for (const cue of this.doc.cues) this.cue(context, cue, color);
    for (const marker of this.doc.markers ?? []) {
      const x = marker.at * this.perSecond - this.scroll;
      context.fillStyle = color("dim");
      context.fillRect(x, RULER - 7, 2, 7);
    }
  }

  ruler(context, color) {
    const step = STEPS.find((each) => each * this.perSecond >= 96) ?? STEPS[STEPS.length - 1];
    const first = Math.floor(this.scroll / this.perSecond / step);
    const last = Math.ceil((this.scroll + this.width) / this.perSecond / step);
    for (let number = first; number <= last; number += 1) {
      const at = this.timecode.seconds(Math.round(number * step * this.timecode.rate));
      const x = Math.round(at * this.perSecond - this.scroll) + 0.5;
      context.fillStyle = color("tick");
      context.fillRect(x, RULER - 8, 1, this.height - RULER + 4);
      context.fillStyle = color("dim");
      const text = this.timecode.text(at + 1e-4);
      const fits = x + 5 + context.measureText(text).width <= this.width;
      if (at <= this.length && fits) context.fillText(text, x + 5, 13);
    }
  }

  speech(context, color) {
    const lane = this.lanes[1];
    context.fillStyle = color("speech");
    for (const [start, end] of this.doc.spoken ?? []) {
      const x = start * this.perSecond - this.scroll;
      context.fillRect(x, lane.top + lane.height - 3, Math.max(1, (end - start) * this.perSecond), 3);
    }
  }

  film(context, color) {
    const lane = this.lanes[0];
    const wide = Math.max(56, lane.height * 1.7778);
    const step = Math.max(1, Math.ceil(wide / this.perSecond));
    const each = step * this.perSecond;
    const first = Math.max(0, Math.floor(this.scroll / this.perSecond / step));
    const last = Math.min(Math.ceil(this.length / step), Math.ceil((this.scroll + this.width) / this.perSecond / step));
    context.save();
    context.beginPath();
    context.roundRect(0, lane.top, this.width, lane.height, 4);
    context.clip();
    for (let number = first; number < last; number += 1) {
      const x = number * each - this.scroll;
      const image = this.doc.has_film && this.isSeen() ? this.thumb(number * step) : null;
      if (image) {
        for (let left = x; left < x + each - 1; left += wide) {
          const room = Math.min(wide, x + each - left);
          const share = room / wide;
          context.drawImage(image, 0, 0, image.width * share, image.height, left, lane.top, room, lane.height);
        }
      } else {
        context.fillStyle = color("lane");
        context.fillRect(x, lane.top, each, lane.height);
      }
    }
    context.restore();
  }

  thumb(second) {
    if (!this.thumbs.has(second)) {
      this.thumbs.set(second, null);
      const image = new Image();
      image.onload = () => {
        this.thumbs.set(second, image);
        this.draw();
      };
      image.onerror = () => this.thumbs.delete(second);
      image.src = `/thumb/${second}`;
      if (this.thumbs.size > 600) this.thumbs.delete(this.thumbs.keys().next().value);
    }
    return this.thumbs.get(second);
  }

  cue(context, cue, color) {
    const kind = cue.stem === "music" ? "music" : "effects";
    const lane = this.lanes.find((each) => each.kind === kind && each.row === this.rowOf.get(cue.name));
    if (!lane || cue.stem === "dialogue") return;
    const want = this.wish(cue);
    const [start, end] = this.lies(cue);
    const x = start * this.perSecond - this.scroll;
    const wide = Math.max(3, (end - start) * this.perSecond);
    if (x > this.width || x + wide < 0) return;
    const isOut = !want.segments.length;
    context.globalAlpha = isOut ? 0.45 : 1;
    context.fillStyle = color(`${kind}-box`);
    round(context, x, lane.top, wide, lane.height, 4);
    context.globalAlpha = 1;
    for (const segment of want.segments) {
      const moved = { ...segment, first: segment.first + want.shift, last: segment.last + want.shift };
      this.wave(context, moved, lane, color(kind), want.gain);
    }
    if (this.selected === cue.name) {
      context.strokeStyle = color(kind);
      context.lineWidth = 2;
      context.beginPath();
      context.roundRect(x + 1, lane.top + 1, Math.max(wide - 2, 2), lane.height - 2, 4);
      context.stroke();
    }
    const left = Math.max(x, 0) + 6;
    const room = Math.min(x + wide, this.width) - left - 4;
    if (room > 24) {
      context.fillStyle = color(`${kind}-text`);
      const name = `${cue.number}  ${want.title}`;
      context.fillText(fitted(context, name, room), left, lane.top + 13);
      if (isOut) context.fillRect(left, lane.top + 9, Math.min(room, context.measureText(fitted(context, name, room)).width), 1);
    }
  }

  wave(context, segment, lane, color, gain) {
    const drawn = this.drawn(segment.sound);
    if (!drawn) return;
    const hz = this.doc.rate_hz;
    const x0 = Math.max(0, Math.floor((segment.first / hz) * this.perSecond - this.scroll));
    const x1 = Math.min(this.width, Math.ceil((segment.last / hz) * this.perSecond - this.scroll));
    const middle = lane.top + lane.height / 2;
    const half = lane.height / 2 - 2;
    const factor = 10 ** ((level(segment) + gain) / 40);
    context.fillStyle = color;
    context.globalAlpha = 0.55;
    for (let x = x0; x < x1; x += 1) {
      const from = ((x + this.scroll) / this.perSecond) * hz - segment.first + segment.at;
      const to = from + hz / this.perSecond;
      const first = Math.floor((from / hz) * drawn.perSecond);
      const last = Math.max(first + 1, Math.ceil((to / hz) * drawn.perSecond));
      let high = 0;
      for (let n = Math.max(0, first); n < Math.min(last, drawn.heights.length); n += 1) high = Math.max(high, drawn.heights[n]);
      const tall = Math.min(1, (high / 255) * factor) * half;
      if (tall > 0.3) context.fillRect(x, middle - tall, 1, tall * 2);
    }
    context.globalAlpha = 1;
  }

  drawn(sound) {
    if (!sound) return null;
    if (!this.peaks.has(sound)) {
      this.peaks.set(sound, null);
      peaks(sound).then((found) => {
        this.peaks.set(sound, found);
        this.draw();
      }).catch(() => {});
    }
    return this.peaks.get(sound);
  }
}

function level(segment) {
  if (!segment.keys?.length) return segment.gain_db ?? 0;
  return Math.max(...segment.keys.map((key) => key[1])) + (segment.gain_db ?? 0);
}

function round(context, x, y, wide, tall, radius) {
  context.beginPath();
  context.roundRect(x, y, wide, tall, Math.min(radius, wide / 2));
  context.fill();
}

function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (context.measureText(`${text.slice(0, middle)}…`).width <= room) low = middle;
    else high = middle - 1;
  }
  return low > 1 ? `${text.slice(0, low)}…` : "";
}

// The sound of the timeline as one Web Audio graph. Every sound lies at its sample; what is heard for a cue
// can change while it plays. Times are seconds from the film's first frame; places are samples at 48 kHz.

import { samples } from "./api.js";

const AHEAD_S = 1.2; // scheduled so far before it is heard
const FETCH_S = 11; // fetched so far before it is heard
const OTHERS_S = 4; // alternatives of cues that begin so soon are fetched, too
const RAMP_S = 0.01; // from one item to another: equal power
const START_S = 0.006; // into the future: what is asked for now begins
const MOST_BYTES = 160 * 2 ** 20;
const QUIET = 1e-7;
const SILENCE_DB = -144;

export const GROUPS = ["own", "music", "effects"];

export function amplitude(db) {
  return db > SILENCE_DB ? 10 ** (db / 20) : 0;
}

/** Pieces of sounds, fetched when they are soon heard; the ones heard longest ago are let go. */
class Pieces {
  constructor(context, length) {
    this.context = context;
    this.length = length;
    this.bytes = 0;
    this.kept = new Map();
  }

  ready(sound, number) {
    const entry = this.kept.get(`${sound}/${number}`);
    if (!entry || entry.buffer === undefined) return undefined;
    this.kept.delete(`${sound}/${number}`);
    this.kept.set(`${sound}/${number}`, entry);
    return entry.buffer;
  }

  fetch(sound, number) {
    const key = `${sound}/${number}`;
    const known = this.kept.get(key);
    if (known) return known.promise;
    const entry = { bytes: 0 };
    entry.promise = this.load(sound, number).then((buffer) => {
      entry.buffer = buffer;
      entry.bytes = buffer ? buffer.length * 8 : 0;
      this.bytes += entry.bytes;
      this.forget();
      return buffer;
    }).catch((error) => {
      this.kept.delete(key);
      throw error;
    });
    entry.promise.catch(() => {});
    this.kept.set(key, entry);
    return entry.promise;
  }

  async load(sound, number) {
    if (number < 0) return null;
    const data = await samples(sound, number);
    if (data === null || data.byteLength < 8) return null;
    const both = new Float32Array(data);
    const count = both.length / 2;
    const buffer = this.context.createBuffer(2, count, this.context.sampleRate);
    buffer.copyToChannel(both.subarray(0, count), 0);
    buffer.copyToChannel(both.subarray(count), 1);
    return buffer;
  }

  forget() {
    for (const [key, entry] of this.kept) {
      if (this.bytes <= MOST_BYTES) return;
      if (entry.buffer === undefined) continue;
      this.kept.delete(key);
      this.bytes -= entry.bytes;
    }
  }

  clear() {
    this.kept.clear();
    this.bytes = 0;
  }
}

/** The segments of one item as they are heard: sources behind a gain of key frames and a gain of fades. */
class Voice {
  constructor(engine, segments, shift, output) {
    this.engine = engine;
    this.parts = segments.map((segment) => ({
      segment,
      first: segment.first + shift,
      last: segment.last + shift,
      at: segment.at,
      next: null,
      chain: null,
    }));
    this.level = new GainNode(engine.context, { gain: 1 }); // the cue's own gain
    this.ramp = new GainNode(engine.context, { gain: 1 }); // switched on and off
    this.level.connect(this.ramp).connect(output);
    this.sources = new Set();
  }

  get first() {
    return Math.min(...this.parts.map((part) => part.first));
  }

  get last() {
    return Math.max(...this.parts.map((part) => part.last));
  }

  /** The pieces that are heard between two places. */
  * pieces(from, until) {
    const length = this.engine.pieces.length;
    for (const part of this.parts) {
      const first = Math.max(from, part.first);
      const last = Math.min(until, part.last);
      if (first >= last) continue;
      const begin = part.at + (first - part.first);
      const end = part.at + (last - part.first);
      for (let number = Math.floor(begin / length); number * length < end; number += 1) yield [part.segment.sound, number];
    }
  }

  isReady(from, until) {
    for (const [sound, number] of this.pieces(from, until)) {
      if (number >= 0 && this.engine.pieces.ready(sound, number) === undefined) return false;
    }
    return true;
  }

  /** Schedule all that begins before a place and is here. */
  schedule(from, until) {
    const { engine } = this;
    const { context, pieces } = engine;
    const length = pieces.length;
    for (const part of this.parts) {
      if (part.next === null) {
        if (part.last <= from || part.first >= until) continue;
        part.next = Math.max(from, part.first);
      }
      while (part.next < Math.min(until, part.last)) {
        const place = part.at + (part.next - part.first);
        const number = Math.floor(place / length);
        const within = place - number * length;
        const count = Math.min(length - within, part.last - part.next);
        const buffer = number < 0 ? null : pieces.ready(part.segment.sound, number);
        if (buffer === undefined) break;
        if (buffer) this.play(part, buffer, within, count, context);
        part.next += count;
      }
    }
  }

  play(part, buffer, within, count, context) {
    const { engine } = this;
    let begin = part.next;
    const soonest = engine.placeAt(context.currentTime + 0.002);
    const late = context.currentTime > 0 ? Math.ceil(soonest - begin) : 0;
    if (late > 0) { // it came too late: from here on
      if (late >= count) return;
      begin += late;
      within += late;
      count -= late;
    }
    const here = Math.min(count, buffer.length - within);
    if (here <= 0) return;
    part.chain ??= this.chain(part, begin);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(part.chain);
    source.start(engine.timeOf(begin), within / context.sampleRate, here / context.sampleRate);
    this.sources.add(source);
    source.onended = () => {
      source.disconnect();
      this.sources.delete(source);
    };
  }

  /** Its key frames and fades from a place on, as the timeline says them. */
  chain(part, from) {
    const { engine } = this;
    const { context } = engine;
    const { segment } = part;
    const hz = context.sampleRate;
    const gain = new GainNode(context, { gain: 0 });
    const fade = new GainNode(context, { gain: 1 });
    gain.connect(fade).connect(this.level);
    const at = (seconds) => engine.timeOf(part.first + seconds * hz);
    const now = (from - part.first) / hz;
    const level = (db) => Math.max(amplitude(db + segment.gain_db), QUIET);
    const keys = segment.keys.length ? segment.keys : [[0, 0]];
    gain.gain.setValueAtTime(level(keyed(keys, now)), engine.timeOf(from));
    let before = now;
    for (const [moment, db] of keys) {
      if (moment <= now) continue;
      if (moment === before) gain.gain.setValueAtTime(level(db), at(moment));
      else gain.gain.exponentialRampToValueAtTime(level(db), at(moment));
      before = moment;
    }
    const length = (part.last - part.first) / hz;
    const [rise, low] = segment.rise;
    const [fall, end] = segment.fall;
    if (rise > now) {
      fade.gain.setValueAtTime(low + (1 - low) * (now / rise), engine.timeOf(from));
      fade.gain.linearRampToValueAtTime(1, at(rise));
    }
    if (fall > 0) {
      const begins = length - fall;
      if (now >= begins) fade.gain.setValueAtTime(1 + (end - 1) * ((now - begins) / fall), engine.timeOf(from));
      else fade.gain.setValueAtTime(1, at(begins));
      fade.gain.linearRampToValueAtTime(end, at(length));
    }
    return gain;
  }

  /** Come in, or go, at equal power. */
  switch(on, when) {
    const curve = on ? RISE : FALL;
    const { gain } = this.ramp;
    gain.cancelScheduledValues(0);
    gain.setValueAtTime(curve[0], Math.max(0, when - 0.001));
    gain.setValueCurveAtTime(curve, when, RAMP_S);
    if (!on) this.endAt(when + RAMP_S + 0.005);
  }

  endAt(when) {
    for (const source of this.sources) source.stop(when);
    const wait = Math.max(0, when - this.engine.context.currentTime) * 1000 + 60;
    setTimeout(() => this.ramp.disconnect(), wait);
    this.parts = [];
  }
}

const RISE = Float32Array.from({ length: 33 }, (_, n) => Math.sin((n / 32) * Math.PI / 2));
const FALL = Float32Array.from({ length: 33 }, (_, n) => Math.cos((n / 32) * Math.PI / 2));

/** Decibels at a moment: straight between two keys, held outside. */
function keyed(keys, at) {
  if (at <= keys[0][0]) return keys[0][1];
  for (let number = 1; number < keys.length; number += 1) {
    const [moment, db] = keys[number];
    if (at < moment) {
      const [since, was] = keys[number - 1];
      return moment === since ? db : was + (db - was) * ((at - since) / (moment - since));
    }
  }
  return keys[keys.length - 1][1];
}

export class Engine {
  /**
   * @param {{chunk: number, rate_hz: number}} form How sounds come from the server.
   * @param {BaseAudioContext} context Where it is heard.
   */
  constructor({ chunk, rate_hz: hz }, context = new AudioContext({ sampleRate: hz, latencyHint: "interactive" })) {
    this.context = context;
    this.aheadS = AHEAD_S;
    this.fetchS = FETCH_S;
    this.hz = hz;
    this.pieces = new Pieces(this.context, chunk);
    this.master = new GainNode(this.context, { gain: 1 });
    this.gate = new GainNode(this.context, { gain: 0 });
    this.master.connect(this.gate).connect(this.context.destination);
    this.groups = new Map(GROUPS.map((name) => {
      const bus = new GainNode(this.context, { gain: 1 });
      bus.connect(this.master);
      return [name, { bus, db: 0, mute: false, solo: false }];
    }));
    this.voices = new Map();
    this.going = new Set();
    this.cues = [];
    this.wish = () => null;
    this.own = null;
    this.anchor = null;
    this.switches = [];
  }

  /** What there is to hear: cues, and what is wanted of each now. */
  load({ cues, frames, rate, own }, wish) {
    this.cues = cues;
    this.length = Math.round((frames * rate[1] / rate[0]) * this.hz);
    this.ownNames = own;
    this.wish = wish;
    this.pieces.clear();
  }

  get isPlaying() {
    return this.anchor !== null;
  }

  placeAt(time) {
    return this.anchor.place + (time - this.anchor.time) * this.hz;
  }

  timeOf(place) {
    return this.anchor.time + (place - this.anchor.place) / this.hz;
  }

  /** Begin: `place` of the film is heard at `time` of the context. */
  start(time, place) {
    this.stop();
    const step = 1 / this.hz;
    this.anchor = { time: Math.round(time / step) * step, place: Math.round(place) };
    const now = this.context.currentTime;
    this.gate.gain.cancelScheduledValues(0);
    this.gate.gain.setValueAtTime(0, now);
    this.gate.gain.linearRampToValueAtTime(1, now + 0.008);
    this.pump();
    this.timer = setInterval(() => this.pump(), 90);
  }

  stop() {
    clearInterval(this.timer);
    if (!this.anchor) return;
    const now = this.context.currentTime;
    this.gate.gain.cancelScheduledValues(0);
    this.gate.gain.setValueAtTime(this.gate.gain.value, now);
    this.gate.gain.linearRampToValueAtTime(0, now + 0.006);
    for (const voice of this.voices.values()) voice.endAt(now + 0.008);
    this.voices.clear();
    this.anchor = null;
  }

  /** What is heard now, as a place. */
  get heardPlace() {
    return this.placeAt(this.context.currentTime);
  }

  pump() {
    if (!this.anchor) return;
    const now = this.heardPlace;
    const until = now + this.aheadS * this.hz;
    for (const want of this.wanted(now, until)) {
      const voice = this.voices.get(want.key) ?? this.begin(want);
      if (voice.signature !== want.signature) this.change(want, voice);
    }
    for (const [key, voice] of this.voices) {
      voice.schedule(Math.max(now, voice.from ?? 0), until);
      if (voice.last < now) {
        this.voices.delete(key);
        voice.endAt(this.context.currentTime);
      }
    }
    this.prefetch(now);
  }

  begin(want) {
    const voice = this.made(want);
    const soon = this.heardPlace + START_S * this.hz;
    if (voice.first < soon && this.context.currentTime > 0) { // in its middle: it comes in without a click
      voice.from = soon;
      voice.switch(true, this.context.currentTime + START_S);
    }
    this.voices.set(want.key, voice);
    return voice;
  }

  made(want) {
    const voice = new Voice(this, want.segments, want.shift, this.groups.get(want.group).bus);
    voice.signature = want.signature;
    voice.level.gain.value = amplitude(want.gain);
    voice.gain = want.gain;
    return voice;
  }

  /** Hear something else for a cue from now on: as soon as it is here, without a gap. */
  change(want, old) {
    const now = this.heardPlace;
    const soon = now + START_S * this.hz;
    const voice = this.made(want);
    const need = Math.min(soon + 0.3 * this.hz, voice.parts.length ? voice.last : soon);
    if (voice.parts.length && !voice.isReady(soon, need)) {
      for (const [sound, number] of voice.pieces(soon, need)) this.pieces.fetch(sound, number).then(() => this.pump());
      return;
    }
    const when = this.context.currentTime + START_S;
    old.switch(false, when);
    voice.from = soon;
    voice.switch(true, when);
    this.voices.set(want.key, voice);
    voice.schedule(soon, now + this.aheadS * this.hz);
    this.switches.push({ cue: want.key, at: when, place: this.placeAt(when) });
    if (this.switches.length > 50) this.switches.shift();
  }

  /** Everything that is heard between two places, as it is wanted now. */
  * wanted(from, until) {
    const name = this.wish("own");
    if (name) {
      const whole = { sound: name, first: 0, last: this.length, at: 0, gain_db: 0, keys: [], rise: [0, 0], fall: [0, 0] };
      yield { key: "own", group: "own", segments: [whole], shift: 0, gain: 0, signature: name };
    }
    for (const cue of this.cues) {
      const want = this.wish(cue);
      const has = this.voices.has(cue.name);
      const near = want.segments.some((each) => each.first + want.shift < until && each.last + want.shift > from);
      if (near || has) yield { key: cue.name, group: cue.stem, ...want };
    }
  }

  prefetch(now) {
    const until = now + this.fetchS * this.hz;
    for (const want of this.wanted(now, until)) {
      const voice = this.voices.get(want.key);
      if (voice) for (const [sound, number] of voice.pieces(now, until)) this.pieces.fetch(sound, number);
      else for (const [sound, number] of piecesOf(want, this.pieces.length, now, until)) this.pieces.fetch(sound, number);
    }
    const soon = now + OTHERS_S * this.hz;
    for (const cue of this.cues) {
      for (const item of cue.items) {
        const want = { segments: item.segments, shift: 0 };
        for (const [sound, number] of piecesOf(want, this.pieces.length, now - this.hz, soon)) this.pieces.fetch(sound, number);
      }
    }
  }

  /** Fetch what is heard from a place on, before it is played; ends when the first second is here. */
  async ready(place, seconds = 1) {
    const first = [];
    const until = place + seconds * this.hz;
    for (const want of this.wanted(place, until)) {
      for (const [sound, number] of piecesOf(want, this.pieces.length, place, until)) first.push(this.pieces.fetch(sound, number));
    }
    await Promise.allSettled(first);
  }

  /** What is wanted has changed: gains at once, other sounds as soon as they are here. */
  refresh() {
    if (!this.anchor) return;
    for (const cue of this.cues) {
      const voice = this.voices.get(cue.name);
      if (!voice) continue;
      const { gain } = this.wish(cue);
      if (voice.gain !== gain) {
        voice.gain = gain;
        voice.level.gain.setTargetAtTime(amplitude(gain), this.context.currentTime, 0.008);
      }
    }
    this.pump();
  }

  setGroup(name, change) {
    Object.assign(this.groups.get(name), change);
    const anySolo = [...this.groups.values()].some((group) => group.solo);
    for (const group of this.groups.values()) {
      const heard = !group.mute && (!anySolo || group.solo);
      group.bus.gain.setTargetAtTime(heard ? amplitude(group.db) : 0, this.context.currentTime, 0.01);
    }
  }
}

function* piecesOf({ segments, shift }, length, from, until) {
  for (const segment of segments) {
    const first = Math.max(from, segment.first + shift);
    const last = Math.min(until, segment.last + shift);
    if (first >= last) continue;
    const begin = segment.at + (first - segment.first - shift);
    const end = segment.at + (last - segment.first - shift);
    for (let number = Math.max(0, Math.floor(begin / length)); number * length < end; number += 1) yield [segment.sound, number];
  }
}

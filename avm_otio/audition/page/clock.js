// Picture and sound in step. The film is the clock: its frames say when they are shown, the sound is laid so
// that it is heard then, and the picture is led back gently where both drift apart.

const FAR_S = 0.12; // farther apart they are put together anew
const OFF_S = 0.006; // farther apart the picture is led back
const NEAR_S = 0.002;
const SPEEDS = [1, 2, 4];

export class Clock extends EventTarget {
  constructor(video, engine, { perFilm, length, hasFilm, frame }) {
    super();
    Object.assign(this, { video, engine, perFilm, length, hasFilm, frame });
    this.speed = 0;
    this.at = 0;
    this.errors = [];
    this.measured = [];
    this.turn = 0;
    video.muted = true;
    this.over = new AbortController();
    const { signal } = this.over;
    if (hasFilm) {
      video.addEventListener("ended", () => this.pause(), { signal });
      video.addEventListener("seeked", () => { // the last of many places that were asked for meanwhile
        if (!this.isPlaying) this.show(this.onFrame(this.at));
      }, { signal });
    }
  }

  /** Let go of the picture: another clock takes over. */
  end() {
    this.pause();
    this.over.abort();
    clearTimeout(this.settling);
  }

  changed() {
    this.dispatchEvent(new Event("change"));
  }

  get isPlaying() {
    return this.speed !== 0;
  }

  /** Seconds from the film's first frame: what is seen and heard now. */
  get time() {
    if (this.speed === 1 && this.engine.isPlaying) {
      return Math.min(this.length, this.audible(this.performanceNow()));
    }
    if (this.isPlaying && this.hasFilm && this.speed > 0) return this.video.currentTime * this.perFilm;
    return this.at;
  }

  performanceNow() {
    return performance.now();
  }

  /** The moment of the film that is heard at a moment of the page. */
  audible(now) {
    return this.engine.placeAt(this.contextTime(now)) / this.engine.hz;
  }

  /** The context's time that is heard at a moment of the page. */
  contextTime(now) {
    const { context } = this.engine;
    const stamp = context.getOutputTimestamp?.();
    if (stamp && stamp.performanceTime > 0 && stamp.contextTime > 0) {
      return stamp.contextTime + (now - stamp.performanceTime) / 1000;
    }
    return context.currentTime - (context.outputLatency || context.baseLatency || 0) + (now - performance.now()) / 1000;
  }

  async play(speed = 1) {
    const turn = ++this.turn;
    const from = this.at >= this.length - 0.5 * this.frame ? 0 : this.time;
    this.halt();
    this.at = from;
    this.speed = speed;
    this.changed();
    if (speed < 0) return this.backwards(turn);
    await this.engine.context.resume();
    await this.engine.ready(from * this.engine.hz);
    if (turn !== this.turn) return undefined;
    if (!this.hasFilm) {
      this.engine.start(this.engine.context.currentTime + 0.05, from * this.engine.hz);
      return this.without(turn);
    }
    this.show(from);
    this.video.playbackRate = speed / this.perFilm;
    try {
      await this.video.play();
    } catch {
      this.pause();
      return undefined;
    }
    if (turn === this.turn && speed === 1) this.follow(turn);
    if (turn === this.turn) this.tick(turn);
    return undefined;
  }

  /** Put the picture at a moment, unless it is there. */
  show(at) {
    const wanted = Math.min(at, Math.max(0, this.length - 0.5 * this.frame)) / this.perFilm;
    if (Math.abs(this.video.currentTime - wanted) > 0.2 * this.frame) this.video.currentTime = wanted;
  }

  /** Lay the sound by the frames that are shown, as long as it plays. */
  follow(turn) {
    this.errors = [];
    const seen = (_, shown) => {
      if (turn !== this.turn) return;
      this.video.requestVideoFrameCallback(seen);
      const at = shown.mediaTime * this.perFilm;
      if (this.video.seeking) return;
      if (!this.engine.isPlaying) {
        this.engine.start(this.contextTime(shown.expectedDisplayTime), at * this.engine.hz);
        return;
      }
      const error = this.audible(shown.expectedDisplayTime) - at;
      this.measured.push({ at, error, now: shown.expectedDisplayTime });
      if (this.measured.length > 5000) this.measured.shift();
      this.errors.push(error);
      if (this.errors.length > 9) this.errors.shift();
      const middle = [...this.errors].sort((a, b) => a - b)[this.errors.length >> 1];
      if (this.errors.length < 5) return;
      const usual = 1 / this.perFilm;
      if (Math.abs(middle) > FAR_S) {
        this.engine.start(this.contextTime(shown.expectedDisplayTime), at * this.engine.hz);
        this.errors = [];
      } else if (Math.abs(middle) > OFF_S) {
        this.video.playbackRate = usual * (1 + Math.max(-0.06, Math.min(0.06, middle * 2.5)));
      } else if (Math.abs(middle) < NEAR_S && this.video.playbackRate !== usual) {
        this.video.playbackRate = usual;
      }
    };
    this.video.requestVideoFrameCallback(seen);
  }

  /** Tell where it is, frame by frame of the screen, and stop at the end. */
  tick(turn) {
    const step = () => {
      if (turn !== this.turn) return;
      this.dispatchEvent(new Event("time"));
      if (this.time >= this.length - 0.01) this.pause();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  without(turn) {
    this.tick(turn);
  }

  backwards(turn) {
    let last = performance.now();
    const step = (now) => {
      if (turn !== this.turn) return;
      this.at = Math.max(0, this.at + (this.speed * (now - last)) / 1000);
      last = now;
      if (this.hasFilm && !this.video.seeking) this.show(this.at);
      this.dispatchEvent(new Event("time"));
      if (this.at <= 0) this.pause();
      else requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  halt() {
    this.engine.stop();
    if (this.hasFilm) this.video.pause();
  }

  pause() {
    const at = this.time;
    this.turn += 1;
    this.speed = 0;
    this.halt();
    this.at = Math.max(0, Math.min(at, this.length));
    if (this.hasFilm) this.show(this.onFrame(this.at));
    this.changed();
  }

  toggle() {
    return this.isPlaying ? this.pause() : this.play();
  }

  /** J and L: again for faster. */
  shuttle(direction) {
    const same = Math.sign(this.speed) === direction;
    const number = same ? Math.min(SPEEDS.indexOf(Math.abs(this.speed)) + 1, SPEEDS.length - 1) : 0;
    return this.play(direction * SPEEDS[number]);
  }

  /** The middle of the frame that is seen at a moment, so that no rounding shows another. */
  onFrame(at) {
    return (Math.floor(at / this.frame + 1e-6) + 0.5) * this.frame;
  }

  async seek(at, { play } = {}) {
    const goesOn = play ?? this.isPlaying;
    const speed = this.speed || 1;
    this.turn += 1;
    this.speed = 0;
    this.halt();
    this.at = Math.max(0, Math.min(at, this.length));
    if (goesOn) return this.play(speed);
    if (this.hasFilm && !this.video.seeking) this.show(this.onFrame(this.at));
    this.dispatchEvent(new Event("time"));
    clearTimeout(this.settling);
    this.settling = setTimeout(() => { // while somebody scrubs, nothing is fetched or sent
      this.engine.ready(this.at * this.engine.hz);
      this.changed();
    }, 140);
    return undefined;
  }

  step(frames) {
    const at = (Math.floor(this.time / this.frame + 1e-6) + frames) * this.frame;
    return this.seek(Math.max(0, Math.min(at, this.length - this.frame)), { play: false });
  }
}

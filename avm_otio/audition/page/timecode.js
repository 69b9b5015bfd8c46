// Timecode of the timeline, drop-frame too, from a count of frames.

export class Timecode {
  constructor({ rate, nominal, dropped, start_frame: start }) {
    this.rate = rate[0] / rate[1];
    this.nominal = nominal;
    this.dropped = dropped;
    this.start = start;
  }

  /** The frame that is seen at a time, from the film's first. */
  frame(seconds) {
    return Math.floor(seconds * this.rate + 1e-6);
  }

  seconds(frame) {
    return frame / this.rate;
  }

  /** A time as the timeline writes it. */
  text(seconds) {
    return this.ofFrame(this.frame(seconds));
  }

  ofFrame(frame) {
    let count = this.start + frame;
    const sign = count < 0 ? "-" : "";
    count = Math.abs(count);
    if (this.dropped) {
      const tenMinutes = this.nominal * 600 - this.dropped * 9;
      const minute = this.nominal * 60 - this.dropped;
      const tens = Math.floor(count / tenMinutes);
      const rest = count % tenMinutes;
      count += this.dropped * 9 * tens;
      if (rest >= this.nominal * 60) count += this.dropped * (1 + Math.floor((rest - this.nominal * 60) / minute));
    }
    const two = (number) => String(number).padStart(2, "0");
    const frames = String(count % this.nominal).padStart(Math.max(2, String(this.nominal - 1).length), "0");
    const total = Math.floor(count / this.nominal);
    const hours = Math.floor(total / 3600) % 24;
    const mark = this.dropped ? ";" : ":";
    return `${sign}${two(hours)}:${two(Math.floor(total / 60) % 60)}:${two(total % 60)}${mark}${frames}`;
  }
}

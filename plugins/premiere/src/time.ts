/** Record time in Premiere Pro: whole ticks, as `bigint`, so that nothing is ever rounded but where it is said. */

/** Ticks a second. Divisible by every frame rate and every sample rate in use; Adobe, `TickTime`. */
export const TICKS_A_SECOND = 254_016_000_000n;

/** Microseconds as ticks: exact, 254016 to one. */
export const ticksOfUs = (us: number): bigint => (BigInt(us) * TICKS_A_SECOND) / 1_000_000n;

/**
 * Length of a frame in ticks.
 *
 * @param rate Frames a second as `result.json` says it: "25", "24000/1001".
 */
export function ticksAFrame(rate: string): bigint {
  const [frames = "", seconds = "1"] = rate.split("/");
  return (TICKS_A_SECOND * BigInt(seconds)) / BigInt(frames);
}

/** Frame numbers left out each minute but the tenth, by the timecode's base; SMPTE ST 12-1. */
const DROPS: Readonly<Record<string, bigint>> = { "30": 2n, "60": 4n };

/**
 * The timecode of a frame.
 *
 * @param frame Count of frames from 00:00:00:00.
 * @param frameTicks Length of a frame in ticks.
 * @param isDrop Whether frame numbers are dropped; heeded at 29.97 and 59.94 only.
 */
export function timecode(frame: bigint, frameTicks: bigint, isDrop: boolean): string {
  const base = (TICKS_A_SECOND + frameTicks - 1n) / frameTicks;
  const drops = isDrop ? DROPS[`${base}`] : undefined;
  if (drops !== undefined) {
    const minute = base * 60n - drops;
    const tenMinutes = base * 600n - drops * 9n;
    const rest = frame % tenMinutes;
    const minutes = rest < drops ? 0n : (rest - drops) / minute;
    frame += drops * 9n * (frame / tenMinutes) + drops * minutes;
  }
  const seconds = frame / base;
  const two = (value: bigint): string => `${value}`.padStart(2, "0");
  const clock = [seconds / 3600n, (seconds / 60n) % 60n, seconds % 60n].map(two).join(":");
  return `${clock}${drops === undefined ? ":" : ";"}${two(frame % base)}`;
}

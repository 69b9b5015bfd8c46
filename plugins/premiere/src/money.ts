/** Money as decimal text, as the watch folder has it: added and compared without rounding. */

const SCALE = 6;

function units(text: string): bigint {
  const [, sign = "", whole = "0", part = ""] = /^(-?)(\d+)(?:\.(\d{1,6}))?$/.exec(text) ?? [];
  return BigInt(`${sign}${whole}${part.padEnd(SCALE, "0")}`);
}

/** One less the other, with two places or as many as it has. */
export function less(one: string, other: string): string {
  const left = units(one) - units(other);
  const digits = `${left < 0n ? -left : left}`.padStart(SCALE + 1, "0");
  const part = digits.slice(-SCALE).replace(/0{1,4}$/, "");
  return `${left < 0n ? "-" : ""}${digits.slice(0, -SCALE)}.${part}`;
}

/**
 * What a user typed as an amount.
 *
 * @returns Decimal text; `null` for nothing; `undefined` for what is no amount.
 */
export function amount(typed: string): string | null | undefined {
  const plain = typed.trim().replace(",", ".");
  if (plain === "") return null;
  return /^\d{1,9}(\.\d{1,6})?$/.test(plain) ? plain : undefined;
}

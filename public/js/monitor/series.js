// A short history of one number: values of the last minutes by their time, bounded.

/** How far back a history goes, in ms. */
export const SPAN = 5 * 60_000;
const MOST = 400; // values; the machine is read every two seconds

export class Series {
  #points = []; // {ms, value}, oldest first

  /** Takes a value; what is no number, or not newer than the last, is left out. */
  add(ms, value) {
    const n = typeof value === 'number' ? value : NaN;
    if (!Number.isFinite(n) || !Number.isFinite(ms) || ms <= (this.#points.at(-1)?.ms ?? -Infinity)) return;
    this.#points.push({ ms, value: n });
    const old = this.#points.findIndex((point) => point.ms > ms - SPAN);
    this.#points.splice(0, Math.max(old, this.#points.length - MOST));
  }

  /** The values of the last SPAN: {x, value}, x from 0, SPAN ago, to 1, now. */
  points(now) {
    return this.#points.filter(({ ms }) => ms > now - SPAN).map(({ ms, value }) => ({ x: Math.min(1, 1 - (now - ms) / SPAN), value }));
  }
}

// What prices were in the last half hour, for the small lines beside them: one value for
// each slot of time and key, from the server's log at first, then live. Bounded.

import { millis } from '../store.js';

export const SPAN = 30 * 60_000; // ms
export const SLOTS = 120;
const SLOT = SPAN / SLOTS;
const KEYS = 200;
const PAGES = 3; // answers of the server that are read at most
const PAGE = 2000; // events of one
const WAIT = 10_000; // ms for one

const slotOf = (ms) => Math.floor(ms / SLOT);

export class History {
  #series = new Map(); // key -> Map of slot -> value, in order of slots
  #load;

  /** load(path) returns the JSON at an address of the server, or throws. */
  constructor(load = fetchJSON) { this.#load = load; }

  /** Takes the newest value of a key: its newest in that slot. */
  add(key, ms, value) {
    const n = Number(value);
    if (!Number.isFinite(n) || ms === null) return;
    let slots = this.#series.get(key);
    if (!slots) {
      if (this.#series.size >= KEYS) return;
      slots = new Map();
      this.#series.set(key, slots);
    }
    slots.set(slotOf(ms), n);
    if (slots.size > SLOTS) slots.delete(slots.keys().next().value);
  }

  /** The values of a key of the last SPAN, oldest first: {x, value}, x from 0 for the oldest to 1 for the newest. */
  points(key, now) {
    const last = slotOf(now);
    const slots = [...this.#series.get(key) ?? []].filter(([slot]) => slot > last - SLOTS && slot <= last + 1);
    const [from, to] = [slots[0]?.[0], slots.at(-1)?.[0]];
    return slots.map(([slot, value]) => ({ x: to > from ? (slot - from) / (to - from) : 1, value }));
  }

  /** Reads what the server's log has of a topic, behind what came live. A server that has none is no error. */
  async fill(topic, now) {
    const before = new History();
    let path = `/latest?type=${topic}&since=${SPAN / 60_000}m&limit=${PAGE}`;
    try {
      for (let page = 0; page < PAGES && path; page++) {
        const { events, cursor, more } = await this.#load(path);
        for (const { key, time, data } of events) before.add(key, millis(data?.time) ?? millis(time), data?.price);
        path = more ? `/latest?type=${topic}&last_event_id=${encodeURIComponent(cursor)}&limit=${PAGE}` : '';
      }
    } catch { /* the lines begin with what comes live */ }
    for (const [key, slots] of before.#series) {
      const all = [...slots].filter(([slot]) => slot > slotOf(now) - SLOTS && !this.#series.get(key)?.has(slot));
      const joined = [...all, ...this.#series.get(key) ?? []].sort(([a], [b]) => a - b).slice(-SLOTS);
      if (this.#series.has(key) || this.#series.size < KEYS) this.#series.set(key, new Map(joined));
    }
  }
}

async function fetchJSON(path) {
  const answer = await fetch(path, { headers: { Accept: 'application/json' }, signal: AbortSignal.timeout(WAIT) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

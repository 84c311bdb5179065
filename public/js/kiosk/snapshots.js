// What was shown last, kept in this browser: one text for each set of types, and of few
// sets, so that several displays of one browser do not show each other's.

import { keep, kept } from '../page.js';

const INDEX = 'tickertape.kiosk.sets';
const MOST = 4; // sets

const keyOf = (set) => `tickertape.kiosk.snapshot ${set}`;

export class Snapshots {
  #set;

  /** types are what the display reads. */
  constructor(types) { this.#set = [...types].sort().join(','); }

  /** The text that was kept, or null. */
  read() { return kept(keyOf(this.#set)); }

  /** Keeps a text; the set that was not used for longest goes. */
  write(text) {
    const sets = index().filter((set) => set !== this.#set);
    for (const set of sets.splice(0, Math.max(0, sets.length + 1 - MOST))) keep(keyOf(set), null);
    keep(keyOf(this.#set), text);
    keep(INDEX, JSON.stringify([...sets, this.#set]));
  }
}

function index() {
  try {
    return JSON.parse(kept(INDEX) ?? '[]').filter((set) => typeof set === 'string');
  } catch {
    return [];
  }
}

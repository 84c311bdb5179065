// What a hub remembers: the last events of its stream, and the server's catalogue.

import { comparable } from './filter.js';

/** Bounds of the last events: how many, and characters of their texts. */
export const MEMORY = Object.freeze({ events: 1000, text: 1 << 20 });

/** The default catalogue's keys, for a server whose own cannot be read. */
const KNOWN = Object.entries({ news: 'id', weather: 'location', stock: 'symbol', feeds: 'id' });
const STALE = 60_000; // until the catalogue is asked for again, once something has changed
const LIMIT = 5_000; // for one answer

/** The last events of one stream, complete after the place start. */
export class Memory {
  events = []; // {place, topic, text} or {place, topic, data}
  start = null; // a place, or null: nothing can be continued from here
  #size = 0;

  clear(start) {
    this.events = [];
    this.start = start;
    this.#size = 0;
  }

  /** Takes an event; those of a snapshot have no place and are not kept. */
  add(event) {
    if (!event.place) return;
    this.events.push(event);
    this.#size += event.text?.length ?? 0;
    while (this.events.length > MEMORY.events || this.#size > MEMORY.text) {
      const gone = this.events.shift();
      this.#size -= gone.text?.length ?? 0;
      this.start = gone.place;
    }
  }

  /** Whether all events after that place are here. */
  reaches(place) { return comparable(place, this.start) && place.n >= this.start.n; }
}

/** Which topics there are: their key fields, and whether * means them. */
export class Catalogue {
  #topics = null; // topic -> {key, public}; null: not known yet
  #url; #fetch; #changed; #clock;
  #asked = -Infinity; // when, by the steady clock
  #stale = true;

  /** changed() is called when an answer, or the certainty that there is none, has come. */
  constructor({ url = '/latest', fetch: get, clock }, changed) {
    this.#url = new URL('topics', new URL(url, globalThis.location?.href)).href;
    this.#fetch = get ?? ((...args) => fetch(...args));
    this.#changed = changed;
    this.#clock = clock ?? performance;
  }

  /** Whether get has an answer, the server's or a guess. */
  get known() { return this.#topics !== null; }

  /** @returns {{key: string, public?: boolean} | undefined} */
  get(topic) { return this.#topics?.get(topic); }

  /** What is known may have changed. */
  forget() { this.#stale = true; }

  /** Asks the server, if that is worth while. */
  async learn() {
    const now = this.#clock.now();
    if (!this.#stale || now - this.#asked < STALE) return;
    this.#asked = now;
    this.#stale = false;
    try {
      const answer = await this.#fetch(this.#url, { signal: AbortSignal.timeout(LIMIT), headers: { Accept: 'application/json' } });
      const { topics } = await answer.json();
      this.#topics = new Map(topics.slice(0, 1000).map(({ name, key, public: open }) => [name, { key: key ?? '', public: open !== false }]));
    } catch {
      this.#stale = true; // and in a minute it is tried again
      this.#topics ??= new Map(KNOWN.map(([name, key]) => [name, { key }]));
    }
    this.#changed();
  }
}

// What is shown now: items by topic and key, bounded. No DOM here.
//
// A stream that is fresh or reset begins with a snapshot. It is gathered beside what
// is shown and takes its place when the snapshot is complete (live), so that
// nothing flickers and nothing is ever blank.

/** Bounds: newest items of a topic in which every event matters, keys of another, bytes kept in storage. */
export const LIMITS = Object.freeze({ every: 50, latest: 200, topics: 500, saved: 512 << 10, savedItem: 4 << 10 });

/** The default catalogue, for a page that could not read the server's yet. */
const KNOWN = {
  __proto__: null,
  news: { mode: 'every', key: 'id' },
  chat: { mode: 'every', key: '' },
  weather: { mode: 'latest', key: 'location' },
  stock: { mode: 'latest', key: 'symbol' },
  random: { mode: 'latest', key: '' },
  clock: { mode: 'latest', key: '' },
  system: { mode: 'latest', key: '' },
  feeds: { mode: 'latest', key: 'id' },
};

const order = new Intl.Collator(undefined, { numeric: true }).compare;

/** Milliseconds since 1970 of an RFC 3339 time, or null. */
export function millis(value) {
  const ms = typeof value === 'string' ? Date.parse(value) : NaN;
  return Number.isNaN(ms) ? null : ms;
}

/**
 * When an item is of: {ms, seen}. Its own time, else when it was first seen (seen is
 * true then), else when it arrived, else null: nobody knows.
 */
export function moment({ data, at }) {
  const time = millis(data.time);
  const seen = millis(data.seen);
  return { ms: time ?? seen ?? at, seen: time === null && seen !== null };
}

export class Store {
  #shown = new Map(); // topic -> key -> item
  #staged = null; // the same, while a snapshot comes in
  #specs = new Map();
  #live = false; // the stream has caught up: what comes now has just been printed
  #unnamed = 0; // counts items that have neither key nor id
  #nextExpiry = Infinity;
  #changed;

  /** changed(topic) is called when what is shown of a topic is another. */
  constructor(changed) { this.#changed = changed; }

  /** Takes the catalogue: a list of {name, mode, key}. */
  describe(topics) {
    this.#specs = new Map(topics.map(({ name, mode, key }) => [name, { mode, key: key ?? '' }]));
  }

  spec(topic) { return this.#specs.get(topic) ?? KNOWN[topic] ?? { mode: 'every', key: '' }; }

  /** A stream begins. What a resumed one sends goes on top of what is shown. */
  begin(state) {
    this.#staged = state === 'resumed' ? null : new Map();
    this.#live = false;
  }

  /** The stream is live: a snapshot is complete, and what is shown from now on. */
  commit() {
    this.#live = true;
    if (!this.#staged) return;
    const before = this.#shown;
    this.#shown = this.#staged;
    this.#nextExpiry = 0; // look again at all of it
    this.#staged = null;
    for (const topic of new Set([...before.keys(), ...this.#shown.keys()])) this.#changed(topic);
  }

  /**
   * Adds one event and returns its item. now is the server's time: what has expired by
   * then is not taken, and what comes live arrived then. When older events arrived
   * nobody knows.
   */
  put(topic, text, id, now) {
    const { mode, key: field } = this.spec(topic);
    const data = decode(text);
    const named = field ? data[field] : undefined;
    let key = '';
    if (named !== undefined && named !== null) key = String(named);
    else if (mode !== 'latest') key = id || `unnamed ${++this.#unnamed}`;
    const item = { key, id, data, expires: millis(data.expires), at: this.#live ? now : null };
    this.#place(topic, mode, item, now);
    return item;
  }

  #place(topic, mode, item, now) {
    const items = this.#items(topic);
    if (!items) return;
    // An event that corrects an earlier one is the newest, as it is in a snapshot.
    if (mode !== 'latest') items.delete(item.key);
    if (item.expires !== null && item.expires <= now) {
      items.delete(item.key);
    } else if (mode !== 'latest' || items.has(item.key) || items.size < LIMITS.latest) {
      items.set(item.key, item);
      if (item.expires !== null) this.#nextExpiry = Math.min(this.#nextExpiry, item.expires);
    }
    if (mode !== 'latest' && items.size > LIMITS.every) items.delete(items.keys().next().value);
    if (!this.#staged) this.#changed(topic);
  }

  #items(topic) {
    const topics = this.#staged ?? this.#shown;
    if (!topics.has(topic)) {
      if (topics.size >= LIMITS.topics) return null;
      topics.set(topic, new Map());
    }
    return topics.get(topic);
  }

  /**
   * Withdraws a value by its key or its event's id. Returns false when it cannot be
   * told which one is meant, because a snapshot's items have no ids: the caller then
   * asks for a new snapshot.
   */
  retract({ topic, key, id }) {
    const items = (this.#staged ?? this.#shown).get(topic);
    if (!items) return true;
    let gone = typeof key === 'string' && items.delete(key);
    let unsure = false;
    if (!gone && id) {
      for (const item of items.values()) {
        unsure ||= !item.id;
        if (item.id === id) gone = items.delete(item.key);
      }
    }
    if (gone && !this.#staged) this.#changed(topic);
    return gone || !unsure;
  }

  /** Removes what has expired. Cheap when nothing has. */
  sweep(now) {
    if (now < this.#nextExpiry) return;
    this.#nextExpiry = Infinity;
    for (const [topic, items] of this.#shown) {
      for (const item of items.values()) {
        if (item.expires === null) continue;
        if (item.expires > now) this.#nextExpiry = Math.min(this.#nextExpiry, item.expires);
        else if (items.delete(item.key)) this.#changed(topic);
      }
    }
  }

  /** The items to show: newest first, or by key where only the newest of a key counts. */
  list(topic) {
    const items = [...(this.#shown.get(topic)?.values() ?? [])];
    return this.spec(topic).mode === 'latest' ? items.sort((a, b) => order(a.key, b.key)) : items.reverse();
  }

  /** Names of the topics of which something is shown. */
  get topics() { return [...this.#shown.keys()]; }

  /** Forgets the topics that keep(topic) refuses. */
  prune(keep) {
    for (const topics of [this.#shown, this.#staged]) {
      for (const topic of topics?.keys() ?? []) if (!keep(topic)) topics.delete(topic);
    }
  }

  /** What is shown as text for storage, or null when it is too large. */
  save(now) {
    const topics = {};
    for (const [topic, items] of this.#shown) {
      topics[topic] = [...items.values()]
        .filter((item) => JSON.stringify(item.data).length <= LIMITS.savedItem)
        .map(({ key, data, at }) => ({ key, data, at }));
    }
    const text = JSON.stringify({ version: 1, at: now, topics });
    return text.length <= LIMITS.saved ? text : null;
  }

  /** Shows what save wrote, until a snapshot takes its place. Returns when that was, or null. */
  load(text, now) {
    try {
      const saved = JSON.parse(text);
      if (saved?.version !== 1 || typeof saved.at !== 'number' || Math.abs(saved.at) > 8e15) return null;
      for (const [topic, items] of Object.entries(saved.topics)) {
        for (const { key, data, at } of items.slice(0, LIMITS.latest)) {
          if (typeof key !== 'string' || !(at === null || Math.abs(at) < 8e15) || typeof data !== 'object' || data === null) continue;
          this.#place(topic, this.spec(topic).mode, { key, id: '', data, expires: millis(data.expires), at }, now);
        }
      }
      return saved.at;
    } catch {
      return null;
    }
  }
}

// Data is one JSON value, or text; the page wants an object.
function decode(text) {
  let value = text;
  try {
    value = JSON.parse(text);
  } catch { /* text, as it is */ }
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : { value };
}

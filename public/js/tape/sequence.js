// The order in which a moving tape shows its items: round and round, new ones first.
// No DOM here.

const FRESH = 5; // entries that jump the queue: after a long absence the newest are enough

/** Sequence goes round a list of entries {key, lasting}, which may change under way. */
export class Sequence {
  #entries = [];
  #places = new Map(); // key -> place in entries
  #at = -1; // place of the last entry that was given in its turn
  #fresh = []; // keys that came since and have not been shown, oldest first

  get size() { return this.#entries.length; }

  /** The entry of a key as it is now, or null. */
  get(key) { return this.#entries[this.#places.get(key)] ?? null; }

  /**
   * Takes the list as it is now. A key that is new to it comes next, unless its
   * value is replaced in place anyway (lasting) or the list was empty.
   */
  update(entries) {
    const last = this.#entries[this.#at]?.key;
    const before = this.#places;
    this.#places = new Map(entries.map(({ key }, place) => [key, place]));
    if (before.size > 0) {
      // Lists begin with the newest; what is shown first is the oldest of the new ones.
      for (const { key, lasting } of entries.toReversed()) {
        if (!lasting && !before.has(key)) this.#fresh.push(key);
      }
    }
    this.#fresh = this.#fresh.filter((key) => this.#places.has(key)).slice(-FRESH);
    this.#entries = entries;
    this.#at = this.#places.get(last) ?? Math.min(this.#at, entries.length) - 1;
    if (this.#at < -1) this.#at = -1;
  }

  /** The next entry, or null when there is none. */
  next() {
    if (this.#entries.length === 0) return null;
    const fresh = this.#fresh.shift();
    if (fresh !== undefined) return this.get(fresh);
    this.#at = (this.#at + 1) % this.#entries.length;
    return this.#entries[this.#at];
  }

  /** The entry before the one of key, going round; null when there is none. */
  before(key) {
    const n = this.#entries.length;
    if (n === 0) return null;
    const place = this.#places.get(key) ?? this.#at + 1;
    return this.#entries[(place - 1 + n) % n];
  }

  /** Goes on after the entry of key. */
  seek(key) { this.#at = this.#places.get(key) ?? this.#at; }

  /** Begins again with the first. */
  restart() {
    this.#at = -1;
    this.#fresh = [];
  }
}

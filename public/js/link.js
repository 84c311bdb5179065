// The link to GET /latest: one EventSource and the supervisor that keeps it alive.
// No DOM here: the sink, the clock and the EventSource are handed in, so that the
// states can be tested without a browser's patience.
//
//   idle -> connecting -> live -> quiet --------> live
//                          |       |               ^
//                          +-> reconnecting -> offline
//
// The browser's EventSource reconnects by itself after a cut and sends
// Last-Event-ID. It gives up for ever (readyState CLOSED) on any status but 200, and
// never notices a server that holds the connection open and says nothing. Both are
// mended here by a new EventSource, which does not know the last id: it goes into
// the query. One timer watches it all; events only write down when they came.

import { Stream } from './stream.js';

/** Milliseconds, except quiet and failures. The later ones are those of hub.js, latest.js and share.js. */
export const TIMING = Object.freeze({
  tick: 500, // how often the supervisor looks
  connect: 10_000, // from connecting to the first event
  retry: 5_000, // what a browser may wait by itself before it connects again
  heartbeat: 15_000, // until the server names its own
  quiet: 2.5, // heartbeats of silence before the link is made again
  offline: 30_000, // without a link before it is called offline
  backoffMin: 1_000,
  backoffMax: 30_000,
  gap: 1_000, // between two connects, whatever wakes us
  jump: 5_000, // a wall clock that moves this far from the steady one: sleep, or a clock that was set
  grow: 250, // from a tab's wish for more topics to the stream that has them
  shrink: 60_000, // that a stream may carry what no tab wants any more
  ping: 10_000, // between two pings of a hub to its tabs, and of a tab to its hub
  answer: 5_000, // until a SharedWorker must have answered
  stale: 300_000, // for which a page was put away or frozen, until it is given a snapshot instead of all that it missed
  slow: 5_000, // from connecting to the hint that the browser may be out of connections
  failures: 5, // attempts without a stream before a reload is thought of
  reload: 600_000, // between two reloads of a page
});

export const CLOCK = Object.freeze({
  now: () => performance.now(), // steady
  date: () => Date.now(), // wall
  setInterval: (fn, ms) => setInterval(fn, ms),
  clearInterval: (timer) => clearInterval(timer),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => clearTimeout(timer),
});

/**
 * What a link tells. The state is one of idle, connecting, live, quiet, reconnecting
 * and offline.
 *
 * @typedef {object} LinkSink
 * @property {(name: string, silence: number, failures: number) => void} state the link's state, for how many ms
 *   nothing was heard, and how many attempts in a row have failed
 * @property {(state: string, data: object) => void} begin a stream begins: fresh, resumed or reset; data is its first event
 * @property {(topic: string, text: string, id: string) => void} event id is '' in a snapshot
 * @property {(data: object, id: string) => void} retract
 * @property {(data: object, at: string) => void} live at: the position that the snapshot or the replay has led to
 * @property {(ms: number) => void} time the server's clock, just now
 * @property {(data: object, at: string) => void} [heartbeat] at: a bookmark, or ''
 * @property {(failures: number, refused: boolean) => void} [failed] an attempt has failed; refused: by an answer that the
 *   browser does not try again, as for a topic that does not exist
 */

/** Link owns one EventSource, and calls the sink. */
export class Link {
  #sink; #url; #EventSource; #clock; #random; #timing; #timer;
  #types = [];
  #stream = null; // the one EventSource, or null
  #lastId = ''; // the position of what the sink was given
  #phase = 'idle'; // idle, opening, open, waiting, paused
  #state = 'idle';
  #heartbeat; #heard; #skew;
  #connectedAt = -Infinity;
  #deadline = 0; // opening: give up; waiting: connect
  #notBefore = 0; // the server's own wish, from bye
  #attempts = 0;
  #asked = false; // opening: by us; not: the browser waits before it tries again

  /**
   * @param {LinkSink} sink
   * @param {{url?: string, EventSource?: typeof EventSource, clock?: typeof CLOCK, random?: () => number, timing?: Partial<typeof TIMING>}} [options]
   */
  constructor(sink, options = {}) {
    this.#sink = sink;
    this.#url = options.url ?? '/latest';
    this.#EventSource = options.EventSource ?? globalThis.EventSource;
    this.#clock = options.clock ?? CLOCK;
    this.#random = options.random ?? Math.random;
    this.#timing = { ...TIMING, ...options.timing };
    this.#heartbeat = this.#timing.heartbeat;
    this.#heard = this.#clock.now();
    this.#skew = this.#clock.date() - this.#heard;
    this.#timer = this.#clock.setInterval(() => this.#check(), this.#timing.tick);
  }

  /** The position of the last event; '' before the first. */
  get lastId() { return this.#lastId; }

  /** idle, connecting, live, quiet, reconnecting or offline. */
  get state() { return this.#state; }

  /** For how many milliseconds nothing was heard. */
  get silence() { return this.#clock.now() - this.#heard; }

  /** Attempts in a row that have led to no stream. */
  get failures() { return this.#attempts; }

  /** Milliseconds until another stream may be opened. */
  get wait() { return Math.max(0, this.#earliest() - this.#clock.now()); }

  /**
   * Reads these types from now on. Resumes where it was, unless fresh: then a snapshot
   * comes first. last resumes elsewhere.
   *
   * @param {string[]} types
   * @param {{fresh?: boolean, last?: string}} [how]
   */
  open(types, { fresh = true, last } = {}) {
    this.#types = [...types];
    if (last !== undefined) this.#lastId = last;
    else if (fresh) this.#lastId = '';
    if (this.#phase === 'paused') return;
    if (this.#types.length === 0) {
      this.#drop();
      this.#phase = 'idle';
      this.#setState('idle');
      return;
    }
    if (this.#state === 'idle') this.#setState('connecting');
    const earliest = this.#earliest();
    if (this.#clock.now() >= earliest) {
      this.#connect();
      return;
    }
    this.#drop();
    this.#phase = 'waiting';
    this.#deadline = earliest;
  }

  /** Has the next attempt, whenever it comes, ask for these types after this position. */
  prepare(types, last) {
    this.#types = [...types];
    this.#lastId = last;
  }

  /** Asks for a new snapshot, soon, and never more often than a failing link would connect. */
  refresh() {
    if (this.#phase !== 'open') return;
    this.#lastId = '';
    this.#fail();
  }

  /** The page, the machine or (force: what was connected is not any more) the network came back: do not wait. */
  wake({ force = false } = {}) {
    const now = this.#clock.now();
    if (this.#phase === 'paused') this.#phase = 'waiting';
    else if (this.#phase === 'idle') return;
    else if (this.#phase === 'open' && !force && now - this.#heard < 1.2 * this.#heartbeat) return;
    else if (this.#phase === 'opening' && !force && this.#asked) return; // the server is slow, and would be slower
    if (this.#types.length === 0) {
      this.#phase = 'idle';
      return;
    }
    const earliest = this.#earliest();
    if (now >= earliest) this.#connect();
    else if (this.#phase === 'waiting') this.#deadline = Math.min(this.#deadline, earliest);
  }

  /** Lets go of the connection while the page is put away; wake takes it up again. */
  pause() {
    this.#drop();
    this.#phase = 'paused';
    this.#lost();
  }

  /** Ends the link for good. */
  close() {
    this.#drop();
    this.#phase = 'idle';
    this.#clock.clearInterval(this.#timer);
  }

  #earliest() { return Math.max(this.#notBefore, this.#connectedAt + this.#timing.gap); }

  #connect() {
    this.#drop();
    const now = this.#clock.now();
    this.#phase = 'opening';
    this.#asked = true;
    this.#connectedAt = now;
    this.#deadline = now + this.#timing.connect;
    this.#stream = new Stream(this.#EventSource, this.#url, this.#types, this.#lastId, {
      before: () => { this.#heard = this.#clock.now(); },
      stream: (data) => this.#began(data),
      event: (topic, text, id) => this.#sink.event(topic, text, id),
      retract: (data, id) => this.#sink.retract(data, id),
      live: (data, at) => this.#caughtUp(data, at),
      heartbeat: (data, at) => {
        this.#tellTime(data);
        this.#sink.heartbeat?.(data, at);
      },
      bye: (data) => { this.#notBefore = this.#clock.now() + (Number(data.retry_ms) || 0); },
      error: (gone) => this.#errored(gone),
      after: (at) => { this.#lastId = at || this.#lastId; },
    });
  }

  #drop() {
    this.#stream?.close();
    this.#stream = null;
  }

  #began(data) {
    this.#phase = 'open';
    this.#notBefore = 0;
    if (data.heartbeat > 0) this.#heartbeat = data.heartbeat * 1000;
    this.#tellTime(data);
    this.#sink.begin(data.state, data);
  }

  #caughtUp(data, at) {
    this.#attempts = 0;
    this.#tellTime(data);
    this.#sink.live(data, at || this.#lastId);
    this.#setState('live');
  }

  #tellTime(data) {
    const ms = Date.parse(data.time);
    if (!Number.isNaN(ms)) this.#sink.time(ms);
  }

  #errored(gone) {
    if (gone) {
      this.#fail(true);
      return;
    }
    // The browser connects again by itself, after the server's retry time.
    this.#phase = 'opening';
    this.#asked = false;
    this.#deadline = Math.max(this.#clock.now() + this.#timing.retry, this.#notBefore) + this.#timing.connect;
    this.#lost();
  }

  #fail(refused = false) {
    this.#drop();
    const { backoffMin, backoffMax } = this.#timing;
    const cap = Math.min(backoffMax, backoffMin * 2 ** ++this.#attempts);
    const pause = backoffMin + this.#random() * (cap - backoffMin);
    this.#phase = 'waiting';
    this.#deadline = Math.max(this.#clock.now() + pause, this.#notBefore);
    this.#lost();
    this.#sink.failed?.(this.#attempts, refused);
  }

  #check() {
    const now = this.#clock.now();
    const skew = this.#clock.date() - now;
    const jumped = Math.abs(skew - this.#skew) > this.#timing.jump;
    this.#skew = skew;
    if (this.#phase === 'open') {
      if (now - this.#heard > this.#timing.quiet * this.#heartbeat) {
        this.#setState('quiet');
        this.#connect();
      } else if (jumped) {
        this.#lost();
        this.#connect();
      }
    } else if (this.#phase === 'opening') {
      if (now >= this.#deadline) this.#fail();
    } else if (this.#phase === 'waiting') {
      if (now >= this.#deadline || jumped) this.#connect();
    }
    if (this.#state !== 'live' && this.#state !== 'idle' && now - this.#heard > this.#offlineAfter()) this.#setState('offline');
  }

  // A silent server was already given its time when the link is called quiet.
  #offlineAfter() {
    return this.#timing.offline + (this.#state === 'quiet' ? this.#timing.quiet * this.#heartbeat : 0);
  }

  #lost() {
    if (this.#state === 'live' || this.#state === 'quiet') this.#setState('reconnecting');
  }

  #setState(name) {
    if (name === this.#state) return;
    this.#state = name;
    this.#sink.state(name, this.#clock.now() - this.#heard, this.#attempts);
  }
}

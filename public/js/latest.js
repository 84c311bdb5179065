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

/** Milliseconds, except quiet, which is a multiple of the server's heartbeat. */
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
});

const CLOCK = {
  now: () => performance.now(), // steady
  date: () => Date.now(), // wall
  setInterval: (fn, ms) => setInterval(fn, ms),
  clearInterval: (timer) => clearInterval(timer),
};

const RESERVED = ['open', 'error', 'message'];
const NAME = /^[a-z][a-z0-9_-]{0,63}$/;
const parse = (text) => {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {};
  }
};

/**
 * Latest owns the one EventSource of the page. It calls, on the sink:
 *   state(name, silence)       the link's state, and for how many ms nothing was heard
 *   begin(state, data)         a stream begins: fresh, resumed or reset; data is its first event
 *   event(topic, text, id)     id is '' in a snapshot
 *   retract(data), live(data)
 *   time(ms)                   the server's clock, just now
 */
export class Latest {
  #sink; #url; #EventSource; #clock; #random; #timing; #timer;
  #types = [];
  #source = null; // the one EventSource, or null
  #names = new Set(); // event names it is listened to for
  #sourceId = ''; // its lastEventId: an event that repeats it has no id of its own
  #lastId = ''; // the position of what the sink was given
  #phase = 'idle'; // idle, opening, open, waiting, paused
  #state = 'idle';
  #heartbeat; #heard; #skew;
  #connectedAt = -Infinity;
  #deadline = 0; // opening: give up; waiting: connect
  #notBefore = 0; // the server's own wish, from bye
  #attempts = 0;

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

  /** Reads these types from now on. Resumes where it was, unless fresh: then a snapshot comes first. */
  open(types, { fresh = true } = {}) {
    this.#types = [...types];
    if (fresh) this.#lastId = '';
    if (this.#phase === 'paused') return;
    if (this.#types.length === 0) {
      this.#drop();
      this.#phase = 'idle';
      this.#setState('idle');
      return;
    }
    if (this.#state === 'idle') this.#setState('connecting');
    const earliest = Math.max(this.#notBefore, this.#connectedAt + this.#timing.gap);
    if (this.#clock.now() >= earliest) {
      this.#connect();
      return;
    }
    this.#drop();
    this.#phase = 'waiting';
    this.#deadline = earliest;
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
    if (this.#types.length === 0) {
      this.#phase = 'idle';
      return;
    }
    const earliest = Math.max(this.#notBefore, this.#connectedAt + this.#timing.gap);
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

  #connect() {
    this.#drop();
    const now = this.#clock.now();
    const query = new URLSearchParams({ type: this.#types.join(',') });
    if (this.#lastId) query.set('last_event_id', this.#lastId);
    const source = new this.#EventSource(`${this.#url}?${query}`);
    this.#source = source;
    this.#phase = 'opening';
    this.#connectedAt = now;
    this.#deadline = now + this.#timing.connect;
    source.onerror = () => { if (source === this.#source) this.#errored(source); };
    this.#listen('stream', (data) => this.#began(data));
    this.#listen('live', (data) => this.#caughtUp(data));
    this.#listen('heartbeat', (data) => this.#tellTime(data));
    this.#listen('retract', (data) => this.#sink.retract(data));
    this.#listen('bye', (data) => { this.#notBefore = this.#clock.now() + (Number(data.retry_ms) || 0); });
    for (const type of this.#types) this.#listenTopic(type.split('.')[0]);
  }

  #drop() {
    this.#source?.close();
    this.#source = null;
    this.#sourceId = '';
    this.#names = new Set(RESERVED);
  }

  #listen(name, handle, raw = false) {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    const source = this.#source;
    source.addEventListener(name, (event) => {
      if (source !== this.#source) return;
      this.#heard = this.#clock.now();
      const id = event.lastEventId === this.#sourceId ? '' : event.lastEventId;
      this.#sourceId = event.lastEventId;
      handle(raw ? event.data : parse(event.data), id);
      if (event.lastEventId && source === this.#source) this.#lastId = event.lastEventId;
    });
  }

  #listenTopic(name) {
    if (!NAME.test(name)) return;
    this.#listen(name, (text, id) => this.#sink.event(name, text, id), true);
  }

  #began(data) {
    this.#phase = 'open';
    this.#notBefore = 0;
    if (data.heartbeat > 0) this.#heartbeat = data.heartbeat * 1000;
    for (const topic of Array.isArray(data.topics) ? data.topics.slice(0, 500) : []) {
      this.#listenTopic(String(topic).split('.')[0]);
    }
    this.#tellTime(data);
    this.#sink.begin(data.state, data);
  }

  #caughtUp(data) {
    this.#attempts = 0;
    this.#tellTime(data);
    this.#sink.live(data);
    this.#setState('live');
  }

  #tellTime(data) {
    const ms = Date.parse(data.time);
    if (!Number.isNaN(ms)) this.#sink.time(ms);
  }

  #errored(source) {
    if (source.readyState === this.#EventSource.CLOSED) {
      this.#fail();
      return;
    }
    // The browser connects again by itself, after the server's retry time.
    this.#phase = 'opening';
    this.#deadline = Math.max(this.#clock.now() + this.#timing.retry, this.#notBefore) + this.#timing.connect;
    this.#lost();
  }

  #fail() {
    this.#drop();
    const { backoffMin, backoffMax } = this.#timing;
    const cap = Math.min(backoffMax, backoffMin * 2 ** ++this.#attempts);
    const pause = backoffMin + this.#random() * (cap - backoffMin);
    this.#phase = 'waiting';
    this.#deadline = Math.max(this.#clock.now() + pause, this.#notBefore);
    this.#lost();
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
    this.#sink.state(name, this.#clock.now() - this.#heard);
  }
}

// The client of GET /latest, for the pages here and for those of others: one stream a
// browser, shared by all tabs, and what a tab wants of it. No DOM here but the events
// that tell when the page is put away and taken up again. docs/client.md tells the rest.
//
//   import { subscribe } from 'https://ticker.example/js/latest.js';
//   const reading = subscribe('news,stock', { event: (topic, item) => console.log(topic, item) });
//   reading.close();
//
//   latest.js  this: what a tab wants, and its place on the tape
//   share.js   how it reaches the hub; worker.js and tab.js: where the hub lives
//   hub.js     one stream for many tabs; port.js, catchup.js, filter.js, memory.js are its parts
//   link.js    one stream and its supervisor; stream.js: one EventSource
//   reload.js  when to load the page anew

import { CLOCK, TIMING } from './link.js';
import { connect, kinds } from './share.js';
import { typesOf } from './filter.js';
import { watchBuild } from './reload.js';

export { TIMING, watchBuild };

const SILENT = 3; // pings that a hub may leave out
const TWICE = 250; // ms in which to be woken twice is once
let hinted = false; // once a page

/**
 * What a reader is told. The state is one of idle, connecting, live, quiet,
 * reconnecting and offline. After begin with fresh or reset comes a snapshot: gather
 * it beside what is shown, and swap at live. After begin with resumed come the events
 * that were missed, and live. Without begin nothing was missed.
 *
 * @typedef {object} Sink
 * @property {(name: string, silence: number, failures: number) => void} state the link's state, for how many ms
 *   nothing was heard, and how many attempts in a row have failed
 * @property {(state: string, data: object) => void} begin fresh, resumed or reset; data is the first event of the stream
 * @property {(topic: string, text: string, id: string) => void} event id is '' in a snapshot
 * @property {(data: {topic: string, key?: string, id?: string}, id: string) => void} retract
 * @property {(data: object) => void} live
 * @property {(ms: number) => void} time the server's clock, just now
 *
 * @typedef {object} Options
 * @property {string} [src] origin or URL of the server; default: where this module came from
 * @property {'auto' | 'off' | 'worker' | 'locks'} [share] with the other tabs, and how; auto also looks at ?share= of the page
 * @property {boolean | ((build: string) => void)} [reload] load the page anew when the server's build has changed, or
 *   when it answers and will not stream; a function is called instead, with the new build or ''; default false
 * @property {boolean} [wakes] listen to the page being put away, taken up, seen, and to the network; default true
 * @property {string} [url] of GET /latest, instead of src
 * @property {Partial<typeof TIMING>} [timing]
 * @property {typeof EventSource} [EventSource] for tests, as are clock, random, fetch: not shared then
 * @property {typeof CLOCK} [clock]
 * @property {() => number} [random]
 * @property {typeof fetch} [fetch]
 */

/** Latest is one reader. Several in a page, or in tabs of one browser, share one stream. */
export class Latest {
  #sink; #options; #clock; #timing; #watch; #timer; #events;
  #kinds; // of channels still to be tried
  #channel = null;
  #kind = '';
  #up = false; // the hub listens
  #types = [];
  #ok = false; // the server has taken these types
  #lastId = '';
  #n = 0; // of the last open: answers to an earlier one are not heard
  #state = 'idle';
  #paused = false;
  #pausedAt = 0; // by the wall clock, which goes on while the machine sleeps
  #closed = false;
  #heard; // when, by the steady clock
  #silent = 0; // pings left out
  #woken = -Infinity;
  #hint = null; // timer
  #refreshed = { at: -Infinity, pause: 0, timer: null };

  /**
   * @param {Sink} sink
   * @param {Options} [options]
   */
  constructor(sink, options = {}) {
    this.#sink = sink;
    this.#clock = options.clock ?? CLOCK;
    this.#timing = { ...TIMING, ...options.timing };
    const base = new URL(options.src ?? new URL('../', import.meta.url), globalThis.location?.href);
    if (!base.pathname.endsWith('/')) base.pathname += '/';
    const url = options.url ? new URL(options.url, globalThis.location?.href).href : new URL('latest', base).href;
    const { EventSource, random, fetch } = options;
    this.#options = { url, timing: this.#timing, clock: this.#clock, EventSource, random, fetch };
    this.#kinds = EventSource ? ['direct'] : kinds(options.share);
    if (options.reload) {
      const reload = typeof options.reload === 'function' ? options.reload : undefined;
      this.#watch = watchBuild({ src: base, reload, timing: this.#timing, clock: this.#clock, fetch });
    }
    this.#heard = this.#clock.now();
    this.#timer = this.#clock.setInterval(() => this.#look(), this.#timing.ping);
    if ((options.wakes ?? true) && !EventSource) this.#listen();
  }

  /** The position of the last event; '' before the first. */
  get lastId() { return this.#lastId; }

  /** How the stream is shared: worker, locks or direct; '' while it is not known. */
  get sharing() { return this.#up ? this.#kind : ''; }

  /**
   * Reads these types from now on: names of topics, of keys (stock.ACME), or *. Resumes
   * where it was, unless fresh: then a snapshot comes first. [] reads nothing.
   *
   * @param {string[]} types
   * @param {{fresh?: boolean}} [how]
   */
  open(types, { fresh = true } = {}) {
    const before = this.#types;
    this.#types = typesOf(types);
    this.#ok &&= this.#types.every((type) => before.includes(type));
    if (fresh) this.#lastId = '';
    if (this.#closed || this.#paused) return;
    this.#start();
  }

  /** Asks for a new snapshot, soon, and ever more seldom if that is asked again and again. */
  refresh() {
    const now = this.#clock.now();
    const { at, timer } = this.#refreshed;
    if (timer !== null || !this.#up) return;
    const { backoffMin, backoffMax } = this.#timing;
    const again = now - at < 2 * backoffMax;
    this.#refreshed.pause = again ? Math.min(backoffMax, 2 * this.#refreshed.pause || backoffMin) : backoffMin;
    this.#refreshed.timer = this.#clock.setTimeout(() => {
      this.#refreshed.timer = null;
      this.#refreshed.at = this.#clock.now();
      this.#lastId = '';
      if (this.#up && !this.#paused) this.#ask();
    }, again ? this.#refreshed.pause : 0);
  }

  /** The page, the machine or (force: what was connected is not any more) the network came back: do not wait. */
  wake({ force = false } = {}) {
    if (this.#closed) return;
    if (this.#paused) {
      this.#paused = false;
      this.#away(this.#clock.date() - this.#pausedAt);
      this.#start();
      return;
    }
    const now = this.#clock.now();
    if (!this.#up || (force && now - this.#woken < TWICE)) return;
    if (force) this.#woken = now;
    this.#silent = SILENT; // a hub that is gone is noticed with the next ping
    this.#channel.post({ op: 'wake', force });
  }

  /** Lets go of the stream while the page is put away; wake takes it up again, with a snapshot after five minutes. */
  pause() {
    if (this.#closed) return;
    if (!this.#paused) this.#pausedAt = this.#clock.date();
    this.#paused = true;
    this.#hangUp();
    this.#lost();
  }

  /** Ends it for good. */
  close() {
    this.#closed = true;
    this.#hangUp();
    this.#clock.clearInterval(this.#timer);
    this.#clock.clearTimeout(this.#refreshed.timer);
    this.#events?.abort();
  }

  // --- the channel

  #start() {
    if (this.#types.length === 0) {
      this.#hangUp();
      this.#setState('idle');
      return;
    }
    if (this.#state === 'idle') this.#setState('connecting');
    if (this.#up) this.#ask();
    else if (!this.#channel) this.#call();
  }

  #call() {
    this.#silent = 0;
    while (this.#kinds.length > 0) {
      const kind = this.#kinds[0];
      this.#kind = kind;
      let channel = null;
      const mine = (what) => (...args) => { if (channel && channel === this.#channel) what(...args); };
      channel = connect(kind, this.#options, {
        up: mine(() => {
          this.#up = true;
          this.#ask();
        }),
        receive: mine((message) => this.#receive(message)),
        down: mine(() => this.#redial()),
      });
      this.#channel = channel;
      if (channel) return;
      this.#kinds.shift();
    }
    throw new Error('open a stream: this browser has no EventSource');
  }

  // The channel does not work (any more). One that never did is not tried again.
  #redial() {
    if (!this.#up && this.#kinds.length > 1) this.#kinds.shift();
    this.#hangUp();
    this.#lost();
    this.#call();
  }

  #hangUp() {
    this.#channel?.close();
    this.#channel = null;
    this.#up = false;
    this.#clock.clearTimeout(this.#hint);
  }

  #ask() {
    this.#n++;
    this.#clock.clearTimeout(this.#hint);
    if (this.#kind === 'direct' && !this.#options.EventSource) this.#hint = this.#clock.setTimeout(hint, this.#timing.slow);
    this.#channel.post({ op: 'open', n: this.#n, types: this.#types, last: this.#lastId, ok: this.#ok });
  }

  #receive(message) {
    this.#heard = this.#clock.now();
    this.#silent = 0;
    if (message.op === 'ping') this.#channel.post({ op: 'pong' });
    else if (message.op === 'lost') this.#again(message.away);
    else if (message.n === this.#n) this.#tell(message);
  }

  #again(away) {
    this.#away(away);
    this.#ask();
  }

  // Who comes back late is given what stands, not all that was.
  #away(ms) {
    if (Math.abs(ms) > this.#timing.stale) this.#lastId = '';
  }

  #tell(message) {
    const { op, data } = message;
    if (message.id) this.#lastId = message.id; // first: what a sink stumbles over must not come again and again
    if (op === 'event') {
      this.#sink.event(message.topic, message.text, message.id);
    } else if (op === 'retract') {
      this.#sink.retract(data, message.id);
    } else if (op === 'begin') {
      this.#clock.clearTimeout(this.#hint);
      this.#tellTime(data);
      if (message.state !== 'resumed') this.#lastId = '';
      this.#sink.begin(message.state, data);
    } else if (op === 'live') {
      this.#ok = true;
      this.#tellTime(data);
      this.#sink.live(data);
    } else if (op === 'heartbeat') {
      this.#tellTime(data);
    } else if (op === 'state') {
      this.#setState(message.name, message.silence, message.failures);
    } else if (op === 'failed') {
      this.#watch?.failed(message.failures);
    }
  }

  #tellTime(data) {
    const ms = Date.parse(data.time);
    if (!Number.isNaN(ms)) this.#sink.time(ms);
    this.#watch?.build(typeof data.build === 'string' ? data.build : '');
  }

  // --- states

  #look() {
    if (!this.#up || ++this.#silent <= SILENT) return;
    this.#redial();
  }

  #lost() {
    if (this.#state === 'live' || this.#state === 'quiet') this.#setState('reconnecting');
  }

  #setState(told, silence = this.#clock.now() - this.#heard, failures = 0) {
    // A new hub connects; who was live before connects again.
    const name = told === 'connecting' && !['idle', 'connecting'].includes(this.#state) ? 'reconnecting' : told;
    if (name === this.#state) return;
    this.#state = name;
    this.#sink.state(name, silence, failures);
  }

  #listen() {
    if (!globalThis.document) return;
    this.#events = new AbortController();
    const { signal } = this.#events;
    addEventListener('pagehide', () => this.pause(), { signal });
    addEventListener('pageshow', ({ persisted }) => { if (persisted || this.#paused) this.wake(); }, { signal }); // not after loading
    addEventListener('online', () => this.wake({ force: true }), { signal });
    document.addEventListener('resume', () => this.wake(), { signal });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.wake(); }, { signal });
  }
}

// A browser opens six connections to a host over HTTP/1.1, for all its tabs: a seventh stream waits for ever.
function hint() {
  const [entry] = performance.getEntriesByName(import.meta.url);
  if (hinted || !entry?.nextHopProtocol?.startsWith('http/1')) return;
  hinted = true;
  console.info('tickertape: the stream has not begun for five seconds. Over HTTP/1.1 a browser opens six connections to a '
    + 'server, for all its tabs together; with share=off each page needs one. Close tabs, share, or serve over HTTPS (HTTP/2).');
}

/**
 * What subscribe calls; all may be left out.
 *
 * @typedef {object} Handlers
 * @property {(topic: string, item: any, how: {id: string, snapshot: boolean}) => void} [event] item is the decoded JSON,
 *   or text; snapshot: a current value, printed before
 * @property {(what: {topic: string, key?: string, id?: string}) => void} [retract] a value was withdrawn
 * @property {(state: string) => void} [begin] fresh or reset: forget what you hold, a snapshot follows; resumed: what was missed follows
 * @property {() => void} [live] the snapshot, or what was missed, is complete
 * @property {(name: string) => void} [state] connecting, live, quiet, reconnecting or offline
 */

/**
 * Reads topics until it is closed, in one stream with all others who do.
 *
 * @param {string | string[]} types such as 'news,stock.ACME'
 * @param {Handlers} handlers
 * @param {Options} [options]
 * @returns {{close: () => void}}
 */
export function subscribe(types, handlers, options) {
  let snapshot = true;
  const reader = new Latest({
    state: (name) => handlers.state?.(name),
    begin(state) {
      snapshot = state !== 'resumed';
      handlers.begin?.(state);
    },
    event: (topic, text, id) => handlers.event?.(topic, decode(text), { id, snapshot }),
    retract: (data) => handlers.retract?.(data),
    live() {
      snapshot = false;
      handlers.live?.();
    },
    time() {},
  }, options);
  reader.open(typesOf(types));
  return { close: () => reader.close() };
}

function decode(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

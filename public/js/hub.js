// The hub: one Link for all tabs of a browser, or for all parts of one page. It reads
// the union of what its ports want and hands each its own. No DOM here.
//
// A port is attached once it has a place on the tape that the stream goes on from:
// from then on it is given each event after its place that it wants, once. How it
// gets there:
//
//   found    nobody is attached: the stream itself begins for this port, with a
//            snapshot, or where it was
//   catch up others are attached: a second, short stream of the port's own types,
//            from nothing or from where it was, is read as far as live and closed
//   grow     the stream does not carry all that the port wants: it is opened anew
//            with the union, at the oldest place of those who wait; the others skip
//            what they have
//   splice   the stream carries it all: what was printed since the port's place is
//            in the memory of the last events; the port is attached
//
// What a port and a hub say to each other is in port.js.

import { Catalogue, Memory } from './memory.js';
import { CatchUp } from './catchup.js';
import { CLOCK, Link, TIMING } from './link.js';
import { Port } from './port.js';
import { comparable, covers, filter, hasKeys, place, typesOf, union } from './filter.js';

/** Bounds: ports, and pings that a port may leave unanswered. */
export const BOUNDS = Object.freeze({ ports: 200, pings: 4 });

/**
 * @typedef {object} HubOptions
 * @property {string} url of GET /latest
 * @property {Partial<typeof TIMING>} [timing]
 * @property {typeof CLOCK} [clock]
 * @property {typeof EventSource} [EventSource]
 * @property {() => number} [random]
 * @property {typeof fetch} [fetch]
 */

/** Hub owns the one stream, and calls send of its ports. */
export class Hub {
  #ports = new Set();
  #link; #clock; #timing; #options; #timer; #catalogue;
  #types = []; // of the stream
  #data = {}; // the first event of the stream
  #offset = 0; // the server's clock less the steady one
  #ready = false; // the stream is live
  #memory = new Memory();
  #founder = null; // the port for which the stream begins
  #founding = 0; // its n
  #catching = null; // the one catch-up
  #growing = null; // timer of the next opening with another union
  #retry = null; // timer of the next catch-up after one that failed
  #spare = null; // since when the stream carries what nobody wants, by the steady clock; null: it does not

  /** @param {HubOptions} options */
  constructor(options) {
    this.#clock = options.clock ?? CLOCK;
    this.#timing = { ...TIMING, ...options.timing };
    this.#options = { ...options, clock: this.#clock, timing: this.#timing };
    this.#catalogue = new Catalogue(options, () => {
      for (const port of this.#ports) this.#filterFor(port);
      this.#settle();
    });
    this.#link = new Link({
      state: () => this.#stateChanged(),
      begin: (state, data) => this.#begin(state, data),
      event: (topic, text, id) => this.#event({ place: place(id), topic, text }),
      retract: (data, id) => this.#event({ place: place(id), topic: data.topic, data }),
      live: (data, at) => this.#live(data, at),
      time: (ms) => { this.#offset = ms - this.#clock.now(); },
      heartbeat: (data, at) => this.#heartbeat(data, at),
      failed: (failures, refused) => this.#failed(failures, refused),
    }, options);
    this.#timer = this.#clock.setInterval(() => this.#look(), this.#timing.ping);
  }

  /**
   * Takes a port in. send(message) must not block; what the port sends goes to the
   * function that is returned.
   *
   * @param {(message: object) => void} send
   * @returns {(message: object) => void}
   */
  join(send) {
    const port = new Port(send);
    return (message) => this.#receive(port, message);
  }

  /** How many ports read. */
  get size() { return this.#ports.size; }

  /** Ends the stream for good; the ports are told nothing. */
  close() {
    this.#ports.clear();
    this.#endCatching();
    for (const timer of [this.#growing, this.#retry]) this.#clock.clearTimeout(timer);
    this.#clock.clearInterval(this.#timer);
    this.#link.close();
  }

  #receive(port, message) {
    port.pings = 0;
    if (message.op === 'open') {
      this.#open(port, message);
    } else if (message.op === 'leave') {
      this.#leave(port);
    } else if (!this.#ports.has(port)) {
      port.post('lost', { away: this.#clock.now() - port.left });
    } else if (message.op === 'wake') {
      port.post('ping');
      port.retryAt = 0;
      this.#link.wake({ force: message.force === true });
      this.#settle();
    }
  }

  #open(port, { n, types, last, ok }) {
    if (!this.#ports.has(port) && this.#ports.size >= BOUNDS.ports) return; // it finds its hub dead, and reads by itself
    this.#ports.add(port);
    Object.assign(port, {
      n, types: typesOf(types), last: String(last ?? ''), place: place(String(last ?? '')), ok: ok === true,
      attached: false, awaits: false, caught: false, retryAt: 0, refusals: 0,
    });
    this.#filterFor(port);
    this.#endCatching(port);
    if (port.types.length === 0) this.#leave(port);
    else this.#settle();
  }

  #leave(port) {
    this.#ports.delete(port);
    Object.assign(port, { attached: false, told: '', left: this.#clock.now() });
    this.#endCatching(port);
    this.#settle();
  }

  #spec = (topic) => this.#catalogue.get(topic);

  #filterFor(port) { port.wants = filter(port.types, this.#types, this.#spec); }

  // --- what to do next; may be called at any time, and does nothing twice

  #settle() {
    const ports = [...this.#ports];
    if (ports.length === 0) {
      this.#rest();
      return;
    }
    if (ports.length > 1) this.#catalogue.learn();
    if (this.#ready && (ports.length > 1 || ports[0].caught)) for (const port of ports) this.#splice(port);
    const waiting = ports.filter((port) => !port.attached);
    if (waiting.length === ports.length && (!this.#ready || ports.length === 1)) {
      this.#found(ports);
      return;
    }
    for (const port of waiting) this.#tellState(port);
    if (!this.#ready || !this.#knowsKeys(ports)) return;
    if (waiting.some((port) => this.#needsMore(port))) this.#growSoon();
    this.#catchUp(waiting.filter((port) => !this.#needsMore(port)));
  }

  // Nobody reads.
  #rest() {
    this.#clock.clearTimeout(this.#growing);
    this.#clock.clearTimeout(this.#retry);
    this.#growing = null;
    this.#founder = null;
    this.#ready = false;
    this.#types = [];
    this.#link.open([]);
  }

  // Where several read, the key of an event must be told from its data.
  #knowsKeys(ports) { return this.#catalogue.known || ports.length === 1 || !ports.some((port) => hasKeys(port.types)); }

  #carries(port) {
    return covers(this.#types, port.types, this.#spec) && this.#knowsKeys([...this.#ports]);
  }

  #needsMore(port) {
    return port.caught && comparable(port.place, place(this.#link.lastId)) && !covers(this.#types, port.types, this.#spec);
  }

  // --- found

  #found(ports) {
    let founder = this.#founder;
    if (!this.#ports.has(founder)) founder = ports.find((port) => port.ok) ?? ports[0];
    else if (founder.n === this.#founding) return; // its stream is being opened
    this.#founder = founder;
    this.#founding = founder.n;
    const known = ports.filter((port) => port === founder || port.ok);
    // The oldest place: those who are further skip what they have.
    const places = known.map((port) => port.place).filter((at) => comparable(at, founder.place));
    const oldest = places.reduce((a, b) => (b.n < a.n ? b : a), founder.place);
    this.#endCatching();
    this.#openStream(union(known.map((port) => port.types)), oldest?.id ?? founder.last);
  }

  #openStream(types, last) {
    this.#clock.clearTimeout(this.#growing);
    this.#growing = null;
    this.#spare = null;
    this.#types = types;
    this.#ready = false;
    for (const port of this.#ports) this.#filterFor(port);
    this.#link.open(types, { last });
    for (const port of this.#ports) this.#tellState(port);
  }

  #failed(failures, refused) {
    const ports = [...this.#ports];
    for (const port of ports) port.post('failed', { failures });
    if (!refused || ports.length < 2) return;
    // One port's mistake must not keep the others away: one after the other founds alone.
    for (const port of ports) Object.assign(port, { ok: false, attached: false, caught: false });
    const next = ports[(ports.indexOf(this.#founder) + 1) % ports.length];
    this.#founder = next;
    this.#founding = next.n;
    this.#types = next.types;
    for (const port of ports) this.#filterFor(port);
    this.#link.prepare(next.types, next.last);
  }

  // --- catch up

  #catchUp(waiting) {
    if (this.#catching || waiting.length === 0) return;
    const now = this.#clock.now();
    const next = waiting.find((port) => port.retryAt <= now);
    if (!next) {
      this.#clock.clearTimeout(this.#retry);
      this.#retry = this.#clock.setTimeout(() => this.#settle(), Math.min(...waiting.map((port) => port.retryAt)) - now);
      return;
    }
    const same = (port) => port.last === next.last && port.types.join() === next.types.join();
    this.#catching = new CatchUp(this.#options, waiting.filter(same), {
      done: () => this.#caughtUp(),
      failed: (pause, refused) => this.#caughtNothing(pause, refused),
    });
  }

  #caughtUp() {
    const { ports } = this.#catching;
    this.#endCatching();
    // Should the stream not go on from there, it is tried again, but not at once.
    const retryAt = this.#clock.now() + 2 * this.#timing.grow;
    for (const port of ports) Object.assign(port, { caught: true, ok: true, refusals: 0, retryAt });
    this.#settle();
  }

  #caughtNothing(pause, refused) {
    const { ports } = this.#catching;
    this.#endCatching();
    for (const port of ports) {
      if (refused) port.refusals++;
      port.retryAt = this.#clock.now() + Math.min(pause * 2 ** Math.max(0, port.refusals - 1), this.#timing.shrink);
      if (refused) port.tell('offline', 0, port.refusals);
    }
    this.#settle();
  }

  // Ends the catch-up, or only takes one port out of it.
  #endCatching(port) {
    if (!this.#catching?.end(port)) return;
    this.#catching = null;
  }

  // --- grow and splice

  #growSoon() {
    this.#growing ??= this.#clock.setTimeout(() => {
      this.#growing = null;
      if (!this.#ready) return; // once it is, this is asked for again
      const more = [...this.#ports].filter((port) => this.#needsMore(port));
      if (more.length === 0) return;
      const readers = [...this.#ports].filter((port) => port.attached || more.includes(port));
      const oldest = more.map((port) => port.place).reduce((a, b) => (b.n < a.n ? b : a), place(this.#link.lastId));
      this.#openStream(union(readers.map((port) => port.types)), oldest.id);
    }, Math.max(this.#timing.grow, this.#link.wait));
  }

  #splice(port) {
    if (port.attached || !this.#carries(port) || !this.#memory.reaches(port.place)) return;
    this.#endCatching(port);
    port.attached = true;
    const silently = port.caught; // it was told with the catch-up
    const time = new Date(this.#clock.now() + this.#offset).toISOString();
    if (!silently) port.post('begin', { state: 'resumed', data: { ...this.#data, state: 'resumed', time } });
    for (const event of this.#memory.events) this.#give(port, event);
    if (!silently) port.post('live', { data: { time }, id: port.last });
    this.#tellState(port);
  }

  // --- what the link tells

  #stateChanged() {
    if (this.#link.state !== 'live') this.#ready = false;
    for (const port of this.#ports) this.#tellState(port);
  }

  // Who is not attached yet is not live, even if the stream is.
  #tellState(port) {
    if (port.attached || this.#link.state !== 'live') port.tell(this.#link.state, this.#link.silence, this.#link.failures);
  }

  #begin(state, data) {
    const resumed = state === 'resumed';
    const start = resumed ? place(this.#link.lastId) : null;
    this.#data = data;
    this.#ready = false;
    this.#memory.clear(start);
    this.#catalogue.forget();
    for (const port of this.#ports) {
      const silently = resumed && (port.attached ? this.#link.state === 'live' : port.caught);
      if (!resumed) Object.assign(port, { place: null, last: '', caught: false, attached: this.#carries(port) });
      else port.attached ||= this.#carries(port) && this.#memory.reaches(port.place);
      if (!port.attached || silently) continue;
      this.#endCatching(port);
      port.awaits = true;
      port.post('begin', { state, data });
    }
  }

  #event(event) {
    this.#memory.add(event);
    for (const port of this.#ports) if (port.attached) this.#give(port, event);
  }

  #give(port, event) {
    if (event.place) {
      if (comparable(event.place, port.place) && event.place.n <= port.place.n) return;
      port.move(event.place);
    }
    const { topic, text, data } = event;
    if (!port.wants(topic, text, data?.key)) return;
    const id = event.place?.id ?? '';
    if (data) port.post('retract', { data, id });
    else port.post('event', { topic, text, id });
  }

  #live(data, at) {
    this.#ready = true;
    const here = place(at);
    this.#memory.start ??= here;
    for (const port of this.#ports) {
      if (!port.attached) continue;
      this.#advance(port, here);
      port.ok = true;
      if (port.awaits) port.post('live', { data, id: port.last });
      port.awaits = false;
      this.#tellState(port);
    }
    this.#settle();
  }

  #heartbeat(data, at) {
    if (data.build) this.#data = { ...this.#data, build: data.build };
    for (const port of this.#ports) {
      if (!port.attached) continue;
      this.#advance(port, place(at));
      port.post('heartbeat', { data, id: port.last });
    }
  }

  #advance(port, here) {
    if (here && !(comparable(here, port.place) && here.n <= port.place.n)) port.move(here);
  }

  // --- from time to time

  #look() {
    for (const port of this.#ports) {
      if (++port.pings > BOUNDS.pings) this.#leave(port);
      else port.post('ping');
    }
    const needed = union([...this.#ports].map((port) => port.types));
    const spare = this.#ready && [...this.#ports].every((port) => port.attached) && this.#types.some((type) => !needed.includes(type));
    if (!spare) this.#spare = null;
    else if (this.#spare === null) this.#spare = this.#clock.now();
    else if (this.#clock.now() - this.#spare >= this.#timing.shrink) this.#openStream(needed, this.#link.lastId);
  }
}

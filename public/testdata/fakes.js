// What the unit tests share: an EventSource and clocks of their own.

import { Link } from '/js/link.js';

export function equal(got, want, what = '') {
  const [a, b] = [JSON.stringify(got), JSON.stringify(want)];
  if (a !== b) throw new Error(`${what} got ${a}, want ${b}`);
}

export class FakeSource {
  static CONNECTING = 0;
  static OPEN = 1;
  static CLOSED = 2;
  static all = [];
  static most = 1; // open at once
  constructor(url) {
    this.url = new URL(url, 'http://host');
    this.readyState = 0;
    this.lastEventId = '';
    this.listeners = new Map();
    FakeSource.all.push(this);
    if (FakeSource.open().length > FakeSource.most) throw new Error('too many sources are open');
  }
  static open() { return FakeSource.all.filter((s) => s.readyState !== 2); }
  static get last() { return FakeSource.all.at(-1); }
  addEventListener(name, fn) { this.listeners.set(name, [...(this.listeners.get(name) ?? []), fn]); }
  close() { this.readyState = 2; }
  say(type, data, id) {
    if (id) this.lastEventId = id;
    for (const fn of this.listeners.get(type) ?? []) fn({ type, data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId: this.lastEventId });
  }
  break(state) {
    this.readyState = state;
    this.onerror();
  }
  start(state = 'fresh', id = 'e-1', more = {}) {
    this.readyState = 1;
    this.say('stream', { state, time: '2026-11-20T09:00:00Z', heartbeat: 15, topics: ['news', 'stock'], ...more });
    this.say('live', { time: '2026-11-20T09:00:00Z' }, id);
  }
}

/** Clocks that stand still: step(ms) moves both on, and the timers. */
export class FakeClock {
  ms = 1000; // steady
  wall = 5e12;
  timers = [];
  made = 0; // intervals
  now = () => this.ms;
  date = () => this.wall;
  setInterval = (fn, ms) => {
    this.made++;
    return this.#add({ fn, every: ms, at: this.ms + ms });
  };
  setTimeout = (fn, ms) => this.#add({ fn, every: 0, at: this.ms + Math.max(0, ms || 0) });
  clearInterval = (timer) => { this.timers = this.timers.filter((t) => t !== timer); };
  clearTimeout = this.clearInterval;

  #add(timer) {
    this.timers.push(timer);
    return timer;
  }

  step(ms, each = () => {}) {
    for (const end = this.ms + ms; this.ms < end;) {
      this.ms += 100;
      this.wall += 100;
      for (const t of [...this.timers]) {
        if (t.at > this.ms || !this.timers.includes(t)) continue;
        if (t.every) t.at += t.every;
        else this.clearTimeout(t);
        t.fn();
      }
      each();
    }
  }
}

/** A link with clocks of its own, which writes down what it tells. */
export function rig(random = 1) {
  FakeSource.all = [];
  FakeSource.most = 1;
  const clock = new FakeClock();
  const r = { clock, states: [], calls: [], step: (ms) => clock.step(ms) };
  r.link = new Link({
    state: (name) => r.states.push(name),
    begin: (how) => r.calls.push(how),
    event: (topic, text, id) => r.calls.push(`${topic} ${text} ${id}`),
    retract: (data) => r.calls.push(`retract ${data.key}`),
    live: () => r.calls.push('live'),
    time: (ms) => r.calls.push(ms),
  }, { EventSource: FakeSource, clock, random: () => random });
  return r;
}

export const live = () => {
  const r = rig();
  r.link.open(['news', 'stock']);
  FakeSource.last.start();
  return r;
};


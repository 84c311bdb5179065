// A server and its EventSource, and a reader, for tests of the hub: what a reader was
// given is held against what was printed.

/** A tape with the topics news and tides (every event matters), stock and weather (newest of a key). */
export class FakeServer {
  static KEYS = { news: 'id', stock: 'symbol', weather: 'location', tides: '', secret: '' };
  epoch = 'e';
  log = []; // {n, topic, key, text, gone}
  expired = 0; // places up to here have left the tape
  down = false;
  build = 'b';
  sources = [];
  asked = []; // {types, last} of each stream
  most = 0; // streams that were open at once
  topics = async () => ({
    json: async () => ({ topics: Object.entries(FakeServer.KEYS).map(([name, key]) => ({ name, key, public: name !== 'secret' })) }),
  });

  constructor() {
    const server = this;
    this.Source = class extends FakeStream {
      static CLOSED = 2;
      constructor(url) { super(server, url); }
    };
  }

  get open() { return this.sources.filter((s) => s.readyState !== 2); }

  print(topic, key, value) {
    const field = FakeServer.KEYS[topic];
    this.log.push({ n: this.log.length + 1, topic, key, text: JSON.stringify(field ? { [field]: key, value } : { value }) });
  }

  retract(topic, key) { this.log.push({ n: this.log.length + 1, topic, key, gone: true }); }

  wipe() {
    this.epoch += 'x';
    this.log = [];
    this.expired = 0;
    this.cut();
  }

  cut() { for (const source of this.open) source.break(); }

  /** A sign of life on all streams that have nothing to say. */
  beat() { for (const source of this.open) source.beat(); }

  /** Hands over at most so many messages on each stream. */
  pump(budget = Infinity) { for (const source of [...this.sources]) source.pump(budget); }

  wants(types, { topic, key }) {
    return types.includes(topic) || types.includes(`${topic}.${key}`) || (types.includes('*') && topic !== 'secret');
  }

  /** Current values of these types, oldest first. */
  values(types) {
    const newest = new Map();
    for (const e of this.log) {
      if (!this.wants(types, e)) continue;
      const name = `${e.topic} ${e.topic === 'tides' ? e.n : e.key}`;
      newest.delete(name);
      if (!e.gone) newest.set(name, e);
    }
    return [...newest.values()];
  }
}

class FakeStream {
  readyState = 0;
  lastEventId = '';
  #listeners = new Map();
  #server; #types; #last; #at; #queue = null;

  constructor(server, address) {
    const query = new URL(address).searchParams;
    this.#server = server;
    this.#types = query.get('type').split(',');
    this.#last = query.get('last_event_id') ?? '';
    server.asked.push({ types: query.get('type'), last: this.#last });
    server.sources = server.open;
    server.sources.push(this);
    server.most = Math.max(server.most, server.open.length);
  }

  addEventListener(name, fn) { this.#listeners.set(name, fn); }
  close() { this.readyState = 2; }

  break() {
    this.#queue = null;
    this.readyState = 0;
    this.onerror();
  }

  pump(budget) {
    if (this.readyState === 2) return;
    if (this.#server.down) {
      this.break();
      return;
    }
    if (!this.#queue) this.#begin();
    for (let i = 0; i < budget && this.readyState === 1; i++) {
      if (this.#queue.length === 0) this.#more();
      if (this.#queue.length === 0) break;
      this.#say(...this.#queue.shift());
    }
  }

  beat() {
    if (this.readyState === 1 && this.#queue.length === 0) this.#queue.push(['heartbeat', { time: '2026-11-20T09:00:00Z', build: this.#server.build }, `${this.#server.epoch}-${this.#at}`]);
  }

  #begin() {
    const { log, epoch, expired } = this.#server;
    if (this.#types.some((type) => type !== '*' && !(type.split('.')[0] in FakeServer.KEYS))) {
      this.readyState = 2;
      this.onerror();
      return;
    }
    this.readyState = 1;
    const last = this.lastEventId || this.#last;
    const [of, n] = last.split('-');
    let state = last ? 'reset' : 'fresh';
    if (of === epoch && Number(n) <= log.length && Number(n) >= expired) state = 'resumed';
    this.#at = state === 'resumed' ? Number(n) : log.length;
    this.#queue = [['stream', { state, topics: Object.keys(FakeServer.KEYS), time: '2026-11-20T09:00:00Z', build: this.#server.build }]];
    if (state === 'resumed') this.#more();
    else for (const e of this.#server.values(this.#types)) this.#queue.push([e.topic, e.text]);
    this.#queue.push(['live', { time: '2026-11-20T09:00:00Z' }, `${epoch}-${this.#at}`]);
  }

  #more() {
    const { log, epoch } = this.#server;
    for (; this.#at < log.length; this.#at++) {
      const e = log[this.#at];
      if (!this.#server.wants(this.#types, e)) continue;
      const id = `${epoch}-${e.n}`;
      this.#queue.push(e.gone ? ['retract', { topic: e.topic, key: e.key }, id] : [e.topic, e.text, id]);
    }
  }

  #say(type, data, id) {
    if (id) this.lastEventId = id;
    this.#listeners.get(type)?.({ type, data: typeof data === 'string' ? data : JSON.stringify(data), lastEventId: this.lastEventId });
  }
}

/** A tab as the hub sees it, which writes down what it was given. */
export class Reader {
  n = 0;
  types = [];
  last = '';
  ok = false;
  states = [];
  begins = [];
  lives = 0;
  snapshot = []; // texts, of the last one
  from = null; // place that it stands for
  got = []; // ids since then
  problems = [];
  deaf = false; // frozen: answers nothing

  constructor(hub, server) {
    this.server = server;
    this.send = hub.join((message) => { if (!this.deaf) this.receive(JSON.parse(JSON.stringify(message))); });
  }

  open(types, fresh = true) {
    this.ok &&= types.every((type) => this.types.includes(type));
    this.types = types;
    if (fresh) this.last = '';
    this.n++;
    this.send({ op: 'open', n: this.n, types, last: this.last, ok: this.ok });
  }

  leave() { this.send({ op: 'leave' }); }

  receive(m) {
    if (m.op === 'ping') this.send({ op: 'pong' });
    else if (m.op === 'lost') this.open(this.types, false);
    else if (m.n === this.n) this.#take(m);
  }

  #take(m) {
    if (m.op === 'state') this.states.push(m.name);
    if (m.op === 'begin') {
      this.begins.push(m.state);
      this.staged = m.state === 'resumed' ? null : [];
      if (this.staged) this.last = '';
    }
    if (m.op === 'event' || m.op === 'retract') this.#event(m);
    if (m.op === 'live') {
      this.ok = true;
      this.lives++;
      if (this.staged) Object.assign(this, { snapshot: this.staged, from: m.id, got: [], staged: null });
    }
    if (m.id) this.last = m.id;
  }

  #event(m) {
    if (this.staged && !m.id) {
      this.staged.push(m.text);
      return;
    }
    if (this.staged) this.problems.push(`an event ${m.id} before the snapshot was complete`);
    if (!m.id) this.problems.push('an event without a place after the snapshot');
    this.got.push(m.id);
  }

  /** Whether it holds what the server has printed: throws what is wrong. */
  check() {
    const { log, epoch } = this.server;
    const fail = (what) => { throw new Error(`${what}; it reads ${this.types}, began ${this.begins} at ${this.from}, states ${this.states}`); };
    if (this.problems.length > 0) fail(this.problems[0]);
    if (this.states.at(-1) !== 'live') fail('not live');
    if (!this.from) fail('no snapshot');
    const [of, n] = this.from.split('-');
    if (of !== epoch) fail('of another log');
    const then = new this.server.constructor();
    then.log = log.slice(0, Number(n));
    const values = then.values(this.types).map((e) => e.text);
    if (values.join() !== this.snapshot.join()) fail(`the snapshot is ${this.snapshot}, want ${values}`);
    const want = log.filter((e) => e.n > Number(n) && this.server.wants(this.types, e)).map((e) => `${epoch}-${e.n}`);
    if (want.join() !== this.got.join()) fail(`was given ${this.got}, want ${want}`);
  }
}

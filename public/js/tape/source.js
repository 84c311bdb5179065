// What a tape shows: the link to /latest, the values that it brought, the server's
// clock, and how fresh both are. No DOM here.

import { Latest } from '../latest.js';
import { LIMITS, Store, millis } from '../store.js';

const DIM = 5_000; // ms without a link after which what is shown is called old
const CATALOGUE = 5_000; // ms for an answer of /topics
const topicOf = (type) => type.split('.')[0];
// What * means: the state of the feeds is nothing for a tape, unless it is asked for by name.
const everything = (types) => types.slice(0, LIMITS.topics).map((type) => topicOf(String(type))).filter((topic) => topic !== 'feeds');
const sample = (ms) => ms - performance.now();

export class Source {
  #url; #types; #on; #link; #store;
  #gone = new AbortController(); // ends the request for the catalogue
  #topics; // in the order in which they were asked for
  #offset = sample(Date.now()); // the server's time less the steady clock
  #state = 'idle';
  #ready = false; // a snapshot has come
  #live = false; // what comes now has just been printed
  #lostAt = null; // server's time when the link was last known to be well
  #restoredAt = null; // server's time when what is shown was saved, until a snapshot has come
  #heard = -Infinity; // by the steady clock
  #count = 0; // events
  #known = null; // names of the topics that the server has
  #build = '';

  /**
   * Reads types from url, of a GET /latest, at once and until close; share, reload and
   * timing are those of latest.js. on is told changed(topic), when other items are to be
   * shown (without a topic: all are); item(topic, item), for each that comes live;
   * state(). With on.missing(names) topics that the server has not are told and left
   * out; without, they keep the rest away.
   */
  constructor({ url, types, share, reload, timing }, on) {
    this.#url = url;
    this.#types = types;
    this.#on = on;
    this.#topics = [...new Set(types.map(topicOf))];
    this.#store = new Store((topic) => on.changed(topic));
    this.#link = new Latest({
      state: (name, silence) => this.#moved(name, silence),
      begin: (how, data) => this.#begin(how, data),
      event: (topic, text, id) => this.#event(topic, text, id),
      retract: (data) => { if (!this.#store.retract(data)) this.#link.refresh(); },
      live: () => this.#caughtUp(),
      time: (ms) => this.#told(ms),
    }, { url, share, reload, timing });
    this.#start();
  }

  /** The server's time, milliseconds since 1970. */
  get now() { return this.#offset + performance.now(); }

  /** The link's state, as latest.js calls it. */
  get link() { return this.#state; }

  /** Whether a snapshot has come. */
  get ready() { return this.#ready; }

  /** The server's time when the link was lost, if that is so long ago that it matters; else null. */
  get lostAt() {
    if (this.#restoredAt !== null) return this.#restoredAt;
    return this.#lostAt !== null && (this.#state === 'offline' || this.now - this.#lostAt > DIM) ? this.#lostAt : null;
  }

  /** For how many ms nothing was heard; Infinity before the first word. */
  get silence() { return performance.now() - this.#heard; }

  /** Events that have come, snapshots included. */
  get count() { return this.#count; }

  /** The server's build, or ''. */
  get build() { return this.#build; }

  /** How the stream is shared, see latest.js. */
  get sharing() { return this.#link.sharing; }

  /** Names of the topics that are read, in the order in which they were asked for. */
  get topics() { return this.#topics.filter((name) => name !== '*'); }

  /** By how many ms the server's clock is ahead of this machine's. */
  get skew() { return this.now - Date.now(); }

  /** The server's time when the link was last well, if it is not now; null also before the first snapshot. */
  get since() { return this.#lostAt; }

  /** What a topic's values are: {mode, key}. */
  spec(topic) { return this.#store.spec(topic); }

  /** The entries to show, at most so many of a topic: {key, topic, item, lasting}; keys are unique among all topics. */
  entries(most) {
    return this.#topics.flatMap((topic) => {
      const lasting = this.#store.spec(topic).mode === 'latest';
      return this.#store.list(topic).slice(0, most).map((item) => ({ key: `${topic} ${item.key}`, topic, item, lasting }));
    });
  }

  /** The items of a topic: newest first, or by key where only the newest of a key counts. */
  list(topic) { return this.#store.list(topic); }

  /** Removes what has expired. */
  sweep() { this.#store.sweep(this.now); }

  /** What is shown, as text for storage; null when there is nothing new to keep, or too much. */
  save() { return this.#ready ? this.#store.save(this.now) : null; }

  /** Shows what save has returned, as old, until a snapshot takes its place. False when the text is none. */
  restore(text) {
    if (this.#ready) return false;
    const at = this.#store.load(text, this.now);
    if (at === null) return false;
    // A machine without a clock of its own starts in the past.
    this.#offset = Math.max(this.#offset, sample(at));
    this.#restoredAt = at;
    if (this.#types.includes('*')) this.#topics = ['*', ...this.#store.topics];
    this.#on.changed();
    return true;
  }

  /** Asks for the catalogue again, and reads what it has of what was asked for: for when topics are missing, or the server is away. */
  async check() {
    const before = JSON.stringify(this.#wanted());
    await this.#learn();
    if (!this.#gone.signal.aborted && JSON.stringify(this.#wanted()) !== before) this.#link.open(this.#wanted());
  }

  /** Lets go of everything, for good. */
  close() {
    this.#gone.abort();
    this.#link.close();
  }

  // A topic that is not one of the usual ones may be of either mode: it is asked for
  // first, so that a snapshot is not read wrongly.
  async #start() {
    const usual = this.#topics.every((topic) => topic !== '*' && this.#store.spec(topic).key !== '');
    if (usual) this.#link.open(this.#types);
    const before = JSON.stringify(this.#specs());
    await this.#learn();
    if (this.#gone.signal.aborted) return;
    const wanted = this.#wanted();
    if (!usual || wanted.length < this.#types.length) this.#link.open(wanted);
    else if (JSON.stringify(this.#specs()) !== before) this.#link.refresh();
  }

  // The types that can be read. If none can, all are asked for: the refusal shows.
  #wanted() {
    if (!this.#on.missing || !this.#known) return this.#types;
    const types = this.#types.filter((type) => type === '*' || this.#known.has(topicOf(type)));
    return types.length > 0 ? types : this.#types;
  }

  #specs() { return this.#topics.map((topic) => this.#store.spec(topic)); }

  async #learn() {
    try {
      const signal = AbortSignal.any([this.#gone.signal, AbortSignal.timeout(CATALOGUE)]);
      const answer = await fetch(new URL('topics', this.#url), { signal, headers: { Accept: 'application/json' } });
      const { topics } = answer.ok ? await answer.json() : {};
      if (Array.isArray(topics) && topics.length > 0) this.#describe(topics.filter((topic) => typeof topic?.name === 'string'));
    } catch { /* the usual topics are known, and the link's state says that the server is away */ }
  }

  #describe(topics) {
    this.#store.describe(topics);
    const missing = this.#topics.filter((name) => name !== '*' && !topics.some((topic) => topic.name === name));
    this.#known = new Set(topics.map(({ name }) => name));
    if (this.#on.missing) this.#on.missing(missing);
    else if (missing.length > 0) console.warn(`ticker-tape: ${new URL(this.#url).origin} has no topic ${missing.join(', ')}`);
  }

  // The quickest message is the nearest.
  #told(ms) {
    this.#heard = performance.now();
    this.#offset = Math.max(this.#offset, sample(ms));
  }

  #begin(how, data) {
    const ms = millis(data.time);
    if (ms !== null) this.#offset = sample(ms);
    this.#live = false;
    this.#store.begin(how);
    if (this.#types.includes('*') && Array.isArray(data.topics)) this.#topics = everything(data.topics);
    if (this.#build && data.build !== this.#build) this.#learn();
    this.#build = String(data.build ?? '');
  }

  #event(topic, text, id) {
    this.#count++;
    this.#heard = performance.now();
    const item = this.#store.put(topic, text, id, this.now);
    if (this.#live && item) this.#on.item(topic, item);
  }

  #caughtUp() {
    this.#ready = true;
    this.#restoredAt = null;
    this.#live = true;
    this.#store.commit();
    this.#on.changed();
  }

  #moved(name, silence) {
    this.#state = name;
    if (name === 'live') this.#lostAt = null;
    else if (this.#ready) this.#lostAt ??= this.now - silence;
    this.#on.state();
  }
}

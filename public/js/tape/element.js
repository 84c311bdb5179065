// <ticker-tape>: attributes in, a tape out. It owns what it started and lets go of all
// of it when it leaves the page: the link, one timer, one frame, the observers.

import { Format } from '../format.js';
import { set } from '../dom.js';
import { texts } from '../texts.js';
import { Announcer } from './announcer.js';
import { ATTRIBUTES, OBSERVED, reflect, types } from './attributes.js';
import { Controls } from './controls.js';
import { Crawl } from './crawl.js';
import { Flip } from './flip.js';
import { frame } from './frame.js';
import { List } from './list.js';
import { credited, describe, isOld } from './row.js';
import { Source } from './source.js';

const TICK = 1000; // ms between two looks at ages
const DROP = 3; // times its topic's age after which a value is shown no more
const MODES = { crawl: Crawl, flip: Flip, list: List };
const READS = ['reload', 'share', 'src', 'type']; // attributes that mean another stream
const HOME = new URL('../../', import.meta.url); // of the server that this script came from

export class TickerTape extends HTMLElement {
  static observedAttributes = OBSERVED;

  #frame; #controls; #announcer;
  #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #source = null; // while it is on a page
  #gone = null; // AbortController of the listeners
  #timer = 0;
  #drawing = 0; // the frame that was asked for
  #eye = null; // IntersectionObserver
  #format; #t;
  #mode = ''; // the one that is shown
  #tape = null;
  #slow = false; // the machine could not keep up with a crawl
  #entries = []; // shown now
  #held = new Map(); // items by key, as they were shown when it was paused
  #newer = 0;
  #seen = true; // on the screen
  #touched = new Set(); // what keeps it still for a moment: pointer, focus
  #told = ''; // the last ticker-state, as text

  constructor() {
    super();
    this.#frame = frame(this.attachShadow({ mode: 'open' }));
    this.#controls = new Controls(this.#frame.controls, this.#frame.bar, {
      toggle: () => (this.paused ? this.resume() : this.pause()),
      step: (by) => this.#tape?.step(by),
      rtl: () => this.#rtl(),
    });
    this.#announcer = new Announcer(this.#frame.polite, this.#frame.urgent);
    this.#frame.bar.dataset.height = this.#calm.matches ? 'list' : ATTRIBUTES.mode.standard;
  }

  // --- what a page can call

  /** Stops the tape: nothing moves and nothing changes until resume. */
  pause() { this.paused = true; }

  /** Goes on with what is current. */
  resume() { this.paused = false; }

  /** Shows the next item. */
  next() { this.#tape?.step(1); }

  /** Shows the previous item. */
  previous() { this.#tape?.step(-1); }

  // --- life

  connectedCallback() {
    if (this.#gone) return;
    for (const name of Object.keys(ATTRIBUTES)) this.#upgrade(name);
    this.#gone = new AbortController();
    this.#watch(this.#gone.signal);
    this.#timer = setInterval(() => this.#tick(), TICK);
    this.#settle();
    this.#read();
  }

  disconnectedCallback() {
    if (this.isConnected) return; // moved
    this.#gone?.abort();
    this.#gone = null;
    this.#eye?.disconnect();
    this.#eye = null;
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#drawing);
    this.#drawing = 0;
    this.#source?.close();
    this.#source = null;
    this.#tape?.close();
    this.#tape = null;
    this.#mode = '';
    this.#slow = false;
    this.#touched.clear();
  }

  attributeChangedCallback(name, before, after) {
    if (!this.#gone || before === after) return;
    if (READS.includes(name)) this.#read();
    else if (name === 'paused') this.#paused();
    else this.#settle();
  }

  // What was set on the element before it was defined hides the property.
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  #watch(signal) {
    const { tape } = this.#frame;
    const touch = (what, on) => {
      if (on) this.#touched.add(what);
      else this.#touched.delete(what);
      this.#run();
    };
    this.#calm.addEventListener('change', () => this.#settle(), { signal });
    document.addEventListener('visibilitychange', () => this.#look(), { signal });
    tape.addEventListener('pointerenter', (event) => { if (event.pointerType !== 'touch') touch('pointer', true); }, { signal });
    tape.addEventListener('pointerleave', () => touch('pointer', false), { signal });
    tape.addEventListener('focusin', (event) => touch('focus', event.target.matches(':focus-visible')), { signal });
    tape.addEventListener('focusout', () => touch('focus', false), { signal });
    this.#eye = new IntersectionObserver(([...views]) => {
      this.#seen = views.at(-1).isIntersecting;
      this.#look();
    });
    this.#eye.observe(this);
  }

  /** Opens the stream that type and src ask for. */
  #read() {
    this.#source?.close();
    this.#entries = [];
    this.#hold();
    this.#tape?.update([], this.#context());
    this.#source = new Source({ url: this.#address(), types: types(this.type), share: this.share, reload: this.reload }, {
      changed: () => this.#draw(),
      item: (topic, item) => this.#came(topic, item),
      state: () => this.#draw(),
    });
    this.#draw();
  }

  // The server's own address, one that ends in a slash, or that of a /latest.
  #address() {
    try {
      const url = new URL(this.src || HOME, this.src ? document.baseURI : undefined);
      if (url.pathname.endsWith('/')) url.pathname += 'latest';
      if (url.protocol === 'https:' || url.protocol === 'http:') return url.href;
    } catch { /* not an address */ }
    return new URL('latest', HOME).href;
  }

  // --- how it is shown

  /** Brings language and mode in step with the attributes. */
  #settle() {
    const languages = this.#languages();
    this.#t = texts(languages);
    this.#format = new Format({ lang: languages, tz: this.tz, units: this.units });
    const calm = this.#calm.matches;
    const mode = calm ? 'list' : this.mode === 'crawl' && this.#slow && this.fallback === 'flip' ? 'flip' : this.mode;
    this.#frame.bar.dataset.height = calm ? 'list' : this.mode;
    if (mode !== this.#mode) {
      this.#tape?.close();
      this.#mode = mode;
      this.#frame.tape.dataset.mode = mode;
      this.#tape = new MODES[mode](this.#frame.tape, () => {
        this.#slow = true;
        this.#settle();
      });
      if (mode === 'crawl') this.#frame.tape.role = 'marquee';
      else this.#frame.tape.removeAttribute('role');
      this.#tape.update(this.#entries, this.#context());
    }
    this.#draw();
  }

  // The page's language is meant where the element names none; of its regions the
  // reader's own.
  #languages() {
    if (this.lang) return [this.lang];
    const page = this.closest('[lang]')?.lang;
    const reader = [...navigator.languages];
    if (!page) return reader;
    return [reader.find((tag) => tag.split('-')[0] === page.split('-')[0] && !page.includes('-')) ?? page, ...reader];
  }

  #rtl() { return this.matches(':dir(rtl)'); }

  #context() {
    return {
      format: this.#format,
      t: this.#t,
      now: this.#source?.now ?? 0,
      key: (topic) => this.#source?.spec(topic).key ?? '',
      label: this.label || this.#t('tape.label'),
      dwell: this.dwell,
      speed: this.speed,
      rtl: this.#rtl(),
    };
  }

  #visible() { return this.#seen && !document.hidden; }

  #look() {
    if (this.#visible()) this.#draw();
    this.#run();
  }

  #run() {
    this.#tape?.run(this.#visible() && !this.paused && this.#touched.size === 0 && this.#entries.length > 0);
  }

  /** Draws in the next frame. What nobody sees is drawn when it is seen. */
  #draw() {
    if (!this.#gone || !this.#visible()) return;
    this.#drawing ||= requestAnimationFrame(() => {
      this.#drawing = 0;
      this.#show();
    });
  }

  #show() {
    const entries = this.#current();
    if (this.paused && this.#entries.length > 0) {
      this.#newer = entries.filter(({ key, item }) => !alike(this.#held.get(key), item)).length;
    } else {
      this.#entries = entries;
      if (this.paused) this.#hold();
    }
    const context = this.#context();
    this.#tape.update(this.#entries, context);
    this.#run();
    this.#tell(context);
  }

  #current() {
    if (!this.#source) return [];
    const { now } = this.#source;
    return credited(this.#source.entries(this.max).filter((entry) => !isOld(entry, now, DROP)));
  }

  #paused() {
    this.#hold();
    if (this.paused) {
      this.#announcer.forget();
    } else {
      this.#entries = this.#current();
      this.#tape.update(this.#entries, this.#context());
      this.#tape.restart();
    }
    this.#draw();
    this.#run();
  }

  // Remembers what is shown, so that what is newer can be counted.
  #hold() {
    this.#newer = 0;
    this.#held = new Map(this.#entries.map(({ key, item }) => [key, item]));
  }

  // --- what is said about it

  #tell(context) {
    const { bar, name, tape, still, slots, status } = this.#frame;
    const { t, label } = context;
    const { link, lostAt } = this.#source;
    const data = this.#data();
    if (bar.ariaLabel !== label) bar.ariaLabel = label;
    if (this.#mode === 'crawl' && tape.ariaLabel !== label) tape.ariaLabel = label;
    set(name, label);
    bar.classList.toggle('old', data === 'old' || data === 'stale');
    this.#controls.update({ t, label, paused: this.paused, newer: this.#newer, which: this.controls });

    still.hidden = this.#entries.length > 0;
    const blank = data === 'empty' ? 'empty' : link === 'offline' || link === 'reconnecting' ? 'error' : 'waiting';
    const shown = blank === 'error' && slots.error.assignedNodes().length === 0 && slots.waiting.assignedNodes().length > 0 ? 'waiting' : blank;
    for (const [name, slot] of Object.entries(slots)) slot.hidden = name !== shown;
    set(slots.waiting, t('link.connecting'));
    set(slots.empty, t('data.nothing'));
    set(slots.error, t('tape.error'));

    const words = this.#entries.length > 0 ? this.#troubles(context, link, data, lostAt).join(' · ') : '';
    const simulated = this.#entries.length > 0 && this.#entries.every(({ item }) => item.data.simulated === true);
    bar.classList.toggle('simulated', simulated);
    set(this.#frame.words, words);
    set(this.#frame.simulated, simulated ? t('data.simulated') : '');
    status.hidden = words === '' && !simulated;
    status.classList.toggle('fine', words === '');
    this.#state(link, data, lostAt);
  }

  // What is not fine, in words: the link, and how old what it brought is.
  #troubles({ t, format, now }, link, data, lostAt) {
    const time = format.asOf(lostAt ?? now, now);
    if (data === 'stale') return [t('data.stale')];
    if (lostAt === null) return [];
    return link === 'offline' ? [t('link.offline', { time })] : [t(`link.${link}`, { time }), t('data.as_of', { time })];
  }

  // waiting, empty, current, old (the link is gone) or stale (nobody prints any more).
  #data() {
    if (!this.#source.ready) return 'waiting';
    if (this.#entries.length === 0) return 'empty';
    if (this.#source.lostAt !== null) return 'old';
    const { now } = this.#source;
    return this.#entries.every((entry) => isOld(entry, now)) ? 'stale' : 'current';
  }

  #state(link, data, lostAt) {
    const detail = { link, data, since: lostAt === null ? null : new Date(lostAt).toISOString(), mode: this.#mode, paused: this.paused, newer: this.#newer };
    const told = JSON.stringify(detail);
    if (told === this.#told) return;
    this.#told = told;
    this.dispatchEvent(new CustomEvent('ticker-state', { bubbles: true, composed: true, detail }));
  }

  #came(topic, item) {
    const lasting = this.#source.spec(topic).mode === 'latest';
    const detail = { topic, key: item.key, id: item.id, data: item.data };
    this.dispatchEvent(new CustomEvent('ticker-item', { bubbles: true, composed: true, detail }));
    if (!this.#source || this.announce === 'off') return; // whoever listened may have taken the element away
    const { title, note, alert } = describe({ key: '', topic, item, lasting }, this.#context());
    if (!alert && (lasting || this.paused)) return;
    this.#announcer.add(this.announce, lasting && note ? `${title}, ${note}` : title, alert);
  }

  #tick() {
    this.#source.sweep();
    this.#announcer.tick(this.announce, this.#t, performance.now());
    this.#draw(); // ages go on
  }
}

// The same again, in another snapshot, is nothing new.
const alike = (a, b) => a === b || (a !== undefined && JSON.stringify(a.data) === JSON.stringify(b.data));

reflect(TickerTape.prototype);

// What whoever hangs up the display photographs and sends: build, link, feeds, memory,
// errors. Costs nothing while it is closed.

import { Feeds } from '../feeds.js';
import { Format, MISSING } from '../format.js';
import { make, set, Rows } from '../nodes.js';
import { format, settings, t } from '../page.js';

const ERRORS = 5; // the last ones that are kept
const FRAMES = 1000; // ms between two counts

function fact() {
  const node = make('div');
  const name = node.appendChild(make('dt'));
  const value = node.appendChild(make('dd'));
  value.dir = 'auto';
  return {
    node,
    update({ key, text }) {
      set(name, t(`kiosk.d_${key}`));
      set(value, text || MISSING);
    },
  };
}

function trouble() {
  const node = make('li');
  return { node, update: ({ text }) => set(node, text) };
}

export class Diagnostics {
  #root; #source; #wake; #facts; #errors; #feeds;
  #problems = []; // {key, text}, newest first
  #n = 0;
  #began = performance.now();
  #frame = 0;
  #counted = { frames: 0, since: 0, rate: 0 };

  /** Fills an element that is hidden. */
  constructor(root, source, wake) {
    this.#root = root;
    this.#source = source;
    this.#wake = wake;
    root.setAttribute('aria-label', t('kiosk.diagnostics'));
    root.tabIndex = 0; // to be scrolled by keys
    root.append(make('h2', '', t('kiosk.diagnostics')));
    this.#facts = new Rows(root.appendChild(make('dl')), fact);
    const frame = root.appendChild(make('section'));
    const sum = frame.appendChild(make('p', 'sum'));
    this.#feeds = new Feeds(frame, sum, frame.appendChild(make('ul')));
    root.append(make('h3', '', t('kiosk.d_errors')));
    this.#errors = new Rows(root.appendChild(make('ul', 'errors')), trouble);
    addEventListener('error', ({ message, error }) => this.note(message ?? error));
    addEventListener('unhandledrejection', ({ reason }) => this.note(reason));
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) => this.note(`${violatedDirective} ${blockedURI}`));
  }

  /** The states of the feeds. */
  get feeds() { return this.#feeds; }

  get open() { return !this.#root.hidden; }

  toggle(on = !this.open) {
    this.#root.hidden = !on;
    cancelAnimationFrame(this.#frame);
    if (!on) return;
    this.#counted = { frames: 0, since: performance.now(), rate: 0 };
    this.#count();
    this.tick();
  }

  /** Keeps an error; what it says is text. */
  note(error) {
    const text = `${format.hourMinuteSecond(this.#source?.now ?? Date.now())} ${Format.clip(error?.message ?? error, 200)}`;
    this.#problems = [{ key: String(++this.#n), text }, ...this.#problems].slice(0, ERRORS);
  }

  tick() {
    if (!this.open) return;
    this.#facts.update(Object.entries(this.#all()).map(([key, text]) => ({ key, text })));
    this.#errors.update(this.#problems.length > 0 ? this.#problems : [{ key: 'none', text: t('kiosk.d_none') }]);
  }

  #all() {
    const source = this.#source;
    const { memory } = performance;
    const heard = source.silence;
    return {
      build: source.build,
      screen: settings.screen,
      link: [t(`link.${source.link}`, { time: format.asOf(source.since ?? source.now, source.now) }), source.sharing].filter(Boolean).join(' · '),
      heartbeat: Number.isFinite(heard) ? format.duration(heard / 1000) : '',
      events: format.number(source.count),
      time: `${format.full(source.now)} · ${format.zone} · ${format.change(source.skew / 1000, ' s')}`,
      up: format.duration((performance.now() - this.#began) / 1000),
      heap: memory ? `${format.bytes(memory.usedJSHeapSize)} / ${format.bytes(memory.jsHeapSizeLimit)}` : '',
      nodes: format.number(document.getElementsByTagName('*').length),
      fps: this.#counted.rate > 0 ? format.number(this.#counted.rate) : '',
      wake: t(`kiosk.wake_${this.#wake.state}`),
      window: `${innerWidth} × ${innerHeight} × ${format.number(devicePixelRatio, 2)}`,
    };
  }

  #count() {
    this.#frame = requestAnimationFrame((now) => {
      const counted = this.#counted;
      counted.frames++;
      if (now - counted.since >= FRAMES) {
        counted.rate = (1000 * counted.frames) / (now - counted.since);
        counted.frames = 0;
        counted.since = now;
      }
      if (this.open) this.#count();
    });
  }
}

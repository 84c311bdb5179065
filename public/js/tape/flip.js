// The tape that shows one item at a time, whole, for as long as it takes to read. A
// title that does not fit is shown page by page.

import { make } from '../dom.js';
import { row } from './row.js';
import { Sequence } from './sequence.js';

const TURN = { duration: 320, easing: 'cubic-bezier(0.2, 0, 0, 1)' };
const IN = [{ opacity: 0, translate: '0 60%' }, { opacity: 1, translate: '0 0' }];
const OUT = [{ opacity: 1, translate: '0 0' }, { opacity: 0, translate: '0 -60%' }];
const PAGES = 8; // of one title

/** A mode of the tape, see list.js. One timer, and only while it runs. */
export class Flip {
  #list;
  #sequence = new Sequence();
  #shown = row(); // the item that is read
  #other = row(); // the one that leaves, or waits to come
  #key = null; // what shown shows
  #page = 0;
  #timer = 0;
  #running = false;
  #context;

  constructor(root) {
    this.#list = root.appendChild(make('ul', 'items'));
    this.#list.append(this.#shown.node, this.#other.node);
    retire(this.#shown);
    retire(this.#other);
  }

  update(entries, context) {
    this.#context = context;
    this.#sequence.update(entries);
    const entry = this.#key === null ? null : this.#sequence.get(this.#key);
    if (entry) this.#shown.update(entry, context);
    else this.#show(this.#sequence.next());
  }

  run(on) {
    if (on === this.#running) return;
    this.#running = on;
    this.#arm();
  }

  /** Shows the next item at once, or with -1 the one before. */
  step(by) {
    const entry = by > 0 ? this.#sequence.next() : this.#sequence.before(this.#key);
    if (by < 0 && entry) this.#sequence.seek(entry.key);
    this.#show(entry);
    this.#arm();
  }

  restart() {
    this.#sequence.restart();
    this.#show(this.#sequence.next());
    this.#arm();
  }

  close() {
    clearTimeout(this.#timer);
    this.#list.remove();
  }

  #arm() {
    clearTimeout(this.#timer);
    this.#timer = this.#running ? setTimeout(() => this.#turn(), 1000 * this.#context.dwell) : 0;
  }

  #turn() {
    if (this.#page + 1 < this.#pages()) this.#turnTo(this.#page + 1);
    else this.#show(this.#sequence.next());
    this.#arm();
  }

  // Asks for the layout: once an item, not once a frame.
  #pages() {
    const { line, title } = this.#shown;
    const pages = Math.ceil(title.offsetHeight / (line.clientHeight || 1) - 0.25); // heights are rounded; a line is half a page at most
    return Math.min(PAGES, Math.max(1, pages));
  }

  #turnTo(page) {
    this.#page = page;
    const { line, title } = this.#shown;
    title.style.translate = page === 0 ? '' : `0 ${-page * line.clientHeight}px`;
  }

  #show(entry) {
    const same = entry !== null && entry.key === this.#key;
    this.#turnTo(0);
    if (same) {
      this.#shown.update(entry, this.#context);
      return;
    }
    const first = this.#key === null;
    this.#key = entry?.key ?? null;
    for (const { node } of [this.#shown, this.#other]) for (const motion of node.getAnimations()) motion.cancel();
    retire(this.#other);
    [this.#shown, this.#other] = [this.#other, this.#shown];
    if (!entry || first) retire(this.#other);
    else leave(this.#other);
    if (!entry) return;
    this.#turnTo(0);
    this.#shown.update(entry, this.#context);
    enter(this.#shown, first);
  }
}

function retire({ node }) {
  node.hidden = true;
  node.inert = true;
}

function leave(gone) {
  gone.node.inert = true;
  const motion = gone.node.animate(OUT, { ...TURN, fill: 'forwards' });
  motion.onfinish = () => {
    retire(gone);
    motion.cancel();
  };
}

function enter({ node }, first) {
  node.hidden = false;
  node.inert = false;
  if (!first) node.animate(IN, TURN);
}

// The still tape: all items, one below the other. Also what a reader gets who asked
// for less motion.

import { make, Rows } from '../dom.js';
import { row } from './row.js';

/**
 * A mode of the tape: it fills root and is told update(entries, context), run(on),
 * step(by), restart(), close(). This one moves only when its reader scrolls it.
 */
export class List {
  #scroller; #list; #rows;

  constructor(root) {
    this.#scroller = root.appendChild(make('div', 'scroller'));
    this.#scroller.tabIndex = 0; // to be scrolled by keys
    this.#scroller.role = 'group';
    this.#list = this.#scroller.appendChild(make('ul', 'items'));
    this.#rows = new Rows(this.#list, row);
  }

  update(entries, context) {
    this.#scroller.ariaLabel = context.label;
    this.#rows.update(entries, context);
  }

  run() {}

  /** Scrolls to the next item, or with -1 to the one before. */
  step(by) {
    const top = this.#scroller.scrollTop;
    const tops = [...this.#list.children].map((node) => node.offsetTop);
    const there = by > 0 ? tops.find((y) => y > top + 1) : tops.findLast((y) => y < top - 1);
    if (there !== undefined) this.#scroller.scrollTop = there;
  }

  restart() { this.#scroller.scrollTop = 0; }

  close() { this.#scroller.remove(); }
}

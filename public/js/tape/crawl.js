// The tape that moves. Items are laid on it before its edge, one after another, and are
// taken off once they have left: the nodes are as many as the tape is wide, however
// long the list. A frame costs one transform and asks for no layout; widths come from
// a ResizeObserver, once an item.
//
// All places are CSS pixels along the tape, in the direction in which it is read: what
// is at `position` is at the near edge. Right to left is the same tape, mirrored.

import { make } from '../dom.js';
import { row } from './row.js';
import { Sequence } from './sequence.js';

const AHEAD = 400; // laid out beyond the edge, so that nothing is measured in sight
const GUESS = 160; // width of what was not measured yet
const MOST = 64; // nodes
const FAR = 1e5; // places are counted anew then: floats have an end
const LEAP = 250; // ms between two frames that count as an interruption, not as slowness
const SLOW = { frames: 120, ms: 40 }; // so many frames this slow on average: not to be called motion

/** A mode of the tape, see list.js; slow() is called when the machine cannot keep up. */
export class Crawl {
  #root; #list; #slow;
  #sequence = new Sequence();
  #cells = []; // on the tape, in order: {key, row, at, slot: width or 0, placed: what its transform says}
  #spare = []; // rows that left
  #byNode = new Map(); // node -> cell
  #context = null;
  #position = 0;
  #view = 0; // width of the window on the tape
  #sign = 1; // -1 from right to left
  #frame = 0;
  #running = false;
  #last = 0; // time of the last frame
  #pace = { frames: 0, ms: 0 };
  #align = null; // a cell to bring to the edge once it is measured
  #observer = new ResizeObserver((sizes) => this.#measured(sizes));

  constructor(root, slow) {
    this.#root = root;
    this.#slow = slow;
    this.#list = root.appendChild(make('ul', 'items'));
    this.#list.addEventListener('focusin', (event) => this.#reveal(event.target));
    this.#observer.observe(root);
  }

  update(entries, context) {
    this.#context = context;
    this.#turn(context.rtl ? -1 : 1);
    this.#sequence.update(entries);
    for (const cell of this.#cells) {
      const entry = this.#sequence.get(cell.key);
      // What was withdrawn leaves a hole: nothing in sight jumps.
      cell.row.node.classList.toggle('gone', entry === null);
      if (entry) cell.row.update(entry, context);
    }
    if (entries.length === 0) this.#clear();
    this.#mark();
    this.#ask();
  }

  run(on) {
    if (on === this.#running) return;
    this.#running = on;
    this.#last = 0;
    this.#pace = { frames: 0, ms: 0 };
    if (on) this.#ask();
  }

  /** Brings the next item to the edge, or with -1 the one before. */
  step(by) {
    if (by > 0) {
      const next = this.#cells.find((cell) => cell.at > this.#position + 1);
      const last = this.#cells.at(-1); // so long that nothing is laid after it yet
      if (next) this.#move(next.at);
      else if (last) this.#move(last.at + last.slot);
    } else {
      const before = this.#cells.findLast((cell) => cell.at < this.#position - 1);
      if (before) this.#move(before.at);
      else this.#layBefore();
    }
    this.#ask();
  }

  restart() {
    this.#clear();
    this.#sequence.restart();
    this.#ask();
  }

  close() {
    cancelAnimationFrame(this.#frame);
    this.#observer.disconnect();
    this.#list.remove();
  }

  #ask() { this.#frame ||= requestAnimationFrame((now) => this.#tick(now)); }

  #tick(now) {
    this.#frame = 0;
    if (this.#running) {
      const passed = this.#last ? now - this.#last : 0;
      this.#last = now;
      if (passed < LEAP) {
        this.#count(passed);
        this.#move(this.#position + (passed * this.#context.speed) / 1000);
      }
    }
    if (this.#view > 0) {
      this.#takeOff();
      this.#layAhead();
    }
    if (this.#running) this.#ask();
  }

  #count(passed) {
    const pace = this.#pace;
    pace.ms += passed;
    if (++pace.frames < SLOW.frames) return;
    if (pace.ms / pace.frames > SLOW.ms) this.#slow();
    this.#pace = { frames: 0, ms: 0 };
  }

  #move(position) {
    this.#position = position;
    if (position > FAR) this.#recount();
    this.#list.style.transform = `translate3d(${-this.#sign * this.#position}px, 0, 0)`;
  }

  #turn(sign) {
    if (sign === this.#sign) return;
    this.#sign = sign;
    this.#move(this.#position);
    this.#place();
  }

  #recount() {
    for (const cell of this.#cells) cell.at -= this.#position;
    this.#position = 0;
    this.#place();
  }

  // --- what lies on the tape

  #lay(entry, first = false) {
    const made = this.#spare.pop() ?? row();
    const cell = { key: entry.key, row: made, at: this.#position, slot: 0, placed: NaN };
    made.update(entry, this.#context);
    made.node.classList.add('unmeasured');
    made.node.classList.remove('gone');
    this.#byNode.set(made.node, cell);
    if (first) {
      this.#cells.unshift(cell);
      this.#list.prepend(made.node);
    } else {
      this.#cells.push(cell);
      this.#list.append(made.node);
    }
    this.#observer.observe(made.node);
    return cell;
  }

  #take(cell) {
    this.#observer.unobserve(cell.row.node);
    this.#byNode.delete(cell.row.node);
    cell.row.node.remove();
    if (this.#spare.length < MOST) this.#spare.push(cell.row);
    if (this.#align === cell) this.#align = null;
  }

  #layAhead() {
    const before = this.#cells.length;
    let end = this.#cells.reduce((at, cell) => Math.max(at, cell.at + (cell.slot || GUESS)), this.#position);
    const unplaced = this.#cells.filter((cell) => cell.slot === 0).length;
    if (unplaced > 0) end += unplaced * GUESS;
    while (end < this.#position + this.#view + AHEAD && this.#cells.length < MOST) {
      const entry = this.#sequence.next();
      if (!entry) break;
      this.#lay(entry);
      end += GUESS;
    }
    if (this.#cells.length !== before) this.#mark();
  }

  // Before the first on the tape; it comes to the edge once its width is known.
  #layBefore() {
    const first = this.#cells[0];
    const entry = first && !this.#align ? this.#sequence.before(first.key) : null;
    if (!entry) return;
    this.#align = this.#lay(entry, true);
    this.#mark();
  }

  #takeOff() {
    const cells = this.#cells;
    const { length } = cells;
    while (cells.length > 1 && cells[0].slot > 0 && cells[0].at + cells[0].slot <= this.#position) this.#take(cells.shift());
    if (cells.length < length) this.#mark();
    // After steps back there may be more ahead than is needed.
    const far = this.#position + this.#view + 4 * AHEAD;
    while (cells.length > 2 && cells.at(-1).slot > 0 && cells.at(-1).at > far) {
      this.#take(cells.pop());
      this.#sequence.seek(cells.at(-1).key);
    }
  }

  #clear() {
    for (const cell of this.#cells) this.#take(cell);
    this.#cells = [];
    this.#move(0);
  }

  // A list that is shorter than the tape comes round while it is still in sight: what
  // is there twice is there once for readers who do not see it.
  #mark() {
    const keys = new Set();
    for (const { key, row: { node } } of this.#cells) {
      const again = keys.has(key);
      keys.add(key);
      if (node.inert !== again) node.inert = again;
      if (again) node.ariaHidden = 'true';
      else node.removeAttribute('aria-hidden');
    }
  }

  // --- where it lies

  #measured(sizes) {
    for (const { target, borderBoxSize: [size] } of sizes) {
      if (target === this.#root) {
        this.#view = size.inlineSize;
        continue;
      }
      const cell = this.#byNode.get(target);
      if (!cell || size.inlineSize === 0) continue;
      // A price that gets shorter does not pull what follows after it.
      cell.slot = Math.max(cell.slot, Math.ceil(size.inlineSize));
      target.classList.remove('unmeasured');
    }
    this.#place();
    this.#ask();
  }

  // Everything follows the first on the tape, as far as it is measured.
  #place() {
    const cells = this.#cells;
    if (this.#align?.slot > 0) {
      const [first, second] = cells;
      first.at = (second?.at ?? this.#position) - first.slot;
      this.#align = null;
      this.#move(first.at);
    }
    for (const [i, cell] of cells.entries()) {
      if (cell.slot === 0) break;
      if (i > 0) cell.at = cells[i - 1].at + cells[i - 1].slot;
      if (cell.placed === this.#sign * cell.at) continue;
      cell.placed = this.#sign * cell.at;
      cell.row.node.style.transform = `translate3d(${cell.placed}px, 0, 0)`;
    }
  }

  // The window on the tape cannot be scrolled; it is moved to what has the focus.
  #reveal(target) {
    const cell = this.#byNode.get(target.closest('li'));
    if (!cell || cell.slot === 0) return;
    if (cell.at < this.#position || cell.slot > this.#view) this.#move(cell.at);
    else if (cell.at + cell.slot > this.#position + this.#view) this.#move(cell.at + cell.slot - this.#view);
  }
}

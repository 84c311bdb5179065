// Which panel stands where. A layout has slots; the last one shows the panels that are
// left over, one after another.

import { make } from '../nodes.js';

const UPRIGHT = matchMedia('(max-aspect-ratio: 1/1)');
const SLOTS = {
  split: () => 2,
  wall: () => (UPRIGHT.matches ? 3 : 5),
  'lower-third': () => 1,
  ticker: () => 0,
};

export class Slots {
  #root; #layout;
  #panels = [];
  #slots = []; // {node, panels, at}

  /** Fills root as a layout has it. */
  constructor(root, layout) {
    this.#root = root;
    this.#layout = layout;
    UPRIGHT.addEventListener('change', () => this.arrange(this.#panels));
  }

  /** Shows panels, the first one first. */
  arrange(panels) {
    this.#panels = panels;
    const count = Math.min(SLOTS[this.#layout](), panels.length);
    while (this.#slots.length < count) this.#slots.push({ node: this.#root.appendChild(make('div', 'slot')), panels: [], at: 0 });
    while (this.#slots.length > count) this.#slots.pop().node.remove();
    this.#root.dataset.count = String(count);
    this.#slots.forEach((slot, i) => {
      slot.node.classList.toggle('lead', i === 0);
      const shown = slot.panels[slot.at];
      slot.panels = i === count - 1 && this.#layout !== 'lower-third' ? panels.slice(i) : panels.slice(i, i + 1);
      slot.at = Math.max(0, slot.panels.indexOf(shown));
      place(slot);
    });
    for (const panel of panels) panel.measure();
  }

  /** Turns every slot but the first one: to the next page of its panel, or to its next panel. */
  turn(by) {
    for (const slot of this.#slots.slice(this.#lead ? 1 : 0)) {
      const panel = slot.panels[slot.at];
      if (!panel.step(by) || slot.panels.length < 2) continue;
      slot.at = (slot.at + by + slot.panels.length) % slot.panels.length;
      place(slot);
      slot.panels[slot.at].measure();
    }
  }

  // Headlines have turns of their own.
  get #lead() { return this.#panels[0]?.restart !== undefined; }
}

function place({ node, panels, at }) {
  const panel = panels[at];
  if (node.firstChild !== panel.node || node.childElementCount > 1) node.replaceChildren(panel.node);
}

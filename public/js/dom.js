// Elements, made and kept, for pages and for what is embedded in a page elsewhere: it
// knows nothing of the page that it is on. Text enters by textContent alone.

/** An element with a class and, as text, a text. */
export function make(tag, className = '', text = '') {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

/** Sets a text, if it is another: an equal one costs no layout. */
export function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Rows keeps the children of parent in step with a list of items, by key. */
export class Rows {
  #parent; #make;
  #rows = new Map();

  /** make() returns {node, update(item, context)}. */
  constructor(parent, makeRow) {
    this.#parent = parent;
    this.#make = makeRow;
  }

  update(items, context) {
    const keys = new Set(items.map((item) => item.key));
    const spare = [];
    for (const [key, row] of this.#rows) {
      if (keys.has(key)) continue;
      this.#rows.delete(key);
      row.node.remove();
      spare.push(row);
    }
    items.forEach((item, place) => {
      const row = this.#rows.get(item.key) ?? spare.pop() ?? this.#make();
      this.#rows.set(item.key, row);
      row.update(item, context);
      const there = this.#parent.children[place] ?? null;
      if (there !== row.node) this.#parent.insertBefore(row.node, there);
    });
  }
}

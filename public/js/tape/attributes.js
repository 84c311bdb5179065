// The attributes of <ticker-tape>: what each may be and what stands in its place. The
// attribute is the truth and the property a view of it, so the two cannot differ and
// setting one never sets off the other. dir, hidden and lang are every element's own.

const text = (standard = '') => ({
  standard,
  read: (value) => (value === null ? standard : value.trim()),
});

const word = (standard, words, aliases = {}) => ({
  standard,
  words,
  read(value) {
    const asked = (value ?? '').trim().toLowerCase();
    const meant = aliases[asked] ?? asked;
    return words.includes(meant) ? meant : standard;
  },
});

const number = (standard, least, most) => ({
  standard,
  least,
  most,
  read(value) {
    const n = value === null || value.trim() === '' ? NaN : Number(value);
    return Number.isFinite(n) ? Math.min(most, Math.max(least, n)) : standard;
  },
});

const flag = () => ({ standard: false, read: (value) => value !== null });

export const ATTRIBUTES = Object.freeze({
  announce: word('summary', ['off', 'summary', 'all']),
  controls: word('pause', ['pause', 'all', 'none']),
  dwell: number(8, 1, 600), // seconds
  fallback: word('flip', ['flip', 'none']),
  label: text(),
  max: number(50, 1, 200), // items of a topic
  mode: word('flip', ['flip', 'crawl', 'list'], { scroll: 'crawl' }),
  paused: flag(),
  reload: flag(),
  rise: word('green', ['green', 'red']),
  share: word('auto', ['auto', 'off']),
  speed: number(60, 5, 1000), // CSS pixels a second
  src: text(),
  theme: word('auto', ['auto', 'light', 'dark', 'black']),
  type: text('news'),
  tz: text(),
  units: word('auto', ['auto', 'metric', 'imperial', 'uk']),
});

/** Everything that the element watches. */
export const OBSERVED = Object.freeze([...Object.keys(ATTRIBUTES), 'dir', 'lang'].sort());

/** Gives a prototype one property for each attribute. */
export function reflect(prototype) {
  for (const [name, { standard, read }] of Object.entries(ATTRIBUTES)) {
    Object.defineProperty(prototype, name, {
      configurable: true,
      enumerable: true,
      get() { return read(this.getAttribute(name)); },
      set(value) {
        if (standard === false) this.toggleAttribute(name, Boolean(value));
        else if (value === null || value === undefined) this.removeAttribute(name);
        else this.setAttribute(name, String(value));
      },
    });
  }
}

/** Topics and keys as /latest takes them, at most 100, each once. */
export function types(list) {
  return [...new Set(list.split(',').map((type) => type.trim()).filter(Boolean))].slice(0, 100);
}

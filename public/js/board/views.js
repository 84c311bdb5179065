// How the items of a topic look: a view of its own for the usual ones, and for any other
// topic a general one, made of what its data holds.

import { Format, MISSING } from '../format.js';
import { summary } from '../items.js';
import { make, set, stamp, Rows } from '../nodes.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';
import { city } from './cities.js';
import { headline } from './headlines.js';
import { machine } from './machine.js';
import { Prices } from './prices.js';

const FIELDS = 12; // of an object that are shown as a table

// A list that scrolls, and can be scrolled by keyboard.
function scroller(body, tag, label) {
  const list = make(tag);
  const frame = body.appendChild(make('div', 'scroll'));
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', label);
  frame.append(list);
  return list;
}

// One line of any topic: its key or its author, and what it says.
function entry() {
  const node = make('li', 'entry');
  const key = node.appendChild(make('bdi', 'symbol'));
  const text = node.appendChild(make('p'));
  text.dir = 'auto';
  const time = node.appendChild(make('time', 'age'));
  return {
    node,
    update(item, context) {
      const who = context.key ? item.key : item.data.name;
      key.hidden = typeof who !== 'string' || who === '';
      set(key, key.hidden ? '' : Format.clip(who, 60));
      set(text, summary(item.data, key.hidden ? '' : context.key) || (key.hidden ? t('data.untitled') : ''));
      stamp(time, item, context.now);
      node.classList.toggle('stale', context.old(item));
    },
  };
}

function field() {
  const node = make('div');
  const name = node.appendChild(make('dt'));
  const value = node.appendChild(make('dd'));
  value.dir = 'auto';
  return {
    node,
    update({ key, text }) {
      set(name, key);
      set(value, text);
    },
  };
}

function figure(body, write) {
  const value = body.appendChild(make('p', 'figure'));
  const note = body.appendChild(make('p', 'meta'));
  return { update([item], context) { if (item) write(value, note, item, context); } };
}

function clock(value, note, item) {
  const { ms } = moment(item);
  set(value, ms === null ? MISSING : format.hourMinuteSecond(ms));
  set(note, ms === null ? '' : `${format.day(ms)} · ${format.zone}`);
}

// The one value of a topic: a number large, an object as a table, a text as it is.
class Single {
  #figure; #table; #rows; #text;

  constructor(body) {
    this.#figure = body.appendChild(make('p', 'figure'));
    this.#text = body.appendChild(make('p', 'said'));
    this.#text.dir = 'auto';
    this.#table = body.appendChild(make('dl', 'fields'));
    this.#rows = new Rows(this.#table, field);
  }

  update([item]) {
    if (!item) return;
    const { value } = item.data;
    const number = typeof value === 'number';
    const fields = Object.entries(item.data).filter(([name]) => !['time', 'simulated', 'attribution', 'expires'].includes(name)).slice(0, FIELDS);
    const single = fields.length <= 1 || number;
    this.#figure.hidden = !single || !number;
    this.#text.hidden = !single || number;
    this.#table.hidden = single;
    set(this.#figure, number ? format.number(value, 3) : '');
    set(this.#text, single && !number ? summary(item.data) : '');
    const written = (one) => (typeof one === 'number' ? format.number(one, 3) : Format.clip(one, 120) || MISSING);
    this.#rows.update(single ? [] : fields.map(([name, one]) => ({ key: Format.clip(name, 40), text: written(one) })), {});
  }
}

/** The view of a topic that has none of its own: lines, or the one value of a topic that has one. */
function general(body, label, spec) {
  if (spec.mode === 'latest' && !spec.key) return new Single(body);
  return new Rows(scroller(body, 'ul', label), entry);
}

const VIEWS = {
  __proto__: null,
  news: (body) => new Rows(scroller(body, 'ul', t('news.headlines')), headline),
  weather: (body) => new Rows(scroller(body, 'ul', t('weather.cities')), city),
  stock: (body) => new Prices((tag) => scroller(body, tag, t('stock.prices'))),
  system: machine,
  random: (body) => figure(body, (value, note, { data }) => set(value, format.number(data.value, 3))),
  clock: (body) => figure(body, clock),
};

/** Whether a topic has a view of its own. */
export const hasView = (topic) => topic in VIEWS;

/** Fills the empty body of a topic's card; spec is {mode, key}. Returns {update(items, context)}. */
export const viewOf = (topic, body, label, spec) => (VIEWS[topic] ?? general)(body, label, spec);

// The table of prices: which, its line of the last half hour, the price and its last
// move, the day's change. Sorted by name or by change.

import { Format } from '../format.js';
import { make, set, svg, Rows } from '../nodes.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';
import { go, state } from './state.js';

const FLASHES = 3; // a second, on the whole page (WCAG 2.3.1)
const WIDTH = 96;
const HEIGHT = 26;

/** Flashes gives leave to flash, so that no more than FLASHES begin in any second. */
export class Flashes {
  #begun = []; // ms of the last ones

  ask(now) {
    if (this.#begun.length === FLASHES && now - this.#begun[0] < 1000) return false;
    this.#begun = [...this.#begun, now].slice(-FLASHES);
    return true;
  }
}

/** The path of values over time in the box of the line, or '' for less than two. */
export function line(points) {
  if (points.length < 2) return '';
  const values = points.map(({ value }) => value);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const y = (value) => (high === low ? HEIGHT / 2 : 3 + (HEIGHT - 6) * (1 - (value - low) / (high - low)));
  return points.map(({ x, value }, i) => `${i ? 'L' : 'M'}${(2 + (WIDTH - 6) * x).toFixed(1)} ${y(value).toFixed(1)}`).join('');
}

function spark(cell) {
  const picture = cell.appendChild(svg('svg', { class: 'spark', viewBox: `0 0 ${WIDTH} ${HEIGHT}`, 'aria-hidden': 'true' }));
  const path = picture.appendChild(svg('path'));
  const end = picture.appendChild(svg('circle', { r: 2 }));
  let drawn = null;
  return (points) => {
    const d = line(points);
    if (d === drawn) return;
    drawn = d;
    picture.classList.toggle('unknown', d === '');
    if (d === '') return;
    path.setAttribute('d', d);
    const [x, y] = d.slice(d.lastIndexOf('L') + 1).split(' ');
    end.setAttribute('cx', x);
    end.setAttribute('cy', y);
  };
}

// One price: a row of Rows.
function quote() {
  const node = make('tr');
  const name = node.appendChild(make('th'));
  name.scope = 'row';
  const symbol = name.appendChild(make('bdi', 'symbol'));
  const company = name.appendChild(make('bdi', 'company'));
  const draw = spark(node.appendChild(make('td', 'trend')));
  const amount = node.appendChild(make('td', 'price'));
  const move = amount.appendChild(make('span', 'move'));
  const value = amount.appendChild(make('span', 'value'));
  const currency = amount.appendChild(make('span', 'currency'));
  const delta = node.appendChild(make('td', 'change'));
  const sign = delta.appendChild(make('span', 'arrow'));
  const percent = delta.appendChild(make('span'));
  let shown = { key: null, price: null };
  let twin = false;
  return {
    node,
    update(item, context) {
      const { data } = item;
      const way = Format.direction(data.increase);
      set(symbol, Format.clip(data.symbol ?? item.key, 12));
      set(company, Format.clip(data.company ?? '', 60));
      set(value, format.price(data.price));
      set(currency, /^[A-Z]{3}$/.test(data.currency ?? '') ? data.currency : '');
      draw(context.history.points(item.key, context.now));
      set(sign, Format.arrow(way));
      set(percent, format.change(data.increase, '\u00a0%'));
      delta.className = `change ${way}`;
      node.classList.toggle('stale', context.old(item));
      node.title = context.old(item) ? t('data.as_of', { time: format.full(moment(item).ms) }) : '';
      const same = shown.key === item.key;
      if (same && shown.price === data.price) return;
      const by = same ? Number(data.price) - Number(shown.price) : 0;
      set(move, by ? Format.arrow(Format.direction(by)) : '');
      move.className = `move ${Format.direction(by)}`;
      // The twin class starts the animation anew.
      if (by && context.flashes.ask(performance.now())) {
        twin = !twin;
        value.className = `value ${by > 0 ? 'rose' : 'fell'} ${twin ? 'again' : ''}`;
      } else if (!same) {
        value.className = 'value';
      }
      shown = { key: item.key, price: data.price };
    },
  };
}

const change = ({ data }) => (Number.isFinite(Number(data.increase)) ? Number(data.increase) : 0);
const ORDERS = {
  name: null, // as they come: by key
  rise: (a, b) => change(b) - change(a),
  fall: (a, b) => change(a) - change(b),
};

// A head that sorts: its arrow and aria-sort tell how.
function sorter(cell, text, orders) {
  const button = cell.appendChild(make('button', 'sorter', text));
  button.type = 'button';
  const arrow = button.appendChild(make('span', 'arrow'));
  arrow.setAttribute('aria-hidden', 'true');
  button.addEventListener('click', () => go({ sort: orders[(orders.indexOf(state.sort) + 1) % orders.length] }));
  return () => {
    const on = orders.includes(state.sort);
    cell.setAttribute('aria-sort', !on ? 'none' : state.sort === 'rise' ? 'descending' : 'ascending');
    set(arrow, !on ? '' : state.sort === 'rise' ? '↓' : '↑');
  };
}

/** The table in a list that scrolls. */
export class Prices {
  #rows; #heads = [];

  constructor(scroller) {
    const table = scroller('table');
    const row = table.createTHead().insertRow();
    const head = (key, className) => {
      const cell = row.appendChild(make('th', className));
      cell.scope = 'col';
      return [cell, t(`stock.${key}`)];
    };
    this.#heads.push(sorter(...head('company', ''), ['name']));
    for (const name of ['trend', 'price']) {
      const [cell, text] = head(name, name);
      cell.textContent = text;
    }
    this.#heads.push(sorter(...head('today', 'change'), ['rise', 'fall']));
    this.#rows = new Rows(table.createTBody(), quote);
  }

  update(items, context) {
    for (const head of this.#heads) head();
    const order = ORDERS[state.sort];
    this.#rows.update(order ? [...items].sort(order) : items, context);
  }
}

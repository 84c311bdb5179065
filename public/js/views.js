// How the items of a topic look. A row is {node, update(item, context)}: it is made
// once and then given one item after another.

import * as format from './format.js';
import { make, set, svg, stamp, badge, Rows } from './nodes.js';
import { moment } from './store.js';

function scroller(body, tag, label) {
  const list = make(tag);
  const frame = body.appendChild(make('div', 'scroll'));
  frame.tabIndex = 0;
  frame.setAttribute('role', 'group');
  frame.setAttribute('aria-label', label);
  frame.append(list);
  return list;
}

function headline() {
  const node = make('li', 'headline');
  const anchor = node.appendChild(make('a', 'title'));
  anchor.dir = 'auto';
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer';
  const meta = node.appendChild(make('p', 'meta'));
  const source = meta.appendChild(make('bdi', 'source'));
  const time = meta.appendChild(make('time', 'age'));
  const severity = badge(meta, 'severe');
  const breaking = badge(meta, 'severe', 'breaking');
  const simulated = badge(meta, 'simulated', 'simulated');
  return {
    node,
    update({ data, ...item }, context) {
      set(anchor, summary(data));
      const href = format.link(data.url);
      if (href === null) anchor.removeAttribute('href');
      else if (anchor.href !== href) anchor.href = href;
      anchor.lang = /^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$/.test(data.lang ?? '') ? data.lang : '';
      set(source, format.clip(data.source ?? '', 60));
      stamp(time, { data, ...item }, context.now);
      severity.hidden = data.severity !== 'severe' && data.severity !== 'extreme';
      set(severity, severity.hidden ? '' : data.severity);
      breaking.hidden = data.breaking !== true;
      simulated.hidden = !data.simulated || context.allSimulated;
    },
  };
}

const COMMON = new Set(['id', 'time', 'seen', 'expires', 'simulated', 'attribution', 'source', 'lang', 'url', 'severity']);

// One line for data of any shape. What stands beside it already, the key, is left out.
function summary(data, key = '') {
  for (const field of ['title', 'text', 'message', 'value', 'headline']) {
    if (field !== key && data[field] !== undefined && typeof data[field] !== 'object') return format.clip(data[field]);
  }
  return format.clip(Object.entries(data).filter(([field]) => field !== key && !COMMON.has(field)).slice(0, 8)
    .map(([field, value]) => `${format.clip(field, 40)} ${format.clip(value, 80)}`).join(' · ')) || (key ? '' : 'Untitled');
}

const SKY = [
  [/thunder|storm/i, 'storm'], [/snow|sleet|hail/i, 'snow'], [/rain|shower|drizzle/i, 'rain'], [/fog|mist|haze/i, 'fog'],
  [/part|few|broken|fair|mostly/i, 'partly'], [/cloud|overcast/i, 'cloud'], [/clear.*night/i, 'moon'], [/sun|clear/i, 'sun'],
];

// The words for the sky, and the picture: by the picture's name if the source gives one.
function sky({ condition, symbol }) {
  const words = typeof condition === 'string' ? format.clip(condition, 40) : '';
  const named = typeof symbol === 'string' ? symbol : words;
  const icon = SKY.find(([pattern]) => pattern.test(named))?.[1] ?? 'none';
  return { words, icon: icon === 'partly' && /night/.test(named) ? 'partly-night' : icon };
}

function city() {
  const node = make('li', 'city');
  const head = node.appendChild(make('div', 'place'));
  const name = head.appendChild(make('h3'));
  name.dir = 'auto';
  const words = head.appendChild(make('p', 'meta'));
  const picture = node.appendChild(svg('svg', { class: 'sky', viewBox: '0 0 24 24', 'aria-hidden': 'true' }));
  const use = picture.appendChild(svg('use'));
  const degrees = node.appendChild(make('p', 'degrees'));
  const facts = node.appendChild(make('p', 'facts'));
  const gust = facts.appendChild(make('span'));
  const wet = facts.appendChild(make('span'));
  const time = facts.appendChild(make('time', 'age'));
  return {
    node,
    update(item, context) {
      const { data } = item;
      const above = sky(data);
      set(name, format.clip(data.location ?? item.key, 60));
      set(words, above.words);
      if (use.getAttribute('href') !== `#${above.icon}`) use.setAttribute('href', `#${above.icon}`);
      set(degrees, format.temperature(data.temperature));
      set(gust, `Wind ${format.wind(data.wind)}`);
      set(wet, `Rain ${format.rain(data.rain)}`);
      stamp(time, item, context.now);
      node.classList.toggle('stale', context.old(item));
    },
  };
}

// Where a price stands between the lowest and the highest of the day.
function range(cell) {
  const picture = cell.appendChild(svg('svg', { viewBox: '0 0 96 24', 'aria-hidden': 'true' }));
  picture.appendChild(svg('path', { d: 'M6 12h84' }));
  const mark = picture.appendChild(svg('circle', { cy: 12, r: 4 }));
  return ({ low, high, price }) => {
    const part = (Number(price) - Number(low)) / (Number(high) - Number(low));
    picture.classList.toggle('unknown', !Number.isFinite(part));
    if (Number.isFinite(part)) mark.setAttribute('cx', (6 + 84 * Math.min(1, Math.max(0, part))).toFixed(1));
  };
}

function quote() {
  const node = make('tr');
  const name = node.appendChild(make('th'));
  name.scope = 'row';
  const symbol = name.appendChild(make('bdi', 'symbol'));
  const company = name.appendChild(make('bdi', 'company'));
  const day = range(node.appendChild(make('td', 'range')));
  const amount = node.appendChild(make('td', 'price'));
  const value = amount.appendChild(make('span'));
  const currency = amount.appendChild(make('span', 'currency'));
  const delta = node.appendChild(make('td', 'change'));
  const sign = delta.appendChild(make('span', 'arrow'));
  const percent = delta.appendChild(make('span'));
  let shown = { key: null, price: null, flashed: 0, twin: false };
  return {
    node,
    update(item, context) {
      const { data } = item;
      const same = shown.key === item.key;
      const way = format.direction(data.increase);
      set(symbol, format.clip(data.symbol ?? item.key, 12));
      set(company, format.clip(data.company ?? '', 60));
      set(value, format.price(data.price));
      set(currency, /^[A-Z]{3}$/.test(data.currency ?? '') ? data.currency : '');
      day(data);
      set(sign, format.arrow(way));
      set(percent, format.change(data.increase, '\u00a0%'));
      delta.className = `change ${way}`;
      node.classList.toggle('stale', context.old(item));
      node.title = context.old(item) ? `As of ${format.full(moment(item).ms)}` : '';
      if (same && shown.price === data.price) return;
      // A flash at most once a second; the twin class starts the animation anew.
      if (same && context.now - shown.flashed >= 1000) {
        shown.twin = !shown.twin;
        const rose = Number(data.price) > Number(shown.price) ? 'rose' : 'fell';
        amount.className = `price ${rose} ${shown.twin ? 'again' : ''}`;
        shown.flashed = context.now;
      } else if (!same) {
        amount.className = 'price';
      }
      shown = { ...shown, key: item.key, price: data.price };
    },
  };
}

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
      set(key, key.hidden ? '' : format.clip(who, 60));
      set(text, summary(item.data, key.hidden ? '' : context.key));
      stamp(time, item, context.now);
      node.classList.toggle('stale', context.old(item));
    },
  };
}

// The machine: processors, memory, load, network, uptime.
function machine(body) {
  const facts = body.appendChild(make('dl', 'machine'));
  const fact = (name, bar) => {
    const row = facts.appendChild(make('div'));
    row.append(make('dt', '', name));
    const value = row.appendChild(make('dd'));
    const part = bar ? row.appendChild(make('progress')) : null;
    part?.setAttribute('aria-label', `${name} in use`);
    return (text, percent) => {
      set(value, text);
      if (part) part.value = (Number(percent) || 0) / 100;
    };
  };
  const [cpu, memory] = [fact('CPU', true), fact('Memory', true)];
  const [load, network, up] = [fact('Load'), fact('Network'), fact('Up')];
  return {
    update([item]) {
      if (!item) return;
      const { cpus, memory: ram, uptime, load: loads, interfaces } = item.data;
      cpu(`${format.number(cpus?.usage)} % of ${format.number(cpus?.count)} core${cpus?.count === 1 ? '' : 's'}`, cpus?.usage);
      memory(`${format.bytes(ram?.used)} of ${format.bytes(ram?.total)}`, ram?.percent);
      load(Array.isArray(loads) ? loads.slice(0, 3).map((value) => format.number(value, 2)).join(' \u2002') : '–');
      network(traffic(interfaces));
      up(format.duration(uptime));
    },
  };
}

// The busiest network interface, in and out.
function traffic(interfaces) {
  const up = (Array.isArray(interfaces) ? interfaces : []).filter((nic) => nic?.up && nic.name !== 'lo');
  const rate = (nic) => (Number(nic.rx_rate) || 0) + (Number(nic.tx_rate) || 0);
  const [nic] = up.sort((a, b) => rate(b) - rate(a));
  if (!nic) return '–';
  return `${format.clip(nic.name, 16)} \u2193 ${format.bytes(nic.rx_rate ?? 0)}/s \u2191 ${format.bytes(nic.tx_rate ?? 0)}/s`;
}

function table(body, label) {
  const whole = scroller(body, 'table', label);
  const row = whole.createTHead().insertRow();
  for (const [name, className] of [['Company', ''], ['Day’s range', 'range'], ['Price', 'price'], ['Today', 'change']]) {
    const cell = row.appendChild(make('th', className, name));
    cell.scope = 'col';
  }
  return new Rows(whole.createTBody(), quote);
}

function figure(body, write) {
  const value = body.appendChild(make('p', 'figure'));
  const note = body.appendChild(make('p', 'meta'));
  return { update([item], context) { if (item) write(value, note, item, context); } };
}

/** How a topic looks: view(body, topic) fills an empty body and returns {update(items, context)}. */
export const VIEWS = {
  __proto__: null,
  news: (body) => new Rows(scroller(body, 'ul', 'Headlines'), headline),
  weather: (body) => new Rows(scroller(body, 'ul', 'Cities'), city),
  stock: (body) => table(body, 'Prices'),
  system: machine,
  random: (body) => figure(body, (value, note, { data }) => set(value, format.number(data.value, 3))),
  clock: (body) => figure(body, (value, note, item) => {
    const { ms } = moment(item);
    set(value, ms === null ? '–' : format.hourMinuteSecond(ms));
    set(note, ms === null ? '' : format.day(ms));
  }),
};

/** The view of every other topic: one line an item. */
export const list = (body, label) => new Rows(scroller(body, 'ul', label), entry);

// How the items of a topic look. A row is {node, update(item, context)}: it is made
// once and then given one item after another.

import { Format } from './format.js';
import { icon, setIcon } from './icons.js';
import { language, sky, summary } from './items.js';
import { make, set, svg, stamp, badge, Rows } from './nodes.js';
import { format, t } from './page.js';
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
  const breaking = badge(meta, 'severe', t('data.breaking'));
  const simulated = badge(meta, 'simulated', t('data.simulated'));
  return {
    node,
    update({ data, ...item }, context) {
      set(anchor, summary(data) || t('data.untitled'));
      const href = Format.link(data.url);
      if (href === null) anchor.removeAttribute('href');
      else if (anchor.href !== href) anchor.href = href;
      anchor.lang = language(data.lang);
      set(source, Format.clip(data.source ?? '', 60));
      stamp(time, { data, ...item }, context.now);
      severity.hidden = data.severity !== 'severe' && data.severity !== 'extreme';
      set(severity, severity.hidden ? '' : t(`severity.${data.severity}`));
      breaking.hidden = data.breaking !== true;
      simulated.hidden = !data.simulated || context.allSimulated;
    },
  };
}

function city() {
  const node = make('li', 'city');
  const head = node.appendChild(make('div', 'place'));
  const name = head.appendChild(make('h3'));
  name.dir = 'auto';
  const words = head.appendChild(make('p', 'meta'));
  const picture = node.appendChild(icon('none', 'sky'));
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
      set(name, Format.clip(data.location ?? item.key, 60));
      set(words, above.words);
      setIcon(picture, above.picture);
      set(degrees, format.temperature(data.temperature));
      set(gust, t('weather.wind', { value: format.wind(data.wind) }));
      set(wet, t('weather.rain', { value: format.rain(data.rain) }));
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
      const way = Format.direction(data.increase);
      set(symbol, Format.clip(data.symbol ?? item.key, 12));
      set(company, Format.clip(data.company ?? '', 60));
      set(value, format.price(data.price));
      set(currency, /^[A-Z]{3}$/.test(data.currency ?? '') ? data.currency : '');
      day(data);
      set(sign, Format.arrow(way));
      set(percent, format.change(data.increase, '\u00a0%'));
      delta.className = `change ${way}`;
      node.classList.toggle('stale', context.old(item));
      node.title = context.old(item) ? t('data.as_of', { time: format.full(moment(item).ms) }) : '';
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
      set(key, key.hidden ? '' : Format.clip(who, 60));
      set(text, summary(item.data, key.hidden ? '' : context.key) || (key.hidden ? t('data.untitled') : ''));
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
    part?.setAttribute('aria-label', t('machine.in_use', { name }));
    return (text, percent) => {
      set(value, text);
      if (part) part.value = (Number(percent) || 0) / 100;
    };
  };
  const [cpu, memory] = [fact(t('machine.cpu'), true), fact(t('machine.memory'), true)];
  const [load, network, up] = [fact(t('machine.load')), fact(t('machine.network')), fact(t('machine.up'))];
  return {
    update([item]) {
      if (!item) return;
      const { cpus, memory: ram, uptime, load: loads, interfaces } = item.data;
      cpu(t('machine.cores', { n: Number(cpus?.count) || 0, usage: format.percent(cpus?.usage) }), cpus?.usage);
      memory(t('machine.of', { used: format.bytes(ram?.used), total: format.bytes(ram?.total) }), ram?.percent);
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
  return `${Format.clip(nic.name, 16)} \u2193 ${format.bytes(nic.rx_rate ?? 0)}/s \u2191 ${format.bytes(nic.tx_rate ?? 0)}/s`;
}

function table(body, label) {
  const whole = scroller(body, 'table', label);
  const row = whole.createTHead().insertRow();
  for (const [name, className] of [['company', ''], ['trend', 'range'], ['price', 'price'], ['today', 'change']]) {
    const cell = row.appendChild(make('th', className, t(`stock.${name}`)));
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
  news: (body) => new Rows(scroller(body, 'ul', t('news.headlines')), headline),
  weather: (body) => new Rows(scroller(body, 'ul', t('weather.cities')), city),
  stock: (body) => table(body, t('stock.prices')),
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

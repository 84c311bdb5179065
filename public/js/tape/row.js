// One item of a tape: what is said of it, and the list item that says it. Any topic
// works: the usual ones have readings of their own, the others a general one.

import { Format } from '../format.js';
import { icon, setIcon } from '../icons.js';
import { make, set } from '../dom.js';
import { STALE, language, sky, summary } from '../items.js';
import { moment } from '../store.js';

const SEVERE = ['severe', 'extreme'];
const percent = (value, { format }) => format.percent(value);

// What the usual topics say: title, figure, change, note, picture. The rest is alike for all.
const READINGS = {
  __proto__: null,
  news: ({ item: { data } }) => ({ title: summary(data), note: data.source }),
  chat: ({ item: { data } }) => ({ title: summary(data), note: data.name }),
  stock: ({ item: { key, data } }, { format }) => ({
    title: Format.clip(data.symbol ?? key, 12),
    hint: data.company,
    figure: format.price(data.price),
    unit: /^[A-Z]{3}$/.test(data.currency ?? '') ? data.currency : '',
    change: data.increase,
  }),
  weather({ item: { key, data } }, { format }) {
    const { words, picture } = sky(data);
    return { title: Format.clip(data.location ?? key, 60), figure: format.temperature(data.temperature), note: words, picture };
  },
  random: ({ item: { data } }, { format, t }) => ({ title: t('topic.random'), figure: format.number(data.value, 3) }),
  clock: ({ item }, { format, t }) => ({ title: t('topic.clock'), figure: format.hourMinuteSecond(moment(item).ms) }),
  system: ({ item: { data } }, context) => ({
    title: context.t('topic.system'),
    figure: `${context.t('machine.cpu')} ${percent(data.cpus?.usage, context)}`,
    note: `${context.t('machine.memory')} ${percent(data.memory?.percent, context)}`,
  }),
  feeds: ({ item: { key, data } }, { t }) => ({ title: key, note: t.has(`feed.${data.state}`) ? t(`feed.${data.state}`) : data.state }),
};

function reading(entry, context) {
  const known = READINGS[entry.topic];
  if (known) return known(entry, context);
  const { key, data } = entry.item;
  if (!entry.lasting || key === '') return { title: summary(data), note: data.source };
  return { title: key, note: summary(data, context.key(entry.topic)) };
}

/**
 * What is to be said of an entry (see source.js), as text: title, href, lang, hint,
 * figure, unit, change, way, note, picture, alert, ms, seen, old.
 * context is {format, t, now, key(topic)}.
 */
export function describe(entry, context) {
  const { data } = entry.item;
  const said = reading(entry, context);
  const { ms, seen } = moment(entry.item);
  const severe = SEVERE.includes(data.severity);
  const way = Format.direction(said.change);
  return {
    title: Format.clip(said.title) || context.t('data.untitled'),
    href: Format.link(data.url),
    lang: language(data.lang),
    hint: Format.clip(said.hint, 60),
    figure: said.figure ?? '',
    unit: said.unit ?? '',
    change: said.change === undefined ? '' : context.format.change(said.change, '\u00a0%'),
    way,
    note: Format.clip(said.note, 60),
    picture: said.picture ?? 'none',
    alert: data.breaking === true ? context.t('data.breaking') : severe ? context.t(`severity.${data.severity}`) : '',
    ms,
    seen,
    old: isOld(entry, context.now),
  };
}

/** Whether an entry is older than its topic allows, times so much. What is of a time that nobody knows is not called old. */
export function isOld({ topic, item }, now, times = 1) {
  const { ms } = moment(item);
  return ms !== null && topic in STALE && now - ms > times * 1000 * STALE[topic];
}

// An age for what happened once; for a value, only since when it has not been told again.
function when({ ms, seen, old }, { lasting }, { format, t, now }) {
  if (ms === null || (lasting && !old)) return '';
  if (old) return t('data.as_of', { time: format.asOf(ms, now) });
  const age = format.age(now - ms);
  return seen ? t('data.seen', { age }) : age;
}

// What a source asks to be named with, unless the note names it so already.
const owed = ({ data }) => (typeof data.attribution === 'string' && data.attribution !== data.source ? Format.clip(data.attribution, 120) : '');

/** Gives each entry its credit: what is owed stands once, behind the last of those it is owed for. */
export const credited = (entries) => entries.map((entry, i) => {
  const credit = owed(entry.item);
  const next = entries[i + 1];
  return { ...entry, credit: next && next.topic === entry.topic && owed(next.item) === credit ? '' : credit };
});

/** An empty item: {node, line, title, update(entry, context)}; it is given one entry after another. */
export function row() {
  const node = make('li', 'item');
  node.part = 'item';
  const picture = node.appendChild(icon('none', 'sky'));
  const alert = node.appendChild(make('span', 'badge alert'));
  const line = node.appendChild(make('span', 'line'));
  const title = line.appendChild(make('a', 'title'));
  title.part = 'title';
  title.dir = 'auto';
  title.target = '_blank';
  title.rel = 'noopener noreferrer';
  const price = node.appendChild(make('span', 'price'));
  price.part = 'price';
  const figure = price.appendChild(make('bdi'));
  const unit = price.appendChild(make('span', 'unit'));
  const change = node.appendChild(make('span'));
  change.part = 'change';
  const arrow = change.appendChild(make('span', 'arrow'));
  arrow.ariaHidden = 'true'; // the sign says it
  const part = change.appendChild(make('bdi'));
  const meta = node.appendChild(make('span', 'meta'));
  meta.part = 'time';
  const note = meta.appendChild(make('bdi', 'note'));
  const time = meta.appendChild(make('time'));
  const simulated = meta.appendChild(make('span', 'badge simulated'));
  const credit = meta.appendChild(make('bdi', 'credit'));

  function update(entry, context) {
    const said = describe(entry, context);
    put(node, 'data-topic', entry.topic);
    node.classList.toggle('stale', said.old);
    setIcon(picture, said.picture);
    picture.toggleAttribute('hidden', said.picture === 'none');
    badge(alert, said.alert);
    set(title, said.title);
    put(title, 'href', said.href);
    put(title, 'lang', said.lang);
    put(title, 'title', said.hint);
    price.hidden = said.figure === '';
    set(figure, said.figure);
    set(unit, said.unit);
    change.hidden = said.change === '';
    put(change, 'class', `change ${said.way}`);
    set(arrow, Format.arrow(said.way));
    set(part, said.change);
    set(note, said.note);
    const text = when(said, entry, context);
    set(time, text);
    put(time, 'datetime', said.ms === null ? '' : new Date(said.ms).toISOString());
    badge(simulated, entry.item.data.simulated === true ? context.t('data.simulated') : '');
    set(credit, entry.credit ?? '');
    meta.hidden = said.note === '' && text === '' && simulated.hidden && credit.textContent === '';
  }
  return { node, line, title, update };
}

// Sets an attribute, or takes it off for '' and null; one that is equal costs no style.
function put(node, name, value) {
  if (!value) node.removeAttribute(name);
  else if (node.getAttribute(name) !== value) node.setAttribute(name, value);
}

function badge(node, text) {
  node.hidden = text === '';
  set(node, text);
}

// How an item looks on the display: a city, a price, a headline in a list, and a line of
// any other topic.

import { Format } from '../format.js';
import { icon, setIcon } from '../icons.js';
import { language, sky, summary } from '../items.js';
import { make, set, stamp } from '../nodes.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';
import { describe, isOld } from '../tape/row.js';

/** Writes since when a value has not been told again, if it is old. */
function aged(node, time, topic, item, { now }) {
  const old = isOld({ topic, item }, now);
  node.classList.toggle('stale', old);
  time.hidden = !old;
  set(time, old ? t('data.as_of', { time: format.asOf(moment(item).ms, now) }) : '');
}

/** The weather of a city. */
export function city() {
  const node = make('li', 'city');
  const picture = node.appendChild(icon('none', 'sky'));
  const place = node.appendChild(make('div', 'place'));
  const name = place.appendChild(make('p', 'title'));
  name.dir = 'auto';
  const facts = place.appendChild(make('p', 'facts'));
  const words = facts.appendChild(make('bdi'));
  const wind = facts.appendChild(make('span'));
  const rain = facts.appendChild(make('span'));
  const time = facts.appendChild(make('time'));
  const degrees = node.appendChild(make('p', 'figure'));
  return {
    node,
    update(item, context) {
      const { data } = item;
      const above = sky(data);
      setIcon(picture, above.picture);
      set(name, Format.clip(data.location ?? item.key, 60));
      set(words, above.words);
      set(wind, t('weather.wind', { value: format.wind(data.wind) }));
      rain.hidden = !(Number(data.rain) > 0);
      set(rain, t('weather.rain', { value: format.rain(data.rain) }));
      set(degrees, format.temperature(data.temperature));
      aged(node, time, 'weather', item, context);
    },
  };
}

/** The price of a share. */
export function price() {
  const node = make('li', 'quote');
  const place = node.appendChild(make('div', 'place'));
  const name = place.appendChild(make('p', 'title'));
  name.dir = 'auto';
  const facts = place.appendChild(make('p', 'facts'));
  const company = facts.appendChild(make('bdi'));
  const time = facts.appendChild(make('time'));
  const figure = node.appendChild(make('p', 'figure'));
  const change = node.appendChild(make('p', 'change'));
  const arrow = change.appendChild(make('span', 'arrow'));
  arrow.setAttribute('aria-hidden', 'true'); // the sign says it
  const part = change.appendChild(make('span'));
  return {
    node,
    update(item, context) {
      const { data } = item;
      const way = Format.direction(data.increase);
      set(name, Format.clip(data.symbol ?? item.key, 12));
      set(company, Format.clip(data.company, 40));
      set(figure, format.price(data.price));
      change.className = `change ${way}`;
      set(arrow, Format.arrow(way));
      set(part, format.change(data.increase, '\u00a0%'));
      aged(node, time, 'stock', item, context);
    },
  };
}

/** Puts source and age of a headline into an element; returns what writes them. */
export function byline(node) {
  const alert = node.appendChild(make('span', 'badge severe'));
  const source = node.appendChild(make('bdi', 'source'));
  const time = node.appendChild(make('time'));
  return (item, said, now) => {
    alert.hidden = said.alert === '';
    set(alert, said.alert);
    source.hidden = said.note === '';
    set(source, said.note);
    stamp(time, item, now);
  };
}

/** A headline in a list. */
export function headline() {
  const node = make('li', 'headline');
  const title = node.appendChild(make('p', 'title'));
  title.dir = 'auto';
  const by = byline(node.appendChild(make('p', 'facts')));
  return {
    node,
    update(entry, context) {
      const said = describe(entry, context);
      set(title, said.title);
      title.lang = language(said.lang);
      by(entry.item, said, context.now);
    },
  };
}

/** A line of any other topic: its key, and what it says. */
export function line(topic) {
  return () => {
    const node = make('li', 'line');
    const key = node.appendChild(make('p', 'facts'));
    key.dir = 'auto';
    const text = node.appendChild(make('p', 'title'));
    text.dir = 'auto';
    const facts = node.appendChild(make('p', 'facts'));
    const source = facts.appendChild(make('bdi'));
    const time = facts.appendChild(make('time'));
    const late = facts.appendChild(make('time'));
    return {
      node,
      update(item, context) {
        const { lasting, key: field } = context.spec(topic);
        const said = describe({ topic, item, lasting }, context);
        const named = lasting && field !== '' && item.key !== '';
        key.hidden = !named;
        set(key, named ? Format.clip(item.key, 60) : '');
        const figure = [said.figure, said.unit].filter(Boolean).join(' ');
        set(text, figure || (named ? summary(item.data, field) : said.title) || said.title);
        const note = figure || !named ? said.note : '';
        set(source, Format.clip(note, 60));
        aged(node, late, topic, item, context);
        stamp(time, item, context.now);
        time.hidden ||= lasting;
        facts.hidden = source.textContent === '' && time.hidden && late.hidden;
      },
    };
  };
}

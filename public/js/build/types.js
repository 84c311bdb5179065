// The control for topics: a chip for each topic of the server, and a text for keys of
// topics. A topic contains its keys: choosing the one lets go of the other.

import { make, set } from '../dom.js';
import { t } from '../page.js';
import { topicOf } from '../stream.js';
import { USUAL, byPlace, title } from '../topics.js';
import { chip } from './chip.js';
import { state } from './state.js';

const HIDDEN = ['feeds']; // says how the server is, and is nothing to show
const split = (text) => [...new Set(text.split(',').map((type) => type.trim()).filter(Boolean))];
const isKey = (type) => type.includes('.');

/** @see field */
export function topicsControl(parameter, changed, server) {
  const node = make('div', 'types');
  const chips = node.appendChild(make('div', 'chips'));
  const label = node.appendChild(make('label', 'part'));
  label.append(make('span', '', t('build.keys')));
  const entry = label.appendChild(make('input', 'input'));
  Object.assign(entry, { name: parameter.name, type: 'text', spellcheck: false, placeholder: 'stock.ACME, weather.Oslo' });
  const lost = node.appendChild(make('p', 'problem'));
  lost.setAttribute('aria-live', 'polite');
  const boxes = new Map(); // topic -> checkbox

  let whole = []; // chosen by chips, in the order in which they were

  const types = () => split(state.texts.get(parameter.name) ?? '');
  const offered = () => server.topics?.map(({ name }) => name) ?? USUAL;
  const inside = (topic, list) => list.some((type) => isKey(type) && topicOf(type) === topic);

  function take(now, typing) {
    changed(now.join(','), typing);
    for (const [name, box] of boxes) box.checked = whole.includes(name);
    if (!typing) missing();
  }

  function missing() {
    const names = server.topics ? types().filter((type) => type !== '*' && !server.topics.some(({ name }) => name === topicOf(type))) : [];
    set(lost, names.length > 0 ? t('address.topics', { n: names.length, names: names.map((name) => `“${name}”`).join(', ').slice(0, 200) }) : '');
  }

  function toggled(name, on) {
    let keys = split(entry.value);
    whole = whole.filter((type) => type !== name && type !== '*');
    if (on) {
      whole = name === '*' ? ['*'] : [...whole, name];
      keys = name === '*' ? [] : keys.filter((type) => topicOf(type) !== name);
    }
    entry.value = keys.join(', ');
    take([...whole, ...keys]);
  }

  // What is typed counts at once; a whole topic becomes a chip when it is complete.
  function typed(typing) {
    let keys = split(entry.value);
    if (!typing) {
      whole.push(...keys.filter((type) => boxes.has(type) && !whole.includes(type)));
      keys = keys.filter((type) => !boxes.has(type));
      entry.value = keys.join(', ');
    }
    const rest = whole.filter((type) => type !== '*' && !inside(type, keys));
    if (!typing && keys.length > 0) whole = rest;
    take([...(keys.length > 0 ? rest : whole), ...keys], typing);
  }

  function draw() {
    const names = [...new Set([...offered(), ...types().filter((type) => !isKey(type) && type !== '*' && !server.topics)])].filter((name) => !HIDDEN.includes(name)).sort(byPlace);
    const all = [...names, '*'];
    if (all.join() === [...boxes.keys()].join()) return;
    boxes.clear();
    chips.replaceChildren(...all.map((name) => {
      const { node: made, box } = chip('checkbox', parameter.name, name, name === '*' ? t('build.all') : title(name));
      const told = server.topics?.find((topic) => topic.name === name)?.description;
      if (told) made.title = String(told).slice(0, 200);
      box.addEventListener('change', () => toggled(name, box.checked));
      boxes.set(name, box);
      return made;
    }));
  }

  function update() {
    draw();
    if (document.activeElement !== entry) {
      whole = types().filter((type) => boxes.has(type));
      entry.value = types().filter((type) => !boxes.has(type)).join(', ');
    }
    for (const [name, box] of boxes) box.checked = whole.includes(name);
    missing();
  }

  entry.addEventListener('input', () => typed(true));
  entry.addEventListener('change', () => typed(false));
  update();
  return { node, update };
}

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
export function topicsControl(parameter, target, changed, server) {
  const node = make('div', 'types');
  const chips = node.appendChild(make('div', 'chips'));
  const label = node.appendChild(make('label', 'part'));
  label.append(make('span', '', t('build.keys')));
  const entry = label.appendChild(make('input', 'input'));
  Object.assign(entry, { name: parameter.name, type: 'text', spellcheck: false, placeholder: 'stock.ACME, weather.Oslo' });
  const lost = node.appendChild(make('p', 'problem'));
  lost.setAttribute('aria-live', 'polite');
  const boxes = new Map(); // topic -> checkbox

  const types = () => split(state.texts.get(parameter.name) ?? '');
  const offered = () => server.topics?.map(({ name }) => name) ?? USUAL;

  function show() {
    const now = types();
    for (const [name, box] of boxes) box.checked = now.includes(name);
  }

  function missing() {
    const names = server.topics ? types().filter((type) => type !== '*' && !server.topics.some(({ name }) => name === topicOf(type))) : [];
    set(lost, names.length > 0 ? t('address.topics', { n: names.length, names: names.map((name) => `“${name}”`).join(', ').slice(0, 200) }) : '');
  }

  function take(now, typing) {
    changed(now.join(','), typing);
    show();
    if (!typing) missing();
  }

  function toggled(name, on) {
    const now = types();
    if (!on) take(now.filter((type) => type !== name));
    else if (name === '*') take(['*']);
    else take([...now.filter((type) => type !== '*' && !(isKey(type) && topicOf(type) === name)), name]);
    entry.value = types().filter(isKey).join(', ');
  }

  function typed(typing) {
    const keys = split(entry.value);
    const whole = types().filter((type) => !isKey(type) && boxes.has(type) && type !== '*' && !keys.some((key) => isKey(key) && topicOf(key) === type));
    take([...whole, ...keys], typing);
  }

  function draw() {
    const names = [...new Set([...offered(), ...types().filter((type) => !isKey(type) && type !== '*' && !server.topics)])].filter((name) => !HIDDEN.includes(name)).sort(byPlace);
    const all = target === 'kiosk' ? names : [...names, '*']; // a display shows all by itself
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
    show();
    const typing = document.activeElement === entry;
    // A topic that the server has not is a text too, so that it can be put right.
    if (!typing) entry.value = types().filter((type) => isKey(type) || !boxes.has(type)).join(', ');
    missing();
  }

  entry.addEventListener('input', () => typed(true));
  entry.addEventListener('change', () => typed(false));
  update();
  return { node, update };
}

// One field of the form for one parameter: its name, the control that its kind asks for,
// what it means, and what is wrong with what stands in it.

import { make, set } from '../dom.js';
import { settings, t } from '../page.js';
import { chip } from './chip.js';
import { put, state } from './state.js';
import { said, standardOf } from './targets.js';
import { topicsControl } from './types.js';

// Offered; any tag may be typed.
const TAGS = ['en-GB', 'en-US', 'de', 'de-AT', 'de-CH', 'fr', 'fr-CA', 'es', 'it', 'nl', 'pt', 'pt-BR', 'pl', 'cs', 'da', 'nb', 'sv', 'fi', 'tr', 'uk', 'ar', 'he', 'hi', 'ja', 'ko', 'zh'];
const SECOND = 1; // steps of numbers
const TENTH = 0.1; // of small ones

/** What a parameter is called. */
export const nameOf = ({ name }) => (t.has(`build.name.${name}`) ? t(`build.name.${name}`) : name);

/** What a value of a choice is called. */
function wordFor(name, value) {
  const key = [`build.${name}.${value}`, `${name}.${value}`].find(t.has);
  return key ? t(key) : value;
}

function problemOf(parameter, text) {
  const key = { number: 'build.bad.number', hours: 'build.bad.hours', lang: 'build.bad.lang', zone: 'settings.no_zone', types: 'build.bad.types', text: 'build.bad.text' }[parameter.kind];
  const { min, max, name } = parameter;
  return key ? t(key, { least: min, most: max }) : t('address.value', { name, value: text.slice(0, 80) });
}

function chips(parameter, values, target, changed) {
  const now = said(target, parameter, state.texts.get(parameter.name) ?? '');
  const node = make('div', 'chips');
  for (const [value, words] of values) {
    const { node: label, box } = chip('radio', parameter.name, value, words);
    box.checked = now !== undefined && (now || standardOf(target, parameter)) === value;
    box.addEventListener('change', () => changed(value));
    node.append(label);
  }
  return { node };
}

function input(parameter, target, changed, more) {
  const node = make('div', 'entry');
  const entry = node.appendChild(make('input', 'input'));
  Object.assign(entry, { name: parameter.name, value: state.texts.get(parameter.name) ?? '', placeholder: standardOf(target, parameter), spellcheck: false }, more);
  // What is no number is '' to a page, which would be the default.
  const text = () => (entry.validity.badInput ? '?' : entry.value);
  entry.addEventListener('input', () => changed(text(), true));
  entry.addEventListener('change', () => changed(text()));
  if (t.has(`build.unit.${parameter.name}`)) node.append(make('span', 'unit', t(`build.unit.${parameter.name}`)));
  return { node, entry };
}

function withList(made, options) {
  const list = made.node.appendChild(make('datalist'));
  list.id = `list-${made.entry.name}`;
  list.append(...options.map(([value, label]) => {
    const option = make('option');
    option.value = value;
    if (label) option.label = label;
    return option;
  }));
  made.entry.setAttribute('list', list.id);
  return made;
}

const CONTROLS = {
  choice: (parameter, target, changed) => chips(parameter, parameter.values.map((value) => [value, wordFor(parameter.name, value)]), target, changed),
  flag: (parameter, target, changed) => chips(parameter, [['1', t('build.on')], ['0', t('build.off')]], target, changed),
  text: (parameter, target, changed) => input(parameter, target, changed, { type: 'text', maxLength: parameter.max }),
  number: (parameter, target, changed) => input(parameter, target, changed, {
    type: 'number', min: parameter.min, max: parameter.max, step: parameter.max < 10 ? TENTH : SECOND, inputMode: 'decimal',
  }),
  lang(parameter, target, changed) {
    const own = new Intl.DisplayNames([settings.language], { type: 'language' });
    return withList(input(parameter, target, changed, { type: 'text', placeholder: t('build.reader') }), TAGS.map((tag) => [tag, own.of(tag)]));
  },
  zone: (parameter, target, changed) => withList(
    input(parameter, target, changed, { type: 'text', placeholder: t('build.reader') }),
    (Intl.supportedValuesOf?.('timeZone') ?? []).map((zone) => [zone]),
  ),
  hours(parameter, target, changed) {
    const node = make('div', 'entry');
    const [from, to] = [...(state.texts.get(parameter.name) ?? '').split('-'), '', ''];
    const entries = [['build.from', from], ['build.to', to]].map(([words, value]) => {
      const label = node.appendChild(make('label', 'part'));
      label.append(make('span', '', t(words)));
      const entry = label.appendChild(make('input', 'input'));
      Object.assign(entry, { type: 'time', value });
      return entry;
    });
    const text = () => (entries.some(({ value, validity }) => value || validity.badInput) ? entries.map(({ value }) => value).join('-') : '');
    for (const entry of entries) {
      entry.addEventListener('input', () => changed(text(), true));
      entry.addEventListener('change', () => changed(text(), entries.some(({ value }) => value === '')));
      entry.addEventListener('blur', ({ relatedTarget }) => { if (!node.contains(relatedTarget)) changed(text()); });
    }
    return { node };
  },
  types: (parameter, target, changed, server) => topicsControl(parameter, changed, server),
};

/**
 * A field for a parameter of a target: {node, update()}; update is for when the server's
 * topics are known.
 *
 * @param {import('./server.js').Server} server
 */
export function field(parameter, target, server) {
  const { name, kind } = parameter;
  const one = ['text', 'number', 'lang', 'zone'].includes(kind); // one control, which a label can name
  const node = make(one ? 'div' : 'fieldset', 'field');
  node.dataset.name = name;
  const label = node.appendChild(make(one ? 'label' : 'legend', 'label', nameOf(parameter)));
  label.append(' ', make('code', 'mono', name));
  const problem = make('p', 'problem');
  problem.id = `problem-${name}`;
  problem.setAttribute('aria-live', 'polite');
  const hint = make('p', 'hint', kind === 'types' ? `${t(parameter.doc)}. ${t(`build.none.${target}`)}` : t(parameter.doc));
  hint.id = `hint-${name}`;

  // While something is being typed nobody is told that it is not yet right.
  const judge = (text, typing = false, told = problemOf(parameter, text)) => {
    const wrong = said(target, parameter, text) === undefined;
    if (wrong && typing) return;
    set(problem, wrong ? told : '');
    for (const entry of control.node.querySelectorAll('.input')) entry.setAttribute('aria-invalid', String(wrong));
  };
  const changed = (text, typing = false) => {
    put(name, text);
    judge(text, typing);
  };
  const control = CONTROLS[kind](parameter, target, changed, server);
  if (control.entry) {
    control.entry.id = `field-${name}`;
    label.htmlFor = control.entry.id;
  }
  for (const entry of control.node.querySelectorAll('.input')) entry.setAttribute('aria-describedby', `${hint.id} ${problem.id}`);
  node.append(control.node, problem, hint);
  judge(state.texts.get(name) ?? '');
  return { node, update: () => control.update?.() };
}

// The form: what is built, the page that it is for, and a field for each of its
// parameters, in groups that can be closed.

import { icon } from '../icons.js';
import { make, set } from '../dom.js';
import { t } from '../page.js';
import { field } from './fields.js';
import { clear, go, state, watch } from './state.js';
import { TARGETS, composed, parametersFor } from './targets.js';

/** Names by group, in order; what no group names is in the last. */
const GROUPS = {
  what: ['type'],
  look: ['layout', 'mode', 'speed', 'dwell', 'max', 'zoom', 'theme', 'bg', 'rise'],
  place: ['lang', 'tz', 'units', 'dir'],
  display: ['screen', 'dim', 'shift', 'kiosk'],
  readers: ['label', 'controls', 'announce'],
  more: [],
};
const OPEN = ['what', 'look']; // from the start; others if anything was chosen in them
const groupOf = (name) => Object.keys(GROUPS).find((group) => GROUPS[group].includes(name)) ?? 'more';

export class Form {
  #server; #site; #problem; #groups; #fields = [];
  #sums = new Map(); // group -> {node, names}

  /** @param {import('./server.js').Server} server */
  constructor(root, server) {
    this.#server = server;
    root.addEventListener('submit', (event) => event.preventDefault());
    root.append(this.#targets(), this.#page());
    this.#groups = root.appendChild(make('div', 'groups'));
    const reset = root.appendChild(make('button', 'button small', t('settings.reset')));
    reset.type = 'button';
    reset.id = 'reset';
    reset.addEventListener('click', clear);
    watch((name) => (name === 'make' ? this.#draw() : this.#count()));
    this.#draw();
  }

  #targets() {
    const choice = make('fieldset', 'targets');
    choice.append(make('legend', 'unseen', t('build.what')));
    for (const [name, { icon: picture }] of Object.entries(TARGETS)) {
      const label = choice.appendChild(make('label', 'target'));
      const box = label.appendChild(make('input'));
      Object.assign(box, { type: 'radio', name: 'make', value: name, checked: name === state.make });
      const body = label.appendChild(make('span', 'body'));
      body.append(icon(picture), make('b', '', t(`build.${name}`)), make('span', 'meta', t(`build.${name}.about`)));
      box.addEventListener('change', () => go('make', name));
    }
    return choice;
  }

  #page() {
    const node = make('div', 'field site-field');
    const label = node.appendChild(make('label', 'label', t('build.site')));
    const entry = node.appendChild(make('input', 'input'));
    Object.assign(entry, { id: 'field-site', name: 'site', type: 'text', inputMode: 'url', maxLength: 300, spellcheck: false, value: state.site, placeholder: 'https://www.example.org' });
    label.htmlFor = entry.id;
    this.#problem = node.appendChild(make('p', 'problem'));
    this.#problem.id = 'problem-site';
    const hint = node.appendChild(make('p', 'hint', t('build.site.hint')));
    hint.id = 'hint-site';
    entry.setAttribute('aria-describedby', 'problem-site hint-site');
    entry.addEventListener('input', () => go('site', entry.value));
    this.#site = { node, entry };
    return node;
  }

  #draw() {
    this.#site.node.hidden = state.make === 'kiosk';
    const said = new Map(composed(state.make, state.texts));
    const parameters = parametersFor(state.make);
    this.#fields = [];
    this.#sums.clear();
    this.#groups.replaceChildren(...Object.keys(GROUPS).flatMap((group) => {
      const order = ({ name }) => GROUPS[group].indexOf(name);
      const mine = parameters.filter(({ name }) => groupOf(name) === group).sort((a, b) => order(a) - order(b));
      if (mine.length === 0) return [];
      const node = make('details', 'group');
      node.open = OPEN.includes(group) || mine.some(({ name }) => said.has(name) || state.texts.get(name));
      const summary = node.appendChild(make('summary'));
      summary.append(make('span', 'groupname', t(`build.group.${group}`)));
      this.#sums.set(group, { node: summary.appendChild(make('span', 'meta')), names: mine.map(({ name }) => name) });
      const fields = mine.map((parameter) => field(parameter, state.make, this.#server));
      this.#fields.push(...fields);
      node.appendChild(make('div', 'fields')).append(...fields.map((one) => one.node));
      return [node];
    }));
    this.#count();
  }

  // How much is chosen in a group is told where it may be closed.
  #count() {
    const said = new Map(composed(state.make, state.texts));
    for (const { node, names } of this.#sums.values()) {
      const n = names.filter((name) => said.has(name)).length;
      set(node, n > 0 ? t('build.chosen', { n }) : '');
    }
  }

  /** Shows the server's topics. */
  learn() {
    for (const one of this.#fields) one.update();
  }

  /** Says at its field what is wrong with the page, or ''. */
  tell(problem) {
    set(this.#problem, problem);
    this.#site.entry.setAttribute('aria-invalid', String(problem !== ''));
  }
}

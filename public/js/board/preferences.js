// The settings of this reader: language, zone, units, colours. Kept in this browser;
// what the address says gives way to what is chosen here.

import { make } from '../dom.js';
import { page, prefer, preferences, settings, t } from '../page.js';
import { PARAMETERS, apply, parse } from '../settings.js';
import { LANGUAGES } from '../texts.js';
import { go, state, tellAddress } from './state.js';

const ANEW = ['lang', 'tz', 'units']; // what the page is made with: another one is loaded

const row = (name) => PARAMETERS.find((parameter) => parameter.name === name);

function take(name, text) {
  prefer(name, text);
  settings[name] = text === '' ? row(name).default : parse(row(name), text);
  tellAddress([name]);
  if (ANEW.includes(name)) location.reload();
  else apply(settings);
}

export class Preferences {
  constructor() {
    this.root = make('form', 'preferences');
    this.root.addEventListener('submit', (event) => event.preventDefault());
    const own = new Intl.DisplayNames([settings.language], { type: 'language' });
    this.#choice('lang', ['', ...Object.keys(LANGUAGES)], (tag) => (tag ? own.of(tag) : t('settings.browser')));
    this.#zone();
    for (const name of ['units', 'theme', 'rise']) this.#choice(name, row(name).values, (value) => t(`${name}.${value}`));
    this.#choice('announce', row('announce').values, (value) => t(`announce.${value}`), (value) => go({ announce: value }), state.announce);
    const label = this.root.appendChild(make('label', 'check'));
    const box = label.appendChild(make('input'));
    box.type = 'checkbox';
    box.name = 'simulated';
    box.checked = state.simulated;
    box.addEventListener('change', () => go({ simulated: box.checked }));
    label.append(make('span', '', t('settings.simulated')));
    const reset = this.root.appendChild(make('button', 'button', t('settings.reset')));
    reset.type = 'button';
    reset.addEventListener('click', () => {
      for (const name of Object.keys(preferences())) prefer(name, '');
      location.assign(page === 'board' ? '/' : `/${page}`);
    });
  }

  #field(name) {
    const label = this.root.appendChild(make('label', 'field'));
    label.append(make('span', 'label', t(`settings.${name}`)));
    return label;
  }

  #choice(name, values, words, chosen = (value) => take(name, value === row(name).default ? '' : value), now = settings[name]) {
    const select = this.#field(name).appendChild(make('select', 'input'));
    select.name = name;
    const all = values.includes(now) ? values : [...values, now]; // the address says another language
    select.append(...all.map((value) => {
      const option = make('option', '', words(value));
      option.value = value;
      return option;
    }));
    select.value = now;
    select.addEventListener('change', () => chosen(select.value));
  }

  #zone() {
    const label = this.#field('tz');
    const input = label.appendChild(make('input', 'input'));
    input.name = 'tz';
    input.value = settings.tz;
    input.placeholder = t('settings.browser');
    input.setAttribute('list', 'zones');
    input.autocomplete = 'off';
    const zones = label.appendChild(make('datalist'));
    zones.id = 'zones';
    zones.append(...(Intl.supportedValuesOf?.('timeZone') ?? []).map((zone) => {
      const option = make('option');
      option.value = zone;
      return option;
    }));
    const problem = label.appendChild(make('span', 'problem', t('settings.no_zone')));
    problem.hidden = true;
    input.addEventListener('change', () => {
      const text = input.value.trim();
      problem.hidden = text === '' || parse(row('tz'), text) !== undefined;
      input.setAttribute('aria-invalid', String(!problem.hidden));
      if (problem.hidden) take('tz', text);
    });
  }

  shown() { /* always up to date */ }
}

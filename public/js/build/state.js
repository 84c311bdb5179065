// What is being built: all of it stands in the address, so that it can be handed on.
// What was chosen for another target is kept until the page is left.

import { page, settings } from '../page.js';
import { address, legible } from '../settings.js';
import { parametersFor } from './targets.js';

/**
 * make: the target; view: the size of its preview; site: the page it is for, as typed;
 * texts: what stands in the fields, by name. Change it by go and put.
 */
export const state = {
  make: settings.make,
  view: settings.view,
  site: settings.site,
  texts: new Map(),
};

const given = new URLSearchParams(settings.with);
for (const name of new Set(given.keys())) state.texts.set(name, name === 'type' ? given.getAll(name).join(',') : given.getAll(name).at(-1));

/** What of the address's own query the target has not. */
export const unknown = [...state.texts.keys()].filter((name) => !parametersFor(state.make).some((parameter) => parameter.name === name));

const watchers = [];

/** Calls watcher(name) after each change: make, view, site, or the name of a parameter. */
export const watch = (watcher) => watchers.push(watcher);

function changed(name) {
  const asked = new URLSearchParams(location.search); // the builder's own language and colours stay
  const own = Object.fromEntries(Object.keys(settings).filter((key) => asked.has(key)).map((key) => [key, settings[key]]));
  const pairs = parametersFor(state.make).map((parameter) => [parameter.name, state.texts.get(parameter.name) ?? '']).filter(([, text]) => text);
  history.replaceState(null, '', address(page, {
    ...own, make: state.make, view: state.view, site: state.site, with: legible(new URLSearchParams(pairs)),
  }));
  for (const watcher of watchers) watcher(name);
}

/** Takes another target, view or site. */
export function go(name, value) {
  if (state[name] === value) return;
  state[name] = value;
  changed(name);
}

/** Takes what stands in the field of a parameter now. */
export function put(name, text) {
  if ((state.texts.get(name) ?? '') === text) return;
  state.texts.set(name, text);
  changed(name);
}

/** Goes back to the defaults of everything but the site. */
export function clear() {
  state.texts.clear();
  changed('make');
}

// What the reader has set on the board: topics, words searched for, order, panel. The
// address always says all of it, so that it can be handed on; what is a habit (keep in
// the table of settings.js) is remembered in this browser too.

import { page, prefer, settings } from '../page.js';
import { PARAMETERS, address, write } from '../settings.js';

const MINE = ['type', 'q', 'sort', 'source', 'simulated', 'announce', 'paused', 'panel'];
const parameter = (name) => PARAMETERS.find((row) => row.name === name);

/** The state of the board; change it by go. */
export const state = Object.fromEntries(MINE.map((name) => [name, settings[name]]));

const watchers = [];

/** Calls watcher(changed names) after each change. */
export const watch = (watcher) => watchers.push(watcher);

/** Takes changes: writes the address, remembers habits, tells the watchers. */
export function go(changes) {
  const names = Object.keys(changes).filter((name) => JSON.stringify(changes[name]) !== JSON.stringify(state[name]));
  if (names.length === 0) return;
  for (const name of names) {
    state[name] = changes[name];
    const row = parameter(name);
    if (row.keep) prefer(name, state[name] === row.default ? '' : write(row, state[name]));
  }
  tellAddress();
  for (const watcher of watchers) watcher(names);
}

/** Writes the state to the address, and leaves out of it what given says no more. */
export function tellAddress(without = []) {
  const given = new URLSearchParams(location.search);
  const others = Object.keys(settings).filter((name) => given.has(name) && !MINE.includes(name) && !without.includes(name));
  const values = { ...state, ...Object.fromEntries(others.map((name) => [name, settings[name]])) };
  history.replaceState(null, '', address(page, values));
}

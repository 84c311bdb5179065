// The page that this is, settled once when it loads: what its address and its reader
// ask for, the words, and the way numbers and times are written. Other settings are
// another load; a theme alone is put on with apply. <html data-page="..."> names it.

import { Format } from './format.js';
import { settle, apply } from './settings.js';
import { texts } from './texts.js';

const KEPT = 'tickertape.preferences';

/** The value that is kept in this browser under a key, or null. Storage may be forbidden. */
export function kept(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keeps a text in this browser; null forgets it. Full or forbidden storage is no error. */
export function keep(key, text) {
  try {
    if (text === null) localStorage.removeItem(key);
    else localStorage.setItem(key, text);
  } catch { /* the page works without */ }
}

function keptObject(key) {
  try {
    const value = JSON.parse(kept(key) ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** The name of this page: board, kiosk, monitor, chat, build or embed. */
export const page = document.documentElement.dataset.page ?? 'board';

/** What the reader chose for all visits: texts by the name of a parameter. */
export const preferences = () => keptObject(KEPT);

/** Remembers a choice; '' goes back to the default. */
export function prefer(name, text) {
  const all = preferences();
  if (text === '') delete all[name];
  else all[name] = text;
  keep(KEPT, JSON.stringify(all));
}

// A display shows what its address says, and nothing that somebody chose on it once.
const remembers = page !== 'kiosk' && page !== 'embed';

/** @see settle */
export const settings = settle(page, location.search, remembers ? preferences() : {});

/** The words. @see texts */
export const t = texts(settings.languages);

/** Numbers and times for this reader. */
export const format = new Format({ lang: settings.languages, tz: settings.tz, units: settings.units });

/** One sentence on what of the address was not understood, or ''. */
export const addressProblem = () => settings.problems.slice(0, 5)
  .map(({ name, value, known }) => t(known ? 'address.value' : 'address.name', { name, value })).join(' ');

apply(settings);

// Topics for people: what they are called on a page, and in which order they stand.

import { t } from './page.js';

/** The usual topics, the most wanted first. */
export const USUAL = Object.freeze(['news', 'stock', 'weather', 'clock', 'system', 'random']);

const place = (name) => (USUAL.indexOf(name) + 1 || USUAL.length + 1);

/** Compares two topics: the usual ones in their order, then the others by name. */
export const byPlace = (a, b) => place(a) - place(b) || a.localeCompare(b);

/** What a topic is called on the page. */
export const title = (topic) => (t.has(`topic.${topic}`) ? t(`topic.${topic}`) : topic.charAt(0).toUpperCase() + topic.slice(1).replace(/[_-]/g, ' '));

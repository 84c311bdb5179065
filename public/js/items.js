// What an item says, whatever its shape: one line of text, the sky, when it is old. No
// DOM and no language here; what comes back is text of the tape, cut.

import { Format } from './format.js';

/** Seconds after which an item of a topic is old; a topic that is not here does not age. */
export const STALE = Object.freeze({ __proto__: null, stock: 300, weather: 7200, system: 30, clock: 10, random: 30 });

const LINES = ['title', 'text', 'message', 'value', 'headline'];
const COMMON = new Set(['id', 'time', 'seen', 'expires', 'simulated', 'attribution', 'source', 'lang', 'url', 'severity']);

/** One line for data of any shape, or ''. The field that stands beside it already, the key, is left out. */
export function summary(data, key = '') {
  const line = LINES.find((field) => field !== key && data[field] !== undefined && typeof data[field] !== 'object');
  if (line) return Format.clip(data[line]);
  return Format.clip(Object.entries(data).filter(([field]) => field !== key && !COMMON.has(field)).slice(0, 8)
    .map(([field, value]) => `${Format.clip(field, 40)} ${Format.clip(value, 80)}`).join(' · '));
}

const SKY = [
  [/thunder|storm/i, 'storm'], [/snow|sleet|hail/i, 'snow'], [/rain|shower|drizzle/i, 'rain'], [/fog|mist|haze/i, 'fog'],
  [/part|few|broken|fair|mostly/i, 'partly'], [/cloud|overcast/i, 'cloud'], [/clear.*night/i, 'moon'], [/sun|clear/i, 'sun'],
];

/** The words for the sky, and the name of its picture in icons.js: by the picture's name if the source gives one. */
export function sky({ condition, symbol }) {
  const words = typeof condition === 'string' ? Format.clip(condition, 40) : '';
  const named = typeof symbol === 'string' ? symbol : words;
  const picture = SKY.find(([pattern]) => pattern.test(named))?.[1] ?? 'none';
  return { words, picture: picture === 'partly' && /night/.test(named) ? 'partly-night' : picture };
}

/** A language tag that an attribute may be given, or ''. */
export const language = (tag) => (/^[a-zA-Z]{2,8}(-[a-zA-Z0-9]{1,8})*$/.test(tag ?? '') ? tag : '');

/** What the sources of items ask to be shown beside them, each once, at most three. */
export function credits(items) {
  const owed = new Set(items.map(({ data }) => data.attribution).filter((text) => typeof text === 'string' && text !== ''));
  return [...owed].slice(0, 3).map((text) => Format.clip(text, 120));
}

// Numbers, times, ages and links as text for people, by Intl and the browser's own
// language. Every function takes whatever the tape held and returns a string;
// what cannot be read as the thing it should be comes back as it is, cut.

const cache = new Map(); // a handful of formatters: they are dear to make
function memo(key, make) {
  if (!cache.has(key)) {
    if (cache.size > 200) cache.clear(); // currencies and digits come from outside
    cache.set(key, make());
  }
  return cache.get(key);
}

// The languages that the reader asked for; the browser's own where it names none.
const locales = (() => {
  try {
    return Intl.getCanonicalLocales(navigator.languages ?? []);
  } catch {
    return [];
  }
})();

const MISSING = '–';
const MINUS = '\u2212';
const TEXT = 400; // characters of one text that are shown
// A decimal, as a number or as text: prices come as text, so that they stay exact.
const DECIMAL = /^[+-]?\d{1,18}(\.\d{1,12})?$/;
// What can be read as a finite number, or NaN: null and '' are not zero.
const numeric = (value) => (typeof value === 'number' || (typeof value === 'string' && value.trim()) ? Number(value) : NaN);
const digitsOf = (decimal) => Math.min(8, (String(decimal).split('.')[1] ?? '').length);

/** Text on one line, cut at a length that no layout minds. */
export function clip(value, length = TEXT) {
  if (value === undefined || value === null) return '';
  const all = typeof value === 'object' ? JSON.stringify(value) : String(value);
  const text = all.slice(0, 2 * length + 64).replace(/\s+/g, ' ').trim();
  if (text.length <= length) return text;
  const cut = text.slice(0, length);
  return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
}

/** An absolute http or https address, or null for anything else. */
export function link(value) {
  if (typeof value !== 'string' || value.length > 2048) return null;
  try {
    const url = new URL(value);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
  } catch {
    return null;
  }
}

export function number(value, digits = 0) {
  const n = numeric(value);
  if (!Number.isFinite(n)) return clip(value, 24) || MISSING;
  return memo(`n${digits}`, () => new Intl.NumberFormat(locales, { maximumFractionDigits: digits })).format(n);
}

/** A price with as many decimals as it came with. */
export function price(value) {
  if (!DECIMAL.test(String(value))) return clip(value, 24) || MISSING;
  const digits = digitsOf(value);
  return memo(`p${digits}`, () => new Intl.NumberFormat(locales, {
    minimumFractionDigits: digits, maximumFractionDigits: digits,
  })).format(value);
}

/** A change with its sign: never told by colour alone. */
export function change(value, suffix = '') {
  const n = numeric(value);
  if (!Number.isFinite(n)) return MISSING;
  const format = memo('change', () => new Intl.NumberFormat(locales, {
    signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 2,
  }));
  return format.format(n).replace('-', MINUS) + suffix;
}

export const direction = (value) => (numeric(value) > 0 ? 'up' : numeric(value) < 0 ? 'down' : 'flat');
export const arrow = (way) => ({ up: '▲', down: '▼' })[way] ?? '◆';

// Inside, units are canonical: °C, m/s, mm. Countries that read others get theirs, all
// of one system; in Britain roads and winds are in miles, and the rest is metric.
const { region } = new Intl.Locale(locales[0] ?? 'en');
const customary = ['US', 'PR', 'LR', 'BS', 'BZ', 'KY', 'PW'].includes(region);
const miles = customary || region === 'GB';

function measure(value, unit, digits, convert = (n) => n) {
  const n = numeric(value);
  if (!Number.isFinite(n)) return MISSING;
  const format = memo(`u${unit}${digits}`, () => new Intl.NumberFormat(locales, {
    style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits,
  }));
  const scale = 10 ** digits;
  return format.format(Math.round(convert(n) * scale) / scale + 0) // + 0: no minus zero
    .replace('-', MINUS);
}

export const temperature = (celsius) => (customary
  ? measure(celsius, 'fahrenheit', 0, (c) => c * 1.8 + 32)
  : measure(celsius, 'celsius', 0));

export const wind = (metres) => (miles
  ? measure(metres, 'mile-per-hour', 0, (v) => v * 2.23694)
  : measure(metres, 'kilometer-per-hour', 0, (v) => v * 3.6));

export const rain = (millimetres) => (customary
  ? measure(millimetres, 'inch', 2, (mm) => mm / 25.4)
  : measure(millimetres, 'millimeter', 1));

export function bytes(value) {
  let n = numeric(value);
  if (!Number.isFinite(n)) return MISSING;
  let unit = 0;
  while (n >= 1024 && unit < 4) [n, unit] = [n / 1024, unit + 1];
  return `${number(n, n < 10 && unit > 0 ? 1 : 0)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`;
}

export function duration(seconds) {
  const s = numeric(seconds);
  if (!Number.isFinite(s)) return MISSING;
  const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
  return d > 0 ? `${number(d)} d ${h} h` : h > 0 ? `${h} h ${m} min` : `${m} min`;
}

const at = (key, options) => (ms) => memo(key, () => new Intl.DateTimeFormat(locales, options)).format(ms);
export const hourMinute = at('hm', { hour: '2-digit', minute: '2-digit' });
export const hourMinuteSecond = at('hms', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
export const day = at('day', { weekday: 'long', day: 'numeric', month: 'long' });
export const full = at('full', { dateStyle: 'medium', timeStyle: 'medium' });

/** How long ago, in steps that do not flicker. A time ahead of us is now. */
export function age(ms) {
  const s = Math.max(0, ms) / 1000;
  const ago = memo('ago', () => new Intl.RelativeTimeFormat(locales, { style: 'short', numeric: 'auto' }));
  if (s < 10) return ago.format(0, 'second');
  if (s < 60) return ago.format(-10 * Math.floor(s / 10), 'second');
  if (s < 3600) return ago.format(-Math.floor(s / 60), 'minute');
  if (s < 86400) return ago.format(-Math.floor(s / 3600), 'hour');
  return ago.format(-Math.floor(s / 86400), 'day');
}

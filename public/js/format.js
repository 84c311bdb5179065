// Numbers, times, ages and links as text for people, by Intl alone. Every method takes
// whatever the tape held and returns a string; what cannot be read as the thing it
// should be comes back as it is, cut.

/** What stands where nothing is known. */
export const MISSING = '–';

const MINUS = '\u2212';
const TEXT = 400; // characters of one text that are shown
const HUGE = 1e15; // from here on numbers are told by their power of ten
const CACHE = 200; // formatters kept: currencies, zones and digits come from outside
// A decimal, as a number or as text: prices come as text, so that they stay exact.
const DECIMAL = /^[+-]?\d{1,18}(\.\d{1,12})?$/;
// What can be read as a finite number, or NaN: null and '' are not zero.
const numeric = (value) => (typeof value === 'number' || (typeof value === 'string' && value.trim()) ? Number(value) : NaN);
const digitsOf = (decimal) => Math.min(8, (String(decimal).split('.')[1] ?? '').length);
const isTime = (ms) => typeof ms === 'number' && Math.abs(ms) < 8.64e15;

// Inside, units are canonical: °C, m/s, mm, hPa. Countries that read others get theirs,
// all of one system; in Britain roads and winds are in miles, and the rest is metric.
const CUSTOMARY = ['US', 'PR', 'LR', 'BS', 'BZ', 'KY', 'PW'];
const WIND = {
  metric: ['kilometer-per-hour', (v) => v * 3.6],
  uk: ['mile-per-hour', (v) => v * 2.23694],
  imperial: ['mile-per-hour', (v) => v * 2.23694],
};

function systemOf(languages) {
  const { region } = new Intl.Locale(languages[0] ?? 'en');
  return CUSTOMARY.includes(region) ? 'imperial' : region === 'GB' ? 'uk' : 'metric';
}

// What the browser's reader asked for; the browser's own where it names none.
function languagesOf(lang) {
  try {
    return Intl.getCanonicalLocales(lang || globalThis.navigator?.languages || []);
  } catch {
    return [];
  }
}

/**
 * Format writes for one reader. It is immutable; make another one for another reader.
 */
export class Format {
  #languages; #tz; #units;
  #cache = new Map(); // a handful of formatters: they are dear to make

  /**
   * @param {object} [reader]
   * @param {string|string[]} [reader.lang] BCP 47, best first; '' or none: the browser's
   * @param {string} [reader.tz] IANA zone; '' or none: the browser's
   * @param {'auto'|'metric'|'imperial'|'uk'} [reader.units] auto: as the language's region has it
   */
  constructor({ lang, tz, units = 'auto' } = {}) {
    this.#languages = languagesOf(lang);
    this.#tz = tz || undefined;
    this.#units = units in WIND ? units : systemOf(this.#languages);
  }

  /** The zone that times are told in, as IANA names it. */
  get zone() { return this.#tz ?? Intl.DateTimeFormat().resolvedOptions().timeZone; }

  /** The system of units: metric, imperial or uk. */
  get units() { return this.#units; }

  #memo(key, make) {
    let made = this.#cache.get(key);
    if (!made) {
      if (this.#cache.size >= CACHE) this.#cache.clear();
      made = make();
      this.#cache.set(key, made);
    }
    return made;
  }

  #number(key, options) {
    return this.#memo(key, () => new Intl.NumberFormat(this.#languages, options));
  }

  // A number of any size in a few signs: 1E308 has three hundred digits otherwise.
  #write(n, key, options) {
    if (Math.abs(n) < HUGE) return this.#number(key, options).format(n);
    return this.#number(`${key} huge`, { ...options, notation: 'scientific', minimumFractionDigits: 0, maximumFractionDigits: 2 }).format(n);
  }

  #time(key, options, ms, zone = this.#tz) {
    if (!isTime(ms)) return MISSING;
    try {
      return this.#memo(`${key} ${zone ?? ''}`, () => new Intl.DateTimeFormat(this.#languages, { ...options, timeZone: zone })).format(ms);
    } catch {
      return this.#time(key, options, ms, undefined); // a zone that this browser does not know
    }
  }

  /** Text on one line, cut at a length that no layout minds. */
  static clip(value, length = TEXT) {
    if (value === undefined || value === null) return '';
    const all = typeof value === 'object' ? JSON.stringify(value) : String(value);
    const text = all.slice(0, 2 * length + 64).replace(/\s+/g, ' ').trim();
    if (text.length <= length) return text;
    const cut = text.slice(0, length);
    return `${/[\uD800-\uDBFF]$/.test(cut) ? cut.slice(0, -1) : cut}…`;
  }

  /** An absolute http or https address, or null for anything else. */
  static link(value) {
    if (typeof value !== 'string' || value.length > 2048) return null;
    try {
      const url = new URL(value);
      return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : null;
    } catch {
      return null;
    }
  }

  /** up, down or flat. */
  static direction(value) { return numeric(value) > 0 ? 'up' : numeric(value) < 0 ? 'down' : 'flat'; }

  /** The sign that goes with a direction, beside its colour. */
  static arrow(way) { return { up: '▲', down: '▼' }[way] ?? '◆'; }

  number(value, digits = 0) {
    const n = numeric(value);
    if (!Number.isFinite(n)) return Format.clip(value, 24) || MISSING;
    return this.#write(n, `n${digits}`, { maximumFractionDigits: digits });
  }

  /** A number that may be huge, short: 12K. */
  compact(value) {
    const n = numeric(value);
    if (!Number.isFinite(n)) return MISSING;
    return this.#number('compact', { notation: 'compact', maximumFractionDigits: 1 }).format(n);
  }

  /** A part of a hundred: 45 %. */
  percent(value, digits = 0) {
    const n = numeric(value);
    if (!Number.isFinite(n)) return MISSING;
    return this.#write(n / 100, `percent${digits}`, { style: 'percent', maximumFractionDigits: digits });
  }

  /** A price with as many decimals as it came with. */
  price(value) {
    if (!DECIMAL.test(String(value))) return Format.clip(value, 24) || MISSING;
    const digits = digitsOf(value);
    return this.#number(`p${digits}`, { minimumFractionDigits: digits, maximumFractionDigits: digits })
      .format(value).replace('-', MINUS);
  }

  /** A change with its sign: never told by colour alone. */
  change(value, suffix = '') {
    const n = numeric(value);
    if (!Number.isFinite(n)) return MISSING;
    return this.#write(n, 'change', { signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 2 })
      .replace('-', MINUS) + suffix;
  }

  #measure(value, unit, digits, convert = (n) => n) {
    const n = numeric(value);
    if (!Number.isFinite(n)) return MISSING;
    const scale = 10 ** digits;
    const rounded = Math.round(convert(n) * scale) / scale + 0; // + 0: no minus zero
    return this.#write(rounded, `u${unit}${digits}`, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: digits })
      .replace('-', MINUS);
  }

  temperature(celsius) {
    return this.#units === 'imperial'
      ? this.#measure(celsius, 'fahrenheit', 0, (c) => c * 1.8 + 32)
      : this.#measure(celsius, 'celsius', 0);
  }

  /** A temperature without the letter of its scale: −1°. */
  degrees(celsius) {
    const c = numeric(celsius);
    if (!Number.isFinite(c)) return MISSING;
    return `${this.number(Math.round(this.#units === 'imperial' ? c * 1.8 + 32 : c) + 0).replace('-', MINUS)}°`;
  }

  wind(metres) {
    const [unit, convert] = WIND[this.#units];
    return this.#measure(metres, unit, 0, convert);
  }

  rain(millimetres) {
    return this.#units === 'imperial'
      ? this.#measure(millimetres, 'inch', 2, (mm) => mm / 25.4)
      : this.#measure(millimetres, 'millimeter', 1);
  }

  bytes(value) {
    let n = numeric(value);
    if (!Number.isFinite(n)) return MISSING;
    let unit = 0;
    while (n >= 1024 && unit < 4) [n, unit] = [n / 1024, unit + 1];
    return `${this.number(n, n < 10 && unit > 0 ? 1 : 0)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`;
  }

  /** The two largest units of a time span given in seconds. */
  duration(seconds) {
    const s = numeric(seconds);
    if (!Number.isFinite(s) || s < 0) return MISSING;
    const [d, h, m] = [Math.floor(s / 86400), Math.floor(s / 3600) % 24, Math.floor(s / 60) % 60];
    const parts = d > 0 ? [[d, 'day'], [h, 'hour']] : h > 0 ? [[h, 'hour'], [m, 'minute']] : m > 0 ? [[m, 'minute']] : [[Math.floor(s), 'second']];
    return parts.map(([n, unit]) => this.#measure(n, unit, 0)).join(' ');
  }

  /** Times take ms since 1970, and a zone that wins over the reader's, such as a city's own. */
  hourMinute(ms, zone) { return this.#time('hm', { hour: '2-digit', minute: '2-digit' }, ms, zone); }
  hourMinuteSecond(ms, zone) { return this.#time('hms', { hour: '2-digit', minute: '2-digit', second: '2-digit' }, ms, zone); }
  /** 14:05 CET. */
  time(ms, zone) { return this.#time('time', { hour: '2-digit', minute: '2-digit', timeZoneName: 'short' }, ms, zone); }
  /** Friday, 20 November. */
  day(ms, zone) { return this.#time('day', { weekday: 'long', day: 'numeric', month: 'long' }, ms, zone); }
  /** 20 Nov 2026. */
  date(ms, zone) { return this.#time('date', { dateStyle: 'medium' }, ms, zone); }
  /** Date and time of day, to the second. */
  full(ms, zone) { return this.#time('full', { dateStyle: 'medium', timeStyle: 'medium' }, ms, zone); }

  /** When something was: the time of day, and the day too unless it was today: 14:05, or 19 Nov, 14:05. */
  asOf(ms, now, zone) {
    if (!isTime(ms)) return MISSING;
    if (this.date(ms, zone) === this.date(now, zone)) return this.hourMinute(ms, zone);
    return this.#time('asof', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' }, ms, zone);
  }

  /** How long ago, in steps that do not flicker. A time ahead of us is now. */
  age(ms) {
    const s = Math.max(0, ms) / 1000;
    const ago = this.#memo('ago', () => new Intl.RelativeTimeFormat(this.#languages, { style: 'short', numeric: 'auto' }));
    if (s < 10) return ago.format(0, 'second');
    if (s < 60) return ago.format(-10 * Math.floor(s / 10), 'second');
    if (s < 3600) return ago.format(-Math.floor(s / 60), 'minute');
    if (s < 86400) return ago.format(-Math.floor(s / 3600), 'hour');
    return ago.format(-Math.floor(s / 86400), 'day');
  }

  /** Names in one sentence: a, b and c. */
  list(names) {
    return this.#memo('list', () => new Intl.ListFormat(this.#languages, { type: 'conjunction' })).format(names);
  }
}

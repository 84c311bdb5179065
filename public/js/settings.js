// What a page was asked to be: its address, and for the board what its reader chose
// earlier (the address wins), settled into one object. PARAMETERS is the one list of
// what an address may say: the builder and the documentation are made of it.

import { languageFor } from './texts.js';

const PAGES = ['board', 'kiosk', 'monitor', 'chat', 'build', 'embed'];
const TYPE = /^[a-z][a-z0-9_-]{0,63}(\..{1,200})?$/;
const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;

/**
 * One row a parameter:
 *   name     as in the address
 *   pages    that read it
 *   kind     choice (of values; aliases are other words for them), types, lang, zone, number (min, max), hours, text (max characters), flag
 *   default  what it is when the address does not say
 *   keep     the board remembers the reader's choice
 *   doc      key of the text that explains it
 */
export const PARAMETERS = Object.freeze([
  { name: 'type', pages: ['board', 'kiosk', 'embed'], kind: 'types', default: null, keep: true, doc: 'param.type' },
  { name: 'lang', pages: PAGES, kind: 'lang', default: '', keep: true, doc: 'param.lang' },
  { name: 'tz', pages: PAGES, kind: 'zone', default: '', keep: true, doc: 'param.tz' },
  { name: 'units', pages: PAGES, kind: 'choice', values: ['auto', 'metric', 'imperial', 'uk'], default: 'auto', keep: true, doc: 'param.units' },
  { name: 'theme', pages: PAGES, kind: 'choice', values: ['auto', 'light', 'dark', 'black'], default: 'auto', keep: true, doc: 'param.theme' },
  { name: 'rise', pages: PAGES, kind: 'choice', values: ['green', 'red'], default: 'green', keep: true, doc: 'param.rise' },
  { name: 'layout', pages: ['kiosk'], kind: 'choice', values: ['split', 'lower-third', 'wall', 'ticker'], default: 'split', doc: 'param.layout' },
  { name: 'mode', pages: ['kiosk', 'embed'], kind: 'choice', values: ['flip', 'scroll', 'list'], aliases: { crawl: 'scroll' }, default: 'flip', doc: 'param.mode' },
  { name: 'speed', pages: ['embed'], kind: 'number', min: 5, max: 1000, default: 60, doc: 'param.speed' },
  { name: 'dwell', pages: ['kiosk', 'embed'], kind: 'number', min: 2, max: 600, default: 8, doc: 'param.dwell' },
  { name: 'max', pages: ['kiosk', 'embed'], kind: 'number', min: 1, max: 200, default: 50, doc: 'param.max' },
  { name: 'zoom', pages: ['kiosk', 'embed'], kind: 'number', min: 0.5, max: 4, default: 1, doc: 'param.zoom' },
  { name: 'dim', pages: ['kiosk'], kind: 'hours', default: null, doc: 'param.dim' },
  { name: 'shift', pages: ['kiosk'], kind: 'number', min: 0, max: 3600, default: 60, doc: 'param.shift' },
  { name: 'bg', pages: ['kiosk', 'embed'], kind: 'choice', values: ['solid', 'transparent'], default: 'solid', doc: 'param.bg' },
  { name: 'kiosk', pages: ['kiosk'], kind: 'flag', default: true, doc: 'param.kiosk' },
  { name: 'screen', pages: ['kiosk', 'embed'], kind: 'text', max: 64, default: '', doc: 'param.screen' },
  { name: 'label', pages: ['embed'], kind: 'text', max: 80, default: '', doc: 'param.label' },
  { name: 'controls', pages: ['embed'], kind: 'choice', values: ['pause', 'all', 'none'], default: 'pause', doc: 'param.controls' },
  { name: 'announce', pages: ['embed'], kind: 'choice', values: ['off', 'summary', 'all'], default: 'summary', doc: 'param.announce' },
  { name: 'fallback', pages: ['embed'], kind: 'choice', values: ['flip', 'none'], default: 'flip', doc: 'param.fallback' },
  { name: 'dir', pages: ['embed'], kind: 'choice', values: ['auto', 'ltr', 'rtl'], default: 'auto', doc: 'param.dir' },
  { name: 'q', pages: ['board'], kind: 'text', max: 200, default: '', doc: 'param.q' },
  { name: 'sort', pages: ['board'], kind: 'choice', values: ['name', 'rise', 'fall'], default: 'name', keep: true, doc: 'param.sort' },
  { name: 'source', pages: ['board'], kind: 'text', max: 200, default: '', doc: 'param.source' },
  { name: 'announce', pages: ['board'], kind: 'choice', values: ['off', 'summary', 'all'], default: 'summary', keep: true, doc: 'param.announce' },
  { name: 'simulated', pages: ['board'], kind: 'flag', default: true, keep: true, doc: 'param.simulated' },
  { name: 'paused', pages: ['board', 'embed'], kind: 'flag', default: false, doc: 'param.paused' },
  { name: 'panel', pages: ['board'], kind: 'choice', values: ['none', 'settings', 'alerts', 'stream'], default: 'none', doc: 'param.panel' },
  { name: 'make', pages: ['build'], kind: 'choice', values: ['kiosk', 'element', 'frame'], default: 'kiosk', doc: 'param.make' },
  { name: 'with', pages: ['build'], kind: 'text', max: 8000, default: '', doc: 'param.with' },
  { name: 'site', pages: ['build'], kind: 'text', max: 300, default: '', doc: 'param.site' },
  { name: 'view', pages: ['build'], kind: 'choice', values: ['wall', 'portrait', 'third', 'desk', 'phone'], default: 'wall', doc: 'param.view' },
  { name: 'share', pages: PAGES, kind: 'flag', default: true, doc: 'param.share' },
  { name: 'debug', pages: PAGES, kind: 'flag', default: false, doc: 'param.debug' },
].map(Object.freeze));

/** The parameters of a page. */
export const parametersOf = (page) => PARAMETERS.filter(({ pages }) => pages.includes(page));

const FLAGS = { '': true, 1: true, true: true, on: true, yes: true, 0: false, false: false, off: false, no: false };

// Each returns the value that a text stands for, or undefined.
const READ = {
  choice: (text, { values, aliases = {} }) => [text, aliases[text]].find((word) => values.includes(word)),
  flag: (text) => (Object.hasOwn(FLAGS, text) ? FLAGS[text] : undefined),
  text: (text, { max }) => (text.length <= max ? text : undefined),
  number: (text, { min, max }) => (/^\d+(\.\d+)?$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : undefined),
  hours(text) {
    const found = HOURS.exec(text)?.slice(1).map(Number);
    return found && { from: found[0] * 60 + found[1], to: found[2] * 60 + found[3] };
  },
  lang(text) {
    try {
      return Intl.getCanonicalLocales(text)[0];
    } catch {
      return undefined;
    }
  },
  zone(text) {
    try {
      const zone = new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone;
      // Some browsers answer with the name that a city had long ago.
      return zone.toLowerCase() === text.toLowerCase() ? zone : text;
    } catch {
      return undefined;
    }
  },
  types(text) {
    const types = [...new Set(text.split(',').map((type) => type.trim()).filter(Boolean))];
    if (types.includes('*')) return null; // every public topic, as without the parameter
    return types.length <= 100 && types.every((type) => TYPE.test(type)) ? types : undefined;
  },
};

const WRITE = {
  flag: (on) => (on ? '1' : '0'),
  types: (types) => types.join(','),
  hours: ({ from, to }) => [from, to].map((m) => `${String(Math.floor(m / 60)).padStart(2, '0')}:${String(m % 60).padStart(2, '0')}`).join('-'),
};

/** The value that a text gives to a parameter, or undefined when it is none. */
export const parse = (parameter, text) => READ[parameter.kind](text, parameter);

/** The text for a value in an address; parse reads it back. */
export const write = (parameter, value) => (WRITE[parameter.kind] ?? String)(value);

/**
 * The settled settings of a page: a value for each of its parameters, languages (what
 * to format in, best first), language (what its words are in) and problems: a list of
 * {name, value, known}, known being false for a parameter that the page has not.
 * Names that begin with "_" are nobody's business.
 *
 * @param {string} page one of PAGES
 * @param {string} search the query of the address
 * @param {object} [kept] what the reader chose earlier: texts by name
 */
export function settle(page, search, kept = {}) {
  const query = new URLSearchParams(search);
  const settings = {};
  const problems = [];
  const mine = parametersOf(page);
  for (const parameter of mine) {
    const { name, kind, keep } = parameter;
    const given = query.getAll(name);
    const stored = keep && typeof kept?.[name] === 'string' ? parse(parameter, kept[name]) : undefined;
    settings[name] = stored ?? parameter.default;
    if (given.length === 0) continue;
    const text = kind === 'types' ? given.join(',') : given.at(-1);
    const value = parse(parameter, text);
    if (value === undefined) problems.push({ name, value: text.slice(0, 80), known: true });
    else settings[name] = value;
  }
  for (const name of new Set(query.keys())) {
    if (!name.startsWith('_') && !mine.some((parameter) => parameter.name === name)) problems.push({ name: name.slice(0, 80), value: '', known: false });
  }
  settings.languages = settings.lang ? [settings.lang] : [...(globalThis.navigator?.languages ?? [])];
  settings.language = languageFor(settings.languages);
  settings.problems = problems;
  return settings;
}

/** Writes settings to <html>: language and direction for readers, the rest for the style sheets. */
export function apply(settings, root = document.documentElement) {
  root.lang = settings.language;
  root.dir = directionOf(settings.lang || settings.language);
  root.dataset.theme = settings.theme;
  root.dataset.rise = settings.rise;
  if ('bg' in settings) root.dataset.bg = settings.bg;
}

function directionOf(lang) {
  try {
    const locale = new Intl.Locale(lang);
    return (locale.getTextInfo?.() ?? locale.textInfo)?.direction === 'rtl' ? 'rtl' : 'ltr';
  } catch {
    return 'ltr';
  }
}

/** A query as text, with the signs left as they are that an address need not escape. */
export const legible = (query) => query.toString().replaceAll('%2C', ',').replaceAll('%3A', ':').replaceAll('%2F', '/');

/** The address of a page with values by parameter name; what is the default is left out. */
export function address(page, values) {
  const query = new URLSearchParams();
  for (const parameter of parametersOf(page)) {
    const value = values[parameter.name];
    if (value === undefined || value === null || value === parameter.default) continue;
    query.set(parameter.name, write(parameter, value));
  }
  const text = legible(query);
  return `/${page === 'board' ? '' : page}${text ? `?${text}` : ''}`;
}

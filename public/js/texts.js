// Every word that a page shows comes from here: js/texts/en.js and js/texts/de.js hold
// them, with the same keys. Another language is another such file and one line below.

import { en } from './texts/en.js';
import { de } from './texts/de.js';

/** The languages that there are words in, by their subtag; the first is for everybody else. */
export const LANGUAGES = Object.freeze({ en, de });

/** The language of the words for a reader who asks for these, best first. */
export function languageFor(wanted) {
  for (const tag of [wanted ?? []].flat()) {
    const language = String(tag).toLowerCase().split('-')[0];
    if (Object.hasOwn(LANGUAGES, language)) return language;
  }
  return 'en';
}

/**
 * The words in a language: t(key, values). A text holds {name} where a value goes. One
 * that depends on a number is an object of texts by plural category, chosen by
 * values.n, which is written as the language writes numbers. An unknown key is the
 * programmer's mistake: it is reported and shown as it is, and tests fail.
 *
 *   const t = texts('de');
 *   t('link.live');             // Live
 *   t('pause.newer', { n: 12 }); // 12 neuere
 *
 * @param {string|string[]} wanted BCP 47 tags, best first
 */
export function texts(wanted) {
  const language = languageFor(wanted);
  const table = LANGUAGES[language];
  const plural = new Intl.PluralRules(language);
  const number = new Intl.NumberFormat(language);
  const t = (key, values = {}) => {
    const entry = Object.hasOwn(table, key) ? table[key] : undefined;
    if (entry === undefined) {
      console.error(`texts: no text "${key}"`);
      return key;
    }
    const text = typeof entry === 'string' ? entry : entry[plural.select(values.n)] ?? entry.other;
    return text.replace(/\{(\w+)\}/g, (all, name) => {
      const value = values[name];
      return value === undefined ? all : typeof value === 'number' ? number.format(value) : String(value);
    });
  };
  /** Whether there is such a text: for keys made of what the tape holds. */
  t.has = (key) => Object.hasOwn(table, key);
  t.language = language;
  return t;
}

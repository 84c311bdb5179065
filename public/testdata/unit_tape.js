// The order of a moving tape, its attributes, and what it says.

import { ATTRIBUTES, OBSERVED, types } from '/js/tape/attributes.js';
import { Announcer } from '/js/tape/announcer.js';
import { Sequence } from '/js/tape/sequence.js';
import { describe, isOld } from '/js/tape/row.js';
import { Format } from '/js/format.js';
import { LANGUAGES, texts } from '/js/texts.js';
import { sky, summary } from '/js/items.js';
import { equal } from './fakes.js';

const entries = (keys, lasting = false) => [...keys].map((key) => ({ key, lasting }));
const take = (sequence, n) => Array.from({ length: n }, () => sequence.next()?.key ?? '-').join('');

function sequence(keys, lasting) {
  const s = new Sequence();
  s.update(entries(keys, lasting));
  return s;
}

const context = { format: new Format({ lang: 'en-GB', tz: 'UTC' }), t: texts('en'), now: 1e12, key: () => '' };
const at = (ago) => new Date(1e12 - ago * 1000).toISOString();

export const checks = [
  ['tape: round and round', () => {
    equal(take(sequence('abc'), 7), 'abcabca');
    equal(take(sequence(''), 2), '--');
    equal(take(sequence('a'), 3), 'aaa');
  }],
  ['tape: what is new comes next, oldest first, and then it goes on', () => {
    const s = sequence('abcd');
    equal(take(s, 2), 'ab');
    s.update(entries('yxabcd'));
    equal(take(s, 4), 'xycd');
    equal(take(s, 4), 'yxab');
  }],
  ['tape: after a long absence only the newest jump the queue', () => {
    const s = sequence('abc');
    s.next();
    s.update(entries('zyxwvutabc'));
    equal(take(s, 7), 'vwxyzbc');
  }],
  ['tape: a value that is replaced in place does not come out of its turn', () => {
    const s = sequence('abc', true);
    equal(take(s, 1), 'a');
    s.update(entries('abbc'.replace('bb', 'bx'), true));
    equal(take(s, 3), 'bxc');
  }],
  ['tape: what is withdrawn under way', () => {
    const s = sequence('abcd');
    equal(take(s, 2), 'ab');
    s.update(entries('acd'));
    equal(take(s, 3), 'cda');
    s.update(entries(''));
    equal(take(s, 1), '-');
    s.update(entries('z'));
    equal(take(s, 2), 'zz');
    const t = sequence('abc');
    t.update(entries('nabc'));
    t.update(entries('abc')); // new, and gone before its turn
    equal(take(t, 3), 'abc');
  }],
  ['tape: back', () => {
    const s = sequence('abc');
    s.next();
    equal([s.before('a').key, s.before('b').key, s.before('gone').key], ['c', 'a', 'a']);
    equal(sequence('').before('a'), null);
    s.seek('c');
    equal(take(s, 1), 'a');
    s.restart();
    equal(take(s, 2), 'ab');
  }],
  ['tape: attributes, whatever they hold', () => {
    const read = (name, value) => ATTRIBUTES[name].read(value);
    equal(Object.entries(ATTRIBUTES).filter(([, a]) => a.read(null) !== a.standard), []);
    equal(['0', '-5', '1e9', 'Infinity', 'x', '', ' ', '12.5'].map((text) => read('speed', text)), [5, 5, 1000, 60, 60, 60, 60, 12.5]);
    equal(['CRAWL ', 'scroll', 'constructor', ''].map((text) => read('mode', text)), ['crawl', 'crawl', 'flip', 'flip']);
    equal([read('paused', ''), read('paused', 'false'), read('label', ' a ')], [true, true, 'a']);
    equal(OBSERVED.includes('lang') && OBSERVED.includes('dir'), true);
    equal(types(' news, stock.A.B ,news,,'), ['news', 'stock.A.B']);
    equal(types(Array.from({ length: 500 }, (_, i) => `t${i}`).join()).length, 100);
  }],
  ['tape: says little', () => {
    const [polite, urgent] = [document.createElement('p'), document.createElement('p')];
    const a = new Announcer(polite, urgent);
    const t = texts('en');
    a.tick('summary', t, 0);
    equal(polite.textContent, '');
    for (let i = 0; i < 1000; i++) a.add('summary', `Item ${i}`, '');
    a.tick('summary', t, 0);
    equal(polite.textContent, '1,000 new headlines; newest: Item 999');
    a.add('summary', 'Another', '');
    a.tick('summary', t, 24_999);
    equal(polite.textContent.startsWith('1,000'), true);
    a.tick('summary', t, 25_000);
    equal(polite.textContent, '1 new headline: Another');
    for (let i = 0; i < 9; i++) a.add('all', `Item ${i}`, '');
    a.tick('all', t, 60_000);
    equal(polite.textContent, 'Item 8. Item 7. Item 6. and 6 more');
    a.add('off', 'Nothing', 'alarm');
    equal(urgent.textContent, '');
    a.add('all', 'Flood', 'severe');
    equal(urgent.textContent, 'severe: Flood');
    urgent.textContent = '';
    a.add('summary', 'Flood', 'severe');
    equal(urgent.textContent, '', 'twice');
  }],
  ['tape: readings', () => {
    const read = (topic, data, lasting = false) => describe({ topic, lasting, item: { key: 'k', data, at: null } }, context);
    equal(read('news', { title: 'T', url: 'javascript:x', lang: 'x"y' }).href, null);
    equal(read('news', {}).title, 'Untitled');
    equal(read('news', { title: 'T', severity: 'extreme' }).alert, 'extreme');
    equal(read('news', { title: 'T', severity: 'constructor' }).alert, '');
    const { figure, unit, change, way } = read('stock', { symbol: 'A', price: '1.50', currency: 'EUR', increase: -2 }, true);
    equal([figure, unit, change, way], ['1.50', 'EUR', '\u22122.00\u00a0%', 'down']);
    equal(read('stock', { price: '1' }, true).title, 'k');
    equal(read('level', { metres: 3 }, true).note, 'metres 3');
    equal(read('constructor', { text: 'x' }).title, 'x');
    equal(sky({ condition: 'Partly cloudy', symbol: 'partly-cloudy-night' }), { words: 'Partly cloudy', picture: 'partly-night' });
    equal([summary({ id: 1 }), summary({ title: 'a', text: 'b' }), summary({ title: 'a', text: 'b' }, 'title')], ['', 'a', 'b']);
  }],
  ['tape: what is old', () => {
    const old = (topic, ago, times) => isOld({ topic, item: { data: { time: at(ago) }, at: null } }, 1e12, times);
    equal([old('stock', 300), old('stock', 301), old('stock', 899, 3), old('stock', 901, 3), old('news', 1e6)], [false, true, false, true, false]);
    equal(isOld({ topic: 'stock', item: { data: {}, at: null } }, 1e12), false, 'a time that nobody knows');
  }],
  ['tape: its words are there in every language', () => {
    for (const table of Object.values(LANGUAGES)) equal(Object.keys(table).filter((key) => key.startsWith('tape.')).length, 6);
  }],
];

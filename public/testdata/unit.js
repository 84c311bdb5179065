// Unit tests of the modules that know no DOM, run in a browser by unit_test.go:
// each check is [name, function]; a thrown error is its failure.

import { Store, LIMITS } from '/js/store.js';
import { Format } from '/js/format.js';
import { settle, address, parse, write, PARAMETERS } from '/js/settings.js';
import { texts, LANGUAGES } from '/js/texts.js';
import { equal } from './fakes.js';
import { checks as link } from './unit_link.js';
import { checks as filter } from './unit_filter.js';
import { checks as hub } from './unit_hub.js';
import { checks as latest } from './unit_latest.js';
import { checks as reload } from './unit_reload.js';
import { checks as tape } from './unit_tape.js';

const format = new Format({ lang: 'en-GB', tz: 'UTC' });

const checks = [
  ...link,
  ...filter,
  ...hub,
  ...latest,
  ...reload,
  ...tape,
  ['store: a snapshot takes the place of what is shown when it is complete', () => {
    const changed = [];
    const s = new Store((topic) => changed.push(topic));
    s.begin('fresh');
    s.put('news', '{"id":"a","title":"A"}', '', 0);
    equal(s.list('news').length, 0);
    s.commit();
    equal(s.list('news').map((i) => i.key), ['a']);
    s.put('news', '{"id":"b"}', 'e-2', 0);
    equal(s.list('news').map((i) => i.key), ['b', 'a']);
    s.begin('reset');
    s.put('news', '{"id":"c"}', '', 0);
    equal(s.list('news').map((i) => i.key), ['b', 'a'], 'not blank meanwhile');
    s.begin('reset'); // cut before it was complete
    s.put('news', '{"id":"d"}', '', 0);
    s.commit();
    equal(s.list('news').map((i) => i.key), ['d']);
    s.begin('resumed');
    s.put('news', '{"id":"e"}', 'e-9', 0);
    equal(s.list('news').map((i) => i.key), ['e', 'd']);
    s.commit();
    equal(s.list('news').map((i) => i.key), ['e', 'd']);
  }],
  ['store: nothing twice, corrections are the newest, keys sort', () => {
    const s = new Store(() => {});
    for (const id of ['a', 'b', 'a']) s.put('news', `{"id":"${id}"}`, '', 0);
    equal(s.list('news').map((i) => i.key), ['a', 'b']);
    for (const symbol of ['Z', 'B', 'Z', 'A10', 'A9']) s.put('stock', `{"symbol":"${symbol}"}`, '', 0);
    equal(s.list('stock').map((i) => i.key), ['A9', 'A10', 'B', 'Z']);
    for (const text of ['hello', '17', '[1,2]', 'null', '"x"']) s.put('random', text, '', 0);
    equal(s.list('random').map((i) => i.data), [{ value: 'x' }]);
    s.put('chat', 'one', 'e-1', 0);
    s.put('chat', 'two', 'e-2', 0);
    equal(s.list('chat').map((i) => i.data.value), ['two', 'one']);
  }],
  ['store: bounds', () => {
    const s = new Store(() => {});
    for (let i = 0; i < 1000; i++) {
      s.put('news', `{"id":"n${i}"}`, '', 0);
      s.put('chat', `${i}`, '', 0);
      s.put('stock', `{"symbol":"S${i}"}`, '', 0);
      s.put(`t${i}`, '1', '', 0);
    }
    equal([s.list('news').length, s.list('chat').length, s.list('stock').length], [50, 50, 200]);
    equal(s.list('news')[0].key, 'n999');
    equal(s.list('t999').length, 0, 'topics');
    equal(LIMITS.every, 50);
  }],
  ['store: retract by key, by id, and not to be told', () => {
    const s = new Store(() => {});
    s.put('news', '{"id":"a"}', 'e-1', 0);
    s.put('chat', 'x', 'e-2', 0);
    equal(s.retract({ topic: 'news', key: 'a' }), true);
    equal(s.retract({ topic: 'chat', id: 'e-2' }), true);
    equal([s.list('news').length, s.list('chat').length], [0, 0]);
    s.put('random', '5', '', 0);
    equal(s.retract({ topic: 'random', key: '' }), true);
    equal(s.list('random').length, 0);
    s.put('chat', 'y', '', 0);
    equal(s.retract({ topic: 'chat', id: 'e-1' }), false);
    equal(s.retract({ topic: 'none', id: 'e-1' }), true);
  }],
  ['store: what has expired leaves and is not taken', () => {
    const s = new Store(() => {});
    const item = (id, ms) => s.put('news', JSON.stringify({ id, expires: new Date(ms).toISOString() }), '', 1000);
    item('a', 5000);
    item('b', 3000);
    item('c', 500);
    equal(s.list('news').length, 2);
    s.sweep(2999);
    equal(s.list('news').length, 2);
    s.sweep(3000);
    equal(s.list('news').map((i) => i.key), ['a']);
    s.begin('fresh');
    item('d', 4000);
    s.commit();
    s.sweep(4000);
    equal(s.list('news').length, 0);
  }],
  ['store: only what comes live has an arrival, also in storage', () => {
    const s = new Store(() => {});
    s.put('chat', '{}', '', 5);
    s.begin('fresh');
    s.put('chat', '{}', '', 6);
    s.commit();
    s.put('chat', '{}', 'e-2', 7);
    s.begin('resumed');
    s.put('chat', '{}', 'e-3', 8);
    s.commit();
    s.put('chat', '{}', 'e-4', 9);
    const at = [9, null, 7, null];
    equal(s.list('chat').map((item) => item.at), at);
    const again = new Store(() => {});
    again.load(s.save(10), 11);
    equal(again.list('chat').map((item) => item.at), at);
  }],
  ['store: saved and loaded, whatever storage holds', () => {
    const s = new Store(() => {});
    s.put('news', '{"id":"a","title":"A"}', 'e-1', 7);
    s.put('news', JSON.stringify({ id: 'long', title: 'x'.repeat(9000) }), 'e-2', 7);
    const t = new Store(() => {});
    equal(t.load(s.save(9), 10), 9);
    equal(t.list('news').map((i) => i.key), ['a']);
    for (const bad of ['', 'x', 'null', '{}', '{"version":1,"at":1}', '{"version":1,"at":1,"topics":{"news":5}}',
      '{"version":1,"at":1,"topics":{"news":[{"key":1},{"key":"a","data":null},{"key":"a","data":{},"at":"x"}]}}', '{"version":2,"at":1,"topics":{}}', '{"version":1,"at":1e300,"topics":{"news":[{"key":"a","at":1,"data":{}}]}}', '{"version":1,"at":"9","topics":{}}']) {
      const u = new Store(() => {});
      equal(u.load(bad, 10) === null || bad.includes('"at":1,'), true, bad);
      equal(u.list('news').length, 0, bad);
    }
  }],
  ['store: a topic named like a method of Object', () => {
    const s = new Store(() => {});
    s.put('constructor', 'x', 'e-1', 0);
    equal(s.list('constructor').length, 1);
  }],

  ['format: links', () => {
    equal(Format.link('https://a.example/x?y#z'), 'https://a.example/x?y#z');
    for (const bad of ['javascript:alert(1)', ' JaVaScRiPt:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', 'vbscript:x', 'file:///etc', '/path',
      '//host', 'http:', '', null, 5, {}, `https://a.example/${'x'.repeat(3000)}`]) equal(Format.link(bad), null, String(bad));
  }],
  ['format: texts are cut, at whole characters', () => {
    equal(Format.clip('a\n b\t\tc'), 'a b c');
    equal(Format.clip('x'.repeat(10000)).length, 401);
    equal(Format.clip(`${'x'.repeat(399)}😀😀`), `${'x'.repeat(399)}…`);
    equal(Format.clip({ a: 1 }), '{"a":1}');
    equal([Format.clip(null), Format.clip(undefined), Format.clip(0)], ['', '', '0']);
  }],
  ['format: prices are exact', () => {
    equal(format.price('123.40'), '123.40');
    equal(format.price('99999999999999.10'), '99,999,999,999,999.10');
    equal(format.price('0.00001234'), '0.00001234');
    equal(format.price(12.5), '12.5');
    equal(format.price('-37.63'), '\u221237.63');
    equal(format.price('1e999'), '1e999');
    equal(format.price('<b>'), '<b>');
    equal(format.price(undefined), '–');
  }],
  ['format: huge numbers are short', () => {
    equal(format.number(1e308, 3), '1E308');
    equal(format.number(-1.5e15), '-1.5E15');
    equal(format.number(999999999999999), '999,999,999,999,999');
    equal(format.change(1e308, ' %'), '+1E308 %');
    equal(format.temperature(-1e300), '\u22121E300°C');
    equal(format.percent(1e300), '1E300%');
  }],
  ['format: numbers that are none', () => {
    for (const name of ['temperature', 'degrees', 'wind', 'rain', 'bytes', 'duration', 'number', 'change', 'percent', 'compact', 'hourMinute', 'full', 'asOf']) {
      for (const bad of [undefined, null, NaN, '']) equal(['–', 'NaN'].includes(format[name](bad)), true, `${name} ${bad}`);
    }
    equal(format.temperature(-0.4), '0°C');
    equal(format.temperature(-1.4), '\u22121°C');
    equal(format.change(-1.1, ' %'), '\u22121.10 %');
    equal(format.change(0), '0.00');
    equal([Format.direction(1), Format.direction(-1), Format.direction('x')], ['up', 'down', 'flat']);
    equal(format.bytes(1536), '1.5 KiB');
    equal(format.duration(93784), '1 day 2 hrs');
  }],
  ['format: ages', () => {
    equal([-5000, 9999, 10000, 59999, 60000, 3600000, 90000000].map((ms) => format.age(ms)),
      ['now', 'now', '10 sec ago', '50 sec ago', '1 min ago', '1 hr ago', 'yesterday']);
  }],
  ['format: zones, units and languages are the reader\'s', () => {
    const noon = Date.parse('2026-11-20T12:05:09Z');
    const berlin = new Format({ lang: 'de-DE', tz: 'Europe/Berlin' });
    equal([berlin.hourMinute(noon), berlin.hourMinute(noon, 'Asia/Tokyo'), berlin.hourMinute(noon, 'No/Where')], ['13:05', '21:05', '13:05']);
    equal([berlin.time(noon), berlin.day(noon)], ['13:05 MEZ', 'Freitag, 20. November']);
    equal([berlin.zone, berlin.units], ['Europe/Berlin', 'metric']);
    equal([format.asOf(noon, noon + 3600e3), format.asOf(noon, noon + 86400e3)], ['12:05', '20 Nov, 12:05']);
    equal([new Format({ lang: 'en-US' }).units, new Format({ lang: 'en-GB' }).units, new Format({ lang: 'en-US', units: 'metric' }).units, new Format({ units: 'x', lang: 'fr' }).units],
      ['imperial', 'uk', 'metric', 'metric']);
    equal(new Format({ lang: 'no such language' }).number(1234.5).length > 3, true, 'a bad language');
    equal(new Format({ lang: ['de-DE', 'en'], units: 'uk' }).wind(10), '22 mi/h');
    for (let i = 0; i < 1000; i++) format.hourMinute(noon, `Etc/GMT+${i % 12}`);
  }],

  ['settings: the address wins, and what is not understood is said', () => {
    const s = settle('board', '?theme=black&units=furlong&tz=Europe%2FBerlin&nope=1&_t=5&type=news,stock.A.B&type=tides&q=ferry', { theme: 'dark', rise: 'red', lang: 'de-AT', q: 'no' });
    equal([s.theme, s.units, s.tz, s.rise, s.lang, s.language, s.type, s.q], ['black', 'auto', 'Europe/Berlin', 'red', 'de-AT', 'de', ['news', 'stock.A.B', 'tides'], 'ferry']);
    equal(s.problems, [{ name: 'units', value: 'furlong', known: true }, { name: 'nope', value: '', known: false }]);
    equal(settle('board', '?type=*').type, null);
    equal(settle('board', '?type=News').problems.length, 1);
    const k = settle('kiosk', '?dim=22:00-06:30&shift=0&zoom=1.25&layout=lower-third&kiosk=off&debug', { theme: 7 });
    equal([k.dim, k.shift, k.zoom, k.layout, k.kiosk, k.debug, k.theme], [{ from: 1320, to: 390 }, 0, 1.25, 'lower-third', false, true, 'auto']);
    equal(settle('board', '?tz=asia/tokyo').tz, 'Asia/Tokyo');
    equal(settle('board', '?tz=Asia/Kathmandu').tz, 'Asia/Kathmandu', 'as it is called today');
    for (const bad of ['dim=25:00-06:00', 'dim=22', 'shift=-1', 'shift=1e9', 'zoom=x', 'zoom=0x1', 'tz=Mars/Base', 'lang=<b>', 'debug=maybe', `screen=${'x'.repeat(65)}`]) {
      equal(settle('kiosk', `?${bad}`).problems.length, 1, bad);
    }
    settle('board', '', null);
    settle('board', '', { theme: {}, lang: 5 });
  }],
  ['settings: an address says what was meant, and no more', () => {
    for (const page of ['board', 'kiosk', 'embed']) {
      const search = '?type=news,stock.A%26B&lang=de&tz=Europe/Berlin&units=uk&theme=black&rise=red&debug=1&share=0';
      const values = settle(page, search);
      equal(address(page, values), `${page === 'board' ? '/' : `/${page}`}${search}`.replace('&debug=1&share=0', '') + '&share=0&debug=1');
      equal(settle(page, new URL(address(page, values), 'http://host').search), values, page);
    }
    equal(address('kiosk', settle('kiosk', '')), '/kiosk');
    equal(address('kiosk', settle('kiosk', '?dim=07:05-21:00')), '/kiosk?dim=07:05-21:00');
  }],
  ['settings: every row of the table can be written, read and explained', () => {
    for (const parameter of PARAMETERS) {
      for (const language of Object.keys(LANGUAGES)) equal(texts(language).has(parameter.doc), true, parameter.doc);
      if (parameter.default !== null && parameter.default !== '') equal(parse(parameter, write(parameter, parameter.default)), parameter.default, parameter.name);
    }
  }],

  ['texts: the languages have the same keys and the same places for values', () => {
    const places = (text) => [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)].map((m) => m[1]).filter((name, i, all) => all.indexOf(name) === i).sort();
    for (const [language, table] of Object.entries(LANGUAGES)) {
      equal(Object.keys(table).sort(), Object.keys(LANGUAGES.en).sort(), language);
      for (const [key, text] of Object.entries(table)) {
        equal(places(text), places(LANGUAGES.en[key]), `${language} ${key}`);
        equal(typeof text, typeof LANGUAGES.en[key], `${language} ${key}`);
        if (typeof text === 'object') equal('other' in text, true, `${language} ${key}`);
      }
    }
  }],
  ['texts: plurals, values and the language', () => {
    const t = texts(['fr', 'de-CH', 'en']);
    equal([t.language, t('pause.newer', { n: 1200 }), t('machine.cores', { n: 1, usage: '5 %' })], ['de', '1.200 neuere', '5 % von 1 Kern']);
    equal(texts('x-y').language, 'en');
    equal(texts('en')('data.as_of', { time: '{x} <b>' }), 'as of {x} <b>');
    equal([t.has('link.live'), t.has('constructor')], [true, false]);
  }],
];

const results = [];
for (const [name, check] of checks) {
  try {
    await check();
    results.push({ name, problem: '' });
  } catch (error) {
    results.push({ name, problem: error.stack });
  }
}
globalThis.results = results;

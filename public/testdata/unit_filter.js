// What tabs want, and places on the tape; and when a page is loaded anew.

import { comparable, covers, filter, place, typesOf, union } from '/js/filter.js';
import { equal } from './fakes.js';

const CATALOGUE = { stock: { key: 'symbol', public: true }, news: { key: 'id', public: true }, secret: { key: '', public: false }, tides: { key: '', public: true } };
const spec = (topic) => CATALOGUE[topic];
const none = () => undefined;

export const checks = [
  ['filter: wishes', () => {
    equal(typesOf(' stock, news ,stock,'), ['news', 'stock']);
    equal(typesOf(['b', 'a,c']), ['a', 'b', 'c']);
    equal([typesOf(''), typesOf(undefined), typesOf([])], [[], [], []]);
    equal(typesOf(Array.from({ length: 1000 }, (_, i) => `t${i}`)).length, 100);
  }],
  ['filter: a union is sorted, least, and never too long for an address', () => {
    equal(union([['stock.B', 'news'], ['stock.A'], ['news']]), ['news', 'stock.A', 'stock.B']);
    equal(union([['stock.B'], ['stock']]), ['stock']);
    equal(union([['*'], ['stock.B']]), ['*', 'stock.B']);
    equal(union([]), []);
    const keys = (topic, n) => Array.from({ length: n }, (_, i) => `${topic}.key-number-${i}`);
    equal(union([keys('stock', 300), keys('news', 5)]), [...keys('news', 5), 'stock'].sort());
  }],
  ['filter: what a stream carries', () => {
    equal(covers(['news', 'stock'], ['stock.A', 'news'], spec), true);
    equal(covers(['stock.A'], ['stock'], spec), false);
    equal(covers(['*'], ['stock.A', 'news', '*'], spec), true);
    equal(covers(['*'], ['secret'], spec), false);
    equal(covers(['*'], ['news'], none), false, 'before the catalogue is known');
    equal(covers(['news', 'stock'], ['*'], spec), false);
  }],
  ['filter: a key is told from the data, where it has to be', () => {
    const only = filter(['stock.A.B', 'news'], ['news', 'stock.A.B'], none);
    equal([only('stock', 'x'), only('news', 'x'), only('random', 'x')], [true, true, false]);
    const among = filter(['stock.A.B'], ['stock'], spec);
    equal([among('stock', '{"symbol":"A.B"}'), among('stock', '{"symbol":"A"}'), among('stock', 'text'), among('stock', '{}')], [true, false, false, false]);
    equal([among('stock', '', 'A.B'), among('stock', '', 'X')], [true, false], 'a retraction');
    const two = filter(['stock.A'], ['stock.A', 'stock.B'], spec);
    equal([two('stock', '{"symbol":"A"}'), two('stock', '{"symbol":"B"}')], [true, false]);
    const number = filter(['tides.5'], ['tides'], () => ({ key: 'n' }));
    equal(number('tides', '{"n":5}'), true);
  }],
  ['filter: * does not mean what is not public', () => {
    const all = filter(['*'], ['*', 'secret'], spec);
    equal([all('news', 'x'), all('secret', 'x')], [true, false]);
    const both = filter(['*', 'secret'], ['*', 'secret'], spec);
    equal(both('secret', 'x'), true);
  }],
  ['filter: places', () => {
    equal(place('7k3q-1042'), { id: '7k3q-1042', epoch: '7k3q', n: 1042 });
    for (const bad of ['', 'x', '-5', 'a-', 'a-b', 'A-1', `${'a'.repeat(40)}-1`]) equal(place(bad), null, bad);
    equal([comparable(place('a-1'), place('a-9')), comparable(place('a-1'), place('b-1')), comparable(null, place('a-1'))], [true, false, false]);
  }],
];

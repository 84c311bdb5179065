// A page that reads what its address says and writes down what it was given, for
// share_test.go: ?type= &share= &timing=JSON &wait (until start is called) &reload
// &without= what the browser should seem not to have.

import { Latest } from '/js/latest.js';

const query = new URLSearchParams(location.search);
const without = (query.get('without') ?? '').split(',');
if (without.includes('worker')) globalThis.SharedWorker = undefined;
if (without.includes('script')) {
  const Worker = globalThis.SharedWorker; // the script of the worker cannot be loaded
  globalThis.SharedWorker = class extends Worker { constructor(url, options) { super('/nowhere.js', options); } };
}
if (without.includes('locks')) Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });
const told = { states: [], begins: [], lives: 0, snapshot: [], from: '', got: [], hints: [], twice: 0 };
let staged = null;

console.info = (text) => told.hints.push(text);

const reader = new Latest({
  state(name) {
    told.states.push(name);
    document.documentElement.dataset.link = name;
  },
  begin(state) {
    told.begins.push(state);
    staged = state === 'resumed' ? null : [];
  },
  event(topic, text, id) {
    if (staged) {
      staged.push(text);
      return;
    }
    if (told.got.includes(id)) told.twice++;
    told.got.push(id);
  },
  retract: (data, id) => told.got.push(id),
  live() {
    told.lives++;
    if (staged) Object.assign(told, { snapshot: staged, from: reader.lastId, got: [] });
    staged = null;
  },
  time() {},
}, { timing: JSON.parse(query.get('timing') ?? '{}'), reload: query.has('reload') });

const start = () => reader.open((query.get('type') ?? '').split(','));
Object.assign(globalThis, { told, reader, start });
if (!query.has('wait')) start();

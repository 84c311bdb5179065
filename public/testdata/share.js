// A page that reads what its address says and writes down what it was given, for
// share_test.go: ?type= &share= &timing=JSON &wait (until start is called) &reload.

import { Latest } from '/js/latest.js';

const query = new URLSearchParams(location.search);
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

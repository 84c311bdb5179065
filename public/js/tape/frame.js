// The shadow tree of a tape: what stands in it, made once.

import { make } from '../dom.js';
import { sheet } from './sheet.js';

function slot(parent, name, hidden = true) {
  const node = parent.appendChild(make('slot'));
  if (name) node.name = name;
  node.hidden = hidden;
  return node;
}

/**
 * Fills a shadow root. bar is the visible tape: before it what the page puts there, in
 * it the moving part, after it the status and the controls. still shows one of three
 * slots while there is no item.
 */
export function frame(root) {
  root.adoptedStyleSheets = [sheet()];
  const box = root.appendChild(make('div', 'box'));
  const bar = box.appendChild(make('div', 'bar'));
  bar.role = 'group';
  const before = bar.appendChild(make('div', 'before'));
  const name = slot(before, 'before', false).appendChild(make('span', 'name'));
  const tape = bar.appendChild(make('div', 'tape'));
  const still = tape.appendChild(make('div', 'still'));
  const slots = { waiting: slot(still, ''), empty: slot(still, 'empty'), error: slot(still, 'error') };
  const side = bar.appendChild(make('div', 'side'));
  const status = side.appendChild(make('span', 'status'));
  status.part = 'status';
  status.hidden = true;
  const words = status.appendChild(make('span'));
  const simulated = status.appendChild(make('span', 'simulated'));
  const controls = side.appendChild(make('div', 'controls'));
  controls.part = 'controls';
  const polite = root.appendChild(make('div', 'unseen'));
  polite.role = 'status';
  const urgent = root.appendChild(make('div', 'unseen'));
  urgent.role = 'alert';
  return { bar, name, tape, still, slots, status, words, simulated, controls, polite, urgent };
}

// A chip: a box with its words, one of several or a switch.

import { make } from '../dom.js';

/** A chip of a type of input: {node, box}. */
export function chip(type, name, value, words) {
  const node = make('label', 'chip');
  const box = node.appendChild(make('input'));
  Object.assign(box, { type, name, value });
  node.append(make('span', '', words));
  return { node, box };
}

// What can be built, what may be chosen for each, and what of that has to be said: a
// default goes without saying. No DOM here.

import { legible, parametersOf, parse, write } from '../settings.js';
import { ATTRIBUTES, OBSERVED } from '../tape/attributes.js';

const TAPE = ATTRIBUTES.type.standard; // the topics of a tape that names none

/** page: whose parameters it has; views: the sizes it is previewed in; standard: its topics if none are named. */
export const TARGETS = Object.freeze({
  kiosk: { page: 'kiosk', icon: 'screen', views: ['wall', 'portrait', 'third', 'phone'], standard: '' },
  element: { page: 'embed', icon: 'code', views: ['desk', 'phone'], standard: TAPE },
  frame: { page: 'embed', icon: 'frame', views: ['desk', 'phone'], standard: TAPE },
});

/** The rows of PARAMETERS that a target has; an element has those that are its attributes. */
export function parametersFor(make) {
  const all = parametersOf(TARGETS[make].page);
  return make === 'element' ? all.filter(({ name }) => OBSERVED.includes(name)) : all;
}

/** The size to preview a target in, for the one that was asked for; narrow: whoever builds it is at a telephone. */
export function viewFor(make, view, narrow = false) {
  const { views } = TARGETS[make];
  return views.includes(view) ? view : views.at(narrow ? -1 : 0);
}

/** How a parameter says its default, '' if by saying nothing. */
export function standardOf(make, parameter) {
  if (parameter.kind === 'types') return TARGETS[make].standard;
  return parameter.default === null ? '' : write(parameter, parameter.default);
}

/** What has to be said for a text in a field: '' for the default, undefined if it is no value. */
export function said(make, parameter, text) {
  if (text.trim() === '') return '';
  const value = parse(parameter, text.trim());
  if (value === undefined) return undefined;
  const written = value === null ? '*' : write(parameter, value); // every topic, which is no page's default
  return written === standardOf(make, parameter) ? '' : written;
}

/** What has to be said of all: [name, text] in the order of the table. */
export function composed(make, texts) {
  return parametersFor(make)
    .map((parameter) => [parameter.name, said(make, parameter, texts.get(parameter.name) ?? '')])
    .filter(([, text]) => text);
}

/** The address, on this server, of what shows those. */
export function addressOf(make, pairs) {
  const query = legible(new URLSearchParams(pairs));
  return `/${TARGETS[make].page}${query ? `?${query}` : ''}`;
}

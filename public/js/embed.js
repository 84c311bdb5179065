// The tape for a frame in another page: the address is its configuration, with the
// names of the element's attributes.

import './ticker-tape.js';
import { parametersOf, write } from './settings.js';
import { addressProblem, page, settings } from './page.js';
import { make } from './dom.js';

const OWN = ['type', 'bg', 'debug', 'screen', 'share', 'zoom', 'tz', 'lang', 'dir', 'paused']; // not handed on as they are

const tape = make('ticker-tape');
for (const parameter of parametersOf(page)) {
  if (!OWN.includes(parameter.name)) tape.setAttribute(parameter.name, write(parameter, settings[parameter.name]));
}
const asked = new URLSearchParams(location.search);
if (settings.type || asked.has('type')) tape.type = settings.type?.join(',') ?? '*';
if (settings.screen) tape.src = `/latest?${new URLSearchParams({ screen: settings.screen })}`;
if (!settings.share) tape.share = 'off';
if (settings.dir !== 'auto') document.documentElement.dir = settings.dir;
tape.lang = settings.languages[0] ?? '';
tape.tz = settings.tz;
tape.paused = settings.paused;
tape.reload = true;
document.documentElement.style.fontSize = `${100 * settings.zoom}%`;
if (addressProblem()) console.info(addressProblem());
if (settings.debug) tape.addEventListener('ticker-state', ({ detail }) => console.info(detail));
document.body.append(tape);

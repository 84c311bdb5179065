// The text that is handed out, as a list of [kind, text]: kind colours it (tag, name,
// value, or '' for the rest), the texts together are what is copied. No DOM here.

const FLAGS = ['paused']; // attributes without a value
const HEIGHTS = { flip: [88, 86.4], scroll: [44, 41.6], list: [240, 240] }; // px: at least, and by zoom; a flip is three lines where it is narrow

// What ends an attribute, and what makes a line read otherwise than it is.
const escape = (text) => text.replace(/[&<>"\u202a-\u202e\u2066-\u2069]/g, (sign) => (
  { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }[sign] ?? `&#x${sign.charCodeAt(0).toString(16)};`));

const attribute = ([name, value]) => (value === true
  ? [['', ' '], ['name', name]]
  : [['', ' '], ['name', name], ['', '='], ['value', `"${escape(value)}"`]]);

const open = (tag, attributes) => [['tag', `<${tag}`], ...attributes.flatMap(attribute), ['tag', '>']];
const close = (tag) => [['tag', `</${tag}>`]];

const WORDS = { mode: { scroll: 'crawl' }, share: { 0: 'off', 1: 'auto' } }; // what the element calls them

/** An address: its query in colours. */
export function addressText(server, address) {
  const [path, query] = address.split('?');
  const pairs = query ? query.split('&').map((pair) => pair.split('=')) : [];
  return [['', server + path], ...pairs.flatMap(([name, value], i) => [['', i ? '&' : '?'], ['name', name], ['', '='], ['value', value]])];
}

/** The two lines for a page, and what it shows to those without JavaScript. pairs: what is said; link: the words of that. */
export function elementText(server, pairs, link) {
  const attributes = pairs.map(([name, text]) => [name, FLAGS.includes(name) ? true : WORDS[name]?.[text] ?? text]);
  return [
    ...open('script', [['type', 'module'], ['src', `${server}/js/ticker-tape.js`]]), ...close('script'), ['', '\n'],
    ...open('ticker-tape', attributes), ['', '\n  '],
    ...open('a', [['href', `${server}/`]]), ['', escape(link)], ...close('a'), ['', '\n'],
    ...close('ticker-tape'), ['', '\n'],
  ];
}

/** The height of a frame, so that nothing is cut off on a narrow page either. */
export function heightOf(pairs) {
  const { mode = 'flip', zoom = '1' } = Object.fromEntries(pairs);
  const [least, size] = HEIGHTS[mode];
  return Math.ceil(Math.max(least, size * Number(zoom)));
}

const SCHEMES = { auto: ['light', 'dark'], light: ['light'], dark: ['dark'], black: ['dark'] };

/** The colour scheme that a frame must have to be seen through: that of the page in it. '' where that does not matter. */
export function schemeOf(pairs) {
  const { bg, theme = 'auto' } = Object.fromEntries(pairs);
  return bg === 'transparent' ? SCHEMES[theme].join(' ') : '';
}

/** A frame that shows an address. title: what screen readers call it. */
export function frameText(server, address, pairs, title) {
  const scheme = schemeOf(pairs);
  const style = `border:0${scheme && `;color-scheme:${scheme}`}`;
  const attributes = [['src', server + address], ['title', title], ['width', '100%'], ['height', String(heightOf(pairs))], ['style', style]];
  return [...open('iframe', attributes), ...close('iframe'), ['', '\n']];
}

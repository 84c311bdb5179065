// The pictures of all pages, as elements: no symbol of a document has to be there, so
// that they can be drawn in a shadow root and on a page elsewhere. Lines of 24 by 24,
// in the colour of the text; class "warm" and "wet" are the sun's and the rain's.

const NS = 'http://www.w3.org/2000/svg';
const cloud = 'M7 14.5h10a3.8 3.8 0 0 0 .5-7.5 6 6 0 0 0-11.4 1.2A3.2 3.2 0 0 0 7 14.5z';
const behind = 'M8 19h9a3.5 3.5 0 0 0 .4-7 5 5 0 0 0-9.5 1.1A3 3 0 0 0 8 19z';

/** Each icon is a list of [path] or [path, class]. */
const ICONS = {
  __proto__: null,
  none: [],

  sun: [['M16.5 12a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0zM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M18.7 5.3 17 7M7 17l-1.7 1.7', 'warm']],
  partly: [['M9 3v1.6M3 9h1.6M4.8 4.8l1.1 1.1M13.2 4.8l-1.1 1.1M5.6 11.2a4 4 0 1 1 7.2-3.4', 'warm'], [behind]],
  moon: [['M19.5 14.5A8 8 0 1 1 10 4.5a6.5 6.5 0 0 0 9.5 10z', 'warm']],
  'partly-night': [['M5.3 11.5A5 5 0 0 1 9.5 3.5a4.2 4.2 0 0 0 4.6 4', 'warm'], [behind]],
  cloud: [['M7 18.5h10a4 4 0 0 0 .5-8 6 6 0 0 0-11.4 1.3A3.4 3.4 0 0 0 7 18.5z']],
  rain: [[cloud], ['M8.5 17.5l-1 3M12.5 17.5l-1 3M16.5 17.5l-1 3', 'wet']],
  snow: [[cloud], ['M8 18h.01M12 18h.01M16 18h.01M10 21h.01M14 21h.01', 'wet']],
  storm: [[cloud], ['M12.5 14l-2.5 4h4l-2.5 4', 'warm']],
  fog: [['M7 12.5h10a3.6 3.6 0 0 0 .5-7 6 6 0 0 0-11.2 1.2A3 3 0 0 0 7 12.5z'], ['M5 16h14M7.5 19.5h9']],

  pause: [['M9 5.5v13M15 5.5v13']],
  play: [['M8 5.5v13l10.5-6.5z']],
  next: [['M9.5 5.5 16 12l-6.5 6.5']],
  previous: [['M14.5 5.5 8 12l6.5 6.5']],
  close: [['M6 6l12 12M18 6 6 18']],
  search: [['M17 11a6 6 0 1 1-12 0 6 6 0 0 1 12 0zM15.5 15.5 20 20']],
  settings: [['M4 7h9M19 7h1M4 17h1M11 17h9M18.5 7a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM10.5 17a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z']],
  bell: [['M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5a2.2 2.2 0 0 0 4 0']],
  code: [['M8.5 7 4 12l4.5 5M15.5 7l4.5 5-4.5 5M13.5 5l-3 14']],
  copy: [['M9 9h10v11H9zM15 9V4.5H5v11h4']],
  check: [['M5 12.5l4.5 4.5L19 7']],
  link: [['M10 14a4 4 0 0 0 5.7 0l3-3A4 4 0 0 0 13 5.3l-1.2 1.2M14 10a4 4 0 0 0-5.7 0l-3 3A4 4 0 0 0 11 18.7l1.2-1.2']],
  warning: [['M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.01']],
  offline: [['M4 4l16 16M8.5 15.5a5 5 0 0 1 5.5-1M5.5 12a9.5 9.5 0 0 1 4.5-2.5M15 9.7a9.5 9.5 0 0 1 3.5 2.3M12 19h.01']],
  expand: [['M5 9.5V5h4.5M19 14.5V19h-4.5M14.5 5H19v4.5M9.5 19H5v-4.5']],
  screen: [['M3.5 5h17v11h-17zM12 16v3.5M8 19.5h8']],
  frame: [['M3.5 4.5h17v15h-17zM3.5 8.5h17M7 12h10v4H7z']],
  open: [['M13 5h6v6M19 5l-8.5 8.5M16.5 14v5H5V7.5h5']],
  send: [['M4 12 20 4.5 14.5 20l-3-6.5z']],
  refresh: [['M19 5v4.5h-4.5M19 9.5A7.5 7.5 0 1 0 19.5 13']],
};

/** Whether there is such an icon. */
export const hasIcon = (name) => name in ICONS;

/** Draws an icon into an svg element that icon made, unless it shows it already. */
export function setIcon(node, name) {
  const wanted = name in ICONS ? name : 'none';
  if (node.dataset.icon === wanted) return;
  node.dataset.icon = wanted;
  node.replaceChildren(...ICONS[wanted].map(([d, className]) => {
    const path = document.createElementNS(NS, 'path');
    path.setAttribute('d', d);
    if (className) path.setAttribute('class', className);
    return path;
  }));
}

/** An icon: an svg element of class "icon", hidden from screen readers; the words stand beside it. */
export function icon(name, className = '') {
  const node = document.createElementNS(NS, 'svg');
  node.setAttribute('viewBox', '0 0 24 24');
  node.setAttribute('class', `icon ${className}`.trim());
  node.setAttribute('aria-hidden', 'true');
  setIcon(node, name);
  return node;
}

/** The product's own mark. */
export function mark() {
  const node = document.createElementNS(NS, 'svg');
  node.setAttribute('viewBox', '0 0 32 32');
  node.setAttribute('class', 'mark');
  node.setAttribute('aria-hidden', 'true');
  for (const [d, className] of [['M4 22l7-7 5 4 11-11', ''], ['M5 28h22', 'holes']]) {
    const path = node.appendChild(document.createElementNS(NS, 'path'));
    path.setAttribute('d', d);
    if (className) path.setAttribute('class', className);
  }
  return node;
}

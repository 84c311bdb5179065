// What topics are called on the display.

import { Format } from '../format.js';
import { t } from '../page.js';

const TITLES = { __proto__: null, news: 'news.headlines', stock: 'stock.prices' };

/** The title of a topic. */
export function titleOf(topic) {
  if (topic in TITLES) return t(TITLES[topic]);
  if (t.has(`topic.${topic}`)) return t(`topic.${topic}`);
  const name = Format.clip(topic, 60).replace(/[_-]+/g, ' ');
  return name.charAt(0).toUpperCase() + name.slice(1);
}

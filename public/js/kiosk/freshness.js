// How fresh what is shown is, in words: the link, and what feeds print on it. Nothing is
// said while all is well.

import { STALE } from '../items.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';
import { titleOf } from './names.js';

const MOST = 3; // topics that are named

/** What is to be said of the link, or ''. began: the server's time when this page was loaded. */
export function linkWords({ link, ready, since, now }, began) {
  if (link === 'live' || link === 'idle') return '';
  if (link === 'connecting' && !ready) return t('link.connecting');
  const time = format.asOf(since ?? began, now);
  if (link === 'offline') return t('link.offline', { time });
  return t(link === 'quiet' ? 'kiosk.quiet' : 'kiosk.reconnecting', { time });
}

/** The newest time of a topic's items, or null. */
function newest(items) {
  return items.reduce((most, item) => {
    const { ms } = moment(item);
    return ms !== null && (most === null || ms > most) ? ms : most;
  }, null);
}

/**
 * What is to be said of the data, or ''. topics are those that are shown, feeds knows
 * what is wrong with whoever prints on them.
 */
export function dataWords(source, topics, feeds) {
  const { now, lostAt } = source;
  if (lostAt !== null) return t('data.old', { time: format.asOf(lostAt, now), age: format.age(now - lostAt) });
  if (!source.ready) return '';
  const told = [];
  for (const topic of topics) {
    const at = newest(source.list(topic));
    const trouble = feeds.trouble(topic);
    const old = at !== null && topic in STALE && now - at > 1000 * STALE[topic];
    if (!trouble && !old) continue;
    const name = titleOf(topic);
    const time = at === null ? '' : format.asOf(at, now);
    if (at === null) told.push(t('kiosk.trouble', { name, trouble }));
    else told.push(trouble ? t('kiosk.as_of_trouble', { name, time, trouble }) : t('kiosk.as_of', { name, time }));
  }
  return told.slice(0, MOST).join(' · ');
}

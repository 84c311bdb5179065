// Headlines: when, what, whose, how old.

import { Format } from '../format.js';
import { language, summary } from '../items.js';
import { badge, make, set, stamp } from '../nodes.js';
import { format, t } from '../page.js';
import { moment } from '../store.js';

const SEVERE = ['severe', 'extreme'];

/** One headline: a row of Rows. */
export function headline() {
  const node = make('li', 'headline');
  const at = node.appendChild(make('span', 'at'));
  at.setAttribute('aria-hidden', 'true'); // the age says it too
  const text = node.appendChild(make('div', 'what'));
  const anchor = text.appendChild(make('a', 'title'));
  anchor.dir = 'auto';
  anchor.target = '_blank';
  anchor.rel = 'noopener noreferrer';
  const meta = text.appendChild(make('p', 'meta'));
  const source = meta.appendChild(make('bdi', 'source'));
  const time = meta.appendChild(make('time', 'age'));
  const severity = badge(meta, 'severe');
  const breaking = badge(meta, 'severe', t('data.breaking'));
  const simulated = badge(meta, 'simulated', t('data.simulated'));
  let shown = null;
  return {
    node,
    update({ data, ...item }, context) {
      if (item.key !== shown) node.classList.toggle('new', context.fresh(item));
      shown = item.key;
      set(anchor, summary(data) || t('data.untitled'));
      const href = Format.link(data.url);
      if (href === null) anchor.removeAttribute('href');
      else if (anchor.href !== href) anchor.href = href;
      anchor.lang = language(data.lang);
      set(source, Format.clip(data.source ?? '', 60));
      const { ms } = moment({ data, ...item });
      set(at, ms === null ? '' : format.hourMinute(ms));
      stamp(time, { data, ...item }, context.now);
      severity.hidden = !SEVERE.includes(data.severity);
      set(severity, severity.hidden ? '' : t(`severity.${data.severity}`));
      breaking.hidden = data.breaking !== true;
      simulated.hidden = !data.simulated || context.allSimulated;
    },
  };
}

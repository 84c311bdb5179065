// The weather of a city.

import { Format } from '../format.js';
import { icon, setIcon } from '../icons.js';
import { sky } from '../items.js';
import { make, set, stamp } from '../nodes.js';
import { format, t } from '../page.js';

/** One city: a row of Rows. */
export function city() {
  const node = make('li', 'city');
  const picture = node.appendChild(icon('none', 'sky'));
  const place = node.appendChild(make('div', 'place'));
  const name = place.appendChild(make('h3'));
  name.dir = 'auto';
  const words = place.appendChild(make('p', 'meta'));
  const degrees = node.appendChild(make('p', 'degrees'));
  const facts = node.appendChild(make('p', 'facts'));
  const wind = facts.appendChild(make('span'));
  const rain = facts.appendChild(make('span'));
  const time = facts.appendChild(make('time', 'age'));
  return {
    node,
    update(item, context) {
      const { data } = item;
      const above = sky(data);
      set(name, Format.clip(data.location ?? item.key, 60));
      set(words, above.words);
      setIcon(picture, above.picture);
      set(degrees, format.temperature(data.temperature));
      set(wind, t('weather.wind', { value: format.wind(data.wind) }));
      set(rain, t('weather.rain', { value: format.rain(data.rain) }));
      stamp(time, item, context.now);
      node.classList.toggle('stale', context.old(item));
    },
  };
}

// <ticker-tape>: news, prices, weather and any other topic on a page, in two lines:
//
//   <script type="module" src="https://ticker.example/js/ticker-tape.js"></script>
//   <ticker-tape type="news,stock"></ticker-tape>
//
// docs/ticker-tape.md describes it. A page that has one of that name keeps it.

import { TickerTape } from './tape/element.js';

if (!customElements.get('ticker-tape')) customElements.define('ticker-tape', TickerTape);

export { TickerTape };

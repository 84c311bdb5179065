// Package public owns the pages that browsers see, embedded in the binary: plain
// ES modules and style sheets that need no build step and nothing from another
// host. It starts no goroutines.
//
// # What loads what
//
//	index.html -> css/page.css, js/main.js
//	js/main.js    the page: choice of topics, one timer, one frame; wires the rest
//	js/latest.js  the link to GET /latest: one EventSource and its supervisor; knows no DOM
//	js/store.js   what is shown now, by topic and key, bounded; knows no DOM
//	js/cards.js   the frame around a topic's items: title, badges, age
//	js/views.js   how the items of a topic look: headlines, cities, prices, the machine
//	js/feeds.js   the state of the feeds, in the footer and as badges
//	js/nodes.js   elements, kept by key and used again
//	js/format.js  numbers, times, ages, links, as text for people
//
// # What the server must do
//
// Serve [Files] at the root with the headers
//
//	Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';
//		img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'
//	Cache-Control: no-cache
//	X-Content-Type-Options: nosniff
//	Referrer-Policy: no-referrer
//
// and with text/javascript for .js (module scripts are refused without it). The
// page reads GET /topics (a JSON object whose field "topics" is a list of
// {name, description, mode, key, public, retired, feeds, values}) and GET /latest.
//
// # What the page promises
//
// Text from the tape enters the page as text only, links only if they are http or
// https. At most 50 items of a topic in which every event matters and 200 keys of
// another are held; a text is cut at 400 characters. No timer or listener is made
// per event. A link that the browser gave up is made again, and one that went
// silent too. What was received last is kept in localStorage (at most 512 KiB)
// and shown dimmed, with its age, until the server has spoken; so is what is shown
// once the link has been away for five seconds. No age is invented: what has no time
// of its own counts from its arrival if it came live, and shows none otherwise. A
// topic without feeds and values is offered, and shown when it is chosen.
package public

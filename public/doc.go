// Package public owns the pages that browsers see, embedded in the binary: plain
// ES modules and style sheets that need no build step and nothing from another
// host. It starts no goroutines.
//
// # What loads what
//
//	NAME.html -> css/tokens.css, css/base.css, css/NAME.css, js/NAME.js
//	css/tokens.css    type scale, spaces, colours, motion; the only file that says a colour, but for
//	                  js/tape/sheet.js, which is alone on pages elsewhere
//	css/base.css      controls, cards, tables, states, the header of all pages
//
// All pages share, below their own modules:
//
//	js/page.js        the page, settled once: settings, t (words), format, what this browser keeps
//	js/settings.js    PARAMETERS, the one table of what an address may say; reads and writes addresses
//	js/texts.js       t(key): every word; js/texts/LANGUAGE.js hold them
//	js/format.js      class Format: numbers, times, ages, units, by Intl, for one reader
//	js/header.js      the head of a page: ways to the others, state of the link, buttons
//	js/nodes.js       elements, kept by key and used again
//	js/topics.js      what topics are called; js/copy.js copies a text
//	js/icons.js       the pictures, as elements
//	js/latest.js      the client of GET /latest, see docs/client.md; knows no DOM, nor do those below it
//	js/share.js       how it reaches the hub: js/worker.js and js/tab.js are where a hub lives
//	js/hub.js         one stream for all tabs; port, catchup, filter and memory are its parts
//	js/link.js        that stream and its supervisor; js/stream.js is one EventSource
//	js/reload.js      when a page is loaded anew
//	js/store.js       what is shown now, by topic and key, bounded; knows no DOM
//
// The board (js/board.js wires them):
//
//	js/board/state.js        topics, words, order, panel: always in the address
//	js/board/choice.js       the chips of topics, from the server's catalogue
//	js/board/cards.js        the frame around a topic's items: title, badges, age
//	js/board/views.js        how items look: headlines.js cities.js prices.js machine.js, and any other topic
//	js/board/history.js      prices of the last half hour, from GET /latest?since= and then live
//	js/board/search.js       words that are searched for, and their marks
//	js/board/pause.js        what is shown stays, what comes is counted
//	js/board/panels.js       the panels beside: alerts.js inspector.js preferences.js
//	js/feeds.js              the state of the feeds, in the footer and as badges
//
// The element ticker-tape (js/ticker-tape.js defines it, docs/ticker-tape.md describes it),
// and /embed, which is one of it with its attributes in the address:
//
//	js/tape/element.js       attributes in, a tape out; owns link, timer, frame, observers
//	js/tape/attributes.js    what each attribute may be
//	js/tape/source.js        the entries to show, the server's clock, how fresh both are
//	js/tape/row.js           one item of any topic: what is said, and the nodes that say it
//	js/tape/crawl.js         the modes, with flip.js and list.js; sequence.js is the order of the first two
//	js/tape/frame.js         the shadow tree; sheet.js its style, with the colours of tokens.css
//	js/tape/controls.js      buttons and keys; announcer.js what screen readers are told
//
// The builder (js/build.js wires them):
//
//	js/build/state.js        what is being built, all of it in the address
//	js/build/targets.js      what there is to build, and what of a choice has to be said
//	js/build/form.js         groups of fields; fields.js is one, types.js that of topics, chip.js a box
//	js/build/verdict.js      whether it works where it is put; server.js asks who may read
//	js/build/snippet.js      the text that is handed out; result.js shows it, or why not
//	js/build/preview.js      the page itself in a frame, as large as its screen
//
// The kiosk (js/kiosk.js wires these; docs/kiosk.md describes it; one timer, no listener an event):
//
//	js/kiosk/layout.js       which panel stands where, and which take turns
//	js/kiosk/headlines.js    one headline after another (fit.js finds its size), or a list
//	js/kiosk/panel.js        a panel of rows, as many as fit; rows.js, how an item looks; names.js
//	js/kiosk/strip.js        the tape along the edge: the modes of ticker-tape
//	js/kiosk/takeover.js     what takes the screen, once and for a bounded time
//	js/kiosk/freshness.js    what is said of link and data when they are not fine
//	js/kiosk/night.js        dark hours, shifts against burn-in, the reload of the night
//	js/kiosk/snapshots.js    the last picture, kept for the start without a server
//	js/kiosk/controls.js     touch, keys, buttons; wake.js, diagnostics.js
//
// dom, format, icons, items, latest, settings, store and texts touch no document when
// they load and know nothing of the page, so that the element on a page elsewhere can
// use them.
//
// # What the server must do
//
// Serve [Files] at the root, NAME.html as /NAME and index.html as /, with the headers
//
//	Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self';
//		img-src 'self'; connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'
//	Cache-Control: no-cache
//	X-Content-Type-Options: nosniff
//	Referrer-Policy: no-referrer
//
// and with text/javascript for .js (module scripts are refused without it). A page may
// be framed by nobody, /kiosk and /embed by 'self' (the builder's preview, which has
// frame-src 'self') and by the origins that may read. Pages read GET /topics (a JSON
// object whose field "topics" is a list of {name, description, mode, key, public,
// retired, feeds, values}), GET /settings.json ({build, origins}) and GET /latest.
//
// # Words, colours, pictures
//
// A module holds no words: it asks t, and a test reads the modules for prose. A new
// language is a file like js/texts/en.js and one line in js/texts.js. A style sheet
// holds no colour: it names a token. <html data-theme="auto|light|dark|black"> chooses
// the colours, data-rise="red" those of markets in which a rise is red; the class stale
// dims what nobody vouches for, with contrast 4.5:1 still.
//
// # What the pages promise
//
// Text from the tape enters a page as text only, links only if they are http or
// https. At most 50 items of a topic in which every event matters and 200 keys of
// another are held; a text is cut at 400 characters. No timer or listener is made
// per event. A link that the browser gave up is made again, and one that went
// silent too. What was received last is kept in localStorage (at most 512 KiB)
// and shown dimmed, with its age, until the server has spoken; so is what is shown
// once the link has been away for five seconds. No age is invented: what has no time
// of its own counts from its arrival if it came live, and shows none otherwise. A
// topic without feeds and values is offered, and shown when it is chosen.
//
// On the board no more than three prices flash in any second, and a rise is told by its
// sign too. Leave for notifications is asked on a click alone. Nothing on a card is a
// live region: two hidden elements tell a summary now and then, and what is severe at
// once. A price line holds 120 values, the raw stream 200 events, the alerts 20 rules.
//
// # Tests
//
// They drive Debian's Chromium against a server of their own (newFake). eachView runs
// a test in every size, by day and by night and without motion; tab.axe looks for what
// keeps people out; go test -screens FOLDER writes the pictures that tab.shoot takes.
package public

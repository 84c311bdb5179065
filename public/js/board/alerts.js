// What the reader wants to be told of: rules of a topic, a key and words; what has met
// one; and the desktop notifications, for which leave is asked on a click alone.

import { Format } from '../format.js';
import { icon } from '../icons.js';
import { summary } from '../items.js';
import { make, set, Rows } from '../dom.js';
import { format, keep, kept, t } from '../page.js';
import { title } from '../topics.js';
import { has, wordsOf } from './search.js';

const KEPT = 'tickertape.alerts';
const RULES = 20;
const HITS = 20; // that are listed
const PAUSE = 3000; // ms between two notifications: what comes meanwhile is one

const clean = (rule) => ({
  topic: Format.clip(rule?.topic ?? '', 64), key: Format.clip(rule?.key ?? '', 100), words: Format.clip(rule?.words ?? '', 200),
});

/** Whether an item of a topic meets a rule; an empty part of a rule asks for nothing. */
export function meets(rule, topic, item) {
  if (rule.topic && rule.topic !== topic) return false;
  if (rule.key && rule.key.toLowerCase() !== item.key.toLowerCase()) return false;
  return has(wordsOf(rule.words), item);
}

function load() {
  try {
    const rules = JSON.parse(kept(KEPT) ?? '[]');
    return Array.isArray(rules) ? rules.slice(0, RULES).map(clean) : [];
  } catch {
    return [];
  }
}

/** What of notifications is possible here: granted, denied, default, or insecure. */
const leave = () => (globalThis.Notification && isSecureContext ? Notification.permission : 'insecure');

// A row of words with a button or a time behind it.
function row(kind, act) {
  return () => {
    const node = make('li', kind);
    const text = node.appendChild(make('bdi'));
    const end = node.appendChild(act ? make('button', 'button bare square') : make('time', 'meta'));
    let shown;
    if (act) {
      end.type = 'button';
      end.append(icon('close'));
      end.addEventListener('click', () => act(shown));
    }
    return {
      node,
      update(item) {
        shown = item;
        set(text, item.text);
        if (act) end.setAttribute('aria-label', t('alerts.remove', { rule: item.text }));
        else set(end, format.hourMinute(item.ms));
      },
    };
  };
}

export class Alerts {
  #rules = load();
  #hits = []; // newest first, at most HITS
  #count = 0; // of all hits: their keys
  #unseen = 0;
  #waiting = []; // hits that no notification has told, at most HITS
  #told = -Infinity;
  #open = false;
  #button; #changed; #badge; #leave; #allow; #ruleRows; #hitRows; #noRules; #noHits; #topic;

  /** button opens the panel, and counts; changed() is called when the rules are others. */
  constructor(button, changed) {
    this.#button = button;
    this.#changed = changed;
    this.#badge = button.appendChild(make('span', 'count'));
    this.root = make('div', 'alerts');
    this.root.append(make('p', 'meta', t('alerts.about')));
    this.#build();
    this.#draw();
  }

  /** Topics that rules are about. */
  get topics() { return [...new Set(this.#rules.map(({ topic }) => topic).filter(Boolean))]; }

  /** Takes the topics that a rule can be about. */
  offer(names) {
    const chosen = this.#topic.value;
    this.#topic.replaceChildren(...['', ...names].map((name) => {
      const option = make('option', '', name ? title(name) : t('alerts.any'));
      option.value = name;
      return option;
    }));
    this.#topic.value = names.includes(chosen) ? chosen : '';
  }

  #build() {
    const notice = this.root.appendChild(make('div', 'leave'));
    this.#leave = notice.appendChild(make('p'));
    this.#allow = notice.appendChild(make('button', 'button main', t('alerts.allow')));
    this.#allow.type = 'button';
    this.#allow.addEventListener('click', async () => {
      await Notification.requestPermission();
      this.#draw();
    });
    const form = this.root.appendChild(make('form', 'rule-form'));
    const field = (tag, key) => {
      const label = form.appendChild(make('label', 'field'));
      label.append(make('span', 'label', t(`alerts.${key}`)));
      const input = label.appendChild(make(tag, 'input'));
      input.name = key;
      if (tag === 'input') input.maxLength = 200;
      return input;
    };
    this.#topic = field('select', 'topic');
    const [key, words] = [field('input', 'key'), field('input', 'words')];
    form.append(make('button', 'button', t('alerts.add')));
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#add({ topic: this.#topic.value, key: key.value, words: words.value });
      form.reset();
    });
    const part = (name, none) => {
      const section = this.root.appendChild(make('section'));
      section.append(make('h3', 'label', t(name)));
      const list = section.appendChild(make('ul'));
      return [list, section.appendChild(make('p', 'meta', t(none)))];
    };
    const [rules, noRules] = part('alerts.rules', 'alerts.no_rules');
    this.#ruleRows = new Rows(rules, row('rule', ({ rule }) => this.#remove(rule)));
    const [hits, noHits] = part('alerts.hits', 'alerts.no_hits');
    this.#hitRows = new Rows(hits, row('hit'));
    [this.#noRules, this.#noHits] = [noRules, noHits];
    this.offer([]);
  }

  #add(rule) {
    const wanted = clean(rule);
    if (!wanted.topic && !wanted.key && !wanted.words) return;
    const others = this.#rules.filter((one) => JSON.stringify(one) !== JSON.stringify(wanted));
    this.#keep([...others, wanted].slice(-RULES));
  }

  #remove(rule) { this.#keep(this.#rules.filter((one) => one !== rule)); }

  #keep(rules) {
    this.#rules = rules;
    keep(KEPT, rules.length > 0 ? JSON.stringify(rules) : null);
    this.#draw();
    this.#changed();
  }

  /** Takes an item that came live; ms is the server's time. */
  heard(topic, item, ms) {
    if (!this.#rules.some((rule) => meets(rule, topic, item))) return;
    const said = summary(item.data, 'price');
    const text = [title(topic), item.key !== item.data.id && item.key !== item.id ? item.key : '', topic === 'stock' ? format.price(item.data.price) : said].filter(Boolean).join(': ');
    const hit = { key: String(++this.#count), text: Format.clip(text, 200), ms, tag: `${topic}/${item.key}` };
    this.#hits = [hit, ...this.#hits].slice(0, HITS);
    this.#waiting = [hit, ...this.#waiting.filter(({ tag }) => tag !== hit.tag)].slice(0, HITS);
    if (!this.#open) this.#unseen++;
    this.#draw();
  }

  /** Tells what waits, if it is time. Called once a second. */
  tick(now) {
    if (this.#waiting.length === 0 || now - this.#told < PAUSE) return;
    const [newest, ...others] = this.#waiting;
    this.#waiting = [];
    this.#told = now;
    if (leave() !== 'granted' || (this.#open && document.hasFocus())) return;
    try {
      const note = new Notification(newest.text, {
        tag: newest.tag, body: others.length > 0 ? t('alerts.more', { n: others.length }) : '', icon: '/favicon.svg',
      });
      note.onclick = () => {
        globalThis.focus();
        note.close();
      };
    } catch { /* some telephones want a service worker: the list in the panel remains */ }
  }

  shown(open) {
    this.#open = open;
    if (open) this.#unseen = 0;
    this.#draw();
  }

  #draw() {
    this.#badge.hidden = this.#unseen === 0;
    set(this.#badge, this.#unseen > 99 ? '99+' : format.number(this.#unseen));
    this.#button.setAttribute('aria-label', this.#unseen ? `${t('panel.alerts')}: ${t('alerts.unseen', { n: this.#unseen })}` : t('panel.alerts'));
    const state = leave();
    set(this.#leave, t(`alerts.${state}`));
    this.#allow.hidden = state !== 'default';
    this.#ruleRows.update(this.#rules.map((rule) => ({ key: JSON.stringify(rule), rule, text: this.#words(rule) })), {});
    this.#hitRows.update(this.#hits, {});
    this.#noRules.hidden = this.#rules.length > 0;
    this.#noHits.hidden = this.#hits.length > 0;
  }

  #words({ topic, key, words }) {
    return [topic ? title(topic) : t('alerts.any'), key, words && `“${words}”`].filter(Boolean).join(' · ');
  }
}

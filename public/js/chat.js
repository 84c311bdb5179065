// The chat: what people have said, and a form to say something. What is sent is shown at
// once, paler, until it comes back on the stream; what could not be sent stays, with
// the reason and a way to try again.

import { Conversation } from './chat/conversation.js';
import { Sender } from './chat/sender.js';
import { Header } from './header.js';
import { make, set } from './dom.js';
import { addressProblem, format, keep, kept, page, settings, t } from './page.js';
import { Source } from './tape/source.js';

const TOPIC = 'chat';
const NAME = 'tickertape.chat.name';
const LEAST = 200; // characters left from which on they are counted
const byId = (id) => document.getElementById(id);

for (const node of document.querySelectorAll('[data-text]')) node.textContent = t(node.dataset.text);
document.title = `${t(`site.${page}`)} · tickertape`;
const header = new Header(byId('site'));
const nameField = byId('name');
const textField = byId('text');
byId('scroll').setAttribute('aria-label', t('chat.messages'));
nameField.placeholder = t('chat.anonymous');
nameField.value = (kept(NAME) ?? '').slice(0, nameField.maxLength);
set(byId('noticetext'), addressProblem());
byId('notice').hidden = byId('noticetext').textContent === '';

const conversation = new Conversation(byId('scroll'), byId('messages'), byId('below'), {
  mine: () => nameField.value.trim(),
  again: (message) => sender.send(message),
});
const sender = new Sender(`/latest/${TOPIC}`, () => draw());
const source = new Source({
  url: new URL('/latest', location.href).href,
  types: [TOPIC],
  share: settings.share ? 'auto' : 'off',
  reload: (newer) => { byId('newer').hidden = !newer; },
}, {
  changed(topic) {
    if (!topic) sender.caughtUp();
    draw();
  },
  item(_, item) { if (sender.arrived(item)) draw(); },
  state: showState,
});

let frame = 0;
function draw() {
  frame ||= requestAnimationFrame(() => {
    frame = 0;
    const items = source.list(TOPIC).toReversed();
    sender.settle(items);
    conversation.update(items, sender.messages);
    byId('empty').hidden = items.length + sender.messages.length > 0;
    set(byId('empty'), t(source.ready ? 'chat.empty' : 'link.connecting'));
    byId('empty').classList.toggle('waiting', !source.ready);
    tell();
  });
}

function showState() {
  const { link, lostAt } = source;
  header.show(link, link === 'offline' ? t('link.offline', { time: format.hourMinute(lostAt ?? source.now) }) : t(`link.${link}`));
  document.documentElement.dataset.link = link;
  document.documentElement.classList.toggle('old', lostAt !== null);
}

/** What is to be said below the form: why nothing can be sent, or how much room is left. */
function tell() {
  const wait = sender.wait;
  const left = textField.maxLength - textField.value.length;
  const { problem } = sender;
  byId('told').classList.toggle('problem', problem !== '' || wait > 0);
  set(byId('told'), wait > 0 ? t('chat.wait', { n: wait }) : problem || (left <= LEAST ? t('chat.left', { n: left }) : t('chat.enter')));
  byId('send').disabled = wait > 0;
}

function say() {
  const text = textField.value.trim();
  if (text === '' || sender.wait > 0 || sender.full) return;
  sender.send(sender.message(nameField.value.trim(), text, source.now));
  textField.value = '';
  conversation.follow();
  draw();
}

byId('form').addEventListener('submit', (event) => {
  event.preventDefault();
  say();
  textField.focus();
});
let shift = false;
textField.addEventListener('keydown', (event) => { shift = event.shiftKey; });
textField.addEventListener('beforeinput', (event) => { // not keydown: the keys of a telephone have no names
  if (event.inputType !== 'insertLineBreak' || shift || event.isComposing) return;
  event.preventDefault();
  byId('form').requestSubmit();
});
textField.addEventListener('input', tell);
nameField.addEventListener('change', () => {
  keep(NAME, nameField.value.trim() || null);
  draw();
});
byId('reload').addEventListener('click', () => location.reload());
setInterval(() => {
  source.sweep();
  showState();
  tell();
}, 1000);
byId('below').append(make('span'));
showState();
draw();

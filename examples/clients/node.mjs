// Follows a tickertape stream with Node 20 or later and prints each event as "EVENT DATA".
//
//     node node.mjs 'http://localhost:8080/latest?type=news,stock'

const QUIET = 40_000; // ms without a byte, where a heartbeat comes each 15 s: the connection is dead

/** Yields the fields of each complete block; one that is cut short is void. */
async function* blocks(body) {
  let rest = '';
  let fields = {};
  for await (const chunk of body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (Object.keys(fields).length > 0) yield fields;
        fields = {};
        continue;
      }
      const [, name, value] = /^([^:]*):? ?(.*?)\r?$/.exec(line);
      fields[name] = name === 'data' && 'data' in fields ? `${fields.data}\n${value}` : value;
    }
  }
}

/** Where yours begins. On "stream" with "reset", forget what you hold. */
function handle(event, data) {
  console.log(event, data);
}

const url = process.argv[2];
let last = '';
let retry = 2000;
for (let failures = 0; ; failures++) {
  const cut = new AbortController();
  let watchdog = setTimeout(() => cut.abort(), QUIET);
  try {
    const headers = { Accept: 'text/event-stream', ...(last && { 'Last-Event-ID': last }) };
    const answer = await fetch(url, { headers, signal: cut.signal });
    if (answer.status === 204) process.exit(0); // the topics are over
    if (answer.status >= 400 && answer.status < 500) {
      console.error(await answer.text()); // the request can never work
      process.exit(1);
    }
    if (!answer.ok) throw new Error(`status ${answer.status}`);
    for await (const fields of blocks(answer.body)) {
      failures = 0;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => cut.abort(), QUIET);
      handle(fields.event ?? 'message', fields.data ?? '');
      last = fields.id ?? last; // only once it is handled
      if (/^\d+$/.test(fields.retry)) retry = Number(fields.retry);
    }
  } catch (err) {
    console.error(err.cause?.code ?? err.message);
  }
  clearTimeout(watchdog);
  const pause = Math.min(retry * 2 ** Math.min(failures, 5), 60_000) * (1 + Math.random() / 4);
  await new Promise((done) => setTimeout(done, pause));
}

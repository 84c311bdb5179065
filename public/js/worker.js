// The SharedWorker: one hub for all tabs of the browser, on the server that its name
// tells (see share.js). It ends when the last tab is gone.

import { Hub } from './hub.js';

let hub = null; // made by the first tab that says hello

addEventListener('connect', ({ ports: [port] }) => {
  let receive = null;
  port.onmessage = ({ data: message }) => {
    if (message.op !== 'hello') {
      receive?.(message);
      return;
    }
    hub ??= new Hub({ url: message.url, timing: message.timing });
    receive ??= hub.join((answer) => port.postMessage(answer));
    port.postMessage({ op: 'hello' });
  };
});

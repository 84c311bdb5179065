// The machine that the server runs on: processors, memory, load, network, uptime.

import { Format, MISSING } from '../format.js';
import { make, set } from '../nodes.js';
import { format, t } from '../page.js';

// The busiest network interface, in and out.
function traffic(interfaces) {
  const up = (Array.isArray(interfaces) ? interfaces : []).filter((nic) => nic?.up && nic.name !== 'lo');
  const rate = (nic) => (Number(nic.rx_rate) || 0) + (Number(nic.tx_rate) || 0);
  const [nic] = up.sort((a, b) => rate(b) - rate(a));
  if (!nic) return MISSING;
  return `${Format.clip(nic.name, 16)} \u2193 ${format.bytes(nic.rx_rate ?? 0)}/s \u2191 ${format.bytes(nic.tx_rate ?? 0)}/s`;
}

/** Fills a body; returns what is given the one item of the topic. */
export function machine(body) {
  const facts = body.appendChild(make('dl', 'machine'));
  const fact = (key, bar) => {
    const name = t(`machine.${key}`);
    const row = facts.appendChild(make('div'));
    row.append(make('dt', '', name));
    const value = row.appendChild(make('dd'));
    const part = bar ? value.appendChild(make('progress')) : null;
    const text = value.appendChild(make('span'));
    part?.setAttribute('aria-label', t('machine.in_use', { name }));
    return (words, percent) => {
      set(text, words);
      if (part) part.value = (Number(percent) || 0) / 100;
    };
  };
  const [cpu, memory] = [fact('cpu', true), fact('memory', true)];
  const [load, network, up] = [fact('load'), fact('network'), fact('up')];
  return {
    update([item]) {
      if (!item) return;
      const { cpus, memory: ram, uptime, load: loads, interfaces } = item.data;
      cpu(t('machine.cores', { n: Number(cpus?.count) || 0, usage: format.percent(cpus?.usage) }), cpus?.usage);
      memory(t('machine.of', { used: format.bytes(ram?.used), total: format.bytes(ram?.total) }), ram?.percent);
      load(Array.isArray(loads) ? loads.slice(0, 3).map((value) => format.number(value, 2)).join(' \u2002') : MISSING);
      network(traffic(interfaces));
      up(format.duration(uptime));
    },
  };
}

// The machine: processors, memory, load, network and this program, each with the lines
// of its last minutes.

import { Format, MISSING } from '../format.js';
import { make, set, Rows } from '../dom.js';
import { format, t } from '../page.js';
import { Chart } from './chart.js';
import { Series } from './series.js';

const RATES = 1024; // bytes a second: a quiet network's line stays low
const CORES = 256;

const list = (value) => (Array.isArray(value) ? value : []);
const rate = (value) => `${format.bytes(value ?? 0)}/s`;

function core() {
  const node = make('li', 'core');
  const bar = node.appendChild(make('progress'));
  return {
    node,
    update({ name, percent }) {
      bar.value = percent / 100;
      bar.setAttribute('aria-label', t('machine.in_use', { name }));
    },
  };
}

function wire() {
  const node = make('tr');
  const name = node.appendChild(make('th'));
  name.scope = 'row';
  const lamp = name.appendChild(make('span', 'lamp'));
  const word = name.appendChild(make('bdi'));
  const cells = [0, 1, 2].map(() => node.appendChild(make('td', 'figure-cell')));
  return {
    node,
    update({ data }) {
      lamp.dataset.state = data.up ? 'good' : 'off';
      set(word, Format.clip(data.name, 24));
      lamp.title = t(data.up ? 'monitor.up' : 'monitor.down');
      const words = [rate(data.rx_rate), rate(data.tx_rate), `${format.bytes(data.rx_bytes)} / ${format.bytes(data.tx_bytes)}`];
      cells.forEach((cell, i) => set(cell, words[i]));
    },
  };
}

export class Machine {
  #charts; #cores; #wires;
  #series = Object.fromEntries(['cpu', 'memory', 'swap', 'load1', 'load5', 'in', 'out', 'rss'].map((name) => [name, new Series()]));
  #newest = null;
  #at = 0;

  /** Fills parent with cards. */
  constructor(parent) {
    const chart = (name, options) => new Chart(parent, t(`machine.${name}`), options);
    const free = (least) => (greatest) => Math.max(least, greatest * 1.15);
    this.#charts = {
      cpu: chart('cpu', { top: 100 }),
      memory: chart('memory', { lines: [t('machine.memory'), t('monitor.swap')], top: 100 }),
      load: chart('load', { lines: [t('monitor.minutes', { n: 1 }), t('monitor.minutes', { n: 5 })], top: (most) => Math.max(Number(this.#newest?.cpus?.count) || 1, most * 1.1) }),
      network: chart('network', { lines: [t('monitor.in'), t('monitor.out')], top: free(RATES) }),
      program: chart('program', { top: free(32 << 20) }),
    };
    const cores = this.#charts.cpu.facts.appendChild(make('ul', 'cores'));
    this.#cores = new Rows(cores, core);
    const table = this.#charts.network.facts.appendChild(make('table', 'table wires'));
    const head = table.appendChild(make('thead')).appendChild(make('tr'));
    for (const name of ['interface', 'in', 'out', 'total']) {
      const cell = head.appendChild(make('th', name === 'interface' ? '' : 'figure-cell', t(`monitor.${name}`)));
      cell.scope = 'col';
    }
    this.#wires = new Rows(table.appendChild(make('tbody')), wire);
  }

  /** Takes a reading of the topic system; ms is its time. */
  add(data, ms) {
    const { cpus, memory, load, interfaces, process } = data;
    const wires = list(interfaces).filter((nic) => nic?.up && nic.name !== 'lo');
    const sum = (field) => wires.reduce((all, nic) => all + (Number(nic[field]) || 0), 0);
    this.#series.cpu.add(ms, cpus?.usage);
    this.#series.memory.add(ms, memory?.percent);
    this.#series.swap.add(ms, memory?.swap?.percent);
    this.#series.load1.add(ms, list(load)[0]);
    this.#series.load5.add(ms, list(load)[1]);
    if (wires.length > 0) {
      this.#series.in.add(ms, sum('rx_rate'));
      this.#series.out.add(ms, sum('tx_rate'));
    }
    this.#series.rss.add(ms, process?.rss);
    if (ms < this.#at) return;
    this.#at = ms;
    this.#newest = data;
  }

  /** The words for the machine itself, or ''. */
  get host() {
    const { host, platform, kernel, arch, cpus, uptime } = this.#newest ?? {};
    const parts = [host, platform, kernel, arch, cpus?.model].filter((part) => typeof part === 'string' && part !== '').map((part) => Format.clip(part, 60));
    if (uptime) parts.push(t('monitor.uptime', { time: format.duration(uptime) }));
    return parts.join(' · ');
  }

  /** Draws what there is; now is the server's time. */
  draw(now) {
    const data = this.#newest;
    if (!data) return;
    const points = (...names) => names.map((name) => this.#series[name].points(now));
    const { cpus, memory, load, interfaces, process } = data;
    this.#charts.cpu.update(format.percent(cpus?.usage), t('monitor.cores', { n: Number(cpus?.count) || 0 }), points('cpu'));
    this.#cores.update(list(cpus?.each).slice(0, CORES).map((percent, i) => ({ key: i, name: t('monitor.core', { n: i + 1 }), percent: Number(percent) || 0 })));
    const swap = memory?.swap?.total > 0 ? t('monitor.swapped', { used: format.bytes(memory.swap.used), total: format.bytes(memory.swap.total) }) : t('monitor.noswap');
    this.#charts.memory.update(format.percent(memory?.percent), `${t('machine.of', { used: format.bytes(memory?.used), total: format.bytes(memory?.total) })} · ${t('monitor.free', { value: format.bytes(memory?.available ?? memory?.free) })} · ${swap}`, points('memory', 'swap'));
    const loads = list(load).slice(0, 3).map((value) => format.number(value, 2));
    this.#charts.load.update(loads[0] ?? MISSING, t('monitor.loads', { five: loads[1] ?? MISSING, fifteen: loads[2] ?? MISSING }), points('load1', 'load5'));
    const wires = list(interfaces).filter((nic) => typeof nic?.name === 'string').slice(0, 32);
    const [coming, going] = points('in', 'out');
    this.#charts.network.update(`↓ ${rate(coming.at(-1)?.value)}`, `↑ ${rate(going.at(-1)?.value)} · ${t('monitor.interfaces', { n: wires.length })}`, [coming, going]);
    this.#wires.update(wires.map((nic) => ({ key: nic.name, data: nic })));
    this.#charts.program.update(format.bytes(process?.rss), t('monitor.running', { n: Number(process?.goroutines) || 0, time: format.duration(process?.uptime) }), points('rss'));
  }
}

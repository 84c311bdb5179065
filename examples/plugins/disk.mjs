#!/usr/bin/env node
// How full this machine's file systems are, as JSON lines.
import { statfsSync } from 'node:fs';
import { createInterface } from 'node:readline';

function fetch(config) {
  return (config.mounts ?? ['/']).map((mount) => {
    const { blocks, bfree, bavail, bsize } = statfsSync(mount);
    return { mount, percent: +(100 * (1 - bfree / blocks)).toFixed(1), free_gb: +((bavail * bsize) / 2 ** 30).toFixed(1) };
  });
}

let config;
// The first line of input is the configuration, an empty line asks for more; the end of input ends the loop.
for await (const line of createInterface({ input: process.stdin })) {
  config ??= JSON.parse(line || '{}');
  for (const item of fetch(config)) console.log(JSON.stringify(item));
}

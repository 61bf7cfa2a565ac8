/** Measures what memory large messages take of the relay: `npm run bench -- relay-memory --help`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { CountingSink } from './counting-sink.ts';
import { PostelQueue } from './postel-queue.ts';

const HELP = `Measures what memory the relay takes to send a large message, with and without a DKIM signature, and prints a table.

  npm run bench -- relay-memory [--megabytes A,B,...]

  --megabytes L  sizes, in turn (default 1,30,90)

Each message goes by a relay of its own to Postfix's smtp-sink on the loopback. Memory is what the process had at most, beyond what it had after its start and
a rest.`;

const MB = 1024 * 1024;
const REST_MS = 1_500;

export async function relayMemory(args: readonly string[]): Promise<void> {
  const options = { help: { type: 'boolean' }, megabytes: { type: 'string', default: '1,30,90' } } as const;
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) return console.log(HELP);
  await using sink = await CountingSink.start();
  await using postel = await PostelQueue.start(sink.port);
  console.log('| message | at rest, MB | at most beyond that |\n|---|--:|--:|');
  for (const isSigned of [false, true]) {
    for (const megabytes of values.megabytes.split(',').map(Number)) {
      const pid = await postel.open();
      await delay(REST_MS);
      writeFileSync(`/proc/${pid}/clear_refs`, '5'); // the most it had is what it has now
      const rest = megabytesOf(pid, 'VmRSS');
      await postel.fill(1, megabytes * MB, isSigned);
      await postel.empty();
      const more = megabytesOf(pid, 'VmHWM') - rest;
      console.log(`| ${megabytes} MB${isSigned ? ', signed' : ''} | ${Math.round(rest)} | ${Math.round(more)} |`);
      await postel.close();
    }
  }
}

function megabytesOf(pid: number, name: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_000;
}

/** `npm run bench -- [api|storage|logins|idle|fanout|million|costs|mx|large|relay|relay-memory] [OPTIONS]`; each benchmark has a file of its own here, and `--help`. */
import { api } from './api.ts';
import { besideDovecot } from './beside-dovecot.ts';
import { costs } from './costs.ts';
import { fanout } from './fanout.ts';
import { idle } from './idle.ts';
import { large } from './large.ts';
import { logins } from './logins.ts';
import { million } from './million.ts';
import { mx } from './mx.ts';
import { relay } from './relay.ts';
import { relayMemory } from './relay-memory.ts';
import { storage } from './storage.ts';

const benchmarks = new Map([
  ['api', api],
  ['costs', costs],
  ['fanout', fanout],
  ['idle', idle],
  ['large', large],
  ['logins', logins],
  ['million', million],
  ['mx', mx],
  ['relay', relay],
  ['relay-memory', relayMemory],
  ['storage', storage],
]);

const [name = '', ...rest] = process.argv.slice(2);
const chosen = benchmarks.get(name);
if (chosen !== undefined) {
  await chosen(rest);
} else if (name === '' || name.startsWith('-')) {
  await besideDovecot(process.argv.slice(2));
} else {
  console.error(
    `There is no benchmark ${name}: ${[...benchmarks.keys()].join(', ')}, or none for Postel beside Dovecot.`,
  );
  process.exitCode = 2;
}

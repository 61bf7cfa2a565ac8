/** `npm run sending`: see `npm run sending -- --help`. */
import { parseArgs } from 'node:util';
import { runSending } from './sending-run.ts';

const INTERRUPTED_STATUS = 130;

const HELP = `Submits messages to a real postel serve, whose relay sends them to scripted mail servers, while its processes are killed, and compares what
has arrived with what was accepted: each once.

  npm run sending -- [--messages N] [--domains N] [--crashes N] [--seed S] [--end-leases]

  --messages N  that are accepted (default 300)
  --domains N   they go to so many (default 30)
  --crashes N   kill -9 of relay, Postgres, relay and smtp in turn, spread over the run (default 3)
  --seed S      chooses as the run did that printed this seed
  --end-leases  what a killed relay had in hand comes due at once, not when its leases end, after two minutes

As root, for port 25 of 127.77.0.1 to 127.77.0.4. The exit status is 1 if anything is wrong, 130 if it is cut off. Of the recipients some defer once, some are refused, and some
servers hang up before they have taken a message, or after. docs/operations.md says what is proved by it.`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    messages: { type: 'string', default: '300' },
    domains: { type: 'string', default: '30' },
    crashes: { type: 'string', default: '3' },
    seed: { type: 'string' },
    'end-leases': { type: 'boolean', default: false },
  },
});

if (values.help) console.log(HELP);
else {
  const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
  const [messages, domains, crashes] = [values.messages, values.domains, values.crashes].map(Number);
  console.log(`seed ${seed}`);
  const startedAt = performance.now();
  const cutOff = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => cutOff.abort());
  try {
    const { wrong, ...figures } = await runSending({
      messages: messages ?? 0,
      domains: domains ?? 0,
      crashes: crashes ?? 0,
      seed,
      endsLeases: values['end-leases'],
      signal: cutOff.signal,
      told: (line) => console.log(line),
    });
    console.log({ ...figures, seconds: Math.round((performance.now() - startedAt) / 1_000) });
    for (const each of wrong.slice(0, 20)) console.error(each);
    process.exitCode = wrong.length === 0 ? 0 : 1;
  } catch (error) {
    if (!cutOff.signal.aborted) throw error;
    console.log('interrupted');
    process.exitCode = INTERRUPTED_STATUS;
  }
}

/**
 * Several hosts on one database, for longer than the test of them and with figures: `npm run hosts -- --help`.
 *
 * Needs root on Linux: each host is a network namespace, with files that the others cannot read.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { MailCluster } from '../apps/postel/src/testing/hosts/mail-cluster.ts';
import type { MailHost } from '../apps/postel/src/testing/hosts/mail-host.ts';
import { MailboxFollower } from '../apps/postel/src/testing/hosts/mailbox-follower.ts';
import { noNetworkNote } from '../apps/postel/src/testing/hosts/test-network.ts';
import { format, quantile } from './figures.ts';

const HELP = `Runs a database over TLS, an object store, two mail hosts and a host of clients in network namespaces,
and measures how they tell each other of changes, and how they bear cuts, pauses and lost NOTIFYs.

  npm run hosts -- [--changes N] [--seconds S] [--writers N] [--imap-processes N]

  --changes N          changes whose way to a watcher on the other host is timed (default 500)
  --seconds S          how long writers and watchers of two hosts work on one mailbox (default 60)
  --writers N          writers on each host; there are as many watchers (default 5)
  --imap-processes N   IMAP processes on each host (default 2)

Exit code 1 if any view differs from the database at any stop.`;

const MESSAGE = 'Subject: one\r\n\r\ntext\r\n';
/** How often all writers pause, and every view is compared with the database. */
const STOP_EVERY_MS = 3_000;
const PAUSE_MS = 10_000;
const BAD_MOMENT_MS = 300;
const BAD_MOMENTS = 20;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean' },
    changes: { type: 'string', default: '500' },
    seconds: { type: 'string', default: '60' },
    writers: { type: 'string', default: '5' },
    'imap-processes': { type: 'string', default: '2' },
  },
});

const note = noNetworkNote();
if (values.help) {
  console.log(HELP);
} else if (note !== '') {
  console.error(`npm run hosts ${note}.`);
  process.exitCode = 2;
} else {
  await run();
}

async function run(): Promise<void> {
  say('starting the hosts');
  await using cluster = await MailCluster.start({ imapProcesses: Number(values['imap-processes']) });
  await measureChanges(cluster, 'told by NOTIFY', async () => () => {});
  await measureChanges(cluster, 'of a host that hears no NOTIFY', () => cluster.muffle(cluster.two), 10);
  await measureCut(cluster);
  await measurePause(cluster);
  await bearBadNetwork(cluster);
  await writeAndWatch(cluster, Number(values.seconds) * 1_000, Number(values.writers));
}

/** How long after the answer `OK` on one host the other tells its watcher. */
async function measureChanges(
  cluster: MailCluster,
  what: string,
  prepare: () => Promise<() => void>,
  changes = Number(values.changes),
): Promise<void> {
  const { writer, follower } = await join(cluster, `changes-${changes}`);
  await writer.append('INBOX', MESSAGE);
  await writer.command('SELECT INBOX');
  await follower.until(() => follower.messages.length === 1);
  const restore = await prepare();
  const latenciesMs: number[] = [];
  for (let i = 0; i < changes; i++) {
    const flag = i % 2 === 0 ? '\\Flagged' : '\\Seen';
    await writer.command(`STORE 1 FLAGS.SILENT (${flag})`);
    const saidAt = performance.now();
    await follower.until(() => follower.messages[0]?.flags === flag);
    latenciesMs.push(performance.now() - saidAt);
  }
  restore();
  const [p50 = 0, p99 = 0] = [0.5, 0.99].map((at) => quantile(latenciesMs, at));
  say(`${changes} changes ${what}: median ${format(p50)} ms, p99 ${format(p99)} ms after the writer's OK`);
}

/** What clients of a host hear that the network to the database was cut off from, without a word. */
async function measureCut(cluster: MailCluster): Promise<void> {
  const { writer, follower } = await join(cluster, 'cut');
  for (let i = 0; i < 3; i++) await writer.append('INBOX', MESSAGE);
  await writer.command('SELECT INBOX');
  await follower.until(() => follower.messages.length === 3);
  await follower.complete();
  const [reader, storer] = [await cluster.logIn('cut', cluster.two), await cluster.logIn('cut', cluster.two)];
  await reader.command('SELECT INBOX');
  await storer.command('SELECT INBOX');

  cluster.two.host.cutOff('back');
  const cutAt = performance.now();
  const seconds = () => format((performance.now() - cutAt) / 1_000);
  // One that was sent before anybody knew: nothing can be said of it, so nothing is.
  const inFlight = storer.command('UID STORE 3 +FLAGS (\\Answered)').then(
    ({ tagged }) => say(`a write that was on its way at the cut: ${tagged.slice(0, 40)}, after ${seconds()} s`),
    async () => {
      while (!storer.hasEnded) await storer.closed().catch(() => {}); // a client of the tests waits for 20 s at a time
      say(`a write that was on its way at the cut: closed without an answer, after ${seconds()} s`);
    },
  );
  const { tagged } = await reader.command('STATUS INBOX (MESSAGES)');
  say(`the first who asks a host that is cut off: ${tagged.slice(0, 16)}, after ${seconds()} s`);
  const askedAt = performance.now();
  await reader.command('STORE 1 +FLAGS (\\Seen)');
  say(`a write to the same mailbox, behind that one: refused after ${format((performance.now() - askedAt) / 1_000)} s`);
  await inFlight;
  await writer.command('STORE 2 +FLAGS (\\Deleted)');
  await writer.command('EXPUNGE');
  await writer.append('INBOX', MESSAGE);
  cluster.two.host.heal('back');
  const healedAt = performance.now();
  await follower.until(() => follower.messages.length === 3 && follower.messages[1]?.uid === 3);
  say(`after the cut its watcher knows all within ${format((performance.now() - healedAt) / 1_000)} s`);
  await expectEqual(cluster, 'cut', [follower]);
}

/** A network that loses everything every other moment: what TCP sends anew comes late, and in heaps. */
async function bearBadNetwork(cluster: MailCluster): Promise<void> {
  const { writer, follower } = await join(cluster, 'flaky');
  const { host } = cluster.two;
  const writing = (async () => {
    for (let i = 0; i < BAD_MOMENTS * 4; i++) {
      await writer.append('INBOX', MESSAGE);
      await delay(BAD_MOMENT_MS / 2);
    }
  })();
  for (let i = 0; i < BAD_MOMENTS; i++) {
    host.cutOff('back');
    await delay(BAD_MOMENT_MS);
    host.heal('back');
    await delay(BAD_MOMENT_MS);
  }
  await writing;
  await follower.until(() => follower.messages.length === BAD_MOMENTS * 4);
  say(`a network that loses everything every other ${BAD_MOMENT_MS} ms: all ${BAD_MOMENTS * 4} messages were told`);
  await expectEqual(cluster, 'flaky', [follower]);
}

async function measurePause(cluster: MailCluster): Promise<void> {
  const { writer, follower } = await join(cluster, 'pause');
  cluster.two.pause(true);
  for (let i = 0; i < 100; i++) await writer.append('INBOX', MESSAGE);
  await delay(PAUSE_MS);
  cluster.two.pause(false);
  const goesOnAt = performance.now();
  await follower.until(() => follower.messages.length === 100);
  const seconds = format((performance.now() - goesOnAt) / 1_000);
  say(`a host stopped for ${PAUSE_MS / 1_000} s, 100 messages meanwhile: its watcher knows all within ${seconds} s`);
  await expectEqual(cluster, 'pause', [follower]);
}

/** Writers on both hosts change one mailbox; from time to time they pause, and every watcher's view equals the database. */
async function writeAndWatch(cluster: MailCluster, forMs: number, count: number): Promise<void> {
  await cluster.addAccount('busy');
  const hosts = Array.from({ length: count }, () => [cluster.one, cluster.two]).flat();
  const followers = await Promise.all(
    hosts.map(async (host) => MailboxFollower.follow(await cluster.logIn('busy', host), 'INBOX')),
  );
  const writers = await Promise.all(hosts.map((host, i) => openWriter(cluster, host, i)));
  const endAt = performance.now() + forMs;
  let changes = 0;
  let stops = 0;
  while (performance.now() < endAt) {
    const stopAt = performance.now() + STOP_EVERY_MS;
    const made = await Promise.all(writers.map((write) => write(stopAt)));
    changes += made.reduce((sum, each) => sum + each, 0);
    await expectEqual(cluster, 'busy', followers);
    stops++;
  }
  say(`${hosts.length} writers and ${hosts.length} watchers on two hosts: ${changes} commands, ${stops} stops`);
}

async function openWriter(cluster: MailCluster, host: MailHost, seed: number) {
  const client = await cluster.logIn('busy', host);
  await client.command('SELECT INBOX');
  let step = seed;
  /** @returns how many commands it gave until then */
  return async (untilMs: number): Promise<number> => {
    let commands = 0;
    while (performance.now() < untilMs) {
      step += 7;
      const uid = 1 + (step % Math.max(1, Math.floor(step / 7)));
      await client.append('INBOX', MESSAGE);
      await client.command(`UID STORE ${uid} +FLAGS.SILENT (\\Flagged)`);
      await client.command(`UID STORE ${uid + 1} FLAGS (\\Seen)`);
      await client.command(`UID STORE ${uid + 2} +FLAGS (\\Deleted)`);
      await client.command(step % 5 === 0 ? 'EXPUNGE' : `UID MOVE ${uid + 3} Archive`);
      commands += 5;
    }
    return commands;
  };
}

async function join(cluster: MailCluster, name: string) {
  await cluster.addAccount(name);
  return {
    writer: await cluster.logIn(name, cluster.one),
    follower: await MailboxFollower.follow(await cluster.logIn(name, cluster.two), 'INBOX'),
  };
}

async function expectEqual(cluster: MailCluster, name: string, followers: readonly MailboxFollower[]): Promise<void> {
  await Promise.all(followers.map((follower) => follower.complete()));
  const truth = JSON.stringify(await cluster.inboxOf(name));
  const wrong = followers.filter((follower) => JSON.stringify(follower.messages) !== truth).length;
  if (wrong === 0) return;
  say(`WRONG: ${wrong} of ${followers.length} views of ${name} differ from the database`);
  process.exitCode = 1;
}

function say(line: string): void {
  console.log(line);
}

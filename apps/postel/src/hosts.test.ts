/**
 * Several hosts on one database: machines of the test's own, joined by networks of its own, each with files that the others
 * cannot read. `npm run hosts` does the same for longer, and measures.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { ImapClient } from '@postel/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { MailCluster } from './testing/hosts/mail-cluster.ts';
import type { MailHost } from './testing/hosts/mail-host.ts';
import { MailboxFollower } from './testing/hosts/mailbox-follower.ts';
import { noNetworkNote } from './testing/hosts/test-network.ts';

const note = noNetworkNote();

describe.skipIf(note !== '')(`several hosts${note && ` (SKIP: ${note})`}`, () => {
  let cluster: MailCluster;
  beforeAll(async () => {
    cluster = await MailCluster.start();
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  /** Clients of the test. */
  let open: AsyncDisposableStack;
  beforeEach(() => {
    open = new AsyncDisposableStack();
  });
  afterEach(() => open.disposeAsync());

  test('no host reads the files of another, nor those of the database', () => {
    const { one, two, directory } = cluster;
    const see = (path: string) => [cluster.canSee(one, path), cluster.canSee(two, path)];
    expect(see(join(one.directory, 'data'))).toEqual([true, false]);
    expect(see(join(two.directory, 'data'))).toEqual([false, true]);
    expect(see(join(directory, 'db', 'postgres'))).toEqual([false, false]);
  });

  test('mail that one host takes is told by the other at once, and read there', async () => {
    const mary = await arrive('mary');
    expect(await mary.lmtp.deliver(mary.address, 'Subject: one\r\n\r\ntext\r\n')).toMatch(/^250 /);
    await mary.follower.until(() => mary.follower.messages.length === 1);
    const reader = await logIn('mary', cluster.two);
    await reader.command('EXAMINE INBOX');
    expect((await reader.command('FETCH 1 BODY.PEEK[TEXT]')).untagged).toContain('text');
  });

  test('a message too large for its row is read on another host, octet for octet', async () => {
    const { lmtp, address, follower } = await arrive('large');
    const line = `${'0123456789'.repeat(7)}\r\n`;
    const message = `Subject: large\r\n\r\n${line.repeat(8_000)}`; // 576 kB
    expect(await lmtp.deliver(address, message)).toMatch(/^250 /);
    await follower.until(() => follower.messages.length === 1);
    const reader = await logIn('large', cluster.two);
    await reader.command('EXAMINE INBOX');
    const { untagged } = await reader.command('FETCH 1 BODY.PEEK[]');
    expect(`${untagged.join('\r\n')}\r\n`).toContain(message);
    expect(readdirSync(cluster.one.directory, { recursive: true }).filter((name) => name.includes('blobs/'))).toEqual(
      [],
    );
  });

  test('changes are told on another host in the order in which they were made', async () => {
    const { lmtp, address, follower, writer } = await arrive('order');
    await lmtp.deliver(address, MESSAGE);
    await follower.until(() => follower.messages.length === 1);
    await writer.command('SELECT INBOX');
    for (const flag of ['\\Seen', '\\Flagged', '\\Answered', '\\Draft']) {
      await writer.command(`STORE 1 FLAGS.SILENT (${flag})`);
      await follower.until(() => follower.messages[0]?.flags === flag);
    }
    for (let count = 2; count <= 6; count++) {
      await lmtp.deliver(address, MESSAGE);
      await follower.until(() => follower.messages.length === count);
    }
    await writer.command('UID STORE 1,3,5 +FLAGS.SILENT (\\Deleted)');
    await writer.command('EXPUNGE');
    await follower.until(() => follower.messages.length === 3);
    await expectToKnowAll(follower, 'order');
  });

  test('a host that is cut off from the database says so, and tells everything once it is back', async () => {
    const { lmtp, address, follower, writer } = await arrive('cut');
    for (let i = 0; i < 4; i++) await lmtp.deliver(address, MESSAGE);
    await follower.until(() => follower.messages.length === 4);
    const other = await logIn('cut', cluster.two);
    await other.command('SELECT INBOX');

    cluster.two.host.cutOff('back');
    // Nobody told the host; the first who asks waits for an answer that does not come, 8 s, and the next only a moment.
    for (const command of ['STATUS INBOX (MESSAGES)', 'STORE 1 +FLAGS (\\Draft)', 'CREATE New']) {
      expect((await other.command(command)).tagged).toMatch(/^NO \[UNAVAILABLE\]/);
    }
    await writer.command('SELECT INBOX');
    await writer.command('STORE 2 +FLAGS (\\Flagged)');
    await writer.command('STORE 1,3 +FLAGS.SILENT (\\Deleted)');
    await writer.command('EXPUNGE');
    for (let i = 0; i < 3; i++) await lmtp.deliver(address, MESSAGE);
    cluster.two.host.heal('back');

    await follower.until(() => follower.messages.length === 5 && follower.messages[0]?.flags === '\\Flagged');
    await expectToKnowAll(follower, 'cut');
    expect(follower.uids).toEqual([2, 4, 5, 6, 7]);
    expect((await other.command('UID STORE 4 +FLAGS (\\Seen)')).tagged).toMatch(/^OK/);
    await follower.until(() => follower.messages[1]?.flags === '\\Seen');
  });

  test('a host that hears no NOTIFY tells what is new all the same', async () => {
    const { lmtp, address, follower } = await arrive('deaf');
    const hearAgain = await cluster.muffle(cluster.two);
    for (let count = 1; count <= 3; count++) {
      await lmtp.deliver(address, MESSAGE);
      await follower.until(() => follower.messages.length === count);
    }
    hearAgain();
    await expectToKnowAll(follower, 'deaf');
  });

  test('a host whose processes were all stopped for a while catches up', async () => {
    const { lmtp, address, follower, writer } = await arrive('paused');
    await lmtp.deliver(address, MESSAGE);
    await follower.until(() => follower.messages.length === 1);
    await writer.command('SELECT INBOX');
    cluster.two.pause(true);
    await writer.command('STORE 1 +FLAGS.SILENT (\\Deleted)');
    for (let i = 0; i < 10; i++) await lmtp.deliver(address, MESSAGE);
    await writer.command('EXPUNGE');
    cluster.two.pause(false);
    await follower.until(() => follower.messages.length === 10);
    await expectToKnowAll(follower, 'paused');
    expect(follower.uids).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });

  test('after writers on two hosts every view equals the database', async () => {
    await cluster.addAccount('busy');
    const hosts = [cluster.one, cluster.two];
    const followers = await Promise.all(
      hosts.map(async (host) => MailboxFollower.follow(await logIn('busy', host), 'INBOX')),
    );
    await Promise.all(hosts.flatMap((host) => [write(host, 1), write(host, 2)]));
    for (const follower of followers) await expectToKnowAll(follower, 'busy');
  });

  /** Changes INBOX of `busy` in many ways, without regard for what others do to it. */
  async function write(host: MailHost, seed: number): Promise<void> {
    const client = await logIn('busy', host);
    await client.command('SELECT INBOX');
    for (let step = 0; step < 40; step++) {
      await client.append('INBOX', MESSAGE);
      const uid = 1 + ((step * 7 + seed * 3) % (step + 1));
      await client.command(`UID STORE ${uid} +FLAGS.SILENT (\\Flagged \\Seen)`);
      await client.command(`UID STORE ${uid + 1} -FLAGS (\\Seen)`);
      if (step % 5 === seed) await client.command(`UID STORE ${uid} +FLAGS (\\Deleted)`);
      if (step % 8 === seed) await client.command('EXPUNGE');
      if (step % 9 === seed) await client.command(`UID MOVE ${uid + 2} Archive`);
    }
  }

  /** Somebody with an account, who follows INBOX at one host while mail and changes come by the other. */
  async function arrive(name: string) {
    await cluster.addAccount(name);
    return {
      address: `${name}@example.com`,
      lmtp: open.use(await cluster.one.lmtp(cluster.client)),
      writer: await logIn(name, cluster.one),
      follower: await MailboxFollower.follow(await logIn(name, cluster.two), 'INBOX'),
    };
  }

  async function logIn(name: string, host: MailHost): Promise<ImapClient> {
    return open.use(await cluster.logIn(name, host));
  }

  /** Asks nobody but the database, and the follower's own host. */
  async function expectToKnowAll(follower: MailboxFollower, name: string): Promise<void> {
    await follower.complete();
    expect(follower.messages).toEqual(await cluster.inboxOf(name));
  }
});

const MESSAGE = 'Subject: one\r\n\r\ntext\r\n';

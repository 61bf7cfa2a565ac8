/** The database's host is lost, and its standby takes its place: with several hosts in `database.url`. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatabaseHost } from './testing/hosts/database-host.ts';
import { MailCluster } from './testing/hosts/mail-cluster.ts';
import { MailboxFollower } from './testing/hosts/mailbox-follower.ts';
import { noNetworkNote } from './testing/hosts/test-network.ts';

const note = noNetworkNote();
const MESSAGE = 'Subject: one\r\n\r\ntext\r\n';

describe.skipIf(note !== '')(`a standby${note && ` (SKIP: ${note})`}`, () => {
  let cluster: MailCluster;
  let standby: DatabaseHost;
  beforeAll(async () => {
    cluster = await MailCluster.start({ hasStandby: true });
    if (cluster.standby === null) throw new Error('there is no standby');
    standby = cluster.standby;
  });
  afterAll(() => cluster?.[Symbol.asyncDispose]());

  test('is not used while it is one, and has all that was acknowledged when it is promoted', async () => {
    await cluster.addAccount('mary');
    await using lmtp = await cluster.one.lmtp(cluster.client);
    await using watching = await cluster.logIn('mary', cluster.two);
    const follower = await MailboxFollower.follow(watching, 'INBOX');
    const accepted: number[] = [];
    for (let i = 0; i < 20; i++) {
      if ((await lmtp.deliver('mary@example.com', MESSAGE)).startsWith('250')) accepted.push(i);
    }
    expect(accepted).toHaveLength(20);
    await expect(standby.database.sql`select 1`).rejects.toMatchObject({ cause: { code: 'STANDBY' } });

    await cluster.database.kill();
    expect(await lmtp.deliver('mary@example.com', MESSAGE)).toMatch(/^4/);
    standby.promote();
    let reply = '';
    while (!reply.startsWith('250')) {
      await using again = await cluster.one.lmtp(cluster.client);
      reply = await again.deliver('mary@example.com', MESSAGE);
    }
    await follower.until(() => follower.messages.length >= 21);
    await follower.complete();
    const truth = await cluster.inboxOf('mary', standby);
    expect(follower.messages).toEqual(truth);
    // A message whose delivery was refused for now while the database was lost may be there or not; those accepted are.
    expect(truth.length).toBeGreaterThanOrEqual(21);
  });
});

import { startPostel } from '@postel/testkit';
import { expect, test } from 'vitest';
import { homeOf, inbox, SETTINGS, sendmail } from './sendmail-for-tests.ts';

/** Waits until the message is there. */
async function arrived(...of: Parameters<typeof inbox>): Promise<string> {
  for (;;) {
    const received = await inbox(...of);
    if (received.includes('Subject: ')) return received;
  }
}

test('a message that is held outlives kill -9 of everything, and comes in its time, once', async () => {
  await using before = await startPostel();
  const mary = await before.addAccount('mary');
  using home = homeOf(before, mary, { caFile: `${before.dataDirectory}/ca.pem` });
  const releaseAt = Date.now() + 5_000;
  const until = new Date(Math.ceil(releaseAt / 1_000) * 1_000).toISOString().replace('.000', '');
  const sent = await sendmail(home, [...SETTINGS, '-v', '--hold-until', until, mary.address]);
  expect(sent).toMatchObject({ code: 0 });
  expect(sent.stderr).toContain(`, held until ${until.replace('Z', '.000Z')}`);
  await before.kill9();
  await using after = await startPostel({ dataDirectory: before.dataDirectory, portOffset: before.portOffset });
  const received = await arrived(after, mary);
  expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(until));
  expect(received.match(/Subject: from a script/g)).toHaveLength(1);
});

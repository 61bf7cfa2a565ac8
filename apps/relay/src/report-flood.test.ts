import { addSuppression } from '@postel/queue';
import { expect, test } from 'vitest';
import { ENVELOPE, type Row, startQueue } from './testing/start-relay.ts';

/** As docs/sending.md says. */
const REPORTS_AN_ADDRESS = 50;

test('hardening 59: a flood of messages that fail does not become a flood of reports', async () => {
  await using queue = await startQueue();
  await addSuppression(queue.sql, 'nobody@example.org', 'Nobody is there');
  const envelope = { ...ENVELOPE, reversePath: 'bob@vouched.example' };
  const messages = REPORTS_AN_ADDRESS + 10;
  for (let i = 0; i < messages; i++) {
    await queue.put('Subject: x\r\n\r\n', { envelope }, [{ forwardPath: 'nobody@example.org' }]);
  }
  await using _ = await queue.startRelay();
  const hasFailed = ({ forwardPath, state }: Row) => forwardPath === 'nobody@example.org' && state === 'failed';
  const rows = await queue.recipients((all) => all.filter(hasFailed).length === messages);
  const reports = rows.filter(({ forwardPath }) => forwardPath === 'bob@vouched.example');
  expect(reports).toHaveLength(REPORTS_AN_ADDRESS);
});

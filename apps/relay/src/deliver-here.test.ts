import { StorageError, type StorageErrorKind } from '@postel/storage';
import { expect, test } from 'vitest';
import { findHere, type LocalMail } from './deliver-here.ts';

const FORWARD_PATH = 'team@example.com';
const MESSAGE = { name: 'x-1', envelope: { reversePath: '' } };

/** Delivers to an alias of accounts that each fail so, or do not. */
async function deliver(failures: readonly (StorageErrorKind | null)[]) {
  const waiting: unknown[] = [];
  const content = { async [Symbol.asyncDispose]() {} };
  const local = {
    directory: {
      resolveRecipient: async () => ({ type: 'alias' }),
      expandAlias: async () => ({
        mayPost: true,
        elsewhere: [],
        accounts: failures.map((_, accountId) => ({ accountId, mailbox: null })),
      }),
    },
    store: {
      receive: () => ({ async write() {}, finish: async () => content }),
      async deliverTaking(_: unknown, { account }: { account: number }) {
        const kind = failures[account];
        if (kind) throw new StorageError(kind, 'so it is in this test');
        return true;
      },
      async keepWaiting(_: unknown, kept: readonly { delivery: { account: number }; failure: string }[]) {
        waiting.push(...kept.map(({ delivery, failure }) => [delivery.account, failure]));
      },
    },
  } as unknown as LocalMail;
  const target = await findHere(local, MESSAGE as never, { forwardPath: FORWARD_PATH } as never);
  if (target.type !== 'here') throw new Error('it is elsewhere');
  async function* octets() {
    yield Buffer.from('Subject: x\r\n\r\n');
  }
  const { type } = await target.deliver(octets(), async () => true);
  return { type, waiting };
}

test('what one member of an alias has is kept for those who cannot take it now', async () => {
  expect(await deliver([null, 'over-quota', 'unavailable'])).toEqual({
    type: 'delivered',
    waiting: [
      [1, 'over-quota'],
      [2, 'unavailable'],
    ],
  });
});

test('nothing is kept for who may have it already, or never will, nor where nobody has it', async () => {
  expect(await deliver([null, 'outcome-unknown', 'nonexistent'])).toEqual({ type: 'delivered', waiting: [] });
  expect(await deliver(['over-quota', 'over-quota'])).toEqual({ type: 'deferred', waiting: [] });
});

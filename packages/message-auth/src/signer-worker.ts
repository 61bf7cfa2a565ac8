import { parentPort } from 'node:worker_threads';
import { DkimSigning } from './dkim-signing.ts';
import type { FromSigner, ToSigner } from './signer-messages.ts';

/** A thread in which messages are signed. */

const signings = new Map<number, DkimSigning>();

function tell(message: FromSigner): void {
  parentPort?.postMessage(message);
}

function signingOf(message: number): DkimSigning {
  const known = signings.get(message);
  if (known !== undefined) return known;
  const signing = new DkimSigning();
  signings.set(message, signing);
  return signing;
}

/** What was taken in is kept nowhere, so that its memory can go back. */
function takeIn({ message, octets, isBlock }: Extract<ToSigner, { type: 'octets' }>): void {
  const { buffer, byteOffset, length } = octets;
  signingOf(message).push(Buffer.from(buffer, byteOffset, length));
  const taken = { type: 'taken', message, octets: length } as const;
  if (isBlock) parentPort?.postMessage({ ...taken, block: buffer } satisfies FromSigner, [buffer]);
  else tell({ ...taken, block: null });
}

function finish({ message, keys, at }: Extract<ToSigner, { type: 'end' }>): void {
  const signing = signingOf(message);
  signings.delete(message);
  try {
    tell({ type: 'signed', message, fields: signing.isHeaderTooLong ? null : signing.finish(keys, at) });
  } catch (error) {
    tell({ type: 'failed', message, error });
  }
}

parentPort?.on('message', (told: ToSigner) => {
  switch (told.type) {
    case 'octets':
      takeIn(told);
      return;
    case 'end':
      finish(told);
      return;
    case 'abort':
      signings.delete(told.message);
      return;
    default:
      told satisfies never;
  }
});

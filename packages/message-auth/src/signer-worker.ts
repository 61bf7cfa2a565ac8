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
      signingOf(told.message).push(Buffer.from(told.octets.buffer));
      tell({ type: 'taken', message: told.message, octets: told.octets.length });
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

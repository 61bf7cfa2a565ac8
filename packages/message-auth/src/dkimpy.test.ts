/** What dkimpy says of our signatures: it shares no code with us, nor with mailauth. */
import { generateKeyPairSync } from 'node:crypto';
import { requirePrograms, verifyByDkimpy } from '@postel/testkit';
import { expect, test } from 'vitest';
import { formatDkimRecord } from './dkim-record.ts';
import { type DkimKey, DkimSigning } from './dkim-signing.ts';

const ed25519 = generateKeyPairSync('ed25519');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const record = (key: typeof rsa.publicKey) => formatDkimRecord(key.export({ type: 'spki', format: 'der' }));
const RECORDS = {
  'ed._domainkey.example.com': record(ed25519.publicKey),
  'rsa._domainkey.example.com': record(rsa.publicKey),
};
const KEYS: readonly DkimKey[] = [
  { domain: 'example.com', selector: 'ed', privateKey: ed25519.privateKey },
  { domain: 'example.com', selector: 'rsa', privateKey: rsa.privateKey },
];

function sign(message: string): Buffer {
  const octets = Buffer.from(message, 'latin1');
  const signing = new DkimSigning();
  signing.push(octets);
  return Buffer.concat([Buffer.from(signing.finish(KEYS, new Date())), octets]);
}

const FIELDS = 'From: Mary <mary@example.com>\r\nTo: jon@example.org\r\nSubject: A  folded\t\r\n subject \r\n';

test.for([
  ['text', `${FIELDS}\r\nDear  Jon,\t \r\n\r\n.. two dots\t.\r\n\r\n\r\n`],
  ['an empty body', `${FIELDS}\r\n`],
  ['8-bit text', `${FIELDS}Comments: \xc3\xa9\r\n\r\n\xc3\xa9 \xa0\r\n`],
  ['fields of a list', `List-Unsubscribe: <https://example.com/u>\r\nSender: a@example.com\r\n${FIELDS}\r\nhello\r\n`],
  ['fields that are there twice', `Resent-From: a@example.com\r\nResent-From: b@example.com\r\n${FIELDS}\r\nhello\r\n`],
] as const)('a message with %s verifies', async ([, message], { skip }) => {
  requirePrograms(skip, 'dkimverify');
  expect(await verifyByDkimpy(sign(message), RECORDS)).toEqual([true, true]);
});

test('and one that was changed does not', async ({ skip }) => {
  requirePrograms(skip, 'dkimverify');
  const signed = sign(`${FIELDS}\r\nhello\r\n`).toString('latin1');
  for (const changed of [`Cc: all@example.com\r\n${signed}`, signed.replace('hello', 'Hello')]) {
    const verdicts = await verifyByDkimpy(Buffer.from(changed, 'latin1'), RECORDS);
    expect(verdicts).toHaveLength(2);
    expect(verdicts).not.toContain(true);
  }
});

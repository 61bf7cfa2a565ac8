import type { Resolver } from '@postel/dns';
import { MessageAuthentication } from '../authenticate-message.ts';
import { KnownKeys } from '../known-keys.ts';
import { askForLibrary, recordsOf } from '../library-resolver.ts';
import type { Envelope, MessageResults } from '../results.ts';

export const ENVELOPE: Envelope = { clientAddress: '192.0.2.1', clientName: 'mx.example', reversePath: '' };

export const ask = (resolver: Resolver) => async (name: string, type: string) =>
  recordsOf(await askForLibrary(resolver, name, type));

/** What is found out about a message, in this thread. */
export async function authenticate(
  resolver: Resolver,
  message: string | Buffer,
  {
    at,
    pieceOctets = message.length,
    ...envelope
  }: Partial<Envelope> & { readonly at?: Date; readonly pieceOctets?: number } = {},
): Promise<MessageResults> {
  const octets = Buffer.from(message);
  const end = octets.indexOf('\r\n\r\n') + 4;
  const options = {
    resolver: ask(resolver),
    envelope: { ...ENVELOPE, ...envelope },
    hostname: 'mx.here.example',
    keys: new KnownKeys(),
    ...(at !== undefined && { at }),
  };
  const authentication = new MessageAuthentication(options, octets.subarray(0, end < 4 ? octets.length : end));
  for (let from = end; end >= 4 && from < octets.length; from += pieceOctets) {
    await authentication.write(octets.subarray(from, from + pieceOctets));
  }
  return await authentication.finish();
}

import { createHash } from 'node:crypto';
import type { Tlsa } from '@postel/dns';
import type { MadeCertificate } from '@postel/testkit';

/** The record of a certificate. @param parameters usage, selector and matching type, as `3 1 1` */
export function tlsaOf(parameters: string, { certificate }: MadeCertificate): Tlsa {
  const [usage = 0, selector = 0, matchingType = 0] = parameters.split(' ').map(Number);
  const key = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const octets = selector === 1 ? key : certificate.raw;
  const digest = (name: string) => createHash(name).update(octets).digest();
  const data = matchingType === 0 ? octets : digest(matchingType === 1 ? 'sha256' : 'sha512');
  return { usage, selector, matchingType, data };
}

import type { Resolver } from '@postel/dns';
import { checkSpf } from './check-spf.ts';
import { askForLibrary, recordsOf } from './library-resolver.ts';
import type { Envelope, SpfResult } from './results.ts';

/** What SPF would say of a message, in this thread: for whoever asks about a policy and has no message. */
export async function evaluateSpf(resolver: Resolver, envelope: Envelope, hostname: string): Promise<SpfResult> {
  const ask = async (name: string, type: string) => recordsOf(await askForLibrary(resolver, name, type));
  return await checkSpf(ask, envelope, hostname);
}

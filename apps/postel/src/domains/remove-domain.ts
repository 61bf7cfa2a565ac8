import type { DomainSummary } from '@postel/directory';
import type { Invocation } from '../command.ts';
import { confirmRemoval } from '../confirm-removal.ts';
import { printableCount } from '../printable.ts';
import { StopSignal } from '../stop-signal.ts';
import { useDirectory } from '../use-directory.ts';
import type { NamedServer } from '../which-server.ts';

interface RemoveArgs {
  readonly domain: string;
  readonly isAgreed: boolean;
  readonly server: NamedServer;
}

/** Removes a domain; if keys go with it that cannot be made again, once somebody agrees. */
export async function removeDomain(
  { domain: given, isAgreed, server }: RemoveArgs,
  invocation: Invocation,
): Promise<void> {
  const { terminal } = invocation;
  using stop = new StopSignal();
  await useDirectory(invocation, server, async (directory) => {
    const domain = await directory.domainName(given);
    const summary = (await directory.listDomains()).find(({ name }) => name === domain);
    // What cannot go is refused, not asked for.
    const keys = summary === undefined || isInUse(summary) ? [] : await directory.dkimKeys.list(domain);
    if (keys.length > 0) {
      terminal.note(
        `With ${domain} go its ${printableCount(keys.length, 'key')} that mail is signed by (DKIM), for good: one that is added anew needs other records in the DNS.`,
      );
      const asking = { isAgreed, terminal, signal: stop.signal };
      if (!(await confirmRemoval(`Remove the domain ${domain}?`, asking))) return;
    }
    await directory.removeDomain(domain);
    terminal.say(`Removed domain ${domain}.`);
  });
}

const isInUse = ({ addresses, aliases, catchall }: DomainSummary): boolean =>
  addresses > 0 || aliases > 0 || catchall !== null;
